"""Ordered logit on resamples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.engines.ordered import fit_ordered_logit
from servicefx.engines.ordered_draws import ordered_logit_draws


def test_draws_are_fits_of_the_resamples_and_missing_where_an_answer_is(rng: np.random.Generator) -> None:
    frame = pd.DataFrame(rng.standard_normal((300, 2)), columns=["a", "b"])
    latent = frame["a"] - 0.5 * frame["b"] + rng.logistic(size=300)
    frame["y"] = np.digitize(latent, [-1.5, 0.0, 1.0]) * 2.0
    fit = fit_ordered_logit(frame, "y", ["a", "b"])
    counts = np.array(
        [np.bincount(rng.integers(0, 300, 300), minlength=300) for _ in range(120)], dtype=np.float32
    )
    counts[5, frame["y"] == 4] = 0
    codes = (frame["y"] / 2).to_numpy().astype(np.intp)
    draws = ordered_logit_draws(codes, frame[["a", "b"]].to_numpy(), counts, fit.coefficients)
    for place in (0, 119):
        rows = np.repeat(np.arange(300), counts[place].astype(int))
        again = fit_ordered_logit(frame.iloc[rows].reset_index(drop=True), "y", ["a", "b"])
        assert draws[place] == pytest.approx(again.coefficients, rel=1e-8)
    assert np.isnan(draws).any(axis=1).tolist() == [place == 5 for place in range(120)]
