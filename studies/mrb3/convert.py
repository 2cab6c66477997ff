"""Tables of the MRB3 total nitrogen model (USGS SPARROW) in the form of a permitload study.

    python convert.py SRC [OUT]

SRC holds network.csv, sources.csv.gz and models.json. Every reach keeps its own outlet, at
mid-length. A reach whose load is changed at its end (reservoir, stop, monitoring site) ends in a
node ``<reach> end`` of its own, which a short connector ``<reach> out`` joins to the next node:
the reservoir is the storage of that node, and a stop is a connector that takes nothing of its load.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pandas as pd

from permitload.io import write_table
from permitload.units import DAYS_PER_YEAR, SECONDS_PER_DAY

M3_PER_FT3 = 0.028316846592
STREAM_CLASSES = ("rchdecay1", "rchdecay2", "rchdecay3")


def network(src: Path) -> pd.DataFrame:
    """Rows of network.csv by reach, labels as text."""
    labels = dict.fromkeys(("waterid", "fnode", "tnode"), str)
    return pd.read_csv(src / "network.csv", dtype=labels).set_index("waterid").rename_axis("reach")


def models(src: Path) -> dict[str, Any]:
    """Coefficients and bias factors of Models 1 and 6, by number."""
    found: dict[str, Any] = json.loads((src / "models.json").read_text("utf8"))["models"]
    return found


def network_tables(src: Path) -> dict[str, pd.DataFrame]:
    """Tables reaches, nodes, flows, shares, outlets and sections (the 590 targets)."""
    given = network(src)
    changed = (given["iresload"] > 0.0) | (given["iftran"] == 0) | (given["staid"] > 0)
    given["end"] = given["tnode"].where(~changed, given.index + " end")
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
    targets = given.index[given["target"] == 1]
    return {
        "reaches": every[["reach", "from_node", "to_node", "length"]],
        "nodes": nodes[area > 0.0].reset_index(drop=True),
        "flows": every[["reach", "flow", "velocity"]].assign(period="design"),
        "shares": every[["reach", "share"]],
        "outlets": outlets.assign(position=given["length"].to_numpy() / 2.0),
        "sections": pd.DataFrame({"section": targets, "node": given.loc[targets, "end"].array}),
    }


def source_loads(src: Path) -> pd.DataFrame:
    """Load brought to each reach [kg/d], bias factor included; one source an outlet.

    Pollutants are ``area`` (Model 1) and the five sources of Model 6, each carried by itself.
    """
    labels = {"waterid": str}
    loads = pd.read_csv(src / "sources.csv.gz", dtype=labels).set_index("waterid")
    first = models(src)["1"]
    area = network(src)["demiarea"] * first["coef"]["demiarea"] * first["bias_factor"]
    wide = loads.assign(area=area).rename_axis(index="source", columns="pollutant")
    return (wide / DAYS_PER_YEAR).stack().rename("source_load").reset_index()


def kinetics_tables(src: Path, coef: dict[str, float]) -> dict[str, pd.DataFrame]:
    """Tables decay (reach) [1/d] and settling (node) [m/d] of one model; 0 where not listed."""
    given = network(src)
    coefs = [coef.get(name, 0.0) for name in STREAM_CLASSES]
    decay = (given[list(STREAM_CLASSES)] > 0.0) @ coefs  # at most one of them is positive
    nodes = network_tables(src)["nodes"]["node"]
    settling = coef.get("iresload", 0.0) / DAYS_PER_YEAR  # m/a
    return {
        "decay": pd.DataFrame({"reach": given.index, "decay": decay.to_numpy()}),
        "settling": pd.DataFrame({"node": nodes, "settling": settling}),
    }


def main() -> None:
    """Write all tables into OUT."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("src", type=Path, help="folder of network.csv")
    parser.add_argument("out", type=Path, nargs="?", default=Path(__file__).parent)
    paths = parser.parse_args()
    tables = network_tables(paths.src) | {"source_loads": source_loads(paths.src)}
    tables |= kinetics_tables(paths.src, models(paths.src)["6"]["coef"])
    paths.out.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        write_table(table, paths.out / f"{name}.csv")


if __name__ == "__main__":
    main()
