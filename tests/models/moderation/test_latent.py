"""Interactions of latent variables: against lavaan, known truth, and refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.models.moderation import latent_interactions
from servicefx.models.moderation.latent import product_pairs

GOLDEN = Path(__file__).parents[2] / "golden" / "moderation"
BLOCKS = {"x": ["x1", "x2", "x3"], "w": ["w1", "w2", "w3", "w4"], "y": ["y1", "y2", "y3"]}
KINDS = ["observed", "product_indicators", "two_stage"]


@pytest.fixture(scope="module")
def answers() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "latent.csv")


@pytest.mark.parametrize("covariates", [[], ["age"]])
def test_product_indicators_are_those_of_lavaan(answers: pd.DataFrame, covariates: list[str]) -> None:
    expected = pd.read_csv(GOLDEN / "latent_expected.csv").fillna("").set_index("covariates")
    found = latent_interactions(answers, "y", "x", "w", BLOCKS, covariates, draws=4000)
    row = found.set_index("kind").loc["product_indicators"]
    wanted = expected.loc["".join(covariates)]
    assert row["estimate"] == pytest.approx(wanted["estimate"], rel=2e-5)
    half = (row["conf_high"] - row["conf_low"]) / 2
    assert half == pytest.approx(1.96 * wanted["error_of_b"], rel=0.1)  # draws move the scale too


def test_scores_give_the_slope_of_least_squares(answers: pd.DataFrame) -> None:
    found = latent_interactions(answers, "y", "x", "w", BLOCKS, ["age"], draws=99)
    means = pd.DataFrame({name: answers[items].mean(axis=1) for name, items in BLOCKS.items()})
    design = np.column_stack(
        [np.ones(len(answers)), means["x"], means["w"], means["x"] * means["w"], answers["age"]]
    )
    slope = np.linalg.lstsq(design, means["y"], rcond=None)[0][3]
    deviation = means.std(ddof=0)  # as the model of latent variables
    expected = slope * deviation["x"] * deviation["w"] / deviation["y"]
    assert found["estimate"].iloc[0] == pytest.approx(expected, rel=1e-9)
    assert found["kind"].tolist() == KINDS


def test_rows_in_another_order_answer_alike_and_gaps_are_left_out(answers: pd.DataFrame) -> None:
    gappy = answers.copy()
    gappy.loc[:4, "x1"] = np.nan
    found = latent_interactions(gappy, "y", "x", "w", BLOCKS, draws=50)
    again = latent_interactions(answers.iloc[5:].iloc[::-1], "y", "x", "w", BLOCKS, draws=50)
    assert found["n_obs"].tolist() == [395] * 3
    np.testing.assert_allclose(found["estimate"], again["estimate"], rtol=1e-6)


def test_a_moderator_of_one_item_pairs_with_every_item(answers: pd.DataFrame) -> None:
    assert product_pairs(answers, ["x1", "x2"], ["age"]) in (
        (("x1", "age"), ("x2", "age")),
        (("x2", "age"), ("x1", "age")),
    )
    blocks = BLOCKS | {"older": ["old"]}
    coded = answers.assign(old=(answers["age"] > 40).astype(float))
    found = latent_interactions(coded, "y", "x", "older", blocks, draws=200)
    assert found["undefined"].tolist() == ["", "", ""]
    assert (found["conf_low"] < 0.1).all()


def test_a_version_without_an_answer_says_why(answers: pd.DataFrame) -> None:
    found = latent_interactions(
        answers.assign(twin=answers["x1"]), "y", "x", "w", BLOCKS | {"x": ["x1", "twin"]}
    )
    row = found.set_index("kind").loc["product_indicators"]
    assert np.isnan(row["estimate"])
    assert row["undefined"]


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        (("y", "x", "v"), "no construct 'v'"),
        (("y", "x", "x"), "one construct has two parts"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    answers: pd.DataFrame, ends: tuple[str, str, str], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        latent_interactions(answers, *ends, BLOCKS)


def test_an_absent_item_and_too_few_rows_are_refused(answers: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="no column 'x9'"):
        latent_interactions(answers, "y", "x", "w", BLOCKS | {"x": ["x9"]})
    with pytest.raises(DataError, match="9 rows have every column, at least 10 expected"):
        latent_interactions(answers.head(9), "y", "x", "w", BLOCKS)


@pytest.mark.slow
def test_the_latent_version_recovers_the_truth_that_scores_miss() -> None:
    truth = 0.25 / np.sqrt(0.16 + 0.09 + 2 * 0.12 * 0.3 + 0.25**2 * (1 + 0.09) + 0.49)
    found, covered = [], []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        x, w = rng.multivariate_normal([0, 0], [[1, 0.3], [0.3, 1]], 1000).T
        y = 0.4 * x + 0.3 * w + 0.25 * x * w + rng.normal(0, 0.7, 1000)
        blocks = {name: [f"{name}{j}" for j in range(3)] for name in "xwy"}
        columns = {
            f"{n}{j}": 0.8 * f + rng.normal(0, 0.6, 1000)
            for n, f in zip("xwy", (x, w, y), strict=True)
            for j in range(3)
        }
        table = latent_interactions(pd.DataFrame(columns), "y", "x", "w", blocks, draws=300)
        found.append(table["estimate"])
        covered.append((table["conf_low"] < truth) & (truth < table["conf_high"]))
    observed, latent, composite = np.mean(found, axis=0)
    assert latent == pytest.approx(truth, abs=0.012)  # three standard errors of 120 samples
    reliability = 3 * 0.64 / (3 * 0.64 + 0.36)
    assert observed == pytest.approx(truth * reliability**1.5, rel=0.06)
    assert composite == pytest.approx(observed, rel=0.02)
    assert 0.89 <= np.mean(covered, axis=0)[1] <= 1.0


def test_names_used_inside_do_not_change_the_answer(answers: pd.DataFrame) -> None:
    plain = latent_interactions(answers, "y", "x", "age", BLOCKS | {"age": ["age"]}, draws=50)
    names = {"age": "product 1", "x2": "y", "x3": "x × product 1"}
    blocks = {"x": ["x1", "y", "x × product 1"], "product 1": ["product 1"], "y": ["y1", "y2", "y3"]}
    found = latent_interactions(answers.rename(columns=names), "y", "x", "product 1", blocks, draws=50)
    assert found["undefined"].tolist() == ["", "", ""]
    for column in ("estimate", "conf_low", "conf_high"):
        np.testing.assert_allclose(found[column], plain[column], rtol=1e-5)


def test_a_moderator_may_be_the_column_of_the_clusters(answers: pd.DataFrame) -> None:
    data = answers.assign(shop=np.arange(len(answers)) % 20 * 1.0, copy=np.arange(len(answers)) % 20)
    blocks = BLOCKS | {"shop": ["shop"]}
    found = latent_interactions(data, "y", "x", "shop", blocks, cluster="shop", draws=50)
    apart = latent_interactions(data, "y", "x", "shop", blocks, cluster="copy", draws=50)
    assert found["undefined"].tolist() == ["", "", ""]
    np.testing.assert_allclose(found["estimate"], apart["estimate"], rtol=1e-9)
    np.testing.assert_allclose(found["conf_low"][:2], apart["conf_low"][:2], rtol=1e-9)


def test_an_outcome_that_is_held_as_well_is_refused(answers: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="one construct has two parts in it"):
        latent_interactions(answers.assign(y=1.0), "y", "x", "w", BLOCKS, ["y"])
