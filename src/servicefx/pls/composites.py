"""The PLS algorithm on correlation matrices, many at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from servicefx.pls.regressions import eliminated, inverses

__all__ = ["SCHEMES", "Composites", "Design", "Mode", "Scheme", "composites"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Mode = Literal["A", "B"]
Scheme = Literal["path", "factorial", "centroid"]
SCHEMES: tuple[Scheme, ...] = get_args(Scheme)
_CANCELLED = 1e-9
"""Sum of loadings that is zero but for rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """Which item belongs to which construct, and which construct explains which.

    Attributes
    ----------
    blocks : tuple of tuple of int, length K
        Positions of each construct's items.
    modes : tuple of str, length K
        ``"A"`` correlation weights, ``"B"`` regression weights.
    terms : tuple of tuple of int, length K
        Constructs that explain each construct; empty where nothing does.
    """

    blocks: tuple[tuple[int, ...], ...]
    modes: tuple[Mode, ...]
    terms: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Composites:
    """Composites of a batch of B correlation matrices.

    Attributes
    ----------
    weights : ndarray, shape (B, p, K)
        Zero outside a construct's items; composites have variance 1. NaN where there is no answer.
    loadings : ndarray, shape (B, p, K)
        Correlations of every item with every composite.
    correlations : ndarray, shape (B, K, K)
        Of the composites.
    converged : ndarray of bool, shape (B,)
        Whether the weights stopped moving.
    iterations : int
        Rounds made.
    """

    weights: Floats
    loadings: Floats
    correlations: Floats
    converged: NDArray[np.bool_]
    iterations: int


def composites(
    correlation: Floats,
    design: Design,
    *,
    scheme: Scheme,
    tolerance: float,
    max_iterations: int,
) -> Composites:
    """Weights of all composites, by alternating inner and outer estimation.

    Parameters
    ----------
    correlation : ndarray, shape (B, p, p)
        Item correlations; with covariances the weights are those of unstandardised items.
    design : Design
        K constructs.
    scheme : {"path", "factorial", "centroid"}
        Inner weights: regressions on what explains and correlations with what is explained; correlations;
        signs of correlations.
    tolerance : float
        Largest move of a standardised item's weight in the last round; composites have variance 1.
    max_iterations : int
        Rounds at most.

    Returns
    -------
    Composites
        Each composite turned so that the loadings of its own items sum to a positive number, or where they
        cancel, so that its first item's is positive. The rule is part of the estimator, so a resample is
        turned by it too, never towards another solution.

    Notes
    -----
    Wold (1982); Lohmöller (1989), Latent Variable Path Modeling with Partial Least Squares, ch. 2;
    Tenenhaus et al. (2005), Comput. Stat. Data Anal. 48, 159-205, section 3. Only correlations enter:
    with weights W and inner weights E, outer proxies are R W E. The search begins with equal weights; another
    beginning can end in another solution where data are weak.
    """
    layout = _layout(design)
    R = correlation[:, layout.item][:, :, layout.item]
    unit = np.sqrt(np.einsum("bpp->bp", R))
    inverse = _block_inverses(R, unit, design, layout)
    matrices = np.ascontiguousarray(R.transpose(1, 2, 0))
    state = _normalised(matrices, np.ones((len(layout.item), len(R))), layout)
    unit = unit.T

    final = np.full(R.shape[:2], np.nan)
    converged = np.zeros(len(R), dtype=bool)
    moving = np.arange(len(R))
    rounds = 0
    while moving.size and rounds < max_iterations:
        rounds += 1
        outer = _outer(state, _inner_weights(state.correlations, design, layout.joined, scheme), layout)
        for j, among in inverse.items():
            at = layout.block(j)
            outer[at] = np.einsum("bij,jb->ib", among, outer[at])
        new = _normalised(matrices, outer, layout)
        moved = (np.abs(new.weights - state.weights) * unit).max(axis=0)
        arrived = moved <= tolerance
        final[moving[arrived]] = new.weights[:, arrived].T
        converged[moving[arrived]] = True
        stays = ~arrived & np.isfinite(moved)
        state = new
        if not stays.all():
            moving, matrices, unit = moving[stays], matrices[:, :, stays], unit[:, stays]
            state = state.part(stays)
            inverse = {j: among[stays] for j, among in inverse.items()}
    return _finished(correlation, final, design, layout, converged, rounds)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Layout:
    """Items construct by construct: each stands once for every construct it belongs to.

    Places of items and constructs, where each construct begins, which constructs a path joins, and which
    share an equation.
    """

    item: Places
    construct: Places
    start: Places
    joined: NDArray[np.bool_]
    together: NDArray[np.bool_]

    def block(self, construct: int) -> slice:
        ends = [*self.start, len(self.item)]
        return slice(int(ends[construct]), int(ends[construct + 1]))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _State:
    """Composites with variance 1 of B samples, which stand last so that sums run along them.

    Weights (P, B), covariances with the items (K, P, B) where they are needed, correlations (K, K, B) of
    pairs that share an equation.
    """

    weights: Floats
    covariances: Floats
    correlations: Floats

    def part(self, samples: NDArray[np.bool_]) -> _State:
        return _State(
            weights=self.weights[:, samples],
            covariances=self.covariances[:, :, samples],
            correlations=self.correlations[:, :, samples],
        )


def _layout(design: Design) -> _Layout:
    sizes = [len(block) for block in design.blocks]
    joined = np.zeros((len(sizes), len(sizes)), dtype=bool)
    together = joined.copy()
    for j, explaining in enumerate(design.terms):
        joined[j, list(explaining)] = joined[list(explaining), j] = True
        together[np.ix_([j, *explaining], [j, *explaining])] = bool(explaining)
    np.fill_diagonal(together, val=True)
    return _Layout(
        item=np.array([i for block in design.blocks for i in block], dtype=np.intp),
        construct=np.repeat(np.arange(len(sizes)), sizes),
        start=np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp),
        joined=joined,
        together=together,
    )


def _normalised(matrices: Floats, weights: Floats, layout: _Layout) -> _State:
    """The composites of weights (P, B), scaled to variance 1; NaN where they have none."""
    p, k = len(weights), len(layout.start)
    covariances = np.zeros((k, p, weights.shape[1]))
    correlations = np.zeros((k, k, weights.shape[1]))
    blocks = [layout.block(j) for j in range(k)]
    for j, of in enumerate(blocks):
        for l, at in enumerate(blocks):  # noqa: E741
            if layout.together[j, l]:
                covariances[j, at] = np.einsum("ijb,jb->ib", matrices[at, of], weights[of])
                correlations[j, l] = np.einsum("ib,ib->b", covariances[j, at], weights[at])
    variance = np.einsum("kkb->kb", correlations)
    size = np.sqrt(np.where(variance > 0, variance, np.nan))
    covariances /= size[:, None]
    correlations /= size[:, None] * size[None]
    return _State(
        weights=weights / size[layout.construct], covariances=covariances, correlations=correlations
    )


def _outer(state: _State, inner: Floats, layout: _Layout) -> Floats:
    """Covariances of every item with the inner proxy of its own construct, shape (P, B)."""
    outer = np.zeros_like(state.weights)
    for j in range(len(layout.start)):
        at = layout.block(j)
        for neighbour in np.flatnonzero(layout.joined[:, j]):
            outer[at] += state.covariances[neighbour, at] * inner[neighbour, j]
    return outer


def _finished(
    correlation: Floats,
    found: Floats,
    design: Design,
    layout: _Layout,
    converged: NDArray[np.bool_],
    rounds: int,
) -> Composites:
    """Composites of the weights found, each turned so that its items' loadings sum to a positive number."""
    weights = np.zeros((*correlation.shape[:2], len(design.blocks)))
    weights[:, layout.item, layout.construct] = found
    sd = np.sqrt(np.einsum("bpp->bp", correlation))
    loadings = correlation @ weights / sd[:, :, None]
    own = np.add.reduceat(loadings[:, layout.item, layout.construct], layout.start, axis=1)
    first = loadings[:, layout.item[layout.start], layout.construct[layout.start]]
    sign = np.where(np.where(np.abs(own) > _CANCELLED, own, first) < 0, -1.0, 1.0)[:, None, :]
    weights, loadings = weights * sign, loadings * sign
    return Composites(
        weights=weights,
        loadings=loadings,
        correlations=np.swapaxes(weights * sd[:, :, None], 1, 2) @ loadings,
        converged=converged,
        iterations=rounds,
    )


def _inner_weights(correlations: Floats, design: Design, joined: NDArray[np.bool_], scheme: Scheme) -> Floats:
    """Weights of the neighbours (rows) in each construct's inner proxy (columns), shape (K, K, B)."""
    inner = np.sign(correlations) if scheme == "centroid" else correlations.copy()
    inner *= joined[:, :, None]
    if scheme == "path":
        for j, terms in enumerate(design.terms):
            if terms:
                at = list(terms)
                inner[at, j] = eliminated(correlations[at][:, at], correlations[at, j])
    return np.asarray(inner, dtype=np.float64)


def _block_inverses(R: Floats, unit: Floats, design: Design, layout: _Layout) -> dict[int, Floats]:
    """Inverse item correlations of each Mode B construct; NaN where its items cannot be told apart."""
    found: dict[int, Floats] = {}
    for j, mode in enumerate(design.modes):
        if mode == "B":
            at = layout.block(j)
            size = unit[:, at, None] * unit[:, None, at]
            found[j] = inverses(R[:, at, at] / size) / size
    return found
