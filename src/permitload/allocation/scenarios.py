"""Rows that hold in all but a share of the scenarios: sample average and conditional value."""

from __future__ import annotations

from collections.abc import Callable, Collection
from fractions import Fraction

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload._labels import number, refuse_repeats
from permitload.allocation._cases import Case
from permitload.allocation._dropping import Group, dropped
from permitload.allocation._tail import Row, Tail, cuts, greatest
from permitload.allocation._uncertain import claims, problems_of, result
from permitload.allocation.allocate import present_load
from permitload.errors import Fault, raise_faults

__all__ = ["most_violated", "scenario_rows", "tail_rows", "tail_total"]

Floats = NDArray[np.float64]

SAME = "the same labels in response and headroom"
ROW = ("section", "outlet", "pollutant", "period")


def most_violated(violated: float, samples: int) -> int:
    """Scenarios that a share allows to be violated: ⌊violated · samples⌋ in exact numbers.

    Parameters
    ----------
    violated : float
        Share, 0 <= share < 1 [1], read as the fraction with a denominator up to 1e6 that is meant.
    samples : int
        Number of scenarios.

    Returns
    -------
    int
        In floating point 0.29 · 100 is 28.999…: here it is 29.

    Raises
    ------
    DataError
        If a number is out of range.

    Examples
    --------
    >>> most_violated(0.29, 100)
    29
    """
    if not 0.0 <= number(violated, "violated") < 1.0:
        problem = "is out of range"
        raise_faults([Fault("scenarios", None, "violated", violated, problem, "0 <= share < 1")])
    if not 1 <= number(samples, "samples") < np.inf or samples != int(samples):
        raise_faults([Fault("scenarios", None, "samples", samples, "is no count", "1 or more")])
    return int(_allowed(violated, int(samples)))


def _allowed(violated: float, samples: int) -> Fraction:
    """Scenarios of a share, in part too, in exact numbers."""
    return Fraction(float(violated)).limit_denominator(10**6) * samples


def scenario_rows(
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    sources: xr.Dataset,
    violated: float = 0.05,
    joint: Collection[str] = ("section",),
) -> xr.Dataset:
    """Rows of the scenarios that are to be met, so that the total load is greatest.

    Of N equally likely scenarios at most ⌊violated · N⌋ may be violated. Which ones is a mixed
    integer program; the rows of all others go to ``allocate(rows, rows.headroom, sources)``, that
    shares out under every one of them and names the section and the scenario that stops a
    source. What holds in the scenarios holds in the water only as far as they are many and
    true: look at the permits with :func:`reliability` and fresh samples.

    Parameters
    ----------
    response : Dataset or DataArray
        ``response`` (scenario, section, outlet, pollutant, period), >= 0 [(mg/L)/(kg/d)].
    headroom : DataArray
        (scenario, section, indicator, period) [mg/L], with its sign. A negative one is met by
        no load and leaves nothing to those that reach the section, unless its scenario is one of
        those violated.
    sources : Dataset
        As for :func:`allocate`.
    violated : float, default 0.05
        Share of the scenarios that may be violated, 0 <= share < 1 [1].
    joint : collection of dimension, default ("section",)
        Dimensions over which a scenario counts as one: violated anywhere, violated once. Of
        section, pollutant and period; with none each row of each scenario counts on its own, and
        the whole is violated more often than the share.

    Returns
    -------
    Dataset
        ``response`` (section, outlet, pollutant, period) and ``headroom`` (section, indicator,
        period) with a row ``section`` for each section and scenario, 0 where it need not be met;
        ``met`` (section, pollutant, period), and ``total`` (pollutant, period), the greatest
        total of the program [kg/d]. Coordinates ``scenario`` and ``subject`` (section): the
        scenario and the section of a row.

    Raises
    ------
    InfeasibleError
        If the floors leave too many scenarios violated.
    DataError
        If labels differ, a number is out of range, or nothing stops a source.

    Notes
    -----
    ``Σ a x <= h + M v, Σ v <= ⌊ε N⌋``, v binary: Luedtke, J., Ahmed, S. (2008), SIAM J. Optim. 19,
    674-699, doi:10.1137/070702928. M is the most that bounds let a row exceed its limit, with
    bounds first drawn in to what any ⌈(1 - ε) N⌉ scenarios leave.

    Examples
    --------
    >>> labels = {"scenario": ["1", "2", "3", "4"], "section": ["S1"], "outlet": ["O1"],
    ...           "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray(np.full((4, 1, 1, 1, 1), 0.01), labels, list(labels))
    >>> room = response[:, :, 0].rename(pollutant="indicator") * 0
    >>> room = room + xr.DataArray([0.2, 0.3, 0.4, 0.5], {"scenario": labels["scenario"]})
    >>> given = response[0, 0].rename(outlet="source").drop_vars("section") * 0 + 80.0
    >>> sources = xr.Dataset({"source_load": given}).assign_coords(outlet=("source", ["O1"]))
    >>> rows = scenario_rows(response, room, sources, violated=0.25)
    >>> round(rows.total.item(), 6), rows.section.values[rows.met.values.ravel() == 1].tolist()
    (30.0, ['S1, 2', 'S1, 3', 'S1, 4'])
    """
    strange = sorted(set(joint) - {"section", "pollutant", "period"})
    right = "section, pollutant or period"
    raise_faults([Fault("scenarios", None, "joint", s, "is no dimension", right) for s in strange])
    rows, room = _stacked(response, headroom)
    problems = problems_of(rows, room, sources)
    section, scenario = (pd.factorize(rows[name].values)[0] for name in ("subject", "scenario"))
    family = section * ("section" not in joint)
    event = family * response.sizes["scenario"] + scenario
    most = most_violated(violated, response.sizes["scenario"])
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for pollutant, period in problems:
        name = "" if "pollutant" in joint else pollutant, "" if "period" in joint else period
        groups.setdefault(name, []).append((pollutant, period))
    met, total = {}, {}
    for keys in groups.values():
        group = Group([problems[key] for key in keys], event, family, most)
        for key, kept, value in zip(keys, *dropped(group), strict=True):
            met[key], total[key] = kept, value
    flags = np.stack([met[key] for key in problems], axis=-1)
    return _rows_met(rows, room, flags, np.array([total[key] for key in problems]))


def tail_rows(
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    sources: xr.Dataset,
    violated: float = 0.05,
    target: Callable[[xr.Dataset], xr.DataArray] = present_load,
) -> xr.Dataset:
    """Rows under which :func:`allocate` fills up to the mean of the worst scenarios.

    At each section the mean excess over the worst share of the scenarios is to be none. That is
    stricter than to let that share be violated: a convex limit that is safe for it, and counts by
    how much a scenario misses. It is the limit of every mean of so many scenarios; those means
    that progressive filling meets are returned, and ``allocate(rows, rows.headroom, sources,
    target)`` grants the same.

    Parameters
    ----------
    response, headroom
        As for :func:`scenario_rows`.
    sources : Dataset
        As for :func:`allocate`.
    violated : float, default 0.05
        Share of the scenarios that count as worst, 0 <= share < 1 [1]; less than one scenario
        counts as one.
    target : function, default present_load
        As for :func:`allocate`.

    Returns
    -------
    Dataset
        ``response`` (section, outlet, pollutant, period) and ``headroom`` (section, indicator,
        period) with a row ``section`` for each mean, 0 where another pollutant or period has
        more; the coordinate ``subject`` (section) is the section of a row. A section whose worst
        scenarios the background exceeds has a row with what it owes.

    Raises
    ------
    DataError
        If labels differ, a number is out of range, or nothing stops a source.

    Notes
    -----
    Rockafellar, R. T., Uryasev, S. (2000), Optimization of conditional value-at-risk, J. Risk 2,
    21-41, doi:10.21314/JOR.2000.038; safe for a chance row: Nemirovski, A., Shapiro, A. (2006),
    SIAM J. Optim. 17, 969-996, doi:10.1137/050622328.

    Examples
    --------
    >>> labels = {"scenario": ["1", "2", "3", "4"], "section": ["S1"], "outlet": ["O1"],
    ...           "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray(np.full((4, 1, 1, 1, 1), 0.01), labels, list(labels))
    >>> room = response[:, :, 0].rename(pollutant="indicator") * 0
    >>> room = room + xr.DataArray([0.2, 0.3, 0.4, 0.5], {"scenario": labels["scenario"]})
    >>> given = response[0, 0].rename(outlet="source").drop_vars("section") * 0 + 80.0
    >>> sources = xr.Dataset({"source_load": given}).assign_coords(outlet=("source", ["O1"]))
    >>> rows = tail_rows(response, room, sources, violated=0.5)
    >>> rows.headroom.round(9).values.ravel().tolist()  # of all, and of the worst two
    [0.35, 0.25]
    """
    rows, room = _stacked(response, headroom)
    wanted = claims(rows, sources, target)
    tails = _tails(rows, room, sources, violated)
    found = [
        cuts(tail, problem, claim) for (tail, problem), claim in zip(tails, wanted, strict=True)
    ]
    return _means(rows, found)


def tail_total(
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    sources: xr.Dataset,
    violated: float = 0.05,
) -> xr.DataArray:
    """Greatest total load under the rows of :func:`tail_rows`, by a linear program.

    Parameters
    ----------
    response, headroom, sources, violated
        As for :func:`tail_rows`.

    Returns
    -------
    DataArray
        ``total`` (pollutant, period) [kg/d].

    Raises
    ------
    DataError
        As :func:`tail_rows`.
    InfeasibleError
        If the floors do not fit into the rows.

    Examples
    --------
    >>> labels = {"scenario": ["1", "2"], "section": ["S1"], "outlet": ["O1"],
    ...           "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray(np.full((2, 1, 1, 1, 1), 0.01), labels, list(labels))
    >>> room = response[:, :, 0].rename(pollutant="indicator") * 0 + 0.5
    >>> given = response[0, 0].rename(outlet="source").drop_vars("section") * 0 + 80.0
    >>> sources = xr.Dataset({"source_load": given}).assign_coords(outlet=("source", ["O1"]))
    >>> round(tail_total(response, room, sources).item(), 6)
    50.0
    """
    rows, room = _stacked(response, headroom)
    totals = [greatest(*one) for one in _tails(rows, room, sources, violated)]
    return result("total", np.array(totals), rows)


def _tails(
    rows: xr.DataArray, room: xr.DataArray, sources: xr.Dataset, violated: float
) -> list[tuple[Tail, Case]]:
    """Rows by scenario and section of each problem."""
    samples = len(np.unique(rows["scenario"].values))
    most_violated(violated, samples)
    worst = max(float(_allowed(violated, samples)), 1.0)
    return [
        (
            Tail(
                problem.matrix.toarray().reshape(samples, -1, problem.matrix.shape[1]),
                problem.limit.to_numpy().reshape(samples, -1),
                worst,
            ),
            problem,
        )
        for problem in problems_of(rows, room, sources).values()
    ]


def _stacked(
    response: xr.Dataset | xr.DataArray, headroom: xr.DataArray
) -> tuple[xr.DataArray, xr.DataArray]:
    """Response and headroom with a section for each scenario and section."""
    matrix = response["response"] if isinstance(response, xr.Dataset) else response
    arrays = {"response": (matrix, "pollutant"), "headroom": (headroom, "indicator")}
    raise_faults(
        [
            Fault(name, None, dim, None, "is missing", "a labelled dimension")
            for name, (array, kind) in arrays.items()
            for dim in ("scenario", "section", kind, "period")
            if dim not in array.dims or dim not in array.coords
        ]
    )
    order = matrix.get_index("scenario"), matrix.get_index("section")
    for labels in order:
        refuse_repeats(labels, labels[:0], str(labels.name))
        if not len(labels):
            raise_faults([Fault("response", None, str(labels.name), None, "is empty", "labels")])
    found = []
    for name, (array, kind) in arrays.items():
        places = [array.get_index(dim).get_indexer(labels)
                  for dim, labels in zip(("scenario", "section"), order, strict=True)]  # fmt: skip
        missing = any((place < 0).any() for place in places)
        if missing or any(array.sizes[label.name] != len(label) for label in order):
            raise_faults(
                [Fault(name, None, "scenario", None, "or section differ", "the same labels")]
            )
        array = array.isel(scenario=places[0], section=places[1])
        rest = [dim for dim in ("outlet", kind, "period") if dim in array.dims]
        values = array.transpose("scenario", "section", *rest).values
        scenario, subject = (a.ravel() for a in np.meshgrid(*order, indexing="ij"))
        labels = [f"{s}, {w}" for w, s in zip(scenario, subject, strict=True)]
        coords = {dim: array[dim] for dim in rest}
        stacked = xr.DataArray(
            values.reshape(-1, *values.shape[2:]), {"section": labels, **coords}, ["section", *rest]
        )
        places_of = {"scenario": ("section", scenario), "subject": ("section", subject)}
        found.append(stacked.assign_coords(places_of))
    return found[0], found[1]


def _rows_met(
    rows: xr.DataArray, room: xr.DataArray, met: NDArray[np.bool_], total: Floats
) -> xr.Dataset:
    """Rows to be met; where a row need not be, it is 0 <= 0."""
    flags = result("met", met.astype(float), rows, "section")
    needed = flags.any(["pollutant", "period"]).values
    arrays = {
        "response": rows.where(flags > 0.0, 0.0).transpose(*ROW),
        "headroom": room.where(flags.rename(pollutant="indicator") > 0.0, 0.0),
        "met": flags,
    }
    found = xr.Dataset({name: array.isel(section=needed) for name, array in arrays.items()})
    return found.assign(total=result("total", total, rows))


def _means(like: xr.DataArray, found: list[list[Row]]) -> xr.Dataset:
    """Rows of each problem under one list of labels; where a problem has fewer, 0 <= 0."""
    sections = [pd.Series([row.section for row in rows]) for rows in found]
    places = [list(zip(one, one.groupby(one).cumcount(), strict=True)) for one in sections]
    every = sorted(set().union(*places))
    names = like["subject"].values
    response = np.zeros((len(every), like.sizes["outlet"], len(found)))
    headroom = np.zeros((len(every), len(found)))
    for j, (rows, place) in enumerate(zip(found, places, strict=True)):
        for row, at in zip(rows, place, strict=True):
            k = every.index(at)
            response[k, :, j], headroom[k, j] = row.coefficient, row.limit
    labels = xr.DataArray([f"{names[s]}, {k + 1}" for s, k in every], dims="section")
    axes = xr.Dataset({"section": labels, **{dim: like[dim] for dim in ROW[1:]}})
    means = {
        "response": result("response", response, axes, "section", "outlet"),
        "headroom": result("headroom", headroom, axes, "section").rename(pollutant="indicator"),
    }
    return xr.Dataset(means).assign_coords(subject=("section", [names[s] for s, _ in every]))
