"""The PLS algorithm on correlation matrices, many at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

__all__ = ["SCHEMES", "Composites", "Design", "Mode", "Scheme", "composites", "path_coefficients"]

Floats = NDArray[np.float64]
Mode = Literal["A", "B"]
Scheme = Literal["path", "factorial", "centroid"]
SCHEMES: tuple[Scheme, ...] = get_args(Scheme)
_SINGULAR = 1e-10
"""Smallest eigenvalue of a block of correlations below which its regressions have no answer."""


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
    correlation: Floats, design: Design, *, scheme: Scheme, tolerance: float, max_iterations: int
) -> Composites:
    """Weights of all composites, by alternating inner and outer estimation.

    Parameters
    ----------
    correlation : ndarray, shape (B, p, p)
        Item correlations.
    design : Design
        K constructs.
    scheme : {"path", "factorial", "centroid"}
        Inner weights: regressions on what explains and correlations with what is explained; correlations;
        signs of correlations.
    tolerance : float
        Largest move of a weight in the last round, in units where composites have variance 1.
    max_iterations : int
        Rounds at most.

    Returns
    -------
    Composites
        Each composite turned so that the loadings of its own items sum to a positive number. The rule is
        part of the estimator, so a resample is turned by it too, never towards another solution.

    Notes
    -----
    Wold (1982); Lohmöller (1989), Latent Variable Path Modeling with Partial Least Squares, ch. 2;
    Tenenhaus et al. (2005), Comput. Stat. Data Anal. 48, 159-205, section 3. Only correlations enter:
    with weights W and inner weights E, outer proxies are R W E.
    """
    batch, p = correlation.shape[:2]
    k = len(design.blocks)
    member = np.zeros((p, k))
    for j, block in enumerate(design.blocks):
        member[list(block), j] = 1.0
    joined = np.zeros((k, k), dtype=bool)
    for j, explaining in enumerate(design.terms):
        joined[j, list(explaining)] = joined[list(explaining), j] = True
    inverses = _block_inverses(correlation, design)

    weights = _unit_variance(np.broadcast_to(member, (batch, p, k)), correlation)
    converged = np.zeros(batch, dtype=bool)
    moving = np.arange(batch)
    rounds = 0
    while moving.size and rounds < max_iterations:
        rounds += 1
        R, W = correlation[moving], weights[moving]
        loadings = R @ W
        inner = _inner_weights(np.swapaxes(W, 1, 2) @ loadings, design, joined, scheme)
        outer = (loadings @ inner) * member
        for j, inverse in inverses.items():
            at = list(design.blocks[j])
            outer[:, at, j] = np.einsum("bij,bj->bi", inverse[moving], outer[:, at, j])
        new = _unit_variance(outer, R)
        moved = np.abs(new - W).max(axis=(1, 2))
        weights[moving] = new
        converged[moving[moved <= tolerance]] = True
        moving = moving[~(moved <= tolerance) & np.isfinite(moved)]
    weights[~converged] = np.nan
    loadings = correlation @ weights
    sign = np.where(np.einsum("bpk,pk->bk", loadings, member) < 0, -1.0, 1.0)[:, None, :]
    weights, loadings = weights * sign, loadings * sign
    return Composites(
        weights=weights,
        loadings=loadings,
        correlations=np.swapaxes(weights, 1, 2) @ loadings,
        converged=converged,
        iterations=rounds,
    )


def path_coefficients(correlations: Floats, terms: tuple[int, ...], outcome: int) -> Floats:
    """Standardised regression of one composite on others.

    Parameters
    ----------
    correlations : ndarray, shape (B, K, K)
        Of the composites.
    terms : tuple of int, length t
        At least one.
    outcome : int
        What is explained.

    Returns
    -------
    ndarray, shape (B, t)
        NaN where the terms cannot be told apart.
    """
    at = list(terms)
    among = correlations[:, at][:, :, at]
    answer = np.full((len(correlations), len(at)), np.nan)
    regular = _is_regular(among)
    right = correlations[:, at, outcome][regular]
    answer[regular] = np.linalg.solve(among[regular], right[:, :, None])[:, :, 0]
    return answer


def _inner_weights(correlations: Floats, design: Design, joined: NDArray[np.bool_], scheme: Scheme) -> Floats:
    """Weights of the neighbours (rows) in each construct's inner proxy (columns), shape (B, K, K)."""
    if scheme == "centroid":
        return np.asarray(np.sign(correlations) * joined, dtype=np.float64)
    inner = np.asarray(correlations * joined, dtype=np.float64)
    if scheme == "path":
        for j, terms in enumerate(design.terms):
            if terms:
                inner[:, list(terms), j] = path_coefficients(correlations, terms, j)
    return inner


def _block_inverses(correlation: Floats, design: Design) -> dict[int, Floats]:
    """Inverse item correlations of each Mode B construct; NaN where its items cannot be told apart."""
    inverses: dict[int, Floats] = {}
    for j, (block, mode) in enumerate(zip(design.blocks, design.modes, strict=True)):
        if mode == "A":
            continue
        at = list(block)
        among = correlation[:, at][:, :, at]
        inverse = np.full(among.shape, np.nan)
        regular = _is_regular(among)
        inverse[regular] = np.linalg.inv(among[regular])
        inverses[j] = inverse
    return inverses


def _is_regular(matrices: Floats) -> NDArray[np.bool_]:
    """Which matrices of a batch are finite and far enough from singular."""
    regular: NDArray[np.bool_] = np.asarray(np.isfinite(matrices).all(axis=(1, 2)), dtype=np.bool_)
    regular[regular] = np.linalg.eigvalsh(matrices[regular])[:, 0] > _SINGULAR
    return regular


def _unit_variance(weights: Floats, correlation: Floats) -> Floats:
    """The same weights, scaled so that every composite has variance 1; NaN where it has none."""
    variance = np.einsum("bpk,bpk->bk", weights, correlation @ weights)
    size = np.sqrt(np.where(variance > 0, variance, np.nan))
    return np.asarray(weights / size[:, None, :], dtype=np.float64)
