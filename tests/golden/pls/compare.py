"""Largest difference of seminr.csv and reference.csv, by quantity: ``python compare.py [CASE ...]``."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
KEYS = ["quantity", "subject", "other"]


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False, na_values=["nan"]).set_index(KEYS)["value"].to_frame()


def main() -> None:
    for path in sorted(HERE.glob("*/seminr.csv")):
        case = path.parent.name
        if sys.argv[1:] and case not in sys.argv[1:]:
            continue
        both = (
            read(path).rename(columns={"value": "value_seminr"}).join(read(path.with_name("reference.csv")))
        )
        both["gap"] = (both["value_seminr"] - both["value"]).abs()
        both["kind"] = [key[0].split()[0] for key in both.index]
        pair = [path.with_name(f"predictions{end}.csv") for end in ("_seminr", "")]
        if pair[0].exists():
            wide = [pd.read_csv(name, index_col="row") for name in pair]
            both_have = wide[0].columns.intersection(wide[1].columns)
            gap = (wide[0][both_have] - wide[1][both_have]).abs().to_numpy().max()
            sys.stdout.write(f"{case:32} predictions {gap:.1e} of {len(both_have)} columns\n")
        for kind, rows in both.groupby("kind", sort=False):
            holes = rows["gap"].isna().sum()
            at = "" if rows["gap"].isna().all() else rows["gap"].idxmax()[1:]
            sys.stdout.write(
                f"{case:32} {kind:20} {rows['gap'].max():.1e} {at} not in both: {holes}/{len(rows)}\n"
            )


if __name__ == "__main__":
    main()
