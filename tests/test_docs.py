"""The pages say what the code does."""

import re
import runpy
from pathlib import Path

import pytest

import permitload

ROOT = Path(__file__).parent.parent


def test_readme_example_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf8"), re.S)
    assert len(code) == 1
    script = tmp_path / "example.py"
    script.write_text(code[0], "utf8")
    runpy.run_path(str(script))
    value = float(capsys.readouterr().out.split()[0])
    # by hand: 500 kg/d in 5 m3/s is 1.157 mg/L; 0.12 /d over 3 km, 9 km and 10 km at 0.1 m/s
    upstream = 12.0 * 2.718281828459045 ** (-0.12 * 10000 / 0.1 / 86400)
    own = 500 / 86.4 / 5 * 2.718281828459045 ** (-0.12 * 9000 / 0.1 / 86400)
    assert value == pytest.approx(upstream + own, rel=1e-12)


def test_readme_has_exactly_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text("utf8")
    found = re.findall(r"^pip install.*$", text, re.M)
    assert found == [
        "pip install . && permitload run data/samples/wujin",
        "pip install '.[test]' && pytest",
    ]


def test_glossary_page_is_printed_from_the_schema() -> None:
    build = runpy.run_path(str(ROOT / "docs" / "build.py"))
    assert (ROOT / "docs" / "glossary.md").read_text("utf8") == build["page"]()


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_functions_named_in_the_pages_exist(page: str) -> None:
    text = (ROOT / "docs" / page).read_text("utf8")
    named = set(re.findall(r"`(?:permitload\.)?([a-z_]+)\.([a-z_]+)`", text))
    modules = set(permitload.__all__)
    for module, name in named:
        if module in modules and name not in ("csv", "toml"):  # files of the same name
            assert hasattr(getattr(permitload, module), name), f"{module}.{name}"
