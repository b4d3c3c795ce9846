"""How many classes: needs are told from skewed errors, and nothing from nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.models.segments import choose_classes, class_posteriors, fit_latent_classes
from servicefx.values.glossary import GLOSSARY

DRIVERS = ["staff", "speed"]


def customers(rng: np.random.Generator, errors: str, needs: bool, n: int = 1000) -> pd.DataFrame:
    staff, speed = rng.normal(size=(2, n))
    kind = rng.random(n) < 0.4
    noise = {"normal": rng.normal(size=n), "skewed": 1.5 - rng.gamma(2.25, 1 / 1.5, n)}[errors]
    slopes = np.where(kind, 0.1, 0.9) if needs else np.full(n, 0.6)
    return pd.DataFrame(
        {"staff": staff, "speed": speed, "y": slopes * staff + (1 - slopes) * speed + 0.4 * noise}
    )


@pytest.mark.parametrize(
    ("errors", "needs", "verdict"),
    [("normal", False, "none"), ("skewed", False, "shape"), ("normal", True, "needs")],
)
def test_needs_are_told_from_skewed_errors(
    errors: str, needs: bool, verdict: str, rng: np.random.Generator
) -> None:
    choice = choose_classes(customers(rng, errors, needs), "y", DRIVERS, classes=3)
    assert choice.verdict == verdict
    if verdict != "shape":
        assert choice.chosen.n_classes == (2 if needs else 1)


def test_the_table_compares_every_mixture(rng: np.random.Generator) -> None:
    data = customers(rng, "normal", True, 400)
    choice = choose_classes(data, "y", DRIVERS, classes=4)
    table = choice.selection
    assert not set(table.columns) - set(GLOSSARY)
    assert list(zip(table["n_classes"], table["slopes"], strict=True)) == [
        (1, "one"), (2, "own"), (3, "own"), (4, "own"), (2, "shared"), (3, "shared"),
    ]  # fmt: skip
    assert table["n_parameters"].tolist() == [4, 9, 14, 19, 7, 10]
    assert (table["chosen"] == "yes").sum() == 1
    assert table["delta_bic"].min() == 0
    assert table.loc[table["chosen"] == "yes", "delta_bic"].tolist() == [0]
    own = table[table["slopes"] != "shared"]
    assert (np.diff(own["logl"]) > -1e-6).all()  # a class more never fits worse
    assert (table["logl"].iloc[[4, 5]].to_numpy() < table["logl"].iloc[[1, 2]].to_numpy()).all()
    for name, penalty in (("aic", 2), ("aic3", 3), ("bic", np.log(400))):
        assert table[name].to_numpy() == pytest.approx(-2 * table["logl"] + penalty * table["n_parameters"])
    chances = class_posteriors(choice.fits[1], data).to_numpy()
    entropy = -(chances * np.log(chances)).sum()
    assert table["icl"].iloc[1] == pytest.approx(table["bic"].iloc[1] + 2 * entropy)
    assert table["entropy_r2"].iloc[1] == pytest.approx(1 - entropy / (400 * np.log(2)))
    assert (table["n_reached"] <= table["n_followed"]).all()
    alone = fit_latent_classes(data, "y", DRIVERS, 2)
    assert choice.fits[1].log_likelihood == alone.log_likelihood


def test_thin_rows_are_flagged_and_too_few_refused(rng: np.random.Generator) -> None:
    data = customers(rng, "normal", False, 75)
    table = choose_classes(data, "y", DRIVERS, classes=3).selection
    assert (table.loc[table["n_parameters"] == 14, "flag"] != "").all()
    with pytest.raises(DataError, match=r"75 complete rows for the 19 numbers of 4 classes, at least 95"):
        choose_classes(data, "y", DRIVERS, classes=4)


def test_one_class_asked_for_is_one_row(rng: np.random.Generator) -> None:
    choice = choose_classes(customers(rng, "normal", True, 100), "y", DRIVERS, classes=1)
    assert len(choice.selection) == 1
    assert choice.verdict == "none"
