"""Alternatives of a study, targets of boundary water, points and cuts in its results."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from permitload import _alternatives, quality, sources, study
from permitload.errors import DataError
from tests.samples import SAMPLE, copied, started

NAMES = ["boundary_quality", "diversion", "reuse", "upgraded_works"]
KEYS = {
    "inflow": ["node", "pollutant", "period"], "flows": ["reach", "period"],
    "boundaries": ["node", "period"], "outlets": ["outlet"], "sources": ["source"],
    "source_loads": ["source", "pollutant", "period"], "works": ["works", "pollutant"],
    "structures": ["structure"],
}  # fmt: skip
AXES = ["pollutant", "period"]


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _apart(name: str, folder: Path) -> Path:
    """Write an alternative of the sample as a study of its own, by the file alone."""
    copied(folder)
    for path in sorted((SAMPLE / "alternatives" / name).glob("*.csv")):
        key = KEYS[path.stem]
        mine, theirs = _read(path), _read(folder / path.name)
        gone = theirs[key].agg("|".join, axis=1).isin(mine[key].agg("|".join, axis=1))
        pd.concat([theirs[~gone], mine]).to_csv(folder / path.name, index=False)
        if path.stem == "works":
            _within_law(folder, mine)
    return folder


def _within_law(folder: Path, works: pd.DataFrame) -> None:
    """Cut loads and ceilings behind new works: 86.4 × m3/s × mg/L."""
    loads = _read(folder / "source_loads.csv")
    placed = _read(folder / "sources.csv").set_index("source")
    for row in works.to_dict("records"):
        behind = placed.index[placed["works"] == row["works"]]
        for source in behind:
            most = 86.4 * float(placed.loc[source, "wastewater_flow [m3/s]"])
            most *= float(row["outlet_concentration [mg/L]"])
            mine = (loads["source"] == source) & (loads["pollutant"] == row["pollutant"])
            for column in ("source_load [kg/d]", "ceiling [kg/d]"):
                cut = loads.loc[mine, column].astype(float).clip(upper=most)
                loads.loc[mine, column] = cut.map(repr)
    loads.to_csv(folder / "source_loads.csv", index=False)


@pytest.mark.parametrize("name", NAMES)
def test_an_alternative_is_a_study_of_its_own(
    name: str, outcome: study.Outcome, tmp_path: Path
) -> None:
    """Nothing is carried over: the same numbers as when its rows are written into the tables."""
    done = study.solve(_apart(name, tmp_path / "study")).datasets
    found = outcome.datasets["alternatives"].sel(alternative=name)
    points = done["points"]["total"]
    total = points.sel(point="max_total", drop=True)
    scale = float(abs(total).max())
    for mine, point in (("total", "max_total"), *((n, n) for n in _alternatives._POINTS)):
        theirs = points.sel(point=point, drop=True).transpose(*found[mine].dims)
        np.testing.assert_allclose(found[mine].values, theirs.values, rtol=1e-9, atol=1e-9 * scale)
    base = outcome.datasets["points"]["total"].sel(point="max_total")
    np.testing.assert_allclose(found["change"], (total - base).transpose(*AXES), atol=1e-9 * scale)
    assert float(abs(found["change"]).max()) > 1e-3 * scale  # it does change something
    load = sources.by_outlet(
        done["sources"]["source_load"], pd.DataFrame({"outlet": done["response"]["outlet"].values})
    )
    np.testing.assert_allclose(found["source_load"], load.sum("outlet").transpose(*AXES), rtol=1e-9)
    cut = done["owed"]["cut_owed"]
    for p, t in np.ndindex(found["owing"].shape):
        words = str(found["owing"].values[p, t])
        said = dict(word.rsplit(" ", 1) for word in words.split("; ") if word)
        some = cut.isel(pollutant=p, period=t).to_series()
        assert {n: float(v) for n, v in said.items()} == pytest.approx(
            some[some > 0.0].to_dict(), rel=1e-3
        )
        if found["status"].values[p, t] == "ok":
            price = done["capacity"]["shadow_price"].isel(pollutant=p, period=t).to_series()
            binding = set(filter(None, str(found["binding"].values[p, t]).split("; ")))
            assert binding == set(price.index[price > 1e-9 * price.max()])


def test_the_study_itself_is_the_base(results: Path) -> None:
    table = pd.read_csv(results / "alternatives.csv")
    assert table["alternative"].unique().tolist() == ["present", *NAMES]
    assert len(table) == 5 * 60
    base = table[table["alternative"] == "present"].set_index(AXES)
    assert (base["change [kg/d]"] == 0.0).all()
    own = pd.read_csv(results / "capacity.csv").set_index(AXES)
    ok = own["status"] == "ok"
    assert ok.sum() == 59
    np.testing.assert_allclose(base.loc[ok, "total [kg/d]"], own.loc[ok, "total [kg/d]"], rtol=1e-9)
    # where the background exceeds, the cut owed is taken off
    assert base.loc[~ok, "total [kg/d]"].item() < own.loc[~ok, "total [kg/d]"].item()
    assert base["calibrated"].tolist() == own["calibrated"].tolist()


def test_the_report_compares_them(results: Path) -> None:
    page = (results / "report.html").read_text("utf8").split('id="alternatives"')[1]
    page = page.split("<h2")[0]
    assert page.count('<tr><th scope="row"') == 5 * 5
    assert "北部来水达标 Northern rivers at their target" in page
    assert page.count("<img ") == 1 and "未率定" in page.split("<figcaption>")[1]
    assert page.count('class="badge uncalibrated"') == 2 * 5  # NH3-N and Sb
    means = pd.read_csv(results / "alternatives.csv")
    days = pd.read_csv(SAMPLE / "periods.csv").set_index("period")["days [d]"]
    mine = means.query("alternative == 'diversion' and pollutant == 'Sb'").set_index("period")
    total = (mine["total [kg/d]"] * days).sum() / 365.0
    row = page.split("<h3>Sb</h3>")[1].split("0.8 m3/s pumped")[1]
    assert f">{total:.3f}<" in row.split("</tr>")[0]


def test_the_readme_says_what_they_show(results: Path) -> None:
    said = (SAMPLE / "README.md").read_text("utf8").split("Present loads:")[1]
    days = pd.read_csv(SAMPLE / "periods.csv").set_index("period")["days [d]"]
    table = pd.read_csv(results / "alternatives.csv")
    mass = (table["total [kg/d]"] * table["period"].map(days)).groupby(
        [table["pollutant"], table["alternative"]]
    )
    year = mass.sum().unstack()
    change = year.div(year["present"], axis=0) - 1.0

    def percent(pollutant: str, name: str) -> str:
        return f"{abs(change.loc[pollutant, name]):.1%}".replace("%", " %")

    assert f"adds {percent('Sb', 'diversion')} to the greatest total of Sb" in said
    assert f"{percent('COD', 'diversion')} to that of COD" in said
    assert f"takes {percent('TP', 'diversion')} from\nthat of TP" in said
    assert change.loc["COD", "diversion"] > 0.0 > change.loc["TP", "diversion"]
    cleaner = percent("COD", "boundary_quality"), percent("TP", "boundary_quality")
    assert "targets add {} of COD and {} of TP".format(*cleaner) in said.replace("\n", " ")
    falls = percent("COD", "upgraded_works"), percent("COD", "reuse")
    assert "by {} and {} for COD".format(*falls) in said
    assert (change.loc[["Sb", "TN"]].idxmax(axis=1) == "diversion").all()
    assert (change.loc[["COD", "TP"]].idxmax(axis=1) == "boundary_quality").all()
    share = pd.read_csv(results / "upstream.csv").set_index(["period", "pollutant"])
    wide = share["upstream_share [kg/d]"].unstack()
    most = wide.max()
    assert f"{most['COD']:.0f} kg/d of COD" in said and f"{most['NH3-N']:.0f} kg/d of NH3-N" in said
    assert f"{most['TP']:.1f} kg/d of TP, all in January" in said
    assert (wide[["COD", "NH3-N", "TP"]].idxmax() == "2021-01").all()


# --- what is refused


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return started(tmp_path / "mine")


def _add(folder: Path, name: str, **tables: str) -> Path:
    home = folder / "alternatives" / name
    home.mkdir(parents=True, exist_ok=True)
    for table, text in tables.items():
        (home / f"{table}.csv").write_text(text, "utf8")
    return home


INFLOW = "node,pollutant,period,concentration [mg/L]\n"
Spoil = Callable[[Path], object]
REFUSED: dict[str, tuple[Spoil, str]] = {
    "own row": (
        lambda f: _add(f, "A", inflow=INFLOW + "n1,COD,,8\nn9,COD,,8\n"),
        "alternatives/A/inflow.csv, row 3 (n9, COD), node: n9 is not a node of reaches",
    ),
    "cell": (
        lambda f: _add(f, "A", inflow=INFLOW + "n1,COD,,-8\n"),
        "alternatives/A/inflow.csv, row 2, concentration: -8 is too small",
    ),
    "repeated": (
        lambda f: _add(f, "A", inflow=INFLOW + "n1,COD,,8\nn1,COD,,9\n"),
        "alternatives/A/inflow.csv, row 3, node, pollutant, period: n1, COD repeats the key",
    ),
    "calendar": (
        lambda f: _add(f, "A", periods="period,days [d]\ndry,365\n"),
        "alternatives/A/periods.csv, file: is no table of an alternative",
    ),
    "misspelt": (
        lambda f: _add(f, "A", inflows=INFLOW),
        "alternatives/A/inflows.csv, file: is no table of an alternative",
    ),
    "empty": (lambda f: _add(f, "A"), "alternatives/A, folder: holds no table"),
    "reserved": (
        lambda f: _add(f, "present", inflow=INFLOW + "n1,COD,,8\n"),
        "alternatives/present, folder: is no name of an alternative",
    ),
    "formula": (
        lambda f: _add(f, "=A", inflow=INFLOW + "n1,COD,,8\n"),
        "alternatives/=A, folder: is no name of an alternative",
    ),
    "titled": (
        lambda f: _titled(f, "[alternatives.B]\ntitle = 'B'\n"),
        "study.toml, row alternatives, B: has no folder; right would be a folder alternatives/B",
    ),
    "no title": (
        lambda f: _titled(f, "[alternatives.B]\nname = 'B'\n"),
        "study.toml, row alternatives.B, name: B is not valid; right would be title or title_zh",
    ),
    "linked": (
        lambda f: _linked(_add(f, "A", inflow=INFLOW + "n1,COD,,8\n"), f / "far"),
        "alternatives/A, folder: is a symbolic link",
    ),
    "all linked": (
        lambda f: _linked(_add(f, "A", inflow=INFLOW + "n1,COD,,8\n").parent, f / "far"),
        "alternatives, folder: is a symbolic link",
    ),
    "beside": (
        lambda f: _wrote(_add(f, "A", inflow=INFLOW + "n1,COD,,8\n").parent / "inflow.csv"),
        "alternatives/inflow.csv, file: lies beside the alternatives; right would be "
        "alternatives/NAME/inflow.csv",
    ),
    "settings": (
        lambda f: _wrote(_add(f, "A", inflow=INFLOW + "n1,COD,,8\n") / "study.toml"),
        "alternatives/A/study.toml, file: is not read: settings are the study's",
    ),
    "capital ending": (
        lambda f: _wrote(_add(f, "A", inflow=INFLOW + "n1,COD,,8\n") / "flows.CSV"),
        "alternatives/A/flows.CSV, file: is not read",
    ),
}  # fmt: skip


def _wrote(file: Path) -> None:
    file.write_text(INFLOW + "n1,COD,,8\n", "utf8")


def _linked(home: Path, far: Path) -> None:
    home.rename(far)
    home.symlink_to(far)


def _titled(folder: Path, text: str) -> None:
    settings = folder / "study.toml"
    settings.write_text(settings.read_text("utf8") + "\n" + text, "utf8")


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_named_in_its_own_file(case: str, small: Path) -> None:
    spoil, said = REFUSED[case]
    assert study.check(small) == []
    spoil(small)
    found = [str(fault) for fault in study.check(small)]
    assert any(fault.startswith(said) for fault in found), found


def test_notes_beside_tables_are_no_fault(small: Path) -> None:
    home = _add(small, "A", inflow=INFLOW + "n1,COD,,8\n")
    for path in (home / "README.md", home.parent / "notes.txt"):
        _wrote(path)
    assert study.check(small) == []


def test_a_diversion_that_does_not_fit_is_named_with_its_alternative(tmp_path: Path) -> None:
    """More water stated where a stage of the study decides how much enters."""
    folder = tmp_path / "study"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("results"))
    rows = "".join(f"WYN,2021-{m:02},8.0\n" for m in range(1, 13))
    path = folder / "alternatives" / "diversion" / "boundaries.csv"
    path.write_text("node,period,flow [m3/s]\n" + rows, "utf8")
    found = [str(fault) for fault in study.check(folder)]
    assert found and all("alternatives/diversion" in fault for fault in found), found
    assert any("WYN" in fault for fault in found)


def test_a_fault_of_the_study_is_said_once(small: Path) -> None:
    _add(small, "A", inflow=INFLOW + "n1,COD,,8\n")
    path = small / "sections.csv"
    path.write_text(path.read_text("utf8").replace("S1,", "S1,R9", 1), "utf8")
    found = [str(fault) for fault in study.check(small)]
    assert found and not any("alternatives" in fault for fault in found)


def test_rows_without_period_replace_those_of_all_periods(small: Path) -> None:
    """One row for the year against the rows of periods: neither is left beside the other."""
    inflow = small / "inflow.csv"
    lines = inflow.read_text("utf8").splitlines()
    lines = [line for line in lines if not line.startswith("n1,COD")]
    lines += ["n1,COD,dry,12,assumed,", "n1,COD,wet,11,assumed,"]
    inflow.write_text("\n".join(lines) + "\n", "utf8")
    _add(small, "all", inflow=INFLOW + "n1,COD,,40\n")
    _add(small, "wet", inflow=INFLOW + "n1,COD,wet,40\n")
    found = study.solve(small).datasets["alternatives"].sel(pollutant="COD")
    change = found["change"].to_pandas()
    assert change.loc["wet", "dry"] == 0.0 and change.loc["wet", "wet"] < 0.0
    assert change.loc["all", "dry"] < 0.0
    assert change.loc["all", "wet"] == pytest.approx(change.loc["wet", "wet"], rel=1e-12)


# --- manifest and verification


@pytest.mark.usefixtures("undrawn")
def test_inputs_of_alternatives_are_hashed_and_verified(small: Path) -> None:
    home = _add(small, "clean", inflow=INFLOW + "n1,COD,,8\n")
    found = study.run(small)
    inputs = json.loads((found / "manifest.json").read_text("utf8"))["inputs"]
    assert "alternatives/clean/inflow.csv" in inputs
    done = study.verify(found)
    assert done.faults == () and (found / "alternatives.nc").exists()
    (home / "inflow.csv").write_text(INFLOW + "n1,COD,,9\n", "utf8")
    with pytest.raises(DataError, match=r"alternatives/clean/inflow\.csv, input: .* has changed"):
        study.verify(found)
    (home / "inflow.csv").write_text(INFLOW + "n1,COD,,8\n", "utf8")
    path = found / "alternatives.csv"
    lines = path.read_text("utf8").splitlines(keepends=True)
    path.write_text("".join([*lines[:-1], lines[-1].replace(",ok", ",no")]), "utf8")
    named = {(f.table, f.row, f.column) for f in study.verify(found).faults}
    assert ("alternatives.csv", "clean, NH3-N, wet", "status") in named


@pytest.mark.usefixtures("undrawn")
def test_without_alternatives_nothing_is_added(small: Path) -> None:
    found = study.run(small)
    assert not {"alternatives.csv", "alternatives.nc", "upstream.csv"} & {
        p.name for p in found.iterdir()
    }
    assert 'id="alternatives"' not in (found / "report.html").read_text("utf8")


# --- boundary water, as measured and at its target


def test_a_target_asks_which_water_bounds_the_permits(small: Path) -> None:
    text = (small / "inflow.csv").read_text("utf8")
    header = "concentration [mg/L],basis"
    text = text.replace(header, "concentration [mg/L],target_concentration [mg/L],basis")
    (small / "inflow.csv").write_text(text.replace(",assumed", ",10,assumed"), "utf8")
    (fault,) = study.check(small)
    assert str(fault).startswith("study.toml, row capacity, boundaries: is missing; right would be")
    settings = small / "study.toml"
    settings.write_text(
        settings.read_text("utf8").replace("[capacity]", '[capacity]\nboundaries = "at_target"'),
        "utf8",
    )
    assert study.check(small) == []


def _at_target(folder: Path) -> Path:
    """Write the sample with its targets in the place of what is measured."""
    inflow = pd.read_csv(copied(folder) / "inflow.csv")
    target = inflow.pop("target_concentration [mg/L]")
    now = "concentration [mg/L]"
    inflow.assign(**{now: target.fillna(inflow[now])}).to_csv(folder / "inflow.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def targeted(tmp_path_factory: pytest.TempPathFactory) -> study.Outcome:
    return study.solve(_at_target(tmp_path_factory.mktemp("targets") / "study"))


def test_the_upstream_takes_the_difference(
    results: Path, outcome: study.Outcome, targeted: study.Outcome
) -> None:
    table = pd.read_csv(results / "upstream.csv").set_index(AXES)
    for column, done in (("total_measured", outcome), ("total_at_target", targeted)):
        total = done.datasets["points"]["total"].sel(point="max_total", drop=True).to_series()
        np.testing.assert_allclose(
            table[f"{column} [kg/d]"], total.reindex(table.index), rtol=1e-9, atol=1e-9
        )
    np.testing.assert_allclose(
        table["upstream_share [kg/d]"],
        table["total_at_target [kg/d]"] - table["total_measured [kg/d]"], atol=1e-9,
    )  # fmt: skip
    assert (table["upstream_share [kg/d]"] > 1.0).sum() >= 8
    background = (
        quality.at(done.tables["sections"], done.datasets["background"]).reset_coords(drop=True)
        for done in (outcome, targeted)
    )
    measured, at_target = background
    rise = pd.read_csv(results / "upstream_rise.csv").set_index(["section", *AXES])
    expected = (measured - at_target).to_series().reindex(rise.index)
    np.testing.assert_allclose(rise["upstream_rise [mg/L]"], expected, atol=1e-12)


def test_the_upstreams_part_of_a_cut_is_what_its_target_would_save(
    results: Path, targeted: study.Outcome
) -> None:
    owed = pd.read_csv(results / "owed.csv").set_index(["section", *AXES])
    cut = owed["cut_owed [mg/L]"]
    left = targeted.datasets["owed"]["cut_owed"].to_series().reindex(cut.index)
    saved = (cut - left).clip(lower=0.0)
    np.testing.assert_allclose(owed["upstream_part [mg/L]"], saved, atol=1e-12)
    assert (owed["upstream_part [mg/L]"] > 0.0).sum() >= 5
    np.testing.assert_allclose(cut, owed["own_part [mg/L]"] + owed["other_part [mg/L]"], atol=1e-15)


def test_water_better_than_is_owed_counts_for_the_upstream(tmp_path: Path) -> None:
    """The Hutang carries 1.19 mg/L of NH3-N in January: less than a target of class IV."""
    folder = copied(tmp_path / "study")
    inflow = pd.read_csv(folder / "inflow.csv")
    mine = (inflow["node"] == "HTN") & (inflow["pollutant"] == "NH3-N")
    inflow.loc[mine, "target_concentration [mg/L]"] = 1.5
    inflow.to_csv(folder / "inflow.csv", index=False)
    found = study.solve(folder).datasets["upstream"]
    share = found["upstream_share"].sel(pollutant="NH3-N", period="2021-01").item()
    assert share < -0.1


def test_permits_may_rest_on_the_target_and_the_closure_never_does(
    tmp_path: Path, outcome: study.Outcome, targeted: study.Outcome
) -> None:
    folder = copied(tmp_path / "study")
    settings = folder / "study.toml"
    text = settings.read_text("utf8")
    settings.write_text(text.replace('boundaries = "measured"', 'boundaries = "at_target"'), "utf8")
    done = study.solve(folder).datasets
    for name in ("background", "permitted"):
        mine, theirs = (d[name]["concentration"] for d in (done, targeted.datasets))
        xr.testing.assert_allclose(mine, theirs, rtol=1e-12)
    loads = (d["allocation"]["permitted_load"] for d in (done, targeted.datasets))
    xr.testing.assert_equal(*loads)
    assert not done["allocation"]["permitted_load"].equals(
        outcome.datasets["allocation"]["permitted_load"]
    )
    xr.testing.assert_identical(done["closure"], outcome.datasets["closure"])
    assert float(done["owed"]["upstream_part"].max()) == 0.0
    xr.testing.assert_allclose(
        done["upstream"]["upstream_share"], outcome.datasets["upstream"]["upstream_share"]
    )


# --- points and cuts


def test_points_stand_within_the_rows(outcome: study.Outcome) -> None:
    found, room = outcome.datasets["points"], outcome.datasets["limits"]["headroom"]
    response = outcome.datasets["response"]["response"].reset_coords(drop=True)
    ok = outcome.datasets["capacity"]["status"] == "ok"
    rise = (response * found["point_load"]).sum("outlet").rename(pollutant="indicator")
    over = (rise - room).where(ok.rename(pollutant="indicator")).reset_coords(drop=True)
    assert float(over.max()) < 1e-9
    total = found["total"].where(ok)
    best = outcome.datasets["capacity"]["total"].where(ok)
    assert float(abs(total.sel(point="max_total") - best).max()) < 1e-6
    assert bool(((total - total.sel(point="max_total")).fillna(0.0) <= 1e-6).all())


def test_the_least_cut_cures_what_the_decided_can_cure(outcome: study.Outcome) -> None:
    """Present loads less the published cut, through the full model."""
    owed, given = outcome.datasets["owed"], outcome.datasets
    outlets = outcome.tables["outlets"]
    rates = outcome.tables["kinetics"].set_index("pollutant")[["decay", "temperature_factor"]]
    inflow = outcome.tables["inflow"].set_index(["node", "pollutant", "period"])["concentration"]
    whole = sources.source_dataset(
        outcome.tables["sources"], outcome.tables["works"], outcome.tables["source_loads"],
        outcome.tables["periods"]["period"].tolist(),
    )  # fmt: skip
    load = sources.by_outlet(whole["source_load"], outlets).reset_coords(drop=True)
    cut = owed["cut_load"].reindex(outlet=load["outlet"].values, fill_value=0.0)
    cut = cut.reset_coords(drop=True).transpose(*load.dims)
    assert float(cut.max()) > 0.0 and bool((cut <= load + 1e-9).all())
    found = quality.steady(
        outcome.network, given["hydraulics"], outlets, load - cut, inflow.to_xarray(),
        rates.to_dict("index"),
    )  # fmt: skip
    after = quality.at(outcome.tables["sections"], found).reset_coords(drop=True)
    allowed = given["limits"]["allowed"].rename(indicator="pollutant").reset_coords(drop=True)
    excess = (after - allowed).transpose(*owed["other_part"].dims)
    assert float((excess - owed["other_part"]).max()) < 1e-9
    hurt = owed["cut_owed"].values > 0.0
    assert hurt.sum() >= 10
    # a section that others cure on the way may be better than it must be, none is left worse
    assert float(np.abs(excess.values[hurt]).min()) < 1e-9


def test_who_can_help_is_named_with_the_fall(results: Path, outcome: study.Outcome) -> None:
    table = pd.read_csv(results / "owed.csv", keep_default_na=False)
    some = table[table["cut_owed [mg/L]"] > 0.0]
    assert (table.loc[table["cut_owed [mg/L]"] == 0.0, "met_by"] == "").all()
    relief = outcome.datasets["owed"]["relief"]
    for row in some.to_dict("records"):
        place = {key: row[key] for key in ("section", *AXES)}
        mine = relief.sel(place).to_series()
        mine = mine[mine > 0.0].sort_values(ascending=False)
        words = row["met_by"].split("; ")
        named = [word.rsplit(" ", 1) for word in words if not word.startswith("…")]
        assert [name for name, _ in named] == mine.index[:5].tolist()
        assert [float(fall) for _, fall in named] == pytest.approx(mine[:5].tolist(), rel=1e-3)
        assert (f"… ({len(mine)})" in words) == (len(mine) > 5)
    cuts = pd.read_csv(results / "cuts.csv")
    assert (cuts["cut_load [kg/d]"] <= cuts["source_load [kg/d]"] * (1 + 1e-12)).all()


# --- stamps and plans


def test_whatever_prints_capacity_carries_the_stamp(results: Path) -> None:
    own = pd.read_csv(results / "capacity.csv").set_index(AXES)["calibrated"]
    assert set(own) == {"yes", "未率定 uncalibrated"}
    for name in ("points", "sensitivity", "alternatives", "upstream", "units_monthly", "cuts"):
        table = pd.read_csv(results / f"{name}.csv").set_index(AXES)["calibrated"]
        pd.testing.assert_series_equal(table, own.loc[table.index], check_names=False)
    closed = pd.read_csv(results / "closure.csv").set_index(["section", "indicator", "period"])
    owed = pd.read_csv(results / "owed.csv").set_index(["section", *AXES])["calibrated"]
    assert owed.tolist() == closed["calibrated"].loc[owed.index].tolist()
    page = (results / "report.html").read_text("utf8")
    part = page.split("total capacity with decay")[1].split("<h3")[0]
    assert part.count('class="badge uncalibrated"') == 2
    points = page.split("points of the set")[1].split('id="upstream"')[0]
    assert points.count('class="badge uncalibrated"') == 2 * 5


def test_a_plan_that_is_worse_than_the_works_is_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path / "study")
    works = pd.read_csv(folder / "works.csv")
    row = works.index[works["planned_concentration [mg/L]"].notna()][0]
    works.loc[row, "planned_concentration [mg/L]"] = 10.5
    works.to_csv(folder / "works.csv", index=False)
    (fault,) = study.check(folder)
    assert str(fault) == (
        f"works.csv, row {row + 2} (WK1, TN), planned_concentration: 10.5 mg/L is more than "
        "outlet_concentration, 10 mg/L; right would be at most 10 mg/L"
    )
