"""Conversion in a study: what measures of some sources let others discharge on top of permits.

None of it moves a permit: it is published beside them, put back into the full model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from permitload import _permits, conversion, quality, sources
from permitload._frames import fault_at, listed
from permitload._labels import index_of
from permitload.errors import Fault, InfeasibleError
from permitload.program import Program, relax
from permitload.schema import described

if TYPE_CHECKING:
    from permitload import _choices, _model, _settings

__all__ = ["KEYS", "faults", "made", "tables"]

KEYS = {
    "trading_ratios": ("seller", "buyer"),
    "conversion_measures": ("seller",),
    "conversion_loads": ("buyer",),
    "conversion_totals": ("pollutant",),
    "conversion_sections": ("section", "pollutant", "period"),
}
"""Published tables of conversion, and what names a row of each."""
_FILE = {"seller": "sellers", "buyer": "buyers"}
_NOTHING_WANTED = "所有转入源均已足额 every buyer has what it asks for"
ENOUGH = 1e-9
"""Part of a load that is round-off."""

Tables = Mapping[str, pd.DataFrame]


class _Trade(NamedTuple):
    """Sellers and buyers of one pollutant, with the room that permits leave them."""

    sellers: pd.DataFrame
    buyers: pd.DataFrame
    timing: xr.DataArray
    response: xr.DataArray
    headroom: xr.DataArray


def _source(table: pd.DataFrame, side: str) -> pd.Series[str]:
    """Source of each row: its label, less the pollutant where that stands behind it."""
    pairs = zip(table[side], table["pollutant"], strict=True)
    return pd.Series([n.removesuffix(f" {p}") for n, p in pairs], table.index, dtype=object)


def faults(given: Tables, loads: xr.Dataset, settings: _settings.Settings) -> list[Fault]:
    """Find sellers and buyers that cannot be, and tables that nothing is done with.

    Parameters
    ----------
    given : mapping of DataFrame
        All tables of the study.
    loads : Dataset
        Loads of all sources.
    settings : Settings
        Choices of the study.

    Returns
    -------
    list of Fault
        Each with its file and row.
    """
    found = [
        Fault(f"{name}.csv", None, "rows", None, "are not used by a study", "no such table")
        for name in ("credits", "bids")
        if len(given[name])
    ]
    for side, other in (("seller", "buyers"), ("buyer", "sellers")):
        if len(given[_FILE[side]]) and given[other].empty:
            right = f"rows of {other}.csv, or no such table"
            found.append(Fault(f"{_FILE[side]}.csv", None, "rows", None, "are not used", right))
    if found or given["sellers"].empty:
        return found
    placed = sources.resolve(given["sources"], given["works"]).set_index("source")
    decided = placed["source_class"].isin(settings.decided)
    studied = settings.pollutants
    found += _placed(given, "seller", placed[~decided], "a source that nobody decides", studied)
    found += _placed(given, "buyer", placed[decided], "a decided source", studied)
    found += _cells(given, settings.conversion)
    return found or list(_too_much(given["sellers"], loads))


def _cells(given: Tables, choice: _choices.Conversion) -> Iterator[Fault]:
    """Cells that a plan of one pollutant cannot go by."""
    sellers, buyers = given["sellers"], given["buyers"]
    alone = ~sellers["pollutant"].isin(buyers["pollutant"])
    wanted = f"one of {listed(buyers['pollutant'].unique())}, the pollutants of the buyers"
    shared = (sellers["whole"] == 1.0) & (choice.plan is conversion.fairest)
    own = "an empty cell: the permit is the published one"
    for side, column, bad, problem, right in (
        ("seller", "pollutant", alone, "has no buyer", wanted),
        ("seller", "whole", ~sellers["whole"].isin([0.0, 1.0]), "is neither", "0 or 1"),
        ("seller", "whole", shared, "is taken wholly",
         "0 with the plan fairest, which shares measures in any part"),
        ("seller", "equivalency", sellers["equivalency"].fillna(1.0) != 1.0, "is not used",
         "an empty cell: seller and buyer have one pollutant"),
        ("buyer", "wanted_load", buyers["wanted_load"].isna(), "is missing",
         "the load that is asked for in all, the permit included [kg/d]"),
        ("buyer", "own_permit", buyers["own_permit"] > 0.0, "is not used", own),
        ("buyer", "floor", buyers["floor"] > 0.0, "is not used", own),
    ):  # fmt: skip
        for i in np.flatnonzero(bad):
            yield fault_at(given[_FILE[side]], _FILE[side], int(i), column, problem, right)


def _placed(
    given: Tables, side: str, known: pd.DataFrame, right: str, studied: tuple[str, ...]
) -> Iterator[Fault]:
    """Rows of no such source or one that is there twice, of another outlet, or not studied."""
    name = _FILE[side]
    table = given[name]
    label = _source(table, side)
    there = label.isin(known.index)
    outlet = label.map(known["outlet"])
    twice = pd.DataFrame({"source": label, "pollutant": table["pollutant"]}).duplicated()
    for bad, column, problem, words in (
        (~there, side, "is no such source", f"{right}, or one and its pollutant"),
        (there & (outlet != table["outlet"]), "outlet", "is not that of the source", ""),
        (twice, side, "is there twice", "one row of a source and pollutant"),
        (
            ~table["pollutant"].isin(studied),
            "pollutant",
            "is not studied",
            f"one of {listed(studied)}",
        ),
    ):
        for i in np.flatnonzero(bad):
            yield fault_at(table, name, int(i), column, problem, words or str(outlet.iloc[i]))


def _too_much(sellers: pd.DataFrame, loads: xr.Dataset) -> Iterator[Fault]:
    """Sellers that would take off more than they discharge."""
    days = loads["days"] if "days" in loads.coords else xr.ones_like(loads["period"], dtype=float)
    present = (loads["source_load"] * days).sum("period") / days.sum()
    label = _source(sellers, "seller")
    for i, (name, pollutant) in enumerate(zip(label, sellers["pollutant"], strict=True)):
        most = float(present.sel(source=name, pollutant=pollutant))
        size = sellers["available"].iloc[i]
        if not most > 0.0:
            words = "discharges none of its pollutant", "a source with a load"
            yield fault_at(sellers, "sellers", i, "seller", *words)
        elif not size <= most * (1.0 + ENOUGH):
            problem = "is missing" if np.isnan(size) else "is more than its present load"
            right = f"at most {most:.6g} kg/d, the mean of its year"
            yield fault_at(sellers, "sellers", i, "available", problem, right)


def made(
    state: _model.State, datasets: Mapping[str, xr.Dataset], response: xr.Dataset,
    settings: _settings.Settings, given: Tables,
) -> dict[str, xr.Dataset]:  # fmt: skip
    """Decide the measures and credits of every pollutant that is traded.

    Parameters
    ----------
    state : State
        Model and loads that bound the permits.
    datasets : mapping of Dataset
        ``background``, ``limits``, ``allocation`` and ``permitted`` of the study.
    response : Dataset
        Response of the sections to all sources.
    settings : Settings
        Choices of the study.
    given : mapping of DataFrame
        ``sellers`` and ``buyers``.

    Returns
    -------
    dict of Dataset
        ``conversion``, if there is any: ``ratio``, ``location_ratio``, ``worst_section``,
        ``worst_period`` and ``credit_load`` (seller, buyer), ``reduction`` and ``available``
        (seller), ``own_permit``, ``wanted_load`` and ``permitted_load`` (buyer) [kg/d, means of
        the year], ``total_cost`` and ``reason`` (pollutant), ``concentration`` and
        ``converted_concentration`` (section, pollutant, period) of the pollutants traded; and
        ``converted``, the quality of the rivers with it.

    Raises
    ------
    InfeasibleError
        If a limit is missed when the plan is put back into the full model.
    """
    if given["sellers"].empty:
        return {}
    permits = datasets["allocation"]["permitted_load"]
    found = _blank(given, permits, settings)
    moved = xr.zeros_like(state.given["source_load"]).load()
    for pollutant in found["pollutant"].values:
        trade = _trade(str(pollutant), (state, datasets, response), found, given)
        _carried_out(trade, found, moved, settings.conversion)
    moved.loc[{"source": permits["source"].values}] += permits.reset_coords(drop=True)
    before, after = datasets["permitted"], state.model.steady(
        state.kept + state.model.at_outlets(moved)
    )  # fmt: skip
    limits, sections = datasets["limits"], state.model.sections
    count = len(given["buyers"])
    _permits.verified(sections, after, datasets["background"], limits["allowed"], count)
    for name, one in (("concentration", before), ("converted_concentration", after)):
        found[name] = quality.at(sections, one).reset_coords(drop=True)
    return {"conversion": described(found), "converted": after}


def _blank(given: Tables, permits: xr.DataArray, settings: _settings.Settings) -> xr.Dataset:
    """Nothing traded yet; what buyers have and ask for, as means of the year."""
    sellers, buyers = given["sellers"], given["buyers"]
    days = permits["days"]
    own = (permits * days).sum("period") / days.sum()
    label = _source(buyers, "buyer")
    mine = [float(own.sel(source=n, pollutant=p)) for n, p in
            zip(label, buyers["pollutant"], strict=True)]  # fmt: skip
    size = len(sellers), len(buyers)
    pair, none = ("seller", "buyer"), np.full(size, "", dtype=object)
    traded = [p for p in settings.pollutants if p in set(buyers["pollutant"])]
    found: dict[str, Any] = {
        "ratio": (pair, np.full(size, np.nan)), "location_ratio": (pair, np.full(size, np.nan)),
        "worst_section": (pair, none), "worst_period": (pair, none.copy()),
        "credit_load": (pair, np.zeros(size)), "reduction": ("seller", np.zeros(size[0])),
        "available": ("seller", sellers["available"].to_numpy()),
        "own_permit": ("buyer", np.array(mine)), "permitted_load": ("buyer", np.array(mine)),
        "wanted_load": ("buyer", buyers["wanted_load"].to_numpy()),
        "total_cost": ("pollutant", np.zeros(len(traded))),
        "reason": ("pollutant", np.full(len(traded), "", dtype=object)),
    }  # fmt: skip
    labels = {"seller": sellers["seller"].to_numpy(object), "pollutant": traded,
              "buyer": buyers["buyer"].to_numpy(object)}  # fmt: skip
    return xr.Dataset(found, labels)


def _trade(
    pollutant: str, known: tuple[_model.State, Mapping[str, xr.Dataset], xr.Dataset],
    found: xr.Dataset, given: Tables,
) -> _Trade:  # fmt: skip
    """Gather what one pollutant's plan rests on; buyers ask for what their permits lack."""
    state, datasets, response = known
    sellers, buyers = (
        table[table["pollutant"] == pollutant] for table in (given["sellers"], given["buyers"])
    )
    loads = state.given["source_load"].sel(pollutant=pollutant)
    permits = datasets["allocation"]["permitted_load"].sel(pollutant=[pollutant])
    days = permits["days"]
    drained = loads.sel(source=_source(sellers, "seller").to_list()).reset_coords(drop=True)
    timing = drained / ((drained * days).sum("period") / days.sum())
    timing = timing.rename(source="seller").assign_coords(seller=sellers["seller"].to_numpy(object))
    rise = response["response"].sel(pollutant=[pollutant]).assign_coords(days=days)
    place = state.decided["outlet"].sel(source=permits["source"])
    used = sources.by_outlet(permits.assign_coords(outlet=("source", place.values)),
                             pd.DataFrame({"outlet": rise["outlet"].values}))  # fmt: skip
    room = datasets["limits"]["headroom"].sel(indicator=[pollutant]).reset_coords(drop=True)
    taken = (rise * used).sum("outlet").rename(pollutant="indicator").reset_coords(drop=True)
    left = room - taken
    # permits stand under the limits: what is below 0 beside them is round-off
    left = left.where(room < 0.0, left.clip(0.0))
    more = found[["wanted_load", "own_permit"]].sel(buyer=buyers["buyer"].to_list())
    lack = (more["wanted_load"] - more["own_permit"]).to_numpy()
    wants = lack > ENOUGH * more["wanted_load"].to_numpy()
    asked = buyers.assign(own_permit=0.0, wanted_load=lack)[wants]
    return _Trade(sellers, asked, timing, rise, left)


def _carried_out(
    trade: _Trade, found: xr.Dataset, moved: xr.DataArray, choice: _choices.Conversion
) -> None:
    """Write the plan of one pollutant into what is found, and what it moves (source) [kg/d]."""
    sellers, buyers, timing, response, headroom = trade
    pollutant = str(response["pollutant"].values[0])
    if sellers.empty or buyers.empty:
        reason = _NOTHING_WANTED if buyers.empty else "没有转出源 no seller"
        found["reason"].loc[{"pollutant": pollutant}] = reason
        return
    worst = conversion.worst_ratio(response, sellers, buyers, timing, choice.compound)
    pair = {"seller": worst["seller"].values, "buyer": worst["buyer"].values}
    for name in ("ratio", "location_ratio", "worst_section", "worst_period"):
        found[name].loc[pair] = worst[name]
    whole = conversion.programme(response, headroom, sellers, buyers, worst["ratio"], timing)
    try:
        plan = choice.plan(whole)
    except InfeasibleError:
        found["reason"].loc[{"pollutant": pollutant}] = _uncured(whole.program)
        found["total_cost"].loc[{"pollutant": pollutant}] = np.nan
        return
    found["credit_load"].loc[pair] = plan["credit_load"].sel(pair)
    for name, axis in (("reduction", "seller"), ("permitted_load", "buyer")):
        found[name].loc[{axis: pair[axis]}] += plan[name].sel({axis: pair[axis]})
    found["total_cost"].loc[{"pollutant": pollutant}] = plan["total_cost"]
    taken = plan["reduction"].sel(seller=timing["seller"].values) * timing
    for label, source in zip(sellers["seller"], _source(sellers, "seller"), strict=True):
        at = {"source": source, "pollutant": pollutant}
        moved.loc[at] -= taken.sel(seller=label).values
    for label, source in zip(buyers["buyer"], _source(buyers, "buyer"), strict=True):
        moved.loc[{"source": source, "pollutant": pollutant}] += float(
            plan["permitted_load"].sel(buyer=label)
        )


def _uncured(program: Program) -> str:
    """Say what the measures leave above the limits: nobody may discharge more for them."""
    soft = index_of([row for row in program.row if row[0] == "section"])
    lines = relax(program, soft, np.ones(len(soft)))
    missed = lines["missing"][lines["missing"] > 0.0]
    section, pollutant, period = missed.idxmax()[1:]
    return (
        f"the measures do not cure {len(missed)} sections and periods, most {section}, "
        f"{pollutant}, {period}: {missed.max():.4g} mg/L still missing"
    )


def tables(found: Mapping[str, xr.Dataset], given: Tables) -> dict[str, pd.DataFrame]:
    """Make the published tables of conversion; none without sellers."""
    if "conversion" not in found:
        return {}
    plan = found["conversion"]
    sellers, buyers = given["sellers"], given["buyers"]
    of = {"seller": sellers.set_index("seller")["pollutant"],
          "buyer": buyers.set_index("buyer")["pollutant"]}  # fmt: skip
    ratios = plan[["ratio", "location_ratio", "worst_section", "worst_period", "credit_load"]]
    pairs = ratios.to_dataframe(["seller", "buyer"]).reset_index()
    pairs = pairs[pairs["ratio"].notna()].reset_index(drop=True)
    # no reduction is enough where a ratio is infinite: an empty cell, with the section that says so
    pairs["ratio"] = pairs["ratio"].where(np.isfinite(pairs["ratio"]))
    pairs["location_ratio"] = pairs["location_ratio"].where(pairs["ratio"].notna())
    pairs.insert(2, "pollutant", pairs["buyer"].map(of["buyer"]))
    measures, loads = (
        plan[names].to_dataframe().reset_index()
        for names in (["available", "reduction"], ["own_permit", "wanted_load", "permitted_load"])
    )
    measures.insert(1, "pollutant", measures["seller"].map(of["seller"]))
    loads.insert(1, "pollutant", loads["buyer"].map(of["buyer"]))
    water = plan[["concentration", "converted_concentration"]]
    beside = found["limits"]["allowed"].rename(indicator="pollutant").reset_coords(drop=True)
    sections = water.assign(allowed=beside).to_dataframe(["section", "pollutant", "period"])
    totals = plan[["total_cost", "reason"]].to_dataframe().reset_index()
    return dict(zip(KEYS, (pairs, measures, loads, totals, sections.reset_index()), strict=True))
