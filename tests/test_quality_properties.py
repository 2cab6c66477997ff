"""What must hold on every network: balance, linearity, adjoint, reversal, permutation."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings

from tests.networks import Case, cases, random_case

anywhere = pytest.mark.parametrize("dispersed", [False, True], ids=["plug", "dispersed"])
often = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _close(got: xr.DataArray, right: xr.DataArray, rtol: float = 1e-10) -> None:
    a, b = xr.align(got, right, join="exact")
    b = b.transpose(*a.dims)
    np.testing.assert_allclose(a.values, b.values, rtol=rtol, atol=rtol * float(np.abs(b).max()))


@often
@given(cases() | cases(dispersed=True))
def test_ledger_closes(case: Case) -> None:
    ledger = case.steady()["ledger"]
    scale = ledger.sel(term=["boundary_in", "load", "decayed"]).sum("term")
    assert float(np.abs(ledger.sel(term="residual") / scale).max()) < 1e-9
    assert (ledger.sel(term=["boundary_in", "boundary_out", "decayed"]) / scale > -1e-12).all()


@often
@given(cases() | cases(dispersed=True))
def test_loads_superpose(case: Case) -> None:
    whole = case.at()
    none = case.with_(load=case.load * 0.0, inflow=case.inflow).at()
    half = case.with_(load=case.load * 0.5, inflow=case.inflow * 0.0).at()
    _close(none + 2.0 * half, whole)


@often
@given(cases() | cases(dispersed=True))
def test_response_times_load_is_the_rise(case: Case) -> None:
    rise = case.with_(inflow=case.inflow * 0.0).at()
    response = case.response()["response"]
    _close((response * case.load).sum("outlet"), rise.drop_vars(["reach", "node", "position"]))


@often
@given(cases() | cases(dispersed=True))
def test_delivery_is_what_passes_the_section(case: Case) -> None:
    found = case.response()
    conservative = found["delivery_ratio"].sel(pollutant="F")
    assert (found["response"] >= 0.0).all()
    assert (found["delivery_ratio"].sel(pollutant="P") <= conservative * (1.0 + 1e-9) + 1e-12).all()


@often
@given(cases() | cases(dispersed=True))
def test_reversing_the_water_transposes_the_response(case: Case) -> None:
    places = case.outlets[case.outlets["position_to"].isna()].assign(effluent_flow=0.0)
    sections = places.rename(columns={"outlet": "section"})
    ahead = case.with_(outlets=places, sections=sections)
    back = ahead.with_(flow=-case.flow)
    forward = ahead.response()["response"]
    reverse = back.response()["response"].rename(section="outlet", outlet="section")
    _close(reverse, forward)


@often
@given(cases() | cases(dispersed=True))
def test_a_tracer_of_one_stays_one(case: Case) -> None:
    """Water that enters everywhere at 1 mg/L without decay is 1 mg/L everywhere."""
    load = case.load * 0.0 + 86.4 * xr.DataArray(
        case.outlets["effluent_flow"].to_numpy(),
        {"outlet": case.outlets["outlet"].to_numpy(object)},
    )
    still = {"P": {"decay": 0.0}, "F": {"decay": 0.0}}
    found = case.with_(load=load, inflow=case.inflow * 0.0 + 1.0, kinetics=still).steady()
    for name in ("node_concentration", "concentration", "segment_concentration"):
        values = found[name].values
        np.testing.assert_allclose(values[~np.isnan(values)], 1.0, rtol=1e-9)


@often
@given(cases() | cases(dispersed=True))
def test_order_of_rows_and_drawing_do_not_matter(case: Case) -> None:
    rng = np.random.default_rng(0)
    order = rng.permutation(len(case.reaches))
    flip = rng.random(len(order)) < 0.5
    drawn = case.reaches.copy()
    drawn[["from_node", "to_node"]] = np.where(
        flip[:, None], drawn[["to_node", "from_node"]], drawn[["from_node", "to_node"]]
    )
    length = case.reaches.set_index("reach")["length"]
    turned = set(case.reaches["reach"][flip])
    places = {}
    for name in ("outlets", "sections"):
        table = getattr(case, name).copy()
        mirror = table["reach"].isin(turned)
        size = length.reindex(table["reach"]).to_numpy()
        start = table["position"].copy()
        if "position_to" in table:
            wide = mirror & table["position_to"].notna()
            start = start.where(~wide, table["position_to"])
            table.loc[wide, "position_to"] = (size - table["position"])[wide]
        table["position"] = np.where(mirror, size - start, table["position"])
        places[name] = table
    sign = xr.DataArray(np.where(flip, -1.0, 1.0), {"reach": case.flow["reach"].values})
    redrawn = case.with_(
        reaches=drawn.iloc[order], flow=(case.flow * sign).isel(reach=order), **places,
        dispersion=case.dispersion[order],
    )  # fmt: skip
    shuffled = redrawn.with_(outlets=redrawn.outlets.iloc[::-1])
    _close(shuffled.at().drop_vars("position"), case.at().drop_vars("position"), 1e-9)


@anywhere
def test_random_networks_do_circulate_and_reverse(dispersed: bool) -> None:
    """The generator reaches what the properties are about."""
    found = [random_case(seed, 8, 16, dispersed) for seed in range(20)]
    assert any((case.flow < 0.0).any() and (case.flow > 0.0).any() for case in found)
    import networkx as nx

    circles = 0
    for case in found:
        sign = np.where(case.flow.sel(period="dry") < 0.0, -1, 1)
        edges = [
            (a, b) if s > 0 else (b, a)
            for a, b, s in zip(
                case.reaches["from_node"], case.reaches["to_node"], sign, strict=True
            )
        ]
        circles += not nx.is_directed_acyclic_graph(nx.MultiDiGraph(edges))
    assert circles > 5
