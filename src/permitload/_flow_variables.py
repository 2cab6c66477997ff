"""Variables of computed flow: structures, storage, rules and what a run records."""

from math import inf

__all__ = ["FLOW"]

Row = tuple[str, str, str, str] | tuple[str, str, str, str, float, float]

FLOW: tuple[Row, ...] = (
    ("cell", "", "a node with the half cells around it, or a piece of a reach", "单元"),
    ("face", "", "border of two cells, or a structure", "界面"),
    ("interval", "", "number of an output interval", "输出时段"),
    ("priority", "1", "order of a gate's rules: the least that holds counts", "优先级", 0.0, 1e6),
    ("crest", "m", "sill of a weir, gate or culvert", "堰顶高程", -1e4, 1e4),
    ("opening", "m", "height of a gate's opening or a culvert's barrel", "开启高度", 0.0, 1e3),
    ("discharge_coefficient", "1", "of a gate or weir; losses of a culvert", "流量系数", 0.0, 1e3),
    ("start_stage", "m", "inner level at which a pump starts", "启泵水位", -1e4, 1e4),
    ("stop_stage", "m", "inner level at which a pump stops", "停泵水位", -1e4, 1e4),
    ("one_way", "1", "1 where a flap lets no water back", "单向", 0.0, 1.0),
    ("height", "m", "height above the bed", "距底高度", 0.0, 1e4),
    ("above", "m", "rule holds at this stage and above", "下限水位", -1e4, 1e4),
    ("below", "m", "rule holds below this stage", "上限水位", -1e4, 1e4),
    ("after", "time", "rule holds from this time", "起始时间"),
    ("before", "time", "rule holds until this time", "终止时间"),
    ("rating_stage", "m", "stage of one point of a rating curve", "水位流量关系水位"),
    ("rating_flow", "m3/s", "outflow at the rating_stage", "水位流量关系流量", 0.0, 1e6),
    ("rain", "mm/d", "rain on the water surface of a storage node", "降雨", 0.0, 1e4),
    ("evaporation", "mm/d", "evaporation from a storage node", "蒸发", 0.0, 1e3),
    ("structure_flow", "m3/s", "flow through a structure", "建筑物流量"),
    ("forward_flow", "m3/s", "interval mean of the flow along the drawing", "正向平均流量", 0.0, inf),
    ("backward_flow", "m3/s", "interval mean of the flow against it", "反向平均流量", 0.0, inf),
    ("forward_share", "1", "share of the time with flow along the drawing", "正向时间占比", 0.0, 1.0),
    ("cell_volume", "m3", "water in a cell", "单元体积"),
    ("cell_stage", "m", "water level of a cell", "单元水位"),
    ("face_flow", "m3/s", "flow through a face at an instant", "界面流量"),
    ("cell_flow", "m3/s", "interval mean of what enters a cell from outside", "单元外部流量"),
    ("water_in", "m3/s", "interval mean of water entering at a node", "节点流入"),
    ("water_out", "m3/s", "interval mean of water leaving at a node", "节点流出"),
    ("imbalance", "1", "volume change less flows, over all that passed or stood", "水量平衡误差"),
    ("bottleneck", "1", "times that a reach limited the time step", "步长限制次数", 0.0, inf),
    ("steps", "1", "time steps of an interval", "时间步数", 0.0, inf),
    ("exchange", "m3/s", "flow that goes back and forth within a period", "往复交换流量", 0.0, inf),
    ("storage_change", "m3/s", "mean rate at which a node's water grows", "蓄变量"),
    ("cell_length", "m", "greatest length of a cell", "单元长度", 0.0, 1e6),
    ("time_step", "s", "greatest time step", "时间步长", 0.0, 1e6),
    ("implicitness", "1", "weight of the new time level", "隐式系数", 0.5, 1.0),
    ("amplitude", "m", "amplitude of a tidal constituent", "振幅", 0.0, 100.0),
    ("cycle", "s", "period of a tidal constituent", "分潮周期", 0.0, inf),
    ("phase", "s", "time of its high water after the start", "相位"),
)
