"""Classes that are there come back in resamples; those made of noise do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx.models.segments import adjusted_rand, choose_classes, class_slopes, class_stability, stability
from servicefx.moments.resample_index import resample_counts
from servicefx.values.glossary import GLOSSARY


def customers(seed: int, apart: float, n: int = 800) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x, kind = rng.normal(size=(n, 2)), rng.random(n) < 0.4
    y = np.where(kind, apart * x[:, 0], apart * x[:, 1]) + 0.5 * rng.normal(size=n)
    return pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": y, "outlet": rng.integers(0, 60, n)})


def test_classes_that_are_there_come_back() -> None:
    data = customers(1, 1.5)
    choice = choose_classes(data, "y", ["a", "b"], classes=3)
    found = class_stability(choice, data, draws=40, seed=2)
    assert found.n_draws == 40
    assert found.n_failed == 0
    assert found.same_choice > 0.8
    assert found.choices["chosen_share"].sum() == pytest.approx(1)
    assert found.classes["judgement"].tolist() == ["pass", "pass"]
    assert found.rand[1] < found.rand[0] < found.rand[2] <= 1
    for frame in (found.classes, found.slopes, found.choices):
        assert not set(frame.columns) - set(GLOSSARY)
    errors = class_slopes(choice.chosen)
    errors = errors[errors["term"] != "constant"]["std_error"].to_numpy()
    width = (found.slopes["conf_high"] - found.slopes["conf_low"]).to_numpy()
    assert width == pytest.approx(2 * 1.96 * errors, rel=0.6)  # ends of 40 draws


def test_switched_labels_are_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    data = customers(3, 1.5)
    choice = choose_classes(data, "y", ["a", "b"], classes=2)
    plain = class_stability(choice, data, draws=30, seed=1)
    honest = stability.climbed

    def switched(*given: Any) -> tuple[Any, Any]:
        parameters, likelihood = honest(*given)
        parameters[::2] = parameters[::2, ::-1]
        return parameters, likelihood

    monkeypatch.setattr(stability, "climbed", switched)
    found = class_stability(choice, data, draws=30, seed=1)
    assert found.rand == pytest.approx(plain.rand)
    pd.testing.assert_frame_equal(found.classes, plain.classes)
    pd.testing.assert_frame_equal(found.slopes, plain.slopes)


def test_classes_of_noise_do_not() -> None:
    data = customers(4, 0.0)
    choice = choose_classes(data, "y", ["a", "b"], classes=3)
    assert choice.verdict == "none"
    forced = class_stability(choice, data, fit=choice.fits[1], draws=30)
    assert forced.rand[0] < 0.75
    assert "fail" in forced.classes["judgement"].tolist()
    assert forced.same_choice > 0.5


def test_given_resamples_are_used_row_by_row() -> None:
    data = customers(5, 1.5, 400)
    data.loc[:19, "a"] = np.nan
    choice = choose_classes(data, "y", ["a", "b"], classes=2, clusters=data["outlet"])
    counts = resample_counts(400, 20, 3, "customers", data["outlet"])
    once = class_stability(choice, data, counts=counts, clusters=data["outlet"])
    mixed = np.random.default_rng(1).permutation(400)
    again = class_stability(
        choice, data.iloc[mixed], counts=counts[:, mixed], clusters=data["outlet"].iloc[mixed]
    )
    assert once.rand == pytest.approx(again.rand)
    assert once.slopes["conf_low"].to_numpy() == pytest.approx(again.slopes["conf_low"].to_numpy())


def test_the_rand_index_ignores_names() -> None:
    table = np.array([[10, 2], [1, 20]])
    assert adjusted_rand(table) == pytest.approx(adjusted_rand(table[::-1]))
    assert adjusted_rand(table) == pytest.approx(adjusted_rand(table.T))
    assert adjusted_rand(np.array([[33]])) == 1.0
