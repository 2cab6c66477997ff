"""Many years under three policies: monthly issues, a fixed monthly part, annual permits alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload.errors import DataError
from permitload.reallocation._ahead import NEGLIGIBLE
from permitload.reallocation._problem import GRAMS, TONNE
from permitload.reallocation.months import update
from permitload.reallocation.policy import Policy
from permitload.reallocation.state import opened
from permitload.schema import described
from permitload.units import DAYS_PER_YEAR

__all__ = ["Chances", "Year", "draw_year", "sample_average", "simulate"]

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
DIMS = ("enterprise", "pollutant", "period")
POLICIES = ("monthly", "fixed", "annual")
FIGURES = ("missed", "capacity_use", "curtailed", "stability")


@dataclass(frozen=True)
class Year:
    """One year as it was foretold and as it came.

    Parameters
    ----------
    forecasts : mapping of str to Dataset
        By period that is issued: the forecast then, as for :func:`update`.
    plans : Dataset
        As for :func:`update`.
    observed : Dataset
        ``response`` (section, enterprise, pollutant, period), ``headroom`` (section, pollutant,
        period) as they came, ``need`` and ``excess`` (enterprise, pollutant, period) [kg/d], and
        ``provisional`` (enterprise, pollutant, period): first report over the verified use [1].
    """

    forecasts: Mapping[str, xr.Dataset]
    plans: xr.Dataset
    observed: xr.Dataset


@dataclass(frozen=True)
class Chances:
    """What is uncertain about a year; every number is assumed.

    Parameters
    ----------
    flow : float, default 0.3
        Standard deviation of the logarithm of each period's flow.
    skill : float, default 0.7
        Part of that logarithm known one period ahead; its power further ahead.
    need : float, default 0.2
        Standard deviation of the logarithm of need over plan.
    breach : float, default 0
        Probability that an enterprise exceeds in a period.
    excess : float, default 0.2
        What it then discharges beyond, over the plan.
    report : float, default 0.05
        Standard deviation of first reports over verified use.

    Examples
    --------
    >>> Chances(breach=0.1).skill
    0.7
    """

    flow: float = 0.3
    skill: float = 0.7
    need: float = 0.2
    breach: float = 0.0
    excess: float = 0.2
    report: float = 0.05


def draw_year(
    generator: np.random.Generator, forecast: xr.Dataset, plans: xr.Dataset, spread: Chances
) -> Year:
    """Draw one year around a forecast: flow, need, breaches, reports.

    Flow of a period is log-normal with mean 1, the same for all sections; responses go with its
    inverse and the headroom stays, as where the background keeps its concentration. A forecast
    one period ahead knows ``skill`` of the logarithm, ``n`` ahead ``skill**n``.

    Parameters
    ----------
    generator : Generator
        Source of the numbers.
    forecast, plans : Dataset
        Of the mean year, as for :func:`update`, all periods of one year.
    spread : Chances
        What is uncertain.

    Returns
    -------
    Year
        The year drawn.

    Examples
    --------
    >>> labels = {"section": ["S1"], "enterprise": ["E1"], "pollutant": ["TP"], "period": ["a"]}
    >>> start = ("period", np.array(["2026-01-01"], "datetime64[ns]"))
    >>> forecast = xr.Dataset({"response": (tuple(labels), [[[[0.01]]]])}, labels)
    >>> forecast = forecast.assign_coords(start=start, days=("period", [31.0]))
    >>> forecast["headroom"] = forecast["response"].isel(enterprise=0, drop=True) * 20
    >>> plans = xr.Dataset({"plan": forecast["response"].isel(section=0, drop=True) * 1000})
    >>> year = draw_year(np.random.default_rng(0), forecast, plans, Chances(flow=0.0, need=0.0))
    >>> year.observed["need"].item(), year.forecasts["a"]["response"].item()
    (10.0, 0.01)
    """
    names = forecast["period"].values[np.argsort(forecast["start"].values)]
    score = generator.standard_normal(len(names))
    lead = xr.DataArray(np.zeros(len(names)), {"period": names}, "period")
    forecasts = {}
    for k, name in enumerate(names):
        known = np.append(np.zeros(k), spread.skill ** np.arange(1, len(names) - k + 1))
        foretold = forecast["response"] / _flow(lead, known * score, known, spread.flow)
        forecasts[str(name)] = forecast.assign(response=foretold)
    sure = np.ones(len(names))
    shape = plans["plan"].transpose(*DIMS)
    random = generator.standard_normal((2, *shape.shape))
    need = shape * np.exp(spread.need * random[0] - spread.need**2 / 2)
    breach = generator.random(shape.shape) < spread.breach
    observed = xr.Dataset(
        {
            "response": forecast["response"] / _flow(lead, score, sure, spread.flow),
            "headroom": forecast["headroom"],
            "need": need,
            "excess": spread.excess * shape * breach,
            "provisional": (DIMS, np.exp(spread.report * random[1])),
        },
        {"days": forecast["days"]},
    )
    return Year(forecasts, plans, observed)


def _flow(like: xr.DataArray, score: Floats, known: Floats, deviation: float) -> xr.DataArray:
    """Mean flow given what is known of its logarithm, over the mean flow."""
    return like.copy(data=np.exp(deviation * score - (deviation * known) ** 2 / 2))


def simulate(
    years: int,
    draw: Callable[[np.random.Generator], Year],
    policy: Policy | None = None,
    processes: int = 1,
    seed: int = 0,
) -> xr.Dataset:
    """Simulate many years under monthly issues, a fixed monthly part, and annual permits alone.

    All three see the same years. ``monthly``: :func:`update` before each period, on the
    provisional use of the period before and the verified use of those before that. ``fixed``:
    each period its days' part of the annual permit. ``annual``: no quota but the permit of the
    year. Enterprises discharge what they need, up to their quota, and what they exceed.

    Parameters
    ----------
    years : int
        Number of years.
    draw : function
        Of a generator, returns a :class:`Year`; :func:`draw_year` with ``functools.partial``.
    policy : Policy, optional
        Agreed rules of the monthly issues.
    processes : int, default 1
        Processes; the numbers do not depend on it. A script that asks for several guards its
        start with ``if __name__ == "__main__"``.
    seed : int, default 0
        Start of the random numbers; year n draws the same whatever else is simulated.

    Returns
    -------
    Dataset
        By (policy, scenario), scenario being the year: ``missed`` section-periods above what is
        allowed, ``capacity_use`` of the fullest row (section or park) averaged over periods,
        ``curtailed`` part of the need, ``stability``, mean change of quotas between periods over
        the mean quota; ``gained`` (policy, enterprise, pollutant) [g], mean use beyond that under
        ``fixed``.

    Raises
    ------
    DataError
        If years or processes are not whole numbers >= 1.

    Examples
    --------
    >>> simulate(0, None)
    Traceback (most recent call last):
    permitload.errors.DataError: years is 0; right would be a whole number >= 1
    """
    for name, value in (("years", years), ("processes", processes)):
        if not (isinstance(value, int | np.integer) and value >= 1):
            raise DataError(f"{name} is {value}; right would be a whole number >= 1")
    policy = Policy() if policy is None else policy
    seeds = np.random.SeedSequence(seed).spawn(years)
    jobs = [(child, draw, policy) for child in seeds]
    if processes == 1:
        found = [_one(job) for job in jobs]
    else:
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
            found = list(pool.map(_one, jobs, chunksize=max(years // (4 * processes), 1)))
    return _gathered(found)


def sample_average(simulated: xr.Dataset) -> pd.DataFrame:
    """Average of each figure over simulated years, with its standard error.

    All policies see the same years, so the standard error of a difference between two is that of
    the differences year by year.

    Parameters
    ----------
    simulated : Dataset
        From :func:`simulate`.

    Returns
    -------
    DataFrame
        By ``policy`` and figure: ``mean`` and ``standard_error``, and the same of what it is
        above ``monthly``, ``difference`` and ``difference_error``. Errors of a single year are
        NaN: it tells nothing of them.

    Raises
    ------
    DataError
        If a figure or policy is missing.

    Examples
    --------
    >>> years = {"policy": ["monthly", "fixed", "annual"], "scenario": [0, 1]}
    >>> missed = (tuple(years), [[0.0, 0.0], [2.0, 2.0], [3.0, 5.0]])
    >>> figures = xr.Dataset({name: missed for name in FIGURES}, years)
    >>> table = sample_average(figures).loc[("annual", "missed")]
    >>> table["mean"], table["standard_error"], table["difference_error"]
    (np.float64(4.0), np.float64(1.0), np.float64(1.0))
    """
    lacking = [name for name in FIGURES if name not in simulated]
    if lacking or set(simulated["policy"].values) != set(POLICIES):
        problem = f"simulated lacks {', '.join(lacking) or 'policies'}"
        raise DataError(f"{problem}; right would be what simulate returns")
    rows = {}
    for policy in POLICIES:
        for name in FIGURES:
            values = simulated[name].transpose("policy", "scenario")
            own = values.sel(policy=policy).values
            above = own - values.sel(policy="monthly").values
            rows[policy, name] = (own.mean(), _error(own), above.mean(), _error(above))
    columns = ["mean", "standard_error", "difference", "difference_error"]
    index = pd.MultiIndex.from_tuples(list(rows), names=["policy", "figure"])
    return pd.DataFrame(list(rows.values()), index, columns)


def _error(values: Floats) -> float:
    """Give the standard error of a mean."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan


def _one(job: tuple[np.random.SeedSequence, Callable[..., Year], Policy]) -> dict[str, Any]:
    """Figures of one year."""
    child, draw, policy = job
    year = draw(np.random.default_rng(child))
    observed = year.observed.sel(enterprise=sorted(year.plans["enterprise"].values))
    quotas = {
        "monthly": _monthly(year, observed, policy), "fixed": _fixed(year, observed),
        "annual": _annual(year, observed),
    }  # fmt: skip
    figures = [_figures(year, observed, *quotas[name]) for name in POLICIES]
    return {
        "figures": np.array([figure[0] for figure in figures]),
        "used": np.stack([figure[1] for figure in figures]),
        "labels": {dim: observed[dim].values for dim in DIMS[:2]},
    }


def _mass(rate: xr.DataArray, observed: xr.Dataset) -> Whole:
    """Whole grams (enterprise, pollutant, period) of a rate."""
    mass = rate.transpose(*DIMS).values * observed["days"].values * GRAMS
    whole: Whole = np.floor(np.round(mass, 3)).astype(np.int64)
    return whole


def _monthly(year: Year, observed: xr.Dataset, policy: Policy) -> tuple[Whole, Whole]:
    """Quota and use under monthly issues."""
    need, excess = (_mass(observed[name], observed) for name in ("need", "excess"))
    first = observed["provisional"].transpose(*DIMS).values
    names = [str(name) for name in observed["period"].values]
    labels = [observed[dim].values.astype(str) for dim in DIMS[:2]]
    state = opened(labels[0], labels[1])
    quota, used = np.zeros_like(need), np.zeros_like(need)
    for k, name in enumerate(names):
        parts = []
        for back, evidence in ((1, "provisional"), (2, "verified")):
            if k >= back:
                mass = used[:, :, k - back]
                seen = (
                    mass if back == 2 else np.floor(mass * first[:, :, k - back]).astype(np.int64)
                )
                parts.append(_reports(seen, labels, names[k - back], evidence))
        rows = pd.concat(parts) if parts else _reports(need[:0, :0, 0], [labels[0][:0]] * 2, "", "")
        issued = update(state, name, year.forecasts[name], year.plans, rows, policy)
        state = issued.state
        quota[:, :, k] = issued.quota.transpose(*DIMS[:2]).values
        used[:, :, k] = np.minimum(need[:, :, k], quota[:, :, k]) + excess[:, :, k]
    return quota, used


def _reports(mass: Whole, labels: list[Any], period: str, evidence: str) -> pd.DataFrame:
    """Table of use, as :func:`update` takes it."""
    enterprise, pollutant = np.meshgrid(*labels, indexing="ij")
    return pd.DataFrame(
        {
            "enterprise": enterprise.ravel(), "pollutant": pollutant.ravel(), "period": period,
            "used": mass.ravel(), "evidence": evidence, "reason": "",
        }
    )  # fmt: skip


def _permit(year: Year, observed: xr.Dataset) -> Floats:
    """Annual permits [g] (enterprise, pollutant)."""
    labels = {dim: observed[dim].values for dim in DIMS[:2]}
    return np.asarray(year.plans["permit"].sel(labels).transpose(*DIMS[:2]).values * TONNE)


def _fixed(year: Year, observed: xr.Dataset) -> tuple[Whole, Whole]:
    """Quota and use where each period has its days' part of the permit."""
    need, excess = (_mass(observed[name], observed) for name in ("need", "excess"))
    part = observed["days"].values / DAYS_PER_YEAR
    most = np.minimum(_permit(year, observed)[:, :, None] * part, np.iinfo(np.int64).max // 2)
    quota = np.floor(most).astype(np.int64)
    return quota, np.minimum(need, quota) + excess


def _annual(year: Year, observed: xr.Dataset) -> tuple[Whole, Whole]:
    """Quota and use where nothing but the permit of the year holds."""
    need, excess = (_mass(observed[name], observed) for name in ("need", "excess"))
    left = np.minimum(np.floor(_permit(year, observed)), np.iinfo(np.int64).max // 2)
    left = left.astype(np.int64)
    quota, used = np.zeros_like(need), np.zeros_like(need)
    for k in range(need.shape[2]):
        quota[:, :, k] = np.minimum(need[:, :, k], left)
        used[:, :, k] = quota[:, :, k] + excess[:, :, k]
        left = np.maximum(left - used[:, :, k], 0)
    return quota, used


def _figures(
    year: Year, observed: xr.Dataset, quota: Whole, used: Whole
) -> tuple[list[float], Floats]:
    """Sections missed, use of capacity, need curtailed, stability; and the use of the year."""
    days = observed["days"].values
    rate = used / (GRAMS * days)
    response = observed["response"].transpose("section", *DIMS).values
    least = NEGLIGIBLE * response.max(axis=(0, 1), keepdims=True)
    rise = np.einsum("sipk,ipk->spk", np.where(response >= least, response, 0.0), rate)
    room = observed["headroom"].transpose("section", *DIMS[1:]).values
    missed = float((rise > np.maximum(room, 0.0) * (1.0 + NEGLIGIBLE)).sum())
    told = next(iter(year.forecasts.values()))["group_limit"]
    park = told.sel(pollutant=observed["pollutant"].values, period=observed["period"].values)
    limit = np.concatenate([room, park.transpose(*DIMS[1:]).values[None]])
    load = np.concatenate([rise, rate.sum(axis=0)[None]])
    use = np.divide(load, limit, out=np.zeros_like(load), where=limit > 0).max(axis=0).mean()
    need = _mass(observed["need"], observed)
    lost = np.maximum(need - used, 0).sum() / max(need.sum(), 1)
    rates = quota / days
    change = np.abs(np.diff(rates, axis=2)).mean() if rates.shape[2] > 1 else 0.0
    return [missed, float(use), float(lost), float(change / max(rates.mean(), 1.0))], used.sum(
        axis=2
    )


def _gathered(found: list[dict[str, Any]]) -> xr.Dataset:
    """Figures of all years as one Dataset."""
    figures = np.stack([year["figures"] for year in found], axis=2)  # policy, figure, year
    used = np.stack([year["used"] for year in found]).mean(axis=0)
    arrays: dict[str, Any] = {
        name: (("policy", "scenario"), figures[:, k]) for k, name in enumerate(FIGURES)
    }
    arrays["gained"] = (("policy", *DIMS[:2]), used - used[POLICIES.index("fixed")])
    coords = {"policy": list(POLICIES), "scenario": np.arange(len(found)), **found[0]["labels"]}
    return described(xr.Dataset(arrays, coords))
