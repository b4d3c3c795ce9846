"""The questionnaire of the simulated after-sales study: what customers answer, given what they feel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.study.after_sales.mechanisms import Mechanisms
from servicefx.study.after_sales.parameters import DIMENSIONS

__all__ = ["LIKERT_ITEMS", "MISSING_SHARE", "REVERSED_ITEMS", "SCALES", "answer_items", "item_names"]

MISSING_SHARE = 0.03
REVERSED_ITEMS = ("res3",)
"""Worded negatively: stored as 8 minus the answer the construct calls for."""


class Scale(NamedTuple):
    """A construct's questions: column prefix, how many, and the SD of what is the question's own."""

    prefix: str
    n_items: int
    noise: float


SCALES: dict[str, Scale] = {
    "tangibles": Scale("tan", 4, 0.75),
    "reliability": Scale("rel", 5, 0.80),
    "responsiveness": Scale("res", 4, 0.80),
    "assurance": Scale("ass", 4, 0.80),
    "empathy": Scale("emp", 5, 0.85),
    "satisfaction": Scale("sat", 4, 0.65),
    "trust": Scale("tru", 3, 0.62),
    "perceived_value": Scale("val", 2, 0.55),
    "loyalty": Scale("loy", 3, 0.75),
    "complaint_handling": Scale("complaint_handling", 3, 0.75),
    "staff_quality": Scale("staff", 3, 0.70),
    "process": Scale("proc", 3, 0.70),
    "technical_support": Scale("tech", 3, 0.70),
}


def item_names(construct: str, expectation: bool = False) -> list[str]:
    """Columns of a construct, in order; those asked before the service end in ``_e``.

    Examples
    --------
    >>> item_names("trust"), item_names("assurance", expectation=True)[:2]
    (['tru1', 'tru2', 'tru3'], ['ass1_e', 'ass2_e'])
    """
    scale = SCALES[construct]
    return [f"{scale.prefix}{i}{'_e' if expectation else ''}" for i in range(1, scale.n_items + 1)]


LIKERT_ITEMS: tuple[str, ...] = (
    *(item for construct in DIMENSIONS for item in item_names(construct)),
    *(item for construct in DIMENSIONS for item in item_names(construct, expectation=True)),
    *(item for construct in SCALES if construct not in DIMENSIONS for item in item_names(construct)),
)


def answer_items(mechanisms: Mechanisms, world: dict[str, NDArray[np.float64]]) -> pd.DataFrame:
    """Answers to all questions on the 7-point scale.

    Questions of one construct differ in difficulty and in how strongly they follow it; what a person feels
    beyond the ends of the scale is answered with its end. Reversed items are stored as asked.

    Parameters
    ----------
    mechanisms : Mechanisms
        Streams; each question has its own, and another for the answers that are missing.
    world : dict of str to ndarray, shape (n,)
        What `simulate_customers` returned.

    Returns
    -------
    DataFrame, shape (n, len(LIKERT_ITEMS))
        Whole numbers 1-7 as floats, NaN where not answered (`MISSING_SHARE`, completely at random) and,
        for complaint handling, where nobody complained.
    """
    answers = {}
    for construct in SCALES:
        for expectation in (False, True) if construct in DIMENSIONS else (False,):
            felt = world[f"{construct}_e" if expectation else construct]
            for position, item in enumerate(item_names(construct, expectation)):
                answers[item] = _answer(mechanisms, construct, item, position, felt)
    for item in item_names("complaint_handling"):
        answers[item] = np.where(world["complained"] > 0, answers[item], np.nan)
    return pd.DataFrame({item: answers[item] for item in LIKERT_ITEMS})


def _answer(
    mechanisms: Mechanisms, construct: str, item: str, position: int, felt: NDArray[np.float64]
) -> NDArray[np.float64]:
    """One question: felt, plus its difficulty and own noise, to the nearest point of the scale."""
    difficulty = (0.10, -0.15, 0.05, -0.05, 0.05)[position]
    slope = (1.05, 0.95, 1.00, 0.90, 1.10)[position]
    noise = SCALES[construct].noise * mechanisms.stream(f"item:{item}").standard_normal(felt.size)
    answer = np.clip(np.rint(5.0 + difficulty + slope * (felt - 5.0) + noise), 1.0, 7.0)
    answer = 8.0 - answer if item in REVERSED_ITEMS else answer
    is_missing = mechanisms.stream(f"missing:{item}").random(felt.size) < MISSING_SHARE
    return np.where(is_missing, np.nan, answer)
