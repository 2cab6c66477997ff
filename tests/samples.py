"""The sample study, copies of it that a test may alter, and a small study."""

import shutil
from importlib.resources import files
from pathlib import Path

SAMPLE = Path(__file__).parent.parent / "data" / "samples" / "wujin"


def copied(folder: Path) -> Path:
    """Copy the sample's inputs, months, alternatives and their titles left out."""
    left_out = ("results", "alternatives", "plan_periods.csv", "plans.csv", "members.csv",
                "actuals.csv")  # fmt: skip
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns(*left_out))
    settings = folder / "study.toml"
    text = settings.read_text("utf8").split("\n[alternatives.")[0]
    settings.write_text(text, "utf8", newline="\n")
    return folder


def started(folder: Path) -> Path:
    """Begin a small study, as ``permitload new`` does."""
    shutil.copytree(str(files("permitload") / "template"), folder)
    return folder
