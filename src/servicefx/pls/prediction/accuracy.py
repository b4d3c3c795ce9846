"""Errors of out-of-sample predictions, summed over rows and repetitions, as frames."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.pls.prediction.cross_validation import CrossValidation, Made

__all__ = ["Errors", "constructs_frame", "errors_of", "items_frame"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Errors:
    """Mean errors over rows and repetitions.

    Attributes
    ----------
    square, absolute : ndarray, shape (3, q)
        Of items, by the composites, the linear model and the mean.
    skew : ndarray, shape (q,)
        Skewness of the composites' errors.
    q2_spread : ndarray, shape (q,)
        Standard deviation of Q² over repetitions; NaN for one of them.
    score_square, score_absolute, score_mean : ndarray, shape (k,)
        Of predicted scores; the last is the mean square of the scores.
    within : ndarray, shape (2, q)
        Mean squares and absolute errors of items in sample.
    score_within : ndarray, shape (k,)
        Mean squares of errors of predicted scores in sample.
    """

    square: Floats
    absolute: Floats
    skew: Floats
    q2_spread: Floats
    score_square: Floats
    score_absolute: Floats
    score_mean: Floats
    within: Floats
    score_within: Floats


def errors_of(found: CrossValidation) -> Errors:
    """Errors of all repetitions, one repetition in memory at a time."""
    summed = [_of_repetition(found, made) for made in found.held_out()]
    square, absolute, first, third, score = (_mean(each) for each in zip(*summed, strict=True))
    q2 = [share(each[0][0], each[0][2]) for each in summed]
    several = len(q2) > 1
    made = found.in_sample()
    error, score_error = found.answers - made.items, made.scores - made.predicted_scores
    return Errors(
        square=square,
        absolute=absolute,
        skew=_skewness(first, square[0], third),
        q2_spread=np.std(q2, axis=0, ddof=1) if several else np.full(len(found.block), np.nan),
        score_square=score[0],
        score_absolute=score[1],
        score_mean=score[2],
        within=np.stack([(error**2).mean(axis=0), np.abs(error).mean(axis=0)]),
        score_within=(score_error**2).mean(axis=0),
    )


def items_frame(found: CrossValidation, errors: Errors) -> pd.DataFrame:
    """Frame ``items`` of a `PlsPrediction`."""
    frame = pd.DataFrame(found.block, columns=["construct", "item"])
    frame["n_obs"] = len(found.answers)
    rmse = np.sqrt(errors.square)
    frame["rmse"], frame["mae"] = rmse[0], errors.absolute[0]
    frame["q2_predict"] = share(errors.square[0], errors.square[2])
    frame["rmse_linear"], frame["mae_linear"] = rmse[1], errors.absolute[1]
    frame["q2_linear"] = share(errors.square[1], errors.square[2])
    frame["rmse_mean"], frame["mae_mean"] = rmse[2], errors.absolute[2]
    frame["rmse_in_sample"], frame["mae_in_sample"] = np.sqrt(errors.within[0]), errors.within[1]
    frame["error_skew"] = errors.skew
    frame["q2_spread"] = errors.q2_spread
    once = "one repetition has no spread" if len(found.folding.fold) < 2 else ""
    reasons = [found.undefined.get(pair, "") for pair in found.block]
    frame["undefined"] = [
        "; ".join(part for part in (f"linear model: {reason}" if reason else "", once) if part)
        for reason in reasons
    ]
    return frame


def constructs_frame(found: CrossValidation, errors: Errors) -> pd.DataFrame:
    """Frame ``constructs`` of a `PlsPrediction`."""
    return pd.DataFrame(
        {
            "construct": list(found.targets),
            "n_obs": len(found.answers),
            "rmse": np.sqrt(errors.score_square),
            "mae": errors.score_absolute,
            "q2_predict": share(errors.score_square, errors.score_mean),
            "rmse_in_sample": np.sqrt(errors.score_within),
            "r2_in_sample": 1.0 - errors.score_within,
        }
    )


def share(left: Floats, whole: Floats) -> Floats:
    """One less a ratio of mean squares; NaN where there is nothing to predict."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, 1.0 - left / whole, np.nan)


def _of_repetition(found: CrossValidation, made: Made) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Mean squares and absolute errors (3, q), mean and third moment (q,), and those of scores (3, k)."""
    errors = [found.answers - some for some in (made.items, made.linear, made.mean)]
    score_error = made.scores - made.predicted_scores
    return (
        np.stack([(error**2).mean(axis=0) for error in errors]),
        np.stack([np.abs(error).mean(axis=0) for error in errors]),
        errors[0].mean(axis=0),
        (errors[0] ** 3).mean(axis=0),
        np.stack(
            [(score_error**2).mean(axis=0), np.abs(score_error).mean(axis=0), (made.scores**2).mean(axis=0)]
        ),
    )


def _mean(parts: Iterable[Floats]) -> Floats:
    return np.asarray(np.mean(list(parts), axis=0), dtype=np.float64)


def _skewness(first: Floats, second: Floats, third: Floats) -> Floats:
    variance = second - first**2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((third - 3 * first * second + 2 * first**3) / variance**1.5, dtype=np.float64)
