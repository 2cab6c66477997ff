"""Nineteen plants under one nitrogen limit (Tampa Bay): claims, records, and a limit shared out.

    python studies/tampa-bay/convert.py [SRC] [OUT]

SRC holds facilities.csv, groups.csv and monthly_loads.csv, by default the folder tampa-bay of
PERMITLOAD_DATA; OUT is by default the folder of this file. The limit is one row, the sum of the
group; there is no section and no river. A plant without a figure has no claim: it gets no share,
and no share of 0 either.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from permitload.sharing import Filling, Rows

HERE = Path(__file__).parent
GROUP = "ips_mosaic_hb"
NO_FIGURE = "no figure"
KG_PER_T = 1000.0


def members(src: Path) -> pd.DataFrame:
    """Plants of the group: name, claim [t/a], months with records, and what is odd about them."""
    given = pd.read_csv(src / "facilities.csv").set_index("facility_id").rename_axis("source")
    given = given[given["group_id"] == GROUP]
    claim = given["pre_pool_allocation_t_per_year"]
    remark = given["remark"].fillna("").mask(claim.isna(), NO_FIGURE)
    return pd.DataFrame(
        {"name": given["name"], "claim": claim, "months": given["n_months"], "note": remark}
    )


def limit(src: Path) -> float:
    """Limit of the group [t/a]."""
    groups = pd.read_csv(src / "groups.csv").set_index("group_id")
    return float(groups.at[GROUP, "allocation_t_per_year"])


def monthly(src: Path) -> pd.DataFrame:
    """Nitrogen of each plant by year and month [t]; no row where there is no record."""
    given = pd.read_csv(src / "monthly_loads.csv").rename(columns={"facility_id": "source"})
    given = given[given["source"].isin(members(src).index)]
    return given.assign(load=given["tn_kg"] / KG_PER_T)[["source", "year", "month", "load"]]


def observed(src: Path) -> pd.DataFrame:
    """Nitrogen of each plant by year [t/a], NaN where it has no record in the year."""
    yearly = monthly(src).pivot_table("load", "source", "year", aggfunc=_sum)
    return yearly.reindex(members(src).index)


def _sum(loads: pd.Series[float]) -> float:
    """Sum of what is recorded; NaN, not 0, of nothing."""
    return float(loads.sum(min_count=1))


def group_row(src: Path) -> Rows:
    """Limit as one row: the loads of those that have a figure add up to it at most."""
    claimants = members(src)["claim"].dropna().index
    return Rows(pd.DataFrame(1.0, [GROUP], claimants), pd.Series([limit(src)], [GROUP]))


def shared(src: Path, compose: Callable[..., Filling]) -> pd.DataFrame:
    """Share of each plant by one rule [t/a], and why: the group's row, its claim, or no figure."""
    table = members(src)
    claim = table["claim"].dropna()
    filled = compose(claim, group_row(src))
    stops = pd.Series(np.asarray(filled.stopped_by).astype(str), claim.index)
    stops = stops.reindex(table.index, fill_value=NO_FIGURE)
    return table[["name", "claim"]].assign(share=filled.share, stopped_by=stops)


def folders() -> tuple[Path, Path]:
    """Folders SRC and OUT of the command line; OUT is made."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    home = os.environ.get("PERMITLOAD_DATA")
    usual = Path(home, "tampa-bay") if home else None
    parser.add_argument("src", type=Path, nargs="?", default=usual, help="folder of facilities.csv")
    parser.add_argument("out", type=Path, nargs="?", default=HERE, help="folder of the tables")
    paths = parser.parse_args()
    if paths.src is None:
        parser.error("SRC is not given, and PERMITLOAD_DATA is not set; right would be either")
    if not (paths.src / "facilities.csv").is_file():
        parser.error(f"{paths.src} holds no facilities.csv; right would be the folder that does")
    paths.out.mkdir(parents=True, exist_ok=True)
    return paths.src, paths.out


def main() -> None:
    """Write claims and records into OUT."""
    src, out = folders()
    claims = members(src).rename(columns={"claim": "claim [t/a]"})
    claims.to_csv(out / "claims.csv", float_format="%.12g", lineterminator="\n")
    records = observed(src).add_suffix(" [t/a]")
    records.to_csv(out / "observed.csv", float_format="%.12g", lineterminator="\n")


if __name__ == "__main__":
    main()
