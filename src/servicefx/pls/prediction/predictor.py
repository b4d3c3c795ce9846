"""Predictor: linear rules from the base columns of a row to outcomes, one for each training sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import Problem, StudyError
from servicefx.pls.base_columns import BaseMoments
from servicefx.pls.model import PlsModel
from servicefx.pls.scores import score_weights
from servicefx.pls.solution import Solution

__all__ = ["TECHNIQUES", "Block", "Predictor", "Technique", "composite_predictors", "item_predictor"]

Floats = NDArray[np.float64]
Technique = Literal["direct", "earliest"]
TECHNIQUES: tuple[Technique, ...] = get_args(Technique)
Block = tuple[tuple[str, str], ...]
"""Pairs of a construct and one of its items: what is predicted, in order."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Predictor:
    """Rules learnt from a batch of B training samples.

    Attributes
    ----------
    slopes : ndarray, shape (B, P, q)
        Of the base columns, in the users' units.
    constants : ndarray, shape (B, q)
    """

    slopes: Floats
    constants: Floats

    def at(self, sample: int, columns: Floats) -> Floats:
        """Predictions for rows by the rule of one training sample, shape (n, q)."""
        return np.asarray(columns @ self.slopes[sample] + self.constants[sample], dtype=np.float64)


def composite_predictors(
    model: PlsModel, base: BaseMoments, solution: Solution, technique: Technique, targets: tuple[str, ...]
) -> tuple[Predictor, Predictor]:
    """Scores of constructs: as a row's own items give them, and as its antecedents predict them.

    Parameters
    ----------
    model : PlsModel
    base : BaseMoments
        Of B training samples.
    solution : Solution
        Of the same.
    technique : {"direct", "earliest"}
        From the scores of the direct antecedents; of the exogenous constructs only, step by step.
    targets : tuple of str, length k
        Explained constructs.

    Returns
    -------
    tuple of Predictor
        Scores are standardised in each training sample.

    Raises
    ------
    StudyError
        If a product of explained constructs would have to be predicted (technique "earliest").
    """
    names = solution.last.stage.constructs
    weights, constants = score_weights(base, solution, names)
    places = [names.index(target) for target in targets]
    actual = Predictor(slopes=weights[:, :, places], constants=-constants[:, places])
    coefficients = _coefficients(model, solution, names, technique)[:, :, places]
    return actual, Predictor(
        slopes=weights @ coefficients, constants=-np.einsum("bk,bkt->bt", constants, coefficients)
    )


def item_predictor(
    base: BaseMoments, actual: Predictor, predicted: Predictor, targets: tuple[str, ...], block: Block
) -> Predictor:
    """Items from the predicted scores of their constructs.

    Parameters
    ----------
    base : BaseMoments
        Of B training samples.
    actual, predicted : Predictor
        Scores of the k targets.
    targets : tuple of str, length k
    block : tuple of (construct, item), length q
        Constructs are targets.

    Returns
    -------
    Predictor
        Of the items in the users' units: mean + covariance with the construct's score times the predicted
        score. For a construct's own items that is the loading; an item below a construct of constructs is
        predicted from the whole's score alone.
    """
    owners = [targets.index(construct) for construct, _ in block]
    items = base.places(tuple(item for _, item in block))
    covariance = base.covariance[:, items] @ actual.slopes  # (B, q, k)
    own = covariance[:, np.arange(len(block)), owners]
    return Predictor(
        slopes=predicted.slopes[:, :, owners] * own[:, None, :],
        constants=base.item_means[:, items] + predicted.constants[:, owners] * own,
    )


def _coefficients(
    model: PlsModel, solution: Solution, names: tuple[str, ...], technique: Technique
) -> Floats:
    """What every score contributes to the prediction of every construct, shape (B, K, K)."""
    paths = {pair: solution.paths[:, at] for at, pair in enumerate(model.paths)}
    found = np.zeros((len(solution.paths), len(names), len(names)))
    done = [name for name in names if not model.terms(name)]
    for name in done:
        found[:, names.index(name), names.index(name)] = 1.0
    known = found.copy()
    if technique == "earliest":
        _check_products(model)
    left = list(model.outcomes)
    while left:
        for outcome in [name for name in left if not set(model.terms(name)) & set(left)]:
            to = names.index(outcome)
            for term in model.terms(outcome):
                found[:, :, to] += paths[outcome, term][:, None] * known[:, :, names.index(term)]
            if technique == "earliest":
                known[:, :, to] = found[:, :, to]
            else:
                known[:, to, to] = 1.0
            left.remove(outcome)
    return found


def _check_products(model: PlsModel) -> None:
    explained = set(model.outcomes)
    for product in model.products:
        within = [name for name in dict.fromkeys((product.left, product.right)) if name in explained]
        if within:
            found = (
                f"'earliest' would multiply a prediction of '{within[0]}' in '{product.name}', "
                "which is no prediction of the product"
            )
            raise StudyError(Problem("technique", found, "Choose technique='direct'."))
