"""Covariances without each row or cluster, and paths from covariances."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.models.mediation.moments import left_out_covariances, mediation_moments, paths_of
from servicefx.models.mediation.rows import mediation_rows


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("clustered", [False, True])
def test_left_out_covariances_are_those_of_the_rest(
    mediated: pd.DataFrame, weighted: bool, clustered: bool
) -> None:
    rows = mediation_rows(
        mediated, source="x", mediators=["m"], outcome="y", draws=0,
        weights=mediated["weight"] if weighted else None,
        clusters=mediated["shop"] if clustered else None,
    )  # fmt: skip
    found = np.concatenate(list(left_out_covariances(rows, rows.frame)))
    groups = mediated["shop"] if clustered else pd.Series(np.arange(300))
    assert len(found) == groups.nunique()
    weight = mediated["weight"] if weighted else pd.Series(np.ones(300))
    for place in (0, 7, len(found) - 1):
        rest = groups != pd.unique(groups)[place]
        expected = np.cov(rows.frame[rest].T, aweights=weight[rest], bias=True)
        assert found[place] == pytest.approx(expected, rel=1e-9)


def test_paths_are_least_squares_and_residuals_what_they_leave(mediated: pd.DataFrame) -> None:
    rows = mediation_rows(mediated, source="x", mediators=["m", "k"], outcome="y", draws=3)
    moments = mediation_moments(rows, rows.frame)
    paths = paths_of(moments.names, moments.cov[None], [("m", ("x",)), ("k", ("x",)), ("y", ("x", "m"))])
    design = np.column_stack([mediated["x"], mediated["m"], np.ones(300)])
    slopes, *_ = np.linalg.lstsq(design, mediated["y"], rcond=None)
    assert paths.step("m", "y")[0] == pytest.approx(slopes[1], rel=1e-9)
    assert paths.step("k", "y")[0] == 0.0
    left = [
        mediated[name] - np.polyval(np.polyfit(mediated["x"], mediated[name], 1), mediated["x"])
        for name in "mk"
    ]
    assert paths.residual_covariance(["m", "k"])[0] == pytest.approx(np.cov(left, bias=True), rel=1e-8)


def test_a_resample_that_cannot_tell_terms_apart_has_no_path() -> None:
    cov = np.array([[1.0, 1.0, 0.5], [1.0, 1.0, 0.5], [0.5, 0.5, 1.0]])
    paths = paths_of(["a", "b", "y"], np.stack([cov, cov + np.diag([0.0, 1.0, 0.0])]), [("y", ("a", "b"))])
    assert np.isnan(paths.step("a", "y")).tolist() == [True, False]
