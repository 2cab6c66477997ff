"""Unit loads and into-river shares to begin with, each with what is known of its origin.

None of them is law: they are starting points that a study replaces by local surveys, and their
evidence says how far each may be trusted.
"""

from __future__ import annotations

import pandas as pd

__all__ = [
    "delivery_shares",
    "event_concentrations",
    "farmland_factors",
    "fertiliser_shares",
    "unit_loads",
]

_GUIDE = "national capacity guide of 2003"
_CENSUS = "second pollution census, local annex"
_PLOTS = "plots of three years, Yangtze delta plain"

# activity, unit, pollutant, kg/a per unit, stated at, evidence, document
_UNIT_LOADS = [
    ("rural_resident", "person", "COD", 14.6, "edge_of_field", "memory", _GUIDE),
    ("rural_resident", "person", "NH3-N", 1.46, "edge_of_field", "memory", _GUIDE),
    ("rural_resident", "person", "TN", 1.825, "edge_of_field", "memory", "Taihu literature"),
    ("rural_resident", "person", "TP", 0.1606, "edge_of_field", "memory", "Taihu literature"),
    ("standard_farmland", "mu", "COD", 10.0, "edge_of_field", "memory", _GUIDE),
    ("standard_farmland", "mu", "NH3-N", 2.0, "edge_of_field", "memory", _GUIDE),
    ("pig", "head", "COD", 18.25, "edge_of_field", "memory", _GUIDE),
    ("pig", "head", "NH3-N", 3.65, "edge_of_field", "memory", _GUIDE),
    *(
        (animal, "head", pollutant, pigs * of_pig, "edge_of_field", "memory", f"{_GUIDE}, {words}")
        for animal, pigs, words in (
            ("layer", 1 / 30, "30 layers are a pig"),
            ("broiler", 1 / 60, "60 broilers are a pig"),
            ("sheep", 1 / 3, "3 sheep are a pig"),
            ("cow", 5.0, "a cow is 5 pigs"),
        )
        for pollutant, of_pig in (("COD", 18.25), ("NH3-N", 3.65))
    ),
    ("rice_wheat", "ha", "TN", 30.0, "edge_of_field", "proposed", "5.2 % of 585 kg/ha"),
    ("rice_wheat", "ha", "TP", 1.2, "edge_of_field", "proposed", "1.3 % of 92 kg/ha"),
    ("rice_wheat", "ha", "NH3-N", 8.0, "edge_of_field", "proposed", ""),
    ("rice_wheat", "ha", "COD", 150.0, "edge_of_field", "proposed", ""),
]

# activity, pollutant, share of what is applied, stated at, evidence, document
_FERTILISER = [
    (crop, pollutant, share, "into_water", "seen", _CENSUS)
    for crop, shares in {
        "single_rice": (0.00694, 0.00004, 0.00105),
        "open_vegetables": (0.00948, 0.00011, 0.00064),
        "wheat_maize": (0.00389, 0.00034, 0.00080),
        "other_field": (0.00406, 0.00039, 0.00083),
        "orchard": (0.00692, 0.00006, 0.00038),
    }.items()
    for pollutant, share in zip(("TN", "NH3-N", "TP"), shares, strict=True)
] + [
    (crop, "TN", share, "edge_of_field", "seen", _PLOTS)
    for crop, share in {"rice": 0.053, "wheat": 0.051, "greenhouse_vegetables": 0.030}.items()
]

# activity, lower, upper, evidence
_DELIVERY = [
    ("crop", 0.1, 0.3, "seen"),
    ("livestock", 0.3, 0.5, "seen"),
    ("rural_resident", 0.2, 0.5, "seen"),
    ("aquaculture", 0.15, 0.15, "seen"),
]

# activity, pollutant, mg/L: low confidence, sites differ threefold either way
_EVENT = [
    (activity, pollutant, mean, mean / 3.0, mean * 3.0, "memory")
    for activity in ("urban_runoff", "aquaculture")
    for pollutant, mean in {"COD": 60.0, "NH3-N": 1.5, "TN": 4.0, "TP": 0.4}.items()
]

# condition, case, lower, upper
_FARMLAND = [
    ("slope", "below 25 degrees", 1.0, 1.2),
    ("slope", "from 25 degrees", 1.2, 1.5),
    ("soil", "sand", 0.8, 1.0),
    ("soil", "loam", 1.0, 1.0),
    ("soil", "clay", 0.6, 0.8),
    ("fertiliser", "below 25 kg/mu", 0.8, 1.0),
    ("fertiliser", "25 to 35 kg/mu", 1.0, 1.2),
    ("fertiliser", "above 35 kg/mu", 1.2, 1.5),
    ("rain", "below 400 mm", 0.6, 1.0),
    ("rain", "400 to 800 mm", 1.0, 1.2),
    ("rain", "above 800 mm", 1.2, 1.5),
]


def unit_loads() -> pd.DataFrame:
    """List unit loads of activities: unverified starting points, to be replaced by local ones.

    Returns
    -------
    DataFrame
        ``activity``, ``activity_unit``, ``pollutant``, ``unit_load`` [kg/a], ``stated_at``,
        ``evidence`` (memory: from memory; proposed: derived by us), ``document``.

    References
    ----------
    As each row says. Other animals than pigs are pig equivalents. Ponds of aquaculture have no
    unit load here: they are drained water at :func:`event_concentrations`, or a local survey.

    Examples
    --------
    >>> table = unit_loads().set_index(["activity", "pollutant"])
    >>> float(table.loc[("pig", "COD"), "unit_load"])
    18.25
    """
    columns = ["activity", "activity_unit", "pollutant", "unit_load", "stated_at"]
    return pd.DataFrame(_UNIT_LOADS, columns=[*columns, "evidence", "document"])


def fertiliser_shares() -> pd.DataFrame:
    """List shares of applied N or P that are lost, by crop, each with its basis.

    Returns
    -------
    DataFrame
        ``activity``, ``pollutant``, ``loss_share`` [1, of N or P applied], ``stated_at``,
        ``evidence``, ``document``. Rows of the two bases differ about tenfold. That the census's
        are into water is our reading of that difference.

    Examples
    --------
    >>> table = fertiliser_shares()
    >>> table[table["activity"] == "single_rice"]["loss_share"].tolist()
    [0.00694, 4e-05, 0.00105]
    """
    columns = ["activity", "pollutant", "loss_share", "stated_at", "evidence", "document"]
    return pd.DataFrame(_FERTILISER, columns=columns)


def delivery_shares() -> pd.DataFrame:
    """List ranges of into-river shares found in published models: none is a rule.

    Returns
    -------
    DataFrame
        ``activity``, ``lower``, ``upper`` [1], ``evidence``.

    Examples
    --------
    >>> delivery_shares()["lower"].tolist()
    [0.1, 0.3, 0.2, 0.15]
    """
    return pd.DataFrame(_DELIVERY, columns=["activity", "lower", "upper", "evidence"])


def event_concentrations() -> pd.DataFrame:
    """List mean concentrations of urban storm runoff and drained ponds, to begin with.

    Returns
    -------
    DataFrame
        ``activity``, ``pollutant``, ``event_concentration``, ``lower``, ``upper`` [mg/L],
        ``evidence``. All from memory, of low confidence: sites differ threefold, which
        ``lower`` and ``upper`` show.

    Examples
    --------
    >>> table = event_concentrations().set_index(["activity", "pollutant"])
    >>> float(table.loc[("urban_runoff", "TN"), "event_concentration"])
    4.0
    """
    columns = ["activity", "pollutant", "event_concentration", "lower", "upper", "evidence"]
    return pd.DataFrame(_EVENT, columns=columns)


def farmland_factors() -> pd.DataFrame:
    """List factors by which the unit load of a standard farmland is multiplied, one a condition.

    They are ranges: a study picks a number in each, and multiplies :func:`unit_loads` by them.

    Returns
    -------
    DataFrame
        ``condition``, ``case``, ``lower``, ``upper`` [1], ``evidence``.

    References
    ----------
    National capacity guide of 2003 (from memory, unverified).

    Examples
    --------
    >>> table = farmland_factors().set_index(["condition", "case"])
    >>> table.loc[("rain", "above 800 mm"), ["lower", "upper"]].tolist()
    [1.2, 1.5]
    """
    columns = ["condition", "case", "lower", "upper"]
    return pd.DataFrame(_FARMLAND, columns=columns).assign(evidence="memory")
