"""Rates by place: what a row of kinetics says holds there, and nowhere else."""

import math
from pathlib import Path

import pytest

from permitload import study
from permitload.units import SECONDS_PER_DAY
from tests.test_bad_input import STUDY, write

# R4 (3000 m) and the water stored at C have rates of their own; R3 has the general one
TABLES = {
    **STUDY,
    "nodes": "node,storage_area [m2],storage_volume [m3]\nC,40000,90000\n",
    "kinetics": "pollutant,reach,node,decay [1/d],temperature_factor,settling [m/d]\n"
    "COD,,,0.2,1.0,0\nCOD,R4,,0.5,1.0,0\nCOD,,C,1.5,1.0,0.3\nNH3-N,,,0.15,1.0,0\n",
}
EFFLUENT = (1728.0 + 25000.0) / SECONDS_PER_DAY


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> study.Outcome:
    folder = tmp_path_factory.mktemp("rates")
    write(folder, TABLES)
    return study.solve(folder)


@pytest.mark.parametrize(("pollutant", "decay"), [("COD", 0.5), ("NH3-N", 0.15)])
def test_reach_of_its_own_rate(outcome: study.Outcome, pollutant: str, decay: float) -> None:
    found = outcome.datasets["present"]["concentration"].sel(pollutant=pollutant, reach="R4")
    days = 3000.0 * (8.0 / 0.2) / (8.0 + EFFLUENT) / SECONDS_PER_DAY  # effluent widens no river
    fell = found.sel(end="to") / found.sel(end="from")
    assert fell.values == pytest.approx(math.exp(-decay * days), rel=1e-12)


@pytest.mark.parametrize(
    ("pollutant", "decay", "settling"), [("COD", 1.5, 0.3), ("NH3-N", 0.15, 0)]
)
def test_node_of_its_own_rates(
    outcome: study.Outcome, pollutant: str, decay: float, settling: float
) -> None:
    """What arrives leaves with the water, or is lost in what is stored."""
    found = outcome.datasets["present"].sel(pollutant=pollutant)
    before = found["concentration"].sel(end="to")
    arriving = before.sel(reach="R2") * (6.0 + EFFLUENT) + before.sel(reach="R3") * 2.0
    lost = (decay * 90000.0 + settling * 40000.0) / SECONDS_PER_DAY
    expected = arriving / (8.0 + EFFLUENT + lost)
    assert found["node_concentration"].sel(node="C").values == pytest.approx(
        expected.values, rel=1e-12
    )


def test_reach_without_a_row_has_the_general_rate(tmp_path: Path) -> None:
    """Naming every reach is the same as naming none."""
    each = "".join(f"{p},{r},{k}\n" for r in ("R1", "R2", "R3", "R4") for p, k in
                   (("COD", 0.2), ("NH3-N", 0.15)))  # fmt: skip
    found = []
    for name, rows in (("none", ""), ("all", each)):
        (tmp_path / name).mkdir()
        kinetics = f"pollutant,reach,decay [1/d]\nCOD,,0.2\nNH3-N,,0.15\n{rows}"
        write(tmp_path / name, STUDY | {"kinetics": kinetics})
        found.append(study.solve(tmp_path / name).datasets["present"]["concentration"])
    assert found[0].identical(found[1])


def test_places_stand_in_the_parameters_of_the_report(tmp_path: Path) -> None:
    write(tmp_path, TABLES)
    page = (study.run(tmp_path) / "report.html").read_text("utf8")
    for words in ("decay COD (1 × reach)", "settling COD (1 × node)"):
        assert words in page
