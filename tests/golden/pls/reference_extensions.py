"""Second-order constructs, interactions, importance-performance and the exact-fit test, from rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from reference import (
    Fit,
    Model,
    criteria,
    distances,
    estimate,
    implied,
    regressions,
    trace,
    z,
)

Rows = list[tuple[str, str, str, float]]


# --- Second order: Sarstedt, Hair, Cheah, Becker & Ringle (2019), Australasian Marketing J. 27, 197-211 ---


def split(model: Model) -> tuple[str, list[str]]:
    """The second-order construct and its dimensions."""
    name = next(c for c, parts in model.items.items() if set(parts) <= set(model.constructs))
    return name, model.items[name]


def repeated(model: Model) -> Model:
    """The second-order construct takes all items of its dimensions: ``=~`` explains them, ``<~`` they it."""
    whole, parts = split(model)
    links = [(part, whole) if model.operator[whole] == "=~" else (whole, part) for part in parts]
    items = {**model.items, whole: [item for part in parts for item in model.items[part]]}
    return Model(items, dict(model.operator), model.paths + links)


def disjoint_first(model: Model) -> Model:
    """The dimensions take the place of the second-order construct in every path."""
    whole, parts = split(model)
    paths = []
    for outcome, term in model.paths:
        for to in parts if outcome == whole else [outcome]:
            paths += [(to, start) for start in (parts if term == whole else [term])]
    items = {c: block for c, block in model.items.items() if c != whole}
    return Model(items, {c: model.operator[c] for c in items}, paths)


def second_order(data: pd.DataFrame, model: Model, approach: str, **options: Any) -> Rows:
    """All stages; rows of the last one, and weights of the dimensions at the first."""
    whole, parts = split(model)
    if approach == "repeated":
        return [row for row in criteria(estimate(data, repeated(model), **options)) if row[0] != "f2_refit"]
    first = estimate(data, disjoint_first(model) if approach == "disjoint" else repeated(model), **options)
    scores = first.scores
    kept = [c for c in model.constructs if c not in parts]
    if approach == "disjoint":  # other constructs keep their items
        table, blocks = pd.concat([data, scores[parts]], axis=1), {c: model.items[c] for c in kept}
    else:  # embedded: other constructs are their scores
        table = scores.rename(columns={c: f"score:{c}" for c in kept if c != whole})
        blocks = {c: model.items[c] if c == whole else [f"score:{c}"] for c in kept}
    last_model = Model(blocks, dict(model.operator), model.paths)
    options["mode"] = {c: m for c, m in (options.get("mode") or {}).items() if c in last_model.constructs}
    last = estimate(table, last_model, **options)
    rows = [row for row in criteria(last) if row[0] != "f2_refit"]  # it would need both stages anew
    for part in parts:
        rows += [
            ("first_stage_weight", part, item, w)
            for item, w in zip(model.items[part], first.weights[part], strict=True)
        ]
    return rows


# --- Interactions: Henseler & Chin (2010), Structural Equation Modeling 17, 82-109 ---


def interactions(data: pd.DataFrame, model: Model, **options: Any) -> Rows:
    """Two stages: main effects, then the product of the standardised scores as one more construct.

    Four variants: the other constructs at stage two are their scores or keep their items; the product is
    standardised before stage two, or its path is divided by its standard deviation afterwards.
    """
    products = list(dict.fromkeys(term for _, term in model.paths if ":" in term))
    main = Model(model.items, model.operator, [path for path in model.paths if ":" not in path[1]])
    first = estimate(data, main, **options)
    rows: Rows = []
    for stage in ("scores", "items"):
        columns = {p: first.scores[p.split(":")[0]] * first.scores[p.split(":")[1]] for p in products}
        deviations = {p: float(column.std(ddof=1)) for p, column in columns.items()}
        if stage == "scores":
            table = first.scores.rename(columns={c: f"score:{c}" for c in model.constructs})
            blocks = {c: [f"score:{c}"] for c in model.constructs}
        else:
            table, blocks = data, dict(model.items)
        table = table.assign(**{f"product {p}": columns[p] for p in products})
        blocks |= {p: [f"product {p}"] for p in products}
        operator = {**model.operator, **dict.fromkeys(products, "=~")}
        second = estimate(table, Model(blocks, operator, model.paths), **options)
        for (outcome, term), value in second.paths.items():
            rows.append((f"path_{stage}", outcome, term, value))
            if term in products:
                rows.append((f"path_{stage}_product_unscaled", outcome, term, value / deviations[term]))
        rows += [(f"r2_{stage}", c, "", value) for c, value in second.r2.items()]
        for c in model.constructs:
            if stage == "items":
                rows += [
                    ("weight_items", c, item, w)
                    for item, w in zip(model.items[c], second.weights[c], strict=True)
                ]
        for outcome, term in second.paths:
            if term in products:
                fewer = [path for path in model.paths if path != (outcome, term)]
                kept = regressions(second.correlations, Model(blocks, operator, fewer))[1][outcome]
                f2 = (second.r2[outcome] - kept) / (1 - second.r2[outcome])
                rows.append((f"f2_{stage}", outcome, term, f2))
    rows += [("product_deviation", p, "", value) for p, value in deviations.items()]
    return rows


# --- Importance-performance: Ringle & Sarstedt (2016), Ind. Management & Data Systems 116, 1865-1886 ---


def importance_performance(fit: Fit, scale: dict[str, tuple[float, float]], target: str) -> Rows:
    """Items rescaled to 0-100; weights per rescaled unit, made to sum to 1; unstandardised total effects."""
    rows: Rows = []
    scores = {}
    for c, items in fit.model.items.items():
        rescaled = pd.DataFrame(
            {i: 100 * (fit.data[i] - scale[i][0]) / (scale[i][1] - scale[i][0]) for i in items}
        )
        per_unit = fit.weights[c] / rescaled.std(ddof=1).to_numpy()
        normed = per_unit / per_unit.sum()
        scores[c] = rescaled.to_numpy() @ normed
        rows.append(("performance", c, "", float(scores[c].mean())))
        rows.append(("deviation", c, "", float(scores[c].std(ddof=1))))
        for item, weight in zip(items, normed, strict=True):
            rows.append(("item_weight", c, item, weight))
            rows.append(("item_performance", c, item, float(rescaled[item].mean())))
    unstandardised = {
        (outcome, term): b * scores[outcome].std(ddof=1) / scores[term].std(ddof=1)
        for (outcome, term), b in fit.paths.items()
    }
    rows += [("unstandardised_path", outcome, term, b) for (outcome, term), b in unstandardised.items()]
    for c, items in fit.model.items.items():
        total = trace(unstandardised, c, target)
        if total is None:
            continue
        rows.append(("importance", target, c, total))
        rows.append(("standardised_importance", target, c, float(trace(fit.paths, c, target) or 0.0)))
        weights = {
            item: value for quantity, name, item, value in rows if (quantity, name) == ("item_weight", c)
        }
        rows += [("item_importance", target, item, total * weights[item]) for item in items]
    return rows


# --- Exact fit: Beran & Srivastava (1985); Dijkstra & Henseler (2015), Comput. Stat. Data Anal. 81, 10-23 ---


def symmetric_power(matrix: np.ndarray, power: float) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return vectors @ np.diag(values**power) @ vectors.T


def exact_fit(fit: Fit, resamples: np.ndarray, *, factors: bool) -> Rows:
    """Distances of resamples of rows transformed so that the model holds: Y = Z S^(-1/2) Sigma^(1/2)."""
    items = fit.model.measured()
    s = np.corrcoef(fit.data[items].to_numpy().T)
    rows: Rows = []
    for kind in ("saturated", "estimated"):
        sigma = implied(fit, saturated=kind == "saturated", factors=factors)
        transformed = z(fit.data[items]) @ symmetric_power(s, -0.5) @ symmetric_power(sigma, 0.5)
        for draw, index in enumerate(resamples):
            again = estimate(pd.DataFrame(transformed[index], columns=items), fit.model, **fit.arguments)
            r = np.corrcoef(again.data[items].to_numpy().T)
            measured = distances(
                r, implied(again, saturated=kind == "saturated", factors=factors), len(index)
            )
            rows += [(name, kind, str(draw), measured[name]) for name in ("srmr", "d_uls", "d_g")]
    return rows
