"""Writes reference.csv of every case: ``python make_reference.py [CASE ...]`` (numpy, pandas, scipy).

Columns ``quantity, subject, other, value``; the README says what each quantity is.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import reference
import reference_extensions
import reference_groups
import reference_prediction

HERE = Path(__file__).resolve().parent
MOBI = HERE.parents[2] / "data" / "raw" / "mobi.csv"

Rows = list[tuple[str, str, str, float]]


def table(settings: dict[str, Any], *, fill: bool = True) -> pd.DataFrame:
    name = settings["data"]
    data = pd.read_csv(MOBI if name == "mobi" else HERE / "data" / name)
    if "holes" in settings:
        data = data.astype(float)
        for row, item in pd.read_csv(HERE / "data" / settings["holes"]).itertuples(index=False):
            data.loc[row, item] = np.nan
        if fill:
            data = data.fillna(data.mean()) if settings["missing"] == "mean" else data.dropna()
    return data


def fixed(name: str) -> np.ndarray:
    return pd.read_csv(HERE / "data" / name).to_numpy()


def rows_of(case: str, settings: dict[str, Any]) -> Rows:
    model = reference.read_model((HERE / case / "model.txt").read_text(encoding="utf-8"))
    data = table(settings)
    options = {name: settings[name] for name in ("scheme", "mode", "consistent")}
    task = settings["task"]
    if task == "second_order":
        return reference_extensions.second_order(data, model, settings["approach"], **options)
    if task == "interaction":
        return reference_extensions.interactions(data, model, **options)
    if task == "groups":
        first = (data[settings["group"]] == "a").to_numpy()
        rows = reference_groups.micom(
            data, first, fixed(settings["permutations"]).astype(bool), model, **options
        )
        indices = tuple(fixed(name) for name in settings["resamples"])
        return rows + reference_groups.group_tests(data, first, indices, model, **options)
    if task == "prediction":
        folds = fixed(settings["folds"])[:, 0]
        predictions, composites = reference_prediction.cross_validate(data, model, folds, **options)
        wide = [
            part.add_prefix(f"{name} ")
            for name, part in {**predictions, **composites}.items()
            if name[:3] != "lin"
        ]
        shown = pd.concat(wide, axis=1).iloc[::25]  # every 25th row is enough to tell
        shown.to_csv(HERE / case / "predictions.csv", index_label="row", lineterminator="\n")
        return reference_prediction.accuracy(data, predictions) + reference_prediction.cvpat(
            data, model, predictions
        )
    fit = reference.estimate(data, model, **options)
    if task == "importance":
        scale = dict.fromkeys(model.measured(), tuple(settings["scale"]))
        return reference_extensions.importance_performance(fit, scale, settings["target"])
    if task == "fit":
        factors = settings["consistent"]
        measures = reference.fit_measures(fit, factors=factors)
        draws = reference_extensions.exact_fit(fit, fixed(settings["resamples"]), factors=factors)
        return measures + [(f"draw_{name}", kind, draw, value) for name, kind, draw, value in draws]
    if task == "bootstrap":
        return bootstrap(data, model, fixed(settings["resamples"]), options)
    rows = reference.criteria(fit)
    if settings["consistent"] and "A" in settings["mode"].values():
        other = reference.estimate(data, model, **{**options, "consistent": "mode A"})
        for (outcome, term), value in other.paths.items():
            rows.append(("path_mode_a_corrected", outcome, term, value))
        rows += [("r2_mode_a_corrected", c, "", value) for c, value in other.r2.items()]
    return rows


def bootstrap(
    data: pd.DataFrame, model: reference.Model, resamples: np.ndarray, options: dict[str, Any]
) -> Rows:
    kept = ("path", "weight", "loading", "total_effect", "htmt", "htmt_absolute", "r2", "rho_a")
    rows: Rows = []
    for draw, index in enumerate(resamples):
        fit = reference.estimate(data.iloc[index].reset_index(drop=True), model, **options)
        found = [row for row in reference.criteria(fit) if row[0] in kept]
        rows += [(f"{name} {draw}", subject, other, value) for name, subject, other, value in found]
    return rows


def main() -> None:
    cases = sys.argv[1:] or sorted(path.parent.name for path in HERE.glob("*/settings.json"))
    for case in cases:
        settings = json.loads((HERE / case / "settings.json").read_text(encoding="utf-8"))
        rows = rows_of(case, settings)
        with (HERE / case / "reference.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("quantity", "subject", "other", "value"))
            writer.writerows((*row[:3], format(float(row[3]), ".15g")) for row in rows)


if __name__ == "__main__":
    main()
