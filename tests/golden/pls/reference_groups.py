"""Measurement invariance of composites and comparisons of groups, slowly and from rows.

Henseler, Ringle & Sarstedt (2016), International Marketing Review 33, 405-431 (MICOM); Chin & Dibbern (2010)
(permutation); Keil et al. (2000) and Sarstedt, Henseler & Ringle (2011), Advances in International Marketing
22, 195-218 (parametric, Welch); Henseler, Ringle & Sinkovics (2009) (PLS-MGA).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from reference import Model, estimate, z
from scipy import stats

Rows = list[tuple[str, str, str, float]]


def compositional(
    data: pd.DataFrame, first: np.ndarray, model: Model, **options: Any
) -> dict[str, dict[str, float]]:
    """Correlation, over all rows, of the composites by either group's weights.

    ``pooled``: weights meet items standardised over all rows. ``own``: each group's weights meet items in the
    units in which that group's were standardised.
    """
    fits = [estimate(data[mask], model, **options) for mask in (first, ~first)]
    answer: dict[str, dict[str, float]] = {"pooled": {}, "own": {}}
    for c, items in model.items.items():
        pooled = [z(data[items]) @ fit.weights[c] for fit in fits]
        own = [
            data[items].to_numpy() @ (fit.weights[c] / data[items][mask].std(ddof=1).to_numpy())
            for fit, mask in zip(fits, (first, ~first), strict=True)
        ]
        answer["pooled"][c] = float(np.corrcoef(*pooled)[0, 1])
        answer["own"][c] = float(np.corrcoef(*own)[0, 1])
    return answer


def path_differences(
    data: pd.DataFrame, first: np.ndarray, model: Model, **options: Any
) -> dict[tuple[str, str], float]:
    one, two = (estimate(data[mask], model, **options).paths for mask in (first, ~first))
    return {path: one[path] - two[path] for path in one}


def micom(data: pd.DataFrame, groups: np.ndarray, permuted: np.ndarray, model: Model, **options: Any) -> Rows:
    """Steps 2 and 3 and the permutation test of paths; a row of ``permuted`` is one division of the rows."""
    rows: Rows = []
    scores = estimate(data, model, **options).scores

    def moments(first: np.ndarray) -> dict[str, dict[str, float]]:
        a, b = scores[first], scores[~first]
        variance = np.log(a.var(ddof=1)) - np.log(b.var(ddof=1))
        return {"mean": (a.mean() - b.mean()).to_dict(), "log_variance": variance.to_dict()}

    observed = {**compositional(data, groups, model, **options), **moments(groups)}
    drawn = [{**compositional(data, mask, model, **options), **moments(mask)} for mask in permuted]
    for step, values in observed.items():
        for c, value in values.items():
            draws = np.array([draw[step][c] for draw in drawn])
            rows.append((step, c, "observed", value))
            if step in ("pooled", "own"):
                rows.append((step, c, "quantile_05", float(np.quantile(draws, 0.05))))
                rows.append((step, c, "share_not_above", float((draws <= value).mean())))
            else:
                rows.append((step, c, "quantile_025", float(np.quantile(draws, 0.025))))
                rows.append((step, c, "quantile_975", float(np.quantile(draws, 0.975))))
                rows.append((step, c, "share_as_far", float((np.abs(draws) >= abs(value)).mean())))
            rows += [(step, c, f"draw_{k}", float(draw)) for k, draw in enumerate(draws)]
    differences = path_differences(data, groups, model, **options)
    drawn_differences = [path_differences(data, mask, model, **options) for mask in permuted]
    for (outcome, term), value in differences.items():
        name = f"{outcome} ~ {term}"
        draws = np.array([draw[outcome, term] for draw in drawn_differences])
        rows.append(("path_difference", name, "observed", value))
        rows.append(("path_difference", name, "share_as_far", float((np.abs(draws) >= abs(value)).mean())))
        rows += [("path_difference", name, f"draw_{k}", float(draw)) for k, draw in enumerate(draws)]
    return rows


def group_tests(
    data: pd.DataFrame,
    groups: np.ndarray,
    resamples: tuple[np.ndarray, np.ndarray],
    model: Model,
    **options: Any,
) -> Rows:
    """Parametric, Welch and Henseler's tests on given resamples (positions within each group)."""
    rows: Rows = []
    parts = [data[groups], data[~groups]]
    estimates = [estimate(part, model, **options).paths for part in parts]
    draws = [
        [estimate(part.iloc[index].reset_index(drop=True), model, **options).paths for index in indices]
        for part, indices in zip(parts, resamples, strict=True)
    ]
    m, n = (len(part) for part in parts)
    for path in estimates[0]:
        name = f"{path[0]} ~ {path[1]}"
        a, b = (np.array([draw[path] for draw in group]) for group in draws)
        one, two = (each[path] for each in estimates)
        u, v = a.std(ddof=1), b.std(ddof=1)
        rows += [("estimate", name, "first", one), ("estimate", name, "second", two)]
        rows += [("std_error", name, "first", u), ("std_error", name, "second", v)]
        rows.append(("difference", name, "", one - two))

        pooled = np.sqrt(((m - 1) ** 2 * u**2 + (n - 1) ** 2 * v**2) / (m + n - 2)) * np.sqrt(1 / m + 1 / n)
        t = (one - two) / pooled
        rows += [("parametric", name, "t", t), ("parametric", name, "df", m + n - 2)]
        rows.append(("parametric", name, "p", float(2 * stats.t.sf(abs(t), m + n - 2))))

        x, y = (m - 1) / m * u**2, (n - 1) / n * v**2
        t = (one - two) / np.sqrt(x + y)
        df = (x + y) ** 2 / ((m - 1) / m**2 * u**4 + (n - 1) / n**2 * v**4) - 2
        rows += [("welch", name, "t", t), ("welch", name, "df", df)]
        rows.append(("welch", name, "p", float(2 * stats.t.sf(abs(t), df))))
        t = (one - two) / np.sqrt(u**2 + v**2)
        df = (u**2 + v**2) ** 2 / (u**4 / (m - 1) + v**4 / (n - 1))
        rows += [("welch_plain", name, "t", t), ("welch_plain", name, "df", df)]
        rows.append(("welch_plain", name, "p", float(2 * stats.t.sf(abs(t), df))))

        # Henseler: share of pairs of draws where the first group's is not larger, three ways of centring
        shifted_a, shifted_b = a - a.mean() + one, b - b.mean() + two
        rows.append(("henseler", name, "p_centred", float((shifted_a[:, None] <= shifted_b).mean())))
        rows.append(("henseler", name, "p_raw", float((a[:, None] <= b).mean())))
        reflected = 2 * a.mean() - a[:, None] - 2 * b.mean() + b
        rows.append(("henseler", name, "p_reflected", float((reflected <= 0).mean())))
    return rows
