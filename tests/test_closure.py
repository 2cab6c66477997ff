"""Closure: observed against simulated by hand, what is left, who is stamped, other decay."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from permitload import RiverNetwork, capacity, hydraulics, quality, standards, study
from permitload.errors import DataError
from tests.samples import SAMPLE, copied

STAMP = "未率定 uncalibrated"


def _means(**columns: list[object]) -> pd.DataFrame:
    count = len(next(iter(columns.values())))
    given = {"section": ["S1"] * count, "indicator": ["TP"] * count, "period": ["dry"] * count}
    table = pd.DataFrame(given | columns)
    table["lower"] = table.get("lower", table["value"])
    table["upper"] = table.get("upper", table["value"])
    return table.assign(samples=1.0)


def _one(value: float, **columns: list[object]) -> xr.Dataset:
    """Closure of one section that is simulated at 0.2 mg/L in 50 m3/s."""
    present = xr.DataArray([[[0.2]]], {"section": ["S1"], "pollutant": ["TP"], "period": ["dry"]})
    flow = xr.DataArray([[-50.0]], {"section": ["S1"], "period": ["dry"]})
    return capacity.closure(_means(value=[value], **columns), present, flow).squeeze()


def test_one_river_by_hand() -> None:
    """10 m3/s at 2 mg/L, an outlet of 864 kg/d and 1 m3/s, 0.5 d on: every figure by hand."""
    network = RiverNetwork(
        pd.DataFrame({"reach": ["R"], "from_node": ["a"], "to_node": ["b"], "length": [8640.0]})
    )
    water = hydraulics.from_flow(network, pd.Series({"R": 10.0}), area=pd.Series({"R": 110.0}))
    outlets = pd.DataFrame(
        {"outlet": ["O"], "reach": ["R"], "position": [0.0], "effluent_flow": [1.0]}
    )
    sections = pd.DataFrame({"section": ["S"], "reach": ["R"], "position": [4320.0]})
    load = xr.DataArray([[864.0]], {"outlet": ["O"], "pollutant": ["COD"]})
    inflow = xr.DataArray([[2.0]], {"node": ["a"], "pollutant": ["COD"]})
    decay = {"COD": {"decay": 0.2}}
    found = quality.steady(network, water, outlets, load, inflow, decay)
    (period,) = water["period"].values
    flow = quality.flow_at(sections, found)
    assert flow.item() == 11.0
    means = _means(value=[3.0]).assign(section="S", indicator="COD", period=period)
    closed = capacity.closure(means, quality.at(sections, found), flow).squeeze()
    # 4320 m at 0.1 m/s are 0.5 d; (20 + 10) g/s in 11 m3/s
    simulated = 30.0 / 11.0 * math.exp(-0.1)
    assert closed["present_concentration"].item() == pytest.approx(simulated, rel=1e-12)
    assert closed["difference"].item() == pytest.approx(3.0 - simulated, rel=1e-12)
    assert closed["relative_error"].item() == pytest.approx(1.0 - simulated / 3.0, rel=1e-12)
    # by fluxes [g/s]: what passes in truth less what the model lets pass
    kilograms = (33.0 - 30.0 * math.exp(-0.1)) * 86400.0 / 1000.0
    assert closed["unexplained_load"].item() == pytest.approx(kilograms, rel=1e-12)
    assert closed["agreement"].item() == "agrees"
    # 2.4 mg/L allowed: what is left is the flux allowed less the flux there
    response = quality.response(network, water, outlets, sections, decay)
    room = xr.DataArray(
        [[[2.4 - 20.0 / 11.0 * math.exp(-0.1)]]],
        {"section": ["S"], "indicator": ["COD"], "period": [period]},
    )
    left = capacity.remaining(
        response, room, load.expand_dims(period=[period], axis=2), flow
    ).item()
    assert left == pytest.approx((2.4 * 11.0 - 30.0 * math.exp(-0.1)) * 86.4, rel=1e-9)
    assert left < 0.0 < simulated - 2.4


@pytest.mark.parametrize(
    ("observed", "agreement"),
    [(0.2, "agrees"), (0.285, "agrees"), (0.287, "unexplained"), (0.155, "agrees"),
     (0.153, "unexplained"), (0.0, "unexplained")],
)  # fmt: skip
def test_tolerance_is_a_share_of_the_observed(observed: float, agreement: str) -> None:
    found = _one(observed)  # 0.2 is within 30 % of 0.1538 … 0.2857
    assert found["agreement"].item() == agreement
    assert found["calibrated"].item() == ("yes" if agreement == "agrees" else STAMP)


def test_hidden_samples_agree_by_their_nearest_end() -> None:
    assert _one(0.15, lower=[0.0], upper=[0.3])["agreement"].item() == "agrees"
    assert _one(0.05, lower=[0.0], upper=[0.1])["agreement"].item() == "unexplained"


def test_flow_against_the_drawing_has_the_same_load() -> None:
    assert _one(0.3)["unexplained_load"].item() == pytest.approx(0.1 * 50.0 * 86.4)


def test_where_nothing_is_observed_nothing_is_said() -> None:
    found = _one(0.3, section=["S9"])
    for name in ("observed", "difference", "relative_error", "unexplained_load", "samples"):
        assert np.isnan(found[name].item()), name
    assert found["agreement"].item() == "unobserved"
    assert found["calibrated"].item() == STAMP
    assert found["present_concentration"].item() == 0.2


def test_refusals_name_what_is_wrong() -> None:
    present = xr.DataArray([[[0.2]]], {"section": ["S1"], "pollutant": ["TP"], "period": ["dry"]})
    flow = xr.DataArray([[50.0]], {"section": ["S1"], "period": ["dry"]})
    with pytest.raises(DataError, match="S1, TP, dry, value: is given twice"):
        capacity.closure(_means(value=[0.1, 0.2]), present, flow)
    with pytest.raises(DataError, match=r"closure_tolerance: -0\.1 is out of range"):
        capacity.closure(_means(value=[0.1]), present, flow, -0.1)
    with pytest.raises(DataError, match="S1, TP, dry, present_concentration: is NaN"):
        capacity.closure(_means(value=[0.1]), present * np.nan, flow)
    with pytest.raises(DataError, match="S2, section: is in one of two only"):
        capacity.closure(_means(value=[0.1]), present, flow.assign_coords(section=["S2"]))


def test_flow_at_is_flux_over_concentration_everywhere(outcome: study.Outcome) -> None:
    """At both ends of every reach the ledger's flux and the concentration give the water."""
    present, reaches = outcome.datasets["present"], outcome.network.reaches
    for end, position in (("from", 0.0 * reaches["length"]), ("to", reaches["length"])):
        places = pd.DataFrame(
            {"section": reaches.index, "reach": reaches.index, "position": position.to_numpy()}
        )
        here = present.sel(end=end, pollutant="COD")
        expected = here["flux"] / here["concentration"] / 86.4
        # an outlet at the very end would be read with its water: none lies there
        got = quality.flow_at(places, present)
        np.testing.assert_allclose(got, expected.transpose("reach", "period"), rtol=1e-9)


def test_flow_of_a_node_is_all_that_arrives(outcome: study.Outcome) -> None:
    present, network = outcome.datasets["present"], outcome.network
    nodes = pd.DataFrame({"section": ["N"], "node": ["W5"]})
    ends = quality.flow_at(
        pd.DataFrame(
            {"section": network.reaches.index, "reach": network.reaches.index,
             "position": np.where(network.reaches["to_node"] == "W5",
                                  network.reaches["length"], 0.0)}
        ), present,
    ).values  # fmt: skip
    arriving = np.where(network.reaches["to_node"] == "W5", 1.0, -1.0)[:, None] * ends
    there = (network.reaches[["from_node", "to_node"]] == "W5").any(axis=1)
    into = np.maximum(arriving, 0.0)[there].sum(axis=0)
    np.testing.assert_allclose(quality.flow_at(nodes, present)[0], into, rtol=1e-12)


def test_remaining_is_negative_exactly_where_the_present_exceeds(outcome: study.Outcome) -> None:
    """Capacity side (response, headroom) against the full model at present loads."""
    left = outcome.datasets["closure"]["remaining_capacity"]
    present = outcome.datasets["closure"]["present_concentration"]
    limit: xr.DataArray = outcome.datasets["limits"]["limit"].reset_coords(drop=True)
    allowed: xr.DataArray = 0.9 * limit
    over = present > allowed.transpose(*present.dims)
    assert 10 < int(over.sum()) < over.size
    np.testing.assert_array_equal((left < 0.0).values, over.values)
    owed = (allowed - present) * 86.4 * np.abs(outcome.datasets["closure"]["flow"])
    scale = float(np.abs(owed).max())
    np.testing.assert_allclose(left, owed.transpose(*left.dims), rtol=1e-6, atol=1e-12 * scale)


@settings(max_examples=40, deadline=None)
@given(
    loads=st.lists(st.floats(0.0, 5000.0), min_size=3, max_size=3),
    decay=st.floats(0.0, 2.0), limit=st.floats(1.0, 40.0),
)  # fmt: skip
def test_sign_of_what_is_left_on_any_river(loads: list[float], decay: float, limit: float) -> None:
    network = RiverNetwork(
        pd.DataFrame({"reach": ["R"], "from_node": ["a"], "to_node": ["b"], "length": [9000.0]})
    )
    water = hydraulics.from_flow(network, pd.Series({"R": 5.0}), velocity=pd.Series({"R": 0.1}))
    outlets = pd.DataFrame({"outlet": list("xyz"), "reach": "R", "position": [0.0, 3e3, 6e3]})
    sections = pd.DataFrame({"section": ["S", "T"], "reach": "R", "position": [5e3, 9e3]})
    load = xr.DataArray(
        np.reshape(loads, (3, 1, 1)),
        {"outlet": list("xyz"), "pollutant": ["COD"], "period": water["period"].values},
    )
    inflow = xr.DataArray([[10.0]], {"node": ["a"], "pollutant": ["COD"]})
    rates = {"COD": {"decay": decay}}
    background, present = (
        quality.steady(network, water, outlets, some * load, inflow, rates) for some in (0.0, 1.0)
    )
    at = quality.at(sections, present).squeeze("pollutant", drop=True)
    places = quality.at(sections, background).rename(pollutant="indicator").reset_coords(drop=True)
    response = quality.response(network, water, outlets, sections, rates)
    flow = quality.flow_at(sections, present)
    left = capacity.remaining(response, limit - places, load, flow).squeeze("indicator", drop=True)
    certain = np.abs(at.values - limit) > 1e-9
    np.testing.assert_array_equal((left.values < 0.0)[certain], (at.values > limit)[certain])


def test_the_undeclared_discharge_is_found_where_it_is(outcome: study.Outcome) -> None:
    """The sample hides 150 kg/d of NH3-N on HT2, 800 m above S5; samples err by 8 %."""
    closed = outcome.datasets["closure"]
    places = np.argwhere((closed["agreement"] == "unexplained").values)
    found = {(str(closed["section"].values[s]), str(closed["indicator"].values[i]))
             for s, i, _ in places}  # fmt: skip
    assert found == {("S5", "NH3-N")}
    assert len(places) == 12
    here = closed.sel(section="S5", indicator="NH3-N")
    # HT2: 7 m wide, banks 1:1.5, bed 2.00 m, between the levels of its ends
    depth = (
        outcome.datasets["hydraulics"]["stage"].sel(node=["HTM", "W3"]).mean("node").values - 2.0
    )
    days = 800.0 * depth * (7.0 + 1.5 * depth) / here["flow"].values / 86400.0
    warm = pd.read_csv(SAMPLE / "periods.csv")["temperature [degC]"].to_numpy()
    arriving = 150.0 * np.exp(-0.1 * 1.08 ** (warm - 20.0) * days)
    error = (0.08 + 0.005) * here["observed"].values / 0.92 * here["flow"].values * 86.4
    assert (np.abs(here["unexplained_load"].values - arriving) <= error).all()
    # errors of 8 % even out over the year
    assert here["unexplained_load"].mean().item() == pytest.approx(arriving.mean(), rel=0.03)


def test_the_readme_says_what_the_closure_finds(outcome: study.Outcome) -> None:
    closed = outcome.datasets["closure"]
    said = (SAMPLE / "README.md").read_text("utf8").split("Closure: ")[1]
    words = closed["agreement"].values.ravel().tolist()
    found = closed["unexplained_load"].where(closed["agreement"] == "unexplained")
    assert f"{words.count('unexplained')} of {len(words)} combinations" in said
    assert f"{float(found.min()):.0f} to {float(found.max()):.0f} kg/d" in said
    assert f"{words.count('unobserved')} of Sb have no observation" in said


def test_stamp_follows_what_was_sampled(results: Path) -> None:
    capacities = pd.read_csv(results / "capacity.csv", keep_default_na=False)
    stamped = capacities[capacities["calibrated"] == STAMP]
    assert set(capacities["calibrated"]) == {"yes", STAMP}
    expected = [("NH3-N", f"2021-{m:02}", "S5") for m in range(1, 13)]
    every = "; ".join(f"S{k}" for k in range(1, 9))
    expected += [("Sb", f"2021-{m:02}", every) for m in range(1, 13) if m % 3 != 1]
    columns = ["pollutant", "period", "not_calibrated"]
    assert [tuple(row) for row in stamped[columns].to_numpy()] == expected
    sections = pd.read_csv(results / "sections.csv")
    keys = ["section", "indicator", "period"]
    samples = pd.read_csv(SAMPLE / "observations.csv").set_index(keys).index
    mine = pd.MultiIndex.from_frame(sections[keys])
    unexplained = (sections["section"] == "S5") & (sections["indicator"] == "NH3-N")
    expected_yes = mine.isin(samples) & ~unexplained
    np.testing.assert_array_equal(sections["calibrated"] == "yes", expected_yes)


def test_report_and_figures_carry_the_stamp(results: Path) -> None:
    page = (results / "report.html").read_text("utf8")
    part = {name: page.split(f'id="{name}"')[1].split("<h2")[0] for name in
            ("closure", "capacity", "sections")}  # fmt: skip
    assert (
        part["closure"].count('<tr><th scope="row"') == 8 * 5 + 12
    )  # worst of each, and S5 by month
    assert part["closure"].count('class="badge unexplained"') == 1
    assert part["capacity"].count("<small>未率定 uncalibrated</small>") == 12 + 8
    worst = part["sections"].split("<tr><th")
    stamped = {row.split("</th>")[0][-2:] + row.split("</td>")[1][-5:] for row in worst[1:]
               if 'class="badge uncalibrated"' in row}  # fmt: skip
    assert "S5NH3-N" in stamped
    assert all(label == "S5NH3-N" or label.endswith("Sb") for label in stamped)
    assert "<b>NH3-N, 容量未率定" in page and "<b>COD</b>" in page


def test_without_observations_everything_is_stamped(tmp_path: Path, outcome: study.Outcome) -> None:
    folder = tmp_path / "study"
    copied(folder)
    (folder / "observations.csv").unlink()
    bare = study.solve(folder)
    assert set(bare.datasets["capacity"]["calibrated"].values.ravel()) == {STAMP}
    assert set(bare.datasets["closure"]["agreement"].values.ravel()) == {"unobserved"}
    # nothing else moves: observations are compared, never used
    for name in ("capacity", "allocation", "permitted"):
        ours = bare.datasets[name].drop_vars(["calibrated", "not_calibrated"], errors="ignore")
        assert ours.identical(outcome.datasets[name].drop_vars(
            ["calibrated", "not_calibrated"], errors="ignore"))  # fmt: skip


@pytest.mark.parametrize("factor", [0.5, 1.5])
def test_other_decay_is_what_another_table_of_rates_gives(
    factor: float, tmp_path: Path, results: Path
) -> None:
    folder = tmp_path / "study"
    copied(folder)
    rates = pd.read_csv(folder / "kinetics.csv")
    rates["decay [1/d]"] *= factor
    rates.to_csv(folder / "kinetics.csv", index=False)
    whole = study.solve(folder).datasets["capacity"]["total"].to_series()
    table = pd.read_csv(results / "sensitivity.csv").set_index(["pollutant", "period"])
    mine = table[table["decay_factor"] == factor]
    np.testing.assert_allclose(mine["total [kg/d]"], whole.reindex(mine.index), rtol=1e-12)
    stated = pd.read_csv(results / "capacity.csv").set_index(["pollutant", "period"])
    base = stated["total [kg/d]"].reindex(mine.index)
    np.testing.assert_allclose(mine["total_change"], mine["total [kg/d]"] / base - 1, atol=1e-12)
    # nothing decays that has no rate, and the park total does move
    assert (mine.loc["Sb", "total_change"].abs() < 1e-12).all()
    assert (np.sign(mine["total_change"].groupby("pollutant").sum().drop("Sb"))
            == np.sign(factor - 1.0)).all()  # fmt: skip


def test_period_means_feed_the_closure(outcome: study.Outcome) -> None:
    means = standards.period_means(outcome.tables["observations"])
    assert len(means) == 8 * 4 * 12 + 8 * 4
    one = means.set_index(["section", "indicator", "period"])["value"].loc[("S5", "TP", "2021-07")]
    got = outcome.datasets["closure"]["observed"].sel(section="S5", indicator="TP")
    assert got.sel(period="2021-07").item() == one


def test_what_remains_needs_every_number_and_water() -> None:
    labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    response = xr.DataArray([[[[0.01]]]], coords=labels, dims=list(labels))
    room = response[:, 0].rename(pollutant="indicator").drop_vars("outlet") * 0 + 0.5
    flow = room[:, 0].drop_vars("indicator") * 0 + 2.0
    load = response[0].drop_vars("section") * 0 + 60.0
    for wrong in ((load * np.nan, flow), (load, flow * np.nan)):
        with pytest.raises(DataError, match="NaN"):
            capacity.remaining(response, room, *wrong)
    assert np.isnan(capacity.remaining(response, room, load, flow * 0.0).item())
