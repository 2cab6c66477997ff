"""Unit loads and into-river shares to begin with, each with what is known of its origin.

None of them is law: they are starting points that a study replaces by local surveys, and their
evidence says how far each may be trusted.
"""

from __future__ import annotations

import pandas as pd

__all__ = ["delivery_shares", "fertiliser_shares", "unit_loads"]

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


def unit_loads() -> pd.DataFrame:
    """List unit loads of activities: unverified starting points, to be replaced by local ones.

    Returns
    -------
    DataFrame
        ``activity``, ``activity_unit``, ``pollutant``, ``unit_load`` [kg/a], ``stated_at``,
        ``evidence`` (memory: from memory; proposed: derived by us), ``document``.

    References
    ----------
    As each row says. Animals: one pig stands for 30 layers or 60 broilers, a sheep for a third of
    a pig, a cow for five (from memory, unverified).

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
