"""Tiers on the page of a study: both languages, every part, and the same bytes when verified."""

import re
from pathlib import Path

import pandas as pd
import pytest

from permitload import study

SAMPLE = Path(__file__).parent.parent / "data" / "samples" / "nantong"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return study.run(SAMPLE, tmp_path_factory.mktemp("nantong") / "results")


@pytest.fixture(scope="module")
def section(results: Path) -> str:
    """The part of the page between the headings of tiers and of the map."""
    page = (results / "report.html").read_text("utf8")
    return page[page.index('<h2 id="tiers">') : page.index('<h2 id="map">')]


def test_every_part_is_there_in_both_languages(section: str) -> None:
    for words in (
        "达标区与非达标区", "attaining and non-attaining areas", "划分说明", "statement",
        "绩效等级", "tier score", "排放强度与基准线", "baseline [kg/t]", "核定结果",
        "permit by tier [t/a]", "与容量闭合", "closure to the capacity", "外排", "discharged",
        "延续", "renewal", "首次申请", "三(二)4",
    ):  # fmt: skip
        assert words in section, words
    assert section.count("<img") == 9  # map, ladder and permits of three pollutants


def test_every_number_of_a_permit_is_that_of_the_table(results: Path, section: str) -> None:
    permits = pd.read_csv(results / "tier_permits.csv")
    cod = permits[permits["pollutant"] == "COD"]
    text = section[section.index("核定结果") :]
    table = text[text.index("<h4>COD</h4>") : text.index("<h4>NH3-N</h4>")]
    shown = re.findall(r'<th scope="row" class="short ">(\w\d\d)</th>', table)
    assert shown == cod["enterprise"].to_list()
    for branch in cod["branch_zh"].unique():
        assert branch in table
    for value in cod["permit [t/a]"]:
        assert f">{value:.4g}" in table or f">{value:.2f}" in table or f">{value:.1f}" in table


def test_every_sentence_of_the_statement_is_printed(results: Path, section: str) -> None:
    said = pd.read_csv(results / "tier_statement.csv")
    assert len(said) == 1 + 3 + 9  # the rule, three pollutants, three parks of three pollutants
    for column in ("sentence", "sentence_zh"):
        for sentence in said[column]:
            assert sentence in section


def test_results_are_verified(results: Path) -> None:
    found = study.verify(results)
    assert found.faults == ()


def test_a_study_without_tiers_has_no_such_part() -> None:
    from permitload.report import _tiers

    empty = pd.DataFrame(columns=["branch_zh", "branch", "enterprise", "document", "basis"])
    assert _tiers.rules(empty).rows == []
