"""Design flows and typical years against hand counts, published tables and other definitions."""

import csv
import itertools
import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import fmean

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from permitload import RiverNetwork, hydraulics
from permitload.errors import DataError, NetworkError

SAMPLE = [3.1, 1.2, 4.7, 2.2, 9.8, 2.9, 3.3, 5.1, 1.9, 2.4, 7.0, 3.8]
samples = st.lists(st.integers(1, 400).map(lambda i: i / 4), min_size=4, max_size=30).filter(
    lambda values: len(set(values)) > 3
)
quick = settings(max_examples=60, deadline=None)


def sentence(error: pytest.ExceptionInfo[DataError]) -> str:
    return "\n".join(str(fault) for fault in error.value.faults)


# --- fits


def test_fishkill_creek_as_published() -> None:
    """Annual peaks of Fishkill Creek at Beacon, 1945-68 (Bulletin 17B, appendix 12, example 1).

    Printed there: mean of logarithms 3.3684, deviation 0.2456, skewness 0.7300. Its table of K
    (appendix 3) has 2.82359 and 2.89101 at 0.01, -1.18347 and -1.16574 at 0.90, for skewness
    0.7 and 0.8.
    """
    peaks = [2290, 1470, 2220, 2970, 3020, 1210, 2490, 3170, 3220, 1760, 8800, 8280, 1310, 2500,
             1960, 2140, 4340, 3060, 1780, 1380, 980, 1040, 1580, 3630]  # fmt: skip
    for frequency, first, second in ((0.01, 2.82359, 2.89101), (0.9, -1.18347, -1.16574)):
        logarithm = 3.3684 + 0.2456 * (0.7 * first + 0.3 * second)
        found = np.log10(hydraulics.log_pearson3(peaks, frequency))
        assert found == pytest.approx(logarithm, abs=2e-4)


def test_pearson3_has_the_moments_of_its_sample() -> None:
    """Moments of the fitted distribution, by quadrature of its quantiles, are the sample's."""

    def moment(power: int, center: float) -> float:
        def integrand(frequency: float) -> float:
            return (hydraulics.pearson3(SAMPLE, frequency) - center) ** power

        return float(integrate.quad(integrand, 0.0, 1.0, epsabs=1e-7, limit=200)[0])

    mean, deviation = moment(1, 0.0), moment(2, fmean(SAMPLE)) ** 0.5
    assert mean == pytest.approx(fmean(SAMPLE), rel=1e-6)
    assert deviation == pytest.approx(np.std(SAMPLE, ddof=1), rel=1e-5)
    skewness = moment(3, mean) / deviation**3
    assert skewness == pytest.approx(stats.skew(SAMPLE, bias=False), rel=1e-3)


def test_pearson3_l_moments_has_the_l_moments_of_its_sample() -> None:
    """l₂ and l₃ by their definition over all pairs and triples, against quadrature."""
    pairs = [abs(a - b) / 2 for a, b in itertools.combinations(SAMPLE, 2)]
    triples = [(x[2] - 2 * x[1] + x[0]) / 3 for x in map(sorted, itertools.combinations(SAMPLE, 3))]

    def moment(weight: np.polynomial.Polynomial) -> float:
        def integrand(share: float) -> float:
            return hydraulics.pearson3_l_moments(SAMPLE, 1.0 - share) * float(weight(share))

        return float(integrate.quad(integrand, 0.0, 1.0, epsabs=1e-7, limit=200)[0])

    legendre = [np.polynomial.Polynomial(c) for c in ([1.0], [-1.0, 2.0], [1.0, -6.0, 6.0])]
    assert [moment(weight) for weight in legendre] == pytest.approx(
        [fmean(SAMPLE), fmean(pairs), fmean(triples)], rel=1e-5
    )


def test_the_two_fits_differ_as_stated() -> None:
    """A skewed sample: by moments, from scipy's gamma, and L-moments 9.7 % apart."""
    shape = 4 / stats.skew(SAMPLE, bias=False) ** 2
    low = (stats.gamma.ppf(0.1, shape) - shape) / shape**0.5
    first = fmean(SAMPLE) + np.std(SAMPLE, ddof=1) * low
    assert hydraulics.pearson3(SAMPLE, 0.9) == pytest.approx(first, rel=1e-9)
    assert abs(hydraulics.pearson3_l_moments(SAMPLE, 0.9) / first - 1) > 0.09


@given(samples, st.floats(0.02, 0.98), st.floats(0.5, 20.0), st.floats(-50.0, 50.0))
@quick
def test_pearson3_moves_with_its_sample(
    values: list[float], frequency: float, scale: float, shift: float
) -> None:
    for fit in (hydraulics.pearson3, hydraulics.pearson3_l_moments):
        value = fit(values, frequency)
        moved = fit(scale * np.array(values) + shift, frequency)
        assert moved == pytest.approx(scale * value + shift, rel=1e-6, abs=1e-5)
        assert fit([-v for v in values], 1 - frequency) == pytest.approx(-value, abs=1e-5)
        assert fit(values[::-1], frequency) == pytest.approx(value, rel=1e-9, abs=1e-9)


@given(samples, st.floats(0.25, 0.75))
@quick
def test_plotting_positions_are_those_of_numpy(values: list[float], frequency: float) -> None:
    expected = np.quantile(values, 1 - frequency, method="weibull")
    assert hydraulics.plotting_position(values, frequency) == pytest.approx(expected, rel=1e-9)


@given(samples, st.floats(0.05, 0.95))
@quick
def test_log_pearson3_against_the_gamma_distribution(values: list[float], frequency: float) -> None:
    """A skewed Pearson III is a shifted gamma: scipy's gamma inverts it without K."""
    logarithms = np.log10(values)
    mean, deviation = logarithms.mean(), logarithms.std(ddof=1)
    skewness = stats.skew(logarithms, bias=False)
    shape = 4 / skewness**2 if abs(skewness) > 0.01 else 0.0
    if not shape:
        return
    tail = stats.gamma.isf if skewness > 0 else stats.gamma.ppf
    standard = (tail(frequency, shape) - shape) / shape**0.5 * np.sign(skewness)
    expected = 10 ** (mean + deviation * standard)
    assert hydraulics.log_pearson3(values, frequency) == pytest.approx(expected, rel=1e-6)


def test_zero_years_by_conditional_probability() -> None:
    """2 of 10 years dry: at 0.72 the others stand at 0.9; at 0.8 and beyond there is no flow."""
    wet = SAMPLE[:8]
    read = hydraulics.log_pearson3([0.0, 0.0, *wet], 0.72)
    assert read == pytest.approx(hydraulics.log_pearson3(wet, 0.9), rel=1e-12)
    assert hydraulics.log_pearson3([0.0, 0.0, *wet], 0.8) == 0.0
    assert hydraulics.log_pearson3([0.0, 0.0, *wet], 0.9) == 0.0


@pytest.mark.parametrize("fit", [hydraulics.pearson3, hydraulics.pearson3_l_moments,
                                 hydraulics.log_pearson3])  # fmt: skip
def test_equal_values_are_their_own_quantile(fit: Callable[..., float]) -> None:
    assert fit([2.5] * 12, 0.9) == pytest.approx(2.5, rel=1e-12)
    assert fit([1.0, 2.0, 3.0, 4.0, 100.0], 0.5) < fmean([1.0, 2.0, 3.0, 4.0, 100.0])


def test_fits_refuse_what_they_cannot_read() -> None:
    with pytest.raises(DataError) as error:
        hydraulics.pearson3([1.0, np.nan], 1.0)
    assert sentence(error) == (
        "sample, values: 2 values are too few; right would be at least 3\n"
        "sample, values: 1 values are not finite; right would be finite numbers\n"
        "sample, frequency: 1.0 is no probability of a fit; "
        "right would be more than 0 and less than 1"
    )
    with pytest.raises(DataError, match="beyond the plotting positions of 8 values; right would "
                       "be at least 9 values, or a fitted distribution"):  # fmt: skip
        hydraulics.plotting_position(range(8), 0.9)
    with pytest.raises(DataError, match=r"-1\.0 is below 0; right would be values ≥ 0"):
        hydraulics.log_pearson3([-1.0, 1.0, 2.0, 3.0], 0.9)
    with pytest.raises(DataError, match="all but one value are alike"):
        hydraulics.pearson3_l_moments([1.0, 1.0, 1.0, 5.0], 0.9)


# --- methods


def record(years: int = 30, start: str = "1990-04-01") -> pd.Series:
    """Flow of 50 m3/s, but in each January 1, 2, 3 … m3/s from year to year."""
    first = pd.Timestamp(start)
    days = pd.date_range(first, first + pd.DateOffset(years=years) - pd.Timedelta(days=1))
    flow = pd.Series(50.0, days, name="flow")
    january = days.month == 1
    flow[january] = (days.year[january] - first.year).astype(float)
    return flow


def test_driest_month_by_hand() -> None:
    """Driest months 1 to 30: rank of 0.9 is 27.9 from above, that is 31 - 27.9 = 3.1."""
    found = hydraulics.driest_month(record())
    assert (found.samples, found.warning) == (30, "")
    assert found.value == pytest.approx(3.1, rel=1e-12)
    short = hydraulics.driest_month(record(9))
    assert short.value == pytest.approx(1.0)
    assert (short.samples, short.warning) == (9, "9 years are less than the 10 needed")
    fitted = hydraulics.driest_month(record(), fit=hydraulics.pearson3)
    # no skewness: 15.5 - 1.281552 · sqrt(77.5)
    assert fitted.value == pytest.approx(15.5 - 1.2815515655 * 77.5**0.5, rel=1e-9)


def test_days_months_hours_and_order_give_one_result() -> None:
    flow = record(12)
    expected = hydraulics.driest_month(flow)
    months = flow.resample("MS").mean()
    hours = flow.reindex(pd.date_range(flow.index[0], periods=24 * len(flow), freq="h"))
    for other in (months, hours.ffill(), flow.sample(frac=1.0, random_state=1)):
        assert hydraulics.driest_month(other) == expected
    daily = hydraulics.seven_q_ten(flow)
    assert hydraulics.seven_q_ten(hours.ffill()) == daily


def test_missing_days_follow_the_rule() -> None:
    """Three days of 31 missing (90.3 % left) do not matter, four (87 %) take the year away."""
    flow = record(31)
    flow.loc["1991-01-01":"1991-01-03"] = np.nan
    flow = flow.drop(pd.date_range("1995-01-05", "1995-01-07"))
    assert hydraulics.driest_month(flow).samples == 31
    flow.loc["1991-01-04"] = np.nan
    found = hydraulics.driest_month(flow)
    # 2 … 31 remain: 32 - 27.9
    assert found.samples == 30 and found.value == pytest.approx(4.1)
    assert hydraulics.driest_month(flow, coverage=0.8).samples == 31
    assert hydraulics.tennant(flow).samples == 30


def test_the_two_readings_of_the_driest_month_of_ten_years() -> None:
    """Januaries of the last 10 years bring 21 … 30: least 21, mean 25.5."""
    flow = record()
    assert hydraulics.driest_month_of_decade(flow) == hydraulics.Sampled(21.0, 120)
    assert hydraulics.mean_of_driest_months(flow) == hydraulics.Sampled(25.5, 10)
    few = hydraulics.driest_month_of_decade(flow.iloc[-800:])
    assert few.warning == "94 of the last 120 months are missing" and few.samples == 26
    assert "8 of the last 10 years" in hydraulics.mean_of_driest_months(flow.iloc[-800:]).warning


def test_seasonal_rivers_count_months_with_flow() -> None:
    """Dry Januaries do not count, so Februaries of 5 m3/s do; a dry year is named."""
    flow = record(12)
    flow[flow.index.month == 1] = 0.0
    flow[flow.index.month == 2] = 5.0
    flow.loc["1994-04-01":"1995-03-31"] = 0.0
    found = hydraulics.nonzero_driest_month(flow)
    assert (found.value, found.samples) == (5.0, 11)
    assert found.warning == "11 years are less than the 30 recommended; no flow in 1994"
    assert hydraulics.driest_month(flow).value == 0.0
    with pytest.raises(DataError, match="all the time; right would be some flow"):
        hydraulics.nonzero_driest_month(flow * 0.0)


def test_seven_q_ten_by_hand() -> None:
    """Each year one week of low flow, 1 … 30 m3/s; on both sides 50 m3/s.

    By scipy: moments of the logarithms of 1 … 30, its Pearson III at 0.1 from below.
    """
    flow = record()
    low = flow.copy()
    low[:] = 50.0
    for year in range(1990, 2020):
        low.loc[f"{year}-10-10" : f"{year}-10-16"] = year - 1989.0
    logs = np.log10(np.arange(1.0, 31.0))
    skewness = stats.skew(logs, bias=False)
    expected = 10 ** stats.pearson3.ppf(0.1, skewness, logs.mean(), logs.std(ddof=1))
    found = hydraulics.seven_q_ten(low)
    assert found.value == pytest.approx(expected, rel=1e-9)
    assert (found.samples, found.warning) == (30, "")
    # 30 days around hold 23 of 50 m3/s
    thirty = np.log10((7 * np.arange(1.0, 31.0) + 23 * 50.0) / 30)
    expected = 10 ** stats.pearson3.ppf(
        0.1, stats.skew(thirty, bias=False), thirty.mean(), thirty.std(ddof=1)
    )
    assert hydraulics.thirty_q_ten(low).value == pytest.approx(expected, rel=1e-9)


def test_a_week_over_the_turn_of_the_year_is_one_week() -> None:
    """Low from 28 March to 3 April: the week ends in the later year, 4 of its days in the first."""
    flow = pd.Series(8.0, pd.date_range("2000-04-01", "2012-03-31"))
    flow.loc["2005-03-28":"2005-04-03"] = 1.0
    assert hydraulics.lowest_mean(flow, fit=lambda values, _: min(values)).value == 1.0
    second = hydraulics.lowest_mean(flow, fit=lambda values, _: sorted(values)[1]).value
    assert second == pytest.approx((4 * 1.0 + 3 * 8.0) / 7)


def test_dry_years_are_warned_of() -> None:
    flow = record()
    for year in range(1990, 1994):
        flow.loc[f"{year}-08-01" : f"{year}-08-20"] = 0.0
    found = hydraulics.seven_q_ten(flow)
    assert (found.value, found.samples) == (0.0, 30)
    assert found.warning == "4 of 30 years ran dry; the result is 0"


def test_low_stage_and_times_at_rest() -> None:
    stage = record() / 10 - 2.0
    assert hydraulics.low_stage(stage).value == pytest.approx(0.31 - 2.0)
    assert hydraulics.driest_month_stage(stage).value == pytest.approx(0.31 - 2.0)
    rest = stage.where(stage.index.month == 7)
    assert hydraulics.low_stage(rest, coverage=0.0).value == pytest.approx(3.0)
    with pytest.raises(DataError, match="has no year; right would be at least one year"):
        hydraulics.low_stage(rest)


def test_tennant_by_hand() -> None:
    """A year of 365 days, 31 at 1 m3/s and 334 at 50; a tenth and three tenths of the mean."""
    flow = record(1)
    mean = (31 * 1.0 + 334 * 50.0) / 365
    assert hydraulics.tennant(flow).value == pytest.approx(0.1 * mean, rel=1e-12)
    fair = hydraulics.tennant(flow, fraction=0.3)
    assert fair.value == pytest.approx(0.3 * mean, rel=1e-12)
    assert fair.warning == "1 year is less than the 10 needed"


@given(st.permutations(range(24)), st.integers(1, 12))
@quick
def test_the_strict_reading_is_never_above_the_mild_one(order: list[int], month: int) -> None:
    months = pd.date_range("2000-01-01", periods=144, freq="MS")
    flow = pd.Series(np.resize(np.array(order, dtype=float), 144), months)
    strict = hydraulics.driest_month_of_decade(flow)
    mild = hydraulics.mean_of_driest_months(flow, first_month=month)
    assert strict.value <= mild.value
    assert hydraulics.driest_month(flow, first_month=month).value <= mild.value


@pytest.mark.real_data
def test_months_of_a_real_record_with_gaps() -> None:
    """Hours of one outfall: at 75 % only 2021-12 to 2022-03 have a mean; counted by hand here."""
    folder = os.environ.get("PERMITLOAD_DATA")
    if not folder:
        pytest.skip("PERMITLOAD_DATA is not set")
    with (Path(folder) / "jiangsu-hourly" / "hourly.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["monitorTime"]]
    hours: dict[str, list[float]] = {}
    for row in rows:
        if row["monitorAvgValue"]:
            hours.setdefault(row["monitorTime"][:7], []).append(float(row["monitorAvgValue"]))
    counted = [fmean(hours[month]) for month in ("2021-12", "2022-01", "2022-02", "2022-03")]
    series = pd.Series(
        [float(row["monitorAvgValue"] or "nan") for row in rows],
        pd.to_datetime([row["monitorTime"] for row in rows]),
    )
    found = hydraulics.driest_month_of_decade(series, coverage=0.75)
    assert found.samples == 4 and found.value == pytest.approx(min(counted), rel=1e-12)
    assert hydraulics.driest_month_of_decade(series, coverage=0.5).samples == 6
    assert hydraulics.driest_month_of_decade(series, coverage=0.0).samples == 11


def test_records_that_are_none_are_refused() -> None:
    flow = record(12)
    methods = (hydraulics.driest_month, hydraulics.seven_q_ten, hydraulics.low_stage)
    for method in methods:
        with pytest.raises(DataError, match="is no local time; right would be a DatetimeIndex"):
            method(flow.reset_index(drop=True))
        with pytest.raises(DataError, match="without a zone"):
            method(flow.tz_localize("Asia/Shanghai"))
        with pytest.raises(DataError, match="1990-04-02 00:00:00, time: is repeated"):
            method(pd.concat([flow, flow.iloc[1:2]]))
        with pytest.raises(DataError, match="has no values"):
            method(flow * np.nan)
        with pytest.raises(DataError, match="inf is not a finite number"):
            method(flow.where(flow.index != "1995-05-05", np.inf))
        with pytest.raises(DataError, match="time: is off its step of"):
            method(flow.set_axis([flow.index[0] + pd.Timedelta(hours=7), *flow.index[1:]])
                   .iloc[[1, 2, 3, 0]].sort_index())  # fmt: skip
    with pytest.raises(DataError, match="m3/s is below 0 \\(1 of 4383 values\\)"):
        hydraulics.driest_month(flow.where(flow.index != "1995-05-05", -3.0))
    with pytest.raises(DataError, match="time: are months; right would be daily values"):
        hydraulics.seven_q_ten(flow.resample("MS").mean())
    with pytest.raises(DataError, match="13 is no month; right would be a month from 1 to 12"):
        hydraulics.driest_month(flow, first_month=13)
    with pytest.raises(DataError, match="0 is no length"):
        hydraulics.lowest_mean(flow, days=0)
    with pytest.raises(DataError, match="has no complete hydrological year"):
        hydraulics.driest_month(flow.iloc[:200])


# --- by reach


CHAIN = pd.DataFrame({"reach": ["R1", "R2"], "from_node": ["a", "b"], "to_node": ["b", "c"],
                      "length": [1e3, 1e3]})  # fmt: skip


def by_reach(*reaches: str) -> xr.DataArray:
    flow = record(10)
    return xr.DataArray(
        [flow.to_numpy() * (i + 1) for i in range(len(reaches))],
        {"reach": list(reaches), "time": flow.index}, ("reach", "time"), "flow",
    )  # fmt: skip


def test_design_flow_keeps_labels_units_and_warnings() -> None:
    found = hydraulics.design_flow(by_reach("R1", "R2"), hydraulics.driest_month,
                                   RiverNetwork(CHAIN))  # fmt: skip
    assert found["value"].to_series().to_dict() == pytest.approx({"R1": 1.1, "R2": 2.2})
    assert found["samples"].values.tolist() == [10, 10]
    assert set(found["warning"].values) == {"10 years are less than the 30 recommended"}
    assert found["value"].attrs["units"] == "m3/s" and found.attrs["method"] == "driest_month"
    one = hydraulics.design_flow(record(), partial(hydraulics.driest_month, frequency=0.5))
    assert float(one["value"]) == pytest.approx(15.5) and one["value"].dims == ()


def test_reaches_on_loops_are_refused() -> None:
    """R3 and R4 run in parallel; R1 and a gate close another loop; R2 and R5 lie outside."""
    reaches = pd.DataFrame({
        "reach": ["R1", "R2", "R3", "R4", "R5"], "from_node": ["a", "b", "c", "c", "d"],
        "to_node": ["b", "c", "d", "d", "e"], "length": 1e3,
    })  # fmt: skip
    gate = pd.DataFrame({"structure": ["G"], "structure_type": ["gate"], "from_node": ["b"],
                         "to_node": ["a"]})  # fmt: skip
    network = RiverNetwork(reaches, structures=gate)
    with pytest.raises(NetworkError) as error:
        hydraulics.design_flow(
            by_reach("R1", "R2", "R3", "R4", "R5", "R9"), hydraulics.driest_month, network
        )
    assert [(fault.row, "typical_year" in fault.expected) for fault in error.value.faults] == [
        ("R1", True), ("R3", True), ("R4", True), ("R9", False)
    ]  # fmt: skip
    ok = hydraulics.design_flow(by_reach("R2", "R5"), hydraulics.driest_month, network)
    assert ok["value"].sizes == {"reach": 2}
    with pytest.raises(NetworkError, match="network: is missing"):
        hydraulics.design_flow(by_reach("R1"), hydraulics.driest_month)


def test_every_record_that_is_refused_is_named() -> None:
    series = by_reach("R1", "R2") - 1.5
    with pytest.raises(DataError) as error:
        hydraulics.design_flow(series, hydraulics.driest_month, RiverNetwork(CHAIN))
    assert [fault.row for fault in error.value.faults] == ["reach R1, 1991-01-01 00:00:00"]
    gaps = series + np.nan
    with pytest.raises(DataError) as error:
        hydraulics.design_flow(gaps, hydraulics.driest_month, RiverNetwork(CHAIN))
    assert [fault.row for fault in error.value.faults] == ["reach R1", "reach R2"]
    with pytest.raises(DataError, match="time: is missing"):
        hydraulics.design_flow(series.isel(time=0, drop=True), hydraulics.driest_month,
                               RiverNetwork(CHAIN))  # fmt: skip


# --- typical year


def boundaries(years: int = 20) -> xr.Dataset:
    flow = record(years)
    levels = np.arange(2.0 * len(flow)).reshape(-1, 2)
    places = {"time": flow.index, "node": ["sea", "lake"]}
    stage = xr.DataArray(levels, places, ("time", "node"))
    return xr.Dataset({"stage": stage, "flow": ("time", flow.to_numpy())})


RAIN = {1990 + i: 1000.0 + 40.0 * ((7 * i) % 20) for i in range(20)}


def rain() -> pd.Series:
    """Sums of 1000, 1040 … 1760 mm a year in mixed order, the same every day."""
    days = record(20).index
    years = days.year - (days.month < 4)
    lengths = pd.Series(years).map(pd.Series(years).value_counts()).to_numpy()
    return pd.Series(pd.Series(years).map(RAIN).to_numpy() / lengths, days)


@pytest.mark.parametrize(("frequency", "factor"), [(0.75, 0.67448975), (0.9, 1.28155157)])
def test_typical_year_by_hand(frequency: float, factor: float) -> None:
    """Equal steps of 40 mm have no skewness: 1380 - K · 40 · sqrt(20 · 21/12); nearest year."""
    given = boundaries()
    dry = hydraulics.typical_year(given, rain(), frequency, annual=np.sum)
    expected = 1380.0 - factor * 40.0 * 35.0**0.5
    assert float(dry["design_value"]) == pytest.approx(expected, rel=1e-7)
    year = min(RAIN, key=lambda y: abs(RAIN[y] - expected))
    assert int(dry["year"]) == year
    assert float(dry["year_value"]) == pytest.approx(RAIN[year])
    assert int(dry["samples"]) == 20
    assert dry["warning"].item() == "20 years are less than the 30 recommended"
    xr.testing.assert_equal(
        dry.drop_vars(["year", "design_value", "year_value", "samples", "warning"]),
        given.sel(time=slice(f"{year}-04-01", f"{year + 1}-03-31")),
    )


def test_years_with_gaps_are_no_typical_years() -> None:
    """A gap in the boundaries: the next nearest year. A gap in the rain: out of the sample."""
    given, index = boundaries(), rain()
    best = int(hydraulics.typical_year(given, index, annual=np.sum)["year"])
    broken = given.copy(deep=True)
    broken["stage"].loc[{"time": f"{best}-10-10", "node": "lake"}] = np.nan
    second = hydraulics.typical_year(broken, index, annual=np.sum)
    assert int(second["year"]) != best and int(second["samples"]) == 20
    shorter = hydraulics.typical_year(given.drop_sel(time=f"{best}-10-10"), index, annual=np.sum)
    assert int(shorter["year"]) == int(second["year"])
    index.loc[f"{best}-10-10"] = np.nan
    third = hydraulics.typical_year(given, index, annual=np.sum)
    assert int(third["samples"]) == 19 and int(third["year"]) != best
    assert third["warning"].item().endswith(f"incomplete and left out: {best}")
    with pytest.raises(DataError, match="have no complete year of the index"):
        hydraulics.typical_year(given.isel(time=slice(0, 300)), index, annual=np.sum)
    with pytest.raises(DataError, match="boundaries, time: is missing"):
        hydraulics.typical_year(given.isel(time=0, drop=True), index)


def test_of_two_years_as_near_the_drier_is_typical() -> None:
    months = pd.date_range("2000-04-01", periods=48, freq="MS")
    index = pd.Series(np.repeat([3.0, 1.0, 2.5, 1.0], 12), months)
    given = xr.Dataset({"stage": ("time", np.arange(48.0))}, {"time": months})
    found = hydraulics.typical_year(given, index, fit=lambda *_: 2.0 - 0.25)
    assert (int(found["year"]), float(found["year_value"])) == (2003, 1.0)
    assert found["stage"].values.tolist() == list(range(36, 48))


# --- the page


def test_the_page_runs_and_names_what_exists() -> None:
    page = (Path(__file__).parent.parent / "docs" / "design_flow.md").read_text("utf8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.S)
    exec(compile(code, "design_flow.md", "exec"), {})
    named = set(re.findall(r"`hydraulics\.([a-z_0-9]+)", page))
    assert len(named) > 15 and all(hasattr(hydraulics, name) for name in named)
