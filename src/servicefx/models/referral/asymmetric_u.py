"""How many people are told over satisfaction: two lines that meet at a centre, and what they say (H5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.counts import CountFamily, count_means, rows_of
from servicefx.errors import DataError, Problem
from servicefx.models.drivers.rows import DriverRows
from servicefx.models.referral.comparison import CountComparison
from servicefx.models.referral.curve import curve_frame
from servicefx.models.referral.people import PERCENTILE
from servicefx.models.referral.people_model import people_model
from servicefx.models.referral.rows import told_rows
from servicefx.models.referral.shape import (
    ABOVE,
    BELOW,
    Turning,
    best_centre,
    hinged,
    shape_frame,
    turning_point,
)
from servicefx.values.effect import Effect
from servicefx.values.estimates import Estimates

__all__ = ["AsymmetricU", "asymmetric_u"]

Floats = NDArray[np.float64]
_RESERVED = (BELOW, ABOVE, "jump", "points", "points_squared")
LINES = "the log of the mean is a line on either side of the centre"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AsymmetricU:
    """People told on both sides of a centre of satisfaction.

    Attributes
    ----------
    outcome, satisfaction : str
    centre : float
        Score at which the two lines meet.
    family : str
        Distribution used.
    comparison : CountComparison
        The distributions held against each other, on the same terms.
    estimates : Estimates
        Terms ``dissatisfied`` (points below the centre), ``satisfied`` (points above), covariates.
    dissatisfied, satisfied : Effect
        Log of the ratio of means per point away from the centre, on either side.
    asymmetry : Effect
        The first less the second: above 0 a point of dissatisfaction tells more than one of satisfaction.
    minimum : Effect
        Score at which a parabola of the log mean turns.
    ratios : DataFrame
        `servicefx.models.referral.people.people_frame`: ratios of means, and people per point, averaged over
        the customers on that side.
    contrasts : DataFrame
        ``measure, estimate, std_error, conf_low, conf_high, statistic, p_value, interval, n_obs,
        undefined``: ``asymmetry`` (normal, with the fit's errors, and p two-sided) and ``minimum``
        (percentiles of the resamples).
    shape : DataFrame
        `servicefx.models.referral.shape.shape_frame`: tests of the U.
    curve : DataFrame
        ``score, estimate, conf_low, conf_high``: expected people told, covariates as they are.
    best_centre : float
        Where the lines would meet if the data chose; NaN where they cannot say.
    fitted : Series, length n
        Expected people of every complete row, with the index of the data.
    n_obs : int
    dropped : mapping of str to int
        Rows left out, by reason.
    """

    outcome: str
    satisfaction: str
    centre: float
    family: CountFamily
    comparison: CountComparison
    estimates: Estimates
    dissatisfied: Effect
    satisfied: Effect
    asymmetry: Effect
    minimum: Effect
    ratios: pd.DataFrame
    contrasts: pd.DataFrame
    shape: pd.DataFrame
    curve: pd.DataFrame
    best_centre: float
    fitted: pd.Series
    n_obs: int
    dropped: Mapping[str, int]


def asymmetric_u(
    data: pd.DataFrame,
    outcome: str,
    satisfaction: str,
    covariates: Sequence[str] = (),
    *,
    centre: float,
    family: CountFamily | None = None,
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
    draws: int = 1000,
    seed: int = 0,
    data_id: str = "data",
    counts: NDArray[np.float32] | None = None,
    source: str | None = None,
    level: float = 0.95,
) -> AsymmetricU:
    """People told falls with satisfaction below a centre and rises above it: how fast on either side.

    Answers H5; feeds K3 and K6. The number is a count, so that its log is a line on either side.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Numeric columns; rows with a gap in a column used are left out and counted.
    outcome : str
        Column of whole numbers from 0.
    satisfaction : str
        Column of scores.
    covariates : sequence of str
        Columns held.
    centre : float
        Score between the lowest and the highest, at which the lines meet: the midpoint of the scale, say.
    family : str, optional
        One of `servicefx.engines.counts.COUNT_FAMILIES`; by default the one `compare_counts` chooses.
    clusters, weights : Series of length n, optional
        Row by row beside ``data``.
    draws, seed, data_id, counts, source
        Resamples, as `servicefx.models.referral.rows.told_rows`.
    level : float
        Of intervals.

    Returns
    -------
    AsymmetricU

    Raises
    ------
    DataError
        If nobody stands on one side of the centre, or as `compare_counts`.
    IdentificationError, ConvergenceError
        As `servicefx.engines.counts.fit_counts`.

    Notes
    -----
    log E = b0 + b_d max(c - s, 0) + b_s max(s - c, 0) + covariates. A wrong centre bends both slopes towards
    each other; ``best_centre`` tells where the data would put it. Measurement error in the score flattens
    the U.

    References
    ----------
    Anderson (1998), J. Serv. Res. 1, 5-17 (the asymmetric U of word of mouth).
    """
    taken = sorted({outcome, satisfaction, *covariates} & set(_RESERVED))
    if taken:
        found = f"'{taken[0]}' names a column of the data and a term made here"
        raise DataError(Problem(f"count model of '{outcome}'", found, "Rename the column."))
    told = told_rows(
        data, outcome, (satisfaction, *covariates), clusters=clusters, weights=weights, draws=draws,
        seed=seed, data_id=data_id, counts=counts, source=source,
    )  # fmt: skip
    rows, held = told.rows, tuple(covariates)
    _check_centre(rows, satisfaction, centre)
    frame = hinged(rows.frame, satisfaction, centre)
    terms = (BELOW, ABOVE, *held)
    bent = DriverRows(
        outcome=outcome, drivers=terms, covariates=(), frame=frame, weights=rows.weights,
        clusters=rows.clusters, positions=rows.positions, n_rows=rows.n_rows, dropped=rows.dropped,
    )  # fmt: skip
    sides = {BELOW: frame[BELOW].to_numpy() > 0, ABOVE: frame[ABOVE].to_numpy() > 0}
    model = people_model(told, bent, terms, family=family, sides=sides, level=level)
    chosen, fit, drawn = model.family, model.estimates, model.draws
    arrays = rows_of(frame, outcome, terms, chosen)
    weight = np.ones(rows.n_obs) if told.weight is None else told.weight
    turning = turning_point(chosen, rows, satisfaction, held, centre, told.counts, told.weight)
    effects = _effects(fit, drawn, turning, told.source, satisfaction, centre)
    return AsymmetricU(
        outcome=outcome,
        satisfaction=satisfaction,
        centre=centre,
        family=chosen,
        comparison=model.comparison,
        estimates=fit,
        dissatisfied=effects[0],
        satisfied=effects[1],
        asymmetry=effects[0] - effects[1],
        minimum=effects[2],
        ratios=model.ratios,
        contrasts=_contrasts(fit, turning, effects[2], level),
        shape=shape_frame(fit, chosen, rows, satisfaction, held, centre, turning),
        curve=curve_frame(
            arrays, fit, drawn, told.counts, weight, frame[satisfaction].to_numpy(copy=True), centre, level
        ),
        best_centre=best_centre(chosen, rows, satisfaction, held),
        fitted=pd.Series(
            count_means(arrays, fit.coefficients[None])[0], index=data.index[rows.positions], name=outcome
        ),
        n_obs=rows.n_obs,
        dropped=rows.dropped,
    )


def _check_centre(rows: DriverRows, satisfaction: str, centre: float) -> None:
    """Refuse a centre with too few customers, or one score only, on one of its sides."""
    score = rows.frame[satisfaction]
    for side, name in ((score < centre, "below"), (score > centre, "above")):
        if side.sum() < 2:
            found = f"{int(side.sum())} of {len(score)} customers have '{satisfaction}' {name} {centre:g}"
            remedy = f"Choose a centre between {score.min():g} and {score.max():g}."
            raise DataError(Problem(f"count model of '{rows.outcome}'", found, remedy))


def _effects(
    fit: Estimates, drawn: Floats, turning: Turning, source: str, satisfaction: str, centre: float
) -> tuple[Effect, Effect, Effect]:
    """Slopes below and above the centre, and the turning point of the parabola."""
    unit = "log people per point"
    slopes = []
    for term, side in ((BELOW, "below"), (ABOVE, "above")):
        at = fit.terms.index(term)
        slopes.append(
            Effect(
                estimand=f"log of the mean of {fit.outcome} per point of {satisfaction} {side} {centre:g}",
                unit=unit,
                estimate=float(fit.coefficients[at]),
                draws=drawn[:, at],
                draw_source=(source,),
                design="adjusted" if len(fit.terms) > 4 else "association",
                assumptions=(LINES,),
            )
        )
    minimum = Effect(
        estimand=f"{satisfaction} at which a parabola of the log mean of {fit.outcome} turns",
        unit="points",
        estimate=turning.estimate,
        draws=turning.draws,
        draw_source=(source,),
        undefined="" if np.isfinite(turning.estimate) else "the parabola is a line",
    )
    return slopes[0], slopes[1], minimum


def _contrasts(fit: Estimates, turning: Turning, minimum: Effect, level: float) -> pd.DataFrame:
    """Difference of the slopes, and the turning point."""
    at, other = fit.terms.index(BELOW), fit.terms.index(ABOVE)
    by = np.zeros(len(fit.terms))
    by[at], by[other] = 1.0, -1.0
    kept = np.isfinite(np.diag(fit.covariance))
    error = float(np.sqrt(by[kept] @ fit.covariance[np.ix_(kept, kept)] @ by[kept]))
    difference = Estimates(
        estimator=fit.estimator, outcome=fit.outcome, terms=("asymmetry",),
        coefficients=np.array([fit.coefficients[at] - fit.coefficients[other]]),
        covariance=np.array([[error**2]]), covariance_kind=fit.covariance_kind, df=float("inf"),
        n_obs=fit.n_obs,
    ).table(level=level)  # fmt: skip
    low, high = minimum.interval(level)
    inside = turning.ends[0] < minimum.estimate < turning.ends[1]
    why = minimum.undefined or ("" if inside else "the parabola turns beyond the scores seen")
    turned = {
        "measure": "minimum", "estimate": minimum.estimate, "std_error": minimum.std_error, "conf_low": low,
        "conf_high": high, "interval": PERCENTILE if len(minimum.draws) else "", "undefined": why,
    }  # fmt: skip
    columns = ["estimate", "std_error", "conf_low", "conf_high", "statistic", "p_value"]
    first = difference[columns].assign(measure="asymmetry", interval="normal approximation", undefined="")
    frame = pd.concat([first, pd.DataFrame([turned])], ignore_index=True).assign(n_obs=fit.n_obs)
    return frame[["measure", *columns, "interval", "n_obs", "undefined"]]
