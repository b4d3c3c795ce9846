"""Marginal effects on the probability scale, with intervals by the delta method and by the bootstrap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from servicefx.models.loyalty.answers import AnswerFit
from servicefx.models.loyalty.asks import Ask, checked_ask, standard_asks
from servicefx.models.loyalty.chances import answered
from servicefx.values.effect import Design, Effect
from servicefx.values.estimates import critical_value

__all__ = ["MarginalEffects", "marginal_effects", "predicted_chances"]

_COLUMNS = [
    "outcome", "answer", "kind", "term", "other", "start", "end", "estimate", "delta_error", "delta_low",
    "delta_high", "std_error", "conf_low", "conf_high", "unit", "n_obs",
]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MarginalEffects:
    """Answers to asks, as a frame and as effects with joint draws.

    Attributes
    ----------
    rows : DataFrame
        One row an ask and answer.
    effects : tuple of Effect
        In the order of the rows.
    """

    rows: pd.DataFrame
    effects: tuple[Effect, ...]


def marginal_effects(
    fit: AnswerFit,
    asks: Sequence[Ask] | None = None,
    *,
    moves: Mapping[str, tuple[float, float]] | None = None,
    design: Design = "adjusted",
    level: float = 0.95,
) -> MarginalEffects:
    """Mean change of the chance of every answer when terms change. Answers H4.

    Parameters
    ----------
    fit : AnswerFit
    asks : sequence of Ask, optional
        By default `standard_asks` with ``moves``: slope, one unit more, lower to upper quartile.
    moves : mapping of str to (float, float), optional
        Term -> further values to move it between.
    design : str
        What the comparison rests on.
    level : float
        Of both intervals.

    Returns
    -------
    MarginalEffects
        Rows ``outcome, answer, kind, term, other, start, end, estimate, delta_error, delta_low, delta_high,
        std_error, conf_low, conf_high, unit, n_obs``: shares of customers; ``std_error, conf_low,
        conf_high`` from the draws. Of a 0/1 outcome only answer 1; of an ordered one all answers, whose
        changes sum to 0.

    Raises
    ------
    StudyError
        If a term is not in the model or is a product, which has no effect of its own.

    Notes
    -----
    Everybody's term is moved, the others left as they are, and the changes averaged ("average marginal
    effects", Cameron & Trivedi 2005, sec. 14.3.2). The delta method holds the sample's rows fixed and uses
    the fit's robust or clustered covariance; the bootstrap refits on each resample and averages over its own
    rows, so it also holds the uncertainty of who the customers are. Products move with their parts; an
    interaction's effect is the derivative in both terms (Ai & Norton 2003, eq. 4), not its coefficient, and
    may differ in sign from it.

    References
    ----------
    Ai & Norton (2003), Economics Letters 80, 123-129. doi:10.1016/S0165-1765(03)00032-6

    Examples
    --------
    >>> import numpy as np
    >>> from servicefx.models.loyalty.answers import fit_answers
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"x": rng.integers(1, 6, 600).astype(float)})
    >>> frame["y"] = np.digitize(0.5 * frame["x"] + rng.logistic(size=600), [0.5, 2.5]) + 1.0
    >>> effects = marginal_effects(fit_answers(frame, "y", ["x"], draws=60))
    >>> bool(abs(effects.rows.groupby("kind")["estimate"].sum()).max() < 1e-12)
    True
    """
    rows, effects = [], []
    for ask in standard_asks(fit, moves) if asks is None else asks:
        checked_ask(fit, ask)
        answer = answered(fit, ask)
        first = 1 if len(fit.answers) == 2 else 0
        for place in range(first, len(fit.answers)):
            effect = Effect(
                estimand=_estimand(fit, ask, fit.answers[place]),
                unit=_unit(ask),
                estimate=float(answer.estimates[place]),
                draws=answer.draws[:, place],
                draw_source=(fit.draw_source,),
                design=design,
                assumptions=fit.estimates.assumptions,
            )
            low, high = effect.interval(level)
            error = float(answer.delta_errors[place])
            half = critical_value(level) * error
            rows.append(
                {
                    "outcome": fit.outcome,
                    "answer": f"{fit.answers[place]:g}",
                    "kind": ask.kind,
                    "term": ask.term,
                    "other": ask.other,
                    "start": ask.start,
                    "end": ask.end,
                    "estimate": effect.estimate,
                    "delta_error": error,
                    "delta_low": effect.estimate - half,
                    "delta_high": effect.estimate + half,
                    "std_error": effect.std_error,
                    "conf_low": low,
                    "conf_high": high,
                    "unit": effect.unit,
                    "n_obs": fit.n_obs,
                }
            )
            effects.append(effect)
    return MarginalEffects(rows=pd.DataFrame(rows, columns=_COLUMNS), effects=tuple(effects))


def predicted_chances(
    fit: AnswerFit, at: Mapping[str, Sequence[float]], *, design: Design = "adjusted", level: float = 0.95
) -> MarginalEffects:
    """Mean chance of every answer with one term at chosen values for everybody.

    Parameters
    ----------
    fit : AnswerFit
    at : mapping of str to sequence of float
        Term -> values; the other terms stay as they are.
    design, level
        As `marginal_effects`.

    Returns
    -------
    MarginalEffects
        As `marginal_effects`, kind ``"level"``, the value in ``end``. A delta interval may leave [0, 1]; the
        bootstrap's cannot.
    """
    asks = [Ask(kind="level", term=term, end=float(value)) for term, values in at.items() for value in values]
    return marginal_effects(fit, asks, design=design, level=level)


def _unit(ask: Ask) -> str:
    if ask.kind == "slope":
        return "share per unit"
    return "share per unit and unit" if ask.kind == "interaction" else "share"


def _estimand(fit: AnswerFit, ask: Ask, answer: float) -> str:
    chance = f"chance of {fit.outcome} = {answer:g}"
    held = ", other terms held" if len(fit.terms.names) > 1 else ""
    if ask.kind == "slope":
        return f"slope of the {chance} in {ask.term}{held}, mean over customers"
    if ask.kind == "step":
        return f"change in the {chance} as {ask.term} rises by {ask.by:g}{held}, mean over customers"
    if ask.kind == "move":
        return f"change in the {chance} as {ask.term} goes from {ask.start:g} to {ask.end:g}{held}"
    if ask.kind == "level":
        return f"{chance} with {ask.term} at {ask.end:g}{held}"
    return f"change per unit of {ask.other} of the slope of the {chance} in {ask.term}{held}"
