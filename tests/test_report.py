"""The report: one page that says everything, and lets nothing through unescaped."""

import base64
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from permitload import plot
from permitload.errors import DataError
from permitload.report import Report, render

HOSTILE = "<script>alert('x')</script>\"'&"


def study_report(enterprise: str = "E1") -> Report:
    """Two enterprises, one section, two periods; the background of TP exceeds in the dry one."""
    permits = pd.DataFrame(
        {
            "enterprise": [enterprise, "E2", "E2"],
            "source": ["E1-1", "E2-1", "E2-1"],
            "pollutant": ["TN", "TN", "TP"],
            "source_load": [120.0, 30.0, 1.5],
            "permitted_load": [100.04321, 12345.678, np.nan],
            "permit": [36.5158, 4506.1725, 0.0],
            "stopped_by": ["ceiling 1/2; S1 1/2", "ceiling 2/2", "S1 2/2"],
            "works": ["W1", "", ""],
        }
    )
    monthly = pd.DataFrame(
        {
            "enterprise": [enterprise] * 2 + ["E2"] * 4,
            "source": ["E1-1"] * 2 + ["E2-1"] * 4,
            "pollutant": ["TN"] * 4 + ["TP"] * 2,
            "period": ["dry", "wet"] * 3,
            "source_load": [120.0, 100.0, 30.0, 30.0, 1.5, 1.5],
            "permitted_load": [90.5, 110.25, 12000.0, 13000.0, 0.0, np.nan],
            "level": [0.7541, 1.1025, 400.0, 433.3, 0.0, 0.5],
            "ceiling": [150.0, 110.25, 12000.0, 13000.0, 2.0, 2.0],
            "permit_mass": [2.8055, 3.4177, 372.0, 403.0, 0.0, 0.0],
            "stopped_by": ["S1", "ceiling", "ceiling", "ceiling", "S1", "S1"],
        }
    )
    capacity = pd.DataFrame(
        {
            "pollutant": ["TN", "TN", "TP", "TP"],
            "period": ["dry", "wet"] * 2,
            "total": [12345.678, 13110.25, 0.0, np.nan],
            "status": ["ok", "ok", "background_exceeds", "floors_infeasible"],
        }
    )
    sections = pd.DataFrame(
        {
            "section": ["S1"] * 4,
            "name": ["东桥 <East>"] * 4,
            "indicator": ["TN", "TN", "TP", "TP"],
            "period": ["dry", "wet"] * 2,
            "limit": [4.0, 4.0, 0.3, 0.3],
            "allowed": [3.6, 3.6, 0.27, 0.27],
            "background": [2.0, 1.0, 0.28, 0.2],
            "headroom": [1.6, 2.6, -0.01, 0.07],
            "concentration": [3.6, 3.0, 0.28, 0.27],
        }
    )
    balance = pd.DataFrame(
        [
            (term, pollutant, period, value)
            for pollutant in ("TN", "TP")
            for period, residual in (("dry", 1e-12), ("wet", 4e-12))
            for term, value in (("boundary_in", 100.0), ("boundary_out", 100.0),
                                ("residual", residual))
        ],
        columns=["term", "pollutant", "period", "ledger"],
    )  # fmt: skip
    parameters = pd.DataFrame(
        {
            "parameter": ["margin_of_safety", "decided", "limit"],
            "value": [0.1, "industry", 4.0],
            "basis": ["assumed", "pilot", "statutory"],
        }
    )
    use = xr.DataArray([[1.0, 0.8]], {"section": ["S1"], "period": ["dry", "wet"]})
    return Report(
        title="A study",
        title_zh="一个研究",
        tables={
            "permits": permits, "permits_monthly": monthly, "capacity": capacity,
            "sections": sections, "balance": balance, "parameters": parameters,
        },
        figures={"limit_use": {"TN": plot.png(plot.headroom_use(use))}},
        manifest={"inputs": {"reaches.csv": "0a1b2c"}, "versions": {"numpy": "2.4"}, "seed": None},
    )  # fmt: skip


class Page(HTMLParser):
    """Rows of cells by section, tags, and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: dict[str, list[list[str]]] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._section, self._cell, self._mute = "", False, False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "h2":
            self._section = dict(attrs)["id"] or ""
        elif tag == "tr":
            self.rows.setdefault(self._section, []).append([])
        elif tag in ("td", "th"):
            self.rows[self._section][-1].append("")
            self._cell = True
        elif tag == "br" and self._cell:
            self.rows[self._section][-1][-1] += " | "
        self._mute = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._cell = False
        self._mute = self._mute and tag != "style"

    def handle_data(self, data: str) -> None:
        if self._mute:
            return
        self.text += data
        if self._cell:
            self.rows[self._section][-1][-1] += data


@pytest.fixture(scope="module")
def html() -> str:
    return render(study_report())


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_permits_are_exact_and_loads_are_rounded(page: Page) -> None:
    body = [row for row in page.rows["permits"] if row[0] in ("E1", "E2", "合计 sum")]
    assert body == [
        ["E1", "E1-1", "120.0", "100.0", "75.4 % | dry", "36.5158", "S1 dry; 上限 ceiling 1/2",
         "W1"],
        ["E2", "E2-1", "30.00", "12,346", "40000.0 % | dry", "4,506.1725", "上限 ceiling 2/2", "—"],
        ["合计 sum", "", "150.0", "12,446", "", "4,542.6883", "", ""],
        ["E2", "E2-1", "1.500", "—", "0.0 % | dry", "0", "S1 dry, wet", "—"],
        ["合计 sum", "", "1.500", "0", "", "0", "", ""],
    ]  # fmt: skip


def test_cuts_are_marked(html: str) -> None:
    marked = re.findall(r'<span class="badge cut">([^<]+)</span>', html)
    assert marked == ["75.4 %", "0.0 %", "75.4 %", "0.0 %"]  # in the permits, then in why not more


def test_headers_are_bilingual_with_units_and_say_what_binds(page: Page) -> None:
    head = page.rows["permits"][0]
    assert "现状排放量 present load [kg/d]" in head
    assert "许可排放量 permitted load [kg/d]" in head
    assert "年许可排放量（有约束力） permit, binding [t/a]" in head
    report = study_report()
    permits = report.tables["permits"].assign(permit_worst=1.0)
    page = Page(render(Report("", "", {**report.tables, "permits": permits}, {}, {})))
    assert (
        "最不利时段折年量（仅供参考） permit worst, for information [t/a]"
        in page.rows["permits"][0]
    )


def test_sections_say_which_concentration_is_which(page: Page) -> None:
    head = page.rows["sections"][0]
    assert "许可后浓度 concentration with permits [mg/L]" in head
    assert "背景浓度（可决定污染源为零） background, decided sources at 0 [mg/L]" in head


def test_why_not_more_names_section_periods_and_what_was_left(page: Page) -> None:
    rows = [row for row in page.rows["notmore"] if row[0] != "企业 enterprise"]
    name = "S1 东桥 <East>"
    assert rows == [
        ["E1", "E1", "E1-1", name, "dry", "dry", "120.0", "90.50", "75.4 %", "150.0"],
        ["E2", "E2", "E2-1", name, "dry, wet", "dry", "1.500", "0", "0.0 %", "2.000"],
    ]


def with_rules() -> Report:
    """The same study with the provenance of one permit, what if, and two rules."""
    report = study_report()
    keys = {"source": "E1-1", "pollutant": "TN", "period": "dry"}
    numbers = {"floor": 1.0, "target": 120.0, "rounding": 1e-12, "response": 9.0}
    provenance = pd.DataFrame([{**keys, "quantity": q, "value": v} for q, v in numbers.items()])
    changes = pd.DataFrame([{**keys, "enterprise": "E1", "stopped_by": "S1",
                             "unrounded_load": 90.5004, "more_headroom": 91.25,
                             "equal_proportion": 60.0}])  # fmt: skip
    fair = pd.DataFrame({
        "pollutant": "TN", "rule": ["渐进 <fill>", "费用最小 least cost"],
        "sharing_target": ["present_load", ""], "permitted_load": [12445.7, np.nan],
        "price_in_total": [0.125, np.nan], "gini": [0.25, np.nan], "least_level": [0.75, np.nan],
        "shut": [0.0, np.nan], "calibrated": "yes", "reason": ["", "no options"],
    })  # fmt: skip
    rules = pd.DataFrame({
        "enterprise": "E1", "source": "E1-1", "pollutant": "TN", "rule": ["A", "B"],
        "permit": [36.5158, 30.0],
    })  # fmt: skip
    more = {"provenance": provenance, "counterfactuals": changes, "fairness": fair, "rules": rules}
    return Report("", "", {**report.tables, **more}, {"fairness": {"TN": b"png"}}, {})


def test_each_permit_is_shown_from_inputs_to_what_if() -> None:
    rows = Page(render(with_rules())).rows["notmore"]
    head = next(i for i, row in enumerate(rows) if "分配目标 target [kg/d]" in row)
    steps = dict(zip(rows[head], rows[head + 1], strict=True))
    shown = {name.split(" ")[0]: cell for name, cell in steps.items()}
    assert shown == {
        "企业": "E1", "污染源": "E1-1", "最紧时段": "dry", "现状排放量": "120.0", "保障量": "1.000",
        "自身上限": "150.0", "分配目标": "120.0", "满足率": "75.4 %", "受限因素": "S1",
        "取整前负荷": "90.50", "取整差额": "0", "时段许可排放量": "2.8055",
        "年许可排放量（有约束力）": "36.5158", "若断面多": "91.25", "若全体等比例": "60.00",
    }  # fmt: skip
    # a source without numbers behind it has dashes, and no wrong period
    other = dict(zip(rows[head], rows[head + 2], strict=True))
    assert other["分配目标 target [kg/d]"] == "—"
    assert other["最紧时段 tightest period"] == "dry"


def test_other_rules_stand_beside_each_other_with_their_figure() -> None:
    html = render(with_rules())
    rows = Page(html).rows["fairness"]
    assert rows[1] == ["渐进 <fill>", "present_load", "12,446", "0.1250", "0.2500", "0.7500", "0",
                       "已率定 calibrated", "—"]  # fmt: skip
    assert rows[2][2:] == ["—"] * 5 + ["已率定 calibrated", "no options"]
    # TP has no rules here: its tables are empty
    assert rows[4:6] == [["企业 enterprise", "污染源 source", "A", "B"],
                         ["E1", "E1-1", "36.52", "30.00"]]  # fmt: skip
    assert "price in total load and Gini coefficient of each rule" in html
    assert 'href="#fairness"' in html


def test_a_report_without_other_rules_has_no_such_section(page: Page) -> None:
    assert "fairness" not in page.rows
    assert "Had another rule" not in page.text


def test_why_not_more_is_empty_where_no_section_stopped_anybody() -> None:
    report = study_report()
    monthly = report.tables["permits_monthly"].assign(stopped_by="ceiling")
    page = Page(render(Report("", "", {**report.tables, "permits_monthly": monthly}, {}, {})))
    assert "notmore" not in page.rows
    assert "No section stopped anybody." in page.text


def test_periods_in_a_row_are_written_short() -> None:
    report = study_report()
    months = [f"2021-{m:02}" for m in (1, 2, 3, 12)] + ["2022-01", "flood"]
    monthly = report.tables["permits_monthly"].assign(
        source="E1-1", pollutant="TN", period=months, stopped_by="S1"
    )
    page = Page(render(Report("", "", {**report.tables, "permits_monthly": monthly}, {}, {})))
    assert page.rows["permits"][1][-2] == "S1 2021-01..03, 2021-12, 2022-01, flood"


def test_months_stand_side_by_side_with_the_mass_below(page: Page) -> None:
    tn = [row for row in page.rows["monthly"] if row[1] == "E1-1"]
    assert tn == [["E1", "E1-1", "90.50 | 2.8055", "110.2 | 3.4177"]]
    assert page.rows["monthly"][0][2:] == ["dry", "wet"]


def test_each_section_lists_whom_it_stopped(page: Page) -> None:
    name = "S1 东桥 <East>"
    share = "dry 已用足，受其限制的各源按目标的同一比例获准： 75.4 %"
    nothing = (
        "dry, wet 已用足，受其限制的各源按目标的同一比例获准，最紧时段 dry 为 0.0 %；"
        "dry 背景本身已超标，无可分配"
    )
    assert [
        [row[0], row[1], row[2].split(" | ")[0], row[3]] for row in page.rows["stopped"][1:]
    ] == [
        [name, "TN", share, "E1\u00a0(1)"],
        [name, "TP", nothing, "E2\u00a0(2)"],
        ["上限 ceiling", "TN", "已达自身上限，未受断面限制", "E1\u00a0(1), E2\u00a0(2)"],
    ]
    assert page.rows["stopped"][1][2].endswith(
        "full in dry; all sources that it stopped were granted the same share of their target:"
        " 75.4 %"
    )
    assert page.rows["stopped"][2][2].endswith(
        "in dry the background alone exceeds, nothing was left to share"
    )


def test_a_section_that_left_different_shares_says_so() -> None:
    report = study_report()
    monthly = report.tables["permits_monthly"].assign(
        pollutant="TN", period="dry", stopped_by="S1", level=[0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    )
    page = Page(render(Report("", "", {**report.tables, "permits_monthly": monthly}, {}, {})))
    assert page.rows["stopped"][1][2].endswith(
        "were granted shares of their target: 50.0 % – 100.0 %"
    )


def test_a_source_without_present_load_is_explained() -> None:
    report = study_report()
    monthly = report.tables["permits_monthly"].assign(stopped_by="no target", source_load=0.0)
    page = Page(render(Report("", "", {**report.tables, "permits_monthly": monthly}, {}, {})))
    assert page.rows["stopped"][1][0] == "无分配基数 no target"
    assert "nothing to share by (new or shut)" in page.rows["stopped"][1][2]
    assert page.rows["permits"][1][4:7] == ["—", "36.5158", "无分配基数 no target 2/2"]


def test_sections_show_their_worst_period_and_its_status(page: Page) -> None:
    rows = [row[2:4] + row[-2:] for row in page.rows["sections"][1:]]
    assert rows == [
        ["TN", "dry", "1.000", "达标 meets"],
        ["TP", "dry", "1.037", "背景超标 background exceeds"],
    ]


def test_the_cut_that_the_background_owes_is_named(page: Page) -> None:
    assert page.rows["owed"][1:] == [
        ["S1", "东桥 <East>", "TP", "dry", "0.3000", "0.2700", "0.2800", "0.01000", "E2"]
    ]


def test_no_section_is_owed_a_cut_where_there_is_headroom() -> None:
    report = study_report()
    sections = report.tables["sections"].assign(headroom=1.0)
    tables = {**report.tables, "sections": sections}
    page = Page(render(Report("", "", tables, {}, {})))
    assert "owed" not in page.rows
    assert "无。" in page.text


def test_capacity_says_in_words_where_it_does_not_hold(page: Page) -> None:
    assert page.rows["capacity"][1:] == [
        ["TN", "12,346", "13,110"],
        ["TP", "0 | 背景超标 background exceeds", "— | 保障量无法满足 floors infeasible"],
    ]


def test_the_balance_shows_the_worst_period(page: Page) -> None:
    assert page.rows["balance"][1:] == [
        ["TN", "wet", "100.0", "100.0", "4.0e-12", "2.0e-14"],
        ["TP", "wet", "100.0", "100.0", "4.0e-12", "2.0e-14"],
    ]


def test_water_stands_beside_mass_where_it_is_given() -> None:
    report = study_report()
    water = pd.DataFrame(
        {"term": ["boundary_in", "residual"], "period": ["dry"] * 2, "flow": [8.0, 4e-15]}
    )
    page = Page(render(Report("", "", {**report.tables, "water": water}, {}, {})))
    assert page.rows["balance"][1] == ["dry", "8.000", "4.0e-15", "5.0e-16"]


def test_assumed_parameters_are_marked_in_words(page: Page) -> None:
    assert [row[1:3] for row in page.rows["parameters"][1:]] == [
        ["0.1", "假定，未核实 assumed, unverified"],
        ["industry", "试点文件 pilot text"],
        ["4", "法定 statutory"],
    ]
    assert "1 parameters of 3 are assumed and unverified" in page.text


def test_opening_sentences_count_what_the_tables_hold(page: Page) -> None:
    assert "each of 2 enterprises may discharge in each of 2 periods" in page.text
    assert "3 of 4 combinations of section, indicator and period meet their targets" in page.text
    assert "leaves of the limit: S1 东桥 <East> TP (dry)." in page.text
    assert "TN 4,543 t/a, TP 0 t/a" in page.text
    assert "Of 2 sources, 2 are stopped by a control section" in page.text


def test_opening_sentence_says_all_only_where_all_meet() -> None:
    report = study_report()
    sections = report.tables["sections"].assign(headroom=1.0, concentration=0.2)
    page = Page(render(Report("", "", {**report.tables, "sections": sections}, {}, {})))
    assert "With these permits all 1 control sections meet their targets (4 comb" in page.text
    assert "the background alone exceeds what" not in page.text
    sections = sections.assign(concentration=[3.61, 3.6, 0.2, 0.2])
    page = Page(render(Report("", "", {**report.tables, "sections": sections}, {}, {})))
    assert "3 of 4 combinations" in page.text
    assert "1 more combinations exceed with the permits" in page.text


def test_first_map_is_shown_and_the_others_unfold_after_the_permits() -> None:
    report = study_report()
    figure = report.figures["limit_use"]["TN"]
    html = render(Report("", "", report.tables, {"map": dict.fromkeys(("TP", "TN"), figure)}, {}))
    places = [html.index(text) for text in (
        'id="permits"', 'id="notmore"', 'alt="TP: ', "<details>", 'alt="TN: ', "</details>"
    )]  # fmt: skip
    assert places == sorted(places)
    alone = render(Report("", "", report.tables, {"map": {"TP": figure}}, {}))
    assert "<details>" not in alone and "</details>" not in alone


def test_inputs_and_versions_are_listed(page: Page) -> None:
    assert page.rows["inputs"] == [["reaches.csv", "0a1b2c"], ["numpy", "2.4"], ["seed", "—"]]


def test_page_needs_nothing_from_outside(html: str, page: Page) -> None:
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "iframe", "object", "base"}
    for _, attributes in page.tags:
        for key in ("src", "href"):
            assert (attributes.get(key) or "#").startswith(("#", "data:image/png;base64,"))
    assert "url(" not in html and "@import" not in html
    (picture,) = re.findall(r'src="data:image/png;base64,([^"]+)"', html)
    assert base64.b64decode(picture).startswith(b"\x89PNG")


def test_pictures_hold_no_date_and_no_version(html: str) -> None:
    for picture in re.findall(r"base64,([^\"]+)\"", html):
        chunks = base64.b64decode(picture)
        assert b"tEXt" not in chunks and b"tIME" not in chunks


def test_hostile_names_are_text(html: str) -> None:
    clean, hostile = Page(html), render(study_report(HOSTILE))
    page = Page(hostile)
    assert "<script" not in hostile
    assert {tag for tag, _ in page.tags} == {tag for tag, _ in clean.tags}
    assert any(row[0] == HOSTILE for row in page.rows["permits"])


def test_hostile_titles_and_captions_are_text() -> None:
    report = study_report()
    figure = report.figures["limit_use"]["TN"]
    report = Report(HOSTILE, HOSTILE, report.tables, {"map": {HOSTILE: figure}}, {HOSTILE: HOSTILE})
    html = render(report)
    page = Page(html)
    assert "<script" not in html
    (alt,) = [attributes["alt"] for tag, attributes in page.tags if tag == "img"]
    assert alt is not None and alt.startswith(HOSTILE)


def test_no_text_says_nan(html: str, page: Page) -> None:
    assert not re.search(r"\b(nan|none|nat|inf)\b", page.text, re.IGNORECASE)


def test_same_report_same_bytes(html: str) -> None:
    report = study_report()
    assert render(report) == render(report) == html


def test_language_decides_what_comes_first(html: str) -> None:
    english = render(study_report(), "en")
    assert '<html lang="zh">' in html and '<html lang="en">' in english
    assert "年许可排放量（有约束力） permit, binding [t/a]" in Page(html).rows["permits"][0]
    assert "permit, binding [t/a] 年许可排放量（有约束力）" in Page(english).rows["permits"][0]
    assert html.index("一个研究</span>") < html.index("A study</span>")
    assert english.index("A study</span>") < english.index("一个研究</span>")


def test_all_that_is_missing_is_named_at_once() -> None:
    report = study_report()
    tables = dict(report.tables)
    tables["permits"] = tables["permits"].drop(columns="permit")
    del tables["capacity"]
    with pytest.raises(DataError) as raised:
        render(Report("", "", tables, {"maps": {}}, {}))
    assert [fault.column for fault in raised.value.faults] == ["permit", "capacity", "figures"]


def test_tables_stay_as_they_were() -> None:
    report = study_report()
    kept = {name: table.copy(deep=True) for name, table in report.tables.items()}
    render(report)
    for name, table in report.tables.items():
        pd.testing.assert_frame_equal(table, kept[name])


def test_long_tables_show_the_greatest_cuts_and_say_what_is_left_out() -> None:
    report = study_report()
    number = np.arange(300)
    names = [f"P{i}" for i in number]
    columns = {"enterprise": "", "source": names, "pollutant": "TN", "source_load": 1000.0,
               "permitted_load": 1000.0 - number, "stopped_by": "S1"}  # fmt: skip
    permits = pd.DataFrame(columns | {"permit": 1.0})
    monthly = pd.DataFrame(columns | {"period": "dry", "level": 1.0})
    tables = {**report.tables, "permits": permits, "permits_monthly": monthly}
    html = render(Report("", "", tables, {}, {}))
    rows = Page(html).rows["permits"]
    sources = [cells[1] for cells in rows if len(cells) > 1 and cells[1].startswith("P")]
    assert sources == names[:-201:-1]
    assert "100 more rows are not shown here" in html
    assert "300 sources may discharge" in html
    assert "P39\u00a0(1), … (300)" in html
    assert "so there is no map" in html
