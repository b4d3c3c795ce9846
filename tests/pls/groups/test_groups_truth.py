"""Groups of known populations: as many false alarms as stated, and true differences are found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx import pls
from servicefx.pls.groups.comparison import compare_groups
from servicefx.pls.groups.grouped import grouped
from servicefx.pls.groups.micom import micom
from servicefx.pls.groups.permutation import (
    as_far,
    observed_statistics,
    permutation_blocks,
    permuted_statistics,
)
from servicefx.pls.scores import scores

MODEL = "q =~ q1 + q2 + q3; v =~ v1 + v2; s =~ s1 + s2 + s3; v ~ q; s ~ q + v"
ITEMS = ["q1", "q2", "q3", "v1", "v2", "s1", "s2", "s3"]
EVEN = (0.8, 0.7, 0.6)


def people(
    n: int,
    rng: np.random.Generator,
    path: float = 0.4,
    loadings: tuple[float, float, float] = EVEN,
    mean: float = 0.0,
    spread: float = 1.0,
) -> np.ndarray:
    """Answers of one group: ``path`` from q to s, ``loadings`` of q, mean and spread of all constructs."""
    q = rng.normal(size=n)
    v = 0.5 * q + rng.normal(0, 0.85, n)
    s = path * q + 0.3 * v + rng.normal(0, 0.7, n)
    scores = np.column_stack([q, q, q, v, v, s, s, s])
    of = np.array([*loadings, 0.8, 0.7, 0.8, 0.7, 0.6])
    items = scores * of + rng.normal(size=scores.shape) * np.sqrt(1 - of**2)
    return items * spread + mean


def survey(left: np.ndarray, right: np.ndarray) -> pd.DataFrame:
    data = pd.DataFrame(np.vstack([left, right]), columns=ITEMS)
    return data.assign(group=np.repeat(["a", "b"], [len(left), len(right)]))


@pytest.mark.slow
def test_permutation_tests_raise_five_false_alarms_in_a_hundred():
    rng = np.random.default_rng(20260417)
    alarms: dict[str, list[np.ndarray]] = {"composition": [], "mean": [], "variance": [], "path": []}
    for draw in range(1200):
        asked = grouped(MODEL, survey(people(60, rng), people(40, rng)), "group")
        (pair,) = asked.pairs()
        observed = observed_statistics(asked, pair, ("paths",))
        drawn = permuted_statistics(asked, pair, permutation_blocks(pair, 99, draw, "size"), ("paths",))
        lower = (drawn.composition <= observed.composition).sum(axis=0)
        alarms["composition"].append((lower + 1) / 100 <= 0.05)
        alarms["mean"].append(as_far(drawn.mean, observed.mean[0])[0] <= 0.05)
        alarms["variance"].append(as_far(drawn.log_variance, observed.log_variance[0])[0] <= 0.05)
        apart = as_far(drawn.left - drawn.right, (observed.left - observed.right)[0])[0]
        alarms["path"].append(apart <= 0.05)
    for name, found in alarms.items():
        shares = np.mean(found, axis=0)
        # 1,200 samples: simulation error .0063, so single shares stay within .035-.065 (2.4 errors)
        assert ((shares > 0.035) & (shares < 0.065)).all(), (name, shares)
        assert 0.040 < shares.mean() < 0.060, (name, shares)


@pytest.mark.slow
def test_tests_on_resamples_keep_their_size_in_large_groups():
    rng = np.random.default_rng(31)
    alarms: dict[str, list[np.ndarray]] = {"parametric": [], "welch": [], "henseler": []}
    for draw in range(400):
        data = survey(people(150, rng), people(100, rng))
        frame = compare_groups(MODEL, data, "group", method="all", permutations=19, draws=200, seed=draw)
        for name, found in alarms.items():
            found.append((frame.loc[frame["method"] == name, "p_value"] <= 0.05).to_numpy())
    for name, found in alarms.items():
        # three paths in 400 samples: simulation error of the mean share .006. The tests are
        # asymptotic; Henseler's counts (share J + 1) / (J + 1), which 200 draws make a little strict
        assert 0.03 < np.mean(found) < 0.075, (name, np.mean(found, axis=0))


@pytest.mark.slow
def test_true_differences_are_found_and_where_they_are():
    rng = np.random.default_rng(7)
    found = {name: [] for name in ("path", "other path", "composition", "mean", "variance", "other mean")}
    for draw in range(60):
        data = survey(people(150, rng, path=0.6), people(150, rng, path=0.1))
        frame = compare_groups(MODEL, data, "group", permutations=199, seed=draw).set_index(["lhs", "rhs"])
        found["path"].append(frame.loc[("s", "q"), "p_value"] <= 0.05)
        found["other path"].append(frame.loc[("v", "q"), "p_value"] <= 0.05)
        data = survey(people(150, rng), people(150, rng, loadings=(0.1, 0.5, 0.9)))
        data.loc[data["group"] == "a", "v1"] += 0.5
        data.loc[data["group"] == "b", ["s1", "s2", "s3"]] *= 1.6
        verdicts = micom(MODEL, data, "group", permutations=199, seed=draw).verdicts.set_index("construct")
        found["composition"].append(verdicts.loc["q", "verdict"] == "none")
        found["mean"].append(verdicts.loc["v", "p_mean"] <= 0.05)
        found["variance"].append(verdicts.loc["s", "p_variance"] <= 0.05)
        found["other mean"].append(verdicts.loc["s", "p_mean"] <= 0.05)
    power = {name: np.mean(values) for name, values in found.items()}
    assert min(power[name] for name in ("path", "composition", "mean", "variance")) > 0.7, power
    assert max(power["other path"], power["other mean"]) < 0.17, power  # .05 + 4 simulation errors


def test_a_difference_in_variance_makes_partial_invariance_and_one_in_nothing_full():
    rng = np.random.default_rng(3)
    alike = micom(MODEL, survey(people(300, rng), people(300, rng)), "group", permutations=199, seed=1)
    assert set(alike.verdicts["verdict"]) <= {"full", "partial"}
    wide = micom(MODEL, survey(people(300, rng), people(300, rng, spread=2)), "group", permutations=199)
    assert set(wide.verdicts["verdict"]) == {"partial"}
    ratio = wide.equality.query("measure == 'log variance ratio'")["estimate"]
    assert ratio.to_numpy() == pytest.approx(np.log(1 / 4), abs=0.35)  # error of one log ratio about .12


def test_differences_of_means_are_those_of_the_scores():
    rng = np.random.default_rng(4)
    data = survey(people(80, rng), people(60, rng, mean=0.5))
    fit = pls.fit(MODEL, data)
    by_group = scores(fit, data).groupby(data["group"])
    found = micom(fit, data, "group", permutations=19).equality.set_index(["measure", "construct"])
    means, variances = by_group.mean(), by_group.var()
    for name in fit.model.constructs:
        assert found.loc[("mean", name), "estimate"] == pytest.approx(
            means.loc["a", name] - means.loc["b", name]
        )
        ratio = np.log(variances.loc["a", name] / variances.loc["b", name])
        assert found.loc[("log variance ratio", name), "estimate"] == pytest.approx(ratio)
