"""Polders in computed flow: their rows are their pumps, and nothing else takes their water out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from permitload import RiverNetwork, hydraulics, quality, study
from permitload.errors import DataError, NetworkError
from tests.test_bad_input import DAYS, MONTHS, STUDY, faults, write
from tests.test_study_flow import COMPUTED, folder

AREA = 20000.0
REACHES = pd.DataFrame(
    {
        "reach": ["R1", "R2", "D1"], "from_node": ["a", "b", "p"], "to_node": ["b", "c", "q"],
        "length": [2000.0, 2000.0, 800.0], "width": [20.0, 20.0, 4.0], "roughness": 0.025,
        "bed_from": [0.0, 0.0, -1.0], "bed_to": [0.0, 0.0, -1.0], "polder": ["", "", "P"],
    }
)  # fmt: skip
NODES = pd.DataFrame({"node": ["q"], "storage_area": [AREA]})
POLDER = pd.DataFrame(
    {
        "polder": ["P"], "outlet_reach": ["R2"], "pump_capacity": [1.5], "from_node": ["q"],
        "start_stage": [0.6], "stop_stage": [0.2],
    }
)  # fmt: skip
PUMP = pd.DataFrame(
    {
        "structure": ["P-R2"], "structure_type": ["pump"], "from_node": ["q"], "to_node": ["b"],
        "pump_capacity": [1.5], "start_stage": [0.6], "stop_stage": [0.2],
    }
)  # fmt: skip


def boundaries(inner: float, **weather: float) -> xr.Dataset:
    """A river of 5 m3/s to a level of 2 m; the polder takes in what is stated."""
    given = xr.Dataset(
        {"stage": ("node", [np.nan, 2.0, np.nan]), "flow": ("node", [5.0, np.nan, inner])},
        {"node": ["a", "c", "p"]},
    )
    drops = xr.Dataset(
        {name: ("node", [value]) for name, value in weather.items()}, {"node": ["q"]}
    )
    return xr.merge([given, drops], join="outer")


def test_the_row_of_a_polder_is_its_pump() -> None:
    """The same network as with the pump among the structures, in every number."""
    mine = RiverNetwork(REACHES, NODES, polders=POLDER)
    theirs = RiverNetwork(REACHES, NODES, PUMP, POLDER[["polder", "outlet_reach", "pump_capacity"]])
    pd.testing.assert_frame_equal(mine.structures, theirs.structures)
    given = boundaries(0.3, rain=43.2)
    xr.testing.assert_identical(hydraulics.steady(mine, given), hydraulics.steady(theirs, given))


def test_a_steady_polder_pumps_what_enters() -> None:
    """0.3 m3/s, 43.2 mm/d of rain less 17.28 mm/d on 2 ha: 0.3 + 0.01 - 0.004 m3/s, by hand."""
    network = RiverNetwork(REACHES, NODES, polders=POLDER)
    found = hydraulics.steady(network, boundaries(0.3, rain=43.2, evaporation=17.28))
    assert found["structure_flow"].item() == pytest.approx(0.306, rel=1e-9)
    # of 1.5 m3/s at 0.6 m and none at 0.2 m: 0.2 + 0.4 × 0.306 / 1.5
    assert found["stage"].sel(node="q").item() == pytest.approx(0.2816, rel=1e-9)
    assert found["flow"].sel(reach="R2").item() == pytest.approx(5.306, rel=1e-9)


@pytest.mark.parametrize("datum", [-20.0, 0.0, 20.0])
def test_evaporation_does_not_depend_on_the_datum(datum: float) -> None:
    """Levels count from anywhere; it dried no pond that lies above 0 m before."""
    lifted = REACHES.assign(bed_from=REACHES["bed_from"] + datum, bed_to=REACHES["bed_to"] + datum)
    pumps = POLDER.assign(start_stage=0.6 + datum, stop_stage=0.2 + datum)
    given = boundaries(0.2, evaporation=432.0)
    given["stage"] = given["stage"] + datum
    found = hydraulics.steady(RiverNetwork(lifted, NODES, polders=pumps), given)
    assert found["structure_flow"].item() == pytest.approx(0.1, rel=1e-9)


def test_a_polder_that_nothing_enters_stands_where_its_pump_stops() -> None:
    """Above or below the river, after a wet period or before it: pumps draw down, never up."""
    low = REACHES.assign(bed_from=[0.0, 0.0, -8.0], bed_to=[0.0, 0.0, -8.0])
    for stop in (-3.0, 0.2, 1.5, 4.5):
        pumps = POLDER.assign(start_stage=stop + 0.5, stop_stage=stop)
        polder = RiverNetwork(low, NODES, polders=pumps)
        dry, wet = (boundaries(q).expand_dims(period=[str(q)]) for q in (0.0, 0.5))
        for order in ((dry,), (dry, wet), (wet, dry)):
            stages = hydraulics.steady(polder, xr.concat(order, "period"))["stage"]
            found = stages.sel(node=["p", "q"], period="0.0").values
            np.testing.assert_allclose(found, stop, atol=1e-6)


def test_a_polder_overtaxed_at_the_begin_of_a_run_names_its_period() -> None:
    polder = RiverNetwork(REACHES, NODES, polders=POLDER)
    ends = boundaries(0.0, rain=9000.0).expand_dims(period=["wet"])
    ends = ends.assign_coords(
        days=("period", [1.0]), start=("period", pd.DatetimeIndex(["2025-06-01"]))
    )
    with pytest.raises(DataError, match="row part with node q, period wet, flow: 2"):
        hydraulics.period_flow(polder, ends)


def test_rain_is_weighed_on_the_surface_of_the_curve() -> None:
    """100 mm/d on 20 ha by the curve are less than the pump lifts; on 2 km2 they are more."""
    polder = RiverNetwork(REACHES, NODES.assign(storage_area=2e6), polders=POLDER)
    curve = pd.DataFrame({"node": "q", "stage": [-1.0, 3.0], "storage_area": 2e5})
    details = hydraulics.Details(storage_curves=curve)
    found = hydraulics.steady(polder, boundaries(0.0, rain=100.0), details)
    assert found["structure_flow"].item() == pytest.approx(0.1 * 2e5 / 86400.0, rel=1e-9)
    with pytest.raises(DataError, match="more than its pumps lift"):
        hydraulics.steady(polder, boundaries(0.0, rain=100.0))


def test_negative_weather_names_its_node() -> None:
    polder = RiverNetwork(REACHES, NODES, polders=POLDER)
    sentence = "boundaries, row node q, period design, rain: -1.0 is negative"
    with pytest.raises(DataError, match=sentence):
        hydraulics.steady(polder, boundaries(0.0, rain=-1.0))


def test_a_pump_of_no_capacity_holds_no_level() -> None:
    polder = RiverNetwork(REACHES, NODES, polders=POLDER.assign(pump_capacity=0.0))
    with pytest.raises(DataError, match="no stage or rating holds the level"):
        hydraulics.steady(polder, boundaries(0.0))


def test_rain_falls_on_the_surface_of_the_level_reached() -> None:
    """A triangular pond: 2 ha for each metre above -1 m; 86.4 mm/d are 1e-6 m/s."""
    curve = pd.DataFrame({"node": "q", "stage": [-1.0, 1.0], "storage_area": [0.0, 40000.0]})
    network = RiverNetwork(REACHES, NODES, polders=POLDER)
    found = hydraulics.steady(
        network, boundaries(0.2, rain=86.4), hydraulics.Details(storage_curves=curve)
    )
    # q = 0.2 + 0.02 (z + 1) and z = 0.2 + 0.4 q / 1.5
    flow = (0.2 + 0.02 * 1.2) / (1.0 - 0.02 * 0.4 / 1.5)
    assert found["structure_flow"].item() == pytest.approx(flow, rel=1e-9)
    assert found["stage"].sel(node="q").item() == pytest.approx(0.2 + 0.4 * flow / 1.5, rel=1e-9)


def test_a_polder_in_time_fills_and_is_pumped_dry_again() -> None:
    """A pond without canals: 86.4 mm/d on 2 ha, 0.02 m3/s in; the pump lifts 0.1 m3/s.

    By hand: from 0.2 m to 0.6 m it fills 8,000 m3 in 400,000 s, then it falls at 0.08 m3/s,
    100,000 s long: five turns of 500,000 s in 2,500,000 s.
    """
    pumps = POLDER.assign(pump_capacity=0.1)
    network = RiverNetwork(REACHES.iloc[:2], NODES, polders=pumps)
    times = pd.date_range("2025-01-01", periods=251, freq="10000s")
    given = boundaries(0.0, rain=86.4).drop_sel(node="p")
    first = xr.Dataset({"stage": ("node", [0.2, 2.0, 2.0, 2.0])}, {"node": ["q", "a", "b", "c"]})
    run = hydraulics.Run(time_step=500.0)
    found = hydraulics.unsteady(network, given, times, initial=first, run=run)
    pumped = found["structure_forward"].sel(structure="P-R2") * found["seconds"]
    level = found["stage"].sel(node="q").values
    rain = 86.4e-3 / 86400.0 * AREA * 2_500_000.0
    volume = found["cell_volume"].values[network.nodes.index.get_loc("q")]
    # what fell is stored or pumped, to rounding, and the level says so
    assert float(pumped.sum()) + volume[-1] - volume[0] == pytest.approx(rain, rel=1e-12)
    np.testing.assert_allclose(volume - volume[0], AREA * (level - level[0]), atol=1e-3)
    # five times 100,000 s of pumping, each to a step
    assert float(pumped.sum()) == pytest.approx(5 * 1e5 * 0.1, rel=0.03)
    assert level.max() == pytest.approx(0.6, abs=0.005)
    assert level.min() == pytest.approx(0.2, abs=0.005)
    wave = (found["structure_flow"].sel(structure="P-R2") > 0.0).values
    assert int((np.diff(wave.astype(int)) == 1).sum()) == 5


def test_farm_load_leaves_through_the_pump_alone() -> None:
    """Load at the head of a ditch: all of it is in the river below, none of it above."""
    network, water = hydraulics.structures_as_reaches(
        RiverNetwork(REACHES, NODES, polders=POLDER),
        hydraulics.steady(RiverNetwork(REACHES, NODES, polders=POLDER), boundaries(0.3)),
    )
    outlets = pd.DataFrame({"outlet": ["F"], "reach": ["D1"], "position": [0.0]})
    load = xr.DataArray(
        [[[50.0]]], {"outlet": ["F"], "pollutant": ["TN"], "period": water["period"]},
        ["outlet", "pollutant", "period"],
    )  # fmt: skip
    inflow = xr.DataArray(
        np.zeros((2, 1, 1)), {"node": ["a", "p"], "pollutant": ["TN"], "period": water["period"]},
        ["node", "pollutant", "period"],
    )  # fmt: skip
    still = {"TN": {"decay": 0.0, "temperature_factor": 1.0, "settling": 0.0}}
    found = quality.steady(network, water, outlets, load, inflow, still)
    sections = pd.DataFrame(
        {"section": ["above", "pump", "below"], "reach": ["R1", "P-R2", "R2"],
         "position": [1000.0, 0.5, 1000.0]}
    )  # fmt: skip
    there = quality.at(sections, found).values.ravel()
    np.testing.assert_allclose(there, [0.0, 50.0 / 86.4 / 0.3, 50.0 / 86.4 / 5.3], rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"from_node": "b"}, "polders, row P, from_node: b touches reach R1, which is not of the "
         "polder; right would be a node inside"),
        ({"from_node": "z"}, "polders, row P, from_node: z is unknown; right would be a node "
         "inside"),
        ({"from_node": ""}, "polders, row P, from_node: is empty; right would be a node inside, or "
         "no levels: flow is computed from all three"),
        ({"start_stage": 0.1}, "polders, row P, start_stage: 0.1 never lets them stop; right would "
         "be a stage above stop_stage, 0.2 m"),
        ({"stop_stage": np.nan}, "polders, row P, stop_stage: is empty; right would be a level: "
         "the pumps have a from_node"),
        ({"outlet_reach": "D1"}, "polders, row P, outlet_reach: D1 is inside; right would be a "
         "reach outside the polder"),
    ],
)  # fmt: skip
def test_pumps_that_cannot_be(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(NetworkError) as caught:
        RiverNetwork(REACHES, NODES, polders=POLDER.assign(**change))
    assert [str(fault) for fault in caught.value.faults] == [sentence]


def test_a_pump_given_twice_and_a_canal_that_leads_out() -> None:
    same = PUMP.assign(structure="X")
    with pytest.raises(NetworkError, match="structures, row X, from_node: q is given twice: P has"):
        RiverNetwork(REACHES, NODES, same, POLDER)
    weir = PUMP.assign(structure_type="weir", crest=1.0, width=2.0)
    with pytest.raises(NetworkError, match="structure: P-R2 is repeated"):
        RiverNetwork(REACHES, NODES, weir, POLDER)
    open_end = pd.concat([REACHES, REACHES.iloc[[2]].assign(reach="D2", to_node="a")])
    with pytest.raises(NetworkError, match="node: a joins polder P to what is outside, beside its"):
        RiverNetwork(open_end, NODES, polders=POLDER)


def test_two_rows_are_two_pumps() -> None:
    """Towards both rivers; each takes its part of what enters, by the level they share."""
    both = pd.concat([POLDER, POLDER.assign(outlet_reach="R1", pump_capacity=0.5)])
    network = RiverNetwork(REACHES, NODES, polders=both)
    assert network.structures["to_node"].to_dict() == {"P-R2": "b", "P-R1": "a"}
    found = hydraulics.steady(network, boundaries(0.4))["structure_flow"].values.ravel()
    np.testing.assert_allclose(found, [0.3, 0.1], rtol=1e-9)


@pytest.mark.parametrize(
    ("inner", "words"), [(1.6, "1.6 enters, more than its pumps lift"), (-0.1, "leaves by itself")]
)
def test_a_polder_without_a_steady_state_is_named(inner: float, words: str) -> None:
    network = RiverNetwork(REACHES, NODES, polders=POLDER)
    with pytest.raises(DataError, match=f"node q, period design, flow: .*{words}") as caught:
        hydraulics.steady(network, boundaries(inner))
    assert len(caught.value.faults) == 1
    # a gate beside the pump may take the rest
    gate = pd.DataFrame({"structure": ["G"], "structure_type": ["gate"], "from_node": ["q"],
                         "to_node": ["b"], "width": [4.0], "opening": [1.0]})  # fmt: skip
    hydraulics.steady(RiverNetwork(REACHES, NODES, gate, POLDER), boundaries(inner))


RAIN = [2.0, 2.0, 3.0, 3.0, 4.0, 7.0, 6.0, 5.0, 3.0, 2.0, 2.0, 1.0]
EVAPORATION = [1.0, 1.0, 2.0, 3.0, 4.0, 4.0, 5.0, 5.0, 3.0, 2.0, 1.0, 1.0]
FARM = {
    **COMPUTED,
    "reaches": COMPUTED["reaches"].replace("(1/3)]\n", "(1/3)],polder\n")
    + "D1,p,q,800,4,0,-0.5,-0.5,0.025,PD\n",
    "nodes": f"node,storage_area [m2]\nq,{AREA}\n",
    "polders": "polder,outlet_reach,pump_capacity [m3/s],from_node,start_stage [m],stop_stage [m]\n"
    "PD,R4,1,q,1.0,0.5\n",
    "periods": "period,days [d],start,rain [mm/d],evaporation [mm/d]\n"
    + "".join(f"{m},{d},{m}-01,{r},{e}\n"
              for m, d, r, e in zip(MONTHS, DAYS, RAIN, EVAPORATION, strict=True)),
    "boundaries": COMPUTED["boundaries"] + "".join(f"p,{m},0.05\n" for m in MONTHS),
    "inflow": COMPUTED["inflow"] + "".join(f"{n},{p},,0\n" for n in "pq" for p in ("COD", "NH3-N")),
    "outlets": COMPUTED["outlets"].replace("O3,R3,,0,4000,", "O3,D1,,0,800,"),
}  # fmt: skip
"""The study of computed flow with a polder below the gate, whose field F1 drains into D1."""


def test_a_study_reads_its_polders(tmp_path: Path) -> None:
    """Month by month what enters, rain less evaporation on 2 ha; the load is in no other water."""
    done = study.solve(folder(tmp_path, FARM))
    water = done.datasets["hydraulics"]
    net = (np.array(RAIN) - EVAPORATION) * 1e-3 * AREA / 86400.0
    np.testing.assert_allclose(water["flow"].sel(reach="PD-R4").values, 0.05 + net, rtol=1e-9)
    # what the pump lifts is what the river below has more of than the gate lets through
    more = water["flow"].sel(reach="R4") - water["flow"].sel(reach="G")
    np.testing.assert_allclose(more.values, 0.05 + net, rtol=1e-6)
    stage = water["stage"].sel(node="q").values
    np.testing.assert_allclose(stage, 0.5 + 0.5 * (0.05 + net), rtol=1e-9)
    # until June the gate runs forward: what passes it and the pump is what R4 begins with
    places = {"D": ("D1", 800.0), "P": ("PD-R4", 0.5), "G": ("G", 1.0), "S": ("R4", 0.0)}
    rows = [(name, *place) for name, place in places.items()]
    at = pd.DataFrame(rows, columns=["section", "reach", "position"])
    found = quality.at(at, done.datasets["present"]).isel(period=slice(6)).reset_coords(drop=True)
    flow = water["flow"].isel(period=slice(6)).reset_coords(drop=True)
    assert (found.sel(section="D", pollutant="COD") > 1.0).all()
    effluent = (1728.0 + 25000.0) / 86400.0  # of O1 and O2, above the gate
    load = {
        name: found.sel(section=name, drop=True)
        * (flow.sel(reach=places[name][0], drop=True) + more)
        for name, more in (("P", 0.0), ("G", effluent), ("S", effluent))
    }
    xr.testing.assert_allclose(load["P"] + load["G"], load["S"], rtol=1e-6)


def test_weather_and_pumps_are_read_or_refused(tmp_path: Path) -> None:
    for name, texts, choices, sentence in (
        ("given", {**STUDY, "periods": FARM["periods"]}, None,
         "periods.csv, rain: is not read where flow is given"),
        ("pump", {**STUDY, "polders": FARM["polders"], "nodes": FARM["nodes"]}, None,
         "polders.csv, from_node: is not read where flow is given"),
        ("dry", {**COMPUTED, "periods": FARM["periods"]}, 'flow = "steady"',
         "periods.csv, rain: falls on no surface; right would be a node with storage_area > 0"),
        ("gap", {**FARM, "periods": FARM["periods"].replace(",7.0,", ",,")}, 'flow = "steady"',
         "periods.csv, row node q, period 2025-06, rain: nan is not valid"),
    ):  # fmt: skip
        root = tmp_path / name
        root.mkdir()
        if choices is None:
            write(root, texts)
        else:
            folder(root, texts, choices)
        found = faults(root)
        assert any(one.startswith(sentence) for one in found), found
