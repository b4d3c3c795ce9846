"""Rows of the table of reliability: one construct, one measure, with its interval or its reason."""

from __future__ import annotations

from typing import Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import ServicefxError
from servicefx.measurement.reliability.alpha import cronbach_alpha_interval
from servicefx.measurement.reliability.block import Block
from servicefx.measurement.reliability.influence import bootstrap_interval, delta_interval, standard_error
from servicefx.measurement.reliability.ordinal import fit_ordinal_factor, polychoric_alpha
from servicefx.moments.ordinal import ordinal_moments

__all__ = ["Kind", "Row", "empty_row", "measure_row", "ordinal_rows", "with_draws"]

Floats = NDArray[np.float64]
Kind = Literal["bca", "percentile"]
_NAN = float("nan")


class Row(TypedDict):
    """One construct and measure."""

    construct: str
    measure: str
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    n_items: int
    n_obs: int
    n_draws: int
    interval: str
    flag: str
    undefined: str


def measure_row(
    name: str,
    block: Block,
    measure: str,
    drawn: Floats | None,
    level: float,
    kind: Kind,
) -> Row:
    """A measure computed from covariances; ``drawn`` its values in the resamples."""
    estimate, undefined = block.estimate(measure)
    row = empty_row(name, block, measure, undefined)
    if undefined:
        return row
    influence = block.influence(measure)
    row["estimate"], row["flag"] = estimate, block.flag(measure)
    if drawn is None:
        error = standard_error(influence)
        row["std_error"] = error
        if measure == "alpha" and block.weights is None and block.clusters is None:
            row["conf_low"], row["conf_high"] = cronbach_alpha_interval(estimate, block.n_obs, block.p, level)
            row["interval"] = "Feldt"
        else:
            row["conf_low"], row["conf_high"] = delta_interval(estimate, error, level)
            row["interval"] = "delta, distribution-free" + ("" if block.clusters is None else ", clustered")
        return row
    low, high = bootstrap_interval(drawn, estimate, kind, level, influence)
    return with_draws(
        row, drawn, low, high, {"bca": "bootstrap BCa", "percentile": "bootstrap percentile"}[kind]
    )


def with_draws(row: Row, drawn: Floats, low: float, high: float, how: str) -> Row:
    """The row with error and interval of its draws, or why there is none."""
    known = drawn[np.isfinite(drawn)]
    row["n_draws"], row["conf_low"], row["conf_high"] = len(known), low, high
    row["std_error"] = float(known.std(ddof=1)) if len(known) > 1 else _NAN
    if np.isfinite(low):
        row["interval"] = how
    else:
        row["undefined"] = f"interval: the measure exists in {len(known)} of {len(drawn)} resamples"
        if len(known) > 1:
            row["undefined"] = "interval: all resamples lie on one side of the estimate"
    return row


def empty_row(name: str, block: Block, measure: str, undefined: str) -> Row:
    """A row without numbers and the reason."""
    return Row(
        construct=name, measure=measure, estimate=_NAN, std_error=_NAN, conf_low=_NAN, conf_high=_NAN,
        n_items=block.p, n_obs=block.n_obs, n_draws=0, interval="", flag="", undefined=undefined,
    )  # fmt: skip


def ordinal_rows(name: str, block: Block, level: float) -> list[Row]:
    """The ordinal measures, with delta intervals from polychoric correlations and thresholds."""
    measures = ("ordinal_alpha", "ordinal_omega", "categorical_omega")
    reason = block.undefined or ("" if block.weights is None else "weights are not used for polychorics")
    if reason:
        return [empty_row(name, block, measure, reason) for measure in measures]
    frame = block.frame()
    bound = ""
    answers: dict[str, tuple[float, float] | str] = {}
    try:
        moments = ordinal_moments(frame, list(frame.columns))
        answers["ordinal_alpha"] = polychoric_alpha(moments)
        bound = "; ".join(f"'{a}' and '{b}' correlate beyond .999" for a, b in moments.at_bound)
    except ServicefxError as refusal:
        answers["ordinal_alpha"] = refusal.problems[0].found
    try:
        factor = fit_ordinal_factor(frame)
        answers["ordinal_omega"] = factor.omega()
        answers["categorical_omega"] = factor.categorical_omega("implied")
    except ServicefxError as refusal:
        answers |= dict.fromkeys(measures[1:], refusal.problems[0].found)
    rows = []
    for measure in measures:
        answer = answers[measure]
        row = empty_row(name, block, measure, answer if isinstance(answer, str) else "")
        if not isinstance(answer, str):
            row["estimate"], error = answer
            row["flag"] = "; ".join(filter(None, (block.flag(measure), bound)))
            if block.clusters is None:
                row["std_error"] = error
                row["conf_low"], row["conf_high"] = delta_interval(answer[0], error, level)
                row["interval"] = "delta, polychoric"
            else:
                row["undefined"] = "interval: dependence of rows is not used for polychorics"
        rows.append(row)
    return rows
