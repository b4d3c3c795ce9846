"""Which answers are missing together, and whether they are missing completely at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc

from servicefx.measurement.screening.answer_matrix import answer_matrix
from servicefx.moments.patterns import missing_patterns
from servicefx.moments.saturated import saturated_moments

__all__ = ["LittlesTest", "littles_mcar_test", "pattern_counts"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_CELLS = 2_000_000
"""Cells of the largest array of matrices: 16 MB in double precision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LittlesTest:
    """Little's test of answers missing completely at random.

    Attributes
    ----------
    chi2 : float
        Distance of the means of the patterns from the means of all; NaN where undefined.
    df : float
        Degrees of freedom; NaN where undefined.
    p_value : float
        A small one speaks against missing completely at random; a large one does not prove it.
    n_patterns : int
        Different patterns of gaps, complete rows included, rows without any answer not.
    n_obs : int
        Rows with at least one answer.
    denominator : str
        Of the covariances: ``"n-1"`` or ``"n"``.
    undefined : str
        Why there is no test; empty where there is.
    """

    chi2: float
    df: float
    p_value: float
    n_patterns: int
    n_obs: int
    denominator: Literal["n", "n-1"]
    undefined: str

    def table(self) -> pd.DataFrame:
        """One row: ``chi2, df, p_value, n_patterns, n_obs, undefined``."""
        names = ("chi2", "df", "p_value", "n_patterns", "n_obs", "undefined")
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


def littles_mcar_test(items: pd.DataFrame, *, denominator: Literal["n", "n-1"] = "n-1") -> LittlesTest:
    r"""Whether means differ between rows with different gaps more than chance makes them.

    Answers that are missing completely at random leave the means of all patterns of gaps alike. The test
    sees differences of means alone and supposes normal items and large patterns. With many patterns it is
    rough, and gaps that depend on one item may drown. Weights and clusters are not used.

    Parameters
    ----------
    items : DataFrame, shape (n, p)
        Numbers; rows without any answer are not used.
    denominator : {"n-1", "n"}
        Of the covariances of highest likelihood. ``"n-1"`` is Little's; ``"n"`` is what the R packages
        naniar, BaylorEdPsych and missr take: chi2 is larger by n / (n - 1).

    Returns
    -------
    LittlesTest
        With its reason in ``undefined`` where nothing is missing or all rows have the same gaps.

    Raises
    ------
    DataError
        If a column holds text or nothing, is constant, is known from others, or no row holds both columns
        of a pair.
    ConvergenceError
        If the means and covariances of highest likelihood are not found.

    Notes
    -----
    With :math:`m_j` rows of pattern j, their means :math:`\bar y_j` of the :math:`p_j` items answered, and
    :math:`\hat\mu, \hat\Sigma` of highest likelihood,
    :math:`d^2 = \sum_j m_j (\bar y_j - \hat\mu_j)' \tilde\Sigma_j^{-1} (\bar y_j - \hat\mu_j)` with
    :math:`\tilde\Sigma = \hat\Sigma\, n / (n - 1)` is about chi2 with :math:`\sum_j p_j - p` degrees of
    freedom.

    References
    ----------
    Little (1988), J. Am. Stat. Assoc. 83, 1198-1202, eq. 5. doi:10.1080/01621459.1988.10478722

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [1.0, 2, 3, 4, 5, 6], "b": [2.0, 1, 4, 3, None, None]})
    >>> test = littles_mcar_test(frame)
    >>> round(test.chi2, 3), test.df, round(test.p_value, 3)
    (3.429, 1.0, 0.064)
    """
    answers = answer_matrix(items)
    missing = ~answers.answered
    used = ~missing.all(axis=1)
    kinds, group, counts = _patterns(missing[used])

    def result(chi2: float, df: float, undefined: str) -> LittlesTest:
        return LittlesTest(
            chi2=chi2,
            df=df,
            p_value=float(chdtrc(df, chi2)) if df > 0 else np.nan,
            n_patterns=len(kinds),
            n_obs=int(used.sum()),
            denominator=denominator,
            undefined=undefined,
        )

    if not missing[used].any():
        return result(np.nan, np.nan, "no answer is missing")
    patterns = missing_patterns(answers.values, answers.names)
    if len(kinds) == 1:
        return result(np.nan, np.nan, "all rows have the same gaps")
    saturated = saturated_moments(patterns)
    sd = np.sqrt(np.diag(saturated.cov))
    z = np.where(missing[used], 0.0, (answers.values[used] - saturated.mean) / sd)
    sums = np.zeros(kinds.shape)
    np.add.at(sums, group, z)
    chi2 = float((_distances(sums, kinds, saturated.cov / np.outer(sd, sd)) / counts).sum())
    if denominator == "n-1":
        chi2 *= 1 - 1 / patterns.n_obs
    return result(chi2, float((~kinds).sum() - kinds.shape[1]), "")


def _patterns(missing: Flags) -> tuple[Flags, NDArray[np.intp], NDArray[np.intp]]:
    """Different rows of flags, shape (k, p), which of them each row is, and how many rows each has."""
    bits = np.ascontiguousarray(np.packbits(missing, axis=1))
    rows = bits.view(np.dtype((np.void, bits.shape[1]))).ravel()
    _, first, group, counts = np.unique(rows, return_index=True, return_inverse=True, return_counts=True)
    return missing[first], group, counts


def _distances(sums: Floats, missing: Flags, correlation: Floats) -> Floats:
    """Squared distance s' (R_oo)^-1 s of each pattern's observed columns, shape (k,).

    With K the inverse of R, (R_oo)^-1 is K_oo - K_om (K_mm)^-1 K_mo, which needs matrices of the size of the
    gaps alone.
    """
    precision = np.linalg.inv(correlation)
    pulls = sums @ precision
    distances: Floats = (sums * pulls).sum(axis=1)
    n_missing = missing.sum(axis=1)
    for m in np.unique(n_missing[n_missing > 0]):
        places = np.flatnonzero(n_missing == m)
        step = max(1, _CELLS // int(m) ** 2)
        for start in range(0, len(places), step):
            part = places[start : start + step]
            columns = np.nonzero(missing[part])[1].reshape(-1, int(m))
            inner = precision[columns[:, :, None], columns[:, None, :]]
            pull = np.take_along_axis(pulls[part], columns, axis=1)
            distances[part] -= (pull * np.linalg.solve(inner, pull[:, :, None])[:, :, 0]).sum(axis=1)
    return distances


def pattern_counts(items: pd.DataFrame, *, top: int = 10) -> pd.DataFrame:
    """How many rows have which items missing together, the most frequent first.

    Parameters
    ----------
    items : DataFrame, shape (n, p)
        Numbers; NaN is a gap.
    top : int
        Patterns listed at most.

    Returns
    -------
    DataFrame
        One row a pattern: ``missing`` (the items, empty for complete rows), ``n_missing`` (how many they
        are), ``n_rows``, ``share`` of all rows in [0, 1].
    """
    answers = answer_matrix(items)
    kinds, _, counts = _patterns(~answers.answered)
    gaps = kinds.sum(axis=1)
    order = np.lexsort((*kinds.T[::-1], gaps, -counts))[:top]
    names = np.array(answers.names, dtype=object)
    return pd.DataFrame(
        {
            "missing": pd.Series([", ".join(names[kinds[place]]) for place in order], dtype="str"),
            "n_missing": gaps[order],
            "n_rows": counts[order],
            "share": counts[order] / len(answers.values),
        }
    )
