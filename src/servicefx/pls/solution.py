"""Solution: everything the algorithm finds in a batch of samples, from their moments alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.pls.base_columns import BaseMoments
from servicefx.pls.composites import Scheme
from servicefx.pls.consistent import is_admissible
from servicefx.pls.model import PlsModel
from servicefx.pls.regressions import path_coefficients
from servicefx.pls.sample import MissingRule
from servicefx.pls.stage_solution import StageSolution, run_stage
from servicefx.pls.stages import SecondOrder, stages_of

__all__ = ["PlsChoices", "Solution", "solve"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlsChoices:
    """What a fit was asked to do.

    Attributes
    ----------
    scheme : {"path", "factorial", "centroid"}
        Inner weights.
    consistent : bool
        Whether reflective constructs are corrected for their items' errors (PLSc).
    missing : {"listwise", "mean", "em"}
        What happens to gaps.
    scaled : bool
        Whether items are standardised before they are weighted.
    second_order : {"disjoint", "embedded", "repeated"}
        How constructs of constructs are estimated.
    tolerance : float
        Largest move of a weight in the last round.
    max_iterations : int
        Rounds at most.
    """

    scheme: Scheme = "path"
    consistent: bool = False
    missing: MissingRule = "listwise"
    scaled: bool = True
    second_order: SecondOrder = "disjoint"
    tolerance: float = 1e-10
    max_iterations: int = 1000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Solution:
    """Answers of a batch of B samples.

    Attributes
    ----------
    stages : tuple of StageSolution
        The last one holds the paths.
    paths : ndarray, shape (B, n_paths)
        Standardised coefficients in the order of the model; NaN where there is no answer.
    r2 : ndarray, shape (B, n_outcomes)
        Explained shares in the order of `PlsModel.outcomes`.
    converged, admissible : ndarray of bool, shape (B,)
        Whether the weights of every stage stopped moving; whether the corrected solution could be that of
        common factors (as ``converged`` without ``consistent``).
    """

    stages: tuple[StageSolution, ...]
    paths: Floats
    r2: Floats
    converged: NDArray[np.bool_]
    admissible: NDArray[np.bool_]

    @property
    def last(self) -> StageSolution:
        """The run that holds the paths."""
        return self.stages[-1]

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Samples without an answer, shape (B,)."""
        return np.asarray(~self.converged | np.isnan(self.paths).any(axis=1), dtype=np.bool_)

    def measuring(self, construct: str) -> tuple[StageSolution, int]:
        """The last run in which a construct is made of more than its own score, and its place there.

        Raises
        ------
        KeyError
            If there is no such construct.
        """
        for found in reversed(self.stages):
            if construct not in found.stage.constructs:
                continue
            block = found.stage.block(construct)
            if not (len(block) == 1 and block[0].kind == "score" and block[0].name == construct):
                return found, found.stage.constructs.index(construct)
        raise KeyError(construct)


def solve(model: PlsModel, base: BaseMoments, choices: PlsChoices) -> Solution:
    """Estimate a model in a batch of samples.

    Parameters
    ----------
    model : PlsModel
    base : BaseMoments
        Covariances of the items, and of products of items where the model has products, of B samples.
    choices : PlsChoices

    Returns
    -------
    Solution
        NaN where a sample has no answer; nothing is refused here.

    Notes
    -----
    Weak data can have several solutions, and the weights a search begins with decide which one it finds.
    Every sample begins with equal weights, as `servicefx.pls.fit` does, so that a resample, fold, permutation
    or group has the answer that a fit to its rows would have.
    """
    found: list[StageSolution] = []
    for stage in stages_of(model, choices.second_order):
        found.append(
            run_stage(
                model, stage, base, tuple(found), scheme=choices.scheme, consistent=choices.consistent,
                scaled=choices.scaled, tolerance=choices.tolerance, max_iterations=choices.max_iterations,
            )
        )  # fmt: skip
    last = found[-1]
    at = {name: j for j, name in enumerate(last.stage.constructs)}
    paths = np.empty((base.n_samples, len(model.paths)))
    r2 = np.empty((base.n_samples, len(model.outcomes)))
    for number, outcome in enumerate(model.outcomes):
        terms = tuple(at[term] for term in model.terms(outcome))
        coefficients = path_coefficients(last.correlations, terms, at[outcome])
        r2[:, number] = np.einsum("bt,bt->b", coefficients, last.correlations[:, list(terms), at[outcome]])
        paths[:, [j for j, (lhs, _) in enumerate(model.paths) if lhs == outcome]] = coefficients
    converged = np.logical_and.reduce([each.converged for each in found])
    admissible = converged.copy()
    if choices.consistent:
        for each in found:
            reliability = np.where(np.isnan(each.rho_a) & converged[:, None], 1.0, each.rho_a)
            admissible &= is_admissible(each.correlations, reliability, each.own_loadings)
    return Solution(stages=tuple(found), paths=paths, r2=r2, converged=converged, admissible=admissible)
