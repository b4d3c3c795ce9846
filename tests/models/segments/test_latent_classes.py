"""Latent classes do not depend on how rows are written down, and refuse what they cannot answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, IdentificationError
from servicefx.models.segments import (
    LatentClasses,
    class_effects,
    class_posteriors,
    class_shares,
    class_slopes,
    class_tests,
    fit_latent_classes,
)
from servicefx.moments.resample_index import resample_counts
from servicefx.values.glossary import GLOSSARY

DRIVERS = ["staff", "speed"]
REACHED = 1e-5  # both are maxima to 1e-9 of the log likelihood, which is so much of a parameter


def customers(rng: np.random.Generator, n: int = 500) -> pd.DataFrame:
    staff, speed = rng.normal(5, 1, n), rng.normal(10, 3, n)
    kind = rng.random(n) < 0.35
    satisfaction = np.where(kind, 9 - 0.5 * speed, 1 + 0.9 * staff) + 0.5 * rng.normal(size=n)
    frame = pd.DataFrame({"staff": staff, "speed": speed, "satisfaction": satisfaction})
    return frame.assign(kind=kind, outlet=rng.integers(0, 50, n), weight=rng.uniform(0.5, 2, n))


@pytest.fixture
def data(rng: np.random.Generator) -> pd.DataFrame:
    return customers(rng)


def same(left: LatentClasses, right: LatentClasses) -> None:
    assert left.coefficients == pytest.approx(right.coefficients, abs=REACHED)
    assert left.shares == pytest.approx(right.shares, abs=REACHED)
    assert left.spreads == pytest.approx(right.spreads, abs=REACHED)
    assert left.covariance.robust == pytest.approx(right.covariance.robust, rel=1e-3, abs=1e-8)


def test_kinds_are_told_apart(data: pd.DataFrame) -> None:
    fit = fit_latent_classes(data, "satisfaction", DRIVERS, 2)
    assert fit.shares == pytest.approx([0.65, 0.35], abs=0.06)
    assert fit.coefficients == pytest.approx(np.array([[0.9, 0, 1], [0, -0.5, 9]]), abs=0.4)
    chances = class_posteriors(fit, data)
    assert chances.sum(axis=1).to_numpy() == pytest.approx(1)
    assert ((chances[2] > 0.5) == data["kind"]).mean() > 0.85  # the two lines cross


def test_the_order_of_rows_changes_nothing(data: pd.DataFrame, rng: np.random.Generator) -> None:
    mixed = data.sample(frac=1, random_state=rng)
    same(
        fit_latent_classes(data, "satisfaction", DRIVERS, 2, clusters=data["outlet"]),
        fit_latent_classes(mixed, "satisfaction", DRIVERS, 2, clusters=mixed["outlet"]),
    )


def test_units_change_only_their_own_slopes(data: pd.DataFrame) -> None:
    fit = fit_latent_classes(data, "satisfaction", DRIVERS, 2)
    moved = data.assign(speed=60 * data["speed"] + 1000, satisfaction=10 * data["satisfaction"] - 3)
    other = fit_latent_classes(moved, "satisfaction", DRIVERS, 2)
    assert other.coefficients[:, 0] == pytest.approx(10 * fit.coefficients[:, 0], abs=1e-4)
    assert other.coefficients[:, 1] == pytest.approx(fit.coefficients[:, 1] / 6, abs=1e-5)
    assert other.shares == pytest.approx(fit.shares, abs=REACHED)
    assert other.log_likelihood == pytest.approx(fit.log_likelihood - 500 * np.log(10))
    errors, others = (class_slopes(f)["std_error"].to_numpy() for f in (fit, other))
    assert others[[0, 3]] == pytest.approx(10 * errors[[0, 3]], rel=1e-3)


def test_weights_count_by_ratio_and_repeat_rows(data: pd.DataFrame) -> None:
    weights = pd.Series(np.where(data["kind"], 2, 1), name="weight")
    weighted = fit_latent_classes(data, "satisfaction", DRIVERS, 2, weights=weights)
    scaled = fit_latent_classes(data, "satisfaction", DRIVERS, 2, weights=7.3 * weights)
    same(weighted, scaled)
    assert weighted.weighted
    repeated = data.loc[data.index.repeat(weights.to_numpy())]
    twice = fit_latent_classes(repeated, "satisfaction", DRIVERS, 2)
    assert weighted.coefficients == pytest.approx(twice.coefficients, abs=REACHED)
    assert weighted.shares == pytest.approx(twice.shares, abs=REACHED)
    assert weighted.log_likelihood / 500 == pytest.approx(twice.log_likelihood / len(repeated))


def test_clusters_of_one_row_are_the_sandwich(data: pd.DataFrame) -> None:
    alone = pd.Series(np.arange(500), name="row")
    plain = fit_latent_classes(data, "satisfaction", DRIVERS, 2)
    clustered = fit_latent_classes(data, "satisfaction", DRIVERS, 2, clusters=alone)
    assert clustered.covariance.robust == pytest.approx(plain.covariance.robust * 500 / 499)
    doubled = pd.concat([data, data], ignore_index=True)
    pairs = pd.Series(np.tile(np.arange(500), 2), name="pair")
    copied = fit_latent_classes(doubled, "satisfaction", DRIVERS, 2, clusters=pairs)
    assert copied.covariance.robust == pytest.approx(clustered.covariance.robust, rel=1e-4, abs=1e-9)


def test_one_class_is_least_squares(data: pd.DataFrame) -> None:
    fit = fit_latent_classes(data, "satisfaction", DRIVERS, 1)
    x = np.column_stack([data[DRIVERS], np.ones(500)])
    beta, left = np.linalg.lstsq(x, data["satisfaction"], rcond=None)[:2]
    assert fit.coefficients[0] == pytest.approx(beta)
    sigma2 = float(left[0]) / 500
    assert fit.spreads[0] == pytest.approx(np.sqrt(sigma2))
    assert fit.log_likelihood == pytest.approx(-250 * (np.log(2 * np.pi * sigma2) + 1))
    errors = class_slopes(fit, robust=False)["std_error"]
    assert errors.to_numpy() == pytest.approx(np.sqrt(np.diag(sigma2 * np.linalg.inv(x.T @ x))))
    assert class_tests(fit)["undefined"].unique().tolist() == ["one class"]


def test_gaps_are_dropped_and_counted(data: pd.DataFrame) -> None:
    gappy = data.copy()
    gappy.loc[:9, "staff"] = np.nan
    gappy.loc[5:19, "satisfaction"] = np.nan
    fit = fit_latent_classes(gappy, "satisfaction", DRIVERS, 2)
    same(fit, fit_latent_classes(data.iloc[20:], "satisfaction", DRIVERS, 2))
    assert fit.dropped == {"satisfaction missing": 15, "staff missing": 5}
    assert class_posteriors(fit, gappy).isna().any(axis=1).sum() == 20


def test_columns_of_membership_sharpen_the_classes(data: pd.DataFrame, rng: np.random.Generator) -> None:
    told = data.assign(age=data["kind"] * 2.0 + rng.normal(size=500))
    plain = fit_latent_classes(told, "satisfaction", DRIVERS, 2)
    fit = fit_latent_classes(told, "satisfaction", DRIVERS, 2, membership=["age"])
    assert fit.n_parameters == plain.n_parameters + 1
    assert fit.log_likelihood > plain.log_likelihood + 20
    assert fit.entropy < plain.entropy
    noise = fit_latent_classes(told.assign(age=rng.normal(size=500)), "satisfaction", DRIVERS, 2,
                               membership=["age"])  # fmt: skip
    assert 0 <= noise.log_likelihood - plain.log_likelihood < 6


def test_frames_are_in_the_glossary(data: pd.DataFrame) -> None:
    fit = fit_latent_classes(data, "satisfaction", DRIVERS, 2)
    for frame in (class_slopes(fit), class_shares(fit), class_tests(fit)):
        assert not set(frame.columns) - set(GLOSSARY)
    shares = class_shares(fit)
    assert (shares["share_low"] < shares["share"]).all()
    assert (shares["share"] < shares["share_high"]).all()
    tests = class_tests(fit).set_index("term")
    assert tests["df"].tolist() == [1, 1, 2]
    assert (tests["p_value"] < 1e-6).all()


def test_draws_have_the_spread_of_the_errors(data: pd.DataFrame) -> None:
    fit = fit_latent_classes(data, "satisfaction", DRIVERS, 2, clusters=data["outlet"])
    counts = resample_counts(500, 2000, 1, "customers", data["outlet"])
    effects = class_effects(fit, data, counts, source="customers", clusters=data["outlet"])
    errors = class_slopes(fit).set_index(["group", "term"])["std_error"]
    for key, effect in effects.items():
        # 2000 draws: 1 / sqrt(4000) = 1.6 %; the sandwich carries G / (G - 1)
        assert effect.std_error == pytest.approx(errors[key] * np.sqrt(49 / 50), rel=0.07)
        assert effect.n_failed == 0


def test_a_handful_on_a_line_is_flagged_at_the_floor(data: pd.DataFrame) -> None:
    heap = data.copy()
    heap.loc[:99, "satisfaction"] = 7.0
    fit = fit_latent_classes(heap, "satisfaction", DRIVERS, 3)
    assert fit.on_floor
    flags = class_shares(fit)["flag"]
    assert flags.str.startswith("spread at its floor").sum() == len(fit.on_floor)


@pytest.mark.parametrize(
    ("change", "options", "error", "message"),
    [
        ({"staff": 1.0}, {}, DataError, r"'staff' has the same value in all 500 rows"),
        ({"satisfaction": "two"}, {}, DataError, r"'satisfaction' has 2 different values, at least 5"),
        ({}, {"classes": 30}, DataError, r"500 complete rows for the 149 numbers of 30 classes"),
        ({}, {"classes": 30}, DataError, r"Ask for 20 classes at most, or for fewer drivers\."),
        ({}, {"classes": 0}, DataError, r"0 classes, at least 1 expected"),
        ({"speed": "copy"}, {}, IdentificationError, r"drivers can be computed exactly.*'speed'"),
        ({"satisfaction": "exact"}, {}, IdentificationError, r"can be computed exactly from the drivers"),
        ({}, {"drivers": ["stuff"]}, DataError, r"column 'stuff' is not in the data \(closest: 'staff'\)"),
        ({}, {"membership": ["staff"]}, DataError, r"two parts at once: 'staff'"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused(
    change: dict[str, object],
    options: dict[str, object],
    error: type[Exception],
    message: str,
    data: pd.DataFrame,
) -> None:
    values = {
        "two": (data["satisfaction"] > 5).astype(float),
        "copy": 2 * data["staff"] + 1,
        "exact": 1 + 2 * data["staff"] - data["speed"],
    }
    wrong = data.assign(**{name: values.get(str(how), how) for name, how in change.items()})
    asked = {"drivers": DRIVERS, "classes": 2} | options
    with pytest.raises(error, match=message):
        fit_latent_classes(wrong, "satisfaction", **asked)  # type: ignore[arg-type]


def test_the_seed_repeats_and_a_bad_floor_is_refused(data: pd.DataFrame) -> None:
    first, again = (fit_latent_classes(data, "satisfaction", DRIVERS, 3, seed=5) for _ in range(2))
    assert (first.parameters == again.parameters).all()
    with pytest.raises(ValueError, match="floor must lie strictly between 0 and 1"):
        fit_latent_classes(data, "satisfaction", DRIVERS, 2, floor=0)
