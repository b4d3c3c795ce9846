"""Heterotrait-monotrait ratios of the constructs of a fit."""

from __future__ import annotations

from itertools import accumulate, combinations, pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.pls.heterotrait import heterotrait_monotrait_ratios
from servicefx.pls.model import PlsModel
from servicefx.pls.pls_fit import PlsFit
from servicefx.pls.solution import Solution
from servicefx.pls.stage_solution import StageSolution
from servicefx.pls.terms import PlsTerm

__all__ = ["heterotrait_frame", "heterotrait_terms", "heterotrait_values"]

Floats = NDArray[np.float64]


def heterotrait_frame(fit: PlsFit) -> pd.DataFrame:
    """Ratio of every pair of constructs.

    Parameters
    ----------
    fit : PlsFit

    Returns
    -------
    DataFrame
        ``left, right, ratio, undefined``; ratios in [0, inf), near 1 where the items cannot tell the two
        constructs apart. A single item's correlation with itself, 1, stands for agreement within its
        construct, as in other PLS programs. NaN with the reason for formative constructs, whose items need
        not agree, for constructs that share an item, and for a whole beside a part of another whole.
        Constructs of constructs are compared by the scores below them, with repeated items (also of a first
        stage) by their items.

    References
    ----------
    Henseler, Ringle & Sarstedt (2015), J. Acad. Mark. Sci. 43, 115-135, eq. 6.
    """
    pairs = _pairs(fit)
    return pd.DataFrame(
        {
            "left": [left for left, _ in pairs],
            "right": [right for _, right in pairs],
            "ratio": heterotrait_values(fit, fit.solution)[0],
            "undefined": [_why_none(fit.model, pair) for pair in pairs],
        }
    )


def heterotrait_terms(fit: PlsFit) -> list[PlsTerm]:
    """One a pair of constructs."""
    return [PlsTerm(lhs=left, op="~~", rhs=right, quantity="htmt") for left, right in _pairs(fit)]


def heterotrait_values(fit: PlsFit, solution: Solution) -> Floats:
    """Values of `heterotrait_terms`, shape (B, n_pairs); NaN where a construct of the pair is formative."""
    pairs = _pairs(fit)
    known = np.full((len(solution.paths), len(pairs)), np.nan)
    place = {pair: at for at, pair in enumerate(pairs)}
    for run, names in _compared(fit, solution):
        reflective = [name for name in names if name in fit.model.reflective]
        blocks = [run.stage.design.blocks[run.stage.constructs.index(name)] for name in reflective]
        ratios = heterotrait_monotrait_ratios(*_apart(run.correlation, blocks))
        for at, pair in enumerate(combinations(reflective, 2)):
            if pair in place and not _why_none(fit.model, pair):
                known[:, place[pair]] = ratios[:, at]
    return known


def _why_none(model: PlsModel, pair: tuple[str, str]) -> str:
    """Why a pair has no ratio; empty where it has one."""
    formative = ", ".join(f"'{name}'" for name in pair if name not in model.reflective)
    if formative:
        return f"formative: {formative}"
    for part, whole in (pair, pair[::-1]):
        if part in model.lower and whole in model.higher:
            owner = next(name for name in model.higher if part in model.blocks[name])
            return f"'{part}' is part of '{owner}', which is compared with '{whole}'"
    left, right = (model.items_of(name) for name in pair)
    shared = ", ".join(f"'{item}'" for item in left if item in right)
    return f"both hold {shared}" if shared else ""


def _pairs(fit: PlsFit) -> list[tuple[str, str]]:
    """Pairs of constructs, none of them a part of the other."""
    model = fit.model
    parts = {(whole, part) for whole in model.higher for part in model.blocks[whole]}
    return [pair for pair in combinations(model.constructs, 2) if not {pair, pair[::-1]} & parts]


def _compared(fit: PlsFit, solution: Solution) -> list[tuple[StageSolution, list[str]]]:
    """Runs with the constructs to be compared there: by items first, then those made of scores."""
    model = fit.model
    first = [name for name in model.constructs if name not in model.higher]
    compared = [(solution.stages[0], first)]
    if model.higher:
        stage = solution.stages[1 if fit.choices.second_order == "disjoint" else 0]
        compared.append((stage, [name for name in model.constructs if name not in model.lower]))
    return compared


def _apart(correlation: Floats, blocks: list[tuple[int, ...]]) -> tuple[Floats, list[tuple[int, ...]]]:
    """Correlations block after block, and the blocks there.

    Single items stand twice, so that their correlation with themselves is their agreement.
    """
    parts = [block * 2 if len(block) == 1 else block for block in blocks]
    rows = [i for part in parts for i in part]
    ends = list(accumulate((len(part) for part in parts), initial=0))
    return correlation[:, rows][:, :, rows], [tuple(range(a, b)) for a, b in pairwise(ends)]
