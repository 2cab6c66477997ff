"""The sample study, solved and written once for all tests that only read it."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from permitload import _pages, _results, study
from tests.samples import SAMPLE

# CI draws the same examples every time; everybody else draws new ones
settings.register_profile("reproducible", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("reproducible")


@pytest.fixture(scope="session")
def outcome() -> study.Outcome:
    """What the sample gives: nobody may change it."""
    return study.solve(SAMPLE)


@pytest.fixture(scope="session")
def results(outcome: study.Outcome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run of the sample writes, figures and all: nobody may change it."""
    target = tmp_path_factory.mktemp("sample") / "results"
    return _results.write(outcome, SAMPLE, target, lambda message: None)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the figures out of a run that is judged by its numbers."""
    monkeypatch.setattr(_pages, "_figures", lambda *_: {})
