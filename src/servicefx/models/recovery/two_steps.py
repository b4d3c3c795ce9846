"""The second of Heckman's two steps: its coefficients, its errors, and what tells how far to trust it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc

from servicefx.engines.linear import fit_ols
from servicefx.models.recovery.likelihood import robust_covariance
from servicefx.models.recovery.mills import inverse_mills
from servicefx.values.estimates import Estimates, two_sided_p_value

__all__ = ["MILLS", "TwoSteps", "exclusion_strength", "inflation_of", "ratio_test"]

Floats = NDArray[np.float64]
MILLS = "inverse Mills ratio"
"""Name of the correction among the terms of a two-step fit."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TwoSteps:
    """Least squares among the selected with the inverse Mills ratio of a probit as a further term.

    Attributes
    ----------
    x : ndarray, shape (n_s, m)
        The outcome's terms among the selected, the constant last.
    y : ndarray, shape (n_s,)
        The outcome.
    w : ndarray, shape (n, k)
        Predictors of selection in all rows, the constant last.
    chosen : ndarray of bool, shape (n,)
        Who is selected.
    probit : Estimates
        The first step.
    """

    x: Floats
    y: Floats
    w: Floats
    chosen: NDArray[np.bool_]
    probit: Estimates

    @property
    def index(self) -> Floats:
        """The probit's index of the selected, shape (n_s,)."""
        return np.asarray(self.w[self.chosen] @ self.probit.coefficients, dtype=np.float64)

    @property
    def ratio(self) -> Floats:
        """Inverse Mills ratio of the selected, shape (n_s,)."""
        return inverse_mills(self.index)

    @property
    def design(self) -> Floats:
        """Terms and ratio, shape (n_s, m + 1)."""
        return np.column_stack([self.x, self.ratio])

    @property
    def coefficients(self) -> Floats:
        """Least squares, the ratio's coefficient last."""
        return np.asarray(np.linalg.lstsq(self.design, self.y, rcond=None)[0], dtype=np.float64)

    @property
    def first_covariance(self) -> Floats:
        """Classical covariance of the probit: the inverse of its observed information."""
        return np.asarray(np.linalg.inv(self._information()[1]), dtype=np.float64)

    def _information(self) -> tuple[Floats, Floats]:
        """Slopes of the probit's log likelihood in the index, (n,), and its information, (k, k)."""
        side = np.where(self.chosen, 1.0, -1.0)
        index = self.w @ self.probit.coefficients
        slope = side * inverse_mills(side * index)
        return slope, self.w.T @ ((slope * (slope + index))[:, None] * self.w)

    @property
    def decline(self) -> Floats:
        """By how much the ratio falls per unit of the index, λ (λ + a), in (0, 1)."""
        return self.ratio * (self.ratio + self.index)

    def spread(self) -> tuple[float, float]:
        """Spread of the outcome's unmeasured part in everybody, and its correlation with selection."""
        slopes = self.coefficients
        residual = self.y - self.design @ slopes
        sigma = float(np.sqrt(np.mean(residual**2) + np.mean(self.decline) * slopes[-1] ** 2))
        return sigma, float(slopes[-1] / sigma)

    def classical(self, sigma: float, rho: float) -> Floats:
        """Heckman's covariance: unequal variances of the selected, and the estimated ratio."""
        z, w = self.design, self.w[self.chosen]
        bread = np.asarray(np.linalg.inv(z.T @ z), dtype=np.float64)
        crossed = z.T @ (self.decline[:, None] * w)
        meat = z.T @ ((1.0 - rho**2 * self.decline)[:, None] * z)
        meat = meat + rho**2 * crossed @ self.first_covariance @ crossed.T
        return np.asarray(sigma**2 * bread @ meat @ bread, dtype=np.float64)

    def sandwich(self, groups: NDArray[np.intp]) -> Floats:
        """Covariance of the second step from the scores of both, summed within groups."""
        z, slopes = self.design, self.coefficients
        residual = self.y - z @ slopes
        slope, information = self._information()
        first = slope[:, None] * self.w
        crossed = z.T @ ((slopes[-1] * self.decline)[:, None] * self.w[self.chosen])
        crossed[-1] -= (residual * self.decline) @ self.w[self.chosen]
        scores = first @ np.linalg.solve(information, crossed.T)
        scores[self.chosen] += residual[:, None] * z
        return robust_covariance(np.asarray(np.linalg.inv(z.T @ z), dtype=np.float64), scores, groups)


def ratio_test(
    frame: pd.DataFrame, outcome: str, terms: Sequence[str], ratio: NDArray[np.float64]
) -> tuple[float, float]:
    """Statistic t of the ratio and its p-value: where there is no selection its plain error is right."""
    fit = fit_ols(frame.assign(**{MILLS: ratio}), outcome, [*terms, MILLS], covariance="classical")
    place = fit.terms.index(MILLS)
    statistic = float(fit.coefficients[place] / fit.std_errors[place])
    return statistic, float(two_sided_p_value(np.array([statistic]), fit.df)[0])


def inflation_of(x: Floats, ratio: Floats) -> float:
    """Variance inflation factor of the ratio."""
    residual = ratio - x @ np.linalg.lstsq(x, ratio, rcond=None)[0]
    return float(((ratio - ratio.mean()) ** 2).sum() / (residual**2).sum())


def exclusion_strength(probit: Estimates, excluded: tuple[str, ...]) -> dict[str, float]:
    """Wald test that the excluded predictors tell nothing."""
    if not excluded:
        return {}
    places = [probit.terms.index(name) for name in excluded]
    values = probit.coefficients[places]
    chi2 = float(values @ np.linalg.solve(probit.covariance[np.ix_(places, places)], values))
    return {"chi2": chi2, "df": float(len(places)), "p_value": float(chdtrc(len(places), chi2))}
