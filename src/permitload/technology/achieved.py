"""What treatment trains achieve, from records of their effluent: reliably, not on average."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from permitload._frames import complete, fault_at
from permitload.errors import DataError, Fault, raise_faults

__all__ = ["achieved", "empirical_bound", "lognormal_bound"]

Floats = NDArray[np.float64]
Bound = Callable[[Floats, float, float], float]


def lognormal_bound(values: Floats, assurance: float = 0.95, confidence: float = 0.95) -> float:
    """Concentration that a share of all samples keeps, with a confidence, if they are log-normal.

    Parameters
    ----------
    values : array
        Concentrations [mg/L], > 0, three at least.
    assurance : float, default 0.95
        Share of samples that shall be below (assumed).
    confidence : float, default 0.95
        Probability with which the bound covers that share (assumed).

    Returns
    -------
    float
        Upper tolerance bound [mg/L].

    Raises
    ------
    DataError
        If there are fewer than three samples, one is not positive, or a probability is not
        between 0 and 1.

    Notes
    -----
    exp(m + k s) of the logarithms, k = t(confidence; n − 1, z √n)/√n with the noncentral t: the
    exact one-sided tolerance factor, Hahn, G. J., Meeker, W. Q. (1991), Statistical intervals, 4.6.

    Examples
    --------
    >>> round(lognormal_bound(np.array([40.0, 44.0, 50.0, 46.0, 42.0])), 2)
    63.46
    """
    from scipy import stats

    values = _samples(values, assurance, confidence)
    if values.size < 3:
        message = f"{values.size} samples are too few; right would be 3 at least"
        raise DataError(f"{message} for a log-normal bound")
    if not (values > 0).all():
        message = "a concentration is 0; right would be numbers > 0 mg/L for a log-normal bound"
        raise DataError(f"{message}, or empirical_bound")
    logs, root = np.log(values), math.sqrt(values.size)
    factor = stats.nct.ppf(confidence, values.size - 1, stats.norm.ppf(assurance) * root) / root
    return math.exp(logs.mean() + float(factor) * logs.std(ddof=1))


def empirical_bound(values: Floats, assurance: float = 0.95, confidence: float = 0.95) -> float:
    """Concentration that a share of all samples keeps, with a confidence, whatever they follow.

    Parameters
    ----------
    values, assurance, confidence
        As for :func:`lognormal_bound`; 0 is a concentration here. 59 samples are needed for
        0.95 and 0.95.

    Returns
    -------
    float
        One of the samples [mg/L]: the least that bounds the share.

    Raises
    ------
    DataError
        If there are too few samples for any of them to be a bound, or a number is none.

    Notes
    -----
    The r-th smallest of n with the least r for which the probability that at most r − 1 of n are
    below the quantile, Bin(n, assurance), reaches the confidence. Wilks, S. S. (1941), Ann. Math.
    Stat. 12, 91-96.

    Examples
    --------
    >>> empirical_bound(np.arange(1.0, 60.0))
    59.0
    """
    from scipy import stats

    values = _samples(values, assurance, confidence)
    least = math.ceil(math.log1p(-confidence) / math.log(assurance) - 1e-9)
    if values.size < least:
        message = f"{values.size} samples are too few; right would be {least} at least"
        raise DataError(f"{message} for a share of {assurance:g} with confidence {confidence:g}")
    below = stats.binom.cdf(np.arange(values.size), values.size, assurance)
    first = int(np.flatnonzero(below >= confidence * (1.0 - 1e-12))[0])
    return float(np.sort(values)[first])


def _samples(values: Floats, assurance: float, confidence: float) -> Floats:
    """Concentrations as an array; probabilities between 0 and 1."""
    for name, share in (("assurance", assurance), ("confidence", confidence)):
        if not 0.0 < share < 1.0:
            raise DataError(f"{name} is {share}; right would be a number between 0 and 1")
    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or not (np.isfinite(array) & (array >= 0)).all():
        raise DataError("a concentration is not valid; right would be a list of numbers >= 0 mg/L")
    return array


def achieved(
    effluents: pd.DataFrame,
    assurance: float = 0.95,
    confidence: float = 0.95,
    bound: Bound = lognormal_bound,
) -> pd.DataFrame:
    """Figures of treatment trains from records, in the columns that :func:`assess` takes.

    Parameters
    ----------
    effluents : DataFrame
        Table ``effluents``: samples of ``concentration`` [mg/L] by train, pollutant and date;
        ``influent`` [mg/L] and ``wastewater_flow`` [m3/s] where they were taken.
    assurance, confidence : float, default 0.95
        As for :func:`lognormal_bound` (assumed).
    bound : function, default lognormal_bound
        Of concentrations, assurance and confidence; or :func:`empirical_bound`.

    Returns
    -------
    DataFrame
        Table ``train_figures``, in the order of the records: ``achievable`` [mg/L] by ``bound``;
        ``variation`` (standard deviation over the mean, 0 for a mean of 0) [1],
        where there are two samples at least; and ``removal``
        [1], the share of the influent's mass taken off, where every sample has influent: weighted
        by flow where every sample has one, else each sample counts the same. Removal may be
        negative.

    Raises
    ------
    DataError
        With every train and pollutant whose records are too few or not valid for ``bound``; and
        if influent or flow is given for some of its samples alone.

    Examples
    --------
    >>> records = pd.DataFrame({"train": "MBR", "pollutant": "COD",
    ...     "date": ["2024-01-01", "2024-02-01", "2024-03-01"], "influent": 400.0,
    ...     "concentration": [40.0, 44.0, 36.0]})
    >>> achieved(records)[["criterion", "value"]].round(3).values.tolist()
    [['achievable', 85.971], ['variation', 0.1], ['removal', 0.9]]
    """
    table = complete(effluents, "effluents")
    if table.empty:
        raise DataError("effluents has no rows; right would be the samples of one train at least")
    rows: list[dict[str, object]] = []
    faults: list[Fault] = []
    for (train, pollutant), group in table.groupby(["train", "pollutant"], sort=False):
        faults += _gaps(group)
        values = group["concentration"].to_numpy()
        try:
            figures = [("achievable", bound(values, assurance, confidence), "mg/L")]
        except DataError as error:
            where, right = f"{train}, {pollutant}", "records that suffice"
            faults.append(Fault("effluents", where, "concentration", None, f"{error}", right))
            continue
        if len(values) > 1:
            mean = float(values.mean())
            figures.append(("variation", float(values.std(ddof=1)) / mean if mean else 0.0, "1"))
        if group["influent"].notna().all() and (group["influent"] > 0).any():
            figures.append(("removal", _removal(group), "1"))
        common = {"train": train, "pollutant": pollutant, "samples": float(len(group))}
        rows += [
            {**common, "criterion": name, "value": value, "unit": unit, "evidence": "records"}
            for name, value, unit in figures
        ]
    raise_faults(faults)
    return complete(pd.DataFrame(rows), "train_figures")


def _gaps(group: pd.DataFrame) -> Iterator[Fault]:
    """Influent or flow of some samples of a train and pollutant alone."""
    for name in ("influent", "wastewater_flow"):
        lost = group[name].isna().to_numpy()
        if lost.any() and not lost.all():
            right = "a number for every sample of a train and pollutant, or for none"
            position = int(np.flatnonzero(lost)[0])
            yield fault_at(group, "effluents", position, name, "is empty", right)


def _removal(group: pd.DataFrame) -> float:
    """Mass taken off over mass received."""
    flow = group["wastewater_flow"].fillna(1.0)
    received, left = (flow * group["influent"]).sum(), (flow * group["concentration"]).sum()
    if not received > 0:
        where = ", ".join(group[["train", "pollutant"]].iloc[0])
        right = "some flow, or none stated"
        raise_faults([Fault("effluents", where, "wastewater_flow", 0.0, "is 0 throughout", right)])
    return float(1.0 - left / received)
