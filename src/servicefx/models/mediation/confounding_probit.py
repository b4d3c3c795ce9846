"""Hidden causes of mediator and outcome where the outcome holds 0 and 1: linear mediators and a probit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from servicefx.errors import DataError, Problem
from servicefx.models.mediation.confounding import (
    RHO,
    ErrorSpread,
    MediatorConfounding,
    collected,
    error_precision,
    rho_grid,
)
from servicefx.models.mediation.layouts import sequences_of
from servicefx.models.mediation.natural_model import natural_model
from servicefx.models.mediation.nested_means import LinearMediators
from servicefx.study.study import Study
from servicefx.values.effect import Effect

__all__ = ["probit_confounding"]


def probit_confounding(
    data: pd.DataFrame | Study,
    layout: int = 4,
    *,
    source: str,
    outcome: str,
    mediators: Sequence[str],
    covariates: Sequence[str] = (),
    change: float | tuple[float, float] | None = None,
    rho: Sequence[float] = RHO,
    draws: int | None = None,
    seed: int | None = None,
    clusters: pd.Series | None = None,
    file: str | None = None,
    level: float = 0.95,
) -> MediatorConfounding:
    """How strongly hidden causes would have to join mediator and a 0/1 outcome for its part to vanish.

    Parameters
    ----------
    data, layout, source, outcome, mediators, covariates, change, draws, seed, clusters, file
        As `natural_effects`; mediators are measurements, the outcome holds 0 and 1 and follows a probit.
    rho : sequence of float
        Correlations of the mediator's error and that of the response behind the outcome, between -1 and 1.
    level : float

    Returns
    -------
    MediatorConfounding
        Changes of a share: what the routes that end with this mediator's own step add, all else moved. With
        one mediator and rho = 0 that is its total natural indirect effect.

    Raises
    ------
    DataError
        If a mediator or the outcome is of another kind, or as `natural_effects`.
    IdentificationError
        If terms separate the two answers.

    Notes
    -----
    The response behind the outcome given source and covariates, mediators averaged out, has the same mean and
    spread under every rho; what rho moves is the part of it that comes through the mediator, whose slope per
    unit of that spread is ``(b_k - [S⁻¹]_kk sd rho / sqrt(1 - rho² sd² [S⁻¹]_kk)) / sqrt(1 + b'Sb)``, with b
    the probit as fitted and S the covariance of the mediators' errors.

    References
    ----------
    Imai, Keele & Yamamoto (2010), Statistical Science 25, 51-71 (probit outcome).
    """
    grid = rho_grid(rho)
    model = natural_model(
        data, layout, source=source, outcome=outcome, mediators=mediators, covariates=covariates,
        outcome_kind="probit", interaction=False, change=change, draws=draws, seed=seed, weights=None,
        clusters=clusters, file=file,
    )  # fmt: skip
    rows, means, fitted = model.rows, model.means, model.fitted[model.rows.outcome]
    if not isinstance(means, LinearMediators):
        found = f"mediator '{rows.mediators[0]}' holds 0 and 1 only"
        raise DataError(Problem(rows.where, found, "Name a mediator that is a measurement."))
    moved = dict.fromkeys(sequences_of(model.layout, rows.mediators), 1)
    whole = means.nested(1, moved)[:, 0]
    by = model.levels.values[1] - model.levels.values[0]
    curves, spreads = {}, {}
    for place, name in enumerate(rows.mediators):
        sd = np.sqrt(model.errors[:, place, place])
        spread = ErrorSpread(
            slope=fitted.step(name),
            sd=sd,
            precision=error_precision(model.errors, place),
            outcome_sd=np.ones(len(sd)),
            left=np.full(
                len(sd), _left(model.rows.frame, name, float(sd[0]), fitted.slopes[0], fitted.terms)
            ),
        )
        taken = [spread.slope_at(value) * means.reach(name) * by for value in grid]
        curves[name] = np.column_stack([whole - means.nested(1, moved, part)[:, 0] for part in taken])
        spreads[name] = spread
    like = Effect(
        estimand=f"change in the share with {rows.outcome}, {model.words}",
        unit="share",
        estimate=0.0,
        draws=np.zeros(len(rows.counts)),
        draw_source=(rows.draw_source,),
        design="adjusted",
        assumptions=(*model.assumptions, "the response behind the outcome has a normal error"),
    )
    return collected(rows.source, rows.outcome, grid, curves, spreads, like, level)


def _left(frame: pd.DataFrame, mediator: str, sd: float, slopes: np.ndarray, terms: Sequence[str]) -> float:
    """Unexplained share of the mediator's variance times that of the response behind the outcome."""
    explained = np.var(frame[list(terms)].to_numpy(dtype=float) @ slopes)
    return float(sd**2 / np.var(frame[mediator].to_numpy(dtype=float)) / (1 + explained))
