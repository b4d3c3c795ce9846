"""Single flags; those of whole solutions stand in tests/sem/test_flags.py."""

from __future__ import annotations

import numpy as np

from servicefx.sem.reading.problems import _improper


def test_the_names_behind_an_improper_matrix() -> None:
    proper = np.eye(3) + 0.5 * (1 - np.eye(3))
    assert _improper(proper, ("a", "b", "c")) == ""
    broken = proper.copy()
    broken[0, 2] = broken[2, 0] = 1.2
    assert _improper(broken, ("a", "b", "c")) == "'a', 'c'"
    units = np.diag([1e6, 1.0, 1e-6])
    assert _improper(units @ broken @ units, ("a", "b", "c")) == "'a', 'c'"
    assert _improper(np.zeros((0, 0)), ()) == ""


def test_variances_of_zero_are_left_out() -> None:
    held = np.diag([1.0, 0.0, 2.0])
    assert _improper(held, ("a", "b", "c")) == ""
