"""Item by item: what is missing, what piles up at the ends of the scale, and the shape of the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.measurement.screening.answer_matrix import Scale, answer_matrix, item_places, scale_ends

__all__ = ["item_statistics"]

Floats = NDArray[np.float64]
_CONSTANT = 1e-12
"""Deviations below this share of the mean are rounding, not variation."""


def item_statistics(
    items: pd.DataFrame,
    constructs: Mapping[str, Sequence[str]] | None = None,
    *,
    scale: Scale | None = None,
) -> pd.DataFrame:
    """Missing answers, floor, ceiling and shape of each item.

    Weights are not used: the table tells what the file holds, not what a population would answer.

    Parameters
    ----------
    items : DataFrame, shape (n, p)
        Numbers; NaN is a gap. Gaps of one item do not touch the others.
    constructs : mapping of str to sequence of str, optional
        Construct id -> its items.
    scale : tuple of float, or mapping of str to tuple of float, optional
        Lowest and highest possible answer.

    Returns
    -------
    DataFrame
        One row an item: ``construct`` (empty where it has none), ``item, n_obs, n_missing, missing_share,
        floor_share, ceiling_share`` (shares of the answers at the lowest and highest possible one, in
        [0, 1]), ``n_outside`` (answers that the scale does not have), ``mean, sd, skew, kurtosis`` (excess;
        both corrected for sample size, G1 and G2) and ``undefined``: why a number of the row is NaN.

    Raises
    ------
    DataError
        If there is no row, or an item holds text.
    StudyError
        If a construct or the scale names an item that is not there.

    References
    ----------
    Terwee et al. (2007), J. Clin. Epidemiol. 60, 34-42 (floor, ceiling). doi:10.1016/j.jclinepi.2006.03.012
    Joanes & Gill (1998), The Statistician 47, 183-189 (G1, G2). doi:10.1111/1467-9884.00122
    """
    answers = answer_matrix(items)
    names, values = answers.names, answers.values
    ends = scale_ends(scale, names)
    there = answers.answered
    n_obs = there.sum(axis=0)
    low, high = ends.T
    known = ~np.isnan(low) & (n_obs > 0)
    mean, sd, skew, kurtosis = _shape(values, there)
    outside = there & ((values < low) | (values > high))
    per_answer = np.where(n_obs > 0, n_obs, 1)
    return pd.DataFrame(
        {
            "construct": _construct_of(names, constructs or {}),
            "item": pd.Series(list(names), dtype="str"),
            "n_obs": n_obs,
            "n_missing": len(values) - n_obs,
            "missing_share": 1 - n_obs / len(values),
            "floor_share": np.where(known, (there & (values == low)).sum(axis=0) / per_answer, np.nan),
            "ceiling_share": np.where(known, (there & (values == high)).sum(axis=0) / per_answer, np.nan),
            "n_outside": outside.sum(axis=0),
            "mean": mean,
            "sd": sd,
            "skew": skew,
            "kurtosis": kurtosis,
            "undefined": pd.Series(
                [
                    _why(int(n), bool(np.isnan(end)), spread == 0)
                    for n, end, spread in zip(n_obs, low, sd, strict=True)
                ],
                dtype="str",
            ),
        }
    )


def _construct_of(names: Sequence[str], constructs: Mapping[str, Sequence[str]]) -> pd.Series:
    """Constructs each item belongs to, joined by commas."""
    owners: list[list[str]] = [[] for _ in names]
    for construct, wanted in constructs.items():
        for place in item_places(wanted, names, f"construct '{construct}'"):
            owners[place].append(construct)
    return pd.Series([", ".join(owner) for owner in owners], dtype="str")


def _shape(values: Floats, there: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats, Floats]:
    """Mean, standard deviation, skew G1 and excess kurtosis G2 of each column, shape (p,)."""
    n = there.sum(axis=0).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(there, values, 0.0).sum(axis=0) / n
        deviations = np.where(there, values - mean, 0.0)
        flat = np.abs(deviations).max(axis=0) <= _CONSTANT * np.abs(mean)
        second, third, fourth = ((deviations**power).sum(axis=0) / n for power in (2, 3, 4))
        second = np.where(flat, 0.0, second)
        sd = np.where(n > 1, np.sqrt(second * n / (n - 1)), np.nan)
        skew = third / second**1.5 * np.sqrt(n * (n - 1)) / (n - 2)
        excess = fourth / second**2 - 3
        kurtosis = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * excess + 6)
    return mean, sd, np.where((n > 2) & ~flat, skew, np.nan), np.where((n > 3) & ~flat, kurtosis, np.nan)


def _why(n_obs: int, no_scale: bool, flat: bool) -> str:
    """Why numbers of an item are NaN."""
    if n_obs == 0:
        return "nobody answered"
    reasons = []
    if no_scale:
        reasons.append("floor and ceiling: its scale is not known")
    if n_obs < 2:
        reasons.append("sd, skew and kurtosis: one answer")
    elif flat:
        reasons.append("skew and kurtosis: every answer is the same")
    elif n_obs < 4:
        reasons.append(f"{'skew and kurtosis' if n_obs < 3 else 'kurtosis'}: {n_obs} answers")
    return "; ".join(reasons)
