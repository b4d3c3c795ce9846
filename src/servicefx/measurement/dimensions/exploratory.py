"""Exploratory factor analysis: loadings, communalities, correlations of factors, and fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc

from servicefx.errors import IdentificationError, Problem
from servicefx.measurement.dimensions.extraction import (
    EXTRACTIONS,
    LOWEST_UNIQUENESS,
    ExtractionKind,
    discrepancy,
    extract,
)
from servicefx.measurement.dimensions.item_correlations import (
    CorrelationKind,
    ItemCorrelations,
    check_positive_definite,
    item_correlations,
)
from servicefx.measurement.dimensions.rotation import RotationKind, rotate
from servicefx.moments.moments import Moments
from servicefx.sem.reading.rmsea import rmsea_interval

__all__ = ["ExploratoryFactors", "exploratory_factors", "most_factors"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ExploratoryFactors:
    """Common factors of p items, m of them.

    Attributes
    ----------
    names : tuple of str, length p
    pattern : ndarray, shape (p, m)
        Regression of standardised items on the factors. Factors stand by falling sum of squares, each with
        loadings that sum to more than zero.
    phi : ndarray, shape (m, m)
        Correlations of the factors.
    uniquenesses : ndarray, shape (p,)
        1 - communality.
    measures : mapping of str to float
        ``chi2`` (Bartlett's correction), ``df``, ``p_value``, ``chi2_uncorrected`` (n times the discrepancy,
        as `servicefx.sem.fit`), ``rmsea, rmsea_low, rmsea_high`` (90 % interval, from the uncorrected one),
        ``srmr``.
    undefined : mapping of str to str
        Measure -> why it is NaN.
    settings : mapping of str to str
        Extraction, rotation, Kaiser normalisation, correlation, starts and where they ended.
    n_obs, dropped : int
        Complete rows, and rows left out for a gap.
    flags : tuple of str
        Heywood items by name, factors without items, other minima of the rotation, doubtful correlations.
    """

    names: tuple[str, ...]
    pattern: Floats
    phi: Floats
    uniquenesses: Floats
    measures: Mapping[str, float]
    undefined: Mapping[str, str]
    settings: Mapping[str, str]
    n_obs: int
    dropped: int
    flags: tuple[str, ...]

    def __post_init__(self) -> None:
        for array in (self.pattern, self.phi, self.uniquenesses):
            array.setflags(write=False)

    @property
    def loadings(self) -> pd.DataFrame:
        """``item, component, loading, structure``: pattern loading, and correlation of item and factor."""
        p, m = self.pattern.shape
        return pd.DataFrame(
            {
                "item": np.repeat(np.array(self.names, dtype=object), m),
                "component": np.tile(np.arange(1, m + 1), p),
                "loading": self.pattern.ravel(),
                "structure": (self.pattern @ self.phi).ravel(),
            }
        )

    @property
    def communalities(self) -> pd.DataFrame:
        """``item, communality, uniqueness``: shares of each item's variance, common and its own."""
        return pd.DataFrame(
            {
                "item": list(self.names),
                "communality": 1 - self.uniquenesses,
                "uniqueness": self.uniquenesses,
            }
        )

    @property
    def factor_correlations(self) -> pd.DataFrame:
        """``component, other, estimate``, each pair once; empty with one factor."""
        later, earlier = np.tril_indices(len(self.phi), -1)
        estimate = self.phi[later, earlier]
        return pd.DataFrame({"component": earlier + 1, "other": later + 1, "estimate": estimate})

    @property
    def variance(self) -> pd.DataFrame:
        """``component, sum_of_squares, variance_share, cumulative_share`` (of all items' variance).

        Sums of squares are the diagonal of Φ Λ'Λ, which adds up to the communalities.
        """
        squares = np.diag(self.phi @ self.pattern.T @ self.pattern)
        share = squares / len(self.names)
        return pd.DataFrame(
            {
                "component": np.arange(1, len(squares) + 1),
                "sum_of_squares": squares,
                "variance_share": share,
                "cumulative_share": np.cumsum(share),
            }
        )


def most_factors(n_items: int) -> int:
    """Most common factors that p items can tell apart: p + (1 - sqrt(8p + 1)) / 2, rounded down.

    References
    ----------
    Ledermann (1937), Psychometrika 2, 85-93.

    Examples
    --------
    >>> [most_factors(p) for p in (3, 4, 6, 22)]
    [1, 1, 3, 15]
    """
    return int(np.floor(n_items + (1 - np.sqrt(8 * n_items + 1)) / 2 + 1e-9))


def exploratory_factors(
    items: pd.DataFrame | Moments,
    n_factors: int,
    *,
    method: ExtractionKind = "ml",
    rotation: RotationKind = "oblimin",
    correlation: CorrelationKind = "pearson",
    ordered: Sequence[str] | None = None,
    weights: pd.Series | None = None,
    kaiser: bool = True,
    gamma: float = 0.0,
    power: float = 4.0,
    starts: int = 30,
    seed: int = 0,
) -> ExploratoryFactors:
    """Common factors behind items, without saying beforehand which item belongs where.

    Parameters
    ----------
    items : DataFrame, shape (n, p), or Moments
        At least three items, reversed ones turned. Rows with a gap are not used, and counted. Moments, e.g.
        of a printed correlation table, give the same answer as the rows.
    n_factors : int
        m, from 1 to `most_factors`; `parallel_analysis` and `minimum_average_partial` suggest it.
    method : {"ml", "minres", "principal_axis"}
        Extraction. Only ``ml`` on product-moment correlations has a test of fit.
    rotation, kaiser, gamma, power, starts, seed
        As `servicefx.measurement.dimensions.rotation.rotate`.
    correlation : {"pearson", "polychoric"}
    ordered : sequence of str, optional
        The ordered columns, for polychoric correlations; all by default.
    weights : Series, length n, optional
        Survey weights > 0; the correlations are weighted, and the test of fit is left undefined.

    Returns
    -------
    ExploratoryFactors

    Raises
    ------
    DataError
        As `item_correlations`; or if polychoric correlations are not positive definite and ``ml`` is asked
        for.
    IdentificationError
        If there are more factors than Ledermann's bound allows.
    ConvergenceError
        If extraction or rotation does not arrive.

    Notes
    -----
    ``chi2`` is (n - 1 - (2p + 5)/6 - 2m/3) times the discrepancy, as R's factanal, psych and SPSS report.
    ``srmr`` counts the diagonal, as `servicefx.sem.fit` does; psych's ``rms`` does not and is larger.

    References
    ----------
    Jöreskog (1967), Psychometrika 32, 443-482; Bartlett (1951), Biometrika 38, 337-344; Fabrigar, Wegener,
    MacCallum & Strahan (1999), Psychol. Methods 4, 272-299.

    Examples
    --------
    >>> simple = np.kron(np.eye(2), np.array([[0.8], [0.7], [0.6], [0.5]]))
    >>> phi = np.array([[1, 0.4], [0.4, 1]])
    >>> R = simple @ phi @ simple.T
    >>> np.fill_diagonal(R, 1)
    >>> found = exploratory_factors(Moments.from_correlation(R, np.ones(8), 400, names=list("abcdefgh")), 2)
    >>> found.pattern[:4, 0].round(3).tolist(), round(float(found.phi[1, 0]), 3)
    ([0.8, 0.7, 0.6, 0.5], 0.4)
    """
    if method not in EXTRACTIONS:
        raise ValueError(f"method '{method}' is not one of {', '.join(EXTRACTIONS)}")
    found = item_correlations(items, correlation=correlation, ordered=ordered, weights=weights)
    _check_number(n_factors, len(found.names))
    if method == "ml":
        check_positive_definite(found)
    extracted = extract(found.correlation, n_factors, method, found.names)
    turned = rotate(
        extracted.loadings, rotation, kaiser=kaiser, gamma=gamma, power=power, starts=starts, seed=seed
    )
    measures, undefined = _fit(found, extracted.loadings, extracted.uniquenesses, method)
    flags = [*found.flags, *_heywood(found.names, extracted.uniquenesses), *_empty(turned.loadings)]
    if turned.n_other_minima:
        flags.append(
            f"{turned.n_other_minima} of {turned.starts} starts of the rotation ended at a worse solution"
        )
    settings = {
        "method": method,
        "rotation": rotation if n_factors > 1 else "none",
        "kaiser": "yes" if kaiser and turned.starts else "no",
        "correlation": correlation,
        "starts": f"{turned.n_at_minimum} of {turned.starts} at the minimum",
    }
    if rotation == "oblimin":
        settings["gamma"] = f"{gamma:g}"
    if rotation == "promax":
        settings["power"] = f"{power:g}"
    return ExploratoryFactors(
        names=found.names,
        pattern=turned.loadings.copy(),
        phi=turned.phi.copy(),
        uniquenesses=extracted.uniquenesses,
        measures=measures,
        undefined=undefined,
        settings=settings,
        n_obs=found.n_obs,
        dropped=found.dropped,
        flags=tuple(flags),
    )


def _check_number(n_factors: int, p: int) -> None:
    if n_factors < 1:
        raise ValueError(f"n_factors {n_factors}: at least 1 expected")
    most = most_factors(p)
    if n_factors > most:
        found = f"{n_factors} factors of {p} items, at most {most} can be told apart (Ledermann's bound)"
        raise IdentificationError(Problem("exploratory factors", found, "Take fewer factors, or add items."))


def _fit(
    found: ItemCorrelations, loadings: Floats, psi: Floats, method: ExtractionKind
) -> tuple[dict[str, float], dict[str, str]]:
    S, n = found.correlation, found.n_obs
    p, m = loadings.shape
    df = ((p - m) ** 2 - (p + m)) // 2
    lower = np.tril_indices(p)
    residual = S - loadings @ loadings.T
    np.fill_diagonal(residual, 0.0)
    nan = float("nan")
    measures = dict.fromkeys(
        ("chi2", "df", "p_value", "chi2_uncorrected", "rmsea", "rmsea_low", "rmsea_high"), nan
    )
    measures |= {"df": float(df), "srmr": float(np.sqrt((residual[lower] ** 2).mean()))}
    why = ""
    if method != "ml":
        why = f"'{method}' has no test of fit; choose method='ml'"
    elif found.kind == "polychoric":
        why = "polychoric correlations: the statistic has no chi-square law"
    elif found.weighted:
        why = "weighted answers: the statistic has no chi-square law"
    if why:
        return measures, {name: why for name, value in measures.items() if np.isnan(value)}
    f = discrepancy(S, loadings @ loadings.T + np.diag(psi))
    measures["chi2"] = (n - 1 - (2 * p + 5) / 6 - 2 * m / 3) * f
    measures["chi2_uncorrected"] = n * f
    if df == 0:
        none = "no degrees of freedom"
        return measures, dict.fromkeys(("p_value", "rmsea", "rmsea_low", "rmsea_high"), none)
    measures["p_value"] = float(chdtrc(df, max(measures["chi2"], 0.0)))
    measures["rmsea"] = float(np.sqrt(max(n * f - df, 0.0) / (df * n)))
    measures["rmsea_low"], measures["rmsea_high"] = rmsea_interval(n * f, df, n)
    return measures, {}


def _heywood(names: tuple[str, ...], psi: Floats) -> list[str]:
    return [
        f"'{name}' shares {'all' if value <= 0 else f'{1 - value:.1%}'} of its variance with the factors "
        "(Heywood case)"
        for name, value in zip(names, psi, strict=True)
        if value <= LOWEST_UNIQUENESS + 1e-6
    ]


def _empty(pattern: Floats) -> list[str]:
    """Factors on which fewer than two items load .3 or more."""
    few = (np.abs(pattern) >= 0.3).sum(axis=0)
    return [
        f"factor {at + 1} has {count} item{'' if count == 1 else 's'} with a loading of .3 or more"
        for at, count in enumerate(few)
        if count < 2
    ]
