"""Writes process.csv: layouts by PyProcessMacro. Run in an environment of its own: python make_process.py."""

from pathlib import Path

import pandas as pd
from pyprocessmacro import Process

FOLDER = Path(__file__).parent
MODELS = {1: {}, 4: {}, 6: {}, 7: {}, 8: {}, 14: {}, 15: {}, 58: {}, 59: {}}


def rows_of(number: int, data: pd.DataFrame) -> list[pd.DataFrame]:
    """Effects of one layout, whatever tables the program has of them."""
    mediators = {4: ["m1", "m2"], 6: ["m1", "m2"], 1: None}.get(number, ["m1"])
    options = {"m": mediators} if mediators else {}
    if number not in (4, 6):
        letter = {14: "v", 15: "v"}.get(number, "w")
        options["m" if number == 1 else letter] = ["w"] if number == 1 else "w"
    fit = Process(
        data=data, model=number, x="x", y="y", controls=["c1"], controls_in="all", boot=50, seed=1,
        suppr_init=True, **options,
    )  # fmt: skip
    found = []
    for kind in ("direct_model", "indirect_model"):
        model = getattr(fit, kind, None)
        if model is None:
            continue
        for name in ("coeff_summary", "MM_index_summary"):
            table = getattr(model, name, None)
            if table is None:
                continue
            try:
                frame = table()
            except (NotImplementedError, ValueError, TypeError):
                continue
            frame = pd.DataFrame(frame).reset_index(drop=True).rename(columns={"": "Mediator"})
            found.append(frame.assign(layout=number, kind=kind, table=name))
    return found


def main() -> None:
    data = pd.read_csv(FOLDER / "data.csv")
    tables = [table for number in MODELS for table in rows_of(number, data)]
    pd.concat(tables, ignore_index=True).to_csv(FOLDER / "process.csv", index=False)


if __name__ == "__main__":
    main()
