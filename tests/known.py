"""Known answers: read a case, and compare every row of its expected table."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

CASES = Path(__file__).parent / "cases"


def case(name: str) -> dict[str, Any]:
    """Inputs of a case."""
    inputs: dict[str, Any] = json.loads((CASES / name / "case.json").read_text("utf8"))
    return inputs


def rows(name: str, *variants: str) -> list[dict[str, str]]:
    """Rows of the expected table, of some variants only if named."""
    with (CASES / name / "expected.csv").open(newline="", encoding="utf8") as file:
        found = [row for row in csv.DictReader(file) if row["tier"] != "input"]
    return [row for row in found if not variants or row["variant"] in variants]


def compare(expected: list[dict[str, str]], value: Callable[[dict[str, str]], float]) -> None:
    """Compare every row within its own tolerance; all misses are listed at once."""
    assert expected, "no rows to compare"
    misses = []
    for row in expected:
        got, right = value(row), float(row["value"])
        tolerance = float(row["atol"]) + float(row["rtol"]) * abs(right)
        if not abs(got - right) <= tolerance:
            key = [row[k] for k in ("variant", "item", "location", "x_m", "quantity")]
            misses.append(f"{key}: got {got!r}, expected {right!r} ± {tolerance:.2g}")
    assert not misses, "\n".join([f"{len(misses)} of {len(expected)} rows", *misses])


def tightened(expected: list[dict[str, str]], rtol: float) -> list[dict[str, str]]:
    """Rows with the tolerance that their note promises to an analytic solution."""
    return [
        {**row, "atol": "0", "rtol": str(rtol)} if "1e-8" in row["note"] else row
        for row in expected
    ]
