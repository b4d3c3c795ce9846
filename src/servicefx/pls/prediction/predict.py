"""predict: how well a model of composites predicts rows it has not seen (PLSpredict)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from servicefx.pls.pls_fit import PlsFit
from servicefx.pls.prediction.accuracy import constructs_frame, errors_of, items_frame
from servicefx.pls.prediction.benchmarks import Regressors
from servicefx.pls.prediction.cross_validation import cross_validation
from servicefx.pls.prediction.folds import folding
from servicefx.pls.prediction.predictor import Technique
from servicefx.pls.prediction.result import PlsPrediction

__all__ = ["held_out_predictions", "predict"]


def predict(
    fit: PlsFit,
    data: pd.DataFrame,
    *,
    folds: int = 10,
    repetitions: int = 10,
    seed: int = 0,
    technique: Technique = "direct",
    regressors: Regressors | None = None,
    targets: str | Sequence[str] | None = None,
    fold_index: ArrayLike | None = None,
    clusters: ArrayLike | pd.Series | None = None,
    analysis_id: str = "data",
) -> PlsPrediction:
    """Predict every row from a model that was estimated without it.

    Parameters
    ----------
    fit : PlsFit
        Its model and choices are estimated anew in every training sample. Not with ``consistent=True``.
    data : DataFrame, shape (n, >= p)
        Rows to learn from and to predict in turn, as a rule those of the fit. Others are taken as well: no
        number of the fit is used. Those with a gap in any item of the model are not used, whatever the fit
        did with them. Survey weights are not used.
    folds : int
        Parts the rows are dealt to; each is predicted from the others. As many as rows leave one out.
    repetitions : int
        Times the rows are dealt anew.
    seed : int
        The study's seed.
    technique : {"direct", "earliest"}
        A construct is predicted from its direct antecedents' scores as their own items give them, or from the
        exogenous constructs only, through all constructs between.
    regressors : {"antecedents", "exogenous"}, optional
        What the linear model of an item stands on: items of its construct's direct antecedents, or of all
        exogenous constructs. By default those that the technique reads: "antecedents" with "direct",
        "exogenous" with "earliest", so that both know the same of a row (as seminr). Programs that show a
        benchmark on the exogenous constructs (Shmueli et al. 2016) beside "direct" predictions give the
        composites more to go by.
    targets : str or sequence of str, optional
        Explained constructs; all by default.
    fold_index : array_like, shape (n,) or (n, repetitions), optional
        Label of each row's fold, instead of random ones: ``folds, repetitions, seed`` are not used.
    clusters : array_like, shape (n,), optional
        Rows of one cluster are held out together, so that no row is predicted from its neighbours. Not heeded
        by ``fold_index``.
    analysis_id : str
        Name of the data file, part of the seed.

    Returns
    -------
    PlsPrediction
        Errors, not rows: see `held_out_predictions` for these.

    Raises
    ------
    StudyError
        If an argument is not known, nothing explains a target, an item would predict itself, or the fit is of
        common factors.
    DataError
        If an item is absent, text, or does not vary in a training sample; if there are more folds than rows.
    ConvergenceError
        If the model has no answer in a training sample.

    Notes
    -----
    Held-out rows are standardised by the training rows' means and standard deviations; products are those of
    scores so centred. Q²_predict = 1 - sum of squared errors / sum of squared errors of the training mean.
    Squared and absolute errors are pooled over repetitions, so that RMSE is that of one model estimated from
    the training rows, not of an average of models.

    References
    ----------
    Shmueli, Ray, Velasquez Estrada & Chatla (2016), J. Business Research 69, 4552-4564.
    doi:10.1016/j.jbusres.2016.03.049
    Shmueli, Sarstedt, Hair, Cheah, Ting, Vaithilingam & Ringle (2019), European J. Marketing 53, 2322-2347.
    doi:10.1108/EJM-02-2019-0189
    Danks (2021), Data Base for Advances in Information Systems 52(3) (direct and earliest antecedents).
    """
    rows = folding(
        [fit], data, folds=folds, repetitions=repetitions, seed=seed, analysis_id=analysis_id,
        clusters=clusters, fold_index=fold_index,
    )  # fmt: skip
    found = cross_validation(fit, data, rows, technique=technique, regressors=regressors, targets=targets)
    errors = errors_of(found)
    return PlsPrediction(
        items=items_frame(found, errors),
        constructs=constructs_frame(found, errors),
        technique=technique,
        regressors=found.regressors,
        folds=rows.n_folds,
        repetitions=len(rows.fold),
        n_obs=len(found.answers),
        dropped=_dropped(rows.used),
        how=rows.how,
        settings={**fit.settings, "technique": technique, "linear model": found.regressors, "seed": seed},
    )


def held_out_predictions(
    fit: PlsFit,
    data: pd.DataFrame,
    *,
    folds: int = 10,
    repetitions: int = 10,
    seed: int = 0,
    technique: Technique = "direct",
    targets: str | Sequence[str] | None = None,
    fold_index: ArrayLike | None = None,
    clusters: ArrayLike | pd.Series | None = None,
    analysis_id: str = "data",
) -> pd.DataFrame:
    """Prediction of every row from models that were estimated without it: rows of people, to be kept apart.

    Parameters
    ----------
    fit, data, folds, repetitions, seed, technique, targets, fold_index, clusters, analysis_id
        As `predict`, with the same folds and refusals.

    Returns
    -------
    DataFrame, shape (n, q + k)
        The items of the targets in their own units, then the targets' predicted scores in standard deviations
        of the training rows, averaged over repetitions; the index is that of ``data``. NaN rows where an
        answer is missing. An item of two targets stands once, as predicted by the first.
    """
    rows = folding(
        [fit], data, folds=folds, repetitions=repetitions, seed=seed, analysis_id=analysis_id,
        clusters=clusters, fold_index=fold_index,
    )  # fmt: skip
    found = cross_validation(fit, data, rows, technique=technique, regressors=None, targets=targets)
    items, composites = np.zeros(found.answers.shape), np.zeros((len(found.answers), len(found.targets)))
    for made in found.held_out():
        items += made.items / len(rows.fold)
        composites += made.predicted_scores / len(rows.fold)
    columns: dict[str, NDArray[np.float64]] = {}
    for at, (_, item) in enumerate(found.block):
        columns.setdefault(item, items[:, at])
    columns |= {name: composites[:, at] for at, name in enumerate(found.targets)}
    frame = pd.DataFrame(np.nan, index=data.index, columns=list(columns))
    frame.iloc[np.flatnonzero(rows.used)] = np.column_stack(list(columns.values()))
    return frame


def _dropped(used: NDArray[np.bool_]) -> dict[str, int]:
    lost = int((~used).sum())
    return {"item missing": lost} if lost else {}
