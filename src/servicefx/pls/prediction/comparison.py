"""cvpat: whether a model predicts better than a benchmark or another model, with its sampling error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from servicefx.errors import DataError, Problem, StudyError
from servicefx.pls.choice_problems import level_problems
from servicefx.pls.cluster_codes import cluster_codes
from servicefx.pls.pls_fit import PlsFit, check_fit
from servicefx.pls.prediction.benchmarks import Regressors
from servicefx.pls.prediction.cross_validation import CrossValidation, cross_validation
from servicefx.pls.prediction.folds import Folding, folding
from servicefx.pls.prediction.loss_differences import Comparison, compared
from servicefx.pls.prediction.predictor import Technique
from servicefx.pls.prediction.result import OVERALL
from servicefx.sem.choices import whole_number

__all__ = ["cvpat"]

Floats = NDArray[np.float64]
_AVERAGE, _LINEAR, _OTHER = "indicator average", "linear model", "other model"


def cvpat(
    fit: PlsFit,
    data: pd.DataFrame,
    other: PlsFit | None = None,
    *,
    folds: int = 10,
    repetitions: int = 10,
    seed: int = 0,
    technique: Technique = "direct",
    regressors: Regressors | None = None,
    targets: str | Sequence[str] | None = None,
    fold_index: ArrayLike | None = None,
    clusters: ArrayLike | pd.Series | None = None,
    draws: int = 0,
    level: float | None = None,
    analysis_id: str = "data",
) -> pd.DataFrame:
    """Test whether a model predicts rows it has not seen better than its benchmarks, or than another model.

    Parameters
    ----------
    fit : PlsFit
        Estimated anew in every training sample, as by `predict`.
    data : DataFrame, shape (n, >= p)
        As `predict`: rows without a gap in the items of either model, which need not be those of the fits.
    other : PlsFit, optional
        Compared instead of the benchmarks, on the same folds: explained constructs that both models have with
        the same items.
    folds, repetitions, seed, technique, regressors, targets, fold_index, analysis_id
        As `predict`. A row's loss is averaged over repetitions.
    clusters : array_like, shape (n,), optional
        Rows of one cluster are held out together, and the standard error is that of clusters.
    draws : int
        Resamples of the rows' losses (of whole clusters) for intervals and p-values; 0 takes the t
        distribution.
    level : float, optional
        Of intervals; by default that of the fit.

    Returns
    -------
    DataFrame
        One row a target and benchmark, and ``construct`` "overall" for the items of all: ``construct,
        benchmark, n_items, loss, benchmark_loss, loss_difference, std_error, statistic, df, p_value,
        p_better, conf_low, conf_high, n_obs, undefined``. Losses are mean squared errors in the items' own
        units, averaged over items (items of larger variance count for more); a negative difference says that
        the model predicts better. ``p_value`` is two-sided, ``p_better`` that of "no better" against
        "better". ``attrs["notes"]`` says how rows were held out.

    Raises
    ------
    StudyError, DataError, ConvergenceError
        As `predict`; also if the two models explain no construct with the same items, or all rows belong to
        one cluster.

    Notes
    -----
    t = mean difference / its standard error with n - 1 degrees of freedom (clusters - 1). With ``draws`` the
    interval is that of percentiles and p-values are shares of resampled t statistics about the estimate,
    counted as (b + 1) / (B + 1). Training samples overlap, so rows are nearly, not wholly, independent.

    References
    ----------
    Liengaard, Sharma, Hult, Jensen, Sarstedt, Hair & Ringle (2021), Decision Sciences 52, 362-392.
    doi:10.1111/deci.12445
    Sharma, Liengaard, Hair, Sarstedt & Ringle (2023), European J. Marketing 57, 1662-1677 (benchmarks).
    doi:10.1108/EJM-08-2020-0636
    """
    check_fit(fit)
    level = fit.level if level is None else level
    _check(draws, level)
    rows = folding(
        [fit] if other is None else [fit, other], data, folds=folds, repetitions=repetitions, seed=seed,
        analysis_id=analysis_id, clusters=clusters, fold_index=fold_index,
    )  # fmt: skip
    chosen = targets if other is None else _shared(fit, other, targets)
    found = cross_validation(fit, data, rows, technique=technique, regressors=regressors, targets=chosen)
    if other is None:
        comparisons = _with_benchmarks(found)
    else:
        against = cross_validation(
            other, data, rows, technique=technique, regressors=regressors, targets=chosen
        )
        comparisons = _with_other(found, against)
    frame = compared(comparisons, _units(rows), draws, seed, analysis_id, level)
    frame.attrs["notes"] = (
        f"{rows.how}, {technique} antecedents",
        f"intervals and p-values from {draws} resamples" if draws else "intervals and p-values from t",
    )
    frame.attrs["settings"] = dict(fit.settings)
    frame.attrs["level"] = level
    return frame


def _row_losses(found: CrossValidation) -> dict[str, Floats]:
    """Squared error of every row and item, averaged over repetitions, by what predicts; shape (n_obs, q)."""
    squares = {name: np.zeros(found.answers.shape) for name in ("items", "linear", "mean")}
    for made in found.held_out():
        for name, total in squares.items():
            total += (found.answers - getattr(made, name)) ** 2 / len(found.folding.fold)
    return squares


def _places(found: CrossValidation) -> dict[str, list[int]]:
    """Columns of each target, and of all."""
    places = {
        name: [at for at, (owner, _) in enumerate(found.block) if owner == name] for name in found.targets
    }
    return places | {OVERALL: list(range(len(found.block)))}


def _with_benchmarks(found: CrossValidation) -> list[Comparison]:
    squares = _row_losses(found)
    comparisons = []
    for benchmark, name in ((_AVERAGE, "mean"), (_LINEAR, "linear")):
        for construct, places in _places(found).items():
            lost = [found.block[at] for at in places if found.block[at] in found.undefined]
            reason = f"linear model: {found.undefined[lost[0]]}" if lost and name == "linear" else ""
            comparisons.append(
                Comparison(
                    construct=construct, benchmark=benchmark, n_items=len(places),
                    loss=squares["items"][:, places].mean(axis=1),
                    benchmark_loss=squares[name][:, places].mean(axis=1), undefined=reason,
                )
            )  # fmt: skip
    return comparisons


def _with_other(found: CrossValidation, against: CrossValidation) -> list[Comparison]:
    ours, theirs = _row_losses(found)["items"], _row_losses(against)["items"]
    return [
        Comparison(
            construct=construct, benchmark=_OTHER, n_items=len(places), loss=ours[:, places].mean(axis=1),
            benchmark_loss=theirs[:, places].mean(axis=1), undefined="",
        )
        for construct, places in _places(found).items()
    ]  # fmt: skip


def _shared(fit: PlsFit, other: PlsFit, targets: str | Sequence[str] | None) -> tuple[str, ...]:
    """Targets that both models explain with the same items."""
    both = tuple(
        name
        for name in fit.model.outcomes
        if name in other.model.outcomes and set(fit.model.items_of(name)) == set(other.model.items_of(name))
    )
    asked = both if targets is None else ((targets,) if isinstance(targets, str) else tuple(targets))
    apart = [name for name in asked if name not in both and name in fit.model.outcomes]
    if not both or apart:
        named = f"'{apart[0]}'" if apart else "any construct"
        found = f"the two models do not both explain {named} with the same items"
        raise StudyError(Problem("other", found, "Compare models of the same outcome."))
    return asked


def _units(rows: Folding) -> NDArray[np.intp]:
    """Number of the row or cluster that each used row belongs to."""
    if rows.clusters is None:
        return np.arange(rows.fold.shape[1])
    codes = cluster_codes(rows.clusters, rows.fold.shape[1])
    if not codes.any():
        found = "all rows belong to one cluster, at least 2 expected for a standard error"
        raise DataError(Problem("clusters", found, "Leave 'clusters' out, or add clusters."))
    return codes


def _check(draws: int, level: float) -> None:
    problems = whole_number("draws", draws, 0, "Choose e.g. 5000, or 0 for the t distribution.")
    problems += level_problems(level)
    if problems:
        raise StudyError(*problems)
