from __future__ import annotations

import re
from types import ModuleType

import numpy as np
import pytest
from scipy.special import expit

from servicefx.errors import DataError
from servicefx.models.loyalty import fit_repurchase, is_binary, repurchase


def test_weights_are_refused_by_name(made: ModuleType) -> None:
    study = made.survey(made.survey_frame().assign(gewicht=1.5), data={"customers": {"weights": "gewicht"}})
    message = (
        "logit of 'repurchase': survey weights 'gewicht' cannot be used by this estimator\n"
        "    Remove 'weights' from the study file to see the unweighted answer."
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        fit_repurchase(study)


@pytest.mark.parametrize(
    ("values", "binary"),
    [
        ([0, 1, 1, 0], True),
        ([0, 1, np.nan, 0], True),
        ([1, 1, 1, 1], False),
        ([1, 2, 1, 2], False),
        ([0, 0.5, 1, 1], False),
    ],
)
def test_binary_means_both_0_and_1_and_nothing_else(
    made: ModuleType, values: list[float], binary: bool
) -> None:
    frame = made.survey_frame(4).assign(bought=values)
    assert is_binary(made.survey(frame), "repurchase", "customers") is binary


def test_an_outcome_on_a_scale_is_refused(made: ModuleType) -> None:
    with pytest.raises(DataError, match="logit of 'loyalty': values other than 0 and 1: "):
        fit_repurchase(made.survey(), "loyalty", ["trust"])


def test_change_is_the_mean_change_of_the_probability(made: ModuleType) -> None:
    study = made.survey()
    fit = fit_repurchase(study, terms=["loyalty", "trust"])
    frame, b = fit.sample.frame, fit.estimates.coefficients
    odds = frame[["loyalty", "trust"]].to_numpy() @ b[:2] + b[2]
    by_hand = np.mean(expit(odds + 0.5 * b[0] - 1.0 * b[1]) - expit(odds))
    shifts = {"loyalty": (0.5, np.full(60, 0.5)), "trust": (-1.0, np.full(60, -1.0))}
    estimate, draws = fit.change(shifts)
    assert estimate == pytest.approx(by_hand, rel=1e-12)
    assert draws.shape == (60,)
    assert draws.std() > 0


def test_no_shift_is_no_change_in_every_draw(made: ModuleType) -> None:
    estimate, draws = fit_repurchase(made.survey()).change({"loyalty": (0.0, np.zeros(60))})
    assert estimate == 0.0
    assert draws.tolist() == [0.0] * 60


def test_a_draw_weighs_its_own_customers(made: ModuleType) -> None:
    study = made.survey(made.survey_frame(200), draws=3)
    fit = fit_repurchase(study)
    shift = np.array([0.2, 0.4, 0.6])
    _, draws = fit.change({"loyalty": (1.0, shift)})
    for place in range(3):
        rows = fit.sample.frame.iloc[np.repeat(np.arange(200), fit.counts[place].astype(int))]
        odds = rows["loyalty"] * fit.draws[place, 0] + fit.draws[place, 1]
        moved = expit(odds + fit.draws[place, 0] * shift[place])
        assert draws[place] == pytest.approx(np.mean(moved - expit(odds)), rel=1e-9)


def test_blocks_of_draws_do_not_matter(made: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = fit_repurchase(made.survey())
    shift = {"loyalty": (1.0, np.linspace(0.5, 1.5, 60))}
    whole = fit.change(shift)
    monkeypatch.setattr(repurchase, "_CELLS", 7 * len(fit.sample.frame))
    parts = fit.change(shift)
    assert parts[0] == whole[0]
    assert parts[1].tolist() == whole[1].tolist()


def test_a_term_the_logit_does_not_have_is_named(made: ModuleType) -> None:
    with pytest.raises(KeyError, match=r"no term 'trust' in the logit \(terms: loyalty\)"):
        fit_repurchase(made.survey()).change({"trust": (1.0, np.ones(60))})
