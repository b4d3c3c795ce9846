"""The tolerated wait: a continuous kink at an unknown threshold, with its test, interval and slopes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import Problem, StudyError
from servicefx.models.frame_draws import check_paired, cluster_labels, given_or_drawn
from servicefx.models.waiting.forms import compare_forms
from servicefx.models.waiting.frames import (
    bend_frame,
    curve_frame,
    interval_frame,
    profile_frame,
    slope_frame,
)
from servicefx.models.waiting.inference import Multipliers, inverted_test, kink_covariance, supremum_test
from servicefx.models.waiting.kink import KinkFit, fit_kink
from servicefx.models.waiting.rows import WaitRows, search_range, wait_rows
from servicefx.values.effect import Design, Effect
from servicefx.values.estimates import FEW_CLUSTERS

__all__ = ["ThresholdFit", "fit_threshold"]

Floats = NDArray[np.float64]
CONTINUOUS = "the line bends at one wait and does not jump there"
EXOGENOUS = "customers who wait longer do not differ in other ways that move the outcome, beyond what is held"
_MANY_AT_AN_END = 0.05
_FEWEST_DRAWS = 99


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ThresholdFit:
    """Up to which wait the outcome hardly moves, and how it falls beyond.

    Attributes
    ----------
    outcome, wait : str
        Columns.
    covariates : tuple of str
        Columns held.
    threshold : Effect
        The wait at which the line bends, in units of the wait; its draws stand on the shared resamples of
        rows (or clusters).
    slope_before, slope_beyond : Effect
        Change in the outcome per unit of the wait on either side, on the same draws.
    slopes : DataFrame
        The two and their difference: ``term, estimate, std_error, statistic, p_value, conf_low, conf_high,
        interval, undefined``.
    intervals : DataFrame
        The threshold with an interval by test inversion (the one to report), by percentiles and by the
        normal: ``term, interval, estimate, conf_low, conf_high, undefined``.
    test : DataFrame
        Sup-F test of "a straight line": ``model, against, sup_f, critical, p_value, n_draws``.
    forms : DataFrame
        The kink beside smooth curves, as `compare_forms`.
    profile : DataFrame
        Loss of fit with the threshold put elsewhere: ``wait, sup_f, critical``.
    curve : DataFrame
        The fitted line over the wait, covariates at their means: ``wait, estimate, conf_low, conf_high``.
    search : tuple of float
        Between which waits the threshold was sought.
    n_obs, n_clusters : int
        Rows used; clusters among them (0 where none are declared).
    dropped : mapping of str to int
        Rows not used, by reason.
    cautions : tuple of str
        What the reader should know before believing the threshold.
    """

    outcome: str
    wait: str
    covariates: tuple[str, ...]
    threshold: Effect
    slope_before: Effect
    slope_beyond: Effect
    slopes: pd.DataFrame
    intervals: pd.DataFrame
    test: pd.DataFrame
    forms: pd.DataFrame
    profile: pd.DataFrame
    curve: pd.DataFrame
    search: tuple[float, float]
    n_obs: int
    n_clusters: int
    dropped: Mapping[str, int]
    cautions: tuple[str, ...]


def fit_threshold(
    data: pd.DataFrame,
    outcome: str,
    wait: str,
    covariates: Sequence[str] = (),
    *,
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
    search: tuple[float, float] | None = None,
    trim: float = 0.05,
    draws: int = 1000,
    seed: int = 0,
    data_id: str = "data",
    counts: NDArray[np.float32] | None = None,
    source: str | None = None,
    level: float = 0.95,
    wait_unit: str | None = None,
    outcome_unit: str | None = None,
) -> ThresholdFit:
    """Tolerated wait: where the line of an outcome over the wait bends. Answers H15, K8.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Numeric columns. Rows with a gap in a column used are left out and counted.
    outcome, wait : str
        Columns: what is explained, and the wait (any unit; not negative by nature, though nothing depends
        on it but the logarithmic form).
    covariates : sequence of str
        Columns held; code groups as 0/1 columns.
    clusters : Series, length n, optional
        Dependence group of every row: clusters are resampled, multiplied and summed as wholes.
    weights : Series, length n, optional
        Survey weights > 0: weighted least squares throughout.
    search : tuple of float, optional
        Lowest and highest threshold thinkable; by default the quantiles ``trim`` and ``1 - trim``.
    trim : float
        Share of the rows kept out of the search on either side, in (0, .5).
    draws : int
        Of each bootstrap, at least 99.
    seed : int
        Of resamples and multipliers.
    data_id : str
        Name of the data file in the shared resample index.
    counts : ndarray, shape (draws, n), optional
        The shared resamples themselves, where other analyses of the same data use them too; then ``source``
        says what they are.
    source : str, optional
        Draw source of ``counts``.
    level : float
        Of all intervals.
    wait_unit, outcome_unit : str, optional
        For the effects' units, such as "hours" and "points of 1-7".

    Returns
    -------
    ThresholdFit

    Raises
    ------
    StudyError
        If there are fewer than 99 draws.
    DataError
        If columns are absent, constant, text or infinite, rows or different waits are too few, or no
        threshold is left to search.
    IdentificationError
        If covariates are redundant, or an exact line leaves no error to judge by.

    Notes
    -----
    ``y = b1 (x - g)- + b2 (x - g)+ + z'c + e`` by least squares over all of them. The sum of squares is
    minimised exactly: between neighbouring waits its best g has a closed form. The test of no bend is a
    sup-F test by multiplier bootstrap; the interval of g inverts the F test of ``g = g0`` against a
    bootstrap critical value. Effects carry percentile draws of resampled rows instead, jointly with other
    analyses of the data. Where there is no bend the threshold is not identified and its interval covers
    most of the search: read the test first. With 60 clusters the 95 % intervals of 400 simulated samples
    covered 91 to 96 %, with 120 as they should: many clusters are wanted.

    References
    ----------
    Hansen (2017), Regression kink with an unknown threshold, J. Business & Economic Statistics 35, 228-240,
    doi:10.1080/07350015.2015.1073595

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> hours = rng.uniform(0, 60, 500)
    >>> falling = 6 - 0.05 * np.maximum(hours - 24, 0) + rng.normal(0, 0.3, 500)
    >>> table = pd.DataFrame({"satisfaction": falling, "hours": hours})
    >>> fit = fit_threshold(table, "satisfaction", "hours", draws=99, wait_unit="hours")
    >>> bool(abs(fit.threshold.estimate - 24) < 2)
    True
    """
    if draws < _FEWEST_DRAWS:
        found = f"{draws}, at least {_FEWEST_DRAWS} are needed for an interval"
        raise StudyError(Problem("draws", found, "Ask for more draws."))
    check_paired(counts, source)
    rows = wait_rows(data, outcome, wait, covariates, clusters, weights)
    low, high = search_range(rows, search, trim)
    fit = fit_kink(rows, low, high)
    multipliers = Multipliers(rows, draws, seed).blocks()
    bend = supremum_test(fit.design, fit.outcome, fit.where, multipliers, clustered=clusters is not None)
    inversion = inverted_test(
        fit.design, fit.outcome, fit.fitted, fit.scaled_threshold, fit.where, multipliers, level
    )
    counts, source = given_or_drawn(
        rows.n_rows, counts, source, draws=draws, seed=seed, data_id=data_id, clusters=clusters,
        labels=cluster_labels(clusters),
    )  # fmt: skip
    drawn = fit.resampled(counts[:, rows.positions])
    covariance = kink_covariance(
        rows.x,
        np.column_stack([np.ones(len(rows.x)), rows.z]),
        fit.threshold,
        fit.slopes,
        fit.residual,
        rows.weights,
        rows.clusters,
    )
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    contrast = np.array([-1.0, 1.0])
    change_error = float(np.sqrt(max(contrast @ covariance[:2, :2] @ contrast, 0.0)))
    design: Design = "adjusted" if covariates else "association"
    threshold, before, beyond = _effects(rows, fit, drawn, str(source), design, wait_unit, outcome_unit)
    return ThresholdFit(
        outcome=outcome,
        wait=wait,
        covariates=tuple(covariates),
        threshold=threshold,
        slope_before=before,
        slope_beyond=beyond,
        slopes=slope_frame(before, beyond, (float(errors[0]), float(errors[1]), change_error), level),
        intervals=interval_frame(threshold, fit, inversion, float(errors[-1]), level),
        test=bend_frame(bend, level),
        forms=compare_forms(
            data, outcome, wait, covariates, weights=weights, search=(low, high), clusters=clusters
        ),
        profile=profile_frame(fit, inversion),
        curve=curve_frame(fit, drawn, rows, level),
        search=(low, high),
        n_obs=len(rows.x),
        n_clusters=rows.n_clusters,
        dropped=rows.dropped,
        cautions=_cautions(rows, fit, drawn, bend.p_value, inversion.parts, level),
    )


def _effects(
    rows: WaitRows,
    fit: KinkFit,
    drawn: tuple[Floats, Floats],
    source: str,
    design: Design,
    wait_unit: str | None,
    outcome_unit: str | None,
) -> tuple[Effect, Effect, Effect]:
    """Threshold and the two slopes on the same draws."""
    wait_unit = wait_unit or f"units of '{rows.wait}'"
    outcome_unit = outcome_unit or f"units of '{rows.outcome}'"
    held = ", covariates held" if rows.covariates else ""
    thresholds, coefficients = drawn
    slope = fit.y_scale / fit.x_scale
    before, change = coefficients[:, 1] * slope, coefficients[:, -1] * slope
    described = (
        (f"'{rows.wait}' at which the line of '{rows.outcome}' bends{held}", wait_unit, fit.threshold,
         thresholds * fit.x_scale + fit.x_centre),
        (f"change in '{rows.outcome}' per unit of '{rows.wait}' before the threshold{held}",
         f"{outcome_unit} per {wait_unit}", fit.slopes[0], before),
        (f"change in '{rows.outcome}' per unit of '{rows.wait}' beyond the threshold{held}",
         f"{outcome_unit} per {wait_unit}", fit.slopes[1], before + change),
    )  # fmt: skip
    first, second, third = (
        Effect(
            estimand=estimand,
            unit=unit,
            estimate=estimate,
            draws=values,
            draw_source=(source,),
            design=design,
            assumptions=(CONTINUOUS, EXOGENOUS),
        )
        for estimand, unit, estimate, values in described
    )
    return first, second, third


def _cautions(
    rows: WaitRows, fit: KinkFit, drawn: tuple[Floats, Floats], p_value: float, parts: int, level: float
) -> tuple[str, ...]:
    found = []
    if p_value > 1 - level:
        found.append(
            f"a straight line is not rejected (p = {p_value:.3f}): without a bend the threshold means nothing"
        )
    low, high = fit.where.left[0], fit.where.right[-1]
    edge = 1e-9 * (high - low)
    if not low + edge < fit.scaled_threshold < high - edge:
        found.append("the threshold lies at the end of the search: widen it, or there may be no bend")
    thresholds = drawn[0][np.isfinite(drawn[0])]
    at_end = (
        float(np.mean((thresholds <= low + edge) | (thresholds >= high - edge))) if thresholds.size else 1.0
    )
    if at_end > _MANY_AT_AN_END:
        found.append(f"{at_end:.0%} of the resamples put the threshold at an end of the search")
    if parts > 1:
        found.append(f"{parts} separate stretches of thresholds fit the data; the interval spans them all")
    if rows.clusters is not None and rows.n_clusters < FEW_CLUSTERS:
        found.append(
            f"{rows.n_clusters} clusters: with fewer than {FEW_CLUSTERS} intervals come out too short"
        )
    return tuple(found)
