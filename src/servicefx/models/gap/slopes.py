"""Slopes of one gap on both sides, their difference and ratio: rows of a table, and effects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import fdtrc

from servicefx.models.drivers.rows import DriverRows
from servicefx.models.gap.draws import DrawnFit, Resamples, wald_statistic
from servicefx.models.gap.ratio import fieller_interval
from servicefx.values.effect import Design, Effect
from servicefx.values.estimates import Estimates

__all__ = [
    "CONTINUOUS", "GAIN", "JUMP", "KINK", "LOSS", "MEASURED", "RATIO", "STRAIGHT", "gap_effect",
    "joint_kinks", "slopes_of_gap",
]  # fmt: skip

Floats = NDArray[np.float64]
STRAIGHT, LOSS, GAIN = "straight line", "losses", "gains"
KINK, RATIO, JUMP = "losses less gains", "losses over gains", "jump"
CONTINUOUS = "the line bends where perception meets expectation and nowhere else"
MEASURED = "scores hold no measurement error (error in the gap blurs a kink and flattens both slopes)"


def slopes_of_gap(
    name: str, straight: DrawnFit, kinked: DrawnFit, level: float
) -> tuple[list[dict[str, object]], dict[str, tuple[float, Floats, str]]]:
    """Rows of one gap, and its answers.

    Parameters
    ----------
    name : str
        Of the gap.
    straight, kinked : DrawnFit
        With one slope; with terms ``"name losses"``, ``"name gains"``.
    level : float
        Of intervals.

    Returns
    -------
    list of dict, dict
        Rows (straight line, losses, gains, their difference and ratio); by kind the estimate, its draws of
        shape (n_draws,) and why it is undefined.
    """
    sums = {LOSS: {LOSS: 1.0}, GAIN: {GAIN: 1.0}, KINK: {LOSS: 1.0, GAIN: -1.0}}
    weights = {
        kind: kinked.weights({f"{name} {side}": value for side, value in parts.items()})
        for kind, parts in sums.items()
    }
    line = straight.weights({name: 1.0})
    found: list[dict[str, object]] = [{"kind": STRAIGHT, **straight.contrast(line, level), "undefined": ""}]
    answers = {STRAIGHT: (float(line @ straight.estimates.coefficients), straight.draws @ line, "")}
    for kind, contrast in weights.items():
        found.append({"kind": kind, **kinked.contrast(contrast, level), "undefined": ""})
        answers[kind] = (float(contrast @ kinked.estimates.coefficients), kinked.draws @ contrast, "")
    pair = np.array([weights[LOSS], weights[GAIN]])
    (loss, gain), fit = pair @ kinked.estimates.coefficients, kinked.estimates
    interval = fieller_interval(loss, gain, pair @ fit.covariance @ pair.T, fit.df, level)
    ratio = float(loss / gain) if gain != 0 else float("nan")
    found.append(
        {
            "kind": RATIO,
            "estimate": ratio,
            "df": fit.df,
            "conf_low": interval.low,
            "conf_high": interval.high,
            "undefined": interval.unbounded,
        }
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = answers[LOSS][1] / answers[GAIN][1]
    if interval.unbounded:
        ratio, drawn = float("nan"), np.full(len(drawn), np.nan)
    answers[RATIO] = (ratio, drawn, interval.unbounded)
    return found, answers


_ASKED = {
    STRAIGHT: "change in '{outcome}' per point of the gap of '{gap}', one line",
    LOSS: "change in '{outcome}' per point of the gap of '{gap}' while perception falls short of expectation",
    GAIN: "change in '{outcome}' per point of the gap of '{gap}' once perception exceeds expectation",
    KINK: "slope of '{outcome}' over the gap of '{gap}' where it falls short, less that where it exceeds",
    RATIO: "slope of '{outcome}' over the gap of '{gap}' where it falls short, over that where it exceeds",
}


def gap_effect(
    rows: DriverRows,
    gap: str,
    kind: str,
    estimate: float,
    drawn: Floats,
    undefined: str,
    resamples: Resamples,
    unit: str,
) -> Effect:
    """One answer of a gap as an effect, with what it asks and what is held."""
    held = list(rows.covariates) + [name for name in rows.drivers if name != gap]
    design: Design = "adjusted" if held else "association"
    asked = _ASKED[kind].format(outcome=rows.outcome, gap=gap)
    return Effect(
        estimand=asked + (", " + ", ".join(f"'{name}'" for name in held) + " held" if held else ""),
        unit=unit,
        estimate=estimate,
        draws=drawn,
        draw_source=(resamples.source,),
        design=design,
        assumptions=(MEASURED,) if kind == STRAIGHT else (CONTINUOUS, MEASURED),
        undefined=undefined,
    )


def joint_kinks(fit: Estimates, gaps: Sequence[str]) -> pd.DataFrame:
    """Wald test that losses and gains weigh alike for every gap."""
    contrast = np.zeros((len(gaps), len(fit.terms)))
    for row, name in enumerate(gaps):
        contrast[row, fit.terms.index(f"{name} {LOSS}")] = 1.0
        contrast[row, fit.terms.index(f"{name} {GAIN}")] = -1.0
    kinks = contrast @ fit.coefficients
    spread = contrast @ fit.covariance @ contrast.T
    wald = wald_statistic(kinks, spread)
    return pd.DataFrame(
        {
            "hypothesis": ["losses and gains weigh alike for every gap"],
            "statistic": [wald],
            "df": [len(gaps)],
            "df_residual": [fit.df],
            "p_value": [float(fdtrc(len(gaps), fit.df, wald))],
            "n_obs": [fit.n_obs],
        }
    )
