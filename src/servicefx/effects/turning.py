"""Whether a slope changes its sign within the data, so that no one word says what a term does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from servicefx.engines.linear import fit_ols
from servicefx.models.sample import sample_of
from servicefx.study.study import Study
from servicefx.values.estimates import critical_value

__all__ = ["slopes_at_ends", "turns_round"]


def slopes_at_ends(
    study: Study, data: str, source: str, outcome: str, given: Sequence[str], *, share: float = 0.1
) -> tuple[tuple[float, float, float], tuple[float, float, float]] | None:
    """Slope and interval where a term is low and where it is high, with its square held too.

    Parameters
    ----------
    study : Study
    data : str
        Data file.
    source, outcome : str
        Term and outcome.
    given : sequence of str
        Constructs or columns held.
    share : float
        Low and high are these quantiles of the term, from below and from above; in (0, .5).

    Returns
    -------
    tuple of two (float, float, float), or None
        Slope, lower and upper end at the low place and at the high one, in units of the outcome per unit of
        the term; None for a term of two values.

    Raises
    ------
    DataError, IdentificationError
        As `servicefx.engines.linear.fit_ols`.
    """
    sample = sample_of(study, data, [outcome, source, *given])
    frame = sample.frame
    if frame[source].nunique() < 3:
        return None
    middle = float(frame[source].mean())
    square = f"{source}²"
    frame = frame.assign(**{square: (frame[source] - middle) ** 2})
    terms = [source, square, *(str(name) for name in sample.frame.columns if name not in (outcome, source))]
    fit = fit_ols(
        frame,
        outcome,
        terms,
        covariance="hc3" if sample.clusters is None else "cluster",
        clusters=sample.clusters,
        weights=sample.weights,
    )
    limit = critical_value(study.level, fit.df)
    found = []
    for place in np.quantile(frame[source], [share, 1 - share]):
        by = np.zeros(len(fit.terms))
        by[0], by[1] = 1.0, 2 * (float(place) - middle)
        estimate = float(by @ fit.coefficients)
        half = limit * float(np.sqrt(by @ fit.covariance @ by))
        found.append((estimate, estimate - half, estimate + half))
    return found[0], found[1]


def turns_round(ends: tuple[tuple[float, float, float], tuple[float, float, float]] | None) -> bool:
    """Whether both intervals of `slopes_at_ends` keep off zero, on opposite sides.

    Examples
    --------
    >>> turns_round(((-0.5, -0.6, -0.4), (0.2, 0.1, 0.3))), turns_round(None)
    (True, False)
    """
    if ends is None:
        return False
    (_, low, high), (_, other_low, other_high) = ends
    return (high < 0 < other_low) or (other_high < 0 < low)
