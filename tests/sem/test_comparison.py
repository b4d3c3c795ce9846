from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from servicefx import sem
from servicefx.errors import DataError, StudyError

FREE = "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6"


def rows(n: int = 300, seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    f = rng.normal(size=n)
    g = 0.5 * f + rng.normal(size=n)
    values = np.column_stack([f, 0.8 * f, f, g, 0.7 * g, g]) + rng.normal(size=(n, 6))
    return pd.DataFrame(values, columns=[f"x{k}" for k in range(1, 7)])


def test_plain_differences_are_the_difference_of_chi2() -> None:
    data = rows()
    free, orthogonal = sem.fit(FREE, data), sem.fit(FREE, data, orthogonal=True)
    table = sem.compare(orthogonal, free, names=["orthogonal", "free"])
    assert list(table.columns) == ["model", "df", "chi2", "chi2_diff", "df_diff", "p_value"]
    assert list(table["model"]) == ["free", "orthogonal"]
    difference = orthogonal.measures["chi2"] - free.measures["chi2"]
    assert table["chi2_diff"].iloc[1] == pytest.approx(difference)
    assert table["df_diff"].iloc[1] == 1
    assert table["p_value"].iloc[1] == pytest.approx(chi2.sf(difference, 1))
    assert np.isnan(table["p_value"].iloc[0])


def test_three_fits_are_compared_in_a_chain() -> None:
    data = rows()
    equal = FREE.replace("x2 + x3", "a*x2 + a*x3")
    fits = [sem.fit(text, data) for text in (FREE, equal, equal + "\nf ~~ 0*g")]
    table = sem.compare(*fits)
    assert list(table["df"]) == [8, 9, 10]
    total = fits[2].measures["chi2"] - fits[0].measures["chi2"]
    assert table["chi2_diff"].sum() == pytest.approx(total)


@pytest.mark.parametrize(("estimator", "lavaans"), [("mlm", (21.648, 21.108)), ("mlr", (22.327, 9.9187))])
def test_scaled_differences_are_lavaans(estimator: str, lavaans: tuple[float, float]) -> None:
    """R's lavaan 0.6-14, lavTestLRT on these rows, methods satorra.bentler.2001 and .2010."""
    data = rows()
    free = sem.fit(FREE, data, estimator=estimator)
    nested = sem.fit(FREE, data, estimator=estimator, orthogonal=True)
    found = sem.compare(free, nested)["chi2_diff"].iloc[1]
    c0, c1 = (one.solution.test.scaling_factor for one in (nested, free))
    assert c0 is not None
    assert c1 is not None
    scaling = (c0 * 9 - c1 * 8) / 1
    assert found == pytest.approx((nested.measures["chi2"] - free.measures["chi2"]) / scaling, rel=1e-8)
    assert found == pytest.approx(lavaans[0], abs=6e-4)
    newer = sem.compare(free, nested, method="satorra_bentler_2010", data=data)["chi2_diff"].iloc[1]
    assert newer == pytest.approx(lavaans[1], abs=6e-4)


def test_what_cannot_be_compared_is_refused() -> None:
    data = rows()
    free = sem.fit(FREE, data)
    with pytest.raises(StudyError, match="1 fit, at least 2"):
        sem.compare(free)
    with pytest.raises(StudyError, match="same degrees of freedom"):
        sem.compare(free, free)
    with pytest.raises(DataError, match="different rows"):
        sem.compare(free, sem.fit(FREE, rows(seed=5), orthogonal=True))
    with pytest.raises(StudyError, match="'x4', 'x5', 'x6' is in one only"):
        sem.compare(free, sem.fit("f =~ x1 + x2 + x3", data))
    with pytest.raises(StudyError, match="'ml' and 'gls' fits"):
        sem.compare(free, sem.fit(FREE, data, orthogonal=True, estimator="gls"))
    with pytest.raises(StudyError, match="'satora_2000' is not known"):
        sem.compare(free, sem.fit(FREE, data, orthogonal=True), method="satora_2000")
    with pytest.raises(StudyError, match="'ml' fits have no scaled test"):
        sem.compare(free, sem.fit(FREE, data, orthogonal=True), method="satorra_bentler_2001")
    robust = [sem.fit(FREE, data, orthogonal=held, estimator="mlr") for held in (True, False)]
    with pytest.raises(DataError, match="'satorra_bentler_2010' needs the rows"):
        sem.compare(*robust, method="satorra_bentler_2010")
