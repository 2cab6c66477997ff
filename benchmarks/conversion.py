"""Trading ratios of very many pairs, against one multiplication of all their responses."""

import numpy as np
import pandas as pd
import xarray as xr
from jobs import SEED, Job, agree
from measure import Task
from shapes import Floats

from permitload import conversion

SECTIONS, PERIODS = 20, 12
OUTLETS = {5000: 500, 60: 7}
"""Buyers by number of farm cells."""


def ratios(shape: str, size: int) -> Job:
    """Greatest ratio of every pair over all sections and periods."""
    draw = np.random.default_rng([SEED, size])
    count = size + OUTLETS[size]
    names = [f"O{k}" for k in range(count)]
    rise = draw.uniform(1e-4, 1e-1, (SECTIONS, count, 1, PERIODS))
    rise[:, :, 0, :][draw.random((SECTIONS, count)) < 0.3] = 0.0
    rise[0] = draw.uniform(1e-4, 1e-1, (count, 1, PERIODS))
    labels = {"section": [f"S{k:02d}" for k in range(SECTIONS)], "outlet": names,
              "pollutant": ["TN"], "period": [f"{k:02d}" for k in range(PERIODS)]}  # fmt: skip
    response = xr.DataArray(rise, labels, tuple(labels))
    sellers = pd.DataFrame({"seller": names[:size], "outlet": names[:size], "pollutant": "TN",
                            "variation": 0.3})  # fmt: skip
    buyers = pd.DataFrame({"buyer": names[size:], "outlet": names[size:], "pollutant": "TN"})
    times = draw.uniform(0.1, 1.9, (size, PERIODS))
    times /= times.mean(axis=1, keepdims=True)
    timing = xr.DataArray(times, {"seller": np.array(names[:size], object),
                                  "period": labels["period"]})  # fmt: skip
    bought = rise[:, size:, 0].transpose(1, 0, 2).reshape(len(buyers), -1).copy()
    with np.errstate(divide="ignore"):
        sold = 1.0 / (rise[:, :size, 0] * times).transpose(1, 0, 2).reshape(size, -1)
    place = np.empty_like(bought)

    def run() -> xr.Dataset:
        """Compute the ratios as a user does."""
        return conversion.worst_ratio(response, sellers, buyers, timing)

    def multiplied() -> Floats:
        """Multiply and take the greatest, by numpy, one seller at a time."""
        found = np.empty((size, len(buyers)))
        with np.errstate(invalid="ignore"):
            for j in range(size):
                np.multiply(bought, sold[j], out=place)
                np.fmax.reduce(place, axis=1, out=found[j])
        return found

    def check() -> None:
        """Compare the answer with numpy's, infinite ones apart."""
        ours, theirs = run()["location_ratio"].values, multiplied()
        if not (np.isinf(ours) == np.isinf(theirs)).all():
            raise RuntimeError("other pairs are infinite")
        finite = np.isfinite(ours)
        agree(ours[finite], theirs[finite], 1e-12)

    facts = {"sellers": size, "buyers": len(buyers), "ratios": rise[:, 0].size * size * len(buyers)}
    return Job({"worst_ratio": Task(run), "numpy": Task(multiplied)}, check, facts,
               ("worst_ratio",))  # fmt: skip
