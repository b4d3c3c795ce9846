"""One call over rows, items and gaps: what to look at before anything is estimated."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from servicefx.errors import ConvergenceError, DataError, Problem
from servicefx.measurement.rules import RULES, Judged, judge, rules_frame
from servicefx.measurement.screening.answer_matrix import Scale, duration_seconds
from servicefx.measurement.screening.careless import straight_lined
from servicefx.measurement.screening.extremes import item_statistics
from servicefx.measurement.screening.flags import answered
from servicefx.measurement.screening.missingness import LittlesTest, littles_mcar_test, pattern_counts
from servicefx.measurement.screening.row_rules import Answered, Cuts, RowRule, row_rules
from servicefx.moments.checks import quoted

__all__ = ["Screening", "screen"]

_SLOWEST = 600.0
"""Median seconds an item above which the duration is hardly in seconds."""
_ITEM_RULES = {
    "missing_share": "missing_share",
    "floor_share": "floor_share",
    "ceiling_share": "ceiling_share",
    "skewness": "skew",
    "excess_kurtosis": "kurtosis",
}
"""Rule -> column of the table of items."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Screening:
    """What screening found; holds no rows of people.

    Attributes
    ----------
    n_obs, n_items : int
        Rows and items screened.
    flags : DataFrame
        One row a rule of `flag_rows`, and ``any_rule`` last: ``rule, n_flagged, n_judged, share`` (of the
        rows judged), ``cut`` (where the rule begins to flag), ``expected`` (share flagged by chance),
        ``threshold`` (of the share), ``judgement, source, undefined``. ``any_rule`` has no threshold.
    blocks : DataFrame
        One row a block of items: ``construct, n_items, n_judged, n_flagged, share``: rows that gave one
        answer throughout the block, which in a short block is often meant.
    items : DataFrame
        One row an item; see `servicefx.measurement.screening.extremes.item_statistics`.
    patterns : DataFrame
        The most frequent patterns of gaps: ``missing, n_missing, n_rows, share``.
    mcar : LittlesTest
        Whether answers are missing completely at random.
    problems : tuple of Problem
        What to correct or to look at, by name.
    """

    n_obs: int
    n_items: int
    flags: pd.DataFrame
    blocks: pd.DataFrame
    items: pd.DataFrame
    patterns: pd.DataFrame
    mcar: LittlesTest
    problems: tuple[Problem, ...]

    @property
    def rules(self) -> pd.DataFrame:
        """Every number with its rule of thumb; columns as in `servicefx.measurement.rules`."""
        rows: list[Judged] = [
            judge("flagged_share", str(rule), float(share))
            for rule, share in zip(self.flags["rule"], self.flags["share"], strict=True)
            if rule != "any_rule"
        ]
        for rule, column in _ITEM_RULES.items():
            rows += [
                judge(rule, str(item), float(value), against=abs(float(value)))
                for item, value in zip(self.items["item"], self.items[column], strict=True)
            ]
        rows.append(judge("missing_completely_at_random", "all items", self.mcar.p_value))
        return rules_frame(rows)


def screen(
    items: pd.DataFrame,
    constructs: Mapping[str, Sequence[str]] | None = None,
    *,
    scale: Scale | None = None,
    duration: pd.Series | ArrayLike | None = None,
    pairs: Sequence[Sequence[str]] = (),
    turned: Collection[str] = (),
    n_questions: int | None = None,
    cuts: Cuts | None = None,
    top_patterns: int = 10,
) -> Screening:
    """Careless rows, extreme items and missing answers in one go; nothing is deleted.

    Weights and clusters are not used: the question is what the file holds.

    Parameters
    ----------
    items : DataFrame, shape (n, p)
        Answers as numbers, one column an item, in the order of the questionnaire; NaN is a gap.
    constructs : mapping of str to sequence of str, optional
        Construct id -> its items; also the blocks in which straight-lining is looked for.
    scale : tuple of float, or mapping of str to tuple of float, optional
        Lowest and highest possible answer. Items without have no floor or ceiling.
    duration : Series or array_like, shape (n,), optional
        Seconds taken to answer.
    pairs : sequence of pairs of str
        Items that should agree.
    turned : collection of str
        Reversed items that the frame holds turned already.
    n_questions : int, optional
        Questions that the duration covers; by default the items a person answered.
    cuts : Cuts, optional
        Where each rule begins to flag a row.
    top_patterns : int
        Patterns of gaps listed at most.

    Returns
    -------
    Screening
        Frames with their reasons where a number does not exist.

    Raises
    ------
    DataError
        If there is no row, a column holds text, or the duration is of other rows.
    StudyError
        If an item named is not there, or a turned item has no known scale.

    Notes
    -----
    Items that nobody answered are named in ``problems`` and left out of outliers and of Little's test.

    References
    ----------
    Meade & Craig (2012), Psychol. Methods 17, 437-455. doi:10.1037/a0028085
    Little (1988), J. Am. Stat. Assoc. 83, 1198-1202. doi:10.1080/01621459.1988.10478722
    """
    asked = answered(
        items,
        constructs=constructs,
        scale=scale,
        duration=duration,
        pairs=pairs,
        turned=turned,
        n_questions=n_questions,
    )
    rules = row_rules(asked, cuts or Cuts())
    statistics = item_statistics(items, constructs, scale=scale)
    mcar, refusals = _mcar(asked)
    problems = [
        *_blank(asked, statistics),
        *_outside(asked, statistics),
        *([] if duration is None else _strange_times(asked, duration_seconds(duration, items.index))),
        *refusals,
    ]
    return Screening(
        n_obs=len(items),
        n_items=len(asked.answers.names),
        flags=_flags(rules),
        blocks=_blocks(asked),
        items=statistics,
        patterns=pattern_counts(items, top=top_patterns),
        mcar=mcar,
        problems=tuple(problems),
    )


def _flags(rules: Sequence[RowRule]) -> pd.DataFrame:
    """One row a rule, and one for rows flagged by any."""
    some = RowRule(
        rule="any_rule",
        flagged=np.any([rule.flagged for rule in rules], axis=0),
        judged=np.any([rule.judged for rule in rules], axis=0),
        cut=1.0,
        expected=np.nan,
        source="",
        undefined="" if any(rule.judged.any() for rule in rules) else "no row could be judged by any rule",
    )
    known = RULES["flagged_share"]
    rows = []
    for rule in (*rules, some):
        n_flagged, n_judged = int(rule.flagged.sum()), int(rule.judged.sum())
        share = n_flagged / n_judged if n_judged else np.nan
        of_share = rule is not some
        rows.append(
            {
                "rule": rule.rule,
                "n_flagged": n_flagged,
                "n_judged": n_judged,
                "share": share,
                "cut": rule.cut,
                "expected": rule.expected,
                "threshold": known.threshold if of_share else np.nan,
                "judgement": known.judgement(share) if of_share else "",
                "source": f"{rule.source}; share: {known.source}" if of_share else "",
                "undefined": rule.undefined,
            }
        )
    return pd.DataFrame(rows)


def _blocks(asked: Answered) -> pd.DataFrame:
    """Rows that straight-line each block."""
    lined = straight_lined(asked.ticked, list(asked.blocks.values()))
    n_judged, n_flagged = (~np.isnan(lined)).sum(axis=0), np.nansum(lined, axis=0).astype(np.int64)
    return pd.DataFrame(
        {
            "construct": pd.Series(list(asked.blocks), dtype="str"),
            "n_items": [len(block) for block in asked.blocks.values()],
            "n_judged": n_judged,
            "n_flagged": n_flagged,
            "share": np.where(n_judged > 0, n_flagged / np.maximum(n_judged, 1), np.nan),
        }
    )


def _mcar(asked: Answered) -> tuple[LittlesTest, tuple[Problem, ...]]:
    """Little's test of the items that somebody answered, or why there is none."""
    answers = asked.answers
    there = answers.answered
    names = [answers.names[place] for place in np.flatnonzero(there.any(axis=0))]
    try:
        if names:
            return littles_mcar_test(answers.frame(names)), ()
        problems: tuple[Problem, ...] = ()
        reason = "nobody answered any item"
    except (DataError, ConvergenceError) as refusal:
        problems = refusal.problems
        reason = "; ".join(f"{problem.where}: {problem.found}" for problem in problems)
    empty = LittlesTest(
        chi2=np.nan, df=np.nan, p_value=np.nan, n_patterns=len(np.unique(there[there.any(axis=1)], axis=0)),
        n_obs=int(there.any(axis=1).sum()), denominator="n-1", undefined=reason,
    )  # fmt: skip
    return empty, problems


def _blank(asked: Answered, statistics: pd.DataFrame) -> Iterator[Problem]:
    """Blocks, items and rows that hold no answer, and items that do not vary."""
    there = asked.answers.answered
    for construct, block in asked.blocks.items():
        if construct and len(block) and not there[:, block].any():
            found = f"nobody answered any of its {len(block)} items"
            yield Problem(f"construct '{construct}'", found, "Leave it out, or correct the column names.")
    blank = [str(name) for name in statistics.loc[statistics["n_obs"] == 0, "item"]]
    if blank:
        yield Problem("items", f"{quoted(blank)}: nobody answered", "Leave them out of every model.")
    flat = [str(name) for name in statistics.loc[statistics["sd"] == 0, "item"]]
    if flat:
        yield Problem("items", f"{quoted(flat)}: every answer is the same", "Leave them out of every model.")
    silent = int((~there.any(axis=1)).sum())
    if silent:
        yield Problem("rows", f"{silent} of {len(there)} hold no answer", "Do not count them as respondents.")


def _outside(asked: Answered, statistics: pd.DataFrame) -> Iterator[Problem]:
    """Items with answers that their scale does not have."""
    values = asked.answers.values
    for place in np.flatnonzero(statistics["n_outside"].to_numpy() > 0):
        low, high = asked.ends[place]
        column = values[:, place]
        strange = np.unique(column[(column < low) | (column > high)])
        shown = ", ".join(f"{value:g}" for value in strange[:5]) + (", …" if len(strange) > 5 else "")
        yield Problem(
            f"item '{asked.answers.names[place]}'",
            f"{statistics['n_outside'].iloc[place]} answers lie outside {low:g} to {high:g}: {shown}",
            "Declare missing codes, or correct the scale.",
        )


def _strange_times(
    asked: Answered, seconds: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> Iterator[Problem]:
    """Durations that cannot be, and units that are hardly seconds."""
    wrong = int((~np.isnan(seconds) & ~((seconds > 0) & np.isfinite(seconds))).sum())
    if wrong:
        found = f"{wrong} of {len(seconds)} are not above 0 and finite; these rows are not judged by it"
        yield Problem("duration", found, "Check how the time was recorded.")
    answers = asked.answers.answered.sum(axis=1)
    pace = seconds[(seconds > 0) & np.isfinite(seconds) & (answers > 0)]
    counts = asked.n_questions or answers[(seconds > 0) & np.isfinite(seconds) & (answers > 0)]
    middle = float(np.median(pace / counts)) if len(pace) else np.nan
    if middle > _SLOWEST:
        found = f"the median is {middle:.4g} a question, hardly seconds"
        yield Problem("duration", found, "Convert it to seconds.")
