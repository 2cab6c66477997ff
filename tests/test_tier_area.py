"""Areas: which sections an outfall influences, with gates and reversal, and how they are judged."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from permitload import hydraulics, quality, standards, tiers
from permitload.errors import DataError
from permitload.network import RiverNetwork

PARKS = pd.DataFrame(
    {"park": ["P", "Sea"], "outlet": ["O", "M"], "receiving_water": ["river", "sea"]}
)


def response(flows: dict[str, float]) -> xr.Dataset:
    """West - O - east canal, a section at each end; flow > 0 goes east."""
    network = RiverNetwork(
        pd.DataFrame({"reach": ["R1", "R2"], "from_node": ["w", "m"], "to_node": ["m", "e"],
                      "length": 5000.0})
    )  # fmt: skip
    days = pd.DataFrame({"period": list(flows), "days": 30.0}).set_index("period")
    flow = xr.DataArray(
        [list(flows.values())] * 2, dims=("reach", "period"),
        coords={"reach": ["R1", "R2"], "period": list(flows),
                "days": ("period", days["days"].to_numpy())},
    )  # fmt: skip
    water = hydraulics.from_flow(network, flow, velocity=xr.full_like(flow, 0.1))
    outlets = pd.DataFrame({"outlet": ["O"], "reach": ["R2"], "position": [10.0]})
    sections = pd.DataFrame({"section": ["West", "East", "Far"], "reach": ["R1", "R2", "R2"],
                             "position": [100.0, 2000.0, 4900.0]})  # fmt: skip
    kinetics = {"COD": {"decay": 0.3}, "TN": {"decay": 0.0}}
    return quality.response(network, water, outlets, sections, kinetics)


def judged(**attained: Any) -> pd.DataFrame:
    rows = [
        {"section": section, "indicator": pollutant, "attained": True}
        for section in ("West", "East", "Far")
        for pollutant in ("COD", "TN")
    ]
    table = pd.DataFrame(rows).astype({"attained": "boolean"})
    for section, value in attained.items():
        table.loc[(table["section"] == section) & (table["indicator"] == "COD"), "attained"] = value
    return table


def park(table: pd.DataFrame, pollutant: str = "COD") -> pd.Series:
    return table.set_index(["park", "pollutant"]).loc[("P", pollutant)]


def test_upstream_section_does_not_count_until_the_flow_reverses() -> None:
    east = tiers.attainment_area(response({"wet": 5.0}), judged(West=False), PARKS)
    assert park(east)["attaining"] and "West" not in park(east)["influenced"]
    both = tiers.attainment_area(response({"wet": 5.0, "dry": -1.0}), judged(West=False), PARKS)
    assert not park(both)["attaining"] and park(both)["failing"] == "West"
    # per pollutant (P20): TN of the same park attains
    assert park(both, "TN")["attaining"]


def test_failures_by_period_count_where_the_water_goes() -> None:
    periods = pd.concat([judged().assign(period=p) for p in ("wet", "dry")], ignore_index=True)
    cod = (periods["indicator"] == "COD") & (periods["section"] == "West")
    for period, attaining in (("wet", True), ("dry", False)):
        table = periods.copy()
        table.loc[cod & (table["period"] == period), "attained"] = False
        found = tiers.attainment_area(response({"wet": 5.0, "dry": -1.0}), table, PARKS)
        assert park(found)["attaining"] == attaining
        assert park(found)["failing"] == ("" if attaining else "West (dry)")


def test_share_decides_which_sections_count() -> None:
    found = response({"wet": 5.0})
    # 2900 m further at 0.1 m/s and 0.3 per day: exp(-0.1007) = 0.904 of the greatest
    far = np.exp(-0.3 * 2900 / 0.1 / 86400)
    wide = tiers.attainment_area(found, judged(Far=False), PARKS, far - 1e-6)
    tight = tiers.attainment_area(found, judged(Far=False), PARKS, far + 1e-6)
    assert (park(wide)["attaining"], park(tight)["attaining"]) == (False, True)
    assert park(wide)["influenced"] == "East (100 %), Far (90 %)"
    assert park(tight)["influence_share"] == far + 1e-6
    delivered = tiers.attainment_area(found, judged(Far=False), PARKS, 0.8, tiers.delivered)
    assert "East (9" in park(delivered)["influenced"] and not park(delivered)["attaining"]


def test_what_nobody_can_judge_is_taken_as_failing_and_named() -> None:
    found = response({"wet": 5.0})
    for table in (judged(Far=None), judged()[lambda t: t["section"] != "Far"]):
        row = park(tiers.attainment_area(found, table, PARKS))
        assert not row["attaining"] and row["unknown"] == "Far" and row["failing"] == ""
        assert "无法判定" in row["sentence_zh"] and row["reason"] == "a section is not judged"


def test_marine_outfall_is_refused_and_listed() -> None:
    table = tiers.attainment_area(response({"wet": 5.0}), judged(), PARKS)
    sea = table[table["park"] == "Sea"]
    assert sea["attaining"].isna().all() and len(sea) == 2
    assert sea["reason"].str.contains("marine outfall").all()
    assert sea["sentence_zh"].str.contains("深海").all()


def test_attainment_of_the_standards_package_fits() -> None:
    sections = pd.DataFrame({"section": ["West", "East", "Far"], "reach": ["R1", "R2", "R2"],
                             "position": [100.0, 2e3, 4900.0], "water_class": "III"})  # fmt: skip
    limits = standards.limits(sections, ["COD"], ["2022"])
    samples = pd.DataFrame({"section": sections["section"], "indicator": "COD", "period": "2022",
                            "concentration": [15.0, 18.0, 25.0]})  # fmt: skip
    table = standards.attainment(samples, limits)
    found = response({"wet": 5.0}).sel(pollutant=["COD"])
    row = park(tiers.attainment_area(found, table, PARKS))
    assert not row["attaining"] and row["failing"] == "Far"
    assert row["sentence"].startswith("Non-attaining: fails at Far")


def test_order_of_labels_changes_nothing() -> None:
    found = response({"wet": 5.0, "dry": -1.0})
    one = tiers.attainment_area(found, judged(West=False), PARKS)
    turned = found.isel(section=[2, 0, 1], period=[1, 0], pollutant=[1, 0])
    two = tiers.attainment_area(turned, judged(West=False).iloc[::-1], PARKS.iloc[::-1])
    pd.testing.assert_frame_equal(one, two)


def test_wrong_input() -> None:
    found = response({"wet": 5.0})
    with pytest.raises(DataError, match="outlet: X is not in the response"):
        tiers.attainment_area(found, judged(), pd.DataFrame({"park": ["P"], "outlet": ["X"]}))
    with pytest.raises(DataError, match="receiving_water: pond is unknown"):
        tiers.attainment_area(found, judged(), PARKS.assign(receiving_water=["pond", "sea"]))
    with pytest.raises(DataError, match="influence_share is 0"):
        tiers.attainment_area(found, judged(), PARKS, 0.0)
    with pytest.raises(DataError, match="attained: is missing"):
        tiers.attainment_area(found, judged().drop(columns="attained"), PARKS)
    with pytest.raises(DataError, match="row West, COD, section: is repeated"):
        tiers.attainment_area(found, pd.concat([judged(), judged().iloc[:1]]), PARKS)
    none = found.assign(response=0.0 * found["response"])
    with pytest.raises(DataError, match="row P, outlet: reaches no section with COD"):
        tiers.attainment_area(none, judged(), PARKS)
