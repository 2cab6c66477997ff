"""Every way to damage a study gives its own sentences: file, row, column, value, what is right."""

import json
import tempfile
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from permitload import io, study
from permitload.errors import DataError

MONTHS = [f"2025-{month:02d}" for month in range(1, 13)]
DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
FLOWS = {"R1": 6.0, "R2": 6.0, "R3": 2.0, "R4": 8.0}
BOUNDARIES = {"A": 6.0, "D": 2.0, "E": -8.0}

# Four reaches join at C; O1 is direct, O2 the outlet of the works W1, O3 a stretch of farm land.
STUDY = {
    "reaches": "reach,from_node,to_node,length [m],width [m]\n"
    "R1,A,B,4000,20\nR2,B,C,6000,20\nR3,D,C,5000,10\nR4,C,E,3000,30\n",
    "nodes": "node,storage_area [m2]\nC,0\n",
    "periods": "period,days [d],start\n"
    + "".join(f"{m},{d},{m}-01\n" for m, d in zip(MONTHS, DAYS, strict=True)),
    "flows": "reach,period,flow [m3/s],velocity [m/s]\n"
    + "".join(f"{reach},{m},{flow},0.2\n" for reach, flow in FLOWS.items() for m in MONTHS),
    "boundaries": "node,period,flow [m3/s]\n"
    + "".join(f"{node},{m},{flow}\n" for node, flow in BOUNDARIES.items() for m in MONTHS),
    "inflow": "node,pollutant,period,concentration [mg/L]\n"
    "A,COD,,12\nA,NH3-N,,0.4\nD,COD,,10\nD,NH3-N,,0.3\n",
    "kinetics": "pollutant,decay [1/d]\nCOD,0.2\nNH3-N,0.15\n",
    "sections": "section,reach,node,position [m],water_type,water_class\n"
    "S1,R2,,5500,river,III\nS2,,E,,river,IV\n",
    "standards": "section,indicator,period,water_class,limit [mg/L]\nS2,NH3-N,,,1.2\n",
    "outlets": "outlet,reach,node,position [m],position_to [m],effluent_flow [m3/d]\n"
    "O1,R1,,1000,,1728\nO2,R2,,2000,,25000\nO3,R3,,0,4000,\n",
    "works": "works,outlet,pollutant,design_flow [m3/d],acceptance_concentration [mg/L],"
    "outlet_concentration [mg/L]\nW1,O2,COD,25000,500,50\nW1,O2,NH3-N,25000,45,5\n",
    "sources": "source,source_class,sector,enterprise,outlet,works,wastewater_flow [m3/d]\n"
    "P1,industry,dyeing,E1,O1,,1728\nP2,industry,chemicals,E2,,W1,4320\n"
    "P3,domestic,,,,W1,17280\nF1,farm,,,O3,,0\n",
    "source_loads": "source,pollutant,period,source_load [kg/d],floor [kg/d],ceiling [kg/d]\n"
    "P1,COD,,60,20,80\nP1,NH3-N,,6,2,\nP2,COD,,,50,\nP2,NH3-N,,,5,\n"
    "P3,COD,,,,\nP3,NH3-N,,,,\nF1,COD,,40,,\nF1,NH3-N,,3,,\n",
    "enterprises": "enterprise,sector\nE1,dyeing\nE2,chemicals\n",
}

CASES = tomllib.loads((Path(__file__).parent / "bad_input.toml").read_text("utf8"))["case"]


def write(
    folder: Path,
    texts: dict[str, str],
    pollutants: Sequence[str] = ("COD", "NH3-N"),
    decided: Sequence[str] = ("industry",),
) -> None:
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf8")
    settings = f"[study]\npollutants = {json.dumps(list(pollutants))}\n"
    settings += f"[capacity]\ndecided = {json.dumps(list(decided))}\n"
    (folder / "study.toml").write_text(settings, "utf8")


def faults(folder: Path) -> list[str]:
    """Sentences of every fault of a study folder."""
    return [str(fault) for fault in study.check(folder)]


def damaged(edits: list[list[str]]) -> dict[str, str]:
    """The study with some text replaced: ``[file]`` removes it, ``""`` appends, ``*`` is all."""
    texts = dict(STUDY)
    for name, *change in edits:
        if not change:
            del texts[name]
            continue
        old, new = change
        text = texts.get(name, "")
        assert old in ("", "*") or old in text, f"{old!r} is not in {name}"
        texts[name] = {"": text + new, "*": new}.get(old) or text.replace(old, new)
    return texts


def test_the_study_itself_has_no_fault(tmp_path: Path) -> None:
    write(tmp_path, STUDY)
    assert faults(tmp_path) == []


def test_cases_are_many_and_distinct() -> None:
    assert len(CASES) >= 45
    assert len({case["name"] for case in CASES}) == len(CASES)
    assert len({str(case["edits"]) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_bad_input_is_named(case: dict[str, Any], tmp_path: Path) -> None:
    chosen = {key: case[key] for key in ("pollutants", "decided") if key in case}
    write(tmp_path, damaged(case["edits"]), **chosen)
    assert faults(tmp_path) == case["faults"]


SENTENCES = {
    "standards.limits": "sections.csv", "sources.source_dataset": "sources.csv",
    "hydraulics.from_flow": "flows.csv",
    "network.RiverNetwork.__init__": "reaches.csv",
}  # fmt: skip


@pytest.mark.parametrize("refusing", SENTENCES)
def test_an_error_that_names_no_cell_is_a_fault_too(
    refusing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a function refuses in a sentence alone stops the study, as what it refuses in cells."""

    def refuse(*given: Any, **named: Any) -> None:
        raise DataError("it is odd; right would be even")

    write(tmp_path, STUDY)
    monkeypatch.setattr(f"permitload.{refusing}", refuse)
    expected = f"{SENTENCES[refusing]}, rows: cannot be judged: it is odd; right would be even"
    assert faults(tmp_path) == [expected]


def test_direct_source_may_bring_water_to_the_outlet_of_a_works(tmp_path: Path) -> None:
    """With it the outlet may let out more than its works are built for, never less than is sent."""
    shared = {**STUDY, "sources": STUDY["sources"].replace("E1,O1,", "E1,O2,")}
    write(tmp_path, shared | {"outlets": STUDY["outlets"].replace("25000", "26000")})
    assert faults(tmp_path) == []
    write(tmp_path, shared | {"outlets": STUDY["outlets"].replace("25000", "21000")})
    assert [sentence.partition(":")[0] for sentence in faults(tmp_path)] == [
        "outlets.csv, row 3 (O2), effluent_flow"
    ]


@pytest.mark.parametrize("water", [21400, 21600, 25200])
def test_outlet_of_a_works_may_round_by_a_hundredth(water: int, tmp_path: Path) -> None:
    write(tmp_path, STUDY | {"outlets": STUDY["outlets"].replace("25000", str(water))})
    assert faults(tmp_path) == []


def test_symbolic_link_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    write(folder, STUDY)
    secret = tmp_path / "elsewhere.csv"
    secret.write_text(STUDY["nodes"], encoding="utf8")
    (folder / "nodes.csv").unlink()
    (folder / "nodes.csv").symlink_to(secret)
    assert faults(folder) == ["nodes.csv, file: is a symbolic link; right would be a file"]


UNREAD: dict[str, tuple[Callable[[str], bytes], str]] = {
    "gbk": (lambda text: ("x纺织" + text).encode("gbk"), "is not UTF-8 at byte 1; right would be a "
            "file saved as CSV UTF-8"),
    "utf-16": (lambda text: text.encode("utf-16"), "is not UTF-8 at byte 0; right would be a file "
               "saved as CSV UTF-8"),
    "utf-16 unmarked": (lambda text: text.encode("utf-16-le"), "holds a null character; right "
                        "would be a text file"),
    "empty": (lambda text: b"", "is empty; right would be a header line"),
    "semicolons": (lambda text: text.replace(",", ";").encode(), "is separated by semicolons; "
                   "right would be commas"),
    "tabs": (lambda text: text.replace(",", "\t").encode(), "is separated by tabs; right would be "
             "commas"),
}  # fmt: skip


@pytest.mark.parametrize("table", STUDY)
@pytest.mark.parametrize("way", UNREAD)
def test_of_a_file_that_cannot_be_read_nothing_more_is_said(
    table: str, way: str, tmp_path: Path
) -> None:
    write(tmp_path, STUDY)
    damage, sentence = UNREAD[way]
    (tmp_path / f"{table}.csv").write_bytes(damage(STUDY[table]))
    assert faults(tmp_path) == [f"{table}.csv, file: {sentence}"]


@pytest.mark.parametrize(
    "table", ["kinetics", "sources", "source_loads", "periods", "outlets", "reaches", "sections",
              "flows"]
)  # fmt: skip
def test_table_without_rows_is_named(table: str, tmp_path: Path) -> None:
    header = STUDY[table].partition("\n")[0]
    write(tmp_path, {**STUDY, table: f"{header}\n"})
    assert faults(tmp_path) == [f"{table}.csv, rows: has no row; right would be at least one row"]


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="folder: is missing; right would be a folder"):
        io.read_study_tables(tmp_path / "none")


def _deep() -> str:
    """Say what the parser of this Python says of brackets without end."""
    try:
        tomllib.loads("a = " + "[" * 100_000)
    except (ValueError, RecursionError) as error:
        return str(error)
    raise AssertionError("brackets without end are no TOML")


TARGETS = (
    "present_load, equal_proportion, equal_concentration, equal_removal, capped_base, "
    "contribution, tree"
)
COMPOSERS = "alpha_fairness, fill, project, proportion, equal_awards, equal_losses, nash, talmud"
CHOSEN = '[study]\npollutants = ["COD"]\n'
SETTINGS = {
    "": "study.toml, row study, pollutants: is missing; right would be a list such as "
    '["COD", "NH3-N"]',
    "[study\n": "study.toml, file: is not TOML (Expected ']' at the end of a table declaration "
    "(at line 1, column 7)); right would be TOML: key = value, text in quotes",
    "[study]\ntitle = my study": "study.toml, file: is not TOML (Invalid value (at line 2, column "
    "9)); right would be TOML: key = value, text in quotes",
    "#" * 1_000_001: "study.toml, file: has 1000001 bytes; right would be a TOML file of at most "
    "1000000 bytes",
    "a = " + "[" * 100_000: "study.toml, file: is not TOML (" + _deep() + "); right would be TOML: "
    "key = value, text in quotes",
    '[study]\npollutants = "COD"': "study.toml, row study, pollutants: COD is not a list of "
    'different labels; right would be a list such as ["COD", "TP"]',
    '[study]\npollutants = ["COD"]\n[capacity]\nmargin = 0.1': "study.toml, row capacity, margin: "
    "is unknown; right would be one of margin_of_safety, closure_tolerance, decided, annual, "
    "boundaries",
    '[study]\npollutants = ["COD"]\n[capacity]\nmargin_of_safety = 10': "study.toml, row capacity, "
    "margin_of_safety: 10 is not valid; right would be a number from 0 to 0.999",
    CHOSEN + '[capacity]\nannual = "mean"': "study.toml, row capacity, annual: mean is unknown; "
    "right would be one of sum_of_periods, worst_period",
    '[study]\npollutants = ["COD"]\n[allocation]\ncompose = "magic"': "study.toml, row allocation, "
    f"compose: magic is unknown; right would be one of {COMPOSERS}",
    '[study]\npollutants = ["COD"]\n[allocation]\ntarget = "__import__"': "study.toml, row "
    f"allocation, target: __import__ is unknown; right would be one of {TARGETS}",
    CHOSEN + '[allocation]\ntarget = ["present_load"]': "study.toml, row allocation, target: "
    f"['present_load'] is unknown; right would be one of {TARGETS}",
    CHOSEN + "[allocation]\ncompose = {a = 1}": "study.toml, row allocation, compose: {'a': 1} is "
    f"unknown; right would be one of {COMPOSERS}",
    CHOSEN + "[capacity]\nmargin_of_safety = " + "9" * 400: "study.toml, row capacity, "
    f"margin_of_safety: {'9' * 60}… is not valid; right would be a number from 0 to 0.999",
    CHOSEN + "[capacity]\nmargin_of_safety = 0x" + "f" * 9000: "study.toml, row capacity, "
    "margin_of_safety: a number of many digits is not valid; right would be a number from 0 to "
    "0.999",
    CHOSEN + "[capacity]\nmargin_of_safety = true": "study.toml, row capacity, margin_of_safety: "
    "True is not valid; right would be a number from 0 to 0.999",
    CHOSEN + "[capacity]\nmargin_of_safety = nan": "study.toml, row capacity, margin_of_safety: "
    "nan is not valid; right would be a number from 0 to 0.999",
    CHOSEN + "[basis]\ntarget = 0x" + "f" * 9000: "study.toml, row basis, target: a number of many "
    "digits is unknown; right would be one of statutory, pilot, assumed",
    CHOSEN + "[reliability]\nvariation = 0x" + "f" * 9000: "study.toml, row reliability, "
    "variation: a number of many digits is not valid; right would be a number from 0 to 10",
    CHOSEN + "[months]\nrise = 0x" + "f" * 9000: "study.toml, row months, rise: a number of many "
    "digits is not valid; right would be a number",
    CHOSEN + "[months]\nrule = 0x" + "f" * 9000: "study.toml, row months, rule: a number of many "
    "digits is not valid; right would be one of rolling, coefficient",
    CHOSEN + "[hydraulics]\ncell_length = 100": "study.toml, row hydraulics, cell_length: 100.0 is "
    'not used where flow is given; right would be flow = "steady" beside it, or no cell_length',
    CHOSEN + "[conversion]": "study.toml, row conversion, settings: decide nothing; right would be "
    "rows of sellers.csv, or no [conversion]",
    CHOSEN + '[tiers]\nbasis = "pilot"': "study.toml, row tiers, settings: decide nothing; right "
    "would be rows of tier_applications.csv, or no [tiers]",
    CHOSEN + '[basis]\ntarget = ["pilot"]': "study.toml, row basis, target: ['pilot'] is unknown; "
    "right would be one of statutory, pilot, assumed",
    '[study]\npollutants = ["COD"]\n[basis]\ntarget = "law"': "study.toml, row basis, target: law "
    "is unknown; right would be one of statutory, pilot, assumed",
    '[study]\npollutants = ["COD"]\n[extra]\na = 1': "study.toml, extra: is no table of it; right "
    "would be one of study, capacity, allocation, hydraulics, basis, reliability, "
    "months, technology, conversion, tiers, alternatives",
}


@pytest.mark.parametrize("text", SETTINGS)
def test_bad_settings_are_named(text: str, tmp_path: Path) -> None:
    write(tmp_path, STUDY)
    (tmp_path / "study.toml").write_text(text, "utf8")
    assert SETTINGS[text] in faults(tmp_path)


def test_settings_with_byte_order_mark(tmp_path: Path) -> None:
    write(tmp_path, STUDY)
    path = tmp_path / "study.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert faults(tmp_path) == []


def test_settings_in_another_encoding(tmp_path: Path) -> None:
    write(tmp_path, STUDY)
    (tmp_path / "study.toml").write_bytes('[study]\ntitle = "武进"\n'.encode("gbk"))
    assert faults(tmp_path) == [
        "study.toml, file: is not UTF-8 at byte 17; right would be a file saved as UTF-8"
    ]


PLACES = [
    (name, line, cell)
    for name, text in STUDY.items()
    for line, row in enumerate(text.splitlines())
    for cell in range(row.count(",") + 1)
    if line < 6
]
JUNK = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["", "-1", "0", "1e300", "1e-300", "nan", '"', "\n", "R1", "W1", "C", "TN", "=1", ";"]
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), JUNK), min_size=1, max_size=3))
def test_any_cell_may_hold_anything(edits: list[tuple[tuple[str, int, int], str]]) -> None:
    """Whatever stands in a cell, the check ends with sentences and never with another error."""
    texts = dict(STUDY)
    for (name, line, cell), junk in edits:
        rows = [row.split(",") for row in texts[name].splitlines()]
        if line < len(rows) and cell < len(rows[line]):
            rows[line][cell] = junk
        texts[name] = "\n".join(",".join(row) for row in rows)
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            data = text.encode("utf8", errors="surrogatepass")
            Path(folder, f"{name}.csv").write_bytes(data)
        for sentence in faults(Path(folder)):
            assert "; right would be " in sentence
