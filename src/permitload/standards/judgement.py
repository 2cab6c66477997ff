"""Attainment of sections: observed periods against limits, by a rule."""

from __future__ import annotations

from math import inf, nan
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from permitload._frames import fault_at, listed
from permitload.errors import Fault, raise_faults
from permitload.schema import validate
from permitload.standards._gb3838 import EVIDENCE, NOT_CONCENTRATIONS, PH
from permitload.standards._lookup import flagged, missing
from permitload.standards.indices import (
    exceedance,
    oxygen_index,
    oxygen_saturation,
    ph_index,
    standard_index,
)
from permitload.standards.observed import averaged, samples_of
from permitload.standards.rules import annual_mean, judged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["attainment"]


def attainment(
    observations: pd.DataFrame,
    limits: xr.Dataset,
    rule: Callable[[pd.DataFrame], bool | None] = annual_mean,
    oxygen: Callable[..., Any] = oxygen_index,
) -> pd.DataFrame:
    """Judge every section and indicator by a rule, with what the judgement rests on.

    Each period is the mean of its samples; the rule judges the sampled periods together. pH is
    judged by 6 to 9 wherever it was observed.

    Parameters
    ----------
    observations : DataFrame
        As for :func:`permitload.standards.period_means`.
    limits : Dataset
        ``limit`` (section, indicator, period) [mg/L] with the coordinate ``sense`` (indicator), as
        :func:`permitload.standards.limits` gives it; its periods are all that should be sampled.
    rule : callable, default :func:`annual_mean`
        :func:`annual_mean`, :func:`every_month`, ``monthly_share(0.8)``, or a function of the
        table of the sampled periods that says True, False or None (cannot be judged).
    oxygen : callable, default :func:`oxygen_index`
        Index of dissolved oxygen of concentration, limit and saturation [mg/L]; the other form is
        :func:`oxygen_index_1993`.

    Returns
    -------
    DataFrame
        One row a section and indicator that has a limit or was observed: ``section``,
        ``indicator``, ``rule``, ``attained`` (True, False or missing), ``reason`` where it is
        missing; of the mean over periods ``value`` with ``unit``, ``sense`` and ``limit`` [mg/L],
        ``exceedance``, ``standard_index``; ``attained_share`` of the sampled periods, ``samples``,
        ``below_detection``, ``missing_periods``; ``evidence`` of the limit and ``note``. Numbers
        that cannot be judged are NaN; so are ``exceedance`` of DO and pH, the index of DO without
        ``temperature``, and ``limit`` where it differs between periods.

    Raises
    ------
    DataError
        As :func:`permitload.standards.period_means` does, with every section or period that
        ``limits`` does not have, and as the rule does.

    References
    ----------
    GB 3838-2002, 5.1; HJ 2.3-2018, appendix D. Rules and shares are those of the study.

    Examples
    --------
    >>> from permitload.standards import limits
    >>> sections = pd.DataFrame({"section": ["S1"], "reach": ["R1"], "water_class": ["III"]})
    >>> observations = pd.DataFrame({"section": ["S1"] * 2, "indicator": ["COD"] * 2,
    ...     "period": ["01", "02"], "concentration": [18.0, 27.0]})
    >>> found = attainment(observations, limits(sections, ["COD"], ["01", "02", "03"]))
    >>> found[["value", "exceedance", "attained_share", "missing_periods"]].values.tolist()
    [[22.5, 0.125, 0.5, '03']]
    """
    limits = _checked(limits)
    samples = samples_of(observations)
    _refuse_strangers(samples, limits)
    bounds = _bounds(limits)
    months = _months(samples, bounds)
    sampled, ends = (
        dict(iter(table.groupby(["section", "indicator"]))) for table in (months, bounds)
    )
    found = []
    for key in _labels(samples, limits):
        own, limit = sampled.get(key, months.iloc[:0]), ends.get(key, bounds.iloc[:0])
        reason = _reason(*key, own, limit, limits)
        answer = None if reason else rule(own)
        attained = None if pd.isna(answer) else bool(answer)
        if attained is None and not reason:
            reason = "samples below their detection limits leave it open"
        row = {"rule": getattr(rule, "__name__", ""), "attained": attained, "reason": reason}
        row |= dict(zip(("section", "indicator"), key, strict=True))
        found.append(row | _circumstances(own, limit, limits["period"].values.tolist()))
    table = pd.DataFrame(found)
    numbers = _numbers(table, averaged(months, ["section", "indicator"]), oxygen)
    table = table.assign(attained=pd.array(table["attained"].tolist(), dtype="boolean"))
    open_ = table["attained"].isna()
    return table.assign(**{name: numbers[name].mask(open_) for name in numbers})[list(_COLUMNS)]


_COLUMNS = (
    "section", "indicator", "rule", "attained", "reason", "value", "unit", "sense", "limit",
    "exceedance", "standard_index", "attained_share", "samples", "below_detection",
    "missing_periods", "evidence", "note",
)  # fmt: skip


def _checked(limits: xr.Dataset) -> xr.Dataset:
    """Refuse limits without a sense; what else may be missing is given, and of a river."""
    validate(limits, "limits")
    senses = limits["sense"].values.tolist() if "sense" in limits.coords else [None]
    raise_faults(
        Fault("limits", None, "sense", label, "is no sense of a limit", "≤ or ≥")
        for label in senses
        if label not in ("≤", "≥")
    )
    if "pH" in limits["indicator"].values:
        right = "no limit: 6 to 9 holds everywhere"
        raise_faults([Fault("limits", None, "indicator", "pH", "is no limit in mg/L", right)])
    blank = xr.full_like(limits["limit"], "", dtype=object).drop_attrs()
    lacking = {
        name: blank if name == "note" else blank.copy(data=np.full(blank.shape, "given"))
        for name in ("evidence", "note")
        if name not in limits
    }
    if "water_type" not in limits.coords:
        limits = limits.assign_coords(water_type=("section", ["river"] * limits.sizes["section"]))
    return limits.assign(lacking)


def _refuse_strangers(samples: pd.DataFrame, limits: xr.Dataset) -> None:
    """Refuse sections and periods for which there are no limits."""
    found = []
    for column in ("section", "period"):
        known = limits[column].values.tolist()
        strange = ~samples[column].isin(known) & ~samples.duplicated(column)
        problem, right = f"is not a {column} of limits", f"one of {listed(known)}"
        found += [
            fault_at(samples, "observations", int(i), column, problem, right)
            for i in np.flatnonzero(strange)
        ]
    raise_faults(found)


def _bounds(limits: xr.Dataset) -> pd.DataFrame:
    """Limits as rows of section, indicator and period, with the least and most they allow.

    Every section has one for pH, which is no limit in mg/L and so not among them.
    """
    table = limits[["limit", "evidence", "note"]].to_dataframe().reset_index()
    least = table["sense"] == "≥"
    table = table.assign(
        least=table["limit"].where(least, -inf), most=table["limit"].where(~least, inf)
    )
    acid = table[["section", "period"]].drop_duplicates().assign(
        indicator="pH", sense="6–9", limit=nan, least=PH[0], most=PH[1], evidence=EVIDENCE,
        note=flagged("statutory", EVIDENCE, "GB 3838-2002 Table 1"),
    )  # fmt: skip
    columns = ["section", "indicator", "period", "sense", "limit", "least", "most", "evidence"]
    return pd.concat([table, acid])[[*columns, "note"]].astype({"evidence": str, "note": str})


def _months(samples: pd.DataFrame, bounds: pd.DataFrame) -> pd.DataFrame:
    """Means of the samples of each period, with its limit and whether it is met."""
    key = ["section", "indicator", "period"]
    months = averaged(samples, key).merge(bounds[[*key, "least", "most"]], "left", key)
    known = months["least"].notna().to_numpy()
    attained = np.full(len(months), None, dtype=object)
    attained[known] = judged(months[known])
    return months.assign(attained=pd.array(attained, dtype="boolean"))


def _labels(samples: pd.DataFrame, limits: xr.Dataset) -> list[tuple[str, str]]:
    """Sections in the order of limits; of each the indicators with limits, then others observed."""
    limited = limits["indicator"].values.tolist()
    observed = set(zip(samples["section"], samples["indicator"], strict=True))
    others = sorted(set(samples["indicator"]) - set(limited))
    return [
        (section, indicator)
        for section in limits["section"].values.tolist()
        for indicator in [*limited, *others]
        if indicator in limited or (section, indicator) in observed
    ]


def _reason(
    section: str, indicator: str, own: pd.DataFrame, limit: pd.DataFrame, limits: xr.Dataset
) -> str:
    """Why nothing can be judged, before any rule; empty where something can."""
    if indicator in NOT_CONCENTRATIONS and indicator != "pH":
        return "is outside the assessment of 环办〔2011〕22号"
    if limit.empty:
        problem = missing(indicator, "III", str(limits["water_type"].sel(section=section).item()))
        return f"{problem[0]}; give {problem[1]}" if problem else "is not an indicator of limits"
    return "no sample" if own.empty else ""


def _circumstances(
    own: pd.DataFrame, limit: pd.DataFrame, periods: Sequence[str]
) -> dict[str, object]:
    """Say what a judgement rests on: the limit, the samples, and the periods without any."""
    ends = limit["limit"].unique()
    hidden, samples = own["below_detection"].sum(), own["samples"].sum()
    notes = limit["note"].unique().tolist()
    if hidden:
        notes.append(
            f"{hidden:g} of {samples:g} samples below detection, at half the limit (unverified)"
        )
    seen = set(own["period"])
    return {
        "unit": "1" if (limit["sense"] == "6–9").any() else "mg/L",
        "sense": "".join(limit["sense"].unique()),
        "limit": ends[0] if len(ends) == 1 else nan,
        "attained_share": nan if own["attained"].isna().any() else own["attained"].mean(),
        "samples": int(samples),
        "below_detection": int(hidden),
        "missing_periods": ", ".join(period for period in periods if period not in seen),
        "evidence": ", ".join(limit["evidence"].unique()),
        "note": "; ".join(note for note in notes if note),
    }


def _numbers(table: pd.DataFrame, means: pd.DataFrame, oxygen: Callable[..., Any]) -> pd.DataFrame:
    """Means over the periods against their limits, a row each; NaN for what cannot be said."""
    key = ["section", "indicator"]
    mean = table[[*key, "limit", "sense", "attained_share"]].merge(means, "left", key)
    limit, sense = mean["limit"], mean["sense"]
    ends = mean.assign(
        least=limit.where(sense == "≥", -inf).mask(sense == "6–9", PH[0]),
        most=limit.where(sense == "≤", inf).mask(sense == "6–9", PH[1]),
    )
    hidden = np.array([answer is None for answer in judged(ends)])
    value, limit = mean["value"].mask(hidden & limit.notna()).to_numpy(), limit.to_numpy()
    index, excess = np.full(len(mean), nan), np.full(len(mean), nan)
    acid = (mean["sense"] == "6–9").to_numpy() & ~np.isnan(value)
    index[acid] = ph_index(value[acid])
    most = (mean["sense"] == "≤").to_numpy() & ~np.isnan(value) & (limit > 0.0)
    index[most] = standard_index(value[most], limit[most])
    excess[most] = exceedance(value[most], limit[most])
    warm = (mean["indicator"] == "DO").to_numpy() & mean["temperature"].notna().to_numpy()
    full = np.full(len(mean), nan)
    full[warm] = oxygen_saturation(mean["temperature"].to_numpy()[warm])
    least = (
        warm & (limit < full) & ~np.isnan(value)
    )  # no index where warm water cannot hold what is asked
    index[least] = oxygen(value[least], limit[least], full[least])
    return pd.DataFrame(
        {"value": value, "exceedance": excess, "standard_index": index,
         "attained_share": mean["attained_share"]},
        index=table.index,
    )  # fmt: skip
