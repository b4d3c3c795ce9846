from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx import sem
from servicefx.errors import DataError, StudyError

MODEL = "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6\ng ~ f"


def rows(n: int = 250) -> pd.DataFrame:
    rng = np.random.default_rng(14)
    f = rng.normal(size=n)
    g = 0.6 * f + 0.8 * rng.normal(size=n)
    values = 5 + np.column_stack([f, 0.8 * f, f, g, 0.7 * g, g]) + 0.6 * rng.normal(size=(n, 6))
    frame = pd.DataFrame(values, columns=[f"x{k}" for k in range(1, 7)], index=np.arange(n) * 2 + 7)
    return frame.assign(city=np.where(np.arange(n) % 2, "A", "B"))


def matrices(fit: sem.SemFit) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Loadings, residual variances and construct covariances, read off the table."""
    frame = fit.parameters
    loadings = np.zeros((6, 2))
    for _, row in frame[frame["op"] == "=~"].iterrows():
        loadings[int(row["rhs"][1]) - 1, "fg".index(row["lhs"])] = row["estimate"]
    own = frame[(frame["op"] == "~~") & (frame["lhs"] == frame["rhs"])].set_index("lhs")["estimate"]
    path = float(frame[frame["op"] == "~"]["estimate"].iloc[0])
    latent = np.array([[own["f"], path * own["f"]], [path * own["f"], path**2 * own["f"] + own["g"]]])
    return loadings, own[[f"x{k}" for k in range(1, 7)]].to_numpy(), latent


def test_regression_and_bartlett_scores_are_their_formulas() -> None:
    data = rows()
    fit = sem.fit(MODEL, data)
    loadings, residual, latent = matrices(fit)
    around = data.iloc[:, :6].to_numpy() - data.iloc[:, :6].to_numpy().mean(axis=0)
    sigma = loadings @ latent @ loadings.T + np.diag(residual)
    regression = around @ np.linalg.solve(sigma, loadings @ latent)
    scores = sem.factor_scores(fit, data)
    assert list(scores.columns) == ["f", "g"]
    assert scores.index.equals(data.index)
    np.testing.assert_allclose(scores, regression, atol=1e-6)
    weighted = loadings / residual[:, None]
    bartlett = around @ weighted @ np.linalg.inv(loadings.T @ weighted)
    np.testing.assert_allclose(sem.factor_scores(fit, data, "bartlett"), bartlett, atol=1e-6)


def test_scores_follow_the_rows_whatever_their_order_and_groups() -> None:
    data = rows()
    fit = sem.fit(MODEL, data, group="city")
    whole = sem.factor_scores(fit, data)
    shuffled = sem.factor_scores(fit, data.sample(frac=1.0, random_state=1))
    np.testing.assert_allclose(shuffled.loc[data.index], whole)
    one = sem.fit(MODEL, data[data.city == "A"], meanstructure=True)
    own = sem.factor_scores(one, data[data.city == "A"])
    np.testing.assert_allclose(whole.loc[own.index], own, atol=1e-5)


def test_gaps_give_no_score_unless_the_fit_allows_them() -> None:
    data = rows()
    data.iloc[0, 0] = np.nan
    assert sem.factor_scores(sem.fit(MODEL, data), data).iloc[0].isna().all()
    fiml = sem.fit(MODEL, data, missing="fiml")
    assert sem.factor_scores(fiml, data).notna().all(axis=None)


def test_scores_do_not_depend_on_units() -> None:
    data = rows()
    scale = 10.0 ** np.array([0, 3, -4, 0, 5, -2])
    scaled = data.copy()
    scaled.iloc[:, :6] = data.iloc[:, :6] * scale
    one, other = (
        sem.factor_scores(sem.fit(MODEL, data), data),
        sem.factor_scores(sem.fit(MODEL, scaled), scaled),
    )
    np.testing.assert_allclose(other, one, atol=1e-6)


def test_what_cannot_be_scored_is_refused() -> None:
    data = rows()
    fit = sem.fit(MODEL, data)
    with pytest.raises(StudyError, match="'anderson' is not known"):
        sem.factor_scores(fit, data, "anderson")
    with pytest.raises(DataError, match="column 'x1'"):
        sem.factor_scores(fit, data.drop(columns="x1"))
    with pytest.raises(StudyError, match="the model has no constructs"):
        sem.factor_scores(sem.fit("x1 ~ x2", data), data)
    grouped = sem.fit(MODEL, data, group="city")
    with pytest.raises(DataError, match="'C' is no group of the fit"):
        sem.factor_scores(grouped, data.assign(city="C"))
