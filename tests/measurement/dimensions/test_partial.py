"""Minimum average partial: populations, none to retain, gaps in the numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.measurement.dimensions.partial import minimum_average_partial
from servicefx.moments.moments import Moments
from servicefx.values.glossary import GLOSSARY


def printed(R: np.ndarray, n_obs: int = 300) -> Moments:
    return Moments.from_correlation(R, np.ones(len(R)), n_obs, names=[f"q{at}" for at in range(len(R))])


@pytest.mark.parametrize("factors", [1, 2, 3])
def test_blocks_of_a_population_are_counted(factors: int) -> None:
    found = minimum_average_partial(
        printed(np.kron(np.eye(factors), np.full((5, 5), 0.5)) + 0.5 * np.eye(5 * factors))
    )
    assert (found.n_factors, found.n_factors_fourth) == (factors, factors)
    assert set(found.table.columns) <= set(GLOSSARY)


def test_items_with_nothing_in_common_have_no_component(rng: np.random.Generator) -> None:
    noise = pd.DataFrame(rng.standard_normal((500, 6)), columns=list("abcdef"))
    assert minimum_average_partial(noise).n_factors == 0


def test_nothing_taken_out_is_the_mean_squared_correlation() -> None:
    R = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    table = minimum_average_partial(printed(R)).table
    assert table["average_squared"][0] == pytest.approx(0.25)
    assert table["average_fourth"][0] == pytest.approx(0.0625)


def test_an_item_that_is_taken_out_whole_has_its_reason() -> None:
    R = np.eye(4)
    R[0, 1] = R[1, 0] = 0.5
    found = minimum_average_partial(printed(R))
    gone = found.table["undefined"] != ""
    assert gone.any()
    assert found.table.loc[gone, "average_squared"].isna().all()
    assert found.table.loc[~gone, "average_squared"].notna().all()


def test_polychoric_partials_need_matrices_that_can_be_inverted(rng: np.random.Generator) -> None:
    common = rng.standard_normal((14, 1))
    few = pd.DataFrame(
        np.digitize(common + 0.5 * rng.standard_normal((14, 8)), [0.0]), columns=list("abcdefgh")
    )
    with pytest.raises(DataError, match="polychoric correlations: are not positive definite"):
        minimum_average_partial(few, correlation="polychoric")
