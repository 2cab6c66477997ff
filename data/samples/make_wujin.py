"""Write the tables of the sample study ``wujin``; the same bytes at every run.

Numbers stand in XX
``wujin/README.md`` says line by line which of them are facts and which are assumed or invented.
"""

from pathlib import Path

import pandas as pd
from wujin_alternatives import alternatives
from wujin_flow import flow_tables
from wujin_months import actual_tables, plan_tables
from wujin_observed import observation_tables
from wujin_sources import source_tables
from wujin_water import network_tables, water_tables

from permitload import study

FOLDER = Path(__file__).parent / "wujin"

STUDY = """\
[study]
title = "Wujin sample: Wunan and Yong'an rivers (enterprises invented)"
title_zh = "武进示例：武南河与永安河（企业均为虚构）"
pollutants = ["COD", "NH3-N", "TN", "TP", "Sb"]

[capacity]
margin_of_safety = 0.10
closure_tolerance = 0.30
decided = ["industry"]
annual = "sum_of_periods"
boundaries = "measured"

[hydraulics]
flow = "steady"

[allocation]
target = "present_load"
compose = "fill"
precision = 0.0001

[months]
rule = "rolling"
compose = "project"
lot_life = 92
penalty = 2
reserve = 0.02
precision = 10
basis = "assumed"

[basis]
margin_of_safety = "assumed"
closure_tolerance = "assumed"
decided = "assumed"
annual = "assumed"
boundaries = "assumed"
target = "assumed"
compose = "assumed"
flow = "assumed"
precision = "assumed"

[alternatives.boundary_quality]
title = "Northern rivers at their target"
title_zh = "北部来水达标"

[alternatives.diversion]
title = "0.8 m3/s pumped from the Wuyi canal into the Yong'an"
title_zh = "自武宜运河泵引 0.8 m3/s 入永安河"

[alternatives.upgraded_works]
title = "Municipal works upgraded"
title_zh = "城镇污水处理厂提标"

[alternatives.reuse]
title = "Park reuses 40 % of its effluent"
title_zh = "园区中水回用 40 %"
"""


def main(folder: Path) -> None:
    """Write ``study.toml`` and every table."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text(STUDY, encoding="utf-8", newline="\n")
    (folder / "observations.csv").unlink(missing_ok=True)
    (folder / "actuals.csv").unlink(missing_ok=True)
    given = network_tables() | flow_tables() | water_tables() | source_tables() | plan_tables()
    _write(given, folder)
    for name, tables in alternatives().items():
        _write(tables, folder / "alternatives" / name)
    # the study so far says what is observed, and what there is to use in each month
    done = study.solve(folder)
    _write(observation_tables(done) | actual_tables(done), folder)


def _write(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False, encoding="utf-8", lineterminator="\n")


if __name__ == "__main__":
    main(FOLDER)
