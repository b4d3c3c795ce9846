"""Composite models with a known answer: what comes back, what is biased and which way, size, coverage."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx import pls
from servicefx.moments.moments import Moments
from servicefx.pls.base_columns import BaseMoments
from servicefx.pls.model import PlsModel, pls_model
from servicefx.pls.solution import PlsChoices, Solution, solve
from servicefx.sem.resampling.intervals import interval_columns
from servicefx.syntax.parser import parse_model

MODEL = "x {op} x1 + x2 + x3; m {op} m1 + m2 + m3; y {op} y1 + y2 + y3; m ~ x; y ~ x + m"
NAMES = [f"{construct}{i}" for construct in "xmy" for i in (1, 2, 3)]
PATHS = np.array([0.5, 0.2, 0.48])
BETWEEN = np.array([[1.0, 0.5, 0.44], [0.5, 1.0, 0.58], [0.44, 0.58, 1.0]])
LOADINGS = np.array([[0.9, 0.7, 0.5], [0.8, 0.6, 0.7], [0.6, 0.9, 0.75]])
WEIGHTS = np.array([[0.6, 0.3, 0.4], [0.2, 0.5, 0.6], [0.7, 0.1, 0.5]])
WITHIN = np.array([[1, 0.4, 0.2], [0.4, 1, 0.3], [0.2, 0.3, 1.0]])
SCHEMES = ("path", "factorial", "centroid")


def joined(blocks: list[np.ndarray], loadings: np.ndarray, between: np.ndarray = BETWEEN) -> np.ndarray:
    """Correlations of items: given within blocks, loading times correlation times loading between."""
    sizes = [len(block) for block in blocks]
    ends = np.cumsum([0, *sizes])
    own = np.zeros((ends[-1], len(blocks)))
    for j, values in enumerate(loadings):
        own[ends[j] : ends[j + 1], j] = values
    R = own @ between @ own.T
    for j, block in enumerate(blocks):
        R[ends[j] : ends[j + 1], ends[j] : ends[j + 1]] = block
    return R


def factors(loadings: np.ndarray = LOADINGS, between: np.ndarray = BETWEEN) -> np.ndarray:
    """Correlations of the items of common factors."""
    blocks = [np.outer(row, row) + np.diag(1 - row**2) for row in loadings]
    return joined(blocks, loadings, between)


def composites(
    weights: np.ndarray = WEIGHTS, within: np.ndarray = WITHIN
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Correlations of the items of composites, their weights (composites of variance 1) and loadings."""
    scaled = np.array([row / np.sqrt(row @ within @ row) for row in weights])
    loadings = scaled @ within
    return joined([within] * len(weights), loadings), scaled, loadings


def population(R: np.ndarray, names: list[str] = NAMES) -> Moments:
    return Moments.from_covariance(R, 1000, names=names)


def sampled(
    rng: np.random.Generator, R: np.ndarray, n: int, sets: int, names: list[str] = NAMES
) -> BaseMoments:
    """Covariances of normal samples, by Bartlett's decomposition."""
    p = len(R)
    factor = np.zeros((sets, p, p))
    factor[:, range(p), range(p)] = np.sqrt(rng.chisquare(n - 1 - np.arange(p), (sets, p)))
    below = np.tril_indices(p, -1)
    factor[:, below[0], below[1]] = rng.standard_normal((sets, len(below[0])))
    root = np.linalg.cholesky(R) @ factor
    return BaseMoments(
        items=tuple(names), pairs=(), covariance=root @ np.swapaxes(root, 1, 2) / n, mean=np.zeros((sets, p)),
        origin=np.zeros(p),
    )  # fmt: skip


def model_of(text: str) -> PlsModel:
    return pls_model(parse_model(text, products=True))


def assert_consistent(solution: Solution, truth: np.ndarray, n: int) -> None:
    """Means of the paths are within four errors, and a bias of order 1 / n, of the truth."""
    found = solution.paths
    assert np.isfinite(found).all(axis=1).mean() > 0.99
    found = found[np.isfinite(found).all(axis=1)]
    error = found.std(axis=0) / np.sqrt(len(found))
    assert (np.abs(found.mean(axis=0) - truth) < 4 * error + 4 / n).all()


# --- populations ---


@pytest.mark.parametrize("scheme", SCHEMES)
def test_regression_weights_find_composites_exactly(scheme):
    R, weights, loadings = composites()
    fit = pls.fit(MODEL.format(op="<~"), population(R), scheme=scheme, tolerance=1e-13)
    np.testing.assert_allclose(fit.paths["estimate"], PATHS, atol=1e-9)
    np.testing.assert_allclose(fit.weights["estimate"], weights.ravel(), atol=1e-9)
    np.testing.assert_allclose(fit.loadings["estimate"], loadings.ravel(), atol=1e-9)
    np.testing.assert_allclose(fit.correlations, BETWEEN, atol=1e-9)
    assert fit.measures["srmr"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_correlation_weights_find_composites_whose_loadings_are_proportional_to_their_weights(scheme):
    within = np.full((3, 3), 0.4) + 0.6 * np.eye(3)
    R, weights, loadings = composites(np.ones((3, 3)), within)
    fit = pls.fit(MODEL.format(op="=~"), population(R), scheme=scheme, tolerance=1e-13)
    np.testing.assert_allclose(fit.paths["estimate"], PATHS, atol=1e-9)
    np.testing.assert_allclose(fit.weights["estimate"], weights.ravel(), atol=1e-9)
    np.testing.assert_allclose(fit.loadings["estimate"], loadings.ravel(), atol=1e-9)


def test_correlation_weights_weaken_other_composites_by_how_far_theirs_are_off():
    R, _, loadings = composites()
    fit = pls.fit(MODEL.format(op="=~"), population(R), tolerance=1e-13)
    chosen = loadings / np.sqrt(np.einsum("ki,ij,kj->k", loadings, WITHIN, loadings))[:, None]
    kept = np.einsum("ki,ki->k", chosen, loadings)  # correlation of each composite with the true one
    expected = BETWEEN * np.outer(kept, kept)
    np.fill_diagonal(expected, 1.0)
    np.testing.assert_allclose(fit.correlations, expected, atol=1e-9)
    assert (kept < 0.999).any()
    assert (kept > 0.9).all()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_correction_finds_common_factors_exactly_and_composites_weaken_their_correlations(scheme):
    R = factors()
    corrected, plain = (
        pls.fit(MODEL.format(op="=~"), population(R), scheme=scheme, consistent=c, tolerance=1e-13)
        for c in (True, False)
    )
    np.testing.assert_allclose(corrected.paths["estimate"], PATHS, atol=1e-8)
    np.testing.assert_allclose(corrected.loadings["estimate"], LOADINGS.ravel(), atol=1e-8)
    assert corrected.measures["d_g_estimated"] == pytest.approx(0, abs=1e-9)
    # weights are proportional to loadings, so the reliability of each composite has a closed form
    squares = (LOADINGS**2).sum(axis=1)
    reliability = squares**2 / (squares**2 + (LOADINGS**2 * (1 - LOADINGS**2)).sum(axis=1))
    np.testing.assert_allclose(plain.reliability["rho_a"], reliability, atol=1e-8)
    expected = BETWEEN * np.sqrt(np.outer(reliability, reliability))
    np.fill_diagonal(expected, 1.0)
    np.testing.assert_allclose(plain.correlations, expected, atol=1e-8)
    assert plain.paths["estimate"][0] < PATHS[0] - 0.05  # composites understate what goes from x to m
    assert plain.paths["estimate"][1] > PATHS[1]  # and what m leaves unexplained falls to x
    of_averages = plain.loadings.groupby("construct")["estimate"].mean()
    assert (of_averages > corrected.loadings.groupby("construct")["estimate"].mean()).all()


def test_the_correction_overstates_composites():
    R, _, _ = composites(np.ones((3, 3)), np.full((3, 3), 0.4) + 0.6 * np.eye(3))
    fit = pls.fit(MODEL.format(op="=~"), population(R), consistent=True)
    alpha = 3 / 2 * (1 - 3 / 5.4)  # the composites' own agreement, which is no error here
    expected = BETWEEN / alpha
    np.fill_diagonal(expected, 1.0)
    np.testing.assert_allclose(fit.correlations, expected, atol=1e-8)
    assert fit.paths["estimate"][0] == pytest.approx(0.5 / alpha, abs=1e-8)


SECOND = """
a {low} a1 + a2 + a3
b {low} b1 + b2 + b3
c {low} c1 + c2 + c3
w {high} a + b + c
y {low} y1 + y2 + y3
w ~ y
"""
SECOND_NAMES = [f"{construct}{i}" for construct in "abcy" for i in (1, 2, 3)]
PARTS = np.array([0.8, 0.7, 0.6])
EFFECT = 0.5
FOUR = np.array([[0.9, 0.7, 0.5], [0.8, 0.6, 0.7], [0.6, 0.9, 0.75], [0.7, 0.8, 0.6]])


def test_two_stages_find_a_common_factor_of_common_factors_exactly():
    between = np.eye(4)
    between[:3, :3] = np.outer(PARTS, PARTS) + np.diag(1 - PARTS**2)
    between[3, :3] = between[:3, 3] = EFFECT * PARTS
    R = factors(FOUR, between)
    fit = pls.fit(
        SECOND.format(low="=~", high="=~"), population(R, SECOND_NAMES), consistent=True, tolerance=1e-13
    )
    assert fit.paths["estimate"].tolist() == pytest.approx([EFFECT], abs=1e-8)
    found = fit.loadings.set_index(["construct", "item"])["estimate"]
    np.testing.assert_allclose(found["w"], PARTS, atol=1e-8)
    np.testing.assert_allclose(found["a"], FOUR[0], atol=1e-8)
    plain = pls.fit(SECOND.format(low="=~", high="=~"), population(R, SECOND_NAMES))
    assert plain.paths["estimate"][0] < EFFECT - 0.05


def whole_of_parts() -> tuple[np.ndarray, np.ndarray]:
    """Correlations of three parts and an outcome of their composite; weights of the parts."""
    among = np.array([[1, 0.3, 0.2], [0.3, 1, 0.4], [0.2, 0.4, 1]])
    weights = np.array([0.5, 0.3, 0.4])
    weights /= np.sqrt(weights @ among @ weights)
    between = np.eye(4)
    between[:3, :3] = among
    between[3, :3] = between[:3, 3] = EFFECT * among @ weights
    return between, weights


@pytest.mark.parametrize("low", ["=~", "<~"])
def test_two_stages_find_a_composite_of_factors_and_of_composites_exactly(low):
    between, weights = whole_of_parts()
    if low == "=~":
        R = factors(FOUR, between)
    else:
        scaled = FOUR / np.sqrt(np.einsum("ki,ij,kj->k", FOUR, WITHIN, FOUR))[:, None]
        R = joined([WITHIN] * 4, scaled @ WITHIN, between)
    text = SECOND.format(low=low, high="<~").replace("w ~ y", "y ~ w")
    fit = pls.fit(text, population(R, SECOND_NAMES), consistent=low == "=~", tolerance=1e-13)
    assert fit.paths["estimate"].tolist() == pytest.approx([EFFECT], abs=1e-8)
    np.testing.assert_allclose(
        fit.weights.set_index(["construct", "item"])["estimate"]["w"], weights, atol=1e-8
    )


# --- samples ---


def test_samples_of_composites_and_of_factors_find_their_own(rng: np.random.Generator):
    R, weights, _ = composites()
    found = solve(model_of(MODEL.format(op="<~")), sampled(rng, R, 1000, 1000), PlsChoices())
    assert_consistent(found, PATHS, 1000)
    average = found.last.weights.mean(axis=0).sum(axis=1)
    np.testing.assert_allclose(average, weights.ravel(), atol=0.02)
    model = model_of(MODEL.format(op="=~"))
    assert_consistent(
        solve(model, sampled(rng, factors(), 1000, 1000), PlsChoices(consistent=True)), PATHS, 1000
    )


def test_samples_of_unequal_units_find_factors_without_standardised_items(rng: np.random.Generator):
    sd = np.array([1, 2, 0.5, 3, 1, 1, 0.2, 1, 4])
    base = sampled(rng, factors() * np.outer(sd, sd), 1000, 500)
    model = model_of(MODEL.format(op="=~"))
    assert_consistent(solve(model, base, PlsChoices(consistent=True, scaled=False)), PATHS, 1000)


def normal_rows(rng: np.random.Generator, R: np.ndarray, n: int, names: list[str]) -> pd.DataFrame:
    return pd.DataFrame(rng.standard_normal((n, len(R))) @ np.linalg.cholesky(R).T, columns=names)


def test_products_and_squares_of_normal_composites_come_back(rng: np.random.Generator):
    n = 60_000
    within = np.full((3, 3), 0.4) + 0.6 * np.eye(3)
    R = joined(
        [within, within], [within.sum(axis=0) / np.sqrt(within.sum())] * 2, np.array([[1, 0.3], [0.3, 1]])
    )
    data = normal_rows(rng, R, n, ["a1", "a2", "a3", "b1", "b2", "b3"])
    a, b = (data.iloc[:, at].sum(axis=1) / np.sqrt(within.sum()) for at in (slice(3), slice(3, 6)))
    data["y"] = 0.4 * a + 0.3 * b + 0.25 * a * b - 0.15 * (a**2 - 1) + 0.7 * rng.standard_normal(n)
    fit = pls.fit("A =~ a1 + a2 + a3; B =~ b1 + b2 + b3; Y =~ y; Y ~ A + B + A:B + A:A", data)
    frame = fit.interactions.set_index("term")
    unit = data["y"].std(ddof=0)
    within_error = 4 * 0.7 / np.sqrt(n) / unit + 0.005  # weights of items have errors of their own
    assert frame["slope_change"]["A:B"] * unit == pytest.approx(0.25, abs=within_error)
    assert frame["slope_change"]["A:A"] * unit == pytest.approx(-0.15, abs=within_error)
    assert frame["sd"]["A:B"] == pytest.approx(np.sqrt(1 + 0.3**2), abs=0.02)
    assert frame["sd"]["A:A"] == pytest.approx(np.sqrt(2), abs=0.03)
    paths = fit.paths.set_index("rhs")["estimate"]
    assert paths["A"] * unit == pytest.approx(0.4, abs=within_error)
    assert paths["B"] * unit == pytest.approx(0.3, abs=within_error)


# --- gaps ---

SINGLE = "x =~ x1; m =~ m1; y =~ y1; m ~ x; y ~ x + m"


def gaps_at_random(rng: np.random.Generator, n: int, *, by_answers: bool) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows of three items with gaps in m1 and y1: a share of .3, or many where x1 is high."""
    data = normal_rows(rng, BETWEEN, n, ["x1", "m1", "y1"])
    chance = 0.3 if not by_answers else np.where(data["x1"] > 0.5, 0.8, 0.05)
    gaps = rng.random((n, 2)) < np.broadcast_to(np.reshape(chance, (-1, 1)), (n, 2))
    data["m1"] = data["m1"].mask(gaps[:, 0])
    data["y1"] = data["y1"].mask(gaps[:, 1])
    return data, gaps


def test_answers_missing_by_chance_leave_two_rules_right_and_means_too_small(rng: np.random.Generator):
    data, _ = gaps_at_random(rng, 40_000, by_answers=False)
    found = {rule: pls.fit(SINGLE, data, missing=rule) for rule in ("listwise", "em", "mean")}
    for rule in ("listwise", "em"):
        np.testing.assert_allclose(found[rule].paths["estimate"], PATHS, atol=0.03)
    assert found["listwise"].n_obs < 0.5 * found["em"].n_obs
    # a share p of gaps: covariances lose 1 - p for each item with gaps, variances 1 - p
    kept = np.sqrt(0.7)
    expected = BETWEEN * np.outer([1, kept, kept], [1, kept, kept])
    np.fill_diagonal(expected, 1.0)
    np.testing.assert_allclose(found["mean"].correlations, expected, atol=0.02)
    assert found["mean"].paths["estimate"][0] < PATHS[0] - 0.05


def test_answers_missing_by_other_answers_leave_likelihood_alone_right(rng: np.random.Generator):
    data, _ = gaps_at_random(rng, 40_000, by_answers=True)
    found = {
        rule: pls.fit(SINGLE, data, missing=rule).correlations.to_numpy()
        for rule in ("listwise", "em", "mean")
    }
    np.testing.assert_allclose(found["em"], BETWEEN, atol=0.03)
    for rule in ("listwise", "mean"):
        assert found[rule][0, 1] < BETWEEN[0, 1] - 0.06


def test_likelihood_carries_common_factors_over_gaps(rng: np.random.Generator):
    data = normal_rows(rng, factors(), 30_000, NAMES)
    data = data.mask(rng.random(data.shape) < 0.1)
    text = MODEL.format(op="=~")
    np.testing.assert_allclose(
        pls.fit(text, data, consistent=True, missing="em").paths["estimate"], PATHS, atol=0.03
    )
    loadings = {
        rule: pls.fit(text, data, consistent=True, missing=rule).loadings["estimate"].to_numpy().ravel()
        for rule in ("em", "mean")
    }
    np.testing.assert_allclose(loadings["em"], LOADINGS.ravel(), atol=0.02)
    assert (loadings["mean"] < LOADINGS.ravel() - 0.01).all()
    np.testing.assert_allclose(loadings["mean"], LOADINGS.ravel() * np.sqrt(0.9), atol=0.02)


# --- size and coverage ---

SETS = 1500
BAND = (0.930, 0.970)
"""About four binomial errors at 1,500 sets on either side."""
NULL = np.array([[1.0, 0.4, 0.2], [0.4, 1.0, 0.5], [0.2, 0.5, 1.0]])  # y ~ 0 x + .5 m


@pytest.mark.slow
def test_intervals_cover_and_a_path_of_zero_is_found_in_five_percent(rng: np.random.Generator):
    within = np.full((3, 3), 0.5) + 0.5 * np.eye(3)
    loading = within.sum(axis=0) / np.sqrt(within.sum())
    R = joined([within] * 3, [loading] * 3, NULL)
    truth = {
        ("m", "x", "path"): 0.4,
        ("y", "x", "path"): 0.0,
        ("y", "m", "path"): 0.5,
        ("y", "x", "indirect"): 0.2,
        ("y", "x", "total"): 0.2,
        ("m", "m2", "weight"): 1 / np.sqrt(6),
        ("m", "m2", "loading"): loading[0],
    }
    text = MODEL.format(op="=~")
    values = np.array(list(truth.values()))
    covered = {kind: np.zeros(len(truth)) for kind in ("percentile", "bc", "bca")}
    for _ in range(SETS):
        data = normal_rows(rng, R, 400, NAMES)
        drawn = pls.bootstrap(
            pls.fit(text, data, tolerance=1e-7), data, 600, seed=int(rng.integers(2**31)),
            quantities=("paths", "weights", "loadings", "effects"),
        )  # fmt: skip
        at = [drawn.place(lhs, rhs, quantity=quantity) for lhs, rhs, quantity in truth]
        for kind, counts in covered.items():
            ends = interval_columns(
                drawn.estimates[at], drawn.draws[:, at], drawn.acceleration[at], kind, 0.95
            )
            counts += (ends["conf_low"] <= values) & (values <= ends["conf_high"])
    for kind, counts in covered.items():
        shares = dict(zip(truth, (counts / SETS).tolist(), strict=True))
        print(kind, shares)  # noqa: T201
        for key, share in shares.items():
            assert BAND[0] <= share <= BAND[1], (kind, key)
        assert 0.035 <= 1 - shares["y", "x", "path"] <= 0.065, kind


@pytest.mark.slow
@pytest.mark.parametrize(("op", "consistent"), [("<~", False), ("=~", True)], ids=["composites", "factors"])
def test_the_test_of_exact_fit_rejects_a_model_that_holds_in_about_five_percent(op, consistent, rng):
    R = composites()[0] if op == "<~" else factors()
    text = MODEL.format(op=op).replace("y ~ x + m", "y ~ m")
    between = BETWEEN.copy()
    between[0, 2] = between[2, 0] = BETWEEN[0, 1] * BETWEEN[1, 2]
    R = factors(LOADINGS, between) if consistent else joined([WITHIN] * 3, composites()[2], between)
    rejected = []
    for _ in range(300):
        data = normal_rows(rng, R, 250, NAMES)
        table = pls.exact_fit_test(
            pls.fit(text, data, consistent=consistent, tolerance=1e-7),
            data,
            199,
            seed=int(rng.integers(2**31)),
        )
        rejected.append((table["p_value"] <= 0.05).to_numpy())
    shares = np.mean(rejected, axis=0)
    print(op, shares)  # noqa: T201
    assert ((shares > 0.01) & (shares < 0.09)).all()
