"""Flow of the sample study ``wujin``: what it is computed from, and the table that checks it.

The table of flows is the older one: values chosen, the rest by continuity. Stages, openings of
the gate and roughness (``wujin_water``) were then chosen so that the computed flow turns where
the table turns, and is about as large. All of it is assumed.
"""

import numpy as np
import pandas as pd
from wujin_water import NODES, PERIODS, POLDERS, REACHES, SEASON, table

# --- Stage [m] by month, assumed: lake, Wuyi canal and Wujin harbour, each north and south ----
STAGES = {
    "W0": [3.364, 3.404, 3.485, 3.602, 3.843, 4.076, 4.111, 4.042, 3.936, 3.678, 3.524, 3.404],
    "WYN": [3.391, 3.433, 3.516, 3.637, 3.884, 4.123, 4.158, 4.088, 3.980, 3.715, 3.557, 3.433],
    "WYS": [3.310, 3.348, 3.423, 3.533, 3.763, 3.989, 4.022, 3.955, 3.853, 3.605, 3.460, 3.348],
    "WJN": [3.266, 3.300, 3.370, 3.472, 3.688, 3.904, 3.937, 3.872, 3.774, 3.540, 3.404, 3.300],
    "WJS": [3.200, 3.230, 3.290, 3.380, 3.572, 3.770, 3.800, 3.740, 3.650, 3.440, 3.320, 3.230],
}
# --- Gate, invented: type, from, to, sill, width and opening [m], name. It hangs above the water
# but in the wet season, when it holds the Cailing up and so turns the park canal round --------
GATE = ("CLG", "W6", 1.6, 16.0, 3.0, "虚构采菱港节制闸 invented Cailing gate")
WET_OPENING = 0.5
WET = SEASON > 0.5
PUMPS = {polder: (row[3], REACHES[row[1]][0]) for polder, row in POLDERS.items()}
STRUCTURES = {"GCL": GATE, **PUMPS}

# --- Flow [m3/s] of the table: January and July, assumed ---------------------------------------
CHOSEN_FLOW = {  # reaches whose flow is chosen; the other flows follow from continuity
    "WN1": (4.0, 9.0),
    "WY1": (7.0, 16.0),
    "WY3": (5.0, 11.5),
    "CG1": (0.6, 1.5),
    "HT1": (1.25, 3.2),
    "DQ1": (0.45, 1.1),
    "YA1": (1.3, 3.2),
    "CL1": (3.6, 8.0),
    "XL1": (0.8, 2.0),
    "LJ1": (2.4, 6.0),
    "WJ1": (9.0, 20.0),
    "NC1": (0.4, 1.0),
    "NC2": (0.3, 0.8),
    "NC3": (0.35, 0.9),
    "NC4": (0.25, 0.6),
    "EC1": (0.6, 1.4),
    "EC2": (0.5, 1.2),
    "SC1": (0.8, 2.0),
    "SC3": (1.0, 2.4),
    "SL1": (0.6, 1.5),
    "PA1": (0.12, 0.40),
    "PA2": (0.10, 0.35),
    "PB1": (0.10, 0.32),
    "PB2": (0.10, 0.36),
}
PARK_CANAL_FLOW = [0.4, 0.4, 0.35, 0.3, -0.5, -0.9, -1.0, -0.85, -0.6, 0.3, 0.35, 0.4]  # PC1
OLD_ARM_SHARE = 0.3  # of the Yong'an's flow that takes YA3
# Which reach follows at which node, in an order in which each node has one unknown left
DERIVED = [
    ("WYM", "WY2"), ("W1", "WN2"), ("CGM", "CG2"), ("PBP", "PB3"), ("PBQ", "PD2"), ("W2", "WN3"),
    ("HTM", "HT2"), ("W3", "WN4"), ("DQM", "DQ2"), ("W4", "WN5"), ("YAM", "YA2"), ("YAK", "YA4"),
    ("W5", "WN6"), ("CLM", "CL2"), ("CLG", "GCL"), ("W6", "WN7"), ("XLM", "XL2"), ("W7", "WN8"),
    ("PAP", "PA3"), ("PAQ", "PD1"), ("W8", "WN9"), ("WYP", "WY4"), ("SCM", "SC2"), ("LJM", "LJ2"),
    ("WJM", "WJ2"), ("W9", "WJ3"), ("WJP", "WJ4"),
]  # fmt: skip


def flows() -> dict[str, np.ndarray]:
    """Flow of the table in every reach, structure and month in whole litres per second.

    It balances at every junction.
    """
    litres = {
        reach: np.rint(1000 * (low + (high - low) * SEASON)).astype(int)
        for reach, (low, high) in CHOSEN_FLOW.items()
    }
    litres["PC1"] = np.rint(1000 * np.array(PARK_CANAL_FLOW)).astype(int)
    litres["YA3"] = np.rint(OLD_ARM_SHARE * (litres["YA1"] + litres["NC4"])).astype(int)
    for node, reach in DERIVED:
        litres[reach] = sum(
            litres[other] * ((end[1] == node) - (end[0] == node))
            for other, end in (REACHES | STRUCTURES).items()
            if other in litres
        )
    return litres


def flow_tables() -> dict[str, pd.DataFrame]:
    """Stages, structures, what enters and leaves elsewhere, and the table of flows."""
    litres = flows()
    net = dict.fromkeys(NODES, np.zeros(12, dtype=int))
    for link, row in (REACHES | STRUCTURES).items():
        net[row[0]] = net[row[0]] + litres[link]
        net[row[1]] = net[row[1]] - litres[link]
    outside = {n: value for n, value in net.items() if value.any() and n not in STAGES}
    openings = [
        ("GCL", period, WET_OPENING if wet else GATE[4], None)
        for period, wet in zip(PERIODS, WET, strict=True)
    ]
    return {
        "stages": table("node period stage[m] note", _monthly(STAGES, 1)),
        "structures": _structures(),
        "openings": table("structure period opening[m] note", openings),
        "boundaries": table("node period flow[m3/s] note", _monthly(outside, 1000)),
        "flows": table(
            "reach period flow[m3/s] note", _monthly({r: litres[r] for r in REACHES}, 1000)
        ),
    }


def _monthly(series: dict[str, list[float] | np.ndarray], divisor: int) -> list[tuple]:
    """Rows of label, period, value and an empty note."""
    return [
        (label, period, value / divisor, None)
        for label, values in series.items()
        for period, value in zip(PERIODS, values, strict=True)
    ]


def _structures() -> pd.DataFrame:
    return table(
        "structure structure_type from_node to_node crest[m] width[m] opening[m] name",
        [("GCL", "gate", *GATE)],
    )
