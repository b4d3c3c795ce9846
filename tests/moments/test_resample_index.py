from __future__ import annotations

import numpy as np

from servicefx.moments.resample_index import resample_blocks, resample_counts


def test_counts_and_blocks_are_one_index() -> None:
    clusters = np.repeat(["b", "a", "c"], [3, 4, 5])
    for unit in (None, clusters):
        blocks = np.vstack([part.counts() for part in resample_blocks(12, 450, 7, "file", unit)])
        np.testing.assert_array_equal(resample_counts(12, 450, 7, "file", unit), blocks)


def test_more_draws_leave_the_first_as_they_were() -> None:
    np.testing.assert_array_equal(
        resample_counts(9, 500, 3, "file")[:210], resample_counts(9, 210, 3, "file")
    )
