"""What a fit is, and what is not one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx import pls
from servicefx.errors import StudyError

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
