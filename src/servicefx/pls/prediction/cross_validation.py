"""Cross-validation: all training samples estimated in one batch, then the rows held out predicted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import ConvergenceError, DataError, Problem
from servicefx.pls.base_columns import BaseMoments
from servicefx.pls.pls_fit import PlsFit
from servicefx.pls.prediction.benchmarks import (
    Regressors,
    linear_predictor,
    mean_predictor,
    regressors_read_by,
)
from servicefx.pls.prediction.folds import Folding
from servicefx.pls.prediction.predictor import (
    Block,
    Predictor,
    Technique,
    composite_predictors,
    item_predictor,
)
from servicefx.pls.prediction.targets import check_overlap, checked_targets
from servicefx.pls.sample import PlsSample, sample_of
from servicefx.pls.scores import base_columns
from servicefx.pls.solution import Solution, solve
from servicefx.sem.threads import one_thread

__all__ = ["CrossValidation", "Made", "cross_validation"]

Floats = NDArray[np.float64]
_TOGETHER = 200
"""Training samples whose moments are made in one batch."""
_CONSTANT = 1e-12
"""Share of an item's variance, and of its squared mean, below which variance in training is rounding."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Made:
    """Predictions of all used rows, each made without its fold (or, in sample, with all rows).

    Attributes
    ----------
    items, linear, mean : ndarray, shape (n_obs, q)
        By the composites, the linear model (NaN where refused) and the training mean, in the users' units.
    scores, predicted_scores : ndarray, shape (n_obs, k)
        As the row's own items give them; as its antecedents predict them. In standard deviations.
    """

    items: Floats
    linear: Floats
    mean: Floats
    scores: Floats
    predicted_scores: Floats


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CrossValidation:
    """Everything learnt from the training samples, and the rows to try it on: never part of a result.

    Attributes
    ----------
    folding : Folding
    targets : tuple of str, length k
        Explained constructs.
    block : tuple of (construct, item), length q
        What is predicted.
    regressors : {"antecedents", "exogenous"}
        What the linear model stands on.
    columns : ndarray, shape (n_obs, P)
        Base columns of the used rows.
    answers : ndarray, shape (n_obs, q)
        The items as they were answered.
    items, linear, mean, scores, predicted_scores : Predictor
        Of all training samples, fold after fold and repetition after repetition; last, of all used rows.
    undefined : mapping of (construct, item) to str
        Why an item has no linear model.
    """

    folding: Folding
    targets: tuple[str, ...]
    block: Block
    regressors: Regressors
    columns: Floats
    answers: Floats
    items: Predictor
    linear: Predictor
    mean: Predictor
    scores: Predictor
    predicted_scores: Predictor
    undefined: Mapping[tuple[str, str], str]

    def held_out(self) -> Iterator[Made]:
        """Predictions of rows by what the other folds taught, repetition after repetition."""
        begin = 0
        for fold in self.folding.fold:
            number = int(fold.max()) + 1
            order = np.argsort(fold, kind="stable")
            parts = np.split(order, np.cumsum(np.bincount(fold, minlength=number))[:-1])
            yield self._made([(begin + at, rows) for at, rows in enumerate(parts)])
            begin += number

    def in_sample(self) -> Made:
        """Predictions of rows by what all of them taught."""
        everything = np.arange(len(self.columns))
        return self._made([(len(self.items.constants) - 1, everything)])

    def _made(self, parts: list[tuple[int, NDArray[np.intp]]]) -> Made:
        n, q, k = len(self.columns), len(self.block), len(self.targets)
        sizes = {"items": q, "linear": q, "mean": q, "scores": k, "predicted_scores": k}
        made = {name: np.empty((n, size)) for name, size in sizes.items()}
        for sample, rows in parts:
            columns = self.columns[rows]
            for name, values in made.items():
                rule: Predictor = getattr(self, name)
                values[rows] = rule.at(sample, columns)
        return Made(**made)


def cross_validation(
    fit: PlsFit,
    data: pd.DataFrame,
    rows: Folding,
    *,
    technique: Technique,
    regressors: Regressors | None,
    targets: str | Sequence[str] | None,
) -> CrossValidation:
    """Learn from every training sample; arguments as `servicefx.pls.predict`.

    Raises
    ------
    StudyError
        If the model has no prediction, or an argument is not known.
    DataError
        If an item does not vary in a training sample.
    ConvergenceError
        If the model has no answer in a training sample.
    """
    model, chosen = fit.model, checked_targets(fit, technique, regressors, targets)
    kind = regressors or regressors_read_by(technique)
    block = tuple((name, item) for name in chosen for item in model.items_of(name))
    check_overlap(fit, chosen, technique)
    choices = replace(fit.choices, missing="listwise")
    sample = sample_of(model, data, "listwise")
    sample = replace(sample, used=rows.used)
    with one_thread():
        base, n_train = _training_moments(sample, rows)
        _check_varies(sample, base, rows)
        solution = solve(model, base, choices)
        _check_answers(solution, rows)
        actual, predicted = composite_predictors(model, base, solution, technique, chosen)
        linear, undefined = linear_predictor(model, base, n_train, block, kind)
        deviations = sample.deviations[rows.used] * sample.scale
        at = base.places(tuple(item for _, item in block))
        return CrossValidation(
            folding=rows, targets=chosen, block=block, regressors=kind,
            columns=base_columns(base, deviations),
            answers=deviations[:, at] + base.origin[at],
            items=item_predictor(base, actual, predicted, chosen, block), linear=linear,
            mean=mean_predictor(base, block), scores=actual, predicted_scores=predicted, undefined=undefined,
        )  # fmt: skip


def _training_moments(sample: PlsSample, rows: Folding) -> tuple[BaseMoments, NDArray[np.int64]]:
    """Moments of all rows but each fold, and of all; and how many rows each stands on."""
    places = np.flatnonzero(rows.used)
    bases, sizes = [], []
    for fold in [*rows.fold, np.full(len(places), -1)]:
        number = max(int(fold.max()) + 1, 1)
        for begin in range(0, number, _TOGETHER):
            held_out = np.arange(begin, min(begin + _TOGETHER, number))
            counts = np.zeros((len(held_out), len(rows.used)), dtype=np.float32)
            counts[:, places] = fold != held_out[:, None]
            bases.append(sample.moments(counts))
            sizes.append(counts.sum(axis=1, dtype=np.int64))
    base = replace(
        bases[-1],
        covariance=np.concatenate([each.covariance for each in bases]),
        mean=np.concatenate([each.mean for each in bases]),
    )
    return base, np.concatenate(sizes)


def _where(rows: Folding, sample: int) -> str:
    """A training sample in words."""
    sizes = [int(fold.max()) + 1 for fold in rows.fold]
    for repetition, number in enumerate(sizes, start=1):
        if sample < number:
            return f"without fold {sample + 1} of repetition {repetition}"
        sample -= number
    return "in all rows together"


def _check_varies(sample: PlsSample, base: BaseMoments, rows: Folding) -> None:
    variance = np.einsum("bpp->bp", base.covariance)[:, : len(base.items)] / sample.scale**2
    bound = _CONSTANT * (1.0 + (base.mean / sample.scale) ** 2)
    for at, item in enumerate(base.items):
        constant = np.flatnonzero(~(variance[:, at] > bound[:, at]))
        if len(constant):
            found = f"does not vary {_where(rows, int(constant[0]))}"
            raise DataError(Problem(f"item '{item}'", found, "Leave the item out, or choose fewer folds."))


def _check_answers(solution: Solution, rows: Folding) -> None:
    failed = np.flatnonzero(~solution.converged | np.isnan(solution.paths).any(axis=1))
    if len(failed):
        found = f"the model has no answer in {len(failed)} of {len(solution.paths)} training samples"
        where = _where(rows, int(failed[0]))
        remedy = "Choose fewer folds, more rounds (max_iterations), or a simpler model."
        raise ConvergenceError(Problem("PLS", f"{found}, first {where}", remedy))
