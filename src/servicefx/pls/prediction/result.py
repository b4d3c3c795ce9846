"""PlsPrediction: out-of-sample errors of a model of composites and of its benchmarks, without rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from servicefx.errors import Problem

__all__ = ["OVERALL", "PlsPrediction"]

OVERALL = "overall"
"""Stands in the column ``construct`` where all targets are taken together."""

_TIE = 1e-9


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PlsPrediction:
    """How well rows are predicted by models that have not seen them.

    Attributes
    ----------
    items : DataFrame
        One row an item of a target: ``construct, item, n_obs``; ``rmse, mae, q2_predict`` of the composites;
        ``rmse_linear, mae_linear, q2_linear`` of the linear model; ``rmse_mean, mae_mean`` of the training
        mean; ``rmse_in_sample, mae_in_sample`` of the composites on the rows they were estimated from;
        ``error_skew``, the skewness of the composites' errors; ``q2_spread``, the standard deviation of Q²
        over repetitions; ``undefined``. RMSE and MAE are in the item's units, Q² in (-inf, 1], 0 being as
        good as the mean.
    constructs : DataFrame
        One row a target: ``construct, n_obs, rmse, mae, q2_predict, rmse_in_sample, r2_in_sample`` of its
        standardised score, as predicted against as its own items give it.
    technique, regressors : str
        What predicts: see `servicefx.pls.predict`.
    folds, repetitions, n_obs : int
    dropped : mapping of str to int
        Rows not used, by reason.
    how : str
        Folds, repetitions and seed in words.
    settings : mapping of str to str, int or float
        Of the fit, and how rows were held out.
    """

    items: pd.DataFrame
    constructs: pd.DataFrame
    technique: str
    regressors: str
    folds: int
    repetitions: int
    n_obs: int
    dropped: Mapping[str, int]
    how: str
    settings: Mapping[str, str | int | float] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"PlsPrediction: {len(self.items)} items, {self.how}, n = {self.n_obs:,}"

    @property
    def power(self) -> pd.DataFrame:
        """Predictive power of the model for each target and overall.

        Columns ``construct, n_items, n_above_mean, n_better, n_better_mae, predictive_power, undefined``:
        items with Q² above 0; items whose RMSE (MAE) is below the linear model's. Power is "high" where all
        are, "medium" for at least half, "low" for fewer, "none" for none; "" with the reason in ``undefined``
        where an item has no linear model. Prefer ``n_better_mae`` where errors are far from symmetric (column
        ``error_skew`` of `items`).

        References
        ----------
        Shmueli et al. (2019), European J. Marketing 53, 2322-2347, figure 5 and the text beside it.
        """
        rows = [_power(str(name), part) for name, part in self.items.groupby("construct", sort=False)]
        return pd.DataFrame([*rows, _power(OVERALL, self.items)])

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What the reader should know before believing the numbers."""
        found = []
        worse = self.items.loc[self.items["q2_predict"] <= 0, "item"]
        if len(worse):
            listed = ", ".join(f"'{item}'" for item in worse)
            text = f"{listed}: predicted no better than by the mean (Q² not above 0)"
            found.append(Problem("prediction", text, "Do not use the model to predict these items."))
        for reason, part in self.items.loc[self.items["rmse_linear"].isna()].groupby("undefined", sort=False):
            listed = ", ".join(f"'{item}'" for item in part["item"])
            text = f"{listed}: {str(reason).split(';')[0]}"
            found.append(Problem("prediction", text, "Choose fewer folds, or regressors='antecedents'."))
        return tuple(found)


def _below(left: pd.Series, right: pd.Series) -> int:
    """Items predicted better; a tie but for rounding is none (one item explained by one item)."""
    return int((left < right * (1.0 - _TIE)).sum())


def _power(construct: str, items: pd.DataFrame) -> dict[str, object]:
    number, refused = len(items), items["rmse_linear"].isna()
    better = _below(items["rmse"], items["rmse_linear"])
    row: dict[str, object] = {
        "construct": construct,
        "n_items": number,
        "n_above_mean": int((items["q2_predict"] > 0).sum()),
        "n_better": better,
        "n_better_mae": _below(items["mae"], items["mae_linear"]),
    }
    if refused.any():
        listed = ", ".join(f"'{item}'" for item in items.loc[refused, "item"])
        row |= {"n_better": np.nan, "n_better_mae": np.nan}
        return row | {"predictive_power": "", "undefined": f"no linear model of {listed}"}
    powers = ((number, "high"), (number / 2, "medium"), (1, "low"), (0, "none"))
    return row | {
        "predictive_power": next(name for least, name in powers if better >= least),
        "undefined": "",
    }
