"""Why nobody got more: the sections that were full, when, and the share they left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from permitload import plot
from permitload.report import _views
from permitload.report._views import OWN_STOPS, Cell, View
from permitload.schema import COMPONENTS, VARIABLES

_MOST = 40
"""Names that a sentence or cell holds."""
_SAME = 1e-6
"""Relative difference of shares of the target that is round-off."""
_WORDS: Mapping[str, Cell] = {
    "ceiling": Cell("已达自身上限，未受断面限制",
                    below="own ceiling reached, no section in the way"),
    "floor": Cell("保障量，高于断面所余", below="floor, above what the section would have left"),
    "fixed": Cell("固定，不参与分配", below="fixed, takes no part in sharing"),
    "no target": Cell("无分配基数（新建或停产），不参与分配",
                      below="nothing to share by (new or shut), takes no part in sharing"),
    "target": Cell("已得目标量，未受断面限制", below="has its target, no section in the way"),
}  # fmt: skip


def compact(periods: Iterable[object]) -> str:
    """Write periods in their order, neighbours that are numbered on as a range.

    Examples
    --------
    >>> compact(["2021-01", "2021-02", "2021-03", "2021-12"]), compact(["dry", "wet"])
    ('2021-01..03, 2021-12', 'dry, wet')
    """
    runs: list[list[str]] = []
    for period in map(str, periods):
        if runs and _follows(runs[-1][-1], period):
            runs[-1].append(period)
        else:
            runs.append([period])
    return ", ".join(
        run[0] if len(run) == 1 else f"{run[0]}..{run[-1].rpartition('-')[2]}" for run in runs
    )


def _follows(first: str, second: str) -> bool:
    year, _, number = first.rpartition("-")
    after, _, following = second.rpartition("-")
    digits = number.isdecimal() and following.isdecimal()
    return year != "" and year == after and digits and int(following) == int(number) + 1


def percent(share: float) -> str:
    """Share as a percentage with one decimal.

    Examples
    --------
    >>> percent(0.8531), percent(float("nan"))
    ('85.3 %', '—')
    """
    return f"{100.0 * share:.1f} %" if np.isfinite(share) else _views.NOTHING


def section_names(sections: pd.DataFrame) -> dict[str, str]:
    """Label of each section, with its name where the table has names."""
    table = sections.drop_duplicates("section")
    names = table["name"] if "name" in table else [""] * len(table)
    return {
        str(key): " ".join(str(name or key) if name == key else f"{key} {name or ''}".split())
        for key, name in zip(table["section"], names, strict=True)
    }


def owed_in_words(sections: pd.DataFrame) -> list[str]:
    """Section, pollutant and periods where the background alone exceeds."""
    table, names = sections[sections["headroom"] < 0.0], section_names(sections)
    groups = table.groupby(["section", "indicator"], sort=False)["period"]
    words = [f"{names[str(s)]} {i} ({compact(periods)})" for (s, i), periods in groups]
    return _first(words)


def _first(words: Sequence[str]) -> list[str]:
    """First of many words, and how many there are in all."""
    rest = len(words) - _MOST
    return list(words) if rest <= 0 else [*words[:_MOST], f"… ({len(words)})"]


def owed(sections: pd.DataFrame, monthly: pd.DataFrame) -> pd.DataFrame:
    """Sections and periods whose background leaves no room, with the cut owed and who waits."""
    table = sections[sections["headroom"] < 0.0]
    nothing = _who(monthly[monthly["permitted_load"].fillna(0.0) == 0.0])
    keys = ["stopped_by", "pollutant", "period"]
    groups = nothing.groupby(keys, sort=False)["who"].agg(
        lambda who: ", ".join(_first(pd.unique(who)))
    )
    found = groups.reindex(pd.MultiIndex.from_frame(table[["section", "indicator", "period"]]))
    return table.assign(missing=-table["headroom"], affected=found.fillna("").to_numpy())


def explained(permits: pd.DataFrame, monthly: pd.DataFrame) -> pd.DataFrame:
    """Permits with the least share of the present load, and the months of each section."""
    keys = ["source", "pollutant"]
    table = monthly.assign(granted=_granted(monthly))
    groups = dict(iter(table.groupby(keys, sort=False)))
    mine = [
        groups.get(key, table.iloc[:0]) for key in zip(*(permits[k] for k in keys), strict=True)
    ]
    return permits.assign(
        granted=[_least(rows) for rows in mine], stopped_by=[_reasons(rows) for rows in mine]
    )


def _least(rows: pd.DataFrame) -> Cell:
    granted = rows["granted"].to_numpy()
    if np.isnan(granted).all():
        return Cell(_views.NOTHING)
    worst = int(np.nanargmin(granted))
    return _share(float(granted[worst]))._replace(below=str(rows["period"].iloc[worst]))


def _share(granted: float) -> Cell:
    """Permitted over present load, marked where it is a cut."""
    return Cell(percent(granted), "cut" if plot.is_cut(granted) else "")


def _reasons(rows: pd.DataFrame) -> str:
    """Sections with the periods in which they were full, then what else, with its number."""
    counts = Counter(rows["stopped_by"])
    order = sorted(counts, key=lambda stop: (stop in OWN_STOPS, -counts[stop], str(stop)))
    return "; ".join(
        f"{_views.word(stop)} {counts[stop]}/{len(rows)}" if stop in OWN_STOPS
        else f"{_views.plain(stop)} {compact(rows['period'][rows['stopped_by'] == stop])}"
        for stop in order
    )  # fmt: skip


def not_more(permits: pd.DataFrame, monthly: pd.DataFrame, sections: pd.DataFrame) -> pd.DataFrame:
    """For every source and section that stopped it: when, and what was left in the worst period."""
    names = section_names(sections)
    own = permits["name"] if "name" in permits else permits["enterprise"]
    own = dict(zip(permits["source"], own, strict=True))
    table = monthly[~monthly["stopped_by"].isin(OWN_STOPS)].assign(granted=_granted(monthly))
    found = []
    for (source, _, stop), rows in table.groupby(["source", "pollutant", "stopped_by"], sort=False):
        worst = rows.loc[rows["level"].fillna(np.inf).idxmin()].to_dict()
        found.append(worst | {
            "name": own.get(source, ""), "full_section": names.get(str(stop), str(stop)),
            "months": compact(rows["period"]), "worst": worst["period"],
            "granted": _share(float(worst["granted"])),
        })  # fmt: skip
    return pd.DataFrame(found, columns=[*table, "name", "full_section", "months", "worst"])


def _granted(monthly: pd.DataFrame) -> pd.Series[float]:
    """Permitted over present load; nothing where there is no present load."""
    return monthly["permitted_load"] / monthly["source_load"].where(monthly["source_load"] > 0.0)


def _who(monthly: pd.DataFrame) -> pd.DataFrame:
    """Rows with the enterprise, or the source that belongs to none."""
    some = monthly["enterprise"] != ""
    return monthly.assign(who=monthly["enterprise"].where(some, monthly["source"]))


def stopped(
    monthly: pd.DataFrame, sections: pd.DataFrame, groups: pd.DataFrame | None = None
) -> View:
    """For each section (or other row) that stops somebody: when, what it left, and to whom."""
    names, table = section_names(sections), _who(monthly)
    totals = {} if groups is None else _total_names(groups)
    calendar = list(pd.unique(sections["period"]))
    less = sections[sections["headroom"] < 0.0]
    bare = set(zip(less["section"], less["indicator"], less["period"], strict=True))
    order = sorted(pd.unique(monthly["stopped_by"]), key=lambda s: (s in OWN_STOPS, str(s)))
    rows = []
    for stop in order:
        for pollutant in pd.unique(monthly["pollutant"]):
            here = table[(table["stopped_by"] == stop) & (table["pollutant"] == pollutant)]
            if not len(here):
                continue
            when = [p for p in calendar if (here["period"] == p).any()]
            empty = [p for p in when if (stop, pollutant, p) in bare]
            words = _own(str(stop)) if stop in OWN_STOPS else _full(here, when, empty)
            counts = here.groupby("who", sort=False)["period"].nunique()
            who = [f"{name}\u00a0({n})" for name, n in counts.items()]
            label = _views.word(stop) if stop in OWN_STOPS else names.get(str(stop), str(stop))
            label = totals.get((stop, pollutant), label)
            rows.append([Cell(label), Cell(_views.plain(pollutant)), words,
                         Cell(", ".join(_first(who)))])  # fmt: skip
    heads = [_views.head(name) for name in ("stopped_by", "pollutant", "why", "count")]
    return View(heads, rows, [])


def _total_names(groups: pd.DataFrame) -> dict[tuple[object, object], str]:
    """Total of the year of each group and pollutant, with the part that it is."""
    columns = (groups[name] for name in ("group", "pollutant", "total_component"))
    return {
        (f"{group} (year)", pollutant): f"{group} 年许可总量 annual total"
        + (f"：{_views.word(part)}" if part else "")
        for group, pollutant, part in zip(*columns, strict=True)
    }


def groups(table: pd.DataFrame) -> View:
    """Permits of each group beside its total of the year."""
    columns = ("group", "pollutant", "permit", "annual_total", "total_component", "annual_spare")
    return _views.view(table, columns)


def _own(stop: str) -> Cell:
    """Say what a stop other than a row means; a named floor or ceiling with its name."""
    if stop not in COMPONENTS:
        return _WORDS[stop]
    base = _WORDS[COMPONENTS[stop]]
    name = VARIABLES[stop]
    return Cell(f"{name.term}：{base.text}", below=f"{name.meaning}: {base.below}")


def _full(rows: pd.DataFrame, order: Sequence[str], empty: Sequence[str]) -> Cell:
    """Say when a section was full, and which share of their target its sources were left."""
    chinese, english = f"{compact(order)} 已用足", f"full in {compact(order)}"
    groups = rows.groupby("period", sort=False)["level"]
    low, high = groups.min(), groups.max()
    if low.notna().any():
        month = str(low.idxmin())
        least, most = float(low[month]), float(high[month])
        same = bool((high - low <= _SAME * high.abs()).all())
        share = percent(least) if same else f"{percent(least)} – {percent(most)}"
        when = (f"，最紧时段 {month} 为", f", in the tightest, {month}:") if len(order) > 1 else (
            "：", ":")  # fmt: skip
        chinese += (
            f"，受其限制的各源{'按目标的同一比例' if same else '按目标的比例'}获准{when[0]} {share}"
        )
        whom = "all sources that it stopped were granted"
        english += (
            f"; {whom} {'the same share' if same else 'shares'} of their target{when[1]} {share}"
        )
    if empty:
        chinese += f"；{compact(empty)} 背景本身已超标，无可分配"
        english += f"; in {compact(empty)} the background alone exceeds, nothing was left to share"
    return Cell(chinese, below=english)
