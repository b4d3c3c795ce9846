from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ncx2

from servicefx import sem
from servicefx.errors import DataError, IdentificationError, StudyError
from servicefx.moments.moments import Moments
from servicefx.sem.population import drawn_moments, drawn_rows, freed, stated_moments
from servicefx.syntax.parser import parse_model

POPULATION = """
f =~ 0.7*x1 + 0.7*x2 + 0.6*x3
g =~ 0.7*x4 + 0.8*x5 + 0.6*x6
h =~ 0.7*x7 + 0.7*x8 + 0.6*x9
g ~ a*f + 0.4*f
h ~ b*g + 0.3*g
ind := a*b
"""


def test_unstated_variances_bring_every_variable_to_one() -> None:
    moments = stated_moments(parse_model(POPULATION))
    assert np.diag(moments.cov) == pytest.approx(np.ones(9))
    at = moments.names.index
    assert moments.cov[at("x1"), at("x2")] == pytest.approx(0.49)
    assert moments.cov[at("x1"), at("x4")] == pytest.approx(0.7 * 0.4 * 0.7)
    assert moments.cov[at("x1"), at("x7")] == pytest.approx(0.7 * 0.4 * 0.3 * 0.7)
    assert moments.mean == pytest.approx(np.zeros(9))


def test_stated_variances_means_and_covariances_are_kept() -> None:
    table = parse_model("y ~ 2*x + 1*1\nx ~~ 4*x\ny ~~ 3*y\nx ~ 5*1\nz ~~ 1*x\nz ~~ 9*z")
    moments = stated_moments(table)
    frame = pd.DataFrame(moments.cov, index=moments.names, columns=moments.names)
    assert frame.loc["y", "y"] == pytest.approx(4 * 4 + 3)
    assert frame.loc["x", "y"] == pytest.approx(8)
    assert frame.loc["z", "y"] == pytest.approx(2)
    assert dict(zip(moments.names, moments.mean, strict=True)) == pytest.approx({"y": 11, "x": 5, "z": 0})


def test_variances_in_a_circle_are_solved_for_together() -> None:
    moments = stated_moments(parse_model("y ~ 0.3*x + 0.2*z\nz ~ 0.4*y + 0.3*w"))
    assert np.diag(moments.cov) == pytest.approx(np.ones(4))


def test_numbers_but_zeros_are_freed() -> None:
    table = freed(parse_model("f =~ 0.7*x1 + 0.6*x2 + x3\nx1 ~~ 0*x2\nf ~ a*z + 0.5*z"))
    assert [row.fixed for row in table.rows] == [None, None, None, 0.0, None]
    assert table.rows[-1].labels == ("a",)


def test_moments_drawn_are_distributed_as_those_of_rows(rng: np.random.Generator) -> None:
    population = stated_moments(parse_model("y ~ 0.5*x + 0.3*z\nx ~~ 0.4*z\nx ~ 2*1"))
    n, draws = 12, 4000
    drawn = [drawn_moments(population, n, rng) for _ in range(draws)]
    covs = np.array([one.cov for one in drawn])
    expected = population.cov * (n - 1) / n
    spread = np.sqrt((np.outer(np.diag(population.cov), np.diag(population.cov)) + population.cov**2) / n)
    assert np.abs(covs.mean(axis=0) - expected).max() < 5 * spread.max() / np.sqrt(draws)
    assert covs.std(axis=0) == pytest.approx(spread * np.sqrt((n - 1) / n), rel=0.08)
    means = np.array([one.mean for one in drawn])
    assert means.mean(axis=0) == pytest.approx(population.mean, abs=5 / np.sqrt(n * draws))
    assert np.cov(means.T) == pytest.approx(population.cov / n, abs=0.1 / n)
    rows = drawn_rows(population, 20000, rng)
    assert np.cov(rows.T) == pytest.approx(population.cov, abs=0.06)


def test_power_of_a_regression_is_that_of_its_known_distribution() -> None:
    study = sem.power("y ~ 0.3*x", n_obs=60, draws=800, seed=3)
    row = study.parameters.iloc[0]
    slope_error = np.sqrt(0.91 / 60)
    wald = ncx2.sf(1.959964**2, 1, (0.3 / slope_error) ** 2)
    assert row["power"] == pytest.approx(wald, abs=0.05)
    assert row["power_error"] == pytest.approx(np.sqrt(row["power"] * (1 - row["power"]) / 800))
    assert abs(row["bias"]) < 4 * row["bias_error"]
    assert row["std_error"] == pytest.approx(slope_error, rel=0.05)
    assert np.isnan(study.rejection_rate)


def test_a_mediation_of_constructs_is_recovered_and_covered() -> None:
    study = sem.power(POPULATION, n_obs=400, draws=120, seed=1)
    frame = study.parameters.set_index(["lhs", "op", "rhs"])
    assert frame.loc[("g", "~", "f"), "population"] == pytest.approx(0.4, rel=1e-6)
    assert frame.loc[("ind", ":=", "a*b"), "population"] == pytest.approx(0.12, rel=1e-6)
    assert study.population_chi2 == pytest.approx(0, abs=1e-6)
    assert (frame["coverage"] > 0.85).all()
    assert (frame["bias"].abs() < 5 * frame["bias_error"]).all()
    ratio = (frame["std_error"] / frame["std_deviation"]).to_numpy()
    assert ratio == pytest.approx(np.ones(len(frame)), abs=0.35)
    assert study.rejection_rate < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 120)
    assert (study.n_draws, study.n_failed, study.n_converged) == (120, 0, 120)


def test_more_draws_add_to_the_same_ones() -> None:
    few, more = (sem.power("y ~ 0.3*x\nz ~ 0.3*y", n_obs=50, draws=k, seed=7) for k in (20, 30))
    assert few.chi2 == pytest.approx(more.chi2[:20], rel=1e-12)
    other = sem.power("y ~ 0.3*x\nz ~ 0.3*y", n_obs=50, draws=20, seed=8)
    assert not np.allclose(few.chi2, other.chi2)


def test_a_wrong_model_is_rejected_as_often_as_its_noncentrality_says() -> None:
    study = sem.power("y ~ 0.4*x\nz ~ 0.4*y + 0.15*x", "y ~ x\nz ~ y", n_obs=150, draws=600, seed=2)
    assert study.df == 1
    expected = ncx2.sf(3.841459, 1, study.population_chi2)
    assert study.rejection_rate == pytest.approx(expected, abs=4 * study.rejection_error + 0.02)


def test_estimators_agree_where_data_are_normal() -> None:
    frames = {
        estimator: sem.power(
            "y ~ 0.4*x\nz ~ 0.4*y", n_obs=300, draws=60, seed=5, estimator=estimator
        ).parameters
        for estimator in ("ml", "mlm", "mlr", "gls", "wls")
    }
    for frame in frames.values():
        assert frame["population"].to_numpy() == pytest.approx(
            frames["ml"]["population"].to_numpy(), rel=1e-4
        )
        assert frame["estimate"].to_numpy() == pytest.approx(frames["ml"]["estimate"].to_numpy(), abs=0.06)
        assert frame["std_error"].to_numpy() == pytest.approx(frames["ml"]["std_error"].to_numpy(), rel=0.1)


def test_a_fit_is_a_population_with_its_groups_and_equalities(rng: np.random.Generator) -> None:
    x = rng.normal(size=400)
    data = pd.DataFrame({"x": x, "y": 0.5 * x + rng.normal(size=400), "g": ["a"] * 100 + ["b"] * 300})
    fitted = sem.fit("y ~ x", data, group="g", group_equal=["regressions"])
    study = sem.power(fitted, n_obs=200, draws=40, seed=1)
    assert study.parameters["population"].to_numpy() == pytest.approx(fitted.theta, rel=1e-6)
    assert list(study.parameters["group"].unique()) == ["a", "b"]
    error = study.parameters["std_error"].iloc[0]
    assert error == pytest.approx(fitted.parameters["std_error"].iloc[0] * np.sqrt(2), rel=0.1)


def test_moments_are_a_population() -> None:
    moments = Moments.from_correlation([[1, 0.4], [0.4, 1]], [1, 1], 90, names=["x", "y"])
    study = sem.power(moments, "y ~ x", n_obs=80, draws=10, seed=1)
    assert study.parameters["population"].iloc[0] == pytest.approx(0.4)


def test_samples_without_a_solution_are_counted() -> None:
    weak = "f =~ 0.2*x1 + 0.2*x2 + 0.2*x3\ng =~ 0.2*x4 + 0.2*x5 + 0.2*x6\ng ~ 0.2*f"
    study = sem.power(weak, n_obs=40, draws=8, seed=4)
    assert study.n_failed > 0
    assert study.n_converged == len(study.chi2) == 8 - study.n_failed


@pytest.mark.parametrize(
    ("population", "message"),
    [
        ("f =~ x1 + x2 + 0.5*x3", r"'f =~ x2' has no number"),
        ("y ~ x", r"'y ~ x' has no number"),
        ("y ~ 1.2*x", r"what explains 'y' leaves nothing of a variance of 1"),
        ("y ~ a*x + 0.3*x\na == 0.3", r"states an equality"),
        ("x ~~ 2*y", r"its covariances are not those of any data"),
    ],
)
def test_populations_that_are_not_stated_are_refused(population: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        sem.power(population, n_obs=100, draws=5, seed=1)


def test_choices_that_do_not_suit_are_refused() -> None:
    with pytest.raises(StudyError, match="'wlsmv' is not simulated"):
        sem.power("y ~ 0.3*x", n_obs=100, draws=5, seed=1, estimator="wlsmv")
    with pytest.raises(StudyError, match=r"draws: 1, a whole number from 2 expected(.|\n)*n_obs: 1, a whole"):
        sem.power("y ~ 0.3*x", n_obs=1, draws=1, seed=1)
    with pytest.raises(DataError, match="column 'z': not in the data"):
        sem.power("y ~ 0.3*x", "y ~ z", n_obs=100, draws=5, seed=1)
    with pytest.raises(DataError, match="2 rows for 2 items"):
        sem.power("y ~ 0.3*x", n_obs=2, draws=5, seed=1)
    with pytest.raises(IdentificationError, match="-1 degrees of freedom"):
        sem.power("y ~ 0.3*x", "y ~ x\nx ~ y", n_obs=100, draws=5, seed=1)
    moments = Moments.from_correlation([[1, 0.4], [0.4, 1]], [1, 1], 90, names=["x", "y"])
    with pytest.raises(StudyError, match="no model is given"):
        sem.power(moments, n_obs=80, draws=10, seed=1)
