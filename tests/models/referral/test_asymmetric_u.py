from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.models.referral import asymmetric_u, compare_counts, fit_people_told
from servicefx.models.referral.people import DELTA, PERCENTILE
from servicefx.models.referral.shape import hinged
from servicefx.moments.resample_index import resample_counts
from servicefx.values.glossary import GLOSSARY


def told(
    seed: int, n: int = 1500, below: float = 0.5, above: float = 0.25, spread: float = 2.0
) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    outlet = rng.integers(0, 50, n)
    score = np.clip(np.round(4 * (4.6 + 1.3 * rng.normal(size=n))) / 4, 1, 7)
    tenure = rng.exponential(4, n).round()
    mean = 0.7 + below * np.maximum(4 - score, 0) + above * np.maximum(score - 4, 0) + 0.02 * tenure
    people = rng.poisson(np.exp(mean) * rng.gamma(spread, 1 / spread, n))
    return pd.DataFrame({"people": people, "score": score, "tenure": tenure, "outlet": outlet})


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return told(1)


def test_all_frames_have_glossary_columns_and_reasons(data: pd.DataFrame) -> None:
    fit = asymmetric_u(data, "people", "score", ["tenure"], centre=4, draws=100)
    frames = (
        fit.ratios, fit.contrasts, fit.shape, fit.curve, fit.comparison.models, fit.comparison.tests,
        fit.comparison.spread,
    )  # fmt: skip
    for frame in frames:
        assert set(frame.columns) <= set(GLOSSARY)
    for frame in (fit.contrasts, fit.shape, fit.curve):
        numbers = frame[["estimate"] if "estimate" in frame else ["statistic"]].isna().any(axis=1)
        assert (frame.loc[numbers, "undefined"] != "").all()


def test_the_curve_is_the_mean_prediction_with_everybody_at_one_score(data: pd.DataFrame) -> None:
    fit = asymmetric_u(data, "people", "score", ["tenure"], centre=4, draws=50)
    low, high, tenure, constant = fit.estimates.coefficients[:4]
    rest = np.exp(constant + tenure * data["tenure"]).mean()
    for row in fit.curve.iloc[::7].itertuples():
        expected = rest * np.exp(low * max(4 - row.score, 0) + high * max(row.score - 4, 0))
        assert row.estimate == pytest.approx(expected, rel=1e-10)
        assert row.conf_low < row.estimate < row.conf_high
    assert fit.curve["score"].iloc[[0, -1]].tolist() == [data["score"].min(), data["score"].max()]
    assert 4.0 in fit.curve["score"].to_numpy()


def test_resamples_and_the_delta_method_agree(data: pd.DataFrame) -> None:
    fit = asymmetric_u(data, "people", "score", ["tenure"], centre=4, draws=400, clusters=data["outlet"])
    drawn, delta = (fit.ratios[fit.ratios["interval"] == kind] for kind in (PERCENTILE, DELTA))
    assert drawn[["term", "measure"]].to_numpy().tolist() == delta[["term", "measure"]].to_numpy().tolist()
    assert drawn["std_error"].to_numpy() == pytest.approx(delta["std_error"].to_numpy(), rel=0.15)
    by_fit = fit.contrasts.set_index("measure").loc["asymmetry", "std_error"]
    assert fit.asymmetry.std_error == pytest.approx(by_fit, rel=0.15)
    assert fit.asymmetry.estimate == pytest.approx(fit.dissatisfied.estimate - fit.satisfied.estimate)
    low, high = fit.minimum.interval()
    assert low < fit.minimum.estimate < high


def test_a_mirrored_score_turns_below_and_above(data: pd.DataFrame) -> None:
    straight = asymmetric_u(data, "people", "score", centre=4, draws=0)
    mirrored = asymmetric_u(data.assign(score=8 - data["score"]), "people", "score", centre=4, draws=0)
    assert mirrored.satisfied.estimate == pytest.approx(straight.dissatisfied.estimate, rel=1e-7)
    assert mirrored.asymmetry.estimate == pytest.approx(-straight.asymmetry.estimate, rel=1e-7)
    ours, theirs = (fit.shape.set_index("measure") for fit in (straight, mirrored))
    for measure in ("u_meeting", "u_parabola"):  # at the centre itself the jump is not symmetric
        assert ours.loc[measure, "statistic"] == pytest.approx(theirs.loc[measure, "statistic"], rel=1e-6)
    assert mirrored.best_centre == pytest.approx(8 - straight.best_centre)


def test_a_line_is_no_u() -> None:
    fit = asymmetric_u(told(3, above=-0.3, below=0.3), "people", "score", centre=4, draws=0)
    assert (fit.shape["p_value"] > 0.5).all()
    turned = fit.contrasts.set_index("measure").loc["minimum"]
    assert turned["undefined"] in ("", "the parabola turns beyond the scores seen")


def test_rows_with_gaps_are_counted_and_fitted_people_keep_their_rows(data: pd.DataFrame) -> None:
    holed = data.copy()
    holed.loc[[3, 5], "score"] = np.nan
    holed.loc[[5, 9], "people"] = np.nan
    fit = asymmetric_u(holed.astype({"people": float}), "people", "score", centre=4, draws=0)
    assert dict(fit.dropped) == {"people missing": 2, "score missing": 1}
    assert fit.n_obs == len(data) - 3
    assert not {3, 5, 9} & set(fit.fitted.index)


def test_the_row_of_a_wrong_count_is_that_of_the_data(data: pd.DataFrame) -> None:
    holed = data.astype({"people": float}).copy()
    holed.loc[2, "score"] = np.nan
    holed.loc[6, "people"] = -2
    with pytest.raises(
        DataError, match=re.escape("'people' holds -2 (row 7), expected whole numbers from 0")
    ):
        asymmetric_u(holed, "people", "score", centre=4)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"centre": 0.5}, "0 of 1500 customers have 'score' below 0.5"),
        ({"centre": 7.0}, "0 of 1500 customers have 'score' above 7"),
        ({"family": "normal"}, "'normal' is no family of counts"),
        (
            {"counts": np.ones((5, 3), dtype=np.float32), "source": "x"},
            "resamples of 3 rows beside 1500 rows",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(data: pd.DataFrame, changes: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=re.escape(said)):
        asymmetric_u(data, "people", "score", **({"centre": 4.0, "draws": 0} | changes))  # type: ignore[arg-type]


def test_a_column_with_the_name_of_a_term_made_here_is_refused(data: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="'jump' names a column of the data and a term made here"):
        asymmetric_u(data.assign(jump=1.0), "people", "score", ["jump"], centre=4)


def test_with_survey_weights_the_poisson_is_kept_and_nothing_compared(data: pd.DataFrame) -> None:
    weights = pd.Series(np.linspace(0.5, 2, len(data)), name="w")
    found = compare_counts(data, "people", ["score"], weights=weights)
    assert found.chosen == "poisson"
    assert found.models["bic"].isna().all()
    assert (found.models["undefined"] == "survey weights: likelihoods cannot be compared").sum() >= 3
    assert "spread_likelihood" not in set(found.tests["measure"])


def test_counts_without_zeros_keep_the_families_that_have_none(data: pd.DataFrame) -> None:
    found = compare_counts(data.assign(people=data["people"] + 1), "people", ["score"])
    models = found.models.set_index("model")
    assert models.loc["zero_inflated_poisson", "undefined"].startswith("no 'people' is 0")
    assert np.isnan(models.loc["zero_inflated_poisson", "logl"])
    assert set(found.fits) == {"poisson", "negative_binomial"}


def test_people_told_by_any_terms_have_ratios_and_people(data: pd.DataFrame) -> None:
    fit = fit_people_told(data, "people", ["tenure"], draws=200, seed=3)
    again = fit_people_told(data, "people", ["tenure"], draws=200, seed=3)
    other = fit_people_told(data, "people", ["tenure"], draws=200, seed=4)
    assert fit.draws.tolist() == again.draws.tolist()
    assert fit.draws.tolist() != other.draws.tolist()
    row = fit.ratios.set_index(["measure", "interval"]).loc[("rate_ratio", DELTA)]
    assert row["estimate"] == pytest.approx(np.exp(fit.estimates.coefficient("tenure")))


def test_shared_resamples_follow_the_rows_that_are_complete(data: pd.DataFrame) -> None:
    holed = data.astype({"people": float}).iloc[:300].copy()
    holed.loc[[0, 5, 17, 200], "score"] = np.nan
    counts = resample_counts(300, 40, 3, "file")
    weights = pd.Series(np.linspace(0.5, 2, 300), name="w")
    options = {"centre": 4.0, "family": "negative_binomial", "source": "file: 40"}
    fit = asymmetric_u(holed, "people", "score", counts=counts, weights=weights, **options)  # type: ignore[arg-type]
    kept = holed["score"].notna().to_numpy()
    alone = asymmetric_u(
        holed[kept].reset_index(drop=True), "people", "score", counts=counts[:, kept],
        weights=weights[kept].reset_index(drop=True), **options,  # type: ignore[arg-type]
    )  # fmt: skip
    assert fit.satisfied.draws == pytest.approx(alone.satisfied.draws, abs=1e-9)
    first = np.flatnonzero(kept).repeat(counts[0, kept].astype(int))
    drawn = hinged(holed.iloc[first].reset_index(drop=True), "score", 4.0)
    again = fit_people_told(
        drawn, "people", ["dissatisfied", "satisfied"],
        family="negative_binomial", weights=weights.iloc[first].reset_index(drop=True), draws=0,
    )  # fmt: skip
    assert fit.satisfied.draws[0] == pytest.approx(again.estimates.coefficient("satisfied"), abs=1e-6)
