"""From capacity to source classes, sectors and enterprises: a total shared down a tree."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload._labels import number
from permitload.allocation._cases import DIMS, numbers_of
from permitload.errors import DataError, Fault, InfeasibleError, raise_faults
from permitload.sharing import capped_proportional, proportional_level

__all__ = ["distortion", "leaf_target", "split", "trace"]

Floats = NDArray[np.float64]

_NOISE = 1e-12
"""Relative gap between a floor and a ceiling that is taken for round-off."""
_NO_NUMBER = ("is a text", "a number")
_TRACED = (
    ("weight", "kg/d", "tree"),
    ("floor", "kg/d", "tree"),
    ("ceiling", "kg/d", "tree"),
    ("level", "1", "share per weight among the siblings"),
    ("equivalent", "kg/d", "level × weight, within floor and ceiling"),
    ("delivery_ratio", "1", "tree"),
    ("target", "kg/d", "equivalent / delivery_ratio"),
)
"""Numbers of a node, their units and references."""


def split(tree: pd.DataFrame, total: float) -> pd.DataFrame:
    """Share a total of the section down a tree: source classes, sectors, enterprises.

    All is shared in section equivalents, the load as it arrives at the section. Outlet loads of
    different delivery are never added up: the numbers of leaves are multiplied by their
    ``delivery_ratio`` first, and only the leaves' shares are divided by it.

    Up: floors and ceilings of children add up to bounds of their parent. Down: each node is
    shared among its children in proportion to their weights, between these bounds
    (:func:`sharing.capped_proportional`); what one cannot take goes to its siblings first, then
    to other branches, and what nobody can take is the surplus of the root.

    Parameters
    ----------
    tree : DataFrame
        ``node``, ``parent`` (empty for the root), ``weight``, ``floor`` (default 0),
        ``ceiling`` (default none), ``delivery_ratio`` (leaves, default 1). Weight, floor and
        ceiling of a leaf are at its outlet (present load × coefficient, bounds [kg/d]); those of
        other nodes at the section. An empty weight of these is the sum of their children's.
    total : float
        What is shared, at the section [kg/d], >= 0.

    Returns
    -------
    DataFrame
        The rows of the tree: ``node``, ``parent``, ``weight``, ``floor``, ``ceiling`` (bounds
        of the branch), ``equivalent`` (its share), all at the section [kg/d]; ``level``, the
        share per weight among its siblings; ``stopped_by`` (``floor``, ``ceiling``, ``parent``
        where siblings took the rest); ``equal_parts``, 1 where a weight of 0 shares in equal
        parts; ``delivery_ratio``; ``target``, the load at a leaf's outlet [kg/d], NaN elsewhere;
        ``surplus`` [kg/d], at the root.

    Raises
    ------
    InfeasibleError
        If floors exceed ceilings at a node, or the total; the table names every such node.
    DataError
        With everything that makes the table no tree, or a number no weight or bound.

    Warns
    -----
    UserWarning
        If nodes of weight 0 share in equal parts.

    Examples
    --------
    >>> tree = pd.DataFrame({"node": ["all", "E1", "E2"], "parent": ["", "all", "all"],
    ...                      "weight": [np.nan, 100.0, 100.0], "delivery_ratio": [1, 0.8, 0.5]})
    >>> split(tree, 104.0).set_index("node")["target"].round(9).to_dict()
    {'all': nan, 'E1': 80.0, 'E2': 80.0}
    """
    if not 0 <= number(total, "total") < np.inf:
        raise DataError(f"total is {total}; right would be a total >= 0 [kg/d]")
    table = _read(tree)
    place = pd.Index(table["node"])
    above = place.get_indexer(table["parent"])
    children = {int(node): np.flatnonzero(above == node) for node in np.unique(above[above >= 0])}
    down = _downwards(table, above, children)
    _up(table, children, down)
    share, level = np.full((2, len(table)), np.nan)
    share[down[0]] = _placed(table, down[0], total)
    for node in down:
        if node not in children:
            continue
        kids = children[node]
        parts = [table[name].to_numpy()[kids] for name in ("weight", "floor", "ceiling")]
        share[kids] = capped_proportional(share[node], *parts)
        level[kids] = proportional_level(share[node], *parts)
    held = np.where(share <= table["floor"], "floor", "parent")
    found = table.assign(
        equivalent=share,
        level=level,
        stopped_by=np.where(share >= table["ceiling"], "ceiling", held),
        equal_parts=((table["weight"] == 0.0) & (share > table["floor"]) & (above >= 0)).astype(
            float
        ),
        target=(share / table["delivery_ratio"]).mask(table.index.isin(children)),
        surplus=np.where(above < 0, total - share, 0.0),
    )
    return found.set_index(tree.index)


def _read(tree: pd.DataFrame) -> pd.DataFrame:
    """Check the rows, and bring the numbers of leaves to the section."""
    names = ["node", "parent", "weight", "floor", "ceiling", "delivery_ratio"]
    raise_faults(
        [
            Fault("tree", None, name, None, "is missing", "a column")
            for name in names[:3]
            if name not in tree
        ]
    )
    table = tree.reset_index(drop=True).reindex(columns=names)
    table["parent"] = table["parent"].astype(object).where(table["parent"].notna(), "")
    texts = table[names[2:]].map(lambda value: isinstance(value, str | bool))
    raise_faults(
        [
            Fault("tree", str(table["node"][k]), names[2 + j], table.iloc[k, 2 + j], *_NO_NUMBER)
            for k, j in np.argwhere(texts.to_numpy())
        ]
    )
    defaults = {"floor": 0.0, "ceiling": np.inf, "delivery_ratio": 1.0}
    table = table.fillna(defaults).astype({"weight": float} | dict.fromkeys(defaults, float))
    leaf = ~table["node"].isin(table["parent"])
    checks = {
        "node": (
            table["node"].duplicated() | table["node"].isna() | (table["node"] == ""),
            "a name of its own",
        ),
        "parent": (~table["parent"].isin([*table["node"], ""]), "a node, or empty for the root"),
        "weight": (~((table["weight"] >= 0) & (table["weight"] < np.inf))
                   & (leaf | table["weight"].notna()), "a number >= 0"),
        "floor": (~((table["floor"] >= 0) & (table["floor"] < np.inf)), "a number >= 0"),
        "ceiling": (~(table["ceiling"] >= 0), "a number >= 0"),
        "delivery_ratio": (leaf & ~((table["delivery_ratio"] > 0)
                                    & (table["delivery_ratio"] < np.inf)),
                           "a number > 0; a source that does not reach the section is no leaf"),
    }  # fmt: skip
    faults = [
        Fault("tree", str(table["node"][k]), name, table[name][k], "is wrong here", right)
        for name, (wrong, right) in checks.items()
        for k in np.flatnonzero(wrong)
    ]
    roots = table["node"][table["parent"] == ""].astype(str).tolist()
    if len(roots) != 1:
        right = "one root, its parent empty"
        faults.append(Fault("tree", None, "parent", ", ".join(roots), "are the roots", right))
    raise_faults(faults)
    delivery = table["delivery_ratio"].where(leaf, 1.0)
    for name in ("weight", "floor", "ceiling"):
        table[name] *= delivery
    return table.assign(delivery_ratio=delivery)


def _downwards(
    table: pd.DataFrame, above: NDArray[np.int64], children: Mapping[int, NDArray[np.int64]]
) -> list[int]:
    """Nodes from the root down, parents before children."""
    order = np.flatnonzero(above < 0).tolist()
    for node in order:  # grows while it is read
        order += children.get(node, np.empty(0, dtype=np.int64)).tolist()
    raise_faults(
        Fault("tree", str(table["node"][k]), "parent", table["parent"][k], "leads in a circle",
              "a way up to the root")
        for k in sorted(set(range(len(table))) - set(order))
    )  # fmt: skip
    return order


def _up(table: pd.DataFrame, children: Mapping[int, NDArray[np.int64]], down: list[int]) -> None:
    """Add up weights and bounds from the leaves; refuse nodes whose floor exceeds the ceiling."""
    weight, floor, ceiling = (
        table[name].to_numpy(copy=True) for name in ("weight", "floor", "ceiling")
    )
    for node in reversed(down):
        if node in children:
            kids = children[node]
            if np.isnan(weight[node]):
                weight[node] = math.fsum(weight[kids])
            floor[node] = max(floor[node], math.fsum(floor[kids]))
            ceiling[node] = min(ceiling[node], math.fsum(ceiling[kids]))
    table["weight"], table["floor"], table["ceiling"] = weight, floor, ceiling
    gap = floor - ceiling
    wrong = table.assign(missing=gap)[gap > _NOISE * floor]
    if len(wrong):
        names = ", ".join(
            f"{node} ({low:g} over {high:g})"
            for node, low, high in wrong[["node", "floor", "ceiling"]].itertuples(index=False)
        )
        message = f"floors exceed ceilings at {names} kg/d"
        raise InfeasibleError(message, wrong[["node", "floor", "ceiling", "missing"]])
    table["ceiling"] = np.maximum(ceiling, floor)


def _placed(table: pd.DataFrame, root: int, total: float) -> float:
    """Part of the total that the root can take; refuse a total below its floor."""
    row = table.loc[[root], ["node", "floor", "ceiling"]]
    low, high = float(row["floor"].iloc[0]), float(row["ceiling"].iloc[0])
    if low - total > _NOISE * low:
        message = f"floors add up to {low:g} kg/d at the section, more than the total {total:g}"
        raise InfeasibleError(message, row.assign(missing=low - total))
    return min(max(total, low), high)


def leaf_target(
    splits: Mapping[tuple[str, str], pd.DataFrame], sources: xr.Dataset
) -> xr.DataArray:
    """Make the leaves' loads a target: ``target=partial(leaf_target, splits)``.

    Parameters
    ----------
    splits : mapping of DataFrame
        Result of :func:`split` by (pollutant, period); leaves bear the names of sources.
    sources : Dataset
        Of :func:`allocate`: its coordinate ``source`` is the order of the target.

    Returns
    -------
    DataArray
        (source, pollutant, period) [kg/d].

    Raises
    ------
    DataError
        If a split is missing, or leaves and sources differ.

    Examples
    --------
    >>> tree = pd.DataFrame({"node": ["all", "E1"], "parent": ["", "all"], "weight": [1.0, 1.0]})
    >>> leaf_target({("TP", "dry"): split(tree, 5.0)}, xr.Dataset(coords={"source": ["E1"]})).item()
    5.0
    """
    source = sources.get_index("source")
    pollutants = list(dict.fromkeys(pollutant for pollutant, _ in splits))
    periods = list(dict.fromkeys(period for _, period in splits))
    found = np.full((len(source), len(pollutants), len(periods)), np.nan)
    faults = []
    for i, pollutant in enumerate(pollutants):
        for j, period in enumerate(periods):
            if (pollutant, period) not in splits:
                label = f"{pollutant}, {period}"
                faults.append(Fault("splits", label, "target", None, "is missing", "a split tree"))
                continue
            load = splits[pollutant, period].set_index("node")["target"].dropna()
            place = pd.Index(load.index).get_indexer(source)
            strange = {*load.index} ^ {*source}
            faults += [
                Fault("splits", str(name), "node", None, "is in one of two only", "the sources")
                for name in sorted(map(str, strange))
            ]
            found[:, i, j] = np.where(place < 0, np.nan, load.to_numpy()[place])
    raise_faults(faults)
    labels = {"source": source, "pollutant": pollutants, "period": periods}
    return xr.DataArray(found, labels, DIMS)


def trace(splits: Mapping[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
    """Show how each leaf's target came down the tree, in the columns of :func:`explain`.

    One row a number: from the class down to the leaf what each node weighs, its level and share
    at the section, ``equivalent = level × weight`` between ``floor`` and ``ceiling``; then
    ``target = equivalent / delivery_ratio``.

    Parameters
    ----------
    splits : mapping of DataFrame
        As for :func:`leaf_target`.

    Returns
    -------
    DataFrame
        ``source``, ``pollutant``, ``period``, ``step`` (``tree``), ``quantity``, ``value``,
        ``unit``, ``subject`` (the node) and ``reference``.

    Examples
    --------
    >>> tree = pd.DataFrame({"node": ["all", "E1"], "parent": ["", "all"], "weight": [1.0, 1.0]})
    >>> rows = trace({("TP", "dry"): split(tree, 5.0)})
    >>> rows.set_index("quantity")["value"].loc[["level", "equivalent", "target"]].tolist()
    [5.0, 5.0, 5.0]
    """
    return pd.concat([_traced(table, *key) for key, table in splits.items()], ignore_index=True)


def _traced(table: pd.DataFrame, pollutant: str, period: str) -> pd.DataFrame:
    """Rows of one tree: each leaf from the node below the root down to itself."""
    nodes = table.set_index("node")
    leaves = nodes.index[nodes["target"].notna()]
    names, units, references = (np.array(words) for words in zip(*_TRACED, strict=True))
    source, node = np.arange(len(leaves)), pd.Index(leaves)
    parts: list[pd.DataFrame] = []
    while len(node):
        of = nodes.loc[node]
        below = of["parent"].to_numpy() != ""  # the root has no share of anything
        source, node, of = source[below], node[below], of[below]
        numbers = of[names].reset_index(drop=True)
        if parts:
            numbers[["delivery_ratio", "target"]] = np.nan  # those of leaves alone
        parts.insert(0, numbers.assign(source=source, subject=node))
        node = pd.Index(of["parent"])
    rows = pd.concat(parts).sort_values("source", kind="stable")
    value = rows[names].to_numpy().ravel()
    there, count = ~np.isnan(value), len(rows)
    columns = {
        "source": np.repeat(leaves.to_numpy()[rows["source"]], len(names)),
        "pollutant": pollutant,
        "period": period,
        "step": "tree",
        "quantity": np.tile(names, count),
        "value": value,
        "unit": np.tile(units, count),
        "subject": np.repeat(rows["subject"].to_numpy(), len(names)),
        "reference": np.tile(references, count),
    }
    return pd.DataFrame(columns)[there]


def distortion(allocation: xr.Dataset, target: xr.DataArray) -> pd.DataFrame:
    """Measure how far the rows of sections and groups move permits from their target, and which.

    Parameters
    ----------
    allocation : Dataset
        Result of :func:`allocate`.
    target : DataArray
        (source, pollutant, period) [kg/d]: such as :func:`leaf_target`.

    Returns
    -------
    DataFrame
        ``pollutant``, ``period``, ``stopped_by`` and ``distortion``: half of the sum of
        ``|permitted_load − target|`` of the sources that it stopped, over the sum of all
        targets. The parts of a pollutant and period add up to its distortion; NaN where the
        targets are all 0.

    Raises
    ------
    DataError
        If labels differ or a number is NaN.

    Examples
    --------
    >>> labels = {"source": ["E1", "E2"], "pollutant": ["TP"], "period": ["dry"]}
    >>> load = xr.DataArray([[[3.0]], [[5.0]]], labels)
    >>> stops = xr.full_like(load, "S1", dtype=object)
    >>> found = xr.Dataset({"permitted_load": load, "stopped_by": stops})
    >>> distortion(found, xr.full_like(load, 5.0)).distortion.tolist()
    [0.1]
    """
    load = numbers_of(allocation["permitted_load"], allocation["permitted_load"], "permitted_load")
    wanted = numbers_of(target, allocation["permitted_load"], "target")
    with np.errstate(invalid="ignore", divide="ignore"):
        moved = 0.5 * np.abs(load - wanted) / wanted.sum(axis=0)
    moved[~np.isfinite(moved)] = np.nan
    stops = allocation["stopped_by"].transpose(*DIMS).values.astype(str)
    of = np.broadcast_arrays(*np.ix_(*(allocation[dim].values for dim in DIMS[1:])))
    frame = pd.DataFrame({
        "pollutant": np.broadcast_to(of[0], load.shape).ravel(),
        "period": np.broadcast_to(of[1], load.shape).ravel(),
        "stopped_by": stops.ravel(), "distortion": moved.ravel(),
    })  # fmt: skip
    keys = ["pollutant", "period", "stopped_by"]
    table = frame.groupby(keys, sort=False)["distortion"].agg(lambda part: part.sum(skipna=False))
    return table.reset_index()
