"""What a fit is, and what is not one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx import pls
from servicefx.errors import StudyError
from servicefx.values.estimates import COLUMNS

MODEL = "x =~ a + b; y =~ c + d; y ~ x"
ROWS = pd.DataFrame(np.random.default_rng(1).normal(size=(40, 4)), columns=list("abcd"))

OF_A_FIT: dict[str, Callable[[Any], object]] = {
    "bootstrap": lambda fit: pls.bootstrap(fit, ROWS, draws=10),
    "exact_fit_test": lambda fit: pls.exact_fit_test(fit, ROWS, draws=10),
    "predict": lambda fit: pls.predict(fit, ROWS),
    "held_out_predictions": lambda fit: pls.held_out_predictions(fit, ROWS),
    "cvpat": lambda fit: pls.cvpat(fit, ROWS),
    "importance_performance": lambda fit: pls.importance_performance(fit, "y", ROWS),
    "scores": lambda fit: pls.scores(fit, ROWS),
}


@pytest.mark.parametrize("name", OF_A_FIT)
def test_a_model_not_yet_fitted_is_refused_with_what_to_do(name: str) -> None:
    with pytest.raises(StudyError, match=r"fit: a str, .*\n    Write fit = pls.fit\(model, data\) first"):
        OF_A_FIT[name](MODEL)


def test_another_model_to_compare_with_must_be_fitted_too() -> None:
    with pytest.raises(StudyError, match="fit: a str"):
        pls.cvpat(pls.fit(MODEL, ROWS), ROWS, MODEL)  # type: ignore[arg-type]


def test_paths_are_estimates_an_outcome_with_the_columns_of_every_estimate() -> None:
    fit = pls.fit("x =~ a + b; y =~ c; z =~ d; y ~ x; z ~ x + y", ROWS)
    both = fit.estimates()
    assert [(one.outcome, one.terms) for one in both] == [("y", ("x",)), ("z", ("x", "y"))]
    tables = pd.concat([one.table() for one in both])
    assert tuple(tables.columns) == COLUMNS
    assert tables["estimate"].tolist() == fit.paths["estimate"].tolist()
    assert [one.fit_measures["r_squared"] for one in both] == fit.r2["estimate"].tolist()
    assert tables["std_error"].isna().all()
    assert both[0].undefined == {"std_error": "needs resamples: pls.bootstrap"}


def test_a_bootstrap_gives_estimates_the_covariance_of_its_draws() -> None:
    fit = pls.fit("x =~ a + b; y =~ c; z =~ d; y ~ x; z ~ x + y", ROWS)
    drawn = pls.bootstrap(fit, ROWS, draws=60, seed=2)
    _, last = fit.estimates(drawn)
    expected = np.cov(drawn.of("z", "x"), drawn.of("z", "y"))
    np.testing.assert_allclose(last.covariance, expected, rtol=1e-12)
    shown = drawn.table(quantity="path").set_index(["lhs", "rhs"])["std_error"]
    assert last.table()["std_error"].tolist() == pytest.approx(shown["z"].tolist(), rel=1e-12)
    assert last.undefined == {}
