"""Scale scores: one number a person and construct, by a rule that keeps count of the gaps."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from servicefx.study.spec import StudySpec

__all__ = ["mean_of_answered", "scores_of"]


def mean_of_answered(answers: pd.DataFrame, *, complete: bool = False) -> pd.Series[float]:
    """Mean of the answered items of each row, where enough are answered.

    Parameters
    ----------
    answers : DataFrame, shape (n, k)
        Answers, reversed items already turned; NaN where there is none.
    complete : bool
        Whether every item must be answered (``missing_data = "listwise"``); else at least half must be.

    Returns
    -------
    Series, shape (n,)
        In points of the items' scale; NaN where too few are answered.

    Examples
    --------
    >>> answers = pd.DataFrame({"a": [1.0, 1.0, np.nan], "b": [3.0, np.nan, np.nan]})
    >>> mean_of_answered(answers).tolist()
    [2.0, 1.0, nan]
    >>> mean_of_answered(answers, complete=True).tolist()
    [2.0, nan, nan]
    """
    values = answers.to_numpy(dtype=np.float64)
    answered = ~np.isnan(values)
    count = answered.sum(axis=1)
    needed = values.shape[1] if complete else values.shape[1] / 2
    total = np.where(answered, values, 0.0).sum(axis=1)
    enough = (count > 0) & (count >= needed)
    score = np.full(len(values), np.nan)
    score[enough] = total[enough] / count[enough]
    return pd.Series(score, index=answers.index, dtype="float64")


def scores_of(spec: StudySpec, frames: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Scores of every construct in every data file that measures it.

    Parameters
    ----------
    spec : StudySpec
    frames : mapping of str to DataFrame
        Data name -> cleaned frame.

    Returns
    -------
    dict of str to DataFrame
        Data name -> one float column a construct, in the order of the study file; same index as the frame.
    """
    complete = spec.inference.missing_data == "listwise"
    return {
        data: pd.DataFrame(
            {
                construct: mean_of_answered(frame[list(columns)], complete=complete)
                for construct in spec.constructs
                if (columns := spec.columns(construct, data))
            },
            index=frame.index,
            dtype="float64",
        )
        for data, frame in frames.items()
    }
