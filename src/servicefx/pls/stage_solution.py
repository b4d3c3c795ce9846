"""One run of the algorithm on a batch of samples, on items or on what earlier runs made of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.pls.base_columns import BaseMoments, product_weights
from servicefx.pls.composites import Composites, Scheme, composites
from servicefx.pls.consistent import corrected_correlations, rho_a
from servicefx.pls.model import PlsModel
from servicefx.pls.stages import Stage

__all__ = ["StageSolution", "last_making", "run_stage"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StageSolution:
    """One run of the algorithm on a batch of B samples.

    Attributes
    ----------
    stage : Stage
        q columns, K constructs.
    correlation : ndarray, shape (B, q, q)
        Of the columns; corrected for the errors of scores among them where consistent.
    sd : ndarray, shape (B, q)
        Of the columns as they enter: 1 where they were standardised.
    weights : ndarray, shape (B, q, K)
        Of the columns as they enter; zero outside a construct's block. Composites have variance 1.
    base_weights : ndarray, shape (B, P, K)
        Of the base columns, in the users' units.
    composite_loadings : ndarray, shape (B, q, K)
        Correlations of every column with every composite.
    composite_correlations : ndarray, shape (B, K, K)
    rho_a : ndarray, shape (B, K)
        Reliability of reflective Mode A constructs of two columns or more; NaN for the others.
    loadings : ndarray, shape (B, q, K)
        Of every column on every construct: corrected where consistent, else of the composites.
    correlations : ndarray, shape (B, K, K)
        Of the constructs: corrected where consistent, else of the composites.
    converged : ndarray of bool, shape (B,)
    iterations : int
        Rounds made.
    """

    stage: Stage
    correlation: Floats
    sd: Floats
    weights: Floats
    base_weights: Floats
    composite_loadings: Floats
    composite_correlations: Floats
    rho_a: Floats
    loadings: Floats
    correlations: Floats
    converged: NDArray[np.bool_]
    iterations: int

    @property
    def standardised_weights(self) -> Floats:
        """Weights of the standardised columns, shape (B, q, K)."""
        return np.asarray(self.weights * self.sd[:, :, None], dtype=np.float64)

    @property
    def own_loadings(self) -> Floats:
        """Loadings of the columns on the constructs they belong to, shape (B, number of such pairs)."""
        pairs = [(i, j) for j, block in enumerate(self.stage.design.blocks) for i in block]
        rows, columns = zip(*pairs, strict=True)
        return np.asarray(self.loadings[:, list(rows), list(columns)], dtype=np.float64)


def last_making(construct: str, stages: tuple[StageSolution, ...]) -> tuple[StageSolution, int]:
    """The last run that makes a construct or product, and its place there."""
    run = next(run for run in reversed(stages) if construct in run.stage.constructs)
    return run, run.stage.constructs.index(construct)


def run_stage(
    model: PlsModel,
    stage: Stage,
    base: BaseMoments,
    before: tuple[StageSolution, ...],
    *,
    scheme: Scheme,
    consistent: bool,
    scaled: bool,
    tolerance: float,
    max_iterations: int,
) -> StageSolution:
    """Run the algorithm once.

    Parameters
    ----------
    model : PlsModel
    stage : Stage
    base : BaseMoments
        Of B samples.
    before : tuple of StageSolution
        Earlier runs, whose scores may stand among the columns.
    scheme, consistent, scaled, tolerance, max_iterations
        As `servicefx.pls.fit`.

    Returns
    -------
    StageSolution
    """
    expansion: Floats | None = None
    if all(column.kind == "item" for column in stage.columns):
        places = base.places(tuple(column.name for column in stage.columns))
        unit = base.sd[:, places]
        entering = base.covariance[:, places][:, :, places]
        if scaled:
            entering = entering / (unit[:, :, None] * unit[:, None, :])
        else:
            flat = np.asarray(np.isnan(unit).any(axis=1))
            entering = np.where(flat[:, None, None], np.nan, entering)
    else:
        expansion = _expansion(model, stage, base, before, scaled=scaled)
        entering = np.swapaxes(expansion, 1, 2) @ base.covariance @ expansion
        if consistent:
            entering = _scores_corrected(entering, stage, before)
    found = composites(
        entering, stage.design, scheme=scheme, tolerance=tolerance, max_iterations=max_iterations
    )
    if expansion is None:
        base_weights = np.zeros((base.n_samples, base.covariance.shape[1], len(stage.constructs)))
        base_weights[:, places] = found.weights / unit[:, :, None] if scaled else found.weights
    else:
        base_weights = expansion @ found.weights
    sd = np.sqrt(np.einsum("bqq->bq", entering))
    correlation = entering / (sd[:, :, None] * sd[:, None, :])
    reliability = _reliability(model, stage, entering, found.weights)
    loadings, correlations = found.loadings, found.correlations
    if consistent:
        usable = np.where(np.isnan(reliability) & found.converged[:, None], 1.0, reliability)
        correlations = corrected_correlations(correlations, usable)
        loadings = _consistent_loadings(stage, found, sd, reliability, usable)
    return StageSolution(
        stage=stage,
        correlation=correlation,
        sd=sd,
        weights=found.weights,
        base_weights=base_weights,
        composite_loadings=found.loadings,
        composite_correlations=found.correlations,
        rho_a=reliability,
        loadings=loadings,
        correlations=correlations,
        converged=found.converged,
        iterations=found.iterations,
    )


def _expansion(
    model: PlsModel, stage: Stage, base: BaseMoments, before: tuple[StageSolution, ...], *, scaled: bool
) -> Floats:
    """Weights of the base columns in every column of a stage, shape (B, P, q); scores have variance 1."""
    columns = np.zeros((base.n_samples, base.covariance.shape[1], len(stage.columns)))
    for at, column in enumerate(stage.columns):
        if column.kind == "item":
            place = base.places((column.name,))[0]
            unit = base.sd[:, place]
            columns[:, place, at] = 1.0 / unit if scaled else np.where(np.isnan(unit), np.nan, 1.0)
        elif column.kind == "score":
            columns[:, :, at] = _score(column.name, before)
        else:
            product = model.product(column.name)
            weights = product_weights(base, _score(product.left, before), _score(product.right, before))
            variance = np.einsum("bp,bpq,bq->b", weights, base.covariance, weights)
            size = np.sqrt(np.where(variance > 0, variance, np.nan))
            columns[:, :, at] = weights / size[:, None]
    return columns


def _score(construct: str, before: tuple[StageSolution, ...]) -> Floats:
    """Weights of the base columns in a construct's score, shape (B, P), from the last run that makes it."""
    run, at = last_making(construct, before)
    return np.asarray(run.base_weights[:, :, at], dtype=np.float64)


def _scores_corrected(entering: Floats, stage: Stage, before: tuple[StageSolution, ...]) -> Floats:
    """Correlations of the columns, those of scores being corrected for their items' errors.

    Van Riel, Henseler, Kemeny & Sasovova (2017), Industrial Management & Data Systems 117, 459-477.
    """
    root = np.ones(entering.shape[:2])
    for at, column in enumerate(stage.columns):
        if column.kind == "score":
            run, place = last_making(column.name, before)
            reliability = run.rho_a[:, place]
            usable = np.where(reliability > 0, reliability, np.nan)
            root[:, at] = np.sqrt(np.where(np.isnan(reliability), 1.0, usable))
    corrected = entering / (root[:, :, None] * root[:, None, :])
    at_diagonal = np.arange(len(stage.columns))
    corrected[:, at_diagonal, at_diagonal] = entering[:, at_diagonal, at_diagonal]
    return np.asarray(corrected, dtype=np.float64)


def _reliability(model: PlsModel, stage: Stage, entering: Floats, weights: Floats) -> Floats:
    """rho_A of every reflective Mode A construct with two columns or more, shape (B, K)."""
    reliability = np.full((len(entering), len(stage.constructs)), np.nan)
    for at, (name, block, mode) in enumerate(
        zip(stage.constructs, stage.design.blocks, stage.design.modes, strict=True)
    ):
        if name in model.reflective and mode == "A" and len(block) > 1:
            rows = list(block)
            reliability[:, at] = rho_a(entering[:, rows][:, :, rows], weights[:, rows, at])
    return reliability


def _consistent_loadings(
    stage: Stage, found: Composites, sd: Floats, reliability: Floats, usable: Floats
) -> Floats:
    """Loadings on the constructs behind the composites, shape (B, q, K).

    Dijkstra & Henseler (2015), MIS Quarterly 39, 297-316, eq. 5: proportional to the weights, in the metric
    in which the columns entered.
    """
    loadings = found.loadings
    root = np.sqrt(np.where(usable > 0, usable, np.nan))
    corrected = loadings / root[:, None, :]
    for at, block in enumerate(stage.design.blocks):
        rows = list(block)
        own = found.weights[:, rows, at]
        square = np.einsum("bp,bp->b", own, own)
        consistent = own * (root[:, at] / square)[:, None] / sd[:, rows]
        known = ~np.isnan(reliability[:, at])[:, None]
        corrected[:, rows, at] = np.where(known, consistent, loadings[:, rows, at])
    return np.asarray(corrected, dtype=np.float64)
