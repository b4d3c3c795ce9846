"""Recovery of what made the counts; size of the tests of spread, zeros, asymmetry and U; coverage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx.engines.counts import fit_counts
from servicefx.models.referral import (
    PeopleCuts,
    asymmetric_u,
    compare_counts,
    compare_net_promoter,
    net_promoter,
    people_by_satisfaction,
)
from servicefx.models.referral.people import DELTA, PERCENTILE
from servicefx.study.study import load_study

SAMPLES = 400
BAND = (0.914, 0.982)  # two-sided 99.9 % binomial band around .95 at 400 samples
SIZE = (0.018, 0.088)  # the same around .05
OUTLETS = 60


def told(
    number: int, n: int = 600, *, below: float = 0.45, above: float = 0.25, alpha: float = 0.4,
    zeros: float = 0.0, clustered: bool = False,
) -> pd.DataFrame:  # fmt: skip
    """Counts with a U around 4.5, as the simulator's, on satisfaction without error."""
    rng = np.random.default_rng([number, 23])
    outlet = rng.integers(0, OUTLETS, n)
    shock = 0.4 * rng.normal(size=OUTLETS)[outlet] if clustered else 0.0
    score = np.round(4 * np.clip(4.5 + 1.2 * rng.normal(size=n) + shock, 1, 7)) / 4
    mean = np.exp(np.log(1.9) + below * np.maximum(4.5 - score, 0) + above * np.maximum(score - 4.5, 0))
    if clustered:
        heard = rng.gamma(20, 1 / 20, OUTLETS)
        mean = mean * heard[outlet]
    spread = rng.gamma(1 / alpha, alpha, n) if alpha else 1.0
    people = rng.poisson(mean * spread) * (rng.random(n) >= zeros)
    return pd.DataFrame({"people": people, "score": score, "outlet": outlet})


@pytest.fixture(scope="module")
def truth(repository: Path) -> pd.DataFrame:
    return pd.read_csv(repository / "data" / "raw" / "after_sales_truth.csv")


def test_groups_and_net_promoter_score_of_the_simulated_study_are_found(
    repository: Path, truth: pd.DataFrame
) -> None:
    study = load_study(repository / "analyses" / "after_sales")
    scores = study.scores["customers"]
    cuts = PeopleCuts(dissatisfied=3.999, satisfied=5.0, highly=6.33)  # the truth's groups
    found = people_by_satisfaction(
        scores["people_told"], scores["satisfaction"], cuts, clusters=study.clusters("customers")
    ).means.set_index("group")
    rows = truth[(truth["model"] == "by satisfaction") & (truth["outcome"] == "people_told")]
    rows = rows.set_index("term")
    same = {"dissatisfied": "dissatisfied", "satisfied_only": "satisfied"}
    for group, term in (same | {"highly_satisfied": "highly_satisfied"}).items():
        gap = found.loc[group, "estimate"] - rows.loc[term, "estimate"]
        assert abs(gap) < 4 * np.hypot(found.loc[group, "std_error"], rows.loc[term, "mc_error"]), group
    net = truth.loc[truth["term"] == "net_promoter_score", "estimate"].iloc[0]
    row = net_promoter(study.frames["customers"], "nps", clusters=study.clusters("customers")).iloc[0]
    assert abs(row["estimate"] - 100 * net) < 4 * row["std_error"]


def test_slopes_spread_and_turning_point_are_recovered() -> None:
    data = told(1, 20_000)
    fit = asymmetric_u(data, "people", "score", centre=4.5, draws=0)
    assert fit.family == "negative_binomial"
    errors = dict(zip(fit.estimates.terms, fit.estimates.std_errors, strict=True))
    for term, value in (
        ("dissatisfied", 0.45),
        ("satisfied", 0.25),
        ("constant", np.log(1.9)),
        ("dispersion", 0.4),
    ):
        assert abs(fit.estimates.coefficient(term) - value) < 4 * errors[term], term
    assert fit.best_centre == pytest.approx(4.5, abs=0.25)
    curve = fit.curve
    expected = 1.9 * np.exp(
        0.45 * np.maximum(4.5 - curve["score"], 0) + 0.25 * np.maximum(curve["score"] - 4.5, 0)
    )
    assert curve["estimate"].to_numpy() == pytest.approx(expected.to_numpy(), rel=0.06)


def test_certain_zeros_are_recovered_and_chosen() -> None:
    data = told(2, 20_000, below=0.35, above=0.35, zeros=0.2)
    found = compare_counts(data.assign(s=(data["score"] - 4.5).abs()), "people", ["s"])
    assert found.chosen == "zero_inflated_negative_binomial"
    fit = found.fits["zero_inflated_negative_binomial"]
    error = dict(zip(fit.terms, fit.std_errors, strict=True))["always zero: constant"]
    assert abs(fit.coefficient("always zero: constant") - np.log(0.2 / 0.8)) < 4 * error
    tests = found.tests.set_index(["model", "measure"])
    assert tests.loc[("poisson", "zeros"), "p_value"] < 1e-6
    assert tests.loc[("zero_inflated_negative_binomial", "zeros"), "p_value"] > 0.01


@pytest.mark.slow
@pytest.mark.parametrize("clustered", [False, True])
def test_intervals_cover(clustered: bool) -> None:
    """Slopes, asymmetry and people per point, by the delta method and by resamples."""
    large = told(0, 400_000, clustered=False)
    b = np.array([0.45, 0.25])
    people = {}
    for term, side, slope in (
        ("dissatisfied", large["score"] < 4.5, b[0]), ("satisfied", large["score"] > 4.5, b[1]),
    ):  # fmt: skip
        mean = 1.9 * np.exp(slope * np.abs(large.loc[side, "score"] - 4.5))
        people[term] = float(slope * mean.mean())
    covered: dict[str, list[bool]] = {}
    for number in range(SAMPLES):
        data = told(number, 1200, clustered=clustered)
        fit = asymmetric_u(
            data, "people", "score", centre=4.5, family="negative_binomial", draws=199, seed=number,
            clusters=data["outlet"] if clustered else None,
        )  # fmt: skip
        for row in fit.ratios.to_dict("records"):
            at = ("dissatisfied", "satisfied").index(row["term"])
            value = np.exp(b[at]) if row["measure"] == "rate_ratio" else people[row["term"]]
            if row["measure"] == "marginal_effect" and (clustered or row["interval"] == DELTA):
                continue  # of the sample's own scores, and of others than those of the large sample
            name = f"{row['term']} {row['measure']} {row['interval']}"
            covered.setdefault(name, []).append(row["conf_low"] <= value <= row["conf_high"])
        first = fit.contrasts.iloc[0]
        covered.setdefault("asymmetry", []).append(first["conf_low"] <= 0.2 <= first["conf_high"])
    shares = {name: float(np.mean(hits)) for name, hits in covered.items()}
    assert any(PERCENTILE in name for name in shares)
    # percentiles of 199 resamples cover about half a point less than those of thousands, of 60 outlets
    # another half
    low = BAND[0] - (0.012 if clustered else 0.0)
    assert all(low <= share <= BAND[1] for share in shares.values()), shares


@pytest.mark.slow
def test_tests_of_spread_and_zeros_reject_as_often_as_they_should() -> None:
    rejected: dict[str, list[bool]] = {}
    for number in range(SAMPLES):
        data = told(number, 600, below=0.35, above=0.35, alpha=0.0)
        found = compare_counts(data.assign(s=(data["score"] - 4.5).abs()), "people", ["s"])
        for row in found.tests[found.tests["model"] != found.chosen].to_dict("records"):
            if row["model"] == "negative_binomial":
                rejected.setdefault(row["measure"], []).append(row["p_value"] <= 0.05)
        poisson = found.tests[found.tests["model"] == "poisson"].drop_duplicates("measure")
        for row in poisson.to_dict("records"):
            rejected.setdefault(row["measure"], []).append(row["p_value"] <= 0.05)
    shares = {name: float(np.mean(hits)) for name, hits in rejected.items()}
    assert set(shares) == {"spread_linear", "spread_quadratic", "spread_likelihood", "zeros"}
    assert all(SIZE[0] <= share <= SIZE[1] for share in shares.values()), shares


@pytest.mark.slow
@pytest.mark.parametrize("clustered", [False, True])
def test_asymmetry_and_zeros_of_the_right_model_reject_as_often_as_they_should(clustered: bool) -> None:
    asymmetric, zeros, quadratic = [], [], []
    for number in range(SAMPLES):
        data = told(number, 600, below=0.35, above=0.35, clustered=clustered)
        fit = asymmetric_u(
            data, "people", "score", centre=4.5, family="negative_binomial", draws=0,
            clusters=data["outlet"] if clustered else None,
        )  # fmt: skip
        asymmetric.append(fit.contrasts["p_value"].iloc[0] <= 0.05)
        tests = fit.comparison.tests
        zeros += (
            tests.loc[(tests["model"] == "negative_binomial") & (tests["measure"] == "zeros"), "p_value"]
            <= 0.05
        ).tolist()
        quadratic.append(tests.loc[1, "p_value"] <= 0.05)
    # sandwich errors of 60 outlets are a little small
    high = SIZE[1] + (0.015 if clustered else 0.0)
    assert SIZE[0] <= np.mean(asymmetric) <= high, np.mean(asymmetric)
    assert 0.02 <= np.mean(zeros) <= high, np.mean(zeros)
    assert np.mean(quadratic) > 0.99  # the power to see a dispersion of .4


@pytest.mark.slow
def test_a_flat_side_is_no_u() -> None:
    """At the edge of a U, one side flat, the tests reject no more than they should."""
    rejected = []
    for number in range(SAMPLES):
        data = told(number, 600, below=0.45, above=0.0)
        fit = asymmetric_u(data, "people", "score", centre=4.5, family="negative_binomial", draws=0)
        rejected.append((fit.shape.set_index("measure")["p_value"] <= 0.05).to_dict())
    shares = pd.DataFrame(rejected).mean()
    assert SIZE[0] <= shares["u_meeting"] <= SIZE[1], shares.to_dict()
    assert shares["u_jump"] <= SIZE[1], shares.to_dict()


@pytest.mark.slow
def test_net_promoter_differences_of_clustered_answers_reject_as_often_as_they_should() -> None:
    pairs, overall, covered = [], [], []
    for number in range(SAMPLES):
        rng = np.random.default_rng([number, 29])
        outlet = rng.integers(0, OUTLETS, 500)
        liking = 7.2 + 1.0 * rng.normal(size=OUTLETS)[outlet] + 1.8 * rng.normal(size=500)
        frame = pd.DataFrame(
            {"nps": np.clip(np.round(liking), 0, 10), "outlet": outlet, "way": rng.integers(0, 3, 500)}
        )
        by_pair, at_once = compare_net_promoter(frame, "nps", "way", clusters=frame["outlet"])
        pairs.append(by_pair["p_adjusted"].min() <= 0.05)
        overall.append(at_once["p_value"].iloc[0] <= 0.05)
        row = net_promoter(frame, "nps", clusters=frame["outlet"]).iloc[0]
        covered.append(row["conf_low"] <= TRUE_SCORE <= row["conf_high"])
    assert np.mean(pairs) <= SIZE[1], np.mean(pairs)
    assert SIZE[0] <= np.mean(overall) <= SIZE[1], np.mean(overall)
    assert BAND[0] <= np.mean(covered) <= BAND[1], np.mean(covered)


def _true_score() -> float:
    """Of liking with mean 7.2 and variance 1² + 1.8²: at or above 8.5, less below 6.5."""
    from scipy.stats import norm

    sd = np.hypot(1.0, 1.8)
    return float(100 * (norm.sf(8.5, 7.2, sd) - norm.cdf(6.5, 7.2, sd)))


TRUE_SCORE = _true_score()


def test_a_poisson_s_robust_errors_are_right_under_spread() -> None:
    """Classical errors of the Poisson are far too small where counts spread; the sandwich's are not."""
    estimates, robust, classical = [], [], []
    for number in range(200):
        data = told(number, 500, alpha=1.0).assign(s=lambda frame: (frame["score"] - 4.5).abs())
        fit = fit_counts(data, "people", ["s"])
        estimates.append(fit.coefficient("s"))
        robust.append(fit.std_errors[0])
        classical.append(fit_counts(data, "people", ["s"], robust=False).std_errors[0])
    assert np.std(estimates) == pytest.approx(np.mean(robust), rel=0.2)  # 4 errors of a deviation of 200
    assert np.mean(classical) < 0.7 * np.mean(robust)
