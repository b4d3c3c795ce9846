"""Whether few people are told in the middle and more at both ends: tests of a U over satisfaction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from servicefx.engines.count_search import count_maximum
from servicefx.engines.counts import CountFamily, count_draws, fit_counts, rows_of
from servicefx.errors import ServicefxError
from servicefx.models.drivers.rows import DriverRows
from servicefx.values.estimates import Estimates

__all__ = ["ABOVE", "BELOW", "Turning", "best_centre", "hinged", "shape_frame", "turning_point"]

Floats = NDArray[np.float64]
BELOW, ABOVE = "dissatisfied", "satisfied"
"""Points below and above the centre: terms of the two lines that meet there."""
_CENTRES = 41
_MIDDLE = (0.05, 0.95)
"""Share of the customers between which a centre is looked for."""
_NO_FIT = "the two lines with a jump cannot be fitted"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Turning:
    """Where a parabola of the log mean turns.

    Attributes
    ----------
    estimate : float
        Score; NaN where the parabola is a line.
    draws : ndarray, shape (B,)
        NaN where a resample has no answer.
    ends : tuple of float
        Lowest and highest score seen.
    shape : dict
        The row of `shape_frame`.
    """

    estimate: float
    draws: Floats
    ends: tuple[float, float]
    shape: dict[str, object]


def hinged(frame: pd.DataFrame, satisfaction: str, centre: float) -> pd.DataFrame:
    """The frame with ``dissatisfied`` and ``satisfied``, points below and above the centre, beside it."""
    score = frame[satisfaction]
    return frame.assign(**{BELOW: (centre - score).clip(lower=0.0), ABOVE: (score - centre).clip(lower=0.0)})


def _sides(measure: str, below: tuple[float, float], above: tuple[float, float]) -> dict[str, object]:
    """One test: the slope below must be negative and the one above positive; both given with their errors."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.array([-below[0] / np.float64(below[1]), above[0] / np.float64(above[1])])
    weakest = float(ratios.min())
    return {
        "measure": measure,
        "slope_below": below[0],
        "slope_above": above[0],
        "statistic": weakest,
        "p_value": float(ndtr(-weakest)),
        "undefined": "",
    }


def shape_frame(
    fit: Estimates, family: CountFamily, rows: DriverRows, satisfaction: str, covariates: tuple[str, ...],
    centre: float, turning: Turning,
) -> pd.DataFrame:  # fmt: skip
    """Three tests of a U, each: falling at the low end and rising at the high end.

    Parameters
    ----------
    fit : Estimates
        Two lines that meet at the centre, terms ``dissatisfied`` and ``satisfied``.
    family : str
    rows : DriverRows
    satisfaction : str
    covariates : tuple of str
    centre : float
    turning : Turning
        Of the parabola.

    Returns
    -------
    DataFrame
        ``measure, slope_below, slope_above, statistic, p_value, n_obs, undefined``: lines that meet at the
        centre (``u_meeting``), lines that may jump there (``u_jump``), the ends of a parabola
        (``u_parabola``). Slopes are of the log mean per point of satisfaction; ``statistic`` is the weaker of
        the two z values, each positive where its side has a U's direction, and ``p_value`` its one-sided p:
        both sides must reject (intersection–union).

    References
    ----------
    Sasabuchi (1980), Biometrika 67, 429-439; Lind & Mehlum (2010), Oxf. Bull. Econ. Stat. 72, 109-118;
    Simonsohn (2018), Adv. Methods Pract. Psychol. Sci. 1, 538-555 (two lines).
    """
    errors = dict(zip(fit.terms, fit.std_errors, strict=True))
    met = _sides(
        "u_meeting", (-fit.coefficient(BELOW), errors[BELOW]), (fit.coefficient(ABOVE), errors[ABOVE])
    )
    frame = rows.frame.assign(
        **{BELOW: np.minimum(rows.frame[satisfaction] - centre, 0.0)},
        jump=(rows.frame[satisfaction] >= centre).astype(float),
    )
    frame[ABOVE] = np.maximum(rows.frame[satisfaction] - centre, 0.0)
    try:
        jump = fit_counts(
            frame, rows.outcome, (BELOW, ABOVE, "jump", *covariates), family, clusters=rows.clusters,
            weights=rows.weights,
        )  # fmt: skip
        at = dict(zip(jump.terms, jump.std_errors, strict=True))
        jumped = _sides("u_jump", (jump.coefficient(BELOW), at[BELOW]), (jump.coefficient(ABOVE), at[ABOVE]))
    except ServicefxError as error:
        jumped = {"measure": "u_jump", "undefined": f"{_NO_FIT}: {error.problems[0].found}"}
    return pd.DataFrame([met, jumped, turning.shape]).assign(n_obs=fit.n_obs)[
        ["measure", "slope_below", "slope_above", "statistic", "p_value", "n_obs", "undefined"]
    ]


def turning_point(
    family: CountFamily, rows: DriverRows, satisfaction: str, covariates: tuple[str, ...], centre: float,
    counts: NDArray[np.floating], weight: Floats | None,
) -> Turning:  # fmt: skip
    """Where a parabola of the log mean over satisfaction turns, with draws; and the test of its ends.

    Raises
    ------
    IdentificationError
        If satisfaction has two values only.
    """
    score = rows.frame[satisfaction]
    frame = rows.frame.assign(points=score - centre, points_squared=(score - centre) ** 2)
    terms = ("points", "points_squared", *covariates)
    fit = fit_counts(frame, rows.outcome, terms, family, clusters=rows.clusters, weights=rows.weights)
    drawn = np.zeros((0, len(fit.terms)))
    if len(counts):
        drawn = count_draws(rows_of(frame, rows.outcome, terms, family), counts, fit.coefficients, weight)
    low, high = float(score.min()), float(score.max())
    sides = []
    for end in (low - centre, high - centre):
        by = np.array([1.0, 2.0 * end])
        sides.append((float(by @ fit.coefficients[:2]), float(np.sqrt(by @ fit.covariance[:2, :2] @ by))))

    def turns(coefficients: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            place = centre - coefficients[:, 0] / (2.0 * coefficients[:, 1])
        return np.where(np.isfinite(place), place, np.nan)

    return Turning(
        estimate=float(turns(fit.coefficients[None])[0]),
        draws=turns(drawn),
        ends=(low, high),
        shape=_sides("u_parabola", sides[0], sides[1]),
    )


def best_centre(
    family: CountFamily, rows: DriverRows, satisfaction: str, covariates: tuple[str, ...]
) -> float:
    """Centre at which two lines that meet there fit best, of up to 41 between the outer twentieths."""
    score = rows.frame[satisfaction]
    low, high = np.quantile(score, _MIDDLE)
    places = np.unique(score)
    places = places[(places > max(low, places[0])) & (places < min(high, places[-1]))]
    if not len(places):
        return float("nan")
    if len(places) > _CENTRES:
        places = np.linspace(places[0], places[-1], _CENTRES)
    weight = (rows.shares * rows.n_obs)[None]
    found = []
    for place in places:
        frame = hinged(rows.frame, satisfaction, float(place))
        try:
            arrays = rows_of(frame, rows.outcome, (BELOW, ABOVE, *covariates), family)
        except ServicefxError:
            found.append(-np.inf)
            continue
        start = np.zeros(arrays.cells.n_parameters)
        start[arrays.x.shape[1] - 1] = np.log(arrays.y.mean())
        found.append(float(count_maximum(arrays.cells, arrays.cells.totals(weight), start)[1][0]))
    if not np.isfinite(found).any():
        return float("nan")
    return float(places[int(np.nanargmax(found))])
