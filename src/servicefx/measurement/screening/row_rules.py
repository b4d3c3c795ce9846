"""Rules of careless answering, each applied to every row: measure, cut, source, and why not where not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import DataError
from servicefx.measurement.screening.answer_matrix import AnswerMatrix
from servicefx.measurement.screening.careless import (
    identical_rows,
    longest_run,
    low_outlyingness,
    pair_distance,
    response_variability,
    straight_lined,
)
from servicefx.measurement.screening.outliers import farthest_possible, mahalanobis_cut, mahalanobis_distances

__all__ = ["Answered", "Cuts", "RowRule", "row_rules"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_FEWEST = 6
"""Answers below which one value throughout, or a run of one value, says little."""
_LEAST_IN_BLOCK = 3
"""Answers in a block below which it is not judged."""
_FEWEST_ROWS = 10
"""Rows below which their median, or how often each answer is given, is no yardstick."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuts:
    """Where each rule begins to flag a row.

    Attributes
    ----------
    straight_lining : float
        Share of the blocks of at least three answers in which every answer is the same: flagged from here.
        Kim et al. (2019), Soc. Sci. Comput. Rev. 37, 214-233 (simple nondifferentiation). In (0, 1].
    long_string : float
        Longest run of identical answers, as a share of the items: flagged from here, and never below 6 items.
        Curran (2016), J. Exp. Soc. Psychol. 66, 4-19: half the items. In (0, 1].
    low_variability : float
        Median absolute deviations below the median of the standard deviations of people's answers: flagged
        beyond. Dunn et al. (2018), J. Bus. Psychol. 33, 105-121, with the cut of Leys et al. (2013),
        J. Exp. Soc. Psychol. 49, 764-766.
    seconds_per_item : float
        Flagged below. Huang et al. (2012), J. Bus. Psychol. 27, 99-114: 2 seconds.
    share_of_median : float
        Time taken as a share of the median time: flagged below. Leiner (2019), Surv. Res. Methods 13,
        229-248: twice as fast as the median person.
    chance : float
        Probability of a twin by chance from which identical answers are not judged.
    pair_distance : float
        Mean distance within the pairs, as a share of the scale: flagged beyond. Half the scale: no opposite
        halves; a convention of this package.
    outlier : float
        Probability that a normal row is as far from the centre: flagged beyond. Tabachnick & Fidell (2013),
        Using Multivariate Statistics, 6th ed., ch. 4: .001.
    """

    straight_lining: float = 1.0
    long_string: float = 0.5
    low_variability: float = 3.0
    seconds_per_item: float = 2.0
    share_of_median: float = 0.5
    chance: float = 0.01
    pair_distance: float = 0.5
    outlier: float = 0.001


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Answered:
    """What the rules look at.

    Attributes
    ----------
    answers : AnswerMatrix
        Reversed items turned where the frame holds them so.
    ticked : ndarray, shape (n, p)
        The same as people ticked them.
    ends : ndarray, shape (p, 2)
        Lowest and highest answer of each item; NaN where not known.
    blocks : mapping of str to ndarray of int
        Block -> places of its items.
    pairs : ndarray of int, shape (k, 2)
        Places of the items that should agree.
    seconds : ndarray, shape (n,), or None
        Time taken; NaN where not above 0.
    n_questions : int or None
        Questions that the time covers; None: those of the items that were answered.
    """

    answers: AnswerMatrix
    ticked: Floats
    ends: Floats
    blocks: Mapping[str, NDArray[np.intp]]
    pairs: NDArray[np.intp]
    seconds: Floats | None
    n_questions: int | None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RowRule:
    """One rule applied to every row.

    Attributes
    ----------
    rule : str
        Its name, a column of `servicefx.measurement.screening.flag_rows`.
    flagged, judged : ndarray of bool, shape (n,)
        Rows flagged, and rows that could be judged.
    cut : float
        Where the rule begins to flag.
    expected : float
        Share of rows flagged by chance; NaN where not known.
    source : str
        Where rule and cut come from.
    undefined : str
        Why no row could be judged; empty where some could.
    """

    rule: str
    flagged: Flags
    judged: Flags
    cut: float
    expected: float
    source: str
    undefined: str


def row_rules(asked: Answered, cuts: Cuts) -> tuple[RowRule, ...]:
    """Every rule applied to every row, always the same rules in the same order."""
    return (
        _straight_lining(asked, cuts.straight_lining),
        _long_string(asked, cuts.long_string),
        _low_variability(asked, cuts.low_variability),
        _speeding(asked, cuts.seconds_per_item),
        _relative_speed(asked, cuts.share_of_median),
        _duplicate(asked, cuts.chance),
        _inconsistent_pairs(asked, cuts.pair_distance),
        _outlier(asked, cuts.outlier),
    )


def _made(
    rule: str, measure: Floats, flagged: Flags, cut: float, why: str, source: str, expected: float = np.nan
) -> RowRule:
    """A rule whose rows are judged where the measure is a number, with the reason if there is no such row."""
    judged = ~np.isnan(measure)
    return RowRule(
        rule=rule,
        flagged=flagged & judged,
        judged=judged,
        cut=cut,
        expected=expected,
        source=source,
        undefined="" if judged.any() else why,
    )


def _straight_lining(asked: Answered, cut: float) -> RowRule:
    blocks = list(asked.blocks.values())
    lined = straight_lined(asked.ticked, blocks, least=_LEAST_IN_BLOCK)
    judged = ~np.isnan(lined)
    sizes = np.column_stack([asked.answers.answered[:, block].sum(axis=1) for block in blocks] or [[]])
    n_answers = np.where(judged, sizes, 0).sum(axis=1) if blocks else np.zeros(len(asked.ticked))
    share = np.where(
        n_answers >= _FEWEST, np.nansum(lined, axis=1) / np.maximum(judged.sum(axis=1), 1), np.nan
    )
    return _made(
        "straight_lining", share, share >= cut, cut,
        f"nobody gave {_FEWEST} answers in blocks of at least {_LEAST_IN_BLOCK}",
        "Kim et al. (2019), Soc. Sci. Comput. Rev. 37, 214-233",
    )  # fmt: skip


def _long_string(asked: Answered, share: float) -> RowRule:
    cut = max(np.ceil(share * asked.ticked.shape[1]), float(_FEWEST))
    enough = asked.answers.answered.sum(axis=1) >= cut
    run = np.where(enough, longest_run(asked.ticked), np.nan)
    return _made(
        "long_string", run, run >= cut, cut, f"nobody gave {cut:.0f} answers",
        "Curran (2016), J. Exp. Soc. Psychol. 66, 4-19",
    )  # fmt: skip


def _low_variability(asked: Answered, cut: float) -> RowRule:
    low, high = asked.ends.T
    known = ~np.isnan(low)
    values = ((asked.ticked - low) / (high - low))[:, known] if known.any() else asked.ticked
    enough = (~np.isnan(values)).sum(axis=1) >= max(_FEWEST, values.shape[1] / 2)
    spread = np.where(enough, response_variability(values), np.nan)
    few = enough.sum() < _FEWEST_ROWS
    below = np.full(len(spread), np.nan) if few else low_outlyingness(spread)
    why = "half the rows have the same standard deviation"
    if few:
        why = f"{int(enough.sum())} rows with enough answers, at least {_FEWEST_ROWS} expected"
    return _made(
        "low_variability", below, below > cut, cut, why,
        "Dunn et al. (2018), J. Bus. Psychol. 33, 105-121; cut: Leys et al. (2013), J. Exp. Soc. Psychol. 49",
    )  # fmt: skip


def _speeding(asked: Answered, cut: float) -> RowRule:
    answered = asked.answers.answered.sum(axis=1)
    questions = np.where(answered > 0, asked.n_questions or answered, np.nan)
    pace = _seconds(asked) / questions
    return _made(
        "speeding", pace, pace < cut, cut, _no_time(asked), "Huang et al. (2012), J. Bus. Psychol. 27, 99-114"
    )


def _relative_speed(asked: Answered, cut: float) -> RowRule:
    seconds = _seconds(asked)
    known = seconds[~np.isnan(seconds)]
    few = len(known) < _FEWEST_ROWS
    share = np.full(len(seconds), np.nan) if few else seconds / np.median(known)
    why = f"{len(known)} durations, at least {_FEWEST_ROWS} expected" if len(known) else _no_time(asked)
    return _made(
        "relative_speed", share, share < cut, cut, why, "Leiner (2019), Surv. Res. Methods 13, 229-248"
    )


def _seconds(asked: Answered) -> Floats:
    return np.full(len(asked.ticked), np.nan) if asked.seconds is None else asked.seconds


def _no_time(asked: Answered) -> str:
    return "no duration was given" if asked.seconds is None else "no row has a duration above 0"


def _duplicate(asked: Answered, cut: float) -> RowRule:
    twins, chance = identical_rows(asked.answers.values)
    varied = response_variability(asked.ticked) > 0
    few = len(twins) < _FEWEST_ROWS
    judged = varied & (chance < cut) & (not few)
    return _made(
        "duplicate",
        np.where(judged, twins, np.nan),
        twins > 0,
        1.0,
        f"{len(twins)} rows, at least {_FEWEST_ROWS} expected"
        if few
        else f"chance makes identical answers to {asked.ticked.shape[1]} items in {len(twins)} rows",
        "Kuriakose & Robbins (2016), Stat. J. IAOS 32, 283-291",
        float(chance[judged].mean()) if judged.any() else np.nan,
    )


def _inconsistent_pairs(asked: Answered, cut: float) -> RowRule:
    known = ~np.isnan(asked.ends[asked.pairs, 0]).any(axis=1)
    pairs = asked.pairs[known]
    apart = pair_distance(asked.answers.values, pairs, asked.ends)
    if not len(asked.pairs):
        why = "no pairs were declared"
    else:
        why = (
            "nobody answered both items of a pair" if len(pairs) else "the scales of the pairs are not known"
        )
    return _made(
        "inconsistent_pairs", apart, apart > cut, cut, why, "opposite halves of the scale: own convention"
    )


def _outlier(asked: Answered, p_value: float) -> RowRule:
    names = asked.answers.names
    cut = mahalanobis_cut(len(names), p_value)
    nothing = np.full(len(asked.ticked), np.nan)
    n_complete = int(asked.answers.answered.all(axis=1).sum())
    try:
        distance, why = mahalanobis_distances(asked.answers.frame(names)).to_numpy(), ""
    except DataError as refusal:
        distance, why = nothing, "; ".join(f"{fault.where}: {fault.found}" for fault in refusal.problems)
    if not why and farthest_possible(n_complete) <= cut:
        distance, why = nothing, f"among {n_complete} complete rows none can lie beyond the cut"
    return _made(
        "outlier", distance, distance > cut, cut, why,
        "Tabachnick & Fidell (2013), Using Multivariate Statistics, 6th ed., ch. 4", p_value,
    )  # fmt: skip
