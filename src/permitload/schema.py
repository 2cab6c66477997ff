"""Every variable and table, declared once: name, dimensions, unit, bounds, meaning, Chinese term.

Borders validate against these declarations; the glossary page and the CSV templates are
printed from them (``permitload schema``).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from permitload._tables import COMPONENTS, DATASETS, PARK_TOTALS, STOPS, TABLES, Column, Table
from permitload._terms import TERMS
from permitload._variables import DIMENSIONS, VARIABLES, Variable
from permitload.errors import Fault, raise_faults

__all__ = [
    "COMPONENTS",
    "DATASETS",
    "DIMENSIONS",
    "PARK_TOTALS",
    "STOPS",
    "TABLES",
    "TERMS",
    "VARIABLES",
    "Column",
    "Table",
    "Variable",
    "described",
    "faults_of_schema",
    "glossary",
    "header",
    "template",
    "text",
    "validate",
    "value_faults",
]


def header(name: str) -> str:
    """CSV header of a variable: its name, and its unit where it has one.

    Parameters
    ----------
    name : str
        A declared variable.

    Returns
    -------
    str
        For example ``length [m]``.

    Examples
    --------
    >>> header("length"), header("reach"), header("held")
    ('length [m]', 'reach', 'held')
    """
    unit = VARIABLES[name].unit
    return name if unit in ("", "1", "time") else f"{name} [{unit}]"


def template(table: str) -> str:
    """Header line of a table's CSV file.

    Parameters
    ----------
    table : str
        Name of a table.

    Returns
    -------
    str
        Comma-separated headers with units.

    Examples
    --------
    >>> template("boundaries")
    'node,period,flow [m3/s],note'
    """
    return ",".join(header(column.name) for column in TABLES[table].columns)


def text(labels: pd.Series[str]) -> pd.Series[str]:
    """Labels as text, with an empty string where there is none.

    Parameters
    ----------
    labels : Series
        Labels of any type, with or without missing values.

    Returns
    -------
    Series
        Labels as ``str``.

    Examples
    --------
    >>> text(pd.Series(["R1", None, 3])).tolist()
    ['R1', '', '3']
    """
    if labels.dtype == "str" and not labels.hasnans:
        return labels
    return labels.astype(object).where(labels.notna(), "").astype(str)


def glossary() -> list[Variable]:
    """All declared variables, in the order of declaration.

    Returns
    -------
    list of Variable
        Dimensions first.

    Examples
    --------
    >>> glossary()[0].term
    '河段'
    """
    return list(VARIABLES.values())


def described(dataset: xr.Dataset) -> xr.Dataset:
    """Give every declared variable and coordinate its unit and meaning.

    Parameters
    ----------
    dataset : Dataset
        With variables of any names.

    Returns
    -------
    Dataset
        The same values; ``units`` and ``long_name`` of the declared ones in their attributes.

    Examples
    --------
    >>> described(xr.Dataset({"flow": ("reach", [1.0])})).flow.attrs["units"]
    'm3/s'
    """
    result = dataset.copy()
    for name, array in result.variables.items():
        variable = VARIABLES.get(str(name))
        if variable is not None:
            unit = {} if variable.is_label or variable.is_date else {"units": variable.unit}
            array.attrs = {"long_name": variable.meaning} | unit
    return result


def validate(dataset: xr.Dataset, kind: str) -> None:
    """Refuse a Dataset that does not fit its declaration.

    Parameters
    ----------
    dataset : Dataset
        What is about to be used.
    kind : str
        A key of :data:`DATASETS`.

    Raises
    ------
    DataError
        With every missing variable, wrong dimension, NaN and value out of bounds.

    Examples
    --------
    >>> validate(xr.Dataset(), "limits")
    Traceback (most recent call last):
    permitload.errors.DataError: 1 fault:
      limits, limit: is missing; right would be dimensions (section, indicator, period)
    """
    faults = []
    for name, dims in DATASETS[kind].items():
        if name not in dataset:
            expected = f"dimensions ({', '.join(dims)})"
            faults.append(Fault(kind, None, name, None, "is missing", expected))
            continue
        array = dataset[name]
        if set(array.dims) != set(dims):
            problem = f"has dimensions {tuple(map(str, array.dims))}"
            faults.append(Fault(kind, None, name, None, problem, f"{dims}"))
        elif not VARIABLES[name].is_label:
            faults.extend(value_faults(array, kind))
    raise_faults(faults)


def value_faults(array: xr.DataArray, kind: str) -> list[Fault]:
    """List NaN and values out of bounds, naming the first place of each.

    Parameters
    ----------
    array : DataArray
        A declared variable, with its name.
    kind : str
        Name of the table or Dataset in messages.

    Returns
    -------
    list of Fault
        At most one of each kind.

    Examples
    --------
    >>> print(value_faults(xr.DataArray([-1.0], dims="reach", name="area"), "hydraulics")[0])
    hydraulics, row reach 0, area: -1.0 is too small (1 of 1 values); right would be at least 0 m2
    """
    variable = VARIABLES[str(array.name)]
    values = np.asarray(array.values, dtype=float)
    faults = []
    for bad, problem, expected in (
        (np.isnan(values), "is not a number", "a number"),
        (values < variable.lower, "is too small", f"at least {variable.lower:g} {variable.unit}"),
        (values > variable.upper, "is too large", f"at most {variable.upper:g} {variable.unit}"),
    ):
        if bad.any():
            place = tuple(int(i) for i in np.argwhere(bad)[0])
            label = ", ".join(
                f"{dim} {array[dim].values[i]}" if dim in array.coords else f"{dim} {i}"
                for dim, i in zip(array.dims, place, strict=True)
            )
            first = f"{problem} ({int(bad.sum())} of {bad.size} values)"
            faults.append(Fault(kind, label, variable.name, values[place], first, expected))
    return faults


def faults_of_schema() -> list[Fault]:
    """Contradictions inside the declarations themselves: the schema checks itself.

    Returns
    -------
    list of Fault
        Empty when every table column and Dataset variable is declared, every key is a
        column, bounds are in order, and every variable has a Chinese term.

    Examples
    --------
    >>> faults_of_schema()
    []
    """
    faults = []
    for variable in VARIABLES.values():
        if variable.lower > variable.upper:
            faults.append(
                Fault(
                    "schema",
                    variable.name,
                    "lower",
                    variable.lower,
                    "exceeds the upper bound",
                    "lower ≤ upper",
                )
            )
        if not any("\u4e00" <= letter <= "\u9fff" for letter in variable.term):
            faults.append(
                Fault(
                    "schema",
                    variable.name,
                    "term",
                    variable.term,
                    "is not Chinese",
                    "the Chinese term",
                )
            )
    for table in TABLES.values():
        names = [column.name for column in table.columns]
        faults.extend(
            Fault("schema", table.name, name, None, "is not declared", "a name in VARIABLES")
            for name in names
            if name not in VARIABLES
        )
        faults.extend(
            Fault("schema", table.name, name, None, "is no column", "a key that is a column")
            for name in table.key
            if name not in names
        )
        if len(set(names)) < len(names):
            faults.append(Fault("schema", table.name, "columns", None, "repeats", "unique names"))
    for kind, variables in DATASETS.items():
        for name, dims in variables.items():
            faults.extend(
                Fault("schema", kind, word, None, "is not declared", "a name in VARIABLES")
                for word in (name, *dims)
                if word not in VARIABLES
            )
    return faults
