"""Tables and Datasets come back as they went out; units convert; bad files give faults."""

import csv
import json
import re
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from permitload import io, units
from permitload.errors import DataError, Fault
from permitload.io._csv import explained
from permitload.io._whole import whole
from permitload.schema import TABLES, VARIABLES, template

CASE = json.loads(
    (Path(__file__).parent / "cases/allocation/units_conversions.json").read_text("utf8")
)
PERIODS = {"feb": 28.0, "jan": 31.0, "apr": 30.0, "leap": 29.0}


def read(folder: Path, table: str, text: str) -> pd.DataFrame:
    path = folder / f"{table}.csv"
    path.write_text(text, encoding="utf8")
    return io.read_table(path, table, PERIODS)


def load(folder: Path, unit: str, value: float, period: str = "") -> float:
    """A source load [kg/d] as a table in another unit says it."""
    head = f"source,pollutant,period,source_load [{unit}]"
    frame = read(folder, "source_loads", f"{head}\nP1,COD,{period},{value!r}\n")
    return float(frame["source_load"].iloc[0])


def test_conversions_of_the_case(tmp_path: Path) -> None:
    """All values of the case; those per period also through a table, there and back."""
    carried = load(tmp_path, "g/s", 1.0)
    flow = read(tmp_path, "boundaries", "node,period,flow [m3/d]\nA,jan,10000\n")["flow"].iloc[0]
    got = {
        ("1 mg/L x 1 m3/s", "kg/d"): units.flux(1.0, 1.0),
        ("1 mg/L x 1 m3/s", "t/a (365 d)"): units.tonnes(units.flux(1.0, 1.0)),
        ("1 mg/L x 1 m3/s", "t/month (28 d)"): units.tonnes(carried, PERIODS["feb"]),
        ("1 mg/L x 1 m3/s", "t/month (31 d)"): units.tonnes(carried, PERIODS["jan"]),
        ("1 t/a", "kg/d (365 d)"): load(tmp_path, "t/a", 1.0),
        ("1 t/month (30 d)", "kg/d"): load(tmp_path, "t/month", 1.0, "apr"),
        ("1 g/s", "t/a"): io.convert(1.0, "g/s", "permit"),
        ("10000 m3/d x 50 mg/L", "t/a"): units.tonnes(units.flux(float(flow), 50.0)),
    }
    asked = [tuple(conversion) for conversion in CASE["inputs"]["conversions"]]
    assert list(got) == asked
    for conversion, right in zip(asked, CASE["expected"]["values"], strict=True):
        assert got[conversion] == pytest.approx(right, rel=CASE["tolerance"], abs=0), conversion


def test_traps_of_the_case(tmp_path: Path) -> None:
    """A leap February, and months that are not a twelfth of a year."""
    ratio = load(tmp_path, "t/month", 1.0, "feb") / load(tmp_path, "t/month", 1.0, "leap")
    assert ratio == pytest.approx(29 / 28, rel=1e-14)
    twelfth = 31.536 / 12
    for period, right in (("feb", 2.4192), ("jan", 2.6784)):
        mass = units.tonnes(86.4, PERIODS[period])
        assert mass == pytest.approx(right, rel=1e-12)
        assert abs(mass - twelfth) > 0.05
    with pytest.raises(DataError, match=r"365 d; a year is 365\.25 d"):
        io.convert(1.0, "t/year", "permit")


@pytest.mark.parametrize(
    ("value", "unit", "name", "right"),
    [
        (1.0, "km", "length", 1000.0),
        (1.0, "ha", "storage_area", 1e4),
        (1.0, "hm2", "storage_area", 1e4),
        (3.0, "亩", "storage_area", 2000.0),
        (3.0, "mu", "storage_area", 2000.0),
        (1.0, "km²", "storage_area", 1e6),
        (1.0, "m**2", "storage_area", 1.0),
        (86400.0, "m³/d", "flow", 1.0),
        (3600.0, "m^3/h", "flow", 1.0),
        (1000.0, "L/s", "flow", 1.0),
        (5.0, "ug/L", "limit", 0.005),
        (5.0, "µg/L", "limit", 0.005),
        (5.0, "g/m3", "limit", 5.0),
        (2.0, "1/h", "decay", 48.0),
        (0.864, "m/d", "velocity", 1e-5),
        (25.0, "%", "share", 0.25),
        (0.25, "-", "share", 0.25),
        (300.0, "K", "temperature", 26.85),
        (20.0, "℃", "temperature", 20.0),
        (365.0, "kg/a", "source_load", 1.0),
        (1.0, "t/d", "source_load", 1000.0),
    ],
)
def test_units_that_headers_may_say(value: float, unit: str, name: str, right: float) -> None:
    assert io.convert(value, unit, name) == pytest.approx(right, rel=1e-14)


@pytest.mark.parametrize(
    "unit",
    ["ton", "Ton/a", "kg/month", "t/year", "ppm", "kg", "mg/L", "", "kg/d/d", "kg/", "((", "kg d",
     "9**9**9", "kg**9**9**9**9/d", "kg^99/d", "kg+d", "__import__", "x" * 1000, "kg/d;", "kg/0"],
)  # fmt: skip
def test_units_that_are_refused(unit: str) -> None:
    with pytest.raises(DataError, match=r"source_load: .*; right would be "):
        io.convert(1.0, unit, "source_load")


def test_every_canonical_unit_is_known() -> None:
    for variable in VARIABLES.values():
        if not variable.is_label and not variable.is_date:
            assert io.convert(1.5, variable.unit, variable.name) == 1.5


def test_arrays_convert_with_their_labels() -> None:
    load = xr.DataArray([1.0, 2.0], {"source": ["A", "B"]}, ["source"])
    assert io.convert(load, "t/a", "permit").identical(load)
    converted = io.convert(load, "t/d", "source_load")
    assert converted.sel(source="B").item() == 2000.0


def test_defaults_and_missing_values(tmp_path: Path) -> None:
    frame = read(tmp_path, "reaches", "\ufeffreach,from_node,to_node,length [km]\nR1,a,b, 1.5 \n")
    row = frame.iloc[0]
    assert list(frame.columns) == [column.name for column in TABLES["reaches"].columns]
    assert (row["reach"], row["length"], row["side_slope"], row["name"]) == ("R1", 1500.0, 0.0, "")
    assert np.isnan(row["width"])
    dates = read(tmp_path, "periods", "period,days [d],start\na,31,2025-01-01\nb,28,\n")["start"]
    assert dates.iloc[0] == pd.Timestamp(2025, 1, 1)
    assert dates.iloc[1] is pd.NaT


def test_default_is_in_canonical_units(tmp_path: Path) -> None:
    text = "source,source_class,wastewater_flow [m3/d]\nA,farm,\nB,farm,86400\n"
    assert read(tmp_path, "sources", text)["wastewater_flow"].tolist() == [0.0, 1.0]


@pytest.mark.parametrize("label", ["=1+1", "+A", "-A", "@A", "＝A", " =A", "\t=A"])
def test_label_like_a_formula_is_refused(label: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"sector: .* starts like a formula; right would be text"):
        read(tmp_path, "enterprises", f"enterprise,sector\nE1,{label}\n")
    kept = read(tmp_path, "boundaries", "node,period,flow [m3/s]\nA=1,2025-01,-4\n")
    assert kept.iloc[0].tolist()[:3] == ["A=1", "2025-01", -4.0]


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_other_separator_is_named(mark: str, name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"1 fault.*\n.*is separated by {name}; .* be commas$"):
        read(tmp_path, "kinetics", f"pollutant{mark}decay [1/d]\nCOD{mark}0,2\n")
    assert read(tmp_path, "kinetics", "pollutant,decay [1/d],note\nCOD,0.2,a;b\n").shape[0] == 1


def test_lines_count_quoted_newlines_and_blank_rows(tmp_path: Path) -> None:
    path = tmp_path / "kinetics.csv"
    path.write_text('pollutant,decay [1/d],note\nCOD,0.2,"two\nlines"\n\n,,\nTP,x,\n', "utf8")
    frame, faults = io.scan_table(path, "kinetics")
    assert frame.index.tolist() == [3, 6]
    assert [fault.row for fault in faults] == [6]


@pytest.mark.parametrize("table", list(TABLES))
def test_empty_table_has_its_types(table: str, tmp_path: Path) -> None:
    frame = read(tmp_path, table, template(table) + "\n")
    assert len(frame) == 0
    for name in frame.columns:
        variable = VARIABLES[name]
        kind = "M" if variable.is_date else "OU" if variable.is_label else "f"
        assert frame[name].to_numpy().dtype.kind in kind


def test_large_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "flows.csv"
    with path.open("wb") as stream:
        stream.truncate(io.LARGEST_FILE + 1)
    with pytest.raises(DataError, match="exceeds 200000000 bytes"):
        io.read_table(path, "flows")


LABEL = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\n\x00", exclude_categories=("Cc", "Cs")),
    min_size=1,
).filter(lambda text: text == text.strip() and unicodedata.normalize("NFKC", text)[0] not in "=+-@")
NUMBER = st.floats(-1e6, 1e6, allow_nan=False)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(LABEL, st.tuples(NUMBER, LABEL), min_size=1, max_size=5))
def test_table_round_trip(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[str, tuple[float, str]]
) -> None:
    """Labels and numbers come back bit for bit, and equal tables are equal bytes."""
    path = tmp_path_factory.mktemp("table") / "boundaries.csv"
    table = pd.DataFrame(
        {
            "node": list(rows),
            "period": "all",
            "flow": [flow + 0.0 for flow, _ in rows.values()],
            "note": [note for _, note in rows.values()],
        }
    )
    io.write_table(table, path)
    once = path.read_bytes()
    back = io.read_table(path, "boundaries").reset_index(drop=True)
    pd.testing.assert_frame_equal(back, table, check_exact=True, check_dtype=False)
    io.write_table(back, path)
    assert path.read_bytes() == once
    assert b"\r" not in once


def test_written_table_is_plain(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    table = pd.DataFrame(
        {"permit": [0.1, np.nan, -0.0], "stopped_by": ["S1", None, "总量"]},
        index=pd.Index(["P1", "P2", "P3"], name="source"),
    )
    kept = table.copy()
    io.write_table(table, path)
    assert (
        path.read_text("utf8") == "source,permit [t/a],stopped_by\nP1,0.1,S1\nP2,,\nP3,0.0,总量\n"
    )
    pd.testing.assert_frame_equal(table, kept)
    with pytest.raises(DataError, match=r"out\.csv, cut: is not declared"):
        io.write_table(pd.DataFrame({"cut": [1.0]}), path)
    assert path.read_text("utf8").startswith("source,permit")


def test_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old", encoding="utf8")

    def broken(self: Path, target: Path) -> Path:
        raise OSError("no space")

    monkeypatch.setattr(Path, "replace", broken)
    with pytest.raises(OSError, match="no space"):
        io.write_table(pd.DataFrame({"reach": ["R1"]}), path)
    assert path.read_text("utf8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def dataset() -> xr.Dataset:
    return xr.Dataset(
        {
            "flow": (("reach", "period"), [[0.1, 1 / 3], [-2.5e-300, 1e300]]),
            "stopped_by": ("reach", ["S1|一月", ""]),
            "unique": ("reach", [True, False]),
            "travel_time": ("period", [np.inf, np.nan]),
            "total": ((), 2.0),
        },
        coords={
            "reach": ["R1", "武南河"],
            "period": ["2025-01", "dry"],
            "days": ("period", [31.0, 334.0]),
            "start": ("period", np.array(["2025-01-01", "NaT"], dtype="datetime64[s]")),
        },
        attrs={"title": "永安河"},
    )


def test_dataset_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "hydraulics.nc"
    before, given_attrs = dataset(), dataset().attrs
    io.write_dataset(before, path)
    after = io.read_dataset(path)
    assert after.equals(before)
    assert after.attrs == given_attrs
    assert after["flow"].attrs["units"] == "m3/s"
    assert after["days"].attrs["units"] == "d"
    assert before.identical(dataset())
    io.write_dataset(after, path)
    assert io.read_dataset(path).identical(after)
    assert list(tmp_path.iterdir()) == [path]


def test_a_damaged_heap_of_texts_is_refused(tmp_path: Path) -> None:
    """HDF5 walks a heap whose free space has no size for ever."""
    path = tmp_path / "hydraulics.nc"
    io.write_dataset(dataset(), path)
    whole = path.read_bytes()
    heap = whole.index(b"GCOL")
    end = heap + int.from_bytes(whole[heap + 8 : heap + 16], "little")
    refused = 0
    for start in range(heap + 16, min(end, heap + 600), 8):
        for damage in (b"\xff" * 24, bytes(24)):
            path.write_bytes(whole[:start] + damage + whole[start + len(damage) :])
            try:
                io.read_dataset(path)
            except DataError:
                refused += 1
    assert refused >= 50


def test_damaged_dataset_gives_a_data_error(tmp_path: Path) -> None:
    """Truncated at many lengths, overwritten at many places, or of another kind."""
    path = tmp_path / "hydraulics.nc"
    io.write_dataset(dataset(), path)
    whole = path.read_bytes()
    refused = 0
    for cut in range(0, len(whole), 997):
        path.write_bytes(whole[:cut])
        with pytest.raises(DataError, match=re.escape("hydraulics.nc, file: ")):
            io.read_dataset(path)
    for start in range(0, 6000, 149):
        path.write_bytes(whole[:start] + b"\xff" * 24 + whole[start + 24 :])
        try:
            io.read_dataset(path)
        except DataError:
            refused += 1
    assert refused >= 5
    path.write_text("reach,flow\n", encoding="utf8")
    with pytest.raises(DataError, match="right would be a NetCDF-4 file"):
        io.read_dataset(path)


def test_expand_periods_lets_a_row_of_its_own_win() -> None:
    loads = pd.DataFrame(
        {
            "source": ["A", "A", "B", "C"],
            "pollutant": "COD",
            "period": ["", "wet", "dry", ""],
            "source_load": [1.0, 9.0, 2.0, 3.0],
        }
    )
    kept = loads.copy()
    written = io.expand_periods(loads, ["dry", "wet"])
    got = written.set_index(["source", "period"])["source_load"].to_dict()
    assert got == {
        ("A", "dry"): 1.0, ("A", "wet"): 9.0, ("B", "dry"): 2.0,
        ("C", "dry"): 3.0, ("C", "wet"): 3.0,
    }  # fmt: skip
    pd.testing.assert_frame_equal(loads, kept)
    assert io.expand_periods(loads.iloc[:0], ["dry"]).empty


def test_study_tables_use_the_days_of_their_periods(tmp_path: Path) -> None:
    for name in TABLES:
        (tmp_path / f"{name}.csv").write_text(template(name) + "\n", encoding="utf8")
    (tmp_path / "periods.csv").write_text("period,days [d]\nfeb,28\n", encoding="utf8")
    (tmp_path / "source_loads.csv").write_text(
        "source,pollutant,period,source_load [t/month]\nP1,COD,feb,2.8\n", encoding="utf8"
    )
    tables, faults = io.read_study_tables(tmp_path)
    assert faults == []
    assert list(tables) == list(TABLES)
    assert tables["source_loads"]["source_load"].tolist() == pytest.approx([100.0], rel=1e-14)


def test_written_headers_read_back(tmp_path: Path) -> None:
    """The template of every table is a table."""
    for name, table in TABLES.items():
        path = tmp_path / f"{name}.csv"
        io.write_table(pd.DataFrame({column.name: [] for column in table.columns}), path)
        with path.open(newline="", encoding="utf8") as stream:
            assert next(csv.reader(stream)) == template(name).split(",")
        assert io.read_table(path, name).empty


PLAIN = {
    "flows": "reach,period,flow [m3/d],velocity [m/s],note\n"
    'R1,jan,-86400,,"gauge, upper"\nR2,feb,1e5, 0.25 ,\nR10,jan,.5,5.,上游\n',
    "source_loads": "source,pollutant,period,source_load [t/month],floor\u3000[kg/d]\r\n"
    "P1,NH3-N,jan,0.1,\r\nP 2,NH3-N,feb,,3\r\nP1,COD,jan,1.7976931348623157e2,0\r\n",
    "sections": "section,reach,node,position [km],water_type\nS1,R1,,0.1,\nS2,,N1,,lake",
    "shares": "reach,share\n甲,1\n乙,0\n",
    "kinetics": "pollutant,decay [1/d],temperature_factor,basis\nCOD,0.3,,assumed\nTP,0,1.1,\n",
}
"""Tables that can be read in one go, though not as simple as can be."""

TRAPS = [
    *("", ",", ",,", "\n", "\n\n", "\r", "\r\n", "\n,,\n", " ", "\t", "\u3000", "\x85", "\x1c"),
    *('"', '""', '"a"', '"a"b', '"a, b"', '" a "', "=", "-", "@", "＝", "﹢", ";", "\ufeff", "é"),
    *("nan", "inf", "1e400", "1e-400", "1_0", "１", "true", "FALSE", "NA", "0x1", "-1", "1e", "x"),
]
"""What readers of CSV disagree about."""


def both_ways(table: str, text: str) -> tuple[pd.DataFrame | None, pd.DataFrame, list[Fault]]:
    """A table read in one go, and read cell by cell with its faults."""
    declared = TABLES[table]
    return whole(text, declared, PERIODS), *explained(text, f"{table}.csv", declared, PERIODS)


@pytest.mark.parametrize("table", PLAIN)
def test_in_one_go_is_cell_by_cell(table: str) -> None:
    quick, frame, faults = both_ways(table, PLAIN[table])
    assert not faults
    pd.testing.assert_frame_equal(quick, frame, check_exact=True)


@settings(max_examples=600, deadline=None)
@given(
    st.sampled_from(sorted(PLAIN)),
    st.lists(st.tuples(st.floats(0.0, 1.0), st.integers(0, 3), st.sampled_from(TRAPS)), max_size=3),
)
def test_what_is_read_in_one_go_has_no_faults(
    table: str, edits: list[tuple[float, int, str]]
) -> None:
    """Whatever stands in a file: read in one go, it is what going through its cells gives."""
    text = PLAIN[table]
    for share, lost, trap in edits:
        at = round(share * len(text))
        text = text[:at] + trap + text[at + lost :]
    quick, frame, faults = both_ways(table, text)
    if quick is not None:
        assert not faults
        pd.testing.assert_frame_equal(quick, frame, check_exact=True)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1))
def test_numbers_in_one_go_are_exact(numbers: list[float]) -> None:
    rows = "".join(f"N{i},jan,{number!r}\n" for i, number in enumerate(numbers))
    quick, frame, _ = both_ways("boundaries", f"node,period,flow [m3/s]\n{rows}")
    assert quick is not None
    assert quick["flow"].tolist() == frame["flow"].tolist() == numbers


@pytest.mark.parametrize("word", ["true", "False", "TRUE"])
def test_words_are_no_numbers(tmp_path: Path, word: str) -> None:
    with pytest.raises(DataError, match=f"row 2, share: {word} is not a number"):
        read(tmp_path, "shares", f"reach,share\nR1,{word}\n")


def test_cell_longer_than_csv_reads(tmp_path: Path) -> None:
    """Wherever the long cell lies."""
    for before in (0, 1, 65_000, 70_000, 140_000):
        rows = "R1,1," + "a" * before + "\nR2,1," + "b" * (csv.field_size_limit() + 1) + "\n"
        with pytest.raises(DataError, match="field larger than field limit"):
            read(tmp_path, "flows", f"reach,flow [m3/s],note\n{rows}")


def test_unit_that_is_no_power(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=re.escape("length: [m0] is not a known unit")):
        read(tmp_path, "reaches", "reach,from_node,to_node,length [m0]\nR1,a,b,1\n")
