"""Tables of the MRB3 total nitrogen model (USGS SPARROW) as a permitload study.

    python studies/mrb3/convert.py [SRC] [OUT]

SRC holds network.csv, sources.csv.gz, factors.csv.gz and models.json, by default the folder mrb3
of PERMITLOAD_DATA; OUT is by default the folder of this file. Every reach keeps its own outlet, at
mid-length. A reach whose load is changed at its end (reservoir, stop, monitoring site) ends in a
node ``<reach> end`` of its own, which a short connector ``<reach> out`` joins to the next node:
the reservoir is the storage of that node, and a stop is a connector that takes nothing of its load.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from permitload import RiverNetwork
from permitload.io import write_table
from permitload.schema import TABLES
from permitload.units import DAYS_PER_YEAR, SECONDS_PER_DAY, concentration

HERE = Path(__file__).parent
M3_PER_FT3 = 0.028316846592
STREAM_CLASSES = ("rchdecay1", "rchdecay2", "rchdecay3")
BASIN = 5
"""Hydrologic region whose point sources are decided: the Ohio."""
MODEL = "Model 6, as published"
MOST, RISE = 10.0, 1.2
"""Assumed targets of total nitrogen: at most 10 mg/L, and at most 1.2 times what is there without
the decided sources."""


def network(src: Path) -> pd.DataFrame:
    """Rows of network.csv by reach, labels as text; ``end`` is the node where a reach ends."""
    labels = dict.fromkeys(("waterid", "fnode", "tnode"), str)
    given = pd.read_csv(src / "network.csv", dtype=labels).set_index("waterid").rename_axis("reach")
    changed = (given["iresload"] > 0.0) | (given["iftran"] == 0) | (given["staid"] > 0)
    return given.assign(end=given["tnode"].where(~changed, given.index + " end"))


def models(src: Path) -> dict[str, Any]:
    """Coefficients and bias factors of Models 1 and 6, by number."""
    found: dict[str, Any] = json.loads((src / "models.json").read_text("utf8"))["models"]
    return found


def network_tables(src: Path) -> dict[str, pd.DataFrame]:
    """Tables reaches, nodes, flows, shares and outlets."""
    given = network(src)
    changed = given["end"] != given["tnode"]
    given["flow"] = given["meanq"] * M3_PER_FT3
    moving = given["rchtot"].where(given["rchtot"] > 0.0)
    given["velocity"] = (given["length"] / (moving * SECONDS_PER_DAY)).fillna(1.0)
    # two reaches with frac 1 leave 7 nodes that no load enters; a share is a part of one whole
    leaving = given.groupby("fnode")["frac"].transform("sum")
    given["share"] = given["frac"] / leaving.clip(lower=1.0)
    out = given[changed].assign(length=1.0, velocity=1.0)
    out = out.assign(fnode=out["end"], end=out["tnode"], share=out["iftran"].astype(float))
    every = pd.concat([given, out.set_axis(out.index + " out").rename_axis("reach")])
    every = every.rename(columns={"fnode": "from_node", "end": "to_node"}).reset_index()
    area = given["flow"] * SECONDS_PER_DAY * DAYS_PER_YEAR * given["iresload"]  # m3/a · a/m
    nodes = pd.DataFrame({"node": given["end"], "storage_area": area})
    outlets = pd.DataFrame({"outlet": given.index, "reach": given.index})
    return {
        "reaches": every[["reach", "from_node", "to_node", "length"]],
        "nodes": nodes[area > 0.0].reset_index(drop=True),
        "flows": every[["reach", "flow", "velocity"]].assign(period="design"),
        "shares": every[["reach", "share"]],
        "outlets": outlets.assign(position=given["length"].to_numpy() / 2.0),
    }


def model_loads(src: Path) -> pd.DataFrame:
    """Load brought to each reach [kg/d], bias factor included; one source an outlet.

    Pollutants are ``area`` (Model 1) and the five sources of Model 6, each carried by itself.
    """
    labels = {"waterid": str}
    loads = pd.read_csv(src / "sources.csv.gz", dtype=labels).set_index("waterid")
    first = models(src)["1"]
    area = network(src)["demiarea"] * first["coef"]["demiarea"] * first["bias_factor"]
    wide = loads.assign(area=area).rename_axis(index="source", columns="pollutant")
    return (wide / DAYS_PER_YEAR).stack().rename("source_load").reset_index()


def kinetics(src: Path, coef: dict[str, float], pollutant: str) -> pd.DataFrame:
    """Table kinetics of one model: decay [1/d] of reaches, settling [m/d] of reservoirs."""
    given = network(src)
    coefs = [coef.get(name, 0.0) for name in STREAM_CLASSES]
    decay = (given[list(STREAM_CLASSES)] > 0.0) @ coefs  # at most one of them is positive
    nodes = given["end"][given["iresload"] > 0.0]
    settling = coef.get("iresload", 0.0) / DAYS_PER_YEAR  # m/a
    parts = [
        pd.DataFrame({"reach": [""]}),
        pd.DataFrame({"reach": decay.index, "decay": decay.array})[decay.array > 0.0],
        pd.DataFrame({"node": nodes.array, "settling": settling}),
    ]
    table = pd.concat(parts, ignore_index=True).assign(pollutant=pollutant, temperature_factor=1.0)
    return table.fillna({"reach": "", "node": "", "decay": 0.0, "settling": 0.0})


def routed(src: Path, load: pd.Series[float]) -> pd.Series[float]:
    """Load that leaves each reach by the model's own equations, in the unit of ``load``.

    What a reach takes from above decays by R and V; its own load by the root of R, and V.
    """
    labels = {"waterid": str}
    factors = pd.read_csv(src / "factors.csv.gz", dtype=labels).set_index("waterid")
    rows = network(src)[["fnode", "tnode", "frac", "iftran"]].join(factors).assign(load=load)
    at_node: dict[str, float] = dict.fromkeys([*rows["fnode"], *rows["tnode"]], 0.0)
    leaving = []
    for row in rows.itertuples():
        arriving = row.frac * row.stream_decay * at_node[row.fnode]
        leaving.append((arriving + row.stream_decay**0.5 * row.load) * row.reservoir_decay)
        at_node[row.tnode] += row.iftran * leaving[-1]
    return pd.Series(leaving, rows.index)


def targets(src: Path) -> pd.DataFrame:
    """Sections at the ends of the 590 reaches that the model's delivery fractions refer to."""
    given = network(src)
    found = given.index[given["target"] == 1]
    return pd.DataFrame({"section": found, "node": given.loc[found, "end"].array})


def water_tables(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Tables periods, boundaries and inflow: what annual means leave open enters clean."""
    flow = tables["reaches"].merge(tables["flows"], on="reach", validate="1:1")
    leaving = flow.groupby("from_node")["flow"].sum()
    missing = leaving.sub(flow.groupby("to_node")["flow"].sum(), fill_value=0.0)
    missing = missing.rename_axis("node").rename("flow")
    entering = missing.index[missing > 0.0]
    inflow = {"node": entering, "pollutant": "TN", "concentration": 0.0, "basis": "assumed"}
    return {
        "periods": pd.DataFrame({"period": ["design"], "days": [DAYS_PER_YEAR]}),
        "boundaries": missing[missing != 0.0].reset_index().assign(period="design"),
        "inflow": pd.DataFrame(inflow),
    }


def loads(src: Path) -> tuple[pd.Series[float], pd.Series[float]]:
    """Split the load of each reach into the basin's point sources and the background [kg/d]."""
    given = pd.read_csv(src / "sources.csv.gz", dtype={"waterid": str}).set_index("waterid")
    given = given / DAYS_PER_YEAR
    inside = (network(src)["huc2"] == BASIN).reindex(given.index)
    rest = given.drop(columns="point").sum(axis=1) + given["point"].where(~inside, 0.0)
    return given["point"].where(inside, 0.0), rest


def source_tables(src: Path) -> dict[str, pd.DataFrame]:
    """Tables sources and source_loads: point sources of the basin, and all that is background.

    ``P<reach>`` is the point source of a reach, decided; ``B<reach>`` is everything else there.
    """
    point, rest = (load[load > 0.0] for load in loads(src))
    classes = ["industry"] * len(point) + ["other"] * len(rest)
    table = pd.DataFrame(
        {
            "source": [*("P" + point.index), *("B" + rest.index)],
            "source_class": classes,
            "outlet": [*point.index, *rest.index],
        }
    )
    load = pd.concat([point, rest]).array
    amounts = table[["source"]].assign(pollutant="TN", source_load=load)
    ceiling = amounts["source_load"].where(table["source_class"] == "industry")
    return {"sources": table, "source_loads": amounts.assign(ceiling=ceiling, note=MODEL)}


def section_tables(src: Path, tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Tables sections and standards: stations of the basin, and one place in every other part.

    A load that no section judges is refused; in parts of the network without a station of the
    basin the section stands at the end of the reach that carries most water. The limit is what
    the background leaves there, raised by a fifth, and at most 10 mg/L.
    """
    given = network(src)
    part = RiverNetwork(tables["reaches"], tables["nodes"]).parts[given.index]
    stations = given.index[(given["staid"] > 0) & (given["huc2"] == BASIN)]
    other = given[~part.isin(part[stations])]
    last = other.groupby(part[other.index])["meanq"].idxmax().array
    reaches = [*stations, *last]
    sections = pd.DataFrame(
        {
            "section": [*("S" + given["staid"][stations].astype(str)), *("E" + last)],
            "node": given["end"][reaches].array,
            "name": [*("reach " + stations), *("end of another river, reach " + last)],
        }
    )
    flow = (given["meanq"] * M3_PER_FT3)[reaches]
    background = concentration(routed(src, loads(src)[1])[reaches], flow)
    # upwards to 0.01 mg/L: never below what the background leaves by the way it is written
    limit = np.ceil((RISE * background).clip(upper=MOST) * 100.0) / 100.0
    limits = sections[["section"]].assign(indicator="TN", limit=limit.array, basis="assumed")
    return {"sections": sections, "standards": limits}


def study_tables(src: Path) -> dict[str, pd.DataFrame]:
    """All tables of the study."""
    tables = network_tables(src)
    return {
        **tables,
        **water_tables(tables),
        **source_tables(src),
        **section_tables(src, tables),
        "kinetics": kinetics(src, models(src)["6"]["coef"], "TN").assign(note=MODEL),
    }


def main() -> None:
    """Write all tables into OUT."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    home = os.environ.get("PERMITLOAD_DATA")
    usual = Path(home, "mrb3") if home else None
    parser.add_argument("src", type=Path, nargs="?", default=usual, help="folder of network.csv")
    parser.add_argument("out", type=Path, nargs="?", default=HERE, help="folder of the study")
    paths = parser.parse_args()
    if paths.src is None:
        parser.error("SRC is not given, and PERMITLOAD_DATA is not set; right would be either")
    if not (paths.src / "network.csv").is_file():
        parser.error(f"{paths.src} holds no network.csv; right would be the folder that does")
    paths.out.mkdir(parents=True, exist_ok=True)
    for name, table in study_tables(paths.src).items():
        columns = [column.name for column in TABLES[name].columns if column.name in table]
        write_table(table[columns], paths.out / f"{name}.csv")
    if paths.out.resolve() != HERE.resolve():
        shutil.copy(HERE / "study.toml", paths.out)


if __name__ == "__main__":
    main()
