"""Rows flagged by rules of careless answering; a flag is a reason to look, not to delete."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from servicefx.errors import Problem, StudyError
from servicefx.measurement.screening.answer_matrix import (
    Scale,
    answer_matrix,
    duration_seconds,
    item_places,
    scale_ends,
)
from servicefx.measurement.screening.row_rules import Answered, Cuts, row_rules

__all__ = ["answered", "flag_rows"]


def flag_rows(
    items: pd.DataFrame,
    *,
    constructs: Mapping[str, Sequence[str]] | None = None,
    scale: Scale | None = None,
    duration: pd.Series | ArrayLike | None = None,
    pairs: Sequence[Sequence[str]] = (),
    turned: Collection[str] = (),
    n_questions: int | None = None,
    cuts: Cuts | None = None,
) -> pd.DataFrame:
    """Which rows look careless, or like nobody else's, rule by rule.

    Nothing is deleted: each flag has innocent explanations too. Weights and clusters are not used.

    Parameters
    ----------
    items : DataFrame, shape (n, p)
        Answers as numbers, one column an item, in the order of the questionnaire; NaN is a gap.
    constructs : mapping of str to sequence of str, optional
        Blocks of items that were asked together; without them all items are one block.
    scale : tuple of float, or mapping of str to tuple of float, optional
        Lowest and highest possible answer.
    duration : Series or array_like, shape (n,), optional
        Seconds taken to answer. Rows whose time is missing or not above 0 are not judged by it.
    pairs : sequence of pairs of str
        Items that should agree; their scales must be known.
    turned : collection of str
        Reversed items that the frame holds turned already: they are turned back where a rule is about what
        was ticked. Their scales must be known.
    n_questions : int, optional
        Questions that the duration covers; by default the items a person answered. Where it covers more
        than the items, state it: otherwise everybody looks slow.
    cuts : Cuts, optional
        Where each rule begins to flag.

    Returns
    -------
    DataFrame
        Indexed as ``items``; nullable booleans, NA where a row cannot be judged:

        - ``straight_lining``: one answer throughout each block of at least three answers.
        - ``long_string``: a run of identical answers over half the items, at least six.
        - ``low_variability``: answers spread far less than other people's (in shares of the scale where
          scales are known).
        - ``speeding``: less than two seconds an item.
        - ``relative_speed``: less than half the median time.
        - ``duplicate``: another row has the same answers, and chance hardly makes one. Rows of one answer
          throughout are not judged.
        - ``inconsistent_pairs``: answers to items that should agree lie far apart.
        - ``outlier``: Mahalanobis distance beyond chi2 at .001; rows with a gap are not judged.

    Raises
    ------
    DataError
        If there is no row, a column holds text, or the duration is of other rows.
    StudyError
        If an item named is not there, or a turned item has no known scale.

    References
    ----------
    Meade & Craig (2012), Psychol. Methods 17, 437-455. doi:10.1037/a0028085
    Curran (2016), J. Exp. Soc. Psychol. 66, 4-19. doi:10.1016/j.jesp.2015.07.006

    Examples
    --------
    >>> frame = pd.DataFrame([[1, 2, 3, 4, 5, 4], [3, 3, 3, 3, 3, 3]], columns=list("abcdef"))
    >>> flag_rows(frame)["straight_lining"].tolist()
    [False, True]
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
    return pd.DataFrame(
        {rule.rule: pd.array(rule.flagged, dtype="boolean") for rule in rules}, index=items.index
    ).mask(np.column_stack([~rule.judged for rule in rules]))


def answered(
    items: pd.DataFrame,
    *,
    constructs: Mapping[str, Sequence[str]] | None,
    scale: Scale | None,
    duration: pd.Series | ArrayLike | None,
    pairs: Sequence[Sequence[str]],
    turned: Collection[str],
    n_questions: int | None,
) -> Answered:
    """Everything the rules look at, checked; the parameters are those of `flag_rows`."""
    answers = answer_matrix(items)
    names, values = answers.names, answers.values
    ends = scale_ends(scale, names)
    back = item_places(turned, names, "turned items")
    blind = [names[place] for place in back if np.isnan(ends[place, 0])]
    if blind:
        raise StudyError(
            *(Problem(f"turned item '{name}'", "its scale is not known", "State it.") for name in blind)
        )
    ticked = values.copy()
    ticked[:, back] = ends[back].sum(axis=1) - values[:, back]
    uneven = [pair for pair in pairs if isinstance(pair, str) or len(pair) != 2]
    if uneven:
        found = f"{', '.join(str(pair) for pair in uneven)}: two items expected in each pair"
        raise StudyError(Problem("pairs", found, "Name two items a pair."))
    seconds = None if duration is None else duration_seconds(duration, items.index)
    if seconds is not None:
        seconds = np.where(np.isfinite(seconds) & (seconds > 0), seconds, np.nan)
    if n_questions is not None and n_questions < 1:
        raise StudyError(Problem("n_questions", f"{n_questions}, at least 1 expected", "Correct it."))
    blocks = constructs or {"": names}
    return Answered(
        answers=answers,
        ticked=ticked,
        ends=ends,
        blocks={
            block: item_places(wanted, names, f"construct '{block}'") for block, wanted in blocks.items()
        },
        pairs=item_places([name for pair in pairs for name in pair], names, "pairs").reshape(-1, 2),
        seconds=seconds,
        n_questions=n_questions,
    )
