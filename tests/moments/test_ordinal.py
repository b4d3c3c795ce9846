"""Moments of ordinal and mixed columns against lavaan, laws and edge cases."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import ndtr
from scipy.stats import multivariate_normal, norm

from servicefx.errors import DataError
from servicefx.moments.ordinal import OrdinalMoments, ordinal_moments

GOLDEN = Path(__file__).parents[1] / "golden" / "ordinal"
ITEMS = ["u2", "u3", "u4", "u5", "u6", "u7"]
MIXED = ["x1", "u3", "x2", "u4", "u2", "x3"]
LAVAAN = 1e-6  # lavaan's optimiser stops at 1e-7 on these data
CLOSE = 1e-9  # two runs of our own maximisation
BOTH_ENDS = 8.0  # a threshold beyond every answer; 1e-15 of the distribution lies outside


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "data.csv")


@pytest.fixture(scope="module")
def items(data: pd.DataFrame) -> OrdinalMoments:
    return ordinal_moments(data[ITEMS], ITEMS)


@pytest.fixture(scope="module")
def mixed(data: pd.DataFrame) -> OrdinalMoments:
    return ordinal_moments(data[MIXED], ["u2", "u3", "u4"])


def labels(moments: OrdinalMoments) -> list[str]:
    """Names of the moments as lavaan writes them."""
    out = []
    for kind, (i, j) in zip(moments.kinds, moments.index.tolist(), strict=True):
        name = moments.names[i]
        match kind:
            case "threshold":
                out.append(f"{name}|t{j + 1}")
            case "mean":
                out.append(f"{name}~1")
            case "variance":
                out.append(f"{name}~~{name}")
            case _:
                out.append(f"{moments.names[j]}~~{name}")
    return out


def full_tables(moments: OrdinalMoments) -> np.ndarray:
    """Which moments do not rest on a table with empty cells."""
    empty = {f"{left}~~{right}" for left, right, _ in moments.sparse}
    return np.array([label not in empty for label in labels(moments)])


def negated_means(moments: OrdinalMoments) -> np.ndarray:
    return np.where(np.array(moments.kinds) == "mean", -1.0, 1.0)


def scaled_gap(gamma: np.ndarray, expected: np.ndarray) -> float:
    spread = np.sqrt(np.diag(expected))
    return float((np.abs(gamma - expected) / np.outer(spread, spread)).max())


def own_maximum(table: np.ndarray) -> float:
    """Polychoric correlation of one table by scipy's distribution function and a golden-section search."""
    n = table.sum()
    cuts = [
        np.concatenate(([-BOTH_ENDS], norm.ppf(np.cumsum(table.sum(axis=axis))[:-1] / n), [BOTH_ENDS]))
        for axis in (1, 0)
    ]
    points = np.array([(a, b) for a in cuts[0] for b in cuts[1]])

    def loss(r: float) -> float:
        below = multivariate_normal([0, 0], [[1, r], [r, 1]], allow_singular=True).cdf(points)
        cells = np.diff(np.diff(np.reshape(below, (len(cuts[0]), len(cuts[1]))), axis=0), axis=1)
        return -float((table * np.log(np.maximum(cells, 1e-300))).sum() / n)

    return float(minimize_scalar(loss, bounds=(-0.99, 0.99), method="bounded", options={"xatol": 1e-9}).x)


def one_pair(table: list[list[int]]) -> pd.DataFrame:
    counts = np.array(table)
    a, b = np.indices(counts.shape)
    return pd.DataFrame(
        {"a": np.repeat(a.ravel(), counts.ravel()), "b": np.repeat(b.ravel(), counts.ravel())}
    )


# golden: lavaan 0.6-14


@pytest.mark.parametrize("name", ["items", "mixed"])
def test_moments_are_lavaans_in_lavaans_order(name, request):
    moments = request.getfixturevalue(name)
    expected = pd.read_csv(GOLDEN / f"{name}_moments.csv")
    assert labels(moments) == expected["moment"].tolist()
    full = full_tables(moments)
    assert full.sum() >= 27, "most pairs should have full tables"
    ours = moments.vector * negated_means(moments)
    np.testing.assert_allclose(ours[full], expected["value"].to_numpy()[full], rtol=LAVAAN, atol=LAVAAN)


@pytest.mark.parametrize("name", ["items", "mixed"])
def test_asymptotic_covariance_is_lavaans(name, request):
    moments = request.getfixturevalue(name)
    expected = pd.read_csv(GOLDEN / f"{name}_gamma.csv").to_numpy()
    ours = moments.gamma * np.outer(negated_means(moments), negated_means(moments))
    assert scaled_gap(ours, expected) < LAVAAN


def test_two_by_two_tables_with_an_empty_cell_get_lavaans_half_answer():
    for row in pd.read_csv(GOLDEN / "two_by_two.csv").itertuples():
        pair = one_pair([[row.n11, row.n12], [row.n21, row.n22]])
        moments = ordinal_moments(pair, ["a", "b"])
        assert moments.cov[1, 0] == pytest.approx(row.r, abs=LAVAAN)
        expected = [row.gamma_at, row.gamma_bt, row.gamma_r]
        np.testing.assert_allclose(moments.gamma[2], expected, rtol=1e-4)
        assert moments.sparse == (("a", "b", 1),)
        assert moments.at_bound == ()


# laws


def test_every_polychoric_is_the_maximum_of_its_own_likelihood(data, items):
    assert items.sparse, "the data should hold some tables with empty cells"
    for i in range(6):
        for j in range(i):
            table = pd.crosstab(data[ITEMS[i]], data[ITEMS[j]]).to_numpy()
            assert items.cov[i, j] == pytest.approx(own_maximum(table), abs=1e-6), (ITEMS[i], ITEMS[j])


def test_every_polyserial_is_the_maximum_of_its_own_likelihood(data, mixed):
    for ordinal in ("u2", "u3", "u4"):
        code = np.unique(data[ordinal], return_inverse=True)[1]
        at = mixed.names.index(ordinal)
        cuts = np.concatenate(([-np.inf], mixed.thresholds[at], [np.inf]))
        for name in ("x1", "x2", "x3"):
            z = ((data[name] - data[name].mean()) / data[name].std(ddof=0)).to_numpy()

            def slope(r, z=z, code=code, cuts=cuts):
                def fit(s):
                    root = np.sqrt(1 - s * s)
                    upper, lower = ndtr((cuts[code + 1] - s * z) / root), ndtr((cuts[code] - s * z) / root)
                    return np.log(upper - lower).mean()

                return (fit(r + 1e-5) - fit(r - 1e-5)) / 2e-5

            to = mixed.names.index(name)
            r = mixed.cov[at, to] / np.sqrt(mixed.cov[to, to])
            assert abs(slope(r)) < 1e-8
            assert slope(r - 0.01) > 1e-4
            assert slope(r + 0.01) < -1e-4


def test_continuous_columns_keep_their_means_and_covariances(data, mixed):
    at = [0, 2, 5]
    numbers = data[["x1", "x2", "x3"]]
    np.testing.assert_allclose(mixed.cov[np.ix_(at, at)], np.cov(numbers.T, ddof=0), rtol=1e-12)
    np.testing.assert_allclose(mixed.mean[at], numbers.mean(), rtol=1e-12)
    assert (mixed.mean[[1, 3, 4]] == 0).all()


def test_reordering_columns_permutes_everything(data, mixed):
    order = ["u4", "x3", "x1", "u2", "u3", "x2"]
    other = ordinal_moments(data[order], ["u4", "u2", "u3"])
    at = [MIXED.index(name) for name in order]
    np.testing.assert_allclose(other.cov, mixed.cov[np.ix_(at, at)], rtol=CLOSE, atol=CLOSE)

    def keys(moments: OrdinalMoments) -> list[tuple[str, frozenset[str], int]]:
        out = []
        for kind, (i, j) in zip(moments.kinds, moments.index.tolist(), strict=True):
            threshold = kind == "threshold"
            who = frozenset({moments.names[i]} if threshold else {moments.names[i], moments.names[j]})
            out.append((kind, who, j if threshold else 0))
        return out

    here, there = keys(mixed), keys(other)
    place = [here.index(key) for key in there]
    np.testing.assert_allclose(other.vector, mixed.vector[place], rtol=CLOSE, atol=CLOSE)
    assert scaled_gap(other.gamma, mixed.gamma[np.ix_(place, place)]) < 1e-8


def test_shuffling_rows_changes_nothing(data, mixed):
    again = ordinal_moments(data[MIXED].sample(frac=1, random_state=1), ["u2", "u3", "u4"])
    np.testing.assert_allclose(again.vector, mixed.vector, rtol=CLOSE, atol=CLOSE)
    assert scaled_gap(again.gamma, mixed.gamma) < 1e-8


def test_reversing_a_scale_flips_its_signs(data, mixed):
    turned = data[MIXED].assign(u4=5 - data["u4"])
    other = ordinal_moments(turned, ["u2", "u3", "u4"])
    sign = np.where(np.array(MIXED) == "u4", -1.0, 1.0)
    np.testing.assert_allclose(other.cov, mixed.cov * np.outer(sign, sign), rtol=CLOSE, atol=CLOSE)
    np.testing.assert_allclose(other.thresholds[3], -mixed.thresholds[3][::-1], rtol=CLOSE)
    np.testing.assert_allclose(np.sort(np.diag(other.gamma)), np.sort(np.diag(mixed.gamma)), rtol=1e-7)


def test_rescaling_a_continuous_column_rescales_its_moments(data, mixed):
    other = ordinal_moments(data[MIXED].assign(x1=1000 * data["x1"] + 7), ["u2", "u3", "u4"])
    factor = np.where(np.array(MIXED) == "x1", 1000.0, 1.0)
    np.testing.assert_allclose(other.cov, mixed.cov * np.outer(factor, factor), rtol=1e-8)
    powers = np.array([1000.0 ** label.count("x1") for label in labels(mixed)])
    assert scaled_gap(other.gamma / np.outer(powers, powers), mixed.gamma) < 1e-8


def test_merging_into_two_categories_gives_the_tetrachoric(data):
    halves = pd.DataFrame({name: data[name] > 3 for name in ("u6", "u7")})
    moments = ordinal_moments(halves, ["u6", "u7"])
    r = moments.cov[1, 0]
    both = multivariate_normal([0, 0], [[1, r], [r, 1]]).cdf(
        [moments.thresholds[0][0], moments.thresholds[1][0]]
    )
    assert both == pytest.approx((~halves).all(axis=1).mean(), abs=1e-9)  # exactly identified


def test_an_independent_table_gives_zero():
    moments = ordinal_moments(one_pair([[10, 20, 30], [20, 40, 60], [5, 10, 15]]), ["a", "b"])
    assert abs(moments.cov[1, 0]) < 1e-9


def test_equal_rows_doubled_change_nothing_but_the_count(data, mixed):
    twice = ordinal_moments(pd.concat([data[MIXED]] * 2, ignore_index=True), ["u2", "u3", "u4"])
    assert twice.n_obs == 2 * mixed.n_obs
    np.testing.assert_allclose(twice.vector, mixed.vector, rtol=CLOSE, atol=CLOSE)
    assert scaled_gap(twice.gamma, mixed.gamma) < 1e-8


def test_row_blocks_do_not_matter(data, mixed):
    many = ordinal_moments(pd.concat([data[MIXED]] * 9, ignore_index=True), ["u2", "u3", "u4"])
    assert many.n_obs > 4096
    assert scaled_gap(many.gamma, mixed.gamma) < 1e-8


def test_continuous_columns_alone_are_moments_too(data):
    numbers = data[["x1", "x2"]]
    moments = ordinal_moments(numbers, [])
    assert moments.kinds == ("mean", "mean", "variance", "variance", "covariance")
    np.testing.assert_allclose(moments.cov, np.cov(numbers.T, ddof=0), rtol=1e-12)
    assert moments.thresholds[0].size == 0


def jackknife(frame: pd.DataFrame, ordered: list[str]) -> np.ndarray:
    """Asymptotic covariance of the moments by leaving out each row once."""
    n = len(frame)
    draws = np.array([ordinal_moments(frame.drop(index=row), ordered).vector for row in range(n)])
    centred = draws - draws.mean(axis=0)
    return centred.T @ centred * (n - 1) ** 2 / n


def test_observed_information_gives_the_jackknifes_covariance_even_of_skewed_columns(data):
    frame, ordered = data[["x1", "u3", "x2", "u4"]], ["u3", "u4"]  # x2 is skewed
    expected = jackknife(frame, ordered)
    observed = ordinal_moments(frame, ordered, information="observed")
    assert scaled_gap(observed.gamma, expected) < 0.02  # the jackknife itself is off by a few rows in 500
    outer = ordinal_moments(frame, ordered)
    np.testing.assert_array_equal(outer.vector, observed.vector)
    variance_of_x2 = labels(outer).index("x2~~x2")
    assert outer.gamma[variance_of_x2, variance_of_x2] < 0.5 * expected[variance_of_x2, variance_of_x2]


def test_observed_information_at_the_bound_stays_finite():
    for table in ([[10, 0], [0, 10]], [[30, 20, 0], [0, 10, 40], [0, 0, 30]], [[40, 0], [25, 35]]):
        moments = ordinal_moments(one_pair(table), ["a", "b"], information="observed")
        assert np.isfinite(moments.gamma).all()
        assert (np.diag(moments.gamma) > 0).all()


def test_an_unknown_information_is_refused(data):
    with pytest.raises(ValueError, match="information 'expected' is not one of 'outer', 'observed'"):
        ordinal_moments(data[ITEMS], ITEMS, information="expected")


# truth


def cut(values: np.ndarray, *cuts: float) -> np.ndarray:
    return np.searchsorted(cuts, values)


@pytest.mark.slow
def test_errors_from_gamma_cover_the_truth():
    draws, n = 1000, 400
    truth = np.array([[1, 0.6, 0.5, 0.3], [0.6, 1, 0.4, 0.2], [0.5, 0.4, 1, 0.5], [0.3, 0.2, 0.5, 1]])
    root = np.linalg.cholesky(truth)
    rng = np.random.default_rng(7)
    hits = np.zeros(0)
    for _ in range(draws):
        z = rng.normal(size=(n, 4)) @ root.T
        frame = pd.DataFrame(
            {"a": cut(z[:, 0], -1, 0, 0.5, 1.2), "b": cut(z[:, 1], 0.4), "x": 3 + 2 * z[:, 2], "y": z[:, 3]}
        )
        moments = ordinal_moments(frame, ["a", "b"])
        expected = np.array([-1, 0, 0.5, 1.2, 0.4, 3, 0, 4, 1, 0.6, 1.0, 0.3, 0.8, 0.2, 1.0])
        error = np.sqrt(np.diag(moments.gamma) / n)
        hit = np.abs(moments.vector - expected) <= 1.959964 * error
        hits = hits + hit if hits.size else hit.astype(float)
    coverage = hits / draws
    assert ((coverage > 0.926) & (coverage < 0.971)).all(), coverage  # two-sided 99.9 % binomial band


def test_a_large_sample_recovers_the_latent_correlations():
    rng = np.random.default_rng(3)
    n = 200_000
    truth = np.array([[1, 0.7, -0.4], [0.7, 1, -0.2], [-0.4, -0.2, 1]])
    z = rng.normal(size=(n, 3)) @ np.linalg.cholesky(truth).T
    frame = pd.DataFrame({"a": cut(z[:, 0], -1, 0.3, 1), "b": cut(z[:, 1], -0.2, 1.5), "x": z[:, 2]})
    moments = ordinal_moments(frame, ["a", "b"])
    error = np.sqrt(np.diag(moments.gamma) / n)[-3:]
    assert (np.abs(moments.vector[-3:] - [0.7, -0.4, -0.2]) < 4 * error).all()
    assert (error < 0.005).all()


# edge cases


def test_every_kind_of_column_gives_the_same_codes():
    words = ["low", "mid", "high", "never used"]
    code = np.array([0, 1, 2, 1, 0, 2, 2, 1, 0, 0, 1, 2] * 5)
    other = np.array([0, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 1] * 5)
    kinds = {
        "int": code * 10 - 7,
        "float": code * 0.5,
        "wide": code.astype(float) * 1e6,
        "nullable": pd.array(code, dtype="Int64"),
        "words": pd.Categorical.from_codes(code, words, ordered=True),
        "numeric categories": pd.Categorical(code),
    }
    results = []
    for column in kinds.values():
        frame = pd.DataFrame({"a": column, "b": other.astype(bool)})
        results.append(ordinal_moments(frame, ["a", "b"]))
    for result in results[1:]:
        np.testing.assert_array_equal(result.vector, results[0].vector)
    assert results[0].levels == ((-7, 3, 13), (False, True))
    assert results[1].levels[0] == (0.0, 0.5, 1.0)
    assert results[4].levels[0] == ("low", "mid", "high")
    nullable = ordinal_moments(
        pd.DataFrame({"a": code, "b": pd.array(other == 1, dtype="boolean")}), ["a", "b"]
    )
    assert nullable.levels[1] == (False, True)


@pytest.mark.parametrize(
    ("columns", "ordered", "message"),
    [
        ({"a": [1, 1, 1, 1]}, ["a"], "column 'a': holds only the category '1', at least two expected"),
        ({"a": ["x", "y", "x", "y"]}, ["a"], "column 'a': holds text without an order"),
        ({"a": pd.Categorical(["x", "y", "x", "y"])}, ["a"], "column 'a': holds text without an order"),
        ({"a": [1, 2, None, 2]}, ["a"], "column 'a': 1 of 4 values are missing"),
        (
            {"a": pd.Categorical([1, 2, None, 2], ordered=True)},
            ["a"],
            "column 'a': 1 of 4 values are missing",
        ),
        ({"a": [1, 2, 1, 2], "b": [3.0] * 4}, ["a"], "column 'b': holds the same value in every row"),
        ({"a": [1, 2, 1, 2], "b": [1.0, np.inf, 2, 3]}, ["a"], "column 'b': 1 of 4 values are missing"),
        ({"a": [1, 2, 1, 2]}, ["A1"], "ordered: 'A1': no such column among those used"),
        ({"a": range(150)}, ["a"], "column 'a': holds 150 categories, at most 100 expected"),
        ({"a": [1, 2] * 2, "b": [1.0, 2, 4, 3], "c": [2.0, 4, 8, 6]}, ["a"], "column 'c': repeats 'b'"),
        ({"a": [1]}, ["a"], "rows: 1 complete rows, at least 2 expected"),
    ],
)
def test_columns_that_hold_no_moments_are_refused_by_name(columns, ordered, message):
    with pytest.raises(DataError, match=re.escape(message)):
        ordinal_moments(pd.DataFrame(columns), ordered)


def test_all_faults_are_named_at_once():
    frame = pd.DataFrame({"a": [1, 1], "b": ["x", "y"], "c": [1.0, None]})
    with pytest.raises(DataError) as caught:
        ordinal_moments(frame, ["a", "b"])
    assert [problem.where for problem in caught.value.problems] == ["column 'a'", "column 'b'", "column 'c'"]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("levels", [2, 3, 5])
def test_a_perfect_table_stands_at_the_bound_and_is_flagged(levels, sign):
    table = np.diag(np.arange(10, 10 + levels))[:, ::sign]
    moments = ordinal_moments(one_pair(table.tolist()), ["a", "b"])
    assert moments.cov[1, 0] == sign * 0.999
    assert moments.at_bound == (("a", "b"),)
    assert moments.sparse == (("a", "b", levels * (levels - 1)),)
    assert np.isfinite(moments.gamma).all()
    assert (np.diag(moments.gamma) > 0).all()


@pytest.mark.parametrize("table", [[[30, 20, 0], [0, 0, 30]], [[300, 200, 0], [0, 100, 20], [0, 0, 300]]])
def test_a_table_without_reversals_stands_at_the_bound_with_a_finite_weight(table):
    moments = ordinal_moments(one_pair(table), ["a", "b"])
    assert moments.cov[1, 0] == 0.999
    assert moments.at_bound == (("a", "b"),)
    assert np.isfinite(moments.gamma).all()
    assert moments.gamma[-1, -1] > 1e-6


def test_one_contrary_answer_in_a_nearly_perfect_table_is_not_lost():
    table = np.diag([200, 200, 200, 200]) + 0
    table[0, 3] = 1
    moments = ordinal_moments(one_pair(table.tolist()), ["a", "b"])
    assert 0.5 < moments.cov[1, 0] < 0.999
    assert np.isfinite(moments.gamma).all()


def test_an_ordinal_column_that_a_number_decides_stands_at_the_bound():
    x = np.linspace(-2, 2, 40)
    moments = ordinal_moments(pd.DataFrame({"a": (x > 0).astype(int), "x": x}), ["a"])
    assert moments.cov[1, 0] == pytest.approx(0.999 * x.std(), rel=1e-12)
    assert moments.at_bound == (("a", "x"),)
    assert np.isfinite(moments.gamma).all()
    assert (np.diag(moments.gamma) > 0).all()


def test_a_binary_column_may_be_declared_continuous():
    rng = np.random.default_rng(1)
    member = rng.integers(0, 2, 200).astype(float)
    answer = (member + rng.normal(size=200) > 0.5).astype(int) + (rng.normal(size=200) > 0)
    moments = ordinal_moments(pd.DataFrame({"member": member, "answer": answer}), ["answer"])
    assert np.isfinite(moments.gamma).all()
    assert moments.gamma[0, 0] == pytest.approx(member.var())


def test_outliers_far_out_do_no_harm_on_either_side():
    x = np.random.default_rng(1).normal(size=20_000)
    answer = (x > 0).astype(int)
    x[0], answer[0] = 3.0, 0  # so unlikely that one minus the distribution function is zero in doubles
    moments = ordinal_moments(pd.DataFrame({"x": x, "a": answer}), ["a"])
    mirror = ordinal_moments(pd.DataFrame({"x": -x, "a": 1 - answer}), ["a"])
    assert np.isfinite(moments.gamma).all()
    assert mirror.cov[1, 0] == pytest.approx(moments.cov[1, 0], rel=CLOSE)
    np.testing.assert_allclose(np.diag(mirror.gamma), np.diag(moments.gamma), rtol=1e-7)


def test_twenty_categories_work():
    rng = np.random.default_rng(1)
    z = rng.normal(size=(2000, 2)) @ np.array([[1, 0.5], [0, np.sqrt(0.75)]])
    frame = pd.DataFrame({"a": np.floor(z[:, 0] * 4).clip(-10, 9), "b": np.floor(z[:, 1] * 4).clip(-10, 9)})
    moments = ordinal_moments(frame, ["a", "b"])
    assert len(moments.levels[0]) == 20
    assert moments.cov[1, 0] == pytest.approx(0.5, abs=0.07)


def test_moments_are_read_only_and_pickle(mixed):
    again = pickle.loads(pickle.dumps(mixed))
    np.testing.assert_array_equal(again.gamma, mixed.gamma)
    with pytest.raises(ValueError, match="read-only"):
        mixed.gamma[0, 0] = 1
    assert mixed.thresholds[1].flags.writeable is False


def test_unrelated_items_of_unequally_many_answers_pass_without_a_warning():
    frame = pd.DataFrame(
        {"a": np.repeat([1, 2], 32), "b": np.tile([1, 2, 3, 4], 16), "c": np.arange(64) * 7 % 5}
    )
    moments = ordinal_moments(frame, ["a", "b", "c"])  # the search for a and b begins and ends at exactly 0
    assert moments.cov[1, 0] == 0
    assert np.isfinite(moments.cov).all()
