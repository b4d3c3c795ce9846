"""PLSpredict and CVPAT, slowly and from rows.

Shmueli, Ray, Velasquez Estrada & Chatla (2016), Journal of Business Research 69, 4552-4564; Shmueli et al.
(2019), European Journal of Marketing 53, 2322-2347; Liengaard et al. (2021), Decision Sciences 52, 362-392;
Sharma, Liengaard, Hair, Sarstedt & Ringle (2023), European Journal of Marketing 57, 1662-1677.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from reference import Model, estimate, ols
from scipy import stats

Rows = list[tuple[str, str, str, float]]


def predicted_items(model: Model) -> list[str]:
    return [item for c in model.outcomes for item in model.items[c]]


def predict_fold(
    train: pd.DataFrame, test: pd.DataFrame, model: Model, technique: str, **options: Any
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Items and composites of the test rows, from what the training rows taught."""
    fit = estimate(train, model, **options)
    mean, deviation = train.mean(), train.std(ddof=1)
    scores = {
        c: ((test[items] - mean[items]) / deviation[items]).to_numpy() @ fit.weights[c]
        for c, items in model.items.items()
    }
    known = dict(scores) if technique == "direct" else {c: scores[c] for c in model.exogenous}
    answer, composites = {}, {}
    for c in model.ordered():
        if c in model.exogenous:
            continue
        composites[c] = sum(fit.paths[c, term] * known[term] for term in model.terms(c))
        if technique == "earliest":
            known[c] = composites[c]
        for item, loading in zip(model.items[c], fit.loadings[c], strict=True):
            answer[item] = mean[item] + deviation[item] * loading * composites[c]
    return (
        pd.DataFrame(answer, index=test.index)[predicted_items(model)],
        pd.DataFrame(composites, index=test.index),
    )


def linear_fold(train: pd.DataFrame, test: pd.DataFrame, model: Model, regressors: str) -> pd.DataFrame:
    """Each item on items: of the direct antecedents of its construct, or of the exogenous constructs."""
    answer = {}
    for c in model.outcomes:
        sources = model.terms(c) if regressors == "antecedents" else model.exogenous
        x = [item for source in sources for item in model.items[source]]
        design = np.column_stack([np.ones(len(train)), train[x]])
        for item in model.items[c]:
            b = ols(train[item].to_numpy(), design)
            answer[item] = np.column_stack([np.ones(len(test)), test[x]]) @ b
    return pd.DataFrame(answer, index=test.index)[predicted_items(model)]


def cross_validate(
    data: pd.DataFrame, model: Model, folds: np.ndarray, **options: Any
) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """Out-of-sample predictions of every row, by method; and of the composites."""
    parts: dict[str, list[pd.DataFrame]] = {}
    composites: dict[str, list[pd.DataFrame]] = {}
    for fold in np.unique(folds):
        train, test = data[folds != fold], data[folds == fold]
        for technique in ("direct", "earliest"):
            items, scores = predict_fold(train, test, model, technique, **options)
            parts.setdefault(f"pls_{technique}", []).append(items)
            composites.setdefault(technique, []).append(scores)
        for regressors in ("antecedents", "exogenous"):
            made = linear_fold(train, test, model, regressors)
            parts.setdefault(f"linear_{regressors}", []).append(made)
        means = pd.DataFrame([train[predicted_items(model)].mean()] * len(test), test.index)
        parts.setdefault("mean", []).append(means)

    def joined(made: dict[str, list[pd.DataFrame]]) -> dict[str, pd.DataFrame]:
        return {name: pd.concat(blocks).sort_index() for name, blocks in made.items()}

    return joined(parts), joined(composites)


def accuracy(data: pd.DataFrame, predictions: dict[str, pd.DataFrame]) -> Rows:
    rows: Rows = []
    squares = {name: (data[made.columns] - made) ** 2 for name, made in predictions.items()}
    for name, made in predictions.items():
        for item in made.columns:
            error = data[item] - made[item]
            rows.append(("rmse", name, item, float(np.sqrt((error**2).mean()))))
            rows.append(("mae", name, item, float(error.abs().mean())))
            if name != "mean":
                q2 = 1 - squares[name][item].sum() / squares["mean"][item].sum()
                rows.append(("q2_predict", name, item, float(q2)))
    return rows


def cvpat(data: pd.DataFrame, model: Model, predictions: dict[str, pd.DataFrame]) -> Rows:
    """Mean loss a row of each construct's items and of all, their differences, t with n - 1 df, p values."""
    rows: Rows = []
    squares = {name: (data[made.columns] - made) ** 2 for name, made in predictions.items()}
    blocks = {c: model.items[c] for c in model.outcomes} | {"overall": predicted_items(model)}
    n = len(data)
    for c, items in blocks.items():
        loss = {name: made[items].mean(axis=1) for name, made in squares.items()}
        rows += [("loss", name, c, float(values.mean())) for name, values in loss.items()]
        for technique in ("pls_direct", "pls_earliest"):
            for benchmark in ("mean", "linear_antecedents", "linear_exogenous"):
                gap = loss[technique] - loss[benchmark]
                t = float(gap.mean() / np.sqrt(gap.var(ddof=1) / n))
                pair = f"{technique} - {benchmark}"
                rows.append(("loss_difference", pair, c, float(gap.mean())))
                rows.append(("t", pair, c, t))
                rows.append(("p_two_sided", pair, c, float(2 * stats.t.sf(abs(t), n - 1))))
                rows.append(("p_better", pair, c, float(stats.t.cdf(t, n - 1))))
    return rows
