"""The ratio of two slopes with an interval that stays honest where the lower one may be zero."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.values.estimates import critical_value

__all__ = ["FiellerInterval", "fieller_interval"]

_ZERO = "the denominator may be 0"


@dataclass(frozen=True, slots=True, kw_only=True)
class FiellerInterval:
    """Ratios that the data do not reject.

    Attributes
    ----------
    low, high : float
        Ends, where the set is an interval; NaN else.
    unbounded : str
        Why there is none: which ratios are not rejected. Empty where it is an interval.
    """

    low: float
    high: float
    unbounded: str = ""


def fieller_interval(
    above: float, below: float, covariance: NDArray[np.float64], df: float, level: float = 0.95
) -> FiellerInterval:
    """Fieller's interval of a ratio of two estimates.

    The ratios r at which ``above - r * below`` does not differ from zero. Where the denominator may itself be
    zero, no finite interval can cover as often as it says: the set then is all numbers, or all but a stretch,
    and that is said.

    Parameters
    ----------
    above, below : float
        Numerator and denominator.
    covariance : ndarray, shape (2, 2)
        Of the two.
    df : float
        Degrees of freedom; ``inf`` for the normal.
    level : float
        In (0, 1).

    Returns
    -------
    FiellerInterval

    References
    ----------
    Fieller (1954), J. Royal Statistical Society B 16, 175-185, sec. 2.

    Examples
    --------
    >>> found = fieller_interval(2.0, 1.0, np.diag([0.01, 0.01]), float("inf"))
    >>> round(found.low, 3), round(found.high, 3)
    (1.626, 2.534)
    >>> fieller_interval(2.0, 0.1, np.diag([0.01, 0.01]), float("inf")).unbounded[:35]
    'the denominator may be 0: ratios up'
    """
    square = critical_value(level, df) ** 2
    a = below**2 - square * float(covariance[1, 1])
    b = above * below - square * float(covariance[0, 1])
    c = above**2 - square * float(covariance[0, 0])
    inside = b**2 - a * c
    if inside < 0:
        return FiellerInterval(low=float("nan"), high=float("nan"), unbounded=f"{_ZERO}: any ratio fits")
    far = b + np.copysign(np.sqrt(inside), b)
    with np.errstate(divide="ignore", invalid="ignore"):
        first = far / np.float64(a if a > 0 else -abs(a))  # at a = 0 minus infinity, as just below it
        second = np.float64(c) / far  # from the product of the roots, which does not cancel
    low, high = sorted((float(first), float(second)))
    if a > 0:
        return FiellerInterval(low=low, high=high)
    said = f"{_ZERO}: ratios up to {low:.3g} and from {high:.3g} on fit"
    return FiellerInterval(low=float("nan"), high=float("nan"), unbounded=said)
