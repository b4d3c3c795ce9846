"""Losses against gains: the line of an outcome over the gap, bent where perception meets expectation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.linear import Covariance
from servicefx.errors import DataError, IdentificationError, Problem
from servicefx.models.drivers.rows import DriverRows, driver_rows
from servicefx.models.gap.curve import gap_curve
from servicefx.models.gap.draws import DrawnFit, drawn_fit, resamples_of
from servicefx.models.gap.slopes import (
    CONTINUOUS,
    GAIN,
    JUMP,
    LOSS,
    MEASURED,
    RATIO,
    gap_effect,
    joint_kinks,
    slopes_of_gap,
)
from servicefx.values.effect import Effect
from servicefx.values.estimates import Estimates

__all__ = ["GapFit", "fit_gap", "sides"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class GapFit:
    """What a point short of expectation goes with, against a point beyond it.

    Attributes
    ----------
    outcome : str
    gaps, covariates : tuple of str
        Columns; all gaps in one regression.
    at : float
        Gap at which the line bends: 0 is "as expected".
    estimates : Estimates
        Of the bent line: terms ``"care losses"``, ``"care gains"`` for each gap, covariates, constant.
    slopes : DataFrame
        For each gap one row a ``kind``: ``"straight line"`` (one slope, from a regression without bends),
        ``"losses"`` and ``"gains"`` (slope below and above ``at``; both are positive where more is better),
        ``"losses less gains"`` (the kink), ``"losses over gains"`` (loss aversion, Fieller's interval) and
        ``"jump"`` (the outcome just above less just below ``at``, in a regression that allows one). Columns
        ``construct, kind, estimate, std_error, statistic, df, p_value, conf_low, conf_high, n_below,
        n_above, n_obs, undefined``.
    joint : DataFrame
        Wald test that no gap bends the line: ``hypothesis, statistic, df, df_residual, p_value, n_obs``.
    curve : DataFrame
        Of a single gap, the bent line over it, covariates at their means: ``gap, estimate, conf_low,
        conf_high``; empty where there are several.
    effects : mapping of (str, str) to Effect
        Gap and kind (straight line, losses, gains, losses less gains, losses over gains) -> its answer, all
        on the same draws. The ratio is undefined, and without draws, where Fieller's interval is unbounded.
    dropped : mapping of str to int
        Rows not used, by reason.
    """

    outcome: str
    gaps: tuple[str, ...]
    covariates: tuple[str, ...]
    at: float
    estimates: Estimates
    slopes: pd.DataFrame
    joint: pd.DataFrame
    curve: pd.DataFrame
    effects: Mapping[tuple[str, str], Effect]
    dropped: Mapping[str, int]


def fit_gap(
    data: pd.DataFrame,
    outcome: str,
    gaps: Sequence[str],
    covariates: Sequence[str] = (),
    *,
    at: float = 0.0,
    covariance: Covariance = "hc3",
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
    draws: int = 1000,
    seed: int = 0,
    data_id: str = "data",
    counts: NDArray[np.float32] | None = None,
    source: str | None = None,
    level: float = 0.95,
    unit: str = "points per point",
) -> GapFit:
    """Whether a shortfall against expectation weighs more than an equal surplus. Answers H2.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Numeric columns; rows with a gap in a column used are left out and counted.
    outcome : str
        Column explained.
    gaps : sequence of str
        Columns of perception less expectation; several enter one regression together.
    covariates : sequence of str
        Columns held. Perceptions held make another question of it: a gap holds its perception, so without
        them its slopes are also those of the service itself; with them they say what a lower expectation
        goes with at the same service.
    at : float
        Gap at which the line may bend, in points.
    covariance : {"classical", "hc1", "hc3", "cluster"}
        As `servicefx.engines.linear.fit_ols`; clusters given mean ``"cluster"``.
    clusters, weights : Series of length n, optional
        Row by row beside ``data``; clusters are also resampled as wholes.
    draws, seed, data_id
        Of the resamples behind the effects.
    counts : ndarray, shape (draws, n), optional
        The shared resamples themselves, where other analyses of the same data use them too; then ``source``
        says what they are.
    source : str, optional
        Draw source of ``counts``.
    level : float
        Of intervals, in (0, 1).
    unit : str
        Of a slope.

    Returns
    -------
    GapFit
        Intervals of ``slopes`` are Student's, of the ratio Fieller's; percentiles stand in ``effects``.

    Raises
    ------
    DataError
        If columns are absent, constant or text, or nobody stands on one side of ``at`` (with the counts).
    IdentificationError
        If covariates are redundant (perception and expectation both held leave no slope of the gap).

    Notes
    -----
    ``y = b_L min(g - at, 0) + b_G max(g - at, 0) + z'c + e``. Loss aversion predicts b_L > b_G > 0. The place
    of the bend is held, not sought: `compare_kink_places` looks at others, and
    `servicefx.models.waiting.fit_threshold` finds one with its interval. A bend of the line says nothing of
    its cause: an outcome that levels off near the end of its scale bends it as well.

    References
    ----------
    Anderson & Sullivan (1993), Marketing Science 12, 125-143 (negative disconfirmation weighs more);
    Mittal, Ross & Baldasare (1998), J. Marketing 62(1), 33-47; Tversky & Kahneman (1991), Quarterly J.
    Economics 106, 1039-1061 (loss aversion).

    Examples
    --------
    >>> answers = pd.DataFrame({"gap": [-2.0, -1.0, 0.0, 1.0, 2.0] * 8, "noise": [0.1, -0.1] * 20})
    >>> answers["satisfaction"] = 5 + answers["gap"].clip(upper=0) + answers["noise"]
    >>> found = fit_gap(answers, "satisfaction", ["gap"], draws=50).slopes.set_index("kind")
    >>> found.loc[["losses", "gains"], "estimate"].round(2).abs().tolist()
    [1.0, 0.0]
    >>> found.loc["losses over gains", "undefined"][:24]
    'the denominator may be 0'
    """
    rows = driver_rows(data, outcome, gaps, covariates, weights=weights, clusters=clusters)
    counted = {name: sides(rows.frame[name], name, at) for name in rows.drivers}
    resamples = resamples_of(
        rows, draws=draws, seed=seed, data_id=data_id, clusters=clusters, counts=counts, source=source
    )
    bent = _design(rows, at)
    terms = [f"{name} {side}" for name in rows.drivers for side in (LOSS, GAIN)]
    straight = drawn_fit(
        rows.frame, [*rows.drivers, *rows.covariates], rows, covariance, resamples
    )  # refuses collinear columns under the names the reader gave
    kinked = drawn_fit(bent, [*terms, *rows.covariates], rows, covariance, resamples)
    jumping, why = _with_jump(bent, terms, rows, covariance)
    found = []
    effects: dict[tuple[str, str], Effect] = {}
    for name in rows.drivers:
        below, above = counted[name]
        part, answers = slopes_of_gap(name, straight, kinked, level)
        jump: dict[str, object] = {"kind": JUMP, "undefined": why}
        if jumping is not None:
            jump |= jumping.contrast(jumping.weights({f"{name} {JUMP}": 1.0}), level)
        for row in (*part, jump):
            found.append({"construct": name, **row, "n_below": below, "n_above": above, "n_obs": rows.n_obs})
        for kind, (estimate, drawn, undefined) in answers.items():
            effects[name, kind] = gap_effect(
                rows, name, kind, estimate, drawn, undefined, resamples, "ratio" if kind == RATIO else unit
            )
    fit = replace(kinked.estimates, dropped=dict(rows.dropped), assumptions=(CONTINUOUS, MEASURED))
    return GapFit(
        outcome=outcome,
        gaps=rows.drivers,
        covariates=rows.covariates,
        at=at,
        estimates=fit,
        slopes=pd.DataFrame(found, columns=list(_COLUMNS)),
        joint=joint_kinks(kinked.estimates, rows.drivers),
        curve=gap_curve(rows, kinked.estimates, at, level),
        effects=effects,
        dropped=rows.dropped,
    )


_COLUMNS = (
    "construct", "kind", "estimate", "std_error", "statistic", "df", "p_value", "conf_low", "conf_high",
    "n_below", "n_above", "n_obs", "undefined",
)  # fmt: skip


def sides(gap: pd.Series, name: str, at: float) -> tuple[int, int]:
    """Rows below and above a place of the gap; refused where a side is empty."""
    below, above = int((gap < at).sum()), int((gap > at).sum())
    if not below or not above:
        side = ("below", "losses") if not below else ("above", "gains")
        rest = len(gap) - below - above
        found = (
            f"{below} of {len(gap)} rows lie below {at:g}, {above} above and {rest} at it: "
            f"with nobody {side[0]} there is no slope of {side[1]}"
        )
        raise DataError(Problem(f"gap of '{name}'", found, "Ask for the straight line alone, or move at=."))
    return below, above


def _design(rows: DriverRows, at: float) -> pd.DataFrame:
    """The rows with the two sides of every gap, and which side it is."""
    design = rows.frame.copy()
    for name in rows.drivers:
        moved = rows.frame[name] - at
        design[f"{name} {LOSS}"] = moved.clip(upper=0)
        design[f"{name} {GAIN}"] = moved.clip(lower=0)
        design[f"{name} {JUMP}"] = (moved >= 0).astype(float)
    return design


def _with_jump(
    design: pd.DataFrame, terms: Sequence[str], rows: DriverRows, covariance: Covariance
) -> tuple[DrawnFit | None, str]:
    """The regression that may also jump at the place of the bend, or why there is none."""
    steps = [f"{name} {JUMP}" for name in rows.drivers]
    try:
        return drawn_fit(design, [*terms, *steps, *rows.covariates], rows, covariance, None), ""
    except (DataError, IdentificationError):
        return None, "a jump cannot be told from the slopes: too few different gaps on one side"
