from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from servicefx.engines.discrete import fit_logit
from servicefx.engines.ordered import fit_ordered_logit, ordered_likelihood
from servicefx.errors import DataError, IdentificationError


@pytest.fixture
def survey(rng: np.random.Generator) -> pd.DataFrame:
    scores = rng.normal(size=(400, 2))
    latent = scores @ [1.0, -0.5] + rng.logistic(size=400)
    return pd.DataFrame(scores, columns=["a", "b"]).assign(
        y=np.digitize(latent, [-2, -0.5, 0.5, 2]) + 1.0, outlet=np.arange(400) // 20
    )


def test_derivatives_are_those_of_the_likelihood(survey: pd.DataFrame) -> None:
    codes, x = survey["y"].to_numpy().astype(np.intp) - 1, survey[["a", "b"]].to_numpy()
    weights = np.linspace(0.5, 2, 400)
    at = np.array([0.8, -0.3, -1.7, -0.4, 0.6, 1.9])

    def curve(values: np.ndarray) -> tuple[float, np.ndarray]:
        found = ordered_likelihood(codes, x, values[:2], values[2:], weights)
        return found.logl, weights @ found.scores

    step = 1e-6
    pairs = [(curve(at + step * unit), curve(at - step * unit)) for unit in np.eye(6)]
    slopes = [(up[0] - down[0]) / (2 * step) for up, down in pairs]
    bends = [(up[1] - down[1]) / (2 * step) for up, down in pairs]
    assert curve(at)[1] == pytest.approx(slopes, rel=1e-6)
    hessian = ordered_likelihood(codes, x, at[:2], at[2:], weights).hessian
    assert hessian == pytest.approx(np.array(bends), rel=1e-6, abs=1e-5)


def test_it_is_the_optimum_statsmodels_finds(survey: pd.DataFrame) -> None:
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    theirs = OrderedModel(survey["y"].astype(int), survey[["a", "b"]], distr="logit").fit(
        method="bfgs", disp=False
    )
    ours = fit_ordered_logit(survey, "y", ["a", "b"], robust=False)
    assert ours.coefficients[:2] == pytest.approx(
        theirs.params.to_numpy()[:2], abs=1e-4
    )  # its bfgs stops there
    assert ours.std_errors[:2] == pytest.approx(theirs.bse.to_numpy()[:2], rel=1e-4)
    assert ours.fit_measures["logl"] >= theirs.llf - 1e-9
    thresholds = theirs.model.transform_threshold_params(theirs.params.to_numpy())[1:-1]
    assert ours.coefficients[2:] == pytest.approx(thresholds, abs=1e-4)


def test_turned_answers_turn_every_sign(survey: pd.DataFrame) -> None:
    straight = fit_ordered_logit(survey, "y", ["a", "b"], clusters=survey["outlet"])
    turned = fit_ordered_logit(survey.assign(y=-survey["y"]), "y", ["a", "b"], clusters=survey["outlet"])
    assert turned.coefficients[:2] == pytest.approx(-straight.coefficients[:2], abs=1e-8)
    assert turned.coefficients[2:] == pytest.approx(-straight.coefficients[:1:-1], abs=1e-8)
    assert turned.std_errors[:2] == pytest.approx(straight.std_errors[:2], rel=1e-8)
    assert turned.terms[2:] == ("-5 | -4", "-4 | -3", "-3 | -2", "-2 | -1")


def test_distances_of_answers_do_not_count_and_units_rescale(survey: pd.DataFrame) -> None:
    plain = fit_ordered_logit(survey, "y", ["a", "b"])
    other = fit_ordered_logit(survey.assign(y=survey["y"] ** 3, a=1e5 * survey["a"] + 7), "y", ["a", "b"])
    assert other.coefficients[0] * 1e5 == pytest.approx(plain.coefficients[0], rel=1e-8)
    assert other.std_errors[0] * 1e5 == pytest.approx(plain.std_errors[0], rel=1e-8)
    assert other.fit_measures["logl"] == pytest.approx(plain.fit_measures["logl"], rel=1e-12)


def test_weights_of_whole_numbers_count_as_rows(survey: pd.DataFrame) -> None:
    counts = pd.Series(np.arange(400) % 3 + 1.0, name="w")
    repeated = survey.loc[survey.index.repeat(counts.astype(int))].reset_index(drop=True)
    weighted = fit_ordered_logit(survey, "y", ["a", "b"], weights=counts)
    assert weighted.coefficients == pytest.approx(
        fit_ordered_logit(repeated, "y", ["a", "b"]).coefficients, abs=1e-8
    )


def test_means_that_differ_by_rounding_are_one_answer(survey: pd.DataFrame) -> None:
    frame = survey.assign(y=survey["y"] + np.where(np.arange(400) % 2, 1e-15, 0) * survey["y"])
    assert len(fit_ordered_logit(frame, "y", ["a"]).terms) == 1 + 4


def test_merged_to_two_answers_it_is_a_logit(survey: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="2 different answers, 3 to 50 expected\n    Use a logit"):
        fit_ordered_logit(survey.assign(y=survey["y"] > 3), "y", ["a"])
    frame = survey.assign(z=(survey["y"] > 3).astype(float))
    frame = pd.concat([frame, frame.iloc[:1].assign(y=9.0)])  # almost the logit: one more answer
    ordered = fit_ordered_logit(frame.assign(y=np.where(frame["y"] == 9, 2.0, frame["z"])), "y", ["a", "b"])
    logit = fit_logit(survey.assign(z=(survey["y"] > 3).astype(float)), "z", ["a", "b"])
    assert ordered.coefficients[:2] == pytest.approx(logit.coefficients[:2], abs=0.05)


REFUSED = [
    ("exact", DataError, "400 different answers, 3 to 50 expected"),
    ("sorted", IdentificationError, "the terms separate the answers perfectly"),
]


@pytest.mark.parametrize(("outcome", "error", "message"), REFUSED)
def test_what_cannot_be_computed_is_refused_in_words(
    outcome: str, error: type[Exception], message: str, survey: pd.DataFrame
) -> None:
    frame = survey.assign(exact=survey["a"] + 1, sorted=np.digitize(survey["a"], [-1, 0, 1]))
    with pytest.raises(error, match=re.escape(message)):
        fit_ordered_logit(frame, outcome, ["a", "b"])
