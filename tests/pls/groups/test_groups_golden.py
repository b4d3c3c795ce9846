"""Given permutations and resamples against the slow reference, and against seminr for Henseler's test."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx.pls.groups.difference_tests import (
    henseler_test,
    parametric_test,
    share_not_larger,
    welch_test,
)
from servicefx.pls.groups.grouped import Grouped, grouped
from servicefx.pls.groups.invariance_steps import composition_rows, equality_rows
from servicefx.pls.groups.pair_tests import bootstrapped_group, permutation_test
from servicefx.pls.groups.permutation import PairStatistics, observed_statistics, pair_statistics

CASES = Path(__file__).parents[2] / "golden" / "pls"
CASE = CASES / "groups"
PATHS = ["SATIS ~ QUALITY", "SATIS ~ RELATION", "LOYAL ~ SATIS", "LOYAL ~ RELATION"]
ALIKE = 1e-8
"""Both sides stop when no weight moves by about 1e-10; c and differences then agree far below this."""


def table(name: str) -> pd.Series:
    frame = pd.read_csv(CASE / name, keep_default_na=False, na_values=["nan"])
    return frame.set_index(["quantity", "subject", "other"])["value"]


@pytest.fixture(scope="module")
def asked() -> Grouped:
    data = pd.read_csv(CASES / "data" / "services.csv")
    settings = json.loads((CASE / "settings.json").read_text())
    return grouped((CASE / "model.txt").read_text(), data, settings["group"])


@pytest.fixture(scope="module")
def divisions() -> np.ndarray:
    return pd.read_csv(CASES / "data" / "permutations.csv").to_numpy() == 1


def drawn(asked: Grouped, divisions: np.ndarray, units: str) -> tuple[PairStatistics, PairStatistics]:
    (pair,) = asked.pairs()
    observed = observed_statistics(asked, pair, ("paths",), units)
    return observed, pair_statistics(asked, pair, divisions, ("paths",), units)


def of(reference: pd.Series, quantity: str, subject: str) -> tuple[float, np.ndarray]:
    rows = reference[quantity][subject]
    return rows["observed"], rows[[f"draw_{k}" for k in range(50)]].to_numpy()


@pytest.mark.parametrize("units", ["pooled", "own"])
def test_step_two_is_the_reference_permutation_by_permutation(asked, divisions, units):
    reference = table("reference.csv")
    observed, draws = drawn(asked, divisions, units)
    rows = composition_rows(asked, asked.pairs()[0], observed, draws, 0.05)
    for at, construct in enumerate(asked.fit.model.constructs):
        c, expected = of(reference, units, construct)
        np.testing.assert_allclose(observed.composition[0, at], c, atol=ALIKE)
        np.testing.assert_allclose(draws.composition[:, at], expected, atol=ALIKE)
        assert rows[at]["critical"] == pytest.approx(reference[units, construct, "quantile_05"], abs=ALIKE)
        share = reference[units, construct, "share_not_above"]
        assert rows[at]["p_value"] == pytest.approx((50 * share + 1) / 51, abs=1e-12)


@pytest.mark.parametrize(("quantity", "field"), [("mean", "mean"), ("log_variance", "log_variance")])
def test_step_three_is_the_reference_permutation_by_permutation(asked, divisions, quantity, field):
    reference = table("reference.csv")
    observed, draws = drawn(asked, divisions, "pooled")
    n = asked.fit.n_obs
    # the reference's scores have variance 1 with denominator n - 1, ours with n
    factor = np.sqrt((n - 1) / n) if quantity == "mean" else 1.0
    rows = [
        row
        for row in equality_rows(asked, asked.pairs()[0], observed, draws, 0.05)
        if (row["measure"] == "mean") == (quantity == "mean")
    ]
    for at, construct in enumerate(asked.fit.model.constructs):
        value, expected = of(reference, quantity, construct)
        np.testing.assert_allclose(getattr(observed, field)[0, at] * factor, value, atol=ALIKE)
        np.testing.assert_allclose(getattr(draws, field)[:, at] * factor, expected, atol=ALIKE)
        for end, name in (("null_low", "quantile_025"), ("null_high", "quantile_975")):
            assert rows[at][end] * factor == pytest.approx(reference[quantity, construct, name], abs=ALIKE)
        share = reference[quantity, construct, "share_as_far"]
        assert rows[at]["p_value"] == pytest.approx((50 * share + 1) / 51, abs=1e-12)


def test_permuted_path_differences_are_the_reference(asked, divisions):
    reference = table("reference.csv")
    observed, draws = drawn(asked, divisions, "pooled")
    found = permutation_test(observed, draws, 0.95)
    for at, name in enumerate(PATHS):
        value, expected = of(reference, "path_difference", name)
        np.testing.assert_allclose((observed.left - observed.right)[0, at], value, atol=ALIKE)
        np.testing.assert_allclose((draws.left - draws.right)[:, at], expected, atol=ALIKE)
        share = reference["path_difference", name, "share_as_far"]
        assert found.test.p_value[at] == pytest.approx((50 * share + 1) / 51, abs=1e-12)


def resampled(asked: Grouped) -> list[np.ndarray]:
    """Paths in the given resamples of either group."""
    found = []
    for label in asked.labels:
        sample, _ = asked.rows_of(label)
        rows = pd.read_csv(CASES / "data" / f"resamples_{label}.csv")
        n = len(sample.used)
        counts = np.stack([np.bincount(row, minlength=n) for row in rows.to_numpy()]).astype(np.float32)
        found.append(bootstrapped_group(asked.fit, sample, counts, ("paths",))[0])
    return found


@pytest.mark.parametrize(("name", "test"), [("parametric", parametric_test), ("welch", welch_test)])
def test_t_tests_are_the_printed_formulas(asked, name, test):
    reference = table("reference.csv")
    left, right = resampled(asked)
    observed = observed_statistics(asked, asked.pairs()[0], ("paths",))
    errors = [draws.std(axis=0, ddof=1) for draws in (left, right)]
    found = test((observed.left - observed.right)[0], *errors, 120, 100, 0.95)
    for at, path in enumerate(PATHS):
        assert errors[0][at] == pytest.approx(reference["std_error", path, "first"], abs=ALIKE)
        assert errors[1][at] == pytest.approx(reference["std_error", path, "second"], abs=ALIKE)
        assert found.statistic[at] == pytest.approx(reference[name, path, "t"], rel=1e-7)
        assert found.df[at] == pytest.approx(reference[name, path, "df"], rel=1e-7)
        assert found.p_value[at] == pytest.approx(reference[name, path, "p"], rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("source", ["reference.csv", "seminr.csv"])
def test_henselers_share_is_that_of_the_reference_and_of_seminr(asked, source):
    expected = table(source)
    left, right = resampled(asked)
    found = henseler_test(left, right, 0.95)
    for at, path in enumerate(PATHS):
        share = expected["henseler", path, "p_reflected"]
        assert share_not_larger(left[:, at], right[:, at]) == pytest.approx(share, abs=1e-12)
        assert found.p_one_sided[at] == pytest.approx((40 * share + 1) / 41, abs=1e-12)
    observed = observed_statistics(asked, asked.pairs()[0], ("paths",))
    for at, path in enumerate(PATHS):
        assert observed.left[0, at] == pytest.approx(expected["estimate", path, "first"], abs=ALIKE)
        assert observed.right[0, at] == pytest.approx(expected["estimate", path, "second"], abs=ALIKE)
