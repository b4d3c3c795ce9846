"""A test of a model against the saturated one, scaled or not."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["ModelTest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTest:
    """A test of a model against the saturated one.

    Attributes
    ----------
    chi2 : float
        The statistic before scaling: n F, or (n - 1) F with least squares.
    df : int
        Degrees of freedom.
    scaling_factor : float, optional
        The scaled statistic is ``chi2 / scaling_factor + shift``. None: the estimator gives no scaled test;
        NaN: it would, but there is no degree of freedom.
    shift : float
        0 for mean-scaled tests (MLM, MLR); the shift of scaled-and-shifted ones (WLSMV).
    follows_chi2 : bool
        False where ``chi2`` has no chi-square law even under normality (ULS), so that it has no p-value.
    """

    chi2: float
    df: int
    scaling_factor: float | None = None
    shift: float = 0.0
    follows_chi2: bool = True

    @property
    def factor(self) -> float:
        """``scaling_factor``; NaN where there is none or it is not positive."""
        given = math.nan if self.scaling_factor is None else float(self.scaling_factor)
        return given if given > 0 else math.nan

    @property
    def chi2_scaled(self) -> float:
        """The scaled statistic; NaN without a scaled test, ``chi2`` without degrees of freedom."""
        if self.df == 0 and self.scaling_factor is not None:
            return self.chi2
        return self.chi2 / self.factor + self.shift

    @property
    def expected(self) -> float:
        """What ``chi2`` averages if the model holds: trace(U Gamma), estimated."""
        return self.factor * (self.df - self.shift) if self.df else math.nan
