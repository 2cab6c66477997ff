"""Weights of criteria that a study chooses: stated, by comparisons, by spread, or both."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from permitload import _frames, _settings, _tiered, fairness, io, study, tiers

SAMPLE = Path(__file__).parent.parent / "data" / "samples" / "nantong"
ROWS = [("compliance", 1.0), ("management", 3.0), ("emission", 2.0), ("water", 2.0),
        ("low_carbon", 2.0)]  # fmt: skip
AHP = "criterion_group,other_group,category_ratio\n"


def folder(root: Path, texts: dict[str, str] | None = None, choice: str = "") -> Path:
    shutil.copytree(SAMPLE, root, ignore=shutil.ignore_patterns("results"))
    for name, text in (texts or {}).items():
        (root / f"{name}.csv").write_text(text, "utf8")
    settings = root / "study.toml"
    settings.write_text(settings.read_text("utf8") + choice, "utf8")
    return root


def ratings(root: Path) -> pd.DataFrame:
    """Ratings of a study, without running the rest of it."""
    settings, wrong = _settings.read(root)
    given = _frames.whole(io.read_study_tables(root)[0])
    assert not wrong
    return _tiered._ratings(given, settings.tiers).set_index("enterprise")


def known() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    given = io.read_study_tables(SAMPLE)[0]
    values = given["tier_values"].pivot(index="enterprise", columns="criterion", values="value")
    return given["tier_indicators"], values, given["tier_vetoes"]


def test_categories_weigh_as_a_study_states(tmp_path: Path) -> None:
    """All weight on one category of one criterion: the score is its own place on the scale."""
    rows = "criterion_group,category_weight\n" + "".join(
        f"{name},{1.0 if name == 'management' else 0.0}\n" for name, _ in ROWS
    )
    found = ratings(folder(tmp_path / "s", {"tier_categories": rows}))
    _, values, _ = known()
    # the scale of the audit runs from 50 to 100 points
    own = (values["management_audit"] - 50.0) / 0.5
    assert found["tier_score"].to_dict() == pytest.approx(own.clip(0.0, 100.0).to_dict())


def test_comparisons_that_agree_give_the_weights_they_are_ratios_of(tmp_path: Path) -> None:
    """Every ratio of 1 : 3 : 2 : 2 : 2, each pair once: the same ratings as those weights."""
    pairs = "".join(f"{a},{b},{x / y}\n" for i, (a, x) in enumerate(ROWS) for b, y in ROWS[i + 1 :])
    stated = "criterion_group,category_weight\n" + "".join(f"{n},{w}\n" for n, w in ROWS)
    one = ratings(folder(tmp_path / "a", {"tier_comparisons": AHP + pairs}))
    two = ratings(folder(tmp_path / "b", {"tier_categories": stated}))
    np.testing.assert_allclose(one["tier_score"], two["tier_score"], rtol=1e-9)
    assert (one["tier_score"] - ratings(folder(tmp_path / "c"))["tier_score"]).abs().max() > 1.0


@pytest.mark.parametrize("name", ["entropy_weights", "critic_weights", "combined_weights"])
def test_weights_by_spread_are_those_of_fairness(tmp_path: Path, name: str) -> None:
    indicators, values, vetoes = known()
    preference = indicators.set_index("criterion")["preference"]
    entropy = fairness.entropy_weights(values)
    weights = {
        "entropy_weights": entropy,
        "critic_weights": fairness.critic_weights(values, preference),
        "combined_weights": entropy * tiers.category_weights(indicators)[entropy.index],
    }[name]
    right = tiers.rate(indicators, values, weights, vetoes)
    found = ratings(folder(tmp_path / "s", choice=f'\n[tiers]\nweights = "{name}"\n'))
    assert found["tier_score"].to_dict() == pytest.approx(right["tier_score"].to_dict())
    assert found["tier"].to_dict() == right["tier"].to_dict()


BAD = {
    "both": (
        {"tier_comparisons": AHP + "water,emission,2\n",
         "tier_categories": "criterion_group,category_weight\nwater,1\n"},
        "", "tier_comparisons.csv, rows: stand beside weights; right would be weights or "
        "comparisons of the categories, not both",
    ),
    "a pair is missing": (
        {"tier_comparisons": AHP + "water,emission,2\nwater,management,1\n"}, "",
        "tier_comparisons.csv, row emission, management, category_ratio: is missing; right would "
        "be a row for every pair",
    ),
    "twice": (
        {"tier_comparisons": AHP + "water,emission,2\nemission,water,0.5\n"}, "",
        "tier_comparisons.csv, row 2 (water, emission), other_group: emission is compared the "
        "other way; right would be each pair of different categories once",
    ),
    "unknown": (
        {}, '\n[tiers]\nweights = "best"\n',
        "study.toml, row tiers, weights: best is unknown; right would be one of category_weights, "
        "entropy_weights, critic_weights, combined_weights",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_weigh_is_said_before(tmp_path: Path, name: str) -> None:
    texts, choice, sentence = BAD[name]
    found = [str(fault) for fault in study.check(folder(tmp_path / "s", texts, choice))]
    assert sentence in found
