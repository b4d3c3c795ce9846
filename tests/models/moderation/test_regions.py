"""Johnson-Neyman regions: what they mean, what they refuse, and their false discoveries."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, IdentificationError, StudyError
from servicefx.models.moderation import fit_interaction, johnson_neyman, simple_slopes, slope_differences
from servicefx.models.moderation.regions import benjamini_hochberg
from servicefx.values.glossary import GLOSSARY


def sample(rng: np.random.Generator, n: int = 400, change: float = -0.2) -> pd.DataFrame:
    x, w, z = rng.normal(size=(3, n))
    y = 0.3 * x + change * x * w + 0.2 * z + rng.normal(size=n)
    return pd.DataFrame({"y": y, "x": x, "w": w, "z": z})


@pytest.mark.parametrize("control", [False, True])
@pytest.mark.parametrize("change", [-0.25, 0.0, 0.4])
def test_inside_its_regions_and_nowhere_else_the_slope_differs(
    rng: np.random.Generator, change: float, control: bool
) -> None:
    found = johnson_neyman(sample(rng, change=change), "y", "x", "w", ["z"], false_discovery=control)
    decided = found.slopes["statistic"].abs() > found.critical
    for row in found.regions.itertuples():
        inside = (found.slopes["at"] > row.low) & (found.slopes["at"] < row.high)
        assert (decided[inside] == (row.sign != "undecided")).all()
        signs = np.sign(found.slopes.loc[inside, "estimate"])
        assert row.sign == "undecided" or (signs == {"positive": 1, "negative": -1}[row.sign]).all()
    assert found.regions["low"].iloc[0] == found.observed[0]
    assert found.regions["high"].iloc[-1] == found.observed[1]


def test_control_makes_regions_smaller_and_agrees_with_adjusted_p_values(rng: np.random.Generator) -> None:
    data = sample(rng)
    plain = johnson_neyman(data, "y", "x", "w", false_discovery=False)
    controlled = johnson_neyman(data, "y", "x", "w")
    assert controlled.critical > plain.critical
    decided = controlled.slopes["statistic"].abs() >= controlled.critical * (1 - 1e-12)
    assert (decided == (controlled.slopes["p_adjusted"] <= 0.05)).all()


def test_without_any_effect_control_finds_one_in_a_twentieth_of_samples(rng: np.random.Generator) -> None:
    found = {True: 0, False: 0}
    for _ in range(400):
        x, w, y = rng.normal(size=(3, 120))
        data = pd.DataFrame({"x": x, "w": w, "y": y})
        for control in found:
            regions = johnson_neyman(data, "y", "x", "w", false_discovery=control, points=100).regions
            found[control] += (regions["sign"] != "undecided").any()
    assert (
        found[True] < 40
    )  # 99.9 % bound of 400 draws at .05 is 36; HC3 at n = 120 and the ends add a little
    assert found[False] > 1.5 * found[True]


def test_moving_or_stretching_the_moderator_moves_the_regions_with_it(rng: np.random.Generator) -> None:
    data = sample(rng)
    first = johnson_neyman(data, "y", "x", "w", ["z"])
    second = johnson_neyman(data.assign(w=100 + 10 * data["w"]), "y", "x", "w", ["z"])
    assert second.roots == pytest.approx(100 + 10 * np.array(first.roots))
    assert second.critical == pytest.approx(first.critical)


def test_nothing_found_is_said(rng: np.random.Generator) -> None:
    data = sample(rng, 60, 0.0).assign(x=rng.normal(size=60))
    found = johnson_neyman(data, "y", "x", "w")
    assert found.regions["sign"].tolist() == ["undecided"]
    assert found.reading.startswith("nowhere in the observed range of 'w'")


def test_benjamini_hochberg_of_their_own_table() -> None:
    # Benjamini & Hochberg (1995), J. Royal Statistical Society B 57, 289-300, sec. 3.1: four are rejected
    p = np.array([0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
                  0.5719, 0.6528, 0.7590, 1.0])  # fmt: skip
    assert (benjamini_hochberg(p) <= 0.05).sum() == 4


def test_simple_slopes_choose_their_values(rng: np.random.Generator) -> None:
    data = sample(rng).assign(online=(rng.random(400) < 0.4).astype(float))
    wide = simple_slopes(fit_interaction(data, "y", "x", "w"))
    mean, sd = data["w"].mean(), data["w"].std()
    assert wide["at"].tolist() == pytest.approx([mean - sd, mean, mean + sd])
    both = simple_slopes(fit_interaction(data, "y", "x", "online"))
    assert both["at"].tolist() == [0, 1]
    far = simple_slopes(fit_interaction(data, "y", "x", "w"), at=[50])
    assert "'w' was observed from" in far["caution"].iloc[0]


def test_gaps_are_dropped_and_counted(rng: np.random.Generator) -> None:
    data = sample(rng)
    data.loc[:4, "w"] = np.nan
    data.loc[3:9, "z"] = np.nan
    fit = fit_interaction(data, "y", "x", "w", ["z"])
    assert fit.estimates.n_obs == 390
    assert dict(fit.estimates.dropped) == {"w missing": 5, "z missing": 5}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("y", "x", "v"), "column 'v' is not in the data"),
        (("y", "x", "x"), "these columns have two parts at once: 'x'"),
        (("y", "x", "channel"), "column 'channel' holds text"),
        (("y", "x", "online"), "'online' has 2 values, which leaves nothing between them"),
        (("y", "x", "still"), "'still' has the same value"),
        (("y", "x", "empty"), "no row has all of these columns"),
    ],
)
def test_columns_that_hold_no_interaction_are_refused(
    rng: np.random.Generator, arguments: tuple[str, str, str], message: str
) -> None:
    data = sample(rng).assign(channel="web", online=np.arange(400) % 2, still=1.0, empty=np.nan)
    with pytest.raises(DataError, match=message):
        johnson_neyman(data, *arguments)


def test_an_empty_combination_of_two_groups_is_refused(rng: np.random.Generator) -> None:
    data = sample(rng).assign(a=[0.0, 0.0, 1.0, 1.0] * 100, b=[0.0, 1.0, 0.0, 0.0] * 100)
    with pytest.raises(IdentificationError, match="can be computed exactly"):
        fit_interaction(data, "y", "a", "b")


def test_values_of_a_moderator_the_model_lacks_are_refused(rng: np.random.Generator) -> None:
    fit = fit_interaction(sample(rng), "y", "x", "w")
    with pytest.raises(DataError, match="values of a second moderator, but the model has one"):
        simple_slopes(fit, second_at=[0])
    with pytest.raises(DataError, match="one value of the moderator"):
        slope_differences(fit, at=[1])
    with pytest.raises(DataError, match="Give at least one number"):
        simple_slopes(fit, at=[np.nan])


def test_its_tables_speak_the_glossary(rng: np.random.Generator) -> None:
    found = johnson_neyman(sample(rng), "y", "x", "w")
    fit = fit_interaction(sample(rng), "y", "x", "w", second="z")
    for table in (found.regions, found.slopes, simple_slopes(fit), slope_differences(fit)):
        assert set(table.columns) <= set(GLOSSARY)


def test_a_moderator_far_from_zero_keeps_its_digits(rng: np.random.Generator) -> None:
    data = sample(rng)
    first = johnson_neyman(data, "y", "x", "w", ["z"])
    far = johnson_neyman(data.assign(w=data["w"] + 1e7), "y", "x", "w", ["z"])
    assert np.array(far.roots) - 1e7 == pytest.approx(np.array(first.roots), abs=1e-6)
    np.testing.assert_allclose(far.slopes["std_error"], first.slopes["std_error"], rtol=1e-6)


def test_simple_slopes_of_weighted_rows_stand_where_repeated_rows_put_them(rng: np.random.Generator) -> None:
    data = sample(rng)
    times = np.where(data["w"] > 1, 9, 1)
    weighted = simple_slopes(fit_interaction(data, "y", "x", "w", weights=pd.Series(times, name="times")))
    rows = data.loc[data.index.repeat(times)].reset_index(drop=True)
    repeated = simple_slopes(fit_interaction(rows, "y", "x", "w"))
    n, more = len(data), times.sum()  # the two differ by their n / (n - 1) only
    spread = np.sqrt(n / (n - 1) * (more - 1) / more)
    middle = repeated["at"].iloc[1]
    np.testing.assert_allclose(weighted["at"] - middle, (repeated["at"] - middle) * spread, atol=1e-12)
    assert weighted["estimate"].iloc[1] == pytest.approx(repeated["estimate"].iloc[1], rel=1e-9)


@pytest.mark.parametrize(("outcome", "covariates"), [("x × w", []), ("y", ["x × w"])])
def test_a_column_that_bears_the_name_of_a_product_is_refused(
    rng: np.random.Generator, outcome: str, covariates: list[str]
) -> None:
    data = sample(rng).assign(**{"x × w": rng.normal(size=400)})
    with pytest.raises(DataError, match="these columns bear the name of a product: 'x × w'"):
        fit_interaction(data, outcome, "x", "w", covariates)


def test_one_point_along_the_moderator_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(StudyError, match="points: 1 along 'w', at least 2 expected"):
        johnson_neyman(sample(rng), "y", "x", "w", points=1)


def test_where_no_point_passes_no_region_between_points_does() -> None:
    x, w, noise = np.random.default_rng(33).normal(size=(3, 60))
    found = johnson_neyman(pd.DataFrame({"y": 0.35 * x + noise, "x": x, "w": w}), "y", "x", "w", points=5)
    assert (found.slopes["p_adjusted"] > 0.05).all()
    assert found.roots == ()
    assert found.regions["sign"].tolist() == ["undecided"]
