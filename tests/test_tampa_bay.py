"""A real group of 19 plants under one nitrogen limit: what is read, and who gets what."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from permitload import sharing
from permitload.fairness import (
    entropy_weights,
    equal_awards,
    equal_losses,
    price_of_fairness,
    talmud,
)
from permitload.sharing import Filling

pytestmark = pytest.mark.real_data

CONVERT = Path(__file__).parents[1] / "studies" / "tampa-bay" / "convert.py"
US_TON = 0.90718474
"""Tonnes; figures are published in US tons."""
PORT_SUTTON, KINGSFORD, ZEROS = "FL0000264", "FL0000256", ["FL0334944", "FL0036421"]


@pytest.fixture(scope="module")
def src() -> Path:
    home = os.environ.get("PERMITLOAD_DATA")
    if not home or not Path(home, "tampa-bay").is_dir():
        pytest.skip("PERMITLOAD_DATA does not lead to tampa-bay")
    return Path(home, "tampa-bay")


@pytest.fixture(scope="module")
def convert() -> Any:
    spec = importlib.util.spec_from_file_location("tampa_bay_convert", CONVERT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_members_are_nineteen_and_one_has_no_figure(src: Path, convert: Any) -> None:
    table = convert.members(src)
    assert len(table) == 19
    assert list(table.index[table["note"] == "no figure"]) == [PORT_SUTTON]
    assert list(table.index[table["claim"].isna()]) == [PORT_SUTTON]
    assert sorted(table.index[table["claim"] == 0]) == sorted(ZEROS)  # a figure, and it is 0
    claims = table["claim"] / US_TON
    assert claims.sum() == pytest.approx(124.5)
    assert claims.drop("FL0038652").sum() == pytest.approx(124.2)
    assert convert.limit(src) / US_TON == pytest.approx(124.1)  # once, not 19 times
    assert (table["months"] > 0).sum() == 18


def test_records_are_those_published(src: Path, convert: Any) -> None:
    yearly = convert.observed(src)
    assert yearly.sum().tolist() == pytest.approx([51.219, 84.930, 90.214, 67.559], abs=6e-4)
    assert yearly.sum().mean() == pytest.approx(73.481, abs=6e-4)
    assert yearly.sum().mean() / US_TON == pytest.approx(80.999, abs=6e-4)
    months = convert.monthly(src).groupby(["year", "month"])["load"].sum()
    assert months.idxmax() == (2019, 8)
    assert months.max() == pytest.approx(15.938, abs=6e-4)
    # no record is not a record of 0
    assert yearly.loc["FL0032590"].isna().all()
    assert (yearly.loc["FL0033294"].dropna() == 0.0).all()
    assert yearly.loc[KINGSFORD].notna().tolist() == [True, False, False, False]


Rules = list[tuple[Callable[..., Filling], Callable[[pd.Series], pd.Series]]]
LACKING = 0.4
"""What the limit lacks of the claims [US ton]."""

# What each plant loses [US ton], by hand. 16 claims are above 0; the least is 0.2.
RULES: Rules = [
    (sharing.fill, lambda claim: LACKING * claim / 124.5),
    (sharing.proportion, lambda claim: LACKING * claim / 124.5),
    (equal_awards, lambda claim: LACKING * (claim.index == KINGSFORD)),
    (equal_losses, lambda claim: LACKING / 16 * (claim > 0)),
    (talmud, lambda claim: LACKING / 16 * (claim > 0)),
]


@pytest.mark.parametrize(("compose", "loss"), RULES, ids=lambda rule: getattr(rule, "__name__", ""))
def test_limit_shared_out(src: Path, convert: Any, compose: Any, loss: Any) -> None:
    table = convert.shared(src, compose)
    assert len(table) == 19
    assert table.loc[PORT_SUTTON, "stopped_by"] == "no figure"
    assert np.isnan(table.loc[PORT_SUTTON, "share"])
    some = table.drop(PORT_SUTTON)
    claim = some["claim"] / US_TON
    np.testing.assert_allclose(some["share"] / US_TON, claim - loss(claim), rtol=0, atol=1e-9)
    assert some["share"].sum() == pytest.approx(convert.limit(src), rel=1e-12)
    assert (some.loc[ZEROS, "share"] == 0.0).all()
    assert some.loc[KINGSFORD, "stopped_by"] == "ips_mosaic_hb"  # the group's row, no section


def test_one_row_has_no_price_in_total(src: Path, convert: Any) -> None:
    """Under one row with the same coefficient for all, fairness takes nothing from the total."""
    shares = {rule.__name__: convert.shared(src, rule)["share"].dropna() for rule, _ in RULES}
    claim = xr.DataArray(convert.members(src)["claim"].dropna())
    loads = {name: xr.DataArray(share) for name, share in shares.items()}
    table = price_of_fairness(loads, claim, convert.limit(src))
    assert table["price_in_total"].tolist() == pytest.approx([0.0] * len(RULES), abs=1e-12)
    assert table["shut"].tolist() == [0] * len(RULES)
    assert table.loc["fill", "gini"] == pytest.approx(0.0, abs=1e-12)
    assert table.loc["equal_losses", "gini"] > table.loc["equal_awards", "gini"] > 1e-5


def test_entropy_of_the_records_is_carried_by_spread(src: Path, convert: Any) -> None:
    """On real records, zeros included: two plants a year without any record are left out."""
    whole = convert.observed(src).dropna()
    weight = entropy_weights(whole)
    assert weight.sum() == pytest.approx(1.0)
    assert (whole == 0).any(axis=None)
    spread = whole.std() / whole.mean()
    assert weight.idxmax() == spread.idxmax()


def test_script_writes_its_tables(src: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(CONVERT), str(src), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    claims = pd.read_csv(tmp_path / "claims.csv").set_index("source")
    assert claims["claim [t/a]"].isna().sum() == 1
    assert claims.loc[PORT_SUTTON, "note"] == "no figure"
    assert pd.read_csv(tmp_path / "observed.csv").shape == (19, 5)
    lost = subprocess.run(
        [sys.executable, str(CONVERT), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert lost.returncode == 2
    assert "holds no facilities.csv" in lost.stderr
