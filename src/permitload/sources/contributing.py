"""Who makes the concentration at each section: contributions of source classes, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from permitload._frames import listed
from permitload.errors import Fault, raise_faults

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["contribution_interval", "contributions"]


def contributions(
    response: xr.DataArray, source_load: xr.DataArray, variation: xr.DataArray | None = None
) -> xr.Dataset:
    r"""Rise that each source class makes at every section, and its standard deviation.

    .. math:: c_k = \sum_{i \in k} r_i L_i, \quad
              \sigma_k^2 = \sum_{i \in k} (r_i L_i v_i)^2

    with the errors of different sources independent of each other.

    Parameters
    ----------
    response : DataArray
        (section, outlet, pollutant, period) [(mg/L)/(kg/d)].
    source_load : DataArray
        (source, pollutant, period) [kg/d, in the river] with coordinates ``outlet`` and
        ``source_class`` (source).
    variation : DataArray, optional
        (source, pollutant) [1]: coefficient of variation of each load; none for exact loads.

    Returns
    -------
    Dataset
        ``contribution``, ``contribution_deviation`` [mg/L] and ``contribution_share`` [1, of all
        classes; NaN where nothing arrives], (section, source_class, pollutant, period).

    Raises
    ------
    DataError
        If labels of the three differ, or a number is negative or missing.

    Examples
    --------
    >>> axes = {"pollutant": ["TN"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]], [[0.02]]]],
    ...     {"section": ["S"], "outlet": ["O1", "O2"], **axes})
    >>> load = xr.DataArray([[[10.0]], [[5.0]], [[20.0]]], {"source": ["F", "V", "E"], **axes})
    >>> load = load.assign_coords(outlet=("source", ["O1", "O1", "O2"]),
    ...     source_class=("source", ["farm", "domestic", "industry"]))
    >>> contributions(response, load)["contribution"].values.ravel().round(6).tolist()
    [0.1, 0.05, 0.4]
    """
    rise = _rise(response, source_load)
    spread = _variation(rise, variation)
    grouped = rise.groupby("source_class").sum("source")
    squares = ((rise * spread) ** 2).groupby("source_class").sum("source")
    order = list(dict.fromkeys(source_load["source_class"].values.tolist()))
    dims = ("section", "source_class", "pollutant", "period")
    made = grouped.sel(source_class=order).transpose(*dims)
    total = made.sum("source_class")
    deviation = squares.sel(source_class=order).transpose(*dims) ** 0.5
    return xr.Dataset(
        {
            "contribution": made.assign_attrs(units="mg/L"),
            "contribution_deviation": deviation.assign_attrs(units="mg/L"),
            "contribution_share": (made / total.where(total > 0.0)).assign_attrs(units="1"),
        }
    )


def _rise(response: xr.DataArray, source_load: xr.DataArray) -> xr.DataArray:
    """Rise at each section that each source makes (section, source, pollutant, period)."""
    faults = []
    known, wanted = response["outlet"].values, source_load["outlet"].values
    for label in dict.fromkeys(wanted[~np.isin(wanted, known)].tolist()):
        right = f"one of {listed(known.tolist())}"
        faults.append(Fault("source_load", label, "outlet", label, "has no response", right))
    for name in ("pollutant", "period"):
        if response[name].values.tolist() != source_load[name].values.tolist():
            right = "the labels of source_load, in order"
            faults.append(Fault("response", None, name, None, "has other labels", right))
    for name, array in (("response", response), ("source_load", source_load)):
        if not (np.isfinite(array.values) & (array.values >= 0.0)).all():
            right = "finite numbers ≥ 0"
            faults.append(Fault(name, None, name, None, "is negative or no number", right))
    raise_faults(faults)
    per_source = response.sel(outlet=source_load["outlet"]).drop_vars("outlet")
    return (per_source * source_load).transpose("section", "source", "pollutant", "period")


def _variation(rise: xr.DataArray, variation: xr.DataArray | None) -> xr.DataArray:
    """Coefficient of variation of every source and pollutant, in the order of ``rise``."""
    if variation is None:
        return xr.zeros_like(rise.isel(section=0, period=0, drop=True))
    lost = [
        Fault("variation", label, name, label, "has no variation", "a number ≥ 0")
        for name in ("source", "pollutant")
        for known in [set(variation[name].values.tolist())]
        for label in rise[name].values.tolist()
        if label not in known
    ]
    raise_faults(lost)
    given = variation.sel(source=rise["source"].values, pollutant=rise["pollutant"].values)
    if not (np.isfinite(given.values) & (given.values >= 0.0)).all():
        right = "finite numbers ≥ 0"
        raise_faults([Fault("variation", None, "variation", None, "is no variation", right)])
    return given


def contribution_interval(
    response: xr.DataArray,
    source_load: xr.DataArray,
    variation: xr.DataArray,
    generator: np.random.Generator,
    confidence: float = 0.9,
    count: int = 2000,
) -> xr.Dataset:
    """Interval of every contribution, by drawing log-normal errors of the loads.

    One error a source and pollutant holds in all periods and at all sections of a draw, as that
    of an export coefficient does.

    Parameters
    ----------
    response, source_load, variation : DataArray
        As for :func:`contributions`.
    generator : numpy Generator
        Source of random numbers; the same seed draws the same errors.
    confidence : float, default 0.9
        Probability that the interval covers, half of the rest on either side.
    count : int, default 2000
        Number of draws, at least 100.

    Returns
    -------
    Dataset
        ``contribution_lower``, ``contribution_upper`` [mg/L] (section, source_class, pollutant,
        period).

    Raises
    ------
    DataError
        As :func:`contributions`, or if ``confidence`` or ``count`` is out of range.

    Examples
    --------
    >>> axes = {"pollutant": ["TN"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], {"section": ["S"], "outlet": ["O1"], **axes})
    >>> load = xr.DataArray([[[10.0]]], {"source": ["F"], **axes}).assign_coords(
    ...     outlet=("source", ["O1"]), source_class=("source", ["farm"]))
    >>> cv = xr.DataArray([[0.0]], {"source": ["F"], "pollutant": ["TN"]})
    >>> ends = contribution_interval(response, load, cv, np.random.default_rng(1))
    >>> round(ends["contribution_lower"].item(), 6), round(ends["contribution_upper"].item(), 6)
    (0.1, 0.1)
    """
    faults = []
    if not 0.0 < confidence < 1.0:
        right = "between 0 and 1"
        faults.append(
            Fault("contributions", None, "confidence", confidence, "is no probability", right)
        )
    if count < 100:
        faults.append(
            Fault("contributions", None, "count", count, "is too few to tell", "at least 100")
        )
    raise_faults(faults)
    rise = _rise(response, source_load)
    spread = _variation(rise, variation).transpose("source", "pollutant").values
    errors = _errors(spread, generator, count)
    classes = source_load["source_class"].values
    order = list(dict.fromkeys(classes.tolist()))
    tail = (1.0 - confidence) / 2.0
    ends = np.empty((2, rise.sizes["section"], len(order), *rise.shape[2:]))
    for place, name in enumerate(order):
        of_class = classes == name
        drawn = np.einsum("sipt,nip->nspt", rise.values[:, of_class], errors[:, of_class])
        ends[:, :, place] = np.quantile(drawn, [tail, 1.0 - tail], axis=0)
    dims = ("section", "source_class", "pollutant", "period")
    coords = {name: rise[name].values for name in dims if name != "source_class"}
    names = ("contribution_lower", "contribution_upper")
    arrays = {n: (dims, ends[k], {"units": "mg/L"}) for k, n in enumerate(names)}
    return xr.Dataset(arrays, {**coords, "source_class": order})


def _errors(
    variation: NDArray[np.float64], generator: np.random.Generator, count: int
) -> NDArray[np.float64]:
    """Log-normal factors of mean 1 (draw, source, pollutant)."""
    squared = np.log1p(variation**2)
    normal = generator.standard_normal((count, *variation.shape))
    return np.asarray(np.exp(normal * np.sqrt(squared) - squared / 2.0))
