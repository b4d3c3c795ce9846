"""Mean chances of answers, and their slopes and changes, in the sample and in every resample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from servicefx.models.loyalty.answers import AnswerFit
from servicefx.models.loyalty.asks import Ask

__all__ = ["ChanceAnswer", "answered"]

Floats = NDArray[np.float64]
_CELLS = 2_000_000
"""Cells of the largest array made on the way: 16 MB in double precision."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ChanceAnswer:
    """One ask, answered for every answer category.

    Attributes
    ----------
    estimates, delta_errors : ndarray, shape (m + 1,)
        Mean over the sample, and its standard error by the delta method with the rows held.
    draws : ndarray, shape (n_draws, m + 1)
        Refitted and averaged over each resample.
    """

    estimates: Floats
    delta_errors: Floats
    draws: Floats


def answered(fit: AnswerFit, ask: Ask) -> ChanceAnswer:
    """Mean chance, slope or change asked for, of every answer.

    Notes
    -----
    All is computed at the boundaries, where G = P(answer above it) = logistic(x b - t), and differenced to
    the answers: what one answer gains the others lose, so that the rows of a change sum to 0.
    """
    m = len(fit.thresholds)
    to_answers = np.vstack([np.zeros((1, m)), np.eye(m)]) - np.vstack([np.eye(m), np.zeros((1, m))])
    base = np.r_[1.0, np.zeros(m)] if ask.kind == "level" else np.zeros(m + 1)
    at_boundary, gradient = _at_sample(fit, ask)
    gradient = to_answers @ gradient
    variance = np.einsum("ap,pq,aq->a", gradient, fit.covariance, gradient)
    return ChanceAnswer(
        estimates=base + to_answers @ at_boundary,
        delta_errors=np.sqrt(np.maximum(variance, 0.0)),
        draws=base + _at_draws(fit, ask) @ to_answers.T,
    )


def _places(fit: AnswerFit, ask: Ask) -> tuple[Floats, Floats]:
    """Designs after and before the move; twice the rows as they are where nothing moves."""
    after, before = fit.values.copy(), fit.values.copy()
    at = fit.terms.names.index(ask.term)
    if ask.kind == "step":
        after[:, at] += ask.by
    elif ask.kind in ("move", "level"):
        after[:, at] = ask.end
        before[:, at] = ask.start if ask.kind == "move" else ask.end
    return fit.terms.design(after), fit.terms.design(before)


def _at_sample(fit: AnswerFit, ask: Ask) -> tuple[Floats, Floats]:
    """Value at every boundary, shape (m,), and its gradient in slopes and thresholds, (m, k + m)."""
    weight = fit.weights / fit.weights.sum()
    k, m = len(fit.slopes), len(fit.thresholds)
    after, before = _places(fit, ask)
    value, gradient = np.zeros(m), np.zeros((m, k + m))
    if ask.kind in ("step", "move", "level"):
        for sign, design in ((1.0, after), (-1.0, before))[: 1 if ask.kind == "level" else 2]:
            above = expit((design @ fit.slopes)[:, None] - fit.thresholds)
            density = weight[:, None] * above * (1 - above)
            value += sign * weight @ above
            gradient[:, :k] += sign * density.T @ design
            gradient[:, k:] -= sign * np.diag(density.sum(axis=0))
        return value, gradient
    above = expit((after @ fit.slopes)[:, None] - fit.thresholds)
    first, second, third = _derivatives(above)
    move = fit.terms.slope(ask.term, fit.values)
    rate = move @ fit.slopes
    if ask.kind == "slope":
        value = weight @ (first * rate[:, None])
        gradient[:, :k] = (second * (weight * rate)[:, None]).T @ after + (first * weight[:, None]).T @ move
        gradient[:, k:] = -np.diag(weight @ (second * rate[:, None]))
        return value, gradient
    other = fit.terms.slope(ask.other, fit.values)
    cross = fit.terms.cross(ask.term, ask.other)
    other_rate, bend = other @ fit.slopes, float(cross @ fit.slopes)
    value = weight @ (second * (rate * other_rate)[:, None] + first * bend)
    turned = third * (weight * rate * other_rate)[:, None] + second * (weight * bend)[:, None]
    gradient[:, :k] = turned.T @ after + np.outer(weight @ first, cross)
    gradient[:, :k] += (second * (weight * other_rate)[:, None]).T @ move
    gradient[:, :k] += (second * (weight * rate)[:, None]).T @ other
    gradient[:, k:] = -np.diag(turned.sum(axis=0))
    return value, gradient


def _derivatives(above: Floats) -> tuple[Floats, Floats, Floats]:
    """First three derivatives of the logistic function, from its value."""
    density = above * (1 - above)
    second = density * (1 - 2 * above)
    return density, second, density * (1 - 6 * density)


def _at_draws(fit: AnswerFit, ask: Ask) -> Floats:
    """The same values in every resample, shape (n_draws, m)."""
    after, before = _places(fit, ask)
    found = np.empty((len(fit.drawn_slopes), len(fit.thresholds)))
    step = max(1, _CELLS // len(fit.values))
    means = _means_of(fit, ask)
    for first in range(0, len(found), step):
        some = slice(first, first + step)
        weight = fit.drawn_tallies[some].sum(axis=2, dtype=np.float64)
        weight /= weight.sum(axis=1, keepdims=True)
        found[some] = means(fit.drawn_slopes[some], fit.drawn_thresholds[some], weight, after, before)
    return found


def _means_of(fit: AnswerFit, ask: Ask) -> Callable[[Floats, Floats, Floats, Floats, Floats], Floats]:
    """The function of slopes, thresholds, weights and designs whose values are averaged."""

    def moved(b: Floats, t: Floats, weight: Floats, after: Floats, before: Floats) -> Floats:
        found = _mean_above(b, t, weight, after)
        return found if ask.kind == "level" else found - _mean_above(b, t, weight, before)

    if ask.kind in ("step", "move", "level"):
        return moved
    move = fit.terms.slope(ask.term, fit.values)
    other = fit.terms.slope(ask.other, fit.values) if ask.other else move
    cross = fit.terms.cross(ask.term, ask.other) if ask.other else np.zeros(len(fit.slopes))

    def sloped(b: Floats, t: Floats, weight: Floats, after: Floats, _: Floats) -> Floats:
        odds, rate, other_rate = b @ after.T, weight * (b @ move.T), b @ other.T
        found = np.empty((len(b), t.shape[1]))
        for at in range(t.shape[1]):
            first, second, _third = _derivatives(expit(odds - t[:, at, None]))
            if ask.kind == "slope":
                found[:, at] = (first * rate).sum(axis=1)
            else:
                found[:, at] = (second * rate * other_rate).sum(axis=1)
                found[:, at] += (first * weight).sum(axis=1) * (b @ cross)
        return found

    return sloped


def _mean_above(b: Floats, t: Floats, weight: Floats, design: Floats) -> Floats:
    odds = b @ design.T
    columns = [(weight * expit(odds - t[:, at, None])).sum(axis=1) for at in range(t.shape[1])]
    return np.column_stack(columns)
