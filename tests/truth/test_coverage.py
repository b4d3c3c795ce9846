"""Recovery, coverage and size on studies whose answer is known, each drawn by numpy alone."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from scipy.special import bdtr, expit

from servicefx.effects.indirect import effects_between
from servicefx.effects.verdicts import claim_k2, sign_verdict, verdict_against
from servicefx.engines.discrete import fit_logit
from servicefx.engines.linear import fit_ols
from servicefx.engines.panel import fit_two_way
from servicefx.measurement.answers import mean_of, net_promoter_score, share_of, wilson_interval
from servicefx.measurement.correlation import correlation_of
from servicefx.models.chain import fit_chain

DRAWN = 1000
BAND = (0.926, 0.971)  # 99.9 % of binomial shares of 1,000 at 0.95, both sides
Row = tuple[float, float, float]  # estimate, low, high


def band(n: int, share: float = 0.95) -> tuple[float, float]:
    """Two-sided 99.9 % binomial band of a share at n replications."""
    below = [bdtr(hits, n, share) for hits in range(n + 1)]
    low = next(hits for hits in range(n + 1) if below[hits] > 0.0005)
    high = next(hits for hits in range(n + 1) if below[hits] >= 0.9995)
    return low / n, high / n


def test_the_stated_band_is_the_binomial_one() -> None:
    assert band(DRAWN) == pytest.approx(BAND, abs=1.1e-3)


def check(rows: Iterator[Row], truth: float, n: int = DRAWN) -> None:
    """Mean estimate within 4 Monte Carlo errors of the truth, and coverage inside the band."""
    estimate, low, high = np.array(list(rows)).T
    assert len(estimate) == n
    coverage = float(np.mean((low <= truth) & (truth <= high)))
    bias = float(estimate.mean() - truth)
    print(f"coverage {coverage:.3f}, bias {bias:.5f} ({bias / estimate.std() * np.sqrt(n):.1f} MC errors)")  # noqa: T201
    assert abs(bias) < 4 * estimate.std() / np.sqrt(n)
    lowest, highest = band(n)
    assert lowest <= coverage <= highest


def outlets(rng: np.random.Generator, groups: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Cluster codes of unequal sizes, and a shock of each row's cluster."""
    codes = np.repeat(np.arange(groups), rng.integers(size // 2, size * 3 // 2 + 1, groups))
    return codes, rng.standard_normal(groups)[codes]


@pytest.mark.slow
def test_clustered_least_squares_recovers_and_covers(rng: np.random.Generator) -> None:
    """At 100 outlets; at 50 of unequal size the same design covers in 92.5 % of 1,000."""

    def rows() -> Iterator[Row]:
        for _ in range(DRAWN):
            codes, shock = outlets(rng, 100, 10)
            x = rng.standard_normal(len(codes)) + outlets_shock(rng, codes)
            y = 1 + 0.5 * x + shock + (1 + 0.3 * np.abs(x)) * rng.standard_normal(len(codes))
            data = pd.DataFrame({"y": y, "x": x})
            fit = fit_ols(data, "y", ["x"], covariance="cluster", clusters=pd.Series(codes, name="g"))
            row = fit.table().iloc[0]
            yield row["estimate"], row["conf_low"], row["conf_high"]

    check(rows(), 0.5)


def outlets_shock(rng: np.random.Generator, codes: np.ndarray) -> np.ndarray:
    """A further shock each cluster shares."""
    return 0.7 * rng.standard_normal(codes.max() + 1)[codes]


@pytest.mark.slow
@pytest.mark.parametrize("weighted", [False, True])
def test_hc3_recovers_and_covers_under_unequal_errors(rng: np.random.Generator, weighted: bool) -> None:
    """With normal x; where x is skewed and errors grow with it, 60 rows cover in 90 to 91 % of 1,000."""

    def rows() -> Iterator[Row]:
        for _ in range(DRAWN):
            x = rng.standard_normal(200)
            data = pd.DataFrame({"y": 1 + 0.5 * x + (0.3 + np.abs(x)) * rng.standard_normal(200), "x": x})
            weights = pd.Series(rng.uniform(0.5, 2, 200), name="w") if weighted else None
            row = fit_ols(data, "y", ["x"], weights=weights).table().iloc[0]
            yield row["estimate"], row["conf_low"], row["conf_high"]

    check(rows(), 0.5)


@pytest.mark.slow
def test_sign_verdicts_err_at_the_stated_rate_where_nothing_goes_on(rng: np.random.Generator) -> None:
    verdicts = []
    for _ in range(DRAWN):
        codes, shock = outlets(rng, 50, 8)
        data = pd.DataFrame({"x": rng.standard_normal(len(codes)) + outlets_shock(rng, codes)})
        data["y"] = shock + rng.standard_normal(len(codes))
        fit = fit_ols(data, "y", ["x"], covariance="cluster", clusters=pd.Series(codes, name="g"))
        row = fit.table().iloc[0]
        verdicts.append(sign_verdict(row["conf_low"], row["conf_high"], "+"))
    shares = pd.Series(verdicts).value_counts(normalize=True)
    low, high = band(DRAWN, 0.025)
    for verdict in ("supported", "contradicted"):
        assert low <= shares[verdict] <= high


@pytest.mark.slow
def test_clustered_logit_recovers_and_covers(rng: np.random.Generator) -> None:
    """Members of an outlet share x and an answer: without clusters the interval would be too short."""

    def rows() -> Iterator[Row]:
        for _ in range(DRAWN):
            codes = np.repeat(np.arange(120), 6)
            x = rng.standard_normal(120)[codes] + 0.5 * rng.standard_normal(720)
            alike = np.repeat(rng.random(120), 6)
            own = rng.random(720)
            mixed = np.where(rng.random(720) < 0.5, alike, own)  # uniform, shared in half of the rows
            data = pd.DataFrame({"y": (mixed < expit(-0.3 + 0.6 * x)).astype(float), "x": x})
            row = fit_logit(data, "y", ["x"], clusters=pd.Series(codes, name="g")).table().iloc[0]
            yield row["estimate"], row["conf_low"], row["conf_high"]

    estimates = list(rows())
    # maximum likelihood is biased by some 1 % at 120 outlets: coverage counts, recovery is asked to 2 %
    estimate, low, high = np.array(estimates).T
    coverage = np.mean((low <= 0.6) & (high >= 0.6))
    print(f"coverage {coverage:.3f}, mean {estimate.mean():.4f}")  # noqa: T201
    assert estimate.mean() == pytest.approx(0.6, rel=0.02)
    assert BAND[0] <= coverage <= BAND[1]


@pytest.mark.slow
def test_two_way_effects_recover_and_cover_with_errors_that_persist(rng: np.random.Generator) -> None:
    def persistent(firms: int, years: int) -> np.ndarray:
        series = rng.standard_normal((firms, years))
        for year in range(1, years):
            series[:, year] += 0.7 * series[:, year - 1]
        return series

    def rows() -> Iterator[Row]:
        firm, year = np.repeat(np.arange(60), 8), np.tile(np.arange(8), 60)
        for _ in range(DRAWN):
            x = persistent(60, 8) + rng.standard_normal((60, 1))
            y = 0.4 * x + persistent(60, 8) + x.mean(axis=1, keepdims=True) + rng.standard_normal((1, 8))
            data = pd.DataFrame({"firm": firm, "year": year, "x": x.ravel(), "y": y.ravel()})
            data = data[rng.random(480) > 0.1]
            row = fit_two_way(data, "y", ["x"], unit="firm", period="year").table().iloc[0]
            yield row["estimate"], row["conf_low"], row["conf_high"]

    check(rows(), 0.4)


def test_wilson_covers_on_average_and_nowhere_badly() -> None:
    n = 50
    intervals = [wilson_interval(hits / n, n) for hits in range(n + 1)]
    coverages = []
    for share in np.linspace(0.02, 0.98, 193):
        masses = np.diff([0.0, *(bdtr(hits, n, share) for hits in range(n + 1))])
        coverages.append(
            sum(m for m, (low, high) in zip(masses, intervals, strict=True) if low <= share <= high)
        )
    assert np.mean(coverages) == pytest.approx(0.95, abs=0.005)
    assert min(coverages) > 0.89  # the known oscillation of a discrete share


def answers_in_outlets(
    rng: np.random.Generator, share: float, groups: int = 25
) -> tuple[pd.Series, pd.Series]:
    """0/1 answers with an intra-cluster correlation of 0.1."""
    codes, _ = outlets(rng, groups, 16)
    rates = rng.beta(9 * share, 9 * (1 - share), groups)
    return pd.Series((rng.random(len(codes)) < rates[codes]).astype(float)), pd.Series(codes)


@pytest.mark.slow
@pytest.mark.parametrize(("share", "groups"), [(0.65, 25), (0.9, 25), (0.65, 8)])
def test_clustered_shares_recover_and_cover(rng: np.random.Generator, share: float, groups: int) -> None:
    def rows() -> Iterator[Row]:
        for _ in range(DRAWN):
            hits, clusters = answers_in_outlets(rng, share, groups)
            answer = share_of(hits, clusters=clusters)
            yield answer.estimate, answer.conf_low, answer.conf_high

    check(rows(), share)


@pytest.mark.slow
def test_clustered_weighted_means_and_scores_recover_and_cover(rng: np.random.Generator) -> None:
    def means() -> Iterator[Row]:
        for _ in range(DRAWN):
            codes, shock = outlets(rng, 40, 8)
            w = pd.Series(rng.uniform(0.3, 2, 40)[codes])
            answer = mean_of(
                pd.Series(4 + shock + rng.standard_normal(len(codes))), weights=w, clusters=pd.Series(codes)
            )
            yield answer.estimate, answer.conf_low, answer.conf_high

    def scores() -> Iterator[Row]:
        for _ in range(DRAWN):
            answer = net_promoter_score(pd.Series(rng.choice([10.0, 8.0, 5.0], 200, p=[0.5, 0.3, 0.2])))
            yield answer.estimate, answer.conf_low, answer.conf_high

    check(means(), 4.0)
    check(scores(), 30.0)


@pytest.mark.slow
@pytest.mark.parametrize(("truth", "clustered"), [(0.3, True), (0.8, True), (0.5, False)])
def test_correlations_cover(rng: np.random.Generator, truth: float, clustered: bool) -> None:
    """Both scores share an outlet shock of half their variance, correlated as the rest is."""
    root = np.linalg.cholesky([[1, truth], [truth, 1]])

    def rows() -> Iterator[Row]:
        for _ in range(DRAWN):
            codes, _ = outlets(rng, 60, 8)
            own = rng.standard_normal((len(codes), 2)) @ root.T
            shared = (rng.standard_normal((60, 2)) @ root.T)[codes]
            pair = pd.DataFrame(own + shared if clustered else own)
            answer = correlation_of(pair[0], pair[1], clusters=pd.Series(codes) if clustered else None)
            yield answer.estimate, answer.conf_low, answer.conf_high

    estimate, low, high = np.array(list(rows())).T
    coverage = np.mean((low <= truth) & (truth <= high))
    print(f"coverage {coverage:.3f}, mean {estimate.mean():.4f}")  # noqa: T201
    assert estimate.mean() == pytest.approx(
        truth, abs=0.015
    )  # biased by r (1 - r²) / 2n, n the effective number
    assert BAND[0] <= coverage <= BAND[1]


@pytest.mark.slow
def test_bootstrapped_indirect_effects_recover_and_cover(made: ModuleType, rng: np.random.Generator) -> None:
    """A chain x → m → y, 0.5 times 0.4, customers in 60 outlets; scores measured without error."""
    constructs = {
        name: {"mode": "single", "items": [column], "label": name}
        for name, column in (("service_quality", "x"), ("trust", "m"), ("loyalty", "y"))
    }
    paths = [
        {"from": "service_quality", "to": "trust"},
        {"from": ["service_quality", "trust"], "to": "loyalty"},
    ]
    n_studies = 400

    def rows() -> Iterator[Row]:
        for number in range(n_studies):
            codes, shock = outlets(rng, 60, 6)
            n = len(codes)
            x = rng.standard_normal(n) + 0.5 * outlets_shock(rng, codes)
            m = 0.5 * x + 0.5 * shock + rng.standard_normal(n)
            y = 0.4 * m + 0.2 * x + 0.5 * outlets_shock(rng, codes) + rng.standard_normal(n)
            frame = pd.DataFrame({"x": x, "m": m, "y": y, "outlet": codes})
            study = made.survey(
                frame, constructs=constructs, paths=paths, inference={"draws": 400, "seed": number}
            )
            answers = effects_between(fit_chain(study, "customers"), "service_quality", "loyalty")
            effect = next(a.effect for a in answers if a.kind == "indirect")
            yield effect.estimate, *effect.interval()

    check(rows(), 0.2, n_studies)


BOUNDARY: dict[str, tuple[float, float, float, str, str]] = {
    "the low end of 60-70 %": (0.60, 0.6, 0.7, "supported", "contradicted"),
    "the high end of 60-70 %": (0.70, 0.6, 0.7, "supported", "contradicted"),
    "90 % or more": (0.90, 0.9, float("inf"), "supported", "contradicted"),
}


@pytest.mark.parametrize("case", BOUNDARY)
def test_k2_errs_rarely_where_the_truth_stands_on_the_claim_s_edge(
    case: str, rng: np.random.Generator
) -> None:
    """On the edge either verdict is an error; each may come up in one of 40 studies, not more."""
    share, low, high, *wrong = BOUNDARY[case]
    verdicts = []
    for hits in rng.binomial(2000, share, 600):
        buys = pd.Series(np.repeat([1.0, 0.0], [hits, 2000 - hits]))
        answer = claim_k2(
            pd.Series(5.0, buys.index), buys, cut_satisfied=5, cut_highly=6, cut_buys=1
        ).satisfied
        verdicts.append(verdict_against(answer.conf_low, answer.conf_high, low, high))
    shares = pd.Series(verdicts).value_counts(normalize=True)
    _, most = band(600, 0.025)
    for verdict in wrong:
        assert shares.get(verdict, 0.0) <= most


@pytest.mark.slow
@pytest.mark.parametrize(("share", "low", "high"), [(0.6, 0.6, 0.7), (0.9, 0.9, float("inf"))])
def test_k2_errs_rarely_among_customers_of_the_same_outlets(
    share: float, low: float, high: float, rng: np.random.Generator
) -> None:
    verdicts = []
    for _ in range(DRAWN):
        buys, clusters = answers_in_outlets(rng, share, 40)
        answer = claim_k2(
            pd.Series(5.0, buys.index), buys, cut_satisfied=5, cut_highly=6, cut_buys=1, clusters=clusters
        ).satisfied
        verdicts.append(verdict_against(answer.conf_low, answer.conf_high, low, high))
    shares = pd.Series(verdicts).value_counts(normalize=True)
    print(shares.to_dict())  # noqa: T201
    # skewed shares near 0.9 err more often on one side than on the other; together they keep to 5 %
    assert shares.drop("undecided").sum() <= band(DRAWN, 0.05)[1]
