"""Write the pages that the code itself prints: ``docs/glossary.md``.

``python docs/build.py`` writes them; with ``--check`` it fails if they are out of date.
"""

import sys
from pathlib import Path

from permitload import schema

PAGE = Path(__file__).parent / "glossary.md"
INTRODUCTION = (
    "A study is a folder with `study.toml` and these CSV files. Headers carry units; other "
    "units of the same kind are converted, `ton`, `month` and `year` are refused."
)


def page() -> str:
    """Return the glossary and the tables of a study as one page."""
    lines = [
        "# Glossary 术语", "",
        "Printed from `permitload.schema` by `docs/build.py`: do not edit.", "",
        "## Variables 变量", "",
        "| name | unit | 中文 | meaning |", "|---|---|---|---|",
    ]  # fmt: skip
    for v in schema.glossary():
        unit = {"": "label", "1": "–", "time": "date"}.get(v.unit, v.unit)
        lines.append(f"| `{v.name}` | {unit} | {v.term} | {v.meaning} |")
    lines += ["", "## Objects 对象", "", "| name | what |", "|---|---|"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in schema.TERMS.items()]
    lines += ["", "## Tables of a study 项目表", "", INTRODUCTION, ""]
    for name, table in schema.TABLES.items():
        need = "optional" if table.optional else "required"
        lines += [
            f"### {name}.csv ({need})",
            "",
            f"{table.meaning}; key: {', '.join(table.key)}.",
            "",
        ]
        lines += ["```", schema.template(name), "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def main() -> int:
    """Write or check the page."""
    if "--check" in sys.argv[1:]:
        return int(PAGE.read_text("utf8") != page())
    PAGE.write_text(page(), "utf8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
