"""Lines of equal height over a grid (marching squares)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["isolines"]

Floats = NDArray[np.float64]
_BOTTOM, _RIGHT, _TOP, _LEFT = range(4)
_PIECES: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((_LEFT, _BOTTOM),), 2: ((_BOTTOM, _RIGHT),), 3: ((_LEFT, _RIGHT),), 4: ((_RIGHT, _TOP),),
    6: ((_BOTTOM, _TOP),), 7: ((_LEFT, _TOP),), 8: ((_TOP, _LEFT),), 9: ((_TOP, _BOTTOM),),
    11: ((_TOP, _RIGHT),), 12: ((_RIGHT, _LEFT),), 13: ((_RIGHT, _BOTTOM),), 14: ((_BOTTOM, _LEFT),),
    5: ((_LEFT, _TOP), (_BOTTOM, _RIGHT)), 10: ((_LEFT, _BOTTOM), (_RIGHT, _TOP)),
}  # fmt: skip
"""Corners at or above the height (1 left below, 2 right below, 4 right above, 8 left above) -> sides joined.

In the two saddles (5, 10) the middle of the cell is at or above; below it they change places.
"""


def isolines(x: Floats, y: Floats, heights: Floats, level: float) -> list[Floats]:
    """Where a surface known on a grid has one height.

    Parameters
    ----------
    x : ndarray, shape (m,)
        Ascending.
    y : ndarray, shape (n,)
        Ascending.
    heights : ndarray, shape (n, m)
        ``heights[i, j]`` at ``(x[j], y[i])``; cells with a corner that is not finite hold no line.
    level : float
        The height asked for.

    Returns
    -------
    list of ndarray, each of shape (k, 2)
        Broken lines through points found by straight interpolation along the sides of the cells: exact where
        the surface is a plane. A line that closes ends where it began. Empty where the height is not crossed.

    References
    ----------
    Lorensen & Cline (1987), Computer Graphics 21(4), 163-169 (the case table, in two dimensions).

    Examples
    --------
    >>> at = np.array([0.0, 1.0, 2.0])
    >>> isolines(at, at, at[None, :] + 0 * at[:, None], 0.5)[0].tolist()
    [[0.5, 0.0], [0.5, 1.0], [0.5, 2.0]]
    """
    n, m = heights.shape
    if n < 2 or m < 2:
        return []
    corners = np.stack([heights[:-1, :-1], heights[:-1, 1:], heights[1:, 1:], heights[1:, :-1]])
    known = np.isfinite(corners).all(axis=0)
    cases = ((corners >= level) * np.array([1, 2, 4, 8])[:, None, None]).sum(axis=0)
    joined: dict[int, list[int]] = {}
    for i, j in np.argwhere(known & (cases > 0) & (cases < 15)):
        case = int(cases[i, j])
        if case in (5, 10) and corners[:, i, j].mean() < level:
            case = 15 - case
        # a side's number: those along x first, then those along y
        sides = (i * m + j, n * m + i * m + j + 1, (i + 1) * m + j, n * m + i * m + j)
        for a, b in _PIECES[case]:
            joined.setdefault(int(sides[a]), []).append(int(sides[b]))
            joined.setdefault(int(sides[b]), []).append(int(sides[a]))
    return [np.array([_crossing(side, x, y, heights, level) for side in chain]) for chain in _chains(joined)]


def _crossing(side: int, x: Floats, y: Floats, heights: Floats, level: float) -> tuple[float, float]:
    """Where on one side of a cell the height is reached."""
    n, m = heights.shape
    is_upright = side >= n * m
    i, j = divmod(side - n * m if is_upright else side, m)
    to = (i + 1, j) if is_upright else (i, j + 1)
    start, end = heights[i, j], heights[to]
    share = (level - start) / (end - start)
    return float(x[j] + share * (x[to[1]] - x[j])), float(y[i] + share * (y[to[0]] - y[i]))


def _chains(joined: dict[int, list[int]]) -> list[list[int]]:
    """Sides strung together: first those from one rim to another, then those that close."""
    left = {side: list(others) for side, others in joined.items()}
    chains = []
    for start in [*(side for side in joined if len(joined[side]) == 1), *joined]:
        if not left[start]:
            continue
        chain = [start]
        while left[chain[-1]]:
            after = left[chain[-1]].pop(0)
            left[after].remove(chain[-1])
            chain.append(after)
        chains.append(chain)
    return chains
