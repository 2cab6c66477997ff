"""Steady transport against closed forms, an unrelated solver and the SWMM engine."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from permitload import RiverNetwork, hydraulics, quality
from permitload.units import KG_PER_DAY
from tests.known import case, compare, rows, tightened


class Model:
    """A network on given flows, with loads in g/s, as the cases state them."""

    def __init__(
        self,
        reaches: list[dict[str, Any]],
        loads: list[dict[str, Any]],
        inflow: dict[str, float],
        kinetics: dict[str, Any],
        nodes: pd.DataFrame | None = None,
    ) -> None:
        table = pd.DataFrame(reaches)
        self.network = RiverNetwork(table[["reach", "from_node", "to_node", "length"]], nodes)
        by_reach = table.set_index("reach")
        self.water = hydraulics.from_flow(self.network, by_reach["flow"], area=by_reach["area"])
        if "dispersion" in by_reach:
            values = by_reach["dispersion"].to_numpy()[:, None]
            self.water = self.water.assign(dispersion=(("reach", "period"), values))
        self.outlets = pd.DataFrame(
            loads, columns=["outlet", "reach", "node", "position", "position_to", "effluent_flow",
                            "load"],
        ).astype({"reach": object, "node": object})  # fmt: skip
        self.outlets["outlet"] = [f"L{i}" for i in range(len(loads))]
        self.outlets["effluent_flow"] = self.outlets["effluent_flow"].astype(float).fillna(0.0)
        self.load = xr.DataArray(
            (self.outlets["load"].to_numpy(float) * KG_PER_DAY)[:, None],
            {"outlet": self.outlets["outlet"].to_numpy(object), "pollutant": ["X"]},
        )
        self.inflow = xr.DataArray(
            np.array(list(inflow.values()), dtype=float)[:, None],
            {"node": list(inflow), "pollutant": ["X"]},
        )
        self.kinetics = {"X": kinetics}

    def solve(self, **coords: Any) -> "Model":
        water = self.water.assign(coords) if coords else self.water
        self.quality = quality.steady(
            self.network, water, self.outlets, self.load, self.inflow, self.kinetics
        )
        return self

    def at(self, reach: str, position: float) -> float:
        place = pd.DataFrame({"section": ["S"], "reach": [reach], "position": [position]})
        return float(quality.at(place, self.quality).item())

    def node(self, node: str) -> float:
        return float(self.quality["node_concentration"].sel(node=node).item())

    def end(self, reach: str, end: str) -> float:
        return float(self.quality["concentration"].sel(reach=reach, end=end).item())

    def term(self, term: str) -> float:
        return float(self.quality["ledger"].sel(term=term).item()) / KG_PER_DAY

    def out(self, *nodes: str) -> float:
        found = self.quality["boundary_out"].sel(node=list(nodes))
        return float(found.sum().item()) / KG_PER_DAY


def _chain() -> Model:
    """Case 07: the inflow at R2 2500 m is a node with its own boundary concentration."""
    given = case("quality/plug_flow_chain")
    base = {"R4": 13.9, "R5a": 9.083, "R5b": 5.567, "R6": 14.65}
    reaches = [
        {"reach": row["id"], "from_node": row["from"], "to_node": row["to"],
         "length": row["length_m"], "area": row["area_m2"],
         "flow": base.get(row["id"], row["flow_at_inlet_m3s"])}
        for row in given["reaches"]
    ]  # fmt: skip
    # flows exclude effluent: what R3 gains on its way is the effluent of a spread outlet
    for row in reaches:
        if row["reach"] in ("R5a", "R5b", "R6"):
            row["flow"] *= 13.9 / 14.65
    side = given["inflows"][1]
    second = next(row for row in reaches if row["reach"] == "R2")
    reaches.append({**second, "reach": "R2b", "from_node": "side", "flow": 15.9,
                    "length": second["length"] - side["x_m"]})  # fmt: skip
    second.update(to_node="side", length=side["x_m"])
    third, fourth = given["distributed"]
    gain = third["flow_m3s_per_m"] * 5000.0
    loads = [
        {"reach": "R3", "position": 0.0, "position_to": 5000.0, "effluent_flow": gain,
         "load": gain * third["conc_mgL"]},
        {"reach": "R4", "position": 0.0, "position_to": 7000.0,
         "load": fourth["load_g_s_per_m"] * 7000.0},
        {"reach": "R5b", "position": 3000.0, "load": given["loads"][0]["load_g_s"]},
    ]  # fmt: skip
    inflow = {"n0": given["boundaries"]["n0"]["conc_mgL"], "n1": given["inflows"][0]["conc_mgL"],
              "side": side["conc_mgL"]}  # fmt: skip
    return Model(reaches, loads, inflow,
                 {"decay": given["K20_per_day"], "temperature_factor": given["theta"]})  # fmt: skip


@pytest.mark.parametrize("temperature", [20.0, 28.0, 8.0])
def test_plug_flow_chain(temperature: float) -> None:
    model = _chain()
    variant = f"T{temperature:.0f}"
    model.solve(temperature=("period", [temperature]))
    places = {
        "R2 inlet": ("R2", 0.0), "R2 just upstream of outfall": ("R2", 2500.0),
        "R2 just downstream of outfall": ("R2b", 0.0), "R2 outlet": ("R2b", 5500.0),
        "R5b just downstream of load": ("R5b", 3000.0), "R1 inlet": ("R1", 0.0),
        "R6 inlet": ("R6", 0.0),
    }  # fmt: skip
    lengths = {"R1": 6000.0, "R3": 5000.0, "R4": 7000.0, "R5a": 4000.0, "R5b": 9000.0,
               "R6": 6000.0}  # fmt: skip

    def value(row: dict[str, str]) -> float:
        item = row["item"]
        if row["quantity"] == "conc":
            reach = item.split()[0]
            return model.at(*places.get(item, (reach, lengths.get(reach, 0.0))))
        if row["quantity"] == "K_T":
            return float(model.quality["loss_rate"].sel(reach="R1").item())
        return {
            "mass_in": model.term("boundary_in") + model.term("load"),
            "withdrawn": model.out("n2"), "outflow": model.out("n6"),
            "decayed": model.term("decayed"), "mass_residual": model.term("residual"),
        }[row["quantity"]]  # fmt: skip

    found = [
        {**row, "rtol": "1e-8"} if row["tier"] == "grid" else row
        for row in rows("quality/plug_flow_chain", variant)
    ]
    compare(found, value)


def _loops(variant: str) -> Model:
    given = case("quality/loop_concentration")
    data = given["variants"][variant.removesuffix("_K0")]
    reaches = [
        dict(zip(["reach", "from_node", "to_node", "length", "flow", "area"], row, strict=True))
        for row in data["reaches"]
    ]
    loads = [{"node": node, "load": load} for node, load in data["loads"].items()]
    loads += [{"reach": r, "position": x, "load": load} for r, x, load in data["reach_loads"]]
    decay = 0.0 if variant.endswith("_K0") else given["K_per_day"]
    inflow = {node: c for node, (_, c) in data["inflow"].items()}
    return Model(reaches, loads, inflow, {"decay": decay}).solve()


@pytest.mark.parametrize("variant", ["dag", "dag_K0", "rec", "rec_K0", "bif3", "bif3_K0"])
def test_loop_concentration(variant: str) -> None:
    model = _loops(variant)

    def value(row: dict[str, str]) -> float:
        item = row["item"]
        if row["quantity"] == "conc":
            reach, _, position = item.partition("@")
            return model.at(reach, float(position)) if position else model.node(item)
        if row["quantity"] == "conc_out":
            return model.end(item, "to")
        return {
            "mass_in": model.term("boundary_in") + model.term("load"),
            "outflow": model.term("boundary_out"),
            "decayed": model.term("decayed"),
            "mass_residual": model.term("residual"),
        }[row["quantity"]]

    expected = tightened(rows("quality/loop_concentration", variant), 1e-8)
    compare([{**row, "rtol": "1e-8"} if row["tier"] == "grid" else row for row in expected], value)


def _dispersive(variant: str) -> Model:
    data = case("quality/adv_disp_decay")["variants"][variant[0]]
    columns = ["reach", "from_node", "to_node", "length", "flow", "area", "dispersion", "decay"]
    if variant == "a_finite":
        up, down = data["Lu"], data["Ld"]
        reaches = [["U1", "u", "0", up], ["D1", "0", "d", down]]
        reaches = [[*row, data["Q"], data["A"], data["E"], data["K_d"]] for row in reaches]
        loads = [{"node": "0", "load": data["W"]}]
        inflow, held = {"u": 0.0}, ["u"]
    elif variant == "a_infinite":
        # the infinite river is cut where its closed form has fallen below 1e-9
        reaches = [["C0", "u", "0", 6e4], ["C1", "0", "d", 1.2e6]]
        reaches = [[*row, data["Q"], data["A"], data["E"], data["K_d"]] for row in reaches]
        loads = [{"node": "0", "load": data["W"]}]
        inflow, held = {"u": 0.0}, ["u"]
    elif variant == "b":
        reaches = data["reaches"]
        loads = [{"node": n, "load": v["W"]} for n, v in data["nodes"].items() if "W" in v]
        inflow = {n: v["C"] for n, v in data["nodes"].items() if "C" in v}
        held = list(inflow)
        inflow[data["trib"]["node"]] = data["trib"]["c"]
    else:
        reaches = data["reaches"]
        loads = [{"node": n, "load": w} for n, w in data["loads"].items()]
        inflow, held = {data["inflow"]["node"]: data["inflow"]["c"]}, []
    rows_ = [dict(zip(columns, row, strict=True)) for row in reaches]
    decay = xr.DataArray([row["decay"] for row in rows_], {"reach": [r["reach"] for r in rows_]})
    nodes = pd.DataFrame({"node": held, "held": 1.0}) if held else None
    return Model(rows_, loads, inflow, {"decay": decay}, nodes).solve()


@pytest.mark.parametrize("variant", ["a_infinite", "a_finite", "b", "c"])
def test_advection_dispersion_decay(variant: str) -> None:
    model = _dispersive(variant)

    def along(reach: str, x: float) -> float:
        if variant == "a_infinite":
            return model.at("C1", x) if x >= 0.0 else model.at("C0", 6e4 + x)
        return model.at(reach, x)

    def value(row: dict[str, str]) -> float:
        item, quantity = row["item"], row["quantity"]
        if quantity == "conc":
            return along(item, float(row["x_m"])) if row["x_m"] else model.node(item)
        if quantity == "upstream_length_1e":
            near, far = along("C1", -1000.0), along("C1", -2000.0)
            return 1000.0 / float(np.log(near / far))
        if quantity == "dispersive_flux_out_of_dead_end":
            return -float(model.quality["flux"].sel(reach="G", end="from").item()) / KG_PER_DAY
        if quantity == "boundary_influx_upstream":
            return float(model.quality["boundary_in"].sel(node=item).item()) / KG_PER_DAY
        if quantity in ("outflux_sea", "outflow"):
            return model.out(item)
        return model.term("decayed")

    expected = rows("quality/adv_disp_decay", variant)
    # reaches are solved analytically: hold them to 1e-8 rather than to a grid's 5e-3
    rtol = "1e-6" if variant == "a_infinite" else "1e-8"
    compare([{**row, "rtol": rtol, "atol": "1e-9"} for row in expected], value)
    assert abs(model.term("residual")) < 1e-9 * (model.term("load") + model.term("boundary_in"))


def _swmm(variant: str) -> Model:
    """Conduits as plug-flow reaches, or as one storage node each between two bare links."""
    given = case("quality/swmm_quality")
    reaches: list[dict[str, Any]] = []
    tanks = []
    for row in given["conduits"]:
        flow, volume = row["flow_m3s"], row["volume_m3"]
        base = {"flow": flow, "from_node": row["from"], "to_node": row["to"]}
        if variant == "plug":
            reaches.append({**base, "reach": row["id"], "length": 1000.0, "area": volume / 1000.0})
            continue
        tank = f"tank {row['id']}"
        tanks.append({"node": tank, "storage_volume": volume})
        link = {**base, "length": 1.0, "area": 1e-30}
        reaches.append({**link, "reach": f"{row['id']} in", "to_node": tank})
        reaches.append({**link, "reach": f"{row['id']} out", "from_node": tank})
    loads = [{"node": n, "load": w} for n, w in given["loads_g_s"].items()]
    inflow = {node: c for node, (_, c) in given["inflow"].items()}
    names = {row[end] for row in given["conduits"] for end in ("from", "to")}
    inflow.update(dict.fromkeys(sorted(names - set(inflow)), 0.0))  # float32 flows: 1e-7 of water
    nodes = pd.DataFrame(tanks) if tanks else None
    return Model(reaches, loads, inflow, {"decay": given["decay_per_day"]}, nodes).solve()


@pytest.mark.parametrize("variant", ["cstr", "plug"])
def test_swmm_quality_on_given_flows(variant: str) -> None:
    model = _swmm(variant)
    outlets = case("quality/swmm_quality")["outlets"]

    def value(row: dict[str, str]) -> float:
        if row["quantity"] == "conc_reach":
            return model.node(f"tank {row['item']}")
        if row["quantity"] == "conc_node":
            return model.node(row["item"])
        return {
            "mass_in": model.term("boundary_in") + model.term("load"),
            "decayed": model.term("decayed"), "outflow": model.out(*outlets),
        }[row["quantity"]]  # fmt: skip

    compare(rows("quality/swmm_quality", variant), value)
