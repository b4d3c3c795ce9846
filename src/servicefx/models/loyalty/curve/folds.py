"""Forms compared on customers they did not learn from: repeated folds, clusters kept together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.models.loyalty.curve.descent import deviances
from servicefx.models.loyalty.curve.forms import Form, FormFit, fit_form
from servicefx.models.loyalty.curve.places import CurveRows, Tallies
from servicefx.models.loyalty.curve.shapes import STRAIGHT
from servicefx.values.estimates import critical_value

__all__ = ["FoldLosses", "corrected_difference", "fold_counts", "fold_losses", "verdicts"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FoldLosses:
    """Losses on the rows held out, fold by fold.

    Attributes
    ----------
    log_loss : mapping of str to ndarray, shape (folds,)
        Minus the mean log likelihood of the rows held out, in every fold of every repetition.
    squared : mapping of str to ndarray, shape (folds,)
        Mean squared error of the same rows.
    ratio : float
        Rows held out to rows learnt from.
    n_folds : int
        Folds of one repetition.
    """

    log_loss: Mapping[str, Floats]
    squared: Mapping[str, Floats]
    ratio: float
    n_folds: int


def fold_counts(rows: CurveRows, folds: int, repeats: int, seed: int) -> tuple[NDArray[np.float32], int]:
    """Which rows every fold holds out, shape (repeats · folds, n), and the folds of a repetition.

    Clusters stay together; with fewer clusters than folds each is a fold.
    """
    rng = np.random.default_rng([seed, *b"loyalty folds"])
    units = np.arange(len(rows.y)) if rows.clusters is None else rows.clusters
    n_units = int(units.max()) + 1
    folds = min(folds, n_units)
    held = np.zeros((repeats * folds, len(rows.y)), dtype=np.float32)
    for number in range(repeats):
        fold_of = np.empty(n_units, dtype=np.intp)
        fold_of[rng.permutation(n_units)] = np.arange(n_units) % folds
        held[number * folds + fold_of[units], np.arange(len(units))] = 1.0
    return held, folds


def fold_losses(
    rows: CurveRows, forms: Sequence[Form], sample: Mapping[str, FormFit], folds: int, repeats: int, seed: int
) -> FoldLosses:
    """Every form learnt without each fold, and its loss there.

    Parameters
    ----------
    rows : CurveRows
    forms : sequence of Form
        With shapes, the straight line first.
    sample : mapping of str to FormFit
        The same forms in the full sample.
    folds, repeats, seed : int
    """
    held, folds = fold_counts(rows, folds, repeats, seed)
    out = rows.tallies(held)
    learnt = rows.tallies(1 - held)
    n_out, n_in = out.mass.sum(axis=1), learnt.mass.sum(axis=1)
    log_loss, squared = {}, {}
    straight: FormFit | None = None
    for form in forms:
        fit = fit_form(form, learnt, binary=rows.binary, straight=straight, sample=sample[form.name].theta[0])
        straight = fit if form.name == STRAIGHT else straight
        mean = fit.mean(rows.x)
        squares = deviances(mean, out, binary=False)
        squared[form.name] = squares / n_out
        log_loss[form.name] = _log_loss(mean, fit, out, squares / n_out, n_in, binary=rows.binary)
    return FoldLosses(log_loss=log_loss, squared=squared, ratio=float(np.mean(n_out / n_in)), n_folds=folds)


def _log_loss(
    mean: Floats, fit: FormFit, out: Tallies, squared: Floats, n_in: Floats, *, binary: bool
) -> Floats:
    if binary:
        return np.asarray(deviances(mean, out, binary=True) / (2 * out.mass.sum(axis=1)))
    variance = fit.deviance / n_in
    return np.asarray(0.5 * (np.log(2 * np.pi * variance) + squared / variance))


def corrected_difference(
    left: Floats, right: Floats, ratio: float, level: float
) -> tuple[float, float, float]:
    """Mean of paired differences of losses over folds, with an interval that knows folds overlap.

    Parameters
    ----------
    left, right : ndarray, shape (folds,)
        Losses of two forms in the same folds.
    ratio : float
        Rows held out to rows learnt from.
    level : float

    Returns
    -------
    tuple of float
        Difference (left less right), lower and upper end.

    Notes
    -----
    The variance of the mean of J differences is (1/J + ratio) times theirs, as the samples learnt from share
    most rows, with J - 1 degrees of freedom.

    References
    ----------
    Nadeau & Bengio (2003), Machine Learning 52, 239-281, eq. 9; Bouckaert & Frank (2004), LNCS 3056, 3-12
    (repeated folds). doi:10.1023/A:1024068626366

    Examples
    --------
    >>> ends = corrected_difference(np.array([1.0, 2.0, 3.0]), np.zeros(3), 0.5, 0.95)
    >>> [round(value, 3) for value in ends]
    [2.0, -1.928, 5.928]
    """
    gap = left - right
    n = len(gap)
    error = float(np.sqrt((1 / n + ratio) * gap.var(ddof=1))) if n > 1 else float("nan")
    half = critical_value(level, n - 1) * error if n > 1 else float("nan")
    return float(gap.mean()), float(gap.mean() - half), float(gap.mean() + half)


def verdicts(losses: FoldLosses, parameters: Mapping[str, int], level: float) -> tuple[str, pd.Series]:
    """The form chosen, and what each of the others is beside it.

    The simplest form that the best one does not surely beat, and that predicts no worse than the straight
    line, is chosen (the straight line before others with as many parameters); others are ``"as good"`` where
    the interval of the difference to it includes 0, else ``"better"`` or ``"worse"``.
    """
    names = list(losses.log_loss)
    best = min(names, key=lambda name: float(losses.log_loss[name].mean()))

    def against(name: str, other: str) -> tuple[float, float, float]:
        return corrected_difference(losses.log_loss[name], losses.log_loss[other], losses.ratio, level)

    beaten = {name for name in names if name != best and against(name, best)[1] > 0}
    beaten |= {name for name in names if against(name, STRAIGHT)[0] > 0}
    chosen = min(
        (name for name in names if name not in beaten),
        key=lambda name: (parameters[name], name != STRAIGHT, float(losses.log_loss[name].mean())),
    )
    found = {}
    for name in names:
        _, low, high = against(name, chosen)
        found[name] = (
            "chosen" if name == chosen else "worse" if low > 0 else "better" if high < 0 else "as good"
        )
    return chosen, pd.Series(found)
