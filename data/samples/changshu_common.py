"""What the two Changshu samples share: months of 2021, balanced flows, tables of a works' sources.

Everything that is computed here rests on constants of ``make_changshu_hitech.py`` and
``make_changshu_fluoro.py``, which say of each whether it is a fact or invented.
"""

from pathlib import Path

import numpy as np
import pandas as pd

# Calendar 2021 (annex 7: the pilot begins in August 2021); temperatures and course of the flow
# over the months assumed; wet season May to September
STARTS = pd.date_range("2021-01-01", periods=12, freq="MS")
PERIODS = [f"{start:%Y-%m}" for start in STARTS]
DAYS = STARTS.days_in_month.to_numpy()
TEMPERATURE = [5.0, 6.0, 10.0, 16.0, 21.0, 25.0, 29.0, 29.0, 25.0, 19.0, 13.0, 7.0]
SEASON = np.array([0, 0.05, 0.15, 0.30, 0.60, 0.95, 1, 0.90, 0.75, 0.40, 0.20, 0.05])
WINTER = np.cos(2 * np.pi * (np.arange(12) - 0.5) / 12)
SUMMER_RISE = 0.5  # [m] stage of July above January, the same everywhere on a flat plain
INVENTED = "invented 虚构"

Columns = dict[str, tuple]


def table(columns: str, rows: list[tuple]) -> pd.DataFrame:
    """Frame whose headers carry the unit after a blank."""
    return pd.DataFrame(rows, columns=[name.replace("[", " [") for name in columns.split()])


def write(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    """Write tables, the same bytes at every run."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False, encoding="utf-8", lineterminator="\n")


def by_month(low: float, high: float) -> np.ndarray:
    """Values of January and July, and those between, in thousandths."""
    return np.rint(1000 * (low + (high - low) * SEASON)).astype(int)


def flows(
    reaches: Columns, chosen: dict[str, tuple[float, float]], derived: list[tuple[str, str]]
) -> dict[str, np.ndarray]:
    """Flow of every reach and month [l/s]: some chosen, the others by continuity at a node."""
    litres = {reach: by_month(*ends) for reach, ends in chosen.items()}
    for node, reach in derived:
        litres[reach] = sum(
            litres[other] * ((end[1] == node) - (end[0] == node))
            for other, end in reaches.items()
            if other in litres
        )
    return litres


def network_tables(nodes: Columns, reaches: Columns, district: str) -> dict[str, pd.DataFrame]:
    """Reaches (from, to, length, width, slope, depth, name), nodes (x, y, name) and periods."""
    return {
        "reaches": table(
            "reach from_node to_node length[m] width[m] side_slope name",
            [(reach, *row[:5], row[6]) for reach, row in reaches.items()],
        ),
        "nodes": table("node x[m] y[m] name", [(node, *row) for node, row in nodes.items()]),
        "districts": table("reach district", [(reach, district) for reach in reaches]),
        "periods": table(
            "period days[d] start temperature[degC]",
            list(zip(PERIODS, DAYS, STARTS.strftime("%Y-%m-%d"), TEMPERATURE, strict=True)),
        ),
    }


def flow_tables(reaches: Columns, litres: dict[str, np.ndarray]) -> dict[str, pd.DataFrame]:
    """Flow and wetted area (a trapezium) of reaches, and what enters and leaves at the ends."""
    net: dict[str, np.ndarray] = {}
    for reach, row in reaches.items():
        for node, sign in ((row[0], 1), (row[1], -1)):
            net[node] = net.get(node, np.zeros(12, dtype=int)) + sign * litres[reach]
    rows = []
    for reach, (_, _, _, width, slope, depth, _) in reaches.items():
        deep = depth + SUMMER_RISE * SEASON
        area = np.round(deep * (width + slope * deep), 2)
        rows += [(reach, p, litres[reach][i] / 1000, area[i]) for i, p in enumerate(PERIODS)]
    ends = [
        (node, p, value[i] / 1000)
        for node, value in net.items()
        if value.any()
        for i, p in enumerate(PERIODS)
    ]
    return {
        "flows": table("reach period flow[m3/s] area[m2]", rows),
        "boundaries": table("node period flow[m3/s]", ends),
    }


def inflow_table(
    inflow: dict[str, dict[str, float]], winter: dict[str, float], digits: int = 4
) -> pd.DataFrame:
    """Concentration of what enters, higher or lower in winter by a share of its mean."""
    rows = [
        (node, pollutant, p, round(value * (1 + winter.get(pollutant, 0.0) * WINTER[i]), digits),
         "assumed")
        for node, values in inflow.items()
        for pollutant, value in values.items()
        for i, p in enumerate(PERIODS)
    ]  # fmt: skip
    return table("node pollutant period concentration[mg/L] basis", rows)


def study_text(title: str, title_zh: str, pollutants: list[str], alternatives: str) -> str:
    """Text of ``study.toml``: industry is decided, present loads are the target."""
    listed = ", ".join(f'"{name}"' for name in pollutants)
    basis = "".join(
        f'{name} = "assumed"\n'
        for name in ("margin_of_safety", "decided", "annual", "target", "compose", "precision")
    )
    return (
        f'[study]\ntitle = "{title}"\ntitle_zh = "{title_zh}"\npollutants = [{listed}]\n\n'
        '[capacity]\nmargin_of_safety = 0.10\ndecided = ["industry"]\n'
        'annual = "sum_of_periods"\n\n'
        '[allocation]\ntarget = "present_load"\ncompose = "fill"\nprecision = 0.00001\n\n'
        f"[basis]\n{basis}\n{alternatives}"
    )
