"""What hidden causes of mediator and outcome would do to an indirect effect: the correlation of errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import Problem, StudyError
from servicefx.models.mediation.answers import Mediation
from servicefx.models.mediation.layouts import equations_of, sequences_of
from servicefx.models.mediation.moments import Paths, paths_of
from servicefx.values.effect import Effect

__all__ = [
    "RHO",
    "ErrorSpread",
    "MediatorConfounding",
    "collected",
    "error_precision",
    "mediator_confounding",
    "rho_grid",
]

Floats = NDArray[np.float64]
RHO = tuple(round(0.05 * step, 2) for step in range(-18, 19))
"""Correlations at which curves stand unless others are asked for."""
_NO_ERROR = 1e-12
"""Share of a variance below which what is left unexplained is rounding."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MediatorConfounding:
    """Indirect effects beside correlated errors of mediator and outcome.

    Attributes
    ----------
    source, outcome : str
    curve : DataFrame
        ``via, rho, estimate, conf_low, conf_high, unit``: what goes through the last step mediator → outcome,
        were the errors of the two correlated by rho; one block a mediator, rho rising.
    vanishing : DataFrame
        One row a mediator: ``via, rho, rho_low, rho_high`` at which that effect is zero; ``r2_rest``: product
        of the shares of what is left unexplained that a hidden cause of both would explain there (rho
        squared); ``r2_whole``: the same of the whole variances.
    effects : tuple of Effect
        The vanishing rho of every mediator, with draws.
    """

    source: str
    outcome: str
    curve: pd.DataFrame
    vanishing: pd.DataFrame
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ErrorSpread:
    """What the effect of a mediator's last step needs to be seen beside correlated errors.

    Attributes
    ----------
    slope : ndarray, shape (b,)
        Mediator → outcome as fitted.
    sd : ndarray, shape (b,)
        Of the mediator's error.
    precision : ndarray, shape (b,)
        Of the mediator's error given those of the other mediators: inverse of the part they leave.
    outcome_sd : ndarray, shape (b,)
        Of the outcome's error as fitted; 1 of a probit.
    left : ndarray, shape (b,)
        Share of mediator's times share of outcome's variance that the equations leave unexplained.
    """

    slope: Floats
    sd: Floats
    precision: Floats
    outcome_sd: Floats
    left: Floats

    def slope_at(self, rho: float) -> Floats:
        """Mediator → outcome in units of the outcome's error as fitted, were errors correlated, shape (b,).

        Of a line the true error is wider than the fitted one by ``1 / sqrt(1 - rho² sd² precision)``.
        """
        with np.errstate(invalid="ignore"):
            rest = np.sqrt(1 - rho**2 * self.sd**2 * self.precision)
        with np.errstate(divide="ignore", invalid="ignore"):
            shifted = self.slope - self.precision * self.sd * self.outcome_sd * rho / rest
        return np.where(np.isfinite(shifted), shifted, np.nan)

    def vanishing(self) -> Floats:
        """The correlation at which the slope is zero, shape (b,)."""
        ratio = self.slope / (self.precision * self.sd * self.outcome_sd)
        return np.asarray(ratio / np.sqrt(1 + ratio**2 * self.sd**2 * self.precision), dtype=np.float64)


def mediator_confounding(
    fit: Mediation, *, rho: Sequence[float] = RHO, level: float = 0.95
) -> MediatorConfounding:
    """How strongly hidden causes would have to join mediator and outcome for an indirect effect to vanish.

    Parameters
    ----------
    fit : Mediation
        Of layout 4 or 6.
    rho : sequence of float
        Correlations of the two errors, each strictly between -1 and 1.
    level : float

    Returns
    -------
    MediatorConfounding
        One mediator at a time: the errors of the others stay uncorrelated with the outcome's. Of mediators
        one after the other, the effect is that of all routes that end with this mediator's own step.

    Raises
    ------
    StudyError
        If something moderates, or a correlation is not between -1 and 1.

    Notes
    -----
    With mediators' errors e of covariance S (diagonal in layout 6, where each equation holds the mediators
    before) and cov(e_k, e_y) = rho sd_k sd_y, least squares finds ``b + S⁻¹ cov(e, e_y)``; hence ``b_k(rho) =
    b_k - [S⁻¹]_kk sd_k s rho / sqrt(1 - rho² sd_k² [S⁻¹]_kk)`` with s the residual spread of the outcome as
    fitted. With one mediator that is Imai, Keele & Yamamoto's, and vanishes where rho is the correlation of
    the residuals of mediator and outcome, the mediator left out.

    References
    ----------
    Imai, Keele & Yamamoto (2010), Statistical Science 25, 51-71 (sensitivity analysis); Imai, Keele &
    Tingley (2010), Psychological Methods 15, 309-334 (R² version).
    """
    if fit.layout.moderated:
        found = f"layout {fit.layout.number} has conditional effects"
        raise StudyError(Problem("hidden causes of mediator and outcome", found, "Ask for layout 4 or 6."))
    grid = rho_grid(rho)
    equations = equations_of(fit.layout, fit.source, fit.mediators, fit.outcome, None, fit.covariates)
    covs = np.concatenate([fit.moments.cov[None], fit.moments.covs])
    paths = paths_of(fit.moments.names, covs, equations)
    errors = paths.residual_covariance(fit.mediators)
    outcome_sd = _spread(paths.residual_covariance([fit.outcome])[:, 0, 0], paths.sd(fit.outcome))
    curves, spreads = {}, {}
    for place, mediator in enumerate(fit.mediators):
        sd = _spread(errors[:, place, place], paths.sd(mediator))
        left = (sd * outcome_sd / (paths.sd(mediator) * paths.sd(fit.outcome))) ** 2
        spread = ErrorSpread(
            slope=paths.step(mediator, fit.outcome),
            sd=sd,
            precision=error_precision(errors, place),
            outcome_sd=outcome_sd,
            left=left,
        )
        reach = _reach(fit, paths, mediator)
        curves[mediator] = np.column_stack([reach * spread.slope_at(value) for value in grid])
        spreads[mediator] = spread
    source = fit.effects[0].effect
    return collected(fit.source, fit.outcome, grid, curves, spreads, source, level)


def _spread(variance: Floats, whole: Floats) -> Floats:
    """Standard deviation of errors; NaN where a resample is fitted without any, so that none correlate."""
    return np.asarray(np.sqrt(np.where(variance > _NO_ERROR * whole**2, variance, np.nan)))


def rho_grid(rho: Sequence[float]) -> tuple[float, ...]:
    """Correlations, rising; refused where one is not strictly between -1 and 1."""
    grid = tuple(sorted({float(value) for value in rho}))
    wrong = [value for value in grid if not -1 < value < 1]
    if wrong or not grid:
        found = f"rho {wrong[0]:g}, expected numbers between -1 and 1" if wrong else "no rho"
        raise StudyError(Problem("hidden causes of mediator and outcome", found, "Choose e.g. rho=[0, .3]."))
    return grid


def error_precision(errors: Floats, place: int) -> Floats:
    """Diagonal element of the inverse of every matrix, NaN where one is singular."""
    found = np.full(len(errors), np.nan)
    known = np.asarray(np.isfinite(errors).all(axis=(1, 2)))
    known[known] = np.abs(np.linalg.det(errors[known])) > 0
    found[known] = np.linalg.inv(errors[known])[:, place, place]
    return found


def _reach(fit: Mediation, paths: Paths, mediator: str) -> Floats:
    """Source → mediator over all routes that end there."""
    total = np.zeros(paths.size)
    for route in sequences_of(fit.layout, fit.mediators):
        if route[-1] == mediator:
            product, before = np.ones(paths.size), fit.source
            for name in route:
                product, before = product * paths.step(before, name), name
            total = total + product
    return total


def collected(
    source: str,
    outcome: str,
    grid: Sequence[float],
    curves: dict[str, Floats],
    spreads: dict[str, ErrorSpread],
    like: Effect,
    level: float,
) -> MediatorConfounding:
    """Curves, shape (1 + draws, grid), and vanishing correlations as frames, the sample's row first."""
    tails = [(1 - level) / 2, (1 + level) / 2]
    blocks, rows, effects = [], [], []
    for mediator, curve in curves.items():
        low = high = np.full(len(grid), np.nan)
        drawn = curve[1:]
        if len(drawn) > 1:
            enough = np.isfinite(drawn).sum(axis=0) > 1
            low, high = np.full((2, len(grid)), np.nan)
            low[enough], high[enough] = np.nanquantile(drawn[:, enough], tails, axis=0)
        block = pd.DataFrame(
            {
                "via": mediator, "rho": grid, "estimate": curve[0], "conf_low": low, "conf_high": high,
                "unit": like.unit,
            }
        )  # fmt: skip
        blocks.append(block[np.isfinite(curve[0])])
        at = spreads[mediator].vanishing()
        effect = Effect(
            estimand=f"correlation of the errors of {mediator} and {outcome} at which what {source} does "
            f"through that step vanishes",
            unit="correlation",
            estimate=float(at[0]),
            draws=at[1:],
            draw_source=like.draw_source,
            design=like.design,
            assumptions=(*like.assumptions, "one hidden cause of one mediator and the outcome at a time"),
        )
        ends = effect.interval(level)
        rows.append(
            {
                "via": mediator, "rho": effect.estimate, "rho_low": ends[0], "rho_high": ends[1],
                "r2_rest": effect.estimate**2,
                "r2_whole": effect.estimate**2 * float(spreads[mediator].left[0]),
            }
        )  # fmt: skip
        effects.append(effect)
    return MediatorConfounding(
        source=source,
        outcome=outcome,
        curve=pd.concat(blocks, ignore_index=True),
        vanishing=pd.DataFrame(rows),
        effects=tuple(effects),
    )
