from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.moments.moments import Moments

NAMES = ["x", "y", "z"]
WHOLE = np.array([[4.0, 1.0, 0.5], [1.0, 9.0, 2.0], [0.5, 2.0, 1.0]])
FORMS = {
    "whole": WHOLE,
    "lower rows": [[4.0], [1.0, 9.0], [0.5, 2.0, 1.0]],
    "upper rows": [[4.0, 1.0, 0.5], [9.0, 2.0], [1.0]],
    "lower with gaps": np.where(np.tri(3) > 0, WHOLE, np.nan),
    "upper with gaps": np.where(np.tri(3).T > 0, WHOLE, np.nan),
    "one line": [4.0, 1.0, 9.0, 0.5, 2.0, 1.0],
    "text of rows": "4\n1 9\n0.5 2 1",
    "text with commas": "4,\n1, 9,\n0.5, 2, 1\n",
    "text in one line": "4 1 9 .5 2 1",
    "whole in one line": "4 1 .5 1 9 2 .5 2 1",
    "text of all": "4 1 .5\n1 9 2\n.5 2 1",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_way_to_print_a_matrix_is_read(form: str) -> None:
    moments = Moments.from_covariance(FORMS[form], 11, names=NAMES, denominator="n")
    np.testing.assert_allclose(moments.cov, WHOLE)


def test_a_frame_may_hold_one_triangle() -> None:
    frame = pd.DataFrame(FORMS["lower with gaps"], index=NAMES, columns=NAMES)
    np.testing.assert_allclose(Moments.from_covariance(frame, 11, denominator="n").cov, WHOLE)
    blank = frame.astype(object).where(frame.notna(), "")
    np.testing.assert_allclose(Moments.from_covariance(blank, 11, denominator="n").cov, WHOLE)


def test_printed_correlations_are_one_call() -> None:
    moments = Moments.from_correlation("1\n.5 1\n.2 .3 1", [1, 2, 3], 50, names=NAMES)
    assert moments.cov[0, 1] == pytest.approx(0.5 * 1 * 2 * 49 / 50)


@pytest.mark.parametrize(
    ("matrix", "found"),
    [
        ("4 1 9 0.5 2", "5 numbers for 3 columns"),
        ("4\n1 nine\n1 2 3", "'nine' is not a number"),
        (np.where(np.eye(3) > 0, np.nan, WHOLE), "hold gaps"),
        (WHOLE + np.triu(np.ones((3, 3)), 1), "in one triangle"),
    ],
)
def test_what_is_no_matrix_is_refused(matrix: object, found: str) -> None:
    with pytest.raises(DataError, match=found):
        Moments.from_covariance(matrix, 20, names=NAMES)  # type: ignore[arg-type]
