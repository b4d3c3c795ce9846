from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.engines.discrete import fit_logit
from servicefx.engines.ordered import fit_ordered_logit
from servicefx.errors import DataError, IdentificationError, StudyError
from servicefx.models.loyalty import fit_answers
from servicefx.models.loyalty.distinct import distinct_rows
from servicefx.moments.resample_index import resample_counts


@pytest.fixture
def survey(rng: np.random.Generator) -> pd.DataFrame:
    n = 600
    frame = pd.DataFrame(
        {
            "satisfaction": rng.integers(4, 29, n) / 4,
            "trust": rng.integers(1, 8, n).astype(float),
            "outlet": np.char.add("O", rng.integers(0, 30, n).astype(str)),
        }
    )
    latent = 0.6 * frame["satisfaction"] + 0.2 * frame["trust"] + rng.logistic(size=n)
    frame["bought"] = (latent > 3.5).astype(float)
    frame["intention"] = np.digitize(latent, [1.5, 3, 4.5, 6]) + 1.0
    return frame


@pytest.mark.parametrize("outcome", ["bought", "intention"])
def test_each_draw_is_the_fit_of_its_rows(survey: pd.DataFrame, outcome: str) -> None:
    fit = fit_answers(survey, outcome, ["satisfaction", "trust"], draws=4, seed=5)
    counts = resample_counts(len(survey), 4, 5, "data").astype(int)
    engine = fit_logit if outcome == "bought" else fit_ordered_logit
    for place in range(4):
        rows = survey.iloc[np.repeat(np.arange(len(survey)), counts[place])].reset_index(drop=True)
        again = engine(rows, outcome, ["satisfaction", "trust"]).coefficients
        sign = -1.0 if outcome == "bought" else 1.0
        assert fit.drawn_slopes[place] == pytest.approx(again[:2], abs=1e-6)
        assert fit.drawn_thresholds[place] == pytest.approx(sign * again[2:], abs=1e-5)
        assert fit.drawn_tallies[place].sum() == len(survey)


def test_clusters_are_drawn_as_wholes(survey: pd.DataFrame) -> None:
    fit = fit_answers(survey, "bought", ["trust"], clusters=survey["outlet"], draws=40)
    assert fit.draw_source == "data: 40 resamples of clusters of 'outlet', seed 0"
    assert fit.estimates.covariance_kind == "cluster: outlet (30)"
    assert np.unique(fit.drawn_tallies.sum(axis=(1, 2))).size > 1


def test_gaps_are_left_out_and_counted(survey: pd.DataFrame) -> None:
    holes = survey.copy()
    holes.loc[:9, "trust"] = np.nan
    holes.loc[5:19, "bought"] = np.nan
    holes.loc[20, "outlet"] = None
    fit = fit_answers(holes, "bought", ["trust"], clusters=holes["outlet"], draws=20)
    assert fit.dropped == {"bought missing": 15, "trust missing": 5, "cluster 'outlet' missing": 1}
    assert fit.n_obs == 600 - 21 == fit.tallies.sum()


def test_the_order_of_the_rows_does_not_matter(survey: pd.DataFrame) -> None:
    shuffled = survey.sample(frac=1, random_state=1)
    one = fit_answers(survey, "intention", ["satisfaction"], draws=20)
    two = fit_answers(shuffled, "intention", ["satisfaction"], draws=20)
    assert one.slopes == pytest.approx(two.slopes, rel=1e-9)
    assert (one.tallies == two.tallies).all()


def test_turning_the_answers_turns_the_slopes(survey: pd.DataFrame) -> None:
    turned = survey.assign(intention=6 - survey["intention"])
    one = fit_answers(survey, "intention", ["satisfaction", "trust"], draws=20)
    two = fit_answers(turned, "intention", ["satisfaction", "trust"], draws=20)
    assert one.slopes == pytest.approx(-two.slopes, rel=1e-7)
    assert one.thresholds == pytest.approx(-two.thresholds[::-1], rel=1e-7)


def test_distinct_rows_sum_what_stands_in_them() -> None:
    values = np.array([[1.0, 2.0], [0.5, 2.0], [1.0, 2.0], [0.5, 2.0], [0.1 + 0.2, 2.0], [0.3, 2.0]])
    rows = distinct_rows(values)
    assert rows.values[:, 0].tolist() == pytest.approx([0.3, 0.5, 1.0])
    columns = np.arange(12.0).reshape(2, 6)
    assert rows.summed(columns).tolist() == [[9.0, 4.0, 2.0], [21.0, 16.0, 14.0]]


@pytest.mark.parametrize(
    ("outcome", "terms", "change", "message"),
    [
        ("bought", ["trust"], {"bought": 1.0}, "everybody answered 1"),
        ("bought", ["trust"], {"bought": "b+1"}, "two answers, 1 and 2, where 0 and 1 are needed"),
        ("satisfaction", ["trust"], {}, "25 different answers, at most 11 expected"),
        ("bought", ["outlet"], {}, "'outlet' is not numeric"),
        ("bought", ["trusts"], {}, "column 'trusts' is not in the data"),
        ("bought", ["trust"], {"trust": np.nan}, "no row is complete"),
    ],
)
def test_bad_input_is_refused(
    survey: pd.DataFrame, outcome: str, terms: list[str], change: dict[str, object], message: str
) -> None:
    if change == {"bought": "b+1"}:
        change = {"bought": survey["bought"] + 1}
    with pytest.raises(DataError, match=message):
        fit_answers(survey.assign(**change), outcome, terms, draws=20)


@pytest.mark.parametrize("outcome", ["bought", "intention"])
def test_separated_answers_are_refused(survey: pd.DataFrame, outcome: str) -> None:
    split = survey.assign(other=survey[outcome] * 2)
    with pytest.raises(IdentificationError, match=r"separate the (two )?answers perfectly"):
        fit_answers(split, outcome, ["other", "trust"], draws=20)


def test_a_product_under_a_name_of_its_own_is_refused(survey: pd.DataFrame) -> None:
    frame = survey.assign(both=survey["trust"] * survey["satisfaction"])
    with pytest.raises(IdentificationError, match="'both' is the product of 'satisfaction' and 'trust'"):
        fit_answers(frame, "bought", ["satisfaction", "trust", "both"], draws=20)


def test_an_interaction_of_something_else_is_refused(survey: pd.DataFrame) -> None:
    with pytest.raises(StudyError, match="'loyalty' of trust × loyalty is not among the terms"):
        fit_answers(survey, "bought", ["trust"], interactions=[("trust", "loyalty")], draws=20)


def test_resamples_without_a_rare_answer_have_no_draw(survey: pd.DataFrame) -> None:
    rare = survey.assign(intention=survey["intention"].clip(2, 4))
    rare.loc[0, "intention"] = 5.0
    fit = fit_answers(rare, "intention", ["satisfaction"], draws=100)
    lacking = fit.drawn_tallies.sum(axis=1)[:, -1] == 0
    assert lacking.any()
    assert (np.isnan(fit.drawn_slopes[:, 0]) == lacking).all()
