"""Observations of the sample study ``wujin``: invented, from the study's own model.

What was "observed" is the model at present loads with one discharge more, which no table of the
study knows, read at the sections and moved by a few per cent. So it is known what a closure
must find, and where.
"""

import numpy as np
import pandas as pd
import xarray as xr
from wujin_water import PERIODS, POLLUTANTS, table

from permitload import quality, study

# --- A discharge that nobody declared: reach, position [m], pollutant, load [kg/d]; invented --
UNDECLARED = ("HT2", 1200, "NH3-N", 150.0)
NOISE = 0.08  # greatest error of a monthly mean, as a share of it; invented
SEASONAL = ("Sb", PERIODS[::3])  # sampled in the first month of each quarter alone


def truth(done: study.Outcome) -> xr.DataArray:
    """Concentration (section, pollutant, period) with the discharge that nobody declared."""
    tables, (reach, position, pollutant, load) = done.tables, UNDECLARED
    extra = (
        tables["outlets"]
        .head(1)
        .assign(
            outlet="X", reach=reach, position=float(position), position_to=np.nan, effluent_flow=0.0
        )
    )
    rates = tables["kinetics"].set_index("pollutant")[["decay", "temperature_factor"]]
    found = quality.response(
        done.network, done.datasets["hydraulics"],
        pd.concat([tables["outlets"], extra], ignore_index=True), tables["sections"],
        rates.loc[POLLUTANTS].to_dict("index"),
    )  # fmt: skip
    rise = load * found["response"].sel(outlet="X").where(found["pollutant"] == pollutant, 0.0)
    present = quality.at(tables["sections"], done.datasets["present"])
    return present.reset_coords(drop=True) + rise.reset_coords(drop=True)


def observation_tables(done: study.Outcome) -> dict[str, pd.DataFrame]:
    """One sample a section, pollutant and month; errors between -NOISE and NOISE, evenly spread."""
    found = truth(done)
    names, (seldom, months) = found["section"].values, SEASONAL
    keys = [
        (s, p, t) for s in names for p in POLLUTANTS for t in PERIODS
        if p != seldom or t in months
    ]  # fmt: skip
    # multiples of the golden ratio: as even as random numbers, and the same at every run
    spread = np.arange(1, len(keys) + 1) * (5**0.5 - 1) / 2 % 1
    factor = 1 + NOISE * (2 * spread - 1)
    note = "invented 虚构: model, one undeclared discharge, error"
    rows = [
        (*key, f"{key[2]}-15", float(f"{float(found.loc[key]) * f:.3g}"), note)
        for key, f in zip(keys, factor, strict=True)
    ]
    return {"observations": table("section indicator period date concentration[mg/L] note", rows)}
