"""What is owed where limits are exceeded at present, and who can give it."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from permitload.capacity._arrays import attributes, matched, spread
from permitload.capacity.best import canonical, optimum, problems, unpriced
from permitload.errors import Fault, raise_faults
from permitload.sharing.rows import sparse_rows

__all__ = ["owed"]


def owed(
    response: xr.Dataset | xr.DataArray, headroom: xr.DataArray, source_load: xr.DataArray
) -> xr.Dataset:
    """Cut that each section owes at present loads, what the decided outlets can give, and the rest.

    Headroom is that above the background, so what it lacks is nobody's here: even a full stop of
    the decided outlets leaves it to the background or the upstream.

    Parameters
    ----------
    response : Dataset or DataArray
        ``response`` (section, outlet, pollutant, period) [(mg/L)/(kg/d)] of the decided outlets.
    headroom : DataArray
        (section, indicator, period) [mg/L], from :func:`headroom`, with its sign.
    source_load : DataArray
        Present load of the decided outlets (outlet, and pollutant or period where it differs)
        [kg/d], >= 0.

    Returns
    -------
    Dataset
        ``relief`` (section, outlet, pollutant, period) [mg/L], what a full stop of the outlet
        gives; ``spare`` (section, pollutant, period) [mg/L], headroom left at present loads,
        signed; ``cut_owed``, what is missing; ``own_part`` of it, that the decided outlets can
        give; ``other_part``, that only others can; ``able``, 1 where nothing is left to others;
        ``cut_load`` (outlet, pollutant, period) [kg/d], the least total cut that gives every
        ``own_part``, shared so that the loads that stay are as even as that total allows.

    Raises
    ------
    DataError
        If labels differ, or a number is NaN or a load negative.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], coords=labels, dims=list(labels))
    >>> room = response[:, 0].drop_vars("outlet").rename(pollutant="indicator") * 0 - 0.25
    >>> found = owed(response, room, xr.DataArray([50.0], {"outlet": ["O1"]}, ["outlet"]))
    >>> found.cut_owed.item(), found.own_part.item(), found.other_part.item()
    (0.75, 0.5, 0.25)
    """
    array = response["response"] if isinstance(response, xr.Dataset) else response
    array = array.transpose("section", "outlet", "pollutant", "period")
    like = array.isel(section=0, drop=True)
    given = matched(spread(source_load.reset_coords(drop=True), like), like, "source_load")
    bad = np.argwhere(~((given.values >= 0) & np.isfinite(given.values)))
    raise_faults(
        [
            Fault("owed", str(like["outlet"].values[k[0]]), "source_load",
                  given.values[tuple(k)], "is no load", "a load >= 0")
            for k in bad
        ]
    )  # fmt: skip
    rows = sparse_rows(array, headroom)
    shape = array.sizes["section"], *array.shape[2:]
    relief = np.zeros(array.shape)
    room = np.stack([row.limit.to_numpy() for row in rows.values()], axis=-1).reshape(shape)
    for row, (i, j) in zip(rows.values(), np.ndindex(*shape[1:]), strict=True):
        relief[:, :, i, j] = row.coefficient.toarray() * given.values[:, i, j]
    spare = room - relief.sum(axis=1)
    cut, other = np.maximum(-spare, 0.0), np.maximum(-room, 0.0)
    give = _given_up(array, headroom, given, cut.any(axis=0))
    by_section = ("section", "pollutant", "period")
    arrays = {
        "relief": (array.dims, relief), "spare": (by_section, spare),
        "cut_owed": (by_section, cut), "own_part": (by_section, cut - other),
        "other_part": (by_section, other), "able": (by_section, (other == 0.0).astype(float)),
        "cut_load": (("outlet", "pollutant", "period"), give),
    }  # fmt: skip
    data = {name: (*pair, attributes(name)) for name, pair in arrays.items()}
    return xr.Dataset(data, {n: c for n, c in array.coords.items() if c.dims})


def _given_up(
    response: xr.DataArray, headroom: xr.DataArray, load: xr.DataArray, owing: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Least total cut of each problem in which something is owed; nothing is cut elsewhere."""
    give = np.zeros(load.shape)
    given = problems(response, headroom, xr.Dataset({"ceiling": load}))
    for (_, problem), (i, j) in zip(given, np.ndindex(*owing.shape), strict=True):
        if owing[i, j]:
            best = optimum(problem, unpriced)
            kept = canonical(best.program, best.solution)
            give[:, i, j] = np.maximum(load.values[:, i, j] - kept, 0.0)
    return give
