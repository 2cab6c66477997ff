"""What a run of a study finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import xarray as xr

from permitload import _settings
from permitload.network import RiverNetwork


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that a run finds; each Dataset can be saved, read back and used on its own.

    Parameters
    ----------
    settings : Settings
        The study's choices.
    tables : mapping of DataFrame
        The study's tables.
    network : RiverNetwork
        Rivers.
    datasets : mapping of Dataset
        ``hydraulics``, ``background``, ``present``, ``permitted`` (quality), ``response``,
        ``limits``, ``capacity``, ``points``, ``owed``, ``closure``, ``sensitivity``, ``units``,
        ``units_monthly``, ``allocation``, ``sources``, ``rules``,
        ``counterfactuals``; ``measures`` where there are options; ``contributions`` where there
        are several source classes; ``upstream`` where the study states a target of boundary water,
        ``alternatives`` where it has some, ``uncertain`` (rows) and ``reliability`` where it
        states how uncertain its capacity is; ``months``, ``month_sections``, ``month_findings``,
        ``ledger`` where it has ``plans``; ``conversion`` and ``converted`` (quality) where it
        has ``sellers``; ``flow_check`` where flow is computed and stated.
    """

    settings: _settings.Settings
    tables: Mapping[str, pd.DataFrame]
    network: RiverNetwork
    datasets: Mapping[str, xr.Dataset]
