"""Attaining and non-attaining areas: which sections a park's outfall influences, and how they are.

Seed text: annex 8 (Nantong), 三(二)1 达标区与非达标区的判定.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pandas as pd
import xarray as xr

from permitload import _frames
from permitload.errors import DataError, Fault, raise_faults

__all__ = ["attainment_area", "delivered", "judged_of", "of_greatest", "unique"]

_SEA = "sea"
_COLUMNS = (
    "park", "pollutant", "outlet", "attaining", "influenced", "failing", "unknown",
    "influence_share", "sentence", "sentence_zh", "reason", "basis",
)  # fmt: skip


def of_greatest(response: xr.Dataset) -> xr.DataArray:
    """Response of a section over the greatest that the outlet has anywhere in the period.

    Parameters
    ----------
    response : Dataset
        ``response`` (section, outlet, pollutant, period) [(mg/L)/(kg/d)].

    Returns
    -------
    DataArray
        Influence (section, outlet, pollutant, period), 0 to 1 [1]; 0 where no section responds.

    Examples
    --------
    >>> rise = xr.DataArray([[2.0], [0.5]], dims=("section", "outlet"))
    >>> of_greatest(xr.Dataset({"response": rise})).values.ravel().tolist()
    [1.0, 0.25]
    """
    rise = response["response"]
    greatest = rise.max("section")
    return (rise / greatest.where(greatest > 0.0, 1.0)).rename("influence")


def delivered(response: xr.Dataset) -> xr.DataArray:
    """Share of the outlet's load that flows past a section.

    Parameters
    ----------
    response : Dataset
        ``delivery_ratio`` (section, outlet, pollutant, period) [1].

    Returns
    -------
    DataArray
        Influence (section, outlet, pollutant, period) [1]; above 1 where water circles.

    Examples
    --------
    >>> ratio = xr.DataArray([[0.9], [0.1]], dims=("section", "outlet"))
    >>> delivered(xr.Dataset({"delivery_ratio": ratio})).values.ravel().tolist()
    [0.9, 0.1]
    """
    return response["delivery_ratio"].rename("influence")


def attainment_area(
    response: xr.Dataset,
    attainment: pd.DataFrame,
    tier_parks: pd.DataFrame,
    influence_share: float = 0.1,
    measure: Callable[[xr.Dataset], xr.DataArray] = of_greatest,
) -> pd.DataFrame:
    """Say for every park and pollutant whether its outfalls discharge into an attaining area.

    A section is influenced where the measure reaches the share in any period: what comes back
    with the tide or through a gate counts, since it is in the response of its period. A park
    does not attain a pollutant if any influenced section fails, or cannot be judged (the
    conservative reading, assumed; ``unknown`` names it).

    Parameters
    ----------
    response : Dataset
        As ``quality.response`` gives it, with the outlets of all parks and all sections in force.
    attainment : DataFrame
        ``section``, ``indicator`` (label of the pollutant), ``attained`` (missing where nobody
        can judge), as ``standards.attainment`` gives it. With a column ``period``, a failure
        counts where the outfall influences the section in that period.
    tier_parks : DataFrame
        ``park``, ``outlet``, ``receiving_water``; a marine outfall (``sea``) is refused and
        listed: no section of a river judges it.
    influence_share : float, default 0.1
        Least influence that counts, more than 0 to 1 [1]; assumed, the text leaves it open.
    measure : callable, default :func:`of_greatest`
        Influence by section; :func:`delivered` is another.

    Returns
    -------
    DataFrame
        One row a park and pollutant, in order of labels: ``outlet``, ``attaining`` (True, False;
        missing for a marine outfall), ``influenced`` with the influence, ``failing``,
        ``unknown``, ``influence_share``, ``sentence``, ``sentence_zh``, ``reason``, ``basis``.

    Raises
    ------
    DataError
        If the share is out of range, an outlet is not in the response, a row of attainment
        repeats, or no section sees an outlet.

    References
    ----------
    Annex 8 (Nantong), 三(二)1: by place of the works' outfall, its pollutants and its influence;
    per pollutant. Several sections: the worst (assumed).

    Examples
    --------
    >>> rise = xr.DataArray([[[[2.0]]], [[[0.5]]]], dims=("section", "outlet", "pollutant",
    ...     "period"), coords={"section": ["S1", "S2"], "outlet": ["O"], "pollutant": ["COD"],
    ...     "period": ["dry"]})
    >>> judged = pd.DataFrame({"section": ["S1", "S2"], "indicator": "COD",
    ...     "attained": [True, False]})
    >>> parks = pd.DataFrame({"park": ["P"], "outlet": ["O"]})
    >>> found = attainment_area(xr.Dataset({"response": rise}), judged, parks)
    >>> found[["attaining", "influenced", "failing"]].values.tolist()
    [[False, 'S1 (100 %), S2 (25 %)', 'S2']]
    """
    parks = _frames.complete(tier_parks, "tier_parks")
    if not 0.0 < influence_share <= 1.0:
        raise DataError(f"influence_share is {influence_share:g}; right would be above 0, to 1")
    judged = judged_of(attainment)
    inland = parks[parks["receiving_water"] != _SEA]
    raise_faults(_outlet_faults(parks, inland, response))
    influence = measure(response).sel(outlet=inland["outlet"].to_list())
    felt = influence.to_series().rename("influence").reset_index()
    felt = felt.merge(inland[["park", "outlet"]], on="outlet")
    felt = felt.groupby(["park", "pollutant", "section", "period"], as_index=False)["influence"]
    felt = felt.max().query("influence >= @influence_share - 1e-12")
    rows = []
    for park, outfalls in parks.groupby("park"):
        for pollutant in sorted(map(str, response["pollutant"].values)):
            row: dict[str, object] = {"park": park, "pollutant": pollutant}
            row |= {
                "outlet": ", ".join(sorted(outfalls["outlet"])),
                "basis": "pilot; measure, share and worst section assumed",
            }
            row["influence_share"] = influence_share
            if (outfalls["receiving_water"] == _SEA).any():
                rows.append(row | _refused())
                continue
            here = felt[(felt["park"] == park) & (felt["pollutant"] == pollutant)]
            if here.empty:
                raise_faults([_unseen(str(park), pollutant)])
            rows.append(row | _judgement(here, judged, influence_share))
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    return table.assign(attaining=pd.array(table["attaining"].tolist(), dtype="boolean"))


def judged_of(attainment: pd.DataFrame) -> pd.DataFrame:
    """Rows of attainment by section, pollutant and, where stated, period."""
    keys = [k for k in ("section", "indicator", "period") if k in attainment]
    raise_faults(_frames.lacking(attainment, "attainment", ("section", "indicator", "attained")))
    twice = attainment[attainment.duplicated(keys)]
    raise_faults(
        Fault("attainment", ", ".join(map(str, row)), keys[0], None, "is repeated", "one row a key")
        for row in twice[keys].itertuples(index=False)
    )
    known = attainment["attained"].isin([True, False]) | attainment["attained"].isna()
    raise_faults(
        Fault("attainment", ", ".join(map(str, row[:-1])), "attained", row[-1], "is no judgement",
              "True, False or missing")
        for row in attainment.loc[~known, [*keys, "attained"]].itertuples(index=False)
    )  # fmt: skip
    judged = attainment[[*keys, "attained"]].rename(columns={"indicator": "pollutant"})
    return judged.astype({"attained": "boolean"})


def _outlet_faults(
    parks: pd.DataFrame, inland: pd.DataFrame, response: xr.Dataset
) -> Iterator[Fault]:
    known = response["outlet"].to_index()
    for i, outlet in enumerate(parks["outlet"]):
        if outlet not in known and parks.index[i] in inland.index:
            problem = "is not in the response"
            yield _frames.fault_at(parks, "tier_parks", i, "outlet", problem, "one of its outlets")
    for i, water in enumerate(parks["receiving_water"]):
        if water not in ("river", "lake", _SEA):
            right = "river, lake or sea"
            yield _frames.fault_at(parks, "tier_parks", i, "receiving_water", "is unknown", right)


def _unseen(park: str, pollutant: str) -> Fault:
    problem = f"reaches no section with {pollutant}"
    return Fault("tier_parks", park, "outlet", None, problem, "a section that its water passes")


def _refused() -> dict[str, object]:
    """Row of a marine outfall."""
    return {
        "attaining": None, "influenced": "", "failing": "", "unknown": "",
        "reason": "marine outfall: no control section of a river judges it",
        "sentence": "Marine outfall: refused, outside the method.",
        "sentence_zh": "污水深海排放，不适用本方法，不作判定。",
    }  # fmt: skip


def _judgement(
    felt: pd.DataFrame, judged: pd.DataFrame, influence_share: float
) -> dict[str, object]:
    """Judge one park and pollutant, in words."""
    keys = [k for k in ("section", "pollutant", "period") if k in judged]
    met = felt.merge(judged, how="left", on=keys).astype({"attained": "boolean"})
    near = met.groupby("section")["influence"].max()
    names = ", ".join(f"{name} ({value:.0%})".replace("%)", " %)") for name, value in near.items())
    failed = _places(met[(~met["attained"]).fillna(False)], "period" in judged)
    open_ = _places(met[met["attained"].isna()], "period" in judged)
    share = f"{influence_share:.3g}"
    words = f"fails at {failed}" if failed else "no influenced section fails"
    words_zh = f"{failed} 不达标" if failed else "影响断面均无超标"
    if open_:
        words += f"; not judged, so taken as failing: {open_}"
        words_zh += f"；{open_} 无法判定，按不达标处理"
    attaining = not failed and not open_
    verdict = ("attaining", "达标区") if attaining else ("non-attaining", "非达标区")
    return {
        "attaining": attaining, "influenced": names, "failing": failed, "unknown": open_,
        "reason": "a section is not judged" if open_ else "",
        "sentence": f"{verdict[0].capitalize()}: {words} (influence {share} or more).",
        "sentence_zh": f"{verdict[1]}：{words_zh}（影响度不低于 {share} 的断面）。",
    }  # fmt: skip


def _places(rows: pd.DataFrame, by_period: bool) -> str:
    """Sections of rows, with periods where the judgement is by period."""
    if not by_period:
        return ", ".join(unique(rows["section"]))
    return ", ".join(
        f"{section} ({', '.join(unique(table['period']))})"
        for section, table in rows.groupby("section")
    )


def unique(labels: Iterable[object]) -> list[str]:
    """Sort labels, each once."""
    return sorted({str(label) for label in labels})
