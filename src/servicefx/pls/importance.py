"""importance_performance: what matters most to a target, and how well it is doing (IPMA)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from servicefx.errors import DataError, Problem, StudyError, closest
from servicefx.moments.resample_index import resample_blocks
from servicefx.pls.importance_frames import cautions_of, constructs_frame, items_frame
from servicefx.pls.importance_values import ImportanceValues, acting_on, importance_values
from servicefx.pls.item_scales import ItemScale, Scale, item_scale
from servicefx.pls.pls_fit import PlsFit, check_fit
from servicefx.pls.sample import sample_of
from servicefx.pls.scores import check_means
from servicefx.pls.solution import solve
from servicefx.sem.choices import whole_number
from servicefx.sem.threads import one_thread

__all__ = ["ImportancePerformance", "importance_performance"]

Floats = NDArray[np.float64]
_DRAWS = 2000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ImportancePerformance:
    """Importance for a target and performance, of constructs and of items, without rows.

    Attributes
    ----------
    target : str
    constructs : DataFrame
        One row a construct that acts on the target, and the target last: ``construct, part_of, importance,
        importance_low, importance_high, importance_standardised, performance, performance_low,
        performance_high, caution, undefined``.
    items : DataFrame
        One row an item of these constructs: ``construct, item, weight, importance, importance_low,
        importance_high, performance, performance_low, performance_high, caution, undefined``; weights of a
        construct sum to 1.
    scale : mapping of str to (float, float)
        Item -> the answers that count as 0 and 100.
    n_obs, n_failed : int
        Rows; resamples without an answer.
    notes : tuple of str
        Where the scale and the intervals come from, and what the effects hold at.
    """

    target: str
    constructs: pd.DataFrame
    items: pd.DataFrame
    scale: Mapping[str, tuple[float, float]]
    n_obs: int
    n_failed: int
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        number = len(self.constructs) - 1
        return f"ImportancePerformance: target {self.target}, {number} constructs, n = {self.n_obs:,}"

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Constructs and items whose importance or performance should not be read, by name."""
        found = []
        for row in self.constructs.itertuples():
            if row.caution:
                remedy = "Leave these items out, or give them equal weights, before reading its performance."
                found.append(Problem(f"construct '{row.construct}'", str(row.caution), remedy))
        return tuple(found)


def importance_performance(
    fit: PlsFit,
    target: str,
    data: pd.DataFrame | None = None,
    *,
    scale: Scale | None = None,
    draws: int | None = None,
    seed: int = 0,
    clusters: ArrayLike | pd.Series | None = None,
    analysis_id: str = "data",
    level: float | None = None,
) -> ImportancePerformance:
    """Importance and performance of everything that acts on a target.

    Importance says by how many points (of 100) the target rises when a construct rises by one point of 100,
    by all ways together; performance where the construct stands today between its worst (0) and best (100).

    Parameters
    ----------
    fit : PlsFit
        Fitted to ``data``. Not with ``consistent=True``.
    target : str
        A construct that others explain.
    data : DataFrame, shape (n, >= p), optional
        The rows of the fit: needed for intervals, and for the observed range where no scale is given. What
        happens to gaps is as in the fit. Survey weights are not used.
    scale : (low, high) or mapping of str to (low, high), optional
        The lowest and highest answer that an item can take, of all items or item by item. Without it the
        observed range is taken, and ``notes`` say so: performance is then how near to the best answer given.
    draws : int, optional
        Resamples for percentile intervals; 2,000 with data, none without. NaN bounds where there are none.
    seed : int
        The study's seed.
    clusters : array_like, shape (n,), optional
        Whole clusters are drawn where given.
    analysis_id : str
        Name of the data file, so that draws line up with those of other fits on the same rows.
    level : float, optional
        Of intervals; by default that of the fit.

    Returns
    -------
    ImportancePerformance
        Importance in points of the target per point of the construct or item; standardised importance in
        standard deviations per standard deviation; performance in [0, 100] unless weights are negative.
        Parts of a construct of constructs stand below it, with its importance times their share of its
        weights (not under ``second_order="repeated"``, where the whole is not made of them).
        Products have no row: the effects of their factors hold at the mean of the other factor.

    Raises
    ------
    StudyError
        If nothing explains the target, a scale is missing, empty or the wrong way round, or the fit is of
        common factors.
    DataError
        If answers lie outside their scale, or rows or means are needed and absent.

    Notes
    -----
    Items are rescaled to 0-100, weights of rescaled items made to sum to 1, and total effects unstandardised
    by the standard deviations of the rescaled scores (their ratio does not depend on n or n - 1). An item's
    importance is its weight times the importance of its construct. A construct with a negative weight is
    flagged in ``caution``: its performance is no average of its items' and may leave [0, 100].

    References
    ----------
    Ringle & Sarstedt (2016), Industrial Management & Data Systems 116, 1865-1886.
    doi:10.1108/IMDS-10-2015-0449
    """
    check_fit(fit)
    level = fit.level if level is None else level
    wanted = (_DRAWS if data is not None else 0) if draws is None else draws
    _check(fit, target, data, wanted, seed, level)
    check_means(fit)
    limits = item_scale(fit, data, scale)
    names = acting_on(fit, target)
    values = importance_values(fit.model, names, target, limits, fit.base, fit.solution)
    drawn = None
    if wanted and data is not None:
        drawn = _drawn(fit, data, names, target, limits, wanted, seed, analysis_id, clusters)
    failed = 0 if drawn is None else int(np.isnan(drawn.performance).all(axis=1).sum())
    notes = [limits.note]
    if drawn is not None:
        what = "rows" if clusters is None else "clusters"
        notes.append(f"percentile intervals from {analysis_id}: {wanted} resamples of {what}, seed {seed}")
        if failed:
            notes.append(f"{failed} of {wanted} resamples have no answer and are left out")
    if fit.model.products:
        notes.append("effects of constructs in a product hold at the mean of its other factor")
    cautions = cautions_of(fit.model, names, values)
    return ImportancePerformance(
        target=target,
        constructs=constructs_frame(fit.model, names, target, values, drawn, cautions, level),
        items=items_frame(fit.model, names, target, values, drawn, level),
        scale=limits.as_mapping(fit.model.items),
        n_obs=fit.n_obs,
        n_failed=failed,
        notes=tuple(notes),
    )


def _drawn(
    fit: PlsFit,
    data: pd.DataFrame,
    names: tuple[str, ...],
    target: str,
    limits: ItemScale,
    draws: int,
    seed: int,
    analysis_id: str,
    clusters: ArrayLike | pd.Series | None,
) -> ImportanceValues:
    sample = sample_of(fit.model, data, fit.choices.missing)
    parts = []
    with one_thread():
        for block in resample_blocks(len(data), draws, seed, analysis_id, clusters):
            base = sample.moments(block.counts().astype(np.float32))
            solution = solve(fit.model, base, fit.choices)
            found = importance_values(fit.model, names, target, limits, base, solution)
            lost = ~solution.converged | np.isnan(solution.paths).any(axis=1)
            for name in ImportanceValues.__slots__:
                getattr(found, name)[lost] = np.nan
            parts.append(found)
    return ImportanceValues(
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ImportanceValues.__slots__
        }
    )


def _check(fit: PlsFit, target: str, data: pd.DataFrame | None, draws: int, seed: int, level: float) -> None:
    problems = whole_number("draws", draws, 0, "Choose e.g. 2000.")
    problems += whole_number("seed", seed, 0, "Choose e.g. the study's seed.")
    if not 0 < level < 1:
        problems.append(Problem("level", f"{level} is not between 0 and 1", "Choose e.g. 0.95."))
    if fit.choices.consistent:
        found = "is of common factors (consistent=True), whose scores and performance no row tells"
        problems.append(Problem("fit", found, "Fit the model with consistent=False."))
    outcomes = fit.model.outcomes
    if target not in outcomes:
        known = target in fit.model.constructs
        found = (
            f"nothing explains '{target}'" if known else f"no construct '{target}'{closest(target, outcomes)}"
        )
        problems.append(Problem("target", found, f"Choose among {', '.join(outcomes)}."))
    if problems:
        raise StudyError(*problems)
    if draws and data is None:
        found = f"absent, but {draws} resamples need rows"
        raise DataError(Problem("data", found, "Give the rows of the fit, or draws=0."))
