"""Simulated surveys with a known method factor."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

CONSTRUCTS = {"A": ["a1", "a2", "a3"], "B": ["b1", "b2", "b3"], "C": ["c1", "c2", "c3"]}
MARKER = ["m1", "m2", "m3"]
LOADINGS = np.array([0.9, 0.7, 0.5, 0.8, 0.6, 0.9, 0.5, 0.85, 0.65])
PHI = np.array([[1, 0.3, 0.2], [0.3, 1, 0.4], [0.2, 0.4, 1.0]])


@pytest.fixture
def survey() -> Callable[..., pd.DataFrame]:
    """Three constructs and a marker of three items each; every item holds ``method`` of a common factor."""

    def make(rng: np.random.Generator, n: int = 500, method: float = 0.0) -> pd.DataFrame:
        scores = np.repeat(rng.multivariate_normal(np.zeros(3), PHI, n), 3, axis=1)
        common = rng.standard_normal((n, 1))
        items = LOADINGS * scores + method * common + 0.6 * rng.standard_normal((n, 9))
        trait = rng.standard_normal((n, 1))
        marker = np.array([0.8, 0.7, 0.6]) * (trait + common * (method > 0)) / np.sqrt(1 + (method > 0))
        frame = np.hstack([items, marker + 0.6 * rng.standard_normal((n, 3))])
        return pd.DataFrame(frame, columns=[i for items in CONSTRUCTS.values() for i in items] + MARKER)

    return make


@pytest.fixture
def constructs() -> dict[str, list[str]]:
    return {name: list(items) for name, items in CONSTRUCTS.items()}


@pytest.fixture
def marker_items() -> list[str]:
    return list(MARKER)
