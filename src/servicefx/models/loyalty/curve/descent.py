"""Least squares or maximum likelihood of a shape in many samples at once, by damped scoring steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from servicefx.models.loyalty.curve.places import Tallies
from servicefx.models.loyalty.curve.shapes import Shape

__all__ = ["deviances", "fitted"]

Floats = NDArray[np.float64]
_LEAST_CHANCE = 1e-10
_LEAST_DAMPING = 1e-10
"""Keeps a step defined where two parameters move the curve alike."""
_FIRST_DAMPING, _MOST_DAMPING = 1e-4, 1e10
_ROUNDING = 1e-13
"""Deviances closer than this share of theirs are equal."""
_DONE = 1e-15
"""A step that promises to lower the deviance by less than this share ends the search."""


def deviances(mean: Floats, tallies: Tallies, *, binary: bool) -> Floats:
    """Sum of squares, or minus twice the log likelihood of shares, of every sample, shape (b,)."""
    if binary:
        chance = np.clip(mean, _LEAST_CHANCE, 1 - _LEAST_CHANCE)
        logl = tallies.total * np.log(chance) + (tallies.mass - tallies.total) * np.log1p(-chance)
        return np.asarray(-2 * logl.sum(axis=1), dtype=np.float64)
    squares = tallies.squares - 2 * mean * tallies.total + mean**2 * tallies.mass
    return np.asarray(np.maximum(squares.sum(axis=1), 0.0), dtype=np.float64)


def fitted(
    shape: Shape,
    start: Floats,
    tallies: Tallies,
    *,
    binary: bool,
    held: tuple[int, ...] = (),
    steps: int = 200,
) -> tuple[Floats, Floats]:
    """Parameters of every sample from where they start, and the deviances reached.

    Parameters
    ----------
    shape : Shape
    start : ndarray, shape (b, p)
        Inside the bounds.
    tallies : Tallies
        Of b samples.
    binary : bool
        Shares by maximum likelihood (Fisher scoring); else least squares (Gauss-Newton).
    held : tuple of int
        Parameters that stay where they start.
    steps : int
        Most steps.

    Returns
    -------
    tuple of ndarray, shapes (b, p) and (b,)

    Notes
    -----
    Levenberg-Marquardt: a step that does not lower the deviance is taken again with more damping. A parameter
    at its bound, whose step leads outwards, is held there. It finds the lowest place near the start, no more.
    """
    theta = np.clip(start, shape.low, shape.high)
    p = theta.shape[1]
    damping = np.full(len(theta), _FIRST_DAMPING)
    mean, slopes = shape.mean(theta, tallies.x)
    reached = deviances(mean, tallies, binary=binary)
    open_ = np.arange(len(theta))
    for _ in range(steps):
        some = tallies.only(open_)
        weight = some.mass
        rest = some.total - some.mass * mean
        if binary:
            chance = np.clip(mean, _LEAST_CHANCE, 1 - _LEAST_CHANCE)
            weight, rest = weight / (chance * (1 - chance)), rest / (chance * (1 - chance))
        gradient = np.einsum("bup,bu->bp", slopes, rest)
        information = np.matmul((slopes * weight[..., None]).transpose(0, 2, 1), slopes)
        diagonal = np.einsum("bpp->bp", information)
        still = ((theta[open_] <= shape.low) & (gradient < 0)) | (
            (theta[open_] >= shape.high) & (gradient > 0)
        )
        still |= diagonal <= 0
        still[:, list(held)] = True
        scale = np.where(still, 1.0, np.sqrt(np.where(still, 1.0, diagonal)))
        unit = information / (scale[:, :, None] * scale[:, None, :])
        unit = np.where(still[:, :, None] | still[:, None, :], 0.0, unit)
        unit[:, np.arange(p), np.arange(p)] = 1.0 + damping[open_, None]
        right = np.where(still, 0.0, gradient / scale)
        step = np.linalg.solve(unit, right[..., None])[..., 0] / scale
        new = np.clip(theta[open_] + step, shape.low, shape.high)
        new_mean, new_slopes = shape.mean(new, tallies.x)
        new_reached = deviances(new_mean, some, binary=binary)
        before = reached[open_]
        better = (new_reached <= before + _ROUNDING * (1 + before)) & shape.holds(new)
        theta[open_[better]] = new[better]
        reached[open_[better]] = np.minimum(new_reached, before)[better]
        damping[open_] = np.where(
            better, np.maximum(damping[open_] / 10, _LEAST_DAMPING), np.maximum(damping[open_], 1e-6) * 10
        )
        mean = np.where(better[:, None], new_mean, mean)
        slopes = np.where(better[:, None, None], new_slopes, slopes)
        promised = (right * step * scale).sum(axis=1)
        going = (promised > _DONE * (1 + before)) & (damping[open_] < _MOST_DAMPING)
        if not going.any():
            break
        open_, mean, slopes = open_[going], mean[going], slopes[going]
    return theta, reached
