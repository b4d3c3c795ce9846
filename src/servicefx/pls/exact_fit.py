"""The test of exact fit: distances of a model against those of resamples in which it holds."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from servicefx.errors import Problem, StudyError
from servicefx.moments.resample_index import resample_blocks
from servicefx.pls.base_columns import BaseMoments
from servicefx.pls.choice_problems import level_problems
from servicefx.pls.criteria.fit_measures import (
    DISTANCES,
    KINDS,
    Kind,
    distances,
    implied_correlations,
    refuse_repeated,
)
from servicefx.pls.pls_fit import PlsFit, check_fit
from servicefx.pls.sample import PlsSample, check_same_rows, sample_of
from servicefx.pls.solution import solve
from servicefx.sem.choices import whole_number
from servicefx.sem.threads import one_thread

__all__ = ["exact_fit_draws", "exact_fit_test"]

Floats = NDArray[np.float64]


def exact_fit_test(
    fit: PlsFit,
    data: pd.DataFrame,
    draws: int = 1000,
    seed: int = 0,
    *,
    level: float = 0.95,
    analysis_id: str = "data",
    clusters: ArrayLike | pd.Series | None = None,
) -> pd.DataFrame:
    """Whether the distances between observed and implied correlations are more than chance.

    Parameters
    ----------
    fit : PlsFit
        Without products or second order.
    data : DataFrame
        The rows it was fitted to.
    draws : int
        Resamples of rows transformed so that the model holds in them.
    seed : int
        The study's seed.
    level : float
        Of the critical value.
    analysis_id : str
        Name of the data file.
    clusters : array_like, shape (n,), optional
        Whole clusters are drawn where given.

    Returns
    -------
    DataFrame
        ``model, measure, estimate, critical, p_value, n_draws``: distances of the saturated and the
        estimated model, the value they stay below with probability ``level`` where the model holds, and the
        share of resamples at least as far, (b + 1) / (B + 1).

    Raises
    ------
    StudyError
        If the model has products or constructs of constructs, draws, seed or level are not what they must be,
        or the implied correlations are not those of any data.
    DataError
        If the data do not hold the items, or are not those of the fit.

    References
    ----------
    Beran & Srivastava (1985), Ann. Stat. 13, 95-115 (transformed rows). Dijkstra & Henseler (2015), Comput.
    Stat. Data Anal. 81, 10-23, sec. 3.2 (of PLS). doi:10.1016/j.csda.2014.07.008
    """
    check_fit(fit)
    problems = whole_number("draws", draws, 1, "Choose e.g. 1000.")
    problems += whole_number("seed", seed, 0, "Choose e.g. the study's seed.")
    problems += level_problems(level)
    if len(fit.solution.stages) > 1 or fit.model.products:
        found = "products and constructs of constructs have no test of exact fit"
        problems.append(Problem("exact fit", found, "Test the model of their parts."))
    if problems:
        raise StudyError(*problems)
    refuse_repeated(fit)
    sample = sample_of(fit.model, data, fit.choices.missing)
    check_same_rows(sample, fit.base, fit.n_obs)
    blocks = resample_blocks(len(data), draws, seed, analysis_id, clusters)
    rows = []
    with one_thread():
        for kind in KINDS:
            found_draws = [
                exact_fit_draws(fit, sample, block.counts().astype(np.float32), kind) for block in blocks
            ]
            observed = distances(fit.solution.last.correlation, implied_correlations(fit, fit.solution, kind))
            for name in DISTANCES:
                values = np.concatenate([part[name] for part in found_draws])
                values = values[np.isfinite(values)]
                estimate = float(observed[name][0])
                known = len(values) > 0 and np.isfinite(estimate)
                rows.append(
                    {
                        "model": kind,
                        "measure": name,
                        "estimate": estimate,
                        "critical": float(np.quantile(values, level)) if known else float("nan"),
                        "p_value": float((np.sum(values >= estimate) + 1) / (len(values) + 1))
                        if known
                        else float("nan"),
                        "n_draws": len(values),
                    }
                )
    frame = pd.DataFrame(rows)
    frame.attrs["settings"] = {**fit.settings, "draws": draws, "seed": seed}
    return frame


def exact_fit_draws(
    fit: PlsFit, sample: PlsSample, counts: NDArray[np.float32], kind: Kind
) -> dict[str, Floats]:
    """Distances of resamples in which the model holds, each of shape (B,).

    Parameters
    ----------
    fit : PlsFit
    sample : PlsSample
        The rows it was fitted to.
    counts : ndarray, shape (B, n)
        How often every row stands in every resample.
    kind : {"saturated", "estimated"}

    Raises
    ------
    StudyError
        If the implied correlations are not positive definite.
    """
    last = fit.solution.last
    order = fit.base.places(tuple(column.name for column in last.stage.columns))
    Sigma = np.empty_like(last.correlation[0])
    Sigma[np.ix_(order, order)] = implied_correlations(fit, fit.solution, kind)[0]
    S = np.empty_like(Sigma)
    S[np.ix_(order, order)] = last.correlation[0]
    if np.linalg.eigvalsh(Sigma)[0] <= 0:
        found = f"the correlations the {kind} model implies are not positive definite"
        raise StudyError(Problem("exact fit", found, "Look at the reliabilities and correlations first."))
    transform = _power(S, -0.5) @ _power(Sigma, 0.5)
    drawn = sample.moments(counts)
    sd = fit.base.sd[0]
    covariance = drawn.covariance / np.outer(sd, sd)
    held = BaseMoments(
        items=drawn.items, pairs=(), covariance=transform.T @ covariance @ transform * np.outer(sd, sd),
        mean=drawn.mean, origin=drawn.origin,
    )  # fmt: skip
    again = solve(fit.model, held, fit.choices)
    return distances(again.last.correlation, implied_correlations(fit, again, kind))


def _power(matrix: Floats, exponent: float) -> Floats:
    """Symmetric power of a positive definite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * values**exponent) @ vectors.T, dtype=np.float64)
