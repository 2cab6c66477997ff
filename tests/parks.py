"""Parks for tests: responses, headrooms and sources from plain numbers."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from permitload import fairness, sharing

CASES = Path(__file__).parent / "cases" / "allocation"
RULES: dict[str, Any] = {
    "fill": sharing.fill,
    "ray": sharing.proportion,
    "nearest": sharing.project,
    "log": sharing.alpha_fairness,
    "awards": fairness.equal_awards,
    "losses": fairness.equal_losses,
    "talmud": fairness.talmud,
    "leximin": fairness.leximin,
    "greatest": fairness.greatest_total,
}
"""Every composition whose ceiling is the claim by default."""


def known(name: str) -> dict[str, Any]:
    """A case of allocation."""
    found: dict[str, Any] = json.loads((CASES / f"{name}.json").read_text("utf8"))
    return found


def responses(matrix: Any) -> xr.DataArray:
    """Response of one pollutant and period from (…, section, outlet); … is the scenario."""
    values = np.asarray(matrix, float)
    labels: dict[str, Any] = {
        "section": [f"S{k + 1}" for k in range(values.shape[-2])],
        "outlet": [f"O{k + 1}" for k in range(values.shape[-1])],
        "pollutant": ["TP"],
        "period": ["dry"],
    }
    if values.ndim == 3:
        labels = {"scenario": [f"w{k + 1}" for k in range(len(values))], **labels}
    return xr.DataArray(values[..., None, None], labels, list(labels))


def rooms(response: xr.DataArray, limit: Any) -> xr.DataArray:
    """Headroom (…, section) of the same pollutant and period."""
    like = response.isel(outlet=0, drop=True).rename(pollutant="indicator")
    values = np.broadcast_to(np.asarray(limit, float)[..., None, None], like.shape)
    return like.copy(data=values.copy())


def plants(claim: Any, outlet: list[int] | None = None, **bounds: Any) -> xr.Dataset:
    """Sources E1, E2, … with a claim and bounds [kg/d]; at O1, O2, … or where it is said."""
    names = [f"E{k + 1}" for k in range(len(claim))]
    at = [f"O{k + 1}" for k in (range(len(claim)) if outlet is None else outlet)]
    arrays = {
        name: (("source", "pollutant", "period"), np.broadcast_to(v, len(names))[:, None, None])
        for name, v in {"source_load": np.asarray(claim, float), **bounds}.items()
    }
    labels = {"source": names, "pollutant": ["TP"], "period": ["dry"], "outlet": ("source", at)}
    return xr.Dataset({n: (d, np.array(v, float)) for n, (d, v) in arrays.items()}, labels)


def loads(allocation: xr.Dataset) -> np.ndarray[Any, Any]:
    """Permitted loads by source."""
    return np.asarray(allocation["permitted_load"].values[:, 0, 0])
