"""Uncertain capacity of a study: rows that allow for it, and what permits make of the limits."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from permitload import allocation
from permitload._setting import BASES, chosen, is_number, shown
from permitload.errors import Fault
from permitload.schema import described

__all__ = ["SETTINGS", "Uncertainty", "faults", "options", "read", "rows", "sampled", "standing",
           "summary", "table"]  # fmt: skip

Datasets = Mapping[str, xr.Dataset]
_TABLE = "reliability"


class Uncertainty(NamedTuple):
    """How uncertain the rows of the sections are, and how permits allow for it.

    Numbers without a default are to be stated; the defaults are assumptions.
    """

    variation: float
    """Standard deviation of every response over its mean; in robust rows the greatest rise."""
    background_variation: float
    """Standard deviation of the background over its mean."""
    method: Callable[..., xr.Dataset] | None = None
    """Rows that allow for it; none: the permits are sampled alone."""
    law: Callable[..., Any] = allocation.normal_samples
    correlation: float = 0.0
    assurance: float = 0.95
    violated: float = 0.05
    protected: float = 1.0
    scenarios: int = 50
    samples: int = 10_000
    seed: int = 0
    basis: str = "assumed"


SETTINGS = Uncertainty._fields


class Given(NamedTuple):
    """What rows are made from."""

    response: xr.Dataset
    headroom: xr.DataArray
    background: xr.DataArray
    """Mean (section, pollutant, period) [mg/L]."""
    decided: xr.Dataset
    target: Callable[[xr.Dataset], xr.DataArray]


def chance(given: Given, own: Uncertainty) -> xr.Dataset:
    """Each row holds with the probability ``assurance``: :func:`allocation.chance_rows`."""
    return allocation.chance_rows(
        given.response, given.headroom, given.decided, _spread(given, own), own.assurance,
        given.target,
    )  # fmt: skip


def robust(given: Given, own: Uncertainty) -> xr.Dataset:
    """Rows stand ``protected`` responses at their worst: :func:`allocation.robust_rows`."""
    return allocation.robust_rows(
        given.response, given.headroom, given.decided, own.variation, own.protected,
        given.target,
    )  # fmt: skip


def scenario(given: Given, own: Uncertainty) -> xr.Dataset:
    """Rows of drawn scenarios but those given up: :func:`allocation.scenario_rows`.

    A response drawn below 0 counts as 0.
    """
    drawn = _sampler(given, own)(np.random.default_rng(own.seed), own.scenarios)
    labels = [str(k + 1) for k in range(own.scenarios)]
    drawn = drawn.assign_coords(scenario=labels)
    more = (given.background - drawn["background"]).rename(pollutant="indicator")
    room = given.headroom.reset_coords(drop=True) + more.reset_coords(drop=True)
    return allocation.scenario_rows(
        drawn["response"].clip(0.0), room.transpose("scenario", "section", "indicator", "period"),
        given.decided, own.violated,
    )  # fmt: skip


_CHOICES: Mapping[str, Mapping[str, Any]] = {
    "method": {"chance": chance, "scenario": scenario, "robust": robust},
    "law": {"normal": allocation.normal_samples, "lognormal": allocation.lognormal_samples},
    "basis": BASES,
}
_RANGES = {
    "variation": (0.0, 10.0), "background_variation": (0.0, 10.0), "correlation": (0.0, 1.0),
    "assurance": (0.5, 0.9999), "violated": (0.0, 0.999), "protected": (0.0, 1e6),
}  # fmt: skip
_COUNTS = {"scenarios": (1, 1000), "samples": (1, 1_000_000), "seed": (0, 2**32 - 1)}


def read(given: object) -> tuple[Uncertainty | None, list[Fault]]:
    """Read ``[reliability]``; without it, or with faults, there is none."""
    if not isinstance(given, dict):
        return None, []
    values, found = {}, []
    for key in (key for key in SETTINGS if key in given):
        values[key], right = _value(key, given[key])
        if right:
            problem = "is not valid"
            found.append(Fault("study.toml", _TABLE, key, shown(given[key]), problem, right))
    for key in SETTINGS[:2]:
        if key not in given:
            right = "standard deviation over the mean, such as 0.2"
            found.append(Fault("study.toml", _TABLE, key, None, "is missing", right))
    return (None if found else Uncertainty(**values)), found


def _value(key: str, given: object) -> tuple[Any, str]:
    """Turn a setting into its type; or say what would be right."""
    if key in _CHOICES:
        return chosen(given, _CHOICES[key])
    whole = key in _COUNTS
    low, high = _COUNTS[key] if whole else _RANGES[key]
    if is_number(given) and (isinstance(given, int) or not whole) and low <= given <= high:
        return given, ""
    return None, f"a {'whole ' if whole else ''}number from {low:g} to {high:g}"


def faults(tables: Mapping[str, pd.DataFrame], own: Uncertainty | None) -> list[Fault]:
    """Refuse uncertain rows beside groups: what a group leaves is used by others, unforeseen."""
    if own is None or own.method is None or tables["groups"].empty:
        return []
    right = "no method: then the permits are sampled, and no room is withheld"
    problem = "does not know of the groups in groups.csv"
    return [Fault("study.toml", _TABLE, "method", own.method.__name__, problem, right)]


def rows(given: Given, own: Uncertainty | None) -> dict[str, xr.Dataset]:
    """Rows that the permits stand under, as the Dataset ``uncertain``; none without a method."""
    if own is None or own.method is None:
        return {}
    days = given.response["days"].reset_coords(drop=True)
    return {"uncertain": own.method(given, own).assign_coords(days=days)}


def standing(found: Datasets) -> tuple[xr.Dataset, xr.DataArray]:
    """Response and headroom that permits stand under: those of the uncertain rows, if any."""
    if "uncertain" in found:
        return found["uncertain"], found["uncertain"]["headroom"]
    return found["response"], found["limits"]["headroom"]


def sampled(given: Given, own: Uncertainty | None, found: Datasets) -> dict[str, xr.Dataset]:
    """Sample the limits with the permits, as the Dataset ``reliability``: no margin taken off."""
    if own is None:
        return {}
    load = found["allocation"]["permitted_load"].reset_coords(drop=True)
    load = load.assign_coords(outlet=("source", given.decided["outlet"].values))
    limit = found["limits"]["limit"].reset_coords(drop=True)
    # other samples than those that rows were drawn from
    result = allocation.reliability(load, limit, _sampler(given, own), own.samples, own.seed + 1)
    held = standing(found)[1]
    if held.sizes["section"] == limit.sizes["section"]:
        less = given.headroom.reset_coords(drop=True) - held.reset_coords(drop=True)
        result["uncertainty_reserve"] = less.rename(indicator="pollutant").clip(0.0)
    return {"reliability": described(result)}


def _spread(given: Given, own: Uncertainty) -> allocation.Spread:
    apart = own.background_variation * given.background.rename(pollutant="indicator")
    return allocation.Spread(own.variation, apart, own.correlation)


def _sampler(given: Given, own: Uncertainty) -> Callable[[np.random.Generator, int], xr.Dataset]:
    found: Callable[[np.random.Generator, int], xr.Dataset] = own.law(
        given.response, given.background, _spread(given, own)
    )
    return found


def table(found: xr.Dataset) -> pd.DataFrame:
    """Each limit of each section, and in the last row, without a section, all of them at once."""
    names = ["reliability", "reliability_lower", "reliability_upper"]
    names += ["uncertainty_reserve"] * ("uncertainty_reserve" in found)
    keys = ["section", "pollutant", "period"]
    single = found[names].reset_coords(drop=True).to_dataframe(keys).reset_index()
    parts = ("joint_reliability", "joint_lower", "joint_upper")
    joint = {name: found[part].item() for name, part in zip(names, parts, strict=False)}
    last = pd.DataFrame([dict.fromkeys(keys, "") | joint]).reindex(columns=single.columns)
    last = last.astype(single.dtypes[names])
    return pd.concat([single, last], ignore_index=True)


def options(own: Uncertainty) -> dict[str, Any]:
    """Write every setting as text or number, functions by their key."""
    named = {f: name for known in _CHOICES.values() for name, f in known.items()}
    return {
        key: (named.get(value, "none") if key in _CHOICES else value)
        for key, value in own._asdict().items()
    }


def summary(found: xr.Dataset) -> str:
    """Write the joint reliability and its interval."""
    ends = (found[name].item() for name in ("joint_reliability", "joint_lower", "joint_upper"))
    value, low, high = (f"{math.floor(end * 1000 + 0.5) / 10:.1f} %" for end in ends)
    return f"{value} ({low} – {high})"
