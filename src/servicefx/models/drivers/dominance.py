"""Dominance analysis: which driver explains more than which, next to any others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem
from servicefx.models.drivers.decomposition import EXACT
from servicefx.models.drivers.draws import NO_DRAWS, percentile_bounds
from servicefx.models.drivers.resampling import driver_moments
from servicefx.models.drivers.subsets import explained_by_subsets, size_weights
from servicefx.moments.moments import Moments

__all__ = ["Dominance", "dominance"]

Floats = NDArray[np.float64]
_TIE = 1e-12
_CELLS = 4_000_000
_KINDS = ("complete", "conditional", "general")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Dominance:
    """Dominance of drivers at three levels of strictness.

    Attributes
    ----------
    general : DataFrame
        One row a driver: ``term, estimate, conf_low, conf_high, undefined``: mean increment of R² over all
        subsets of the others (by size, then over sizes), the same number as ``lmg``.
    conditional : DataFrame
        One row a driver and number of drivers already there: ``term, n_others, estimate, conf_low, conf_high,
        undefined``: mean increment of R².
    pairs : DataFrame
        One row a pair and level: ``left, right, kind, estimate, dominates, chance_left, chance_right,
        chance_neither, reproduced, n_draws, undefined``. ``estimate`` is 1 where the left driver dominates,
        0 where the right one does, .5 where neither; the chances are shares of the draws, ``reproduced``
        the share that agrees with the sample.
    r2 : float
        Explained by all drivers, beyond the columns held.
    n_obs, n_dropped : int
        Rows used, rows left out for a gap.
    interval : str
        How draws were made; empty without draws.
    """

    general: pd.DataFrame
    conditional: pd.DataFrame
    pairs: pd.DataFrame
    r2: float
    n_obs: int
    n_dropped: int
    interval: str


def dominance(
    data: pd.DataFrame | Moments,
    outcome: str,
    drivers: Sequence[str],
    draws: int = 0,
    seed: int | None = None,
    *,
    covariates: Sequence[str] = (),
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
    analysis_id: str = "data",
    level: float = 0.95,
) -> Dominance:
    """General, conditional and complete dominance of drivers, pair by pair. Answers H1.

    A driver dominates another completely if it adds more to R² next to any subset of the others,
    conditionally if it adds more on average to subsets of every size, generally if it adds more on average.

    Parameters
    ----------
    data, outcome, drivers, draws, seed, covariates, weights, clusters, analysis_id, level
        As `relative_importance`; 2 to 15 drivers, of any collinearity (copies dominate nothing they copy).

    Returns
    -------
    Dominance

    Raises
    ------
    DataError
        As `relative_importance`; also with fewer than 2 or more than 15 drivers.

    References
    ----------
    Budescu (1993), Psychol. Bull. 114, 542-551; Azen & Budescu (2003), Psychol. Methods 8, 129-148
    (reproducibility over resamples).

    Examples
    --------
    >>> table = [[1, 0.6, 0.5], [0.6, 1, 0.4], [0.5, 0.4, 1]]
    >>> moments = Moments.from_correlation(table, [1, 1, 1], 300, names=["satisfaction", "staff", "price"])
    >>> dominance(moments, "satisfaction", ["staff", "price"]).pairs["dominates"].tolist()
    ['staff', 'staff', 'staff']
    """
    moments = driver_moments(
        data, outcome, drivers, covariates, draws=draws, seed=seed, weights=weights, clusters=clusters,
        analysis_id=analysis_id,
    )  # fmt: skip
    p = len(moments.drivers)
    if not 2 <= p <= EXACT:
        found = f"{p} drivers, 2 to {EXACT} expected to compare all their subsets"
        remedy = "Name another driver." if p < 2 else "Merge some, or ask for relative_importance."
        raise DataError(Problem(f"dominance among drivers of '{outcome}'", found, remedy))
    sizes, verdicts, r2 = _compared(moments.correlation[None])
    known = np.isfinite(moments.correlations).all(axis=(1, 2))
    size_draws, drawn, _ = _compared(moments.correlations[known])
    sizes, size_draws = sizes * moments.left, size_draws * moments.lefts[known][:, None, None]
    why = "" if len(size_draws) > 1 else NO_DRAWS
    low, high = percentile_bounds(size_draws.reshape(len(size_draws), p * p), level)
    general_low, general_high = percentile_bounds(size_draws.mean(axis=2), level)
    return Dominance(
        general=pd.DataFrame(
            {
                "term": list(moments.drivers),
                "estimate": sizes[0].mean(axis=1),
                "conf_low": general_low,
                "conf_high": general_high,
                "undefined": why,
            }
        ),
        conditional=pd.DataFrame(
            {
                "term": np.repeat(moments.drivers, p),
                "n_others": np.tile(np.arange(p), p),
                "estimate": sizes[0].ravel(),
                "conf_low": low,
                "conf_high": high,
                "undefined": why,
            }
        ),
        pairs=_pairs_frame(moments.drivers, verdicts[0], drawn),
        r2=float(r2[0]) * moments.left,
        n_obs=moments.n_obs,
        n_dropped=moments.n_dropped,
        interval=moments.interval,
    )


def _compared(correlations: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean increments by size (m, p, p), verdicts (m, pairs, levels), R² (m,)."""
    m, p = len(correlations), correlations.shape[1] - 1
    pairs = list(combinations(range(p), 2))
    sizes, verdicts, r2 = np.empty((m, p, p)), np.empty((m, len(pairs), len(_KINDS))), np.empty(m)
    weights = size_weights(p).reshape(p * p, -1)
    subsets = np.arange(2**p)
    step = max(1, _CELLS // 2**p)
    for start in range(0, m, step):
        explained = explained_by_subsets(correlations[start : start + step])
        here = slice(start, start + explained.shape[1])
        sizes[here] = (weights @ explained).T.reshape(-1, p, p)
        r2[here] = explained[-1]
        for at, (i, j) in enumerate(pairs):
            without = subsets[(subsets >> i & 1 | subsets >> j & 1) == 0]
            # v(S + i) - v(S + j): what either adds to S, one less the other
            verdicts[here, at, 0] = _verdict((explained[without | 1 << i] - explained[without | 1 << j]).T)
            verdicts[here, at, 1] = _verdict(sizes[here, i] - sizes[here, j])
            verdicts[here, at, 2] = _verdict((sizes[here, i] - sizes[here, j]).mean(axis=1, keepdims=True))
    return sizes, verdicts, r2


def _verdict(differences: Floats) -> Floats:
    """1 where none of a row is below 0 and one above, 0 the other way round, else .5."""
    above, below = (differences > _TIE).any(axis=1), (differences < -_TIE).any(axis=1)
    return np.asarray(np.where(above & ~below, 1.0, np.where(below & ~above, 0.0, 0.5)), dtype=np.float64)


def _pairs_frame(drivers: tuple[str, ...], verdicts: Floats, drawn: Floats) -> pd.DataFrame:
    rows = []
    for at, (left, right) in enumerate(combinations(drivers, 2)):
        for level, kind in enumerate(_KINDS):
            found, some = float(verdicts[at, level]), drawn[:, at, level]
            shares = [float((some == value).mean()) if len(some) > 1 else np.nan for value in (1.0, 0.0, 0.5)]
            rows.append(
                {
                    "left": left,
                    "right": right,
                    "kind": kind,
                    "estimate": found,
                    "dominates": {1.0: left, 0.0: right}.get(found, "neither"),
                    "chance_left": shares[0],
                    "chance_right": shares[1],
                    "chance_neither": shares[2],
                    "reproduced": shares[(1.0, 0.0, 0.5).index(found)],
                    "n_draws": len(some),
                    "undefined": "" if len(some) > 1 else NO_DRAWS,
                }
            )
    return pd.DataFrame(rows)
