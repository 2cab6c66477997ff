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
    "categories that spread leaves out": (
        {"tier_categories": "criterion_group,category_weight\nwater,1\n"},
        '\n[tiers]\nweights = "entropy_weights"\n',
        "tier_categories.csv, rows: are not used by entropy_weights; right would be "
        "combined_weights, or no such table",
    ),
    "comparisons that spread leaves out": (
        {"tier_comparisons": AHP + "water,emission,2\n"},
        '\n[tiers]\nweights = "critic_weights"\n',
        "tier_comparisons.csv, rows: are not used by critic_weights; right would be "
        "combined_weights, or no such table",
    ),
    "a category of nothing": (
        {"tier_categories": "criterion_group,category_weight\nbeauty,1\n"
         + "".join(f"{name},{weight}\n" for name, weight in ROWS)},
        "", "tier_categories.csv, beauty: 1.0 has no criterion or is negative; right would be "
        "weights in use",
    ),
    "no weight at all": (
        {"tier_categories": "criterion_group,category_weight\n"
         + "".join(f"{name},0\n" for name, _ in ROWS)},
        "", "tier_categories.csv, rows: cannot be judged: weights are all 0; right would be one "
        "> 0 at least",
    ),
    "comparisons that contradict each other": (
        {"tier_comparisons": AHP + "a,b,9\nb,c,9\nc,a,9\n"},
        "", "tier_comparisons.csv, row a, b: 9.0 contradicts the other pairs most (consistency "
        "ratio 6.13); right would be nearer to 1, and a ratio below 0.1",
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


@pytest.mark.parametrize("weights", ["category_weights", "entropy_weights"])
def test_values_that_are_missing_or_cannot_weigh_are_named(tmp_path: Path, weights: str) -> None:
    """One sentence of the same table, however the criteria weigh; also where none has a value."""
    text = (SAMPLE / "tier_values.csv").read_text("utf8")
    choice = f'\n[tiers]\nweights = "{weights}"\n'
    right = "is missing; right would be a value, or a rule for missing ones"
    some = text.replace("A01,management_audit,100.0,invented 虚构\n", "")
    none = "".join(row for row in text.splitlines(True) if "management_audit" not in row)
    for name, values in (("some", some), ("none", none)):
        found = study.check(folder(tmp_path / name, {"tier_values": values}, choice))
        assert f"tier_values.csv, row A01, management_audit: {right}" in map(str, found)
    if weights == "entropy_weights":
        below = text.replace("A01,management_audit,100.0,", "A01,management_audit,-5,")
        found = study.check(folder(tmp_path / "below", {"tier_values": below}, choice))
        assert [str(fault) for fault in found] == [
            "tier_values.csv, row A01, management_audit: -5.0 is out of range; right would be a "
            "finite number >= 0"
        ]
