"""The tolerated wait: truth found again, laws kept, bad input refused in words."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, IdentificationError
from servicefx.models.waiting import compare_forms, fit_threshold
from servicefx.models.waiting.forms import natural_spline
from servicefx.models.waiting.search import KinkDesign, stretches
from servicefx.moments.resample import resampled_means
from servicefx.moments.resample_index import resample_counts
from servicefx.values.glossary import GLOSSARY


def customers(
    rng: np.random.Generator, n: int = 600, slope: float = -0.06, noise: float = 0.4, digits: int = 3
) -> pd.DataFrame:
    hours = np.round(np.exp(np.log(17) + 0.62 * rng.normal(size=n)), digits)
    empathy = rng.normal(5, 1, n)
    satisfaction = 5 + slope * np.maximum(hours - 24, 0) + 0.3 * empathy + noise * rng.normal(size=n)
    return pd.DataFrame({"satisfaction": satisfaction, "hours": hours, "empathy": empathy})


def test_the_threshold_is_within_an_hour_and_a_half_at_three_thousand(rng: np.random.Generator) -> None:
    for _ in range(8):
        data = customers(rng, 3000)
        fit = fit_threshold(data, "satisfaction", "hours", ["empathy"], draws=99)
        assert abs(fit.threshold.estimate - 24) < 1.5
        assert abs(fit.slope_before.estimate) < 0.012
        assert fit.slope_beyond.estimate == pytest.approx(-0.06, abs=0.006)
        assert fit.test["p_value"].iloc[0] == 0.01
        assert fit.forms["model"].iloc[0] in ("flat, then falling", "kink")
        assert fit.cautions == ()


def test_search_is_exact_whatever_the_ties(rng: np.random.Generator) -> None:
    for digits in (0, 3):
        data = customers(rng, 120, digits=digits).sort_values("hours")
        x, y = data["hours"].to_numpy(), data["satisfaction"].to_numpy()
        terms = np.column_stack([np.ones(120), x, data["empathy"]])
        design = KinkDesign.of(x, terms, np.ones(120))
        where = stretches(design.waits, 8.0, 45.0)
        best = design.best(design.residuals(y[None]), where)
        fine = np.linspace(8, 45, 4001)
        squares = []
        for g in fine:
            columns = np.column_stack([terms, np.maximum(x - g, 0)])
            squares.append(float(np.linalg.lstsq(columns, y, rcond=None)[1][0]))
        total = float((design.residuals(y[None]) ** 2).sum())
        assert total - best.gain[0] <= min(squares) + 1e-12
        assert total - best.gain[0] == pytest.approx(min(squares), rel=1e-4)
        assert best.threshold[0] == pytest.approx(fine[np.argmin(squares)], abs=0.02)


def test_draws_line_up_with_other_analyses_of_the_same_rows(rng: np.random.Generator) -> None:
    data = customers(rng)
    counts = resample_counts(len(data), 199, 5, "customers")
    given = fit_threshold(
        data, "satisfaction", "hours", draws=199, counts=counts, source="customers: shared", seed=5
    )
    own = fit_threshold(data, "satisfaction", "hours", draws=199, seed=5, data_id="customers")
    assert given.threshold.draws == pytest.approx(own.threshold.draws)
    assert given.threshold.draw_source == ("customers: shared",)
    cost = resampled_means(data["satisfaction"], counts)[:, 0]
    at_mean = np.corrcoef(given.slope_beyond.draws, given.threshold.draws)[0, 1]
    assert len(cost) == len(given.threshold.draws)
    assert abs(at_mean) > 0.1
    change = given.slope_beyond - given.slope_before
    row = given.slopes.iloc[2]
    assert change.estimate == pytest.approx(row["estimate"])
    half = np.quantile(np.abs(change.draws - change.estimate), 0.95)
    assert row["conf_high"] == pytest.approx(change.estimate + half)


def test_shuffling_scaling_and_a_weight_of_two_change_only_what_they_should(rng: np.random.Generator) -> None:
    data = customers(rng, 300)
    base = fit_threshold(data, "satisfaction", "hours", ["empathy"], draws=99)
    shuffled = fit_threshold(
        data.sample(frac=1, random_state=1), "satisfaction", "hours", ["empathy"], draws=99
    )
    assert shuffled.threshold.estimate == pytest.approx(base.threshold.estimate)
    assert shuffled.test["sup_f"].iloc[0] == pytest.approx(base.test["sup_f"].iloc[0])
    minutes = fit_threshold(
        data.assign(hours=60 * data["hours"] + 5, satisfaction=10 * data["satisfaction"]),
        "satisfaction", "hours", ["empathy"], draws=99,
    )  # fmt: skip
    assert minutes.threshold.estimate == pytest.approx(60 * base.threshold.estimate + 5)
    assert minutes.threshold.draws == pytest.approx(60 * base.threshold.draws + 5)
    assert minutes.slope_beyond.estimate == pytest.approx(base.slope_beyond.estimate / 6)
    ends = ["conf_low", "conf_high"]
    assert minutes.intervals[ends].to_numpy() == pytest.approx(60 * base.intervals[ends].to_numpy() + 5)
    assert minutes.test["p_value"].iloc[0] == base.test["p_value"].iloc[0]
    weight = pd.Series(np.where(np.arange(300) < 150, 2.0, 1.0), name="weight")
    doubled = pd.concat([data, data.head(150)], ignore_index=True)
    search = (10.0, 40.0)
    by_weight = fit_threshold(
        data, "satisfaction", "hours", ["empathy"], weights=weight, draws=99, search=search
    )
    by_rows = fit_threshold(doubled, "satisfaction", "hours", ["empathy"], draws=99, search=search)
    assert by_weight.threshold.estimate == pytest.approx(by_rows.threshold.estimate)
    assert by_weight.slope_beyond.estimate == pytest.approx(by_rows.slope_beyond.estimate)


def test_a_seed_repeats_and_another_differs(rng: np.random.Generator) -> None:
    data = customers(rng, 200)
    first, again, other = (fit_threshold(data, "satisfaction", "hours", draws=99, seed=s) for s in (1, 1, 2))
    assert first.threshold.draws.tolist() == again.threshold.draws.tolist()
    pd.testing.assert_frame_equal(first.intervals, again.intervals)
    assert first.threshold.draws.tolist() != other.threshold.draws.tolist()
    assert first.test["critical"].iloc[0] != other.test["critical"].iloc[0]


def test_clusters_make_the_intervals_wider_where_rows_repeat_each_other(rng: np.random.Generator) -> None:
    data = pd.concat([customers(rng, 150)] * 4, ignore_index=True)
    outlet = pd.Series(np.tile(np.arange(150), 4), name="outlet")
    rows = fit_threshold(data, "satisfaction", "hours", draws=199)
    clusters = fit_threshold(data, "satisfaction", "hours", draws=199, clusters=outlet)
    assert clusters.n_clusters == 150
    assert clusters.threshold.estimate == pytest.approx(rows.threshold.estimate)
    spread = [fit.intervals["conf_high"] - fit.intervals["conf_low"] for fit in (rows, clusters)]
    assert (spread[1] > 1.4 * spread[0]).all()
    assert clusters.slopes["std_error"].iloc[1] == pytest.approx(
        2 * rows.slopes["std_error"].iloc[1], rel=0.02
    )
    assert "clusters of 'outlet'" in clusters.threshold.draw_source[0]


def test_without_a_bend_the_reader_is_told(rng: np.random.Generator) -> None:
    hours = rng.uniform(0, 60, 400)
    data = pd.DataFrame({"satisfaction": 6 - 0.03 * hours + rng.normal(0, 0.5, 400), "hours": hours})
    fit = fit_threshold(data, "satisfaction", "hours", draws=199)
    assert fit.test["p_value"].iloc[0] > 0.05
    assert "a straight line is not rejected" in fit.cautions[0]
    assert fit.intervals["conf_high"].iloc[0] - fit.intervals["conf_low"].iloc[0] > 20
    assert fit.forms["model"].iloc[0] == "straight line"


def test_profile_and_curve_say_what_the_fit_says(rng: np.random.Generator) -> None:
    data = customers(rng)
    fit = fit_threshold(data, "satisfaction", "hours", ["empathy"], draws=199)
    at = fit.profile.loc[fit.profile["sup_f"].idxmin()]
    assert at["wait"] == pytest.approx(fit.threshold.estimate)
    assert at["sup_f"] == pytest.approx(0, abs=1e-6)
    kept = fit.profile.loc[fit.profile["sup_f"] <= fit.profile["critical"], "wait"]
    first = fit.intervals.iloc[0]
    step = fit.profile["wait"].diff().max()
    assert first["conf_low"] == pytest.approx(kept.min(), abs=step)
    assert first["conf_high"] == pytest.approx(kept.max(), abs=step)
    ends = np.interp(
        first[["conf_low", "conf_high"]].astype(float), fit.profile["wait"], fit.profile["sup_f"]
    )
    assert ends == pytest.approx(fit.profile["critical"].iloc[:2])
    curve = fit.curve
    assert (curve["conf_low"] <= curve["conf_high"]).all()
    last, before = curve.iloc[-1], curve.iloc[-2]
    slope = (last["estimate"] - before["estimate"]) / (last["wait"] - before["wait"])
    assert slope == pytest.approx(fit.slope_beyond.estimate)
    middle = np.interp(data["hours"], curve["wait"], curve["estimate"]).mean()
    assert middle == pytest.approx(data["satisfaction"].mean(), abs=0.01)


def test_gaps_are_dropped_and_counted_and_results_can_be_kept(rng: np.random.Generator) -> None:
    data = customers(rng, 300)
    data.loc[:4, "hours"] = np.nan
    data.loc[3:9, "empathy"] = np.nan
    fit = fit_threshold(data, "satisfaction", "hours", ["empathy"], draws=99)
    assert fit.n_obs == 290
    assert dict(fit.dropped) == {"hours missing": 5, "empathy missing": 5}
    copy = pickle.loads(pickle.dumps(fit))
    assert copy.threshold.estimate == fit.threshold.estimate


def test_forms_that_cannot_be_are_said(rng: np.random.Generator) -> None:
    data = customers(rng, 200)
    below = compare_forms(data.assign(hours=data["hours"] - 20), "satisfaction", "hours").set_index("model")
    assert below.loc["logarithm of 1 + wait", "undefined"] == "'hours' has values below 0"
    assert np.isnan(below.loc["logarithm of 1 + wait", "bic"])
    coarse = data.assign(hours=np.repeat([1, 2, 3, 4, 5, 6.0], [8, 150, 12, 10, 10, 10]))
    forms = compare_forms(coarse, "satisfaction", "hours").set_index("model")
    assert forms.loc["natural cubic spline", "undefined"] == "two of its knots fall on one wait"


def test_the_spline_is_straight_beyond_its_outer_knots() -> None:
    basis = natural_spline(np.linspace(5, 9, 5), np.array([0.0, 1, 2, 3]))
    assert np.diff(basis, n=2, axis=0) == pytest.approx(np.zeros((3, 3)), abs=1e-9)


def refused(rng: np.random.Generator) -> pd.DataFrame:
    data = customers(rng, 60)
    return data.assign(
        channel="web",
        still=3.0,
        few=np.resize([1.0, 2, 3, 4, 5], 60),
        twice=2 * data["hours"] + 1,
        line=7 - 0.1 * data["hours"],
        endless=np.where(np.arange(60) == 3, np.inf, 1.0),
        lumped=np.where(np.arange(60) < 55, 5.0, np.arange(60)),
        half=np.where(np.arange(60) < 55, np.nan, 1.0),
    )


@pytest.mark.parametrize(
    ("outcome", "wait", "covariates", "options", "error", "message"),
    [
        ("satisfaktion", "hours", [], {}, DataError, r"\(closest: 'satisfaction'"),
        ("satisfaction", "channel", [], {}, DataError, "'channel' holds text, expected numbers"),
        ("satisfaction", "hours", ["hours"], {}, DataError, "two parts at once: 'hours'"),
        ("satisfaction", "few", [], {}, DataError, "'few' has 5 different values, at least 6 expected"),
        ("satisfaction", "still", [], {}, DataError, "'still' has the same value in all 60 rows"),
        ("still", "hours", [], {}, DataError, "'still' has the same value in all 60 rows"),
        ("satisfaction", "hours", ["endless"], {}, DataError, "infinite values in 'endless'"),
        ("satisfaction", "lumped", [], {}, DataError, "the middle 80% of the rows have one wait, 5"),
        ("satisfaction", "half", [], {}, DataError, "5 complete rows for 4 numbers"),
        ("satisfaction", "hours", ["twice"], {}, IdentificationError, "computed exactly from the wait"),
        ("line", "hours", [], {}, IdentificationError, "goes through every row"),
        ("satisfaction", "hours", [], {"search": (30, 20)}, DataError, "from 30 to 20, expected from low"),
        ("satisfaction", "hours", [], {"search": (500, 600)}, DataError, "can be sought from 500 to"),
        (
            "satisfaction", "hours", [], {"weights": pd.Series([0.0] * 60, name="w")}, DataError,
            "60 of 60 weights are missing or not above 0",
        ),
        (
            "satisfaction", "hours", [], {"clusters": pd.Series([1] * 60, name="outlet")}, DataError,
            "one cluster only",
        ),
        (
            "satisfaction", "hours", [], {"clusters": pd.Series([1, 2], name="outlet")}, DataError,
            "2 clusters for 60 rows",
        ),
    ],
)  # fmt: skip
def test_what_holds_no_threshold_is_refused_in_words(
    rng: np.random.Generator, outcome: str, wait: str, covariates: list[str], options: dict[str, object],
    error: type[Exception], message: str,
) -> None:  # fmt: skip
    trim = {"trim": 0.1} if wait == "lumped" else {}
    with pytest.raises(error, match=message):
        fit_threshold(refused(rng), outcome, wait, covariates, draws=99, **trim, **options)


def test_arguments_that_are_mistakes_are_refused(rng: np.random.Generator) -> None:
    data = customers(rng, 60)
    with pytest.raises(ValueError, match="at least 99 are needed"):
        fit_threshold(data, "satisfaction", "hours", draws=10)
    with pytest.raises(ValueError, match="give both or neither"):
        fit_threshold(data, "satisfaction", "hours", source="x")
    with pytest.raises(ValueError, match=r"is not between 0 and 0\.5"):
        fit_threshold(data, "satisfaction", "hours", trim=0.5)
    with pytest.raises(ValueError, match="counts of 5 rows for data of 60"):
        fit_threshold(
            data, "satisfaction", "hours", counts=np.ones((99, 5), np.float32), source="x", draws=99
        )


def test_its_tables_speak_the_glossary(rng: np.random.Generator) -> None:
    fit = fit_threshold(customers(rng, 100), "satisfaction", "hours", draws=99)
    for table in (fit.slopes, fit.intervals, fit.test, fit.forms, fit.profile, fit.curve):
        assert set(table.columns) <= set(GLOSSARY)


def test_the_likelihood_of_weighted_rows_is_normal_with_variances_over_the_weights(
    rng: np.random.Generator,
) -> None:
    data = customers(rng, 200)
    weights = pd.Series(rng.uniform(0.5, 3, 200), name="w")
    forms = compare_forms(data, "satisfaction", "hours", weights=weights).set_index("model")
    w = weights.to_numpy() / weights.mean()
    line = np.polynomial.Polynomial.fit(data["hours"], data["satisfaction"], 1, w=np.sqrt(w))
    left = data["satisfaction"] - line(data["hours"].to_numpy())
    variance = (w * left**2).mean()
    logl = -0.5 * (np.log(2 * np.pi * variance / w) + w * left**2 / variance).sum()
    assert forms.loc["straight line", "logl"] == pytest.approx(logl, rel=1e-10)
