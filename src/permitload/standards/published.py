"""Tables of published numbers: limits of GB 3838-2002, and what may leave an outlet.

How a number is known (``evidence``) stands beside it: ``verified`` against the text, ``seen`` in
the text or an excerpt, ``secondary`` (public sources that agree), ``memory``, ``uncertain`` (from
memory, some digits may be off), ``proposal``, ``given`` by the user. A number of the law is called
statutory where it is verified, seen or given; where it is secondary, with a warning in its note;
else it is assumed.
"""

from __future__ import annotations

import pandas as pd

from permitload._frames import complete, fault_at, listed
from permitload.errors import DataError, Fault, raise_faults
from permitload.schema import TABLES
from permitload.standards import _gb3838
from permitload.standards._emission import ABSENT, DRAINAGE, LIMITS, UNITS, URBAN
from permitload.standards._lookup import LAWFUL, TRUSTED, flagged, sense

__all__ = ["emission_limits", "quality_limits"]

_EVIDENCE = (*LAWFUL, "memory", "uncertain", "proposal")


def emission_limits(table: pd.DataFrame | None = None, document: str | None = None) -> pd.DataFrame:
    """List emission limits and benchmark drainage, own rows in place of the library's.

    Parameters
    ----------
    table : DataFrame, optional
        Own rows, in the columns of ``emission_limits`` in :data:`permitload.schema.TABLES`. A
        row replaces that of the same document, clause, quantity, pollutant, discharge and
        condition; others are added.
    document : str, optional
        Rows of this document alone, such as ``GB 4287-2012``.

    Returns
    -------
    DataFrame
        ``document``, ``clause``, ``quantity`` (``emission_limit`` or ``benchmark_drainage``),
        ``pollutant``, ``discharge`` (direct or indirect), ``condition`` (for drainage the
        product), ``value`` in ``unit``, ``basis``, ``evidence``, ``note``.

    Raises
    ------
    DataError
        With every own row that is not valid, or that calls statutory what is not verified; if
        there is no row of the document.

    Notes
    -----
    Defaults for a study to replace, not legal text: numbers from memory are ``assumed``.

    Examples
    --------
    >>> found = emission_limits(document="GB 4287-2012")
    >>> antimony = found[(found["pollutant"] == "Sb") & (found["discharge"] == "direct")]
    >>> antimony[["value", "unit", "basis", "evidence"]].values.tolist()
    [[0.1, 'mg/L', 'statutory', 'seen']]
    """
    own = complete(table, "emission_limits")
    _refuse_wrong(own)
    own["basis"] = own["basis"].mask(own["basis"] == "", "assumed")
    columns = (own[name] for name in ("basis", "evidence", "note"))
    own["note"] = list(map(flagged, *columns))
    key = list(TABLES["emission_limits"].key)
    # the last of a key stands, and where the first stood
    rows = pd.concat([_published(), own], ignore_index=True)
    place = rows.groupby(key, sort=False).ngroup()
    rows = rows.loc[place.drop_duplicates(keep="last").sort_values().index].reset_index(drop=True)
    if document is None:
        return rows
    found = rows[rows["document"] == document].reset_index(drop=True)
    if found.empty:
        problem = "has no number here"
        if document.startswith(ABSENT):
            problem = "has no number that is known well enough"
        right = f"own rows, or one of {listed(rows['document'].unique(), most=9)}"
        raise DataError([Fault("emission_limits", None, "document", document, problem, right)])
    return found


def _published() -> pd.DataFrame:
    """Build the rows of the library."""
    rows = []
    for document, clause, evidence, text in LIMITS:
        for line in text.strip().splitlines():
            pollutant, condition, *values = (cell.strip() for cell in line.split("|"))
            rows += [
                (document, clause, "emission_limit", pollutant, way, condition, float(value),
                 UNITS.get(pollutant, "mg/L"), evidence)
                for way, value in zip(("direct", "indirect"), values, strict=True)
                if value != "-"
            ]  # fmt: skip
    for document, clause, evidence, unit, text in DRAINAGE:
        for line in text.strip().splitlines():
            product, value = (cell.strip() for cell in line.split("|"))
            rows.append((document, clause, "benchmark_drainage", "", "", product, float(value),
                         unit, evidence))  # fmt: skip
    names = [c.name for c in TABLES["emission_limits"].columns if c.name not in ("basis", "note")]
    table = pd.DataFrame(rows, columns=names)
    table["basis"] = table["evidence"].map(
        lambda mark: "statutory" if mark in TRUSTED else "assumed"
    )
    urban = (table["document"] == "GB 4287-2012") & (table["discharge"] == "indirect")
    table["note"] = urban.map({True: URBAN, False: ""})
    return table[[column.name for column in TABLES["emission_limits"].columns]]


def _refuse_wrong(own: pd.DataFrame) -> None:
    """Refuse own rows with labels that do not exist, or that call a guess a law."""
    allowed = {
        "quantity": ("emission_limit", "benchmark_drainage"),
        "discharge": ("direct", "indirect", ""),
        "basis": ("statutory", "pilot", "assumed", ""),
        "evidence": _EVIDENCE,
    }
    found = []
    for i, row in enumerate(own.to_dict("records")):
        found += [
            fault_at(own, "emission_limits", i, name, "is not valid", f"one of {listed(right, 9)}")
            for name, right in allowed.items()
            if row[name] not in right
        ]
        if row["value"] < 0.0:
            found.append(fault_at(own, "emission_limits", i, "value", "is too small", "at least 0"))
        if row["basis"] == "statutory" and row["evidence"] not in LAWFUL:
            problem = f"is no basis of a number whose evidence is {row['evidence']}"
            right = "assumed, or evidence verified"
            found.append(fault_at(own, "emission_limits", i, "basis", problem, right))
    raise_faults(found)


def quality_limits() -> pd.DataFrame:
    """List every number of GB 3838-2002 that the library holds, with its place and evidence.

    Returns
    -------
    DataFrame
        ``document``, ``clause`` (Table 1, 2, 3), ``indicator``, ``name`` (Chinese),
        ``water_type`` (empty for both), ``water_class`` (empty for all), ``sense``, ``value`` in
        ``unit``, ``evidence``: all 109 items.

    Examples
    --------
    >>> table = quality_limits()
    >>> table[table["indicator"] == "Sb"][["clause", "value", "unit", "evidence"]].values.tolist()
    [['Table 3', 0.005, 'mg/L', 'secondary']]
    """
    rows: list[tuple[str, str, str, str, str, float, str]] = [
        ("Table 1", "T", "", "", f"{change} ≤", most, "degC")
        for change, most in _gb3838.TEMPERATURE.items()
    ]
    rows += [
        ("Table 1", "pH", "", "", side, end, "1")
        for side, end in zip(("≥", "≤"), _gb3838.PH, strict=True)
    ]
    tables = (
        ("mg/L", {name: ("", row) for name, row in _gb3838.BASIC.items()} | {
            "TP": ("river", _gb3838.BASIC["TP"])}),
        ("mg/L", {name: ("lake", row) for name, row in _gb3838.LAKE.items()}),
        ("1/L", {"FC": ("", _gb3838.COLIFORM)}),
    )  # fmt: skip
    rows += [
        ("Table 1", name, water, label, sense(name), value, unit)
        for unit, table in tables
        for name, (water, row) in table.items()
        for label, value in zip(_gb3838.CLASSES, row, strict=True)
    ]
    rows += [
        (f"Table {number}", name, "", "", "≤", value, "mg/L")
        for number, table in ((2, _gb3838.SUPPLEMENTARY), (3, _gb3838.DRINKING))
        for name, value in table.items()
    ]
    columns = ["clause", "indicator", "water_type", "water_class", "sense", "value", "unit"]
    found = pd.DataFrame(rows, columns=columns)
    found.insert(0, "document", "GB 3838-2002")
    found.insert(3, "name", found["indicator"].map(_gb3838.NAMES))
    return found.assign(evidence=_gb3838.EVIDENCE)
