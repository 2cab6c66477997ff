"""What sources could reduce with the trains that they could choose, and what that costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from permitload._frames import complete, fault_at, listed
from permitload.errors import Fault, raise_faults
from permitload.technology._given import given as read
from permitload.units import flux

__all__ = [
    "by_concentration", "by_removal", "cut_tree", "potential_by", "reduction_potential",
    "train_options", "train_potential",
]  # fmt: skip

Rule = Callable[[pd.DataFrame], "pd.Series[float]"]

_CASE = ["source", "pollutant", "period"]


def by_concentration(candidates: pd.DataFrame) -> pd.Series[float]:
    """Achievable load: flow × the effluent that a train keeps.

    Parameters
    ----------
    candidates : DataFrame
        With ``wastewater_flow`` [m3/s] and ``achievable`` [mg/L].

    Returns
    -------
    Series
        [kg/d]; NaN where one of the two is not stated.

    Examples
    --------
    >>> by_concentration(pd.DataFrame({"wastewater_flow": [0.1], "achievable": [50.0]})).tolist()
    [432.0]
    """
    return flux(candidates["wastewater_flow"], candidates["achievable"])


def by_removal(candidates: pd.DataFrame) -> pd.Series[float]:
    """Achievable load: what a train leaves of the load that arises; for practices on land.

    Parameters
    ----------
    candidates : DataFrame
        With ``generated_load`` [kg/d] and ``removal`` [1].

    Returns
    -------
    Series
        [kg/d]; NaN where one of the two is not stated.

    Examples
    --------
    >>> by_removal(pd.DataFrame({"generated_load": [200.0], "removal": [0.25]})).tolist()
    [150.0]
    """
    return candidates["generated_load"] * (1.0 - candidates["removal"])


def train_potential(
    source_loads: pd.DataFrame, candidates: pd.DataFrame, rule: Rule = by_concentration
) -> pd.DataFrame:
    """Reduction potential of every train that a source could choose.

    Parameters
    ----------
    source_loads : DataFrame
        Table ``source_loads``: the present load [kg/d] by source, pollutant and period. Behind a
        works it counts at the works' outlet, and so must what a candidate reaches.
    candidates : DataFrame
        Table ``candidates``. A train and source without a row of a pollutant leaves it as it is.
    rule : function, default by_concentration
        Achievable load [kg/d] of each row of the candidates; or :func:`by_removal`, or one's own.

    Returns
    -------
    DataFrame
        One row a source, train, pollutant and period: ``source_load``, ``achievable_load``,
        ``potential`` [kg/d], ``potential_share`` of the present load, ``rule`` by name.

    Raises
    ------
    DataError
        With every candidate whose source and pollutant has no load, or for which the rule gives
        no number >= 0; and every load that is empty.

    Notes
    -----
    potential = max(present − achievable, 0): what is better than the train already has none.

    Examples
    --------
    >>> loads = pd.DataFrame({"source": ["A"], "pollutant": ["COD"], "source_load": [600.0]})
    >>> trains = pd.DataFrame({"source": ["A"], "train": ["MBR"], "pollutant": ["COD"],
    ...                        "achievable": [50.0], "wastewater_flow": [0.1]})
    >>> train_potential(loads, trains)["potential"].tolist()
    [168.0]
    """
    loads = complete(source_loads, "source_loads")
    given = complete(candidates, "candidates")
    reached = rule(given)
    raise_faults(_faults(loads, given, reached))
    names = ["source", "train", "pollutant"]
    every = given[names].assign(achievable_load=reached)
    found = every.merge(loads[[*_CASE, "source_load"]], on=["source", "pollutant"])
    return _potential(found.assign(rule=getattr(rule, "__name__", "rule")))


def _potential(table: pd.DataFrame) -> pd.DataFrame:
    """Add the potential and its share; a load of 0 has none."""
    present = table["source_load"]
    potential = (present - table["achievable_load"]).clip(lower=0.0)
    return table.assign(
        potential=potential, potential_share=potential / present.where(present > 0.0, 1.0)
    )


def _empty(loads: pd.DataFrame) -> Iterator[Fault]:
    """Find loads that are empty."""
    for i in np.flatnonzero(loads["source_load"].isna()).tolist():
        yield fault_at(loads, "source_loads", i, "source_load", "is empty", "a load [kg/d]")


def _faults(
    loads: pd.DataFrame, candidates: pd.DataFrame, reached: pd.Series[float]
) -> Iterator[Fault]:
    """Find loads that are empty; candidates without a load or an achievable one."""
    yield from _empty(loads)
    known = pd.MultiIndex.from_frame(loads[["source", "pollutant"]])
    lost = ~pd.MultiIndex.from_frame(candidates[["source", "pollutant"]]).isin(known)
    for i in np.flatnonzero(lost).tolist():
        right = "a pollutant with a row of source_loads"
        yield fault_at(candidates, "candidates", i, "pollutant", "has no load", right)
    values = np.asarray(reached, dtype=float)
    for i in np.flatnonzero(~(np.isfinite(values) & (values >= 0))).tolist():
        right = "what the rule needs: flow and concentration, or generated load and removal"
        yield fault_at(candidates, "candidates", i, "train", "has no achievable load", right)


def reduction_potential(source_loads: pd.DataFrame, train_potentials: pd.DataFrame) -> pd.DataFrame:
    """Reduction potential of every source: that of its best train, pollutant by pollutant.

    Where the best trains of two pollutants differ, a source reaches one of the two potentials
    alone: :func:`measures_plan` decides which.

    Parameters
    ----------
    source_loads : DataFrame
        Table ``source_loads``, as for :func:`train_potential`.
    train_potentials : DataFrame
        As :func:`train_potential` returns it, or several such tables together.

    Returns
    -------
    DataFrame
        One row a source, pollutant and period of the loads: ``source_load``, ``achievable_load``,
        ``potential`` [kg/d], ``potential_share``, ``train``, the best one, the first by label
        where several are equal, and ``rule``. A source without a candidate has no potential, and
        the rule ``no candidate``.

    Raises
    ------
    DataError
        If a load is empty, or a potential has no load.

    Examples
    --------
    >>> loads = pd.DataFrame({"source": ["A", "B"], "pollutant": "TN", "source_load": 9.0})
    >>> trains = pd.DataFrame({"source": "A", "train": ["MBR", "AO"], "pollutant": "TN",
    ...                        "achievable": [10.0, 20.0], "wastewater_flow": 0.005})
    >>> found = reduction_potential(loads, train_potential(loads, trains))
    >>> found[["train", "potential"]].values.tolist()
    [['MBR', 4.68], ['', 0.0]]
    """
    loads = complete(source_loads, "source_loads")[[*_CASE, "source_load"]]
    raise_faults(_empty(loads))
    names, labels = ["achievable_load", "train"], ["source", "train", "pollutant", "period", "rule"]
    each = read(train_potentials, "train_potentials", labels, ["achievable_load"])
    ranked = each.sort_values(names, kind="stable").drop_duplicates(_CASE)
    lost = ~pd.MultiIndex.from_frame(ranked[_CASE]).isin(pd.MultiIndex.from_frame(loads[_CASE]))
    raise_faults(
        Fault("train_potentials", ", ".join(filter(None, row)), "source", None, "has no load",
              "a row of source_loads")
        for row in ranked.loc[lost, _CASE].itertuples(index=False)
    )  # fmt: skip
    found = loads.merge(ranked[[*_CASE, *names, "rule"]], "left", _CASE)
    bare = found["train"].isna()
    found["achievable_load"] = found["achievable_load"].mask(bare, found["source_load"])
    return _potential(found.fillna({"train": "", "rule": "no candidate"}))


def potential_by(reduction_potentials: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Reduction potential of source classes, sectors or control units.

    Parameters
    ----------
    reduction_potentials : DataFrame
        As :func:`reduction_potential` returns it.
    groups : DataFrame
        ``group`` and ``source``: the class, sector or control unit of each source. A source in
        two groups counts in each.

    Returns
    -------
    DataFrame
        One row a group, pollutant and period: sums of ``source_load``, ``achievable_load`` (of
        what is better already no more than it is) and ``potential`` [kg/d]; ``potential_share``.

    Raises
    ------
    DataError
        If a source is in no group.

    Examples
    --------
    >>> each = pd.DataFrame({"source": ["A", "B"], "pollutant": "TN", "period": "dry",
    ...     "source_load": [9.0, 1.0], "achievable_load": [3.0, 2.0], "potential": [6.0, 0.0]})
    >>> units = pd.DataFrame({"group": "unit 1", "source": ["A", "B"]})
    >>> potential_by(each, units)[["source_load", "potential", "potential_share"]].values.tolist()
    [[10.0, 6.0, 0.6]]
    """
    table = complete(groups, "groups")[["group", "source"]]
    each = read(reduction_potentials, "reduction_potentials", _CASE, ["source_load", "potential"])
    lost = sorted(set(each["source"]) - set(table["source"]))
    if lost:
        raise_faults([Fault("groups", listed(lost), "group", None, "is missing", "a group each")])
    merged = each.merge(table, on="source")
    merged["achievable_load"] = merged["source_load"] - merged["potential"]
    names = ["source_load", "achievable_load", "potential"]
    found = merged.groupby(["group", "pollutant", "period"], sort=False)[names].sum().reset_index()
    return _potential(found)


def cut_tree(
    reduction_potentials: pd.DataFrame, sources: pd.DataFrame, root: str = "all"
) -> pd.DataFrame:
    """Tree that shares a cut by reduction potential: to source classes, then to sources.

    Parameters
    ----------
    reduction_potentials : DataFrame
        One pollutant and period of what :func:`reduction_potential` returns.
    sources : DataFrame
        ``source`` and ``source_class``.
    root : str, default "all"
        Name of the root.

    Returns
    -------
    DataFrame
        ``node``, ``parent``, ``weight`` and ``ceiling`` [kg/d], as ``allocation.split`` takes
        them: the cut of a leaf is in proportion to its potential, and no more than that.

    Raises
    ------
    DataError
        If a source is there twice (several pollutants or periods), has no class, or has the name
        of a class.

    Examples
    --------
    >>> each = pd.DataFrame({"source": ["A"], "potential": [6.0]})
    >>> classes = pd.DataFrame({"source": ["A"], "source_class": ["industry"]})
    >>> cut_tree(each, classes)["node"].tolist()
    ['all', 'industry', 'A']
    """
    each = read(reduction_potentials, "reduction_potentials", ["source"], ["potential"])
    label, potential = each["source"], each["potential"]
    known = sources.reset_index() if "source" not in sources else sources
    classes = label.map(known.set_index("source")["source_class"])
    taken = {root, *classes.dropna()}
    raise_faults(
        Fault("reduction_potential", label.iloc[i], "source", None, problem, right)
        for bad, problem, right in (
            (classes.isna(), "has no source_class", "a row of sources"),
            (label.isin(taken), "is the name of a class too", "a name of its own"),
        )
        for i in np.flatnonzero(bad)
    )
    upper = [*dict.fromkeys(classes)]
    count = 1 + len(upper)
    return pd.DataFrame(
        {
            "node": [root, *upper, *label],
            "parent": ["", *[root] * len(upper), *classes],
            "weight": [np.nan] * count + potential.tolist(),
            "ceiling": [np.nan] * count + potential.tolist(),
        }
    )


def train_options(train_potentials: pd.DataFrame, candidates: pd.DataFrame) -> pd.DataFrame:
    """Trains as the exclusive options of the least-cost plan.

    Parameters
    ----------
    train_potentials : DataFrame
        As :func:`train_potential` returns it.
    candidates : DataFrame
        Table ``candidates``, with the costs of each train, the same in all of its rows.

    Returns
    -------
    DataFrame
        Table ``options``, as ``allocation.least_cost`` and :func:`measures_plan` take it. The
        removal is the least potential share of any period with a load: no period is promised more
        than it gives, and one without load asks for nothing.

    Raises
    ------
    DataError
        If a candidate has no potential stated.

    Examples
    --------
    >>> each = pd.DataFrame({"source": "A", "train": "MBR", "pollutant": "TN",
    ...     "period": ["dry", "wet"], "source_load": 9.0, "potential_share": [0.6, 0.5]})
    >>> trains = pd.DataFrame({"source": ["A"], "train": ["MBR"], "pollutant": ["TN"]})
    >>> train_options(each, trains)["removal"].item()
    0.5
    """
    key = ["source", "train", "pollutant"]
    given = complete(candidates, "candidates").drop(columns=["removal"])
    amounts = ["source_load", "potential_share"]
    each = read(train_potentials, "train_potentials", [*key, "period"], amounts)
    asked = each["potential_share"].where(each["source_load"] > 0.0)
    least = asked.groupby([each[name] for name in key]).min().fillna(0.0).rename("removal")
    found = given.merge(least.reset_index(), "left", key)
    lost = np.flatnonzero(found["removal"].isna())
    raise_faults(
        fault_at(given, "candidates", int(i), "train", "has no potential", "a row of the other")
        for i in lost
    )
    return complete(found.rename(columns={"train": "option"}), "options")
