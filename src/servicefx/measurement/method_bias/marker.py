"""Marker variable: correlations less what a theoretically unrelated variable shares with everything."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, stdtr

from servicefx.errors import DataError, Problem, closest
from servicefx.measurement.dimensions.item_correlations import item_correlations
from servicefx.moments.moments import Moments
from servicefx.values.estimates import critical_value

__all__ = ["MARKER_WEAKNESS", "MarkerCorrelations", "marker_correlations"]

MARKER_WEAKNESS = (
    "The adjustment supposes that a common method adds the same amount to every correlation (Lindell & "
    "Whitney 2001).",
    "The published t test takes the correlation partialled out for known and for a partial correlation's: "
    "with a real method and no other correlation it rejects about one time in five at 5 % (200 rows, r = .3, "
    "simulated). The errors, intervals and p-values given here allow for both estimates and do not.",
    "The smallest of several correlations is smaller than the method's by chance: looked for among five "
    "constructs, a correlation due to the method alone is rejected about 12 % of the time at 5 % (200 rows, "
    "r = .3, simulated). Naming beforehand the construct that the marker is unrelated to avoids this; the "
    "second smallest is a more cautious choice.",
    "A marker that is in truth related to a construct takes away substance; one that shares no method with "
    "the constructs takes away nothing.",
)
"""What the reader must know of this test, sentence by sentence."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MarkerCorrelations:
    """Correlations of constructs before and after partialling out a common method.

    Attributes
    ----------
    table : DataFrame
        One row a pair: ``construct, other, estimate, adjusted, std_error, p_value, conf_low, conf_high`` (of
        ``adjusted``, allowing for both correlations being estimated), ``published_statistic,
        published_p_value`` (Lindell & Whitney's t), ``undefined``.
    method_correlation : float
        What was partialled out; NaN where no correlation is positive.
    chosen : str
        Where it stands, in words.
    second_smallest : float
        The next smallest positive one, for a second, more cautious run; NaN where there is none.
    n_obs, dropped : int
        Complete rows, and rows left out for a gap.
    weakness : tuple of str
        What the reader must know of the test.
    """

    table: pd.DataFrame
    method_correlation: float
    chosen: str
    second_smallest: float
    n_obs: int
    dropped: int
    weakness: tuple[str, ...]


def marker_correlations(
    scores: pd.DataFrame | Moments,
    *,
    marker: str | None = None,
    unrelated: str | None = None,
    method_correlation: float | None = None,
    level: float = 0.95,
) -> MarkerCorrelations:
    r"""Correlations of constructs with the part due to a common method partialled out.

    Parameters
    ----------
    scores : DataFrame, shape (n, k), or Moments
        Scores of constructs, and of the marker if there is one. Rows with a gap are not used, and counted.
        At least three columns.
    marker : str, optional
        Column of a variable unrelated to the constructs in theory. Its smallest positive correlation with
        them is taken out; without a marker the smallest positive correlation of any two constructs.
    unrelated : str, optional
        The construct that theory says the marker has nothing to do with: their correlation is taken out,
        whichever is smallest, and nothing is looked for in the data. What the source advises.
    method_correlation : float, optional
        Taken out instead, in [0, 1): e.g. the second smallest correlation.
    level : float
        Of the intervals, strictly between 0 and 1.

    Returns
    -------
    MarkerCorrelations
        Weights and clusters are not allowed for: errors and tests suppose independent, equally weighted,
        normal rows.

    Raises
    ------
    DataError
        If the marker is not there, a column is constant, columns add up to one another, or rows are too few.

    Notes
    -----
    :math:`r_A = (r - r_M) / (1 - r_M)`. Its error is the delta method's from the large-sample covariance of
    correlations, or from that of r alone where ``method_correlation`` is given; interval and p-value are
    taken on Fisher's scale. They do not know that the smallest correlation was looked for, where it
    was. The published test
    is :math:`t = r_A / \sqrt{(1 - r_A^2) / (n - 3)}` on n - 3 degrees of freedom.

    References
    ----------
    Lindell & Whitney (2001), J. Appl. Psychol. 86, 114-121, eqs. 4-5; Malhotra, Kim & Patil (2006), Manage.
    Sci. 52, 1865-1883 (second smallest); Pearson & Filon (1898), Philos. Trans. R. Soc. A 191, 229-311, and
    Steiger (1980), Psychol. Bull. 87, 245-251 (covariance of correlations).

    Examples
    --------
    >>> printed = Moments.from_correlation(
    ...     [[1, 0.5, 0.2], [0.5, 1, 0.1], [0.2, 0.1, 1]], [1, 1, 1], 200, names=["q", "s", "colour"])
    >>> found = marker_correlations(printed, marker="colour")
    >>> round(found.method_correlation, 4), round(float(found.table["adjusted"][0]), 4)
    (0.1, 0.4444)
    """
    found = item_correlations(scores)
    names, R, n = found.names, found.correlation, found.n_obs
    if n <= 3 + 1:
        raise DataError(Problem("scores", f"{n} complete rows, at least 5 expected", "Add rows."))
    if marker is not None and marker not in names:
        text = f"not among the scores{closest(marker, names)}"
        raise DataError(Problem(f"marker '{marker}'", text, "Correct the name."))
    if method_correlation is not None and not 0 <= method_correlation < 1:
        raise ValueError(f"method_correlation {method_correlation} is outside [0, 1)")
    rest = [name for name in names if name != marker]
    if unrelated is not None and (marker is None or unrelated not in rest):
        text = (
            "no marker is named" if marker is None else f"not among the constructs{closest(unrelated, rest)}"
        )
        raise DataError(Problem(f"unrelated '{unrelated}'", text, "Name a marker and one of the constructs."))
    at = {name: names.index(name) for name in names}
    if marker is None:
        candidates = {pair: float(R[at[pair[0]], at[pair[1]]]) for pair in combinations(rest, 2)}
    else:
        candidates = {(marker, name): float(R[at[marker], at[name]]) for name in rest}
        if unrelated is not None:
            candidates = {(marker, unrelated): candidates[marker, unrelated]}
    positive = sorted((value, pair) for pair, value in candidates.items() if value > 0)
    pair: tuple[int, int] | None = None
    taken, chosen = float("nan"), "no correlation is positive: nothing to take out"
    if method_correlation is not None:
        taken, chosen = method_correlation, "as given"
    elif positive:
        taken = positive[0][0]
        left, right = positive[0][1]
        pair = at[left], at[right]
        why_this = "as named" if unrelated is not None else "the smallest positive correlation"
        chosen = f"'{left}' and '{right}', {why_this}"
    why = "" if np.isfinite(taken) else chosen
    return MarkerCorrelations(
        table=_table([(name, at[name]) for name in rest], R, taken, pair, n, level, why),
        method_correlation=taken,
        chosen=chosen,
        second_smallest=positive[1][0] if len(positive) > 1 else float("nan"),
        n_obs=n,
        dropped=found.dropped,
        weakness=MARKER_WEAKNESS,
    )


def _table(
    names: list[tuple[str, int]],
    R: NDArray[np.float64],
    taken: float,
    pair: tuple[int, int] | None,
    n_obs: int,
    level: float,
    why: str,
) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    nan, df = float("nan"), n_obs - 3
    for (left, i), (right, j) in combinations(names, 2):
        r = float(R[i, j])
        adjusted, reason = (r - taken) / (1 - taken), why
        if adjusted <= -1:
            adjusted, reason = nan, "so negative that the adjusted correlation falls below -1"
        error = np.sqrt(_variance(R, (i, j), pair, taken) / n_obs)
        if pair is not None and set(pair) == {i, j}:
            error, reason = nan, "this is the correlation taken out: it has no error of its own"
        half = error / (1 - adjusted**2)
        low, high = np.tanh(np.arctanh(adjusted) + critical_value(level) * half * np.array([-1.0, 1.0]))
        published = adjusted / np.sqrt((1 - adjusted**2) / df) if not reason else nan
        rows.append(
            {
                "construct": left,
                "other": right,
                "estimate": r,
                "adjusted": adjusted,
                "std_error": error if np.isfinite(adjusted) else nan,
                "p_value": 2 * float(ndtr(-abs(np.arctanh(adjusted) / half))),
                "conf_low": low,
                "conf_high": high,
                "published_statistic": published,
                "published_p_value": 2 * float(stdtr(df, -abs(published))),
                "undefined": reason,
            }
        )
    return pd.DataFrame(rows)


def _variance(
    R: NDArray[np.float64], own: tuple[int, int], pair: tuple[int, int] | None, taken: float
) -> float:
    """Variance of an adjusted correlation, times n; ``pair`` is where the one taken out stands."""
    by_own = 1 / (1 - taken)
    variance = by_own**2 * _covariance(R, own, own)
    if pair is None:
        return variance
    by_taken = -(1 - float(R[own])) / (1 - taken) ** 2
    joint = 2 * by_own * by_taken * _covariance(R, own, pair)
    return variance + by_taken**2 * _covariance(R, pair, pair) + joint


def _covariance(R: NDArray[np.float64], one: tuple[int, int], two: tuple[int, int]) -> float:
    """Large-sample covariance of two correlations of normal variables, times n."""
    (i, j), (k, m) = one, two
    squares = R[i, k] ** 2 + R[i, m] ** 2 + R[j, k] ** 2 + R[j, m] ** 2
    cross = R[i, k] * R[j, m] + R[i, m] * R[j, k]
    at_one = R[i, j] * (R[i, k] * R[i, m] + R[j, k] * R[j, m])
    at_two = R[k, m] * (R[k, i] * R[k, j] + R[m, i] * R[m, j])
    return float(R[i, j] * R[k, m] * squares / 2 + cross - at_one - at_two)
