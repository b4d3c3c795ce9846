from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from servicefx.engines.quantile import fit_quantile, quantile_draws
from servicefx.errors import DataError, IdentificationError
from servicefx.moments.resample_index import resample_counts

NEAR = 1e-5  # iterated least squares end near the vertex, not on it


@pytest.fixture
def survey(rng: np.random.Generator) -> pd.DataFrame:
    scores = rng.normal(size=(300, 2))
    return pd.DataFrame(scores, columns=["a", "b"]).assign(
        y=scores @ [1.0, -0.5] + rng.normal(size=300) * (1 + 0.3 * np.abs(scores[:, 0])),
        outlet=np.arange(300) // 10,
    )


def exact(x: np.ndarray, y: np.ndarray, quantile: float) -> np.ndarray:
    """The vertex by linear programming (dual)."""
    solved = linprog(-y, A_eq=x.T, b_eq=(1 - quantile) * x.sum(axis=0), bounds=(0, 1), method="highs")
    return -np.asarray(solved.eqlin.marginals)


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.75])
def test_coefficients_are_those_of_the_linear_program(quantile: float, survey: pd.DataFrame) -> None:
    fit = fit_quantile(survey, "y", ["a", "b"], quantile)
    x = np.column_stack([survey[["a", "b"]], np.ones(300)])
    assert fit.coefficients == pytest.approx(exact(x, survey["y"].to_numpy(), quantile), abs=NEAR)
    share = (survey["y"] < x @ fit.coefficients - 1e-6).mean()
    assert abs(share - quantile) < 4 / 300


def test_units_rescale_estimates_and_errors(survey: pd.DataFrame) -> None:
    plain = fit_quantile(survey, "y", ["a", "b"])
    other = fit_quantile(survey.assign(y=1e4 * survey["y"] + 5, a=1e-3 * survey["a"] - 1), "y", ["a", "b"])
    assert other.coefficients[0] / 1e7 == pytest.approx(plain.coefficients[0], abs=NEAR)
    assert other.std_errors[0] / 1e7 == pytest.approx(plain.std_errors[0], rel=1e-4)


@pytest.mark.parametrize("quantile", [0.25, 0.5])
def test_draws_are_the_linear_programs_of_the_resamples(quantile: float, survey: pd.DataFrame) -> None:
    x = np.column_stack([survey[["a", "b"]], np.ones(300)])
    y = survey["y"].to_numpy() / survey["y"].std()
    counts = resample_counts(300, 12, 1, "data")
    drawn = quantile_draws(y, x, counts, exact(x, y, quantile), quantile)
    for row, count in zip(drawn, counts, strict=True):
        chosen = np.repeat(np.arange(300), count.astype(int))
        theirs = exact(x[chosen], y[chosen], quantile)
        left = [y[chosen] - x[chosen] @ beta for beta in (row, theirs)]
        loss = [(residual * (quantile - (residual < 0))).sum() for residual in left]
        assert loss[0] == pytest.approx(loss[1], rel=1e-4)
        assert row == pytest.approx(theirs, abs=0.02)  # a flat optimum; standard errors are about .07


def test_bootstrap_by_clusters_follows_the_shared_index(survey: pd.DataFrame) -> None:
    shifted = survey.assign(y=survey["y"] + np.repeat(np.random.default_rng(1).normal(size=30), 10) * 2)
    asked = {"covariance": "bootstrap", "draws": 200, "seed": 1}
    rows = fit_quantile(shifted, "y", ["a", "b"], **asked)  # type: ignore[arg-type]
    clusters = fit_quantile(shifted, "y", ["a", "b"], clusters=shifted["outlet"], **asked)  # type: ignore[arg-type]
    sandwich = fit_quantile(shifted, "y", ["a", "b"], clusters=shifted["outlet"])
    assert clusters.std_errors[2] > 1.5 * rows.std_errors[2]
    # over 150 samples like this one: spread .38, mean sandwich .49 (its kernel is wide), mean bootstrap .42
    assert clusters.std_errors[2] == pytest.approx(sandwich.std_errors[2], rel=0.4)
    assert clusters.covariance_kind == "bootstrap: 200 resamples of clusters"
    again = fit_quantile(shifted, "y", ["a", "b"], **asked)  # type: ignore[arg-type]
    assert again.covariance.tolist() == rows.covariance.tolist()


def test_rows_on_the_line_are_said(survey: pd.DataFrame) -> None:
    frame = survey.assign(y=np.where(np.arange(300) % 4 == 0, survey["a"], survey["y"]))
    fit = fit_quantile(frame, "y", ["a", "b"])
    n_exact = int(fit.fit_measures["n_exact"])
    assert n_exact > 3
    assert (n_exact > 6) == any("rows lie on the fitted line" in said for said in fit.assumptions)
    assert not any("fitted line" in said for said in fit_quantile(survey, "y", ["a", "b"]).assumptions)


REFUSED = [
    ({"quantile": 1.0}, DataError, "quantile 1.0 is not between 0 and 1"),
    ({"covariance": "cluster"}, DataError, "clustered errors without clusters"),
    ({"outcome": "often"}, IdentificationError, "half of the rows lie on the fitted line"),
]


@pytest.mark.parametrize(("changed", "error", "message"), REFUSED)
def test_what_cannot_be_computed_is_refused_in_words(
    changed: dict[str, object], error: type[Exception], message: str, survey: pd.DataFrame
) -> None:
    arguments: dict[str, object] = {"outcome": "y", "terms": ["a", "b"]} | changed
    frame = survey.assign(often=np.where(np.arange(300) % 10 == 0, survey["a"], 3.0))
    with pytest.raises(error, match=re.escape(message)):
        fit_quantile(frame, **arguments)  # type: ignore[arg-type]
