"""Alpha, omega, split halves, ordinal and hierarchical reliability against psych, semTools and lavaan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx.measurement.reliability import (
    categorical_omega,
    cronbach_alpha,
    item_statistics,
    mcdonald_omega,
    omega_hierarchical,
    ordinal_alpha,
    ordinal_omega,
    reliability_table,
    rho_a,
    split_half,
)
from servicefx.moments.moments import Moments

CLOSED_FORM = 1e-12  # both programs evaluate one formula
OPTIMISED = (
    2e-7  # two optimisers; lavaan refined by BFGS is off by 1e-8 where three items are just identified
)
PSYCH = 2e-5  # psych's polychorics and maximum likelihood stop earlier
LAMBDA4 = ("lambda4_max", "lambda4_min", "lambda4_mean")
ORDINAL = {
    "ordinal_alpha": ordinal_alpha,
    "ordinal_omega": ordinal_omega,
    "categorical_omega_implied": categorical_omega,
    "categorical_omega_observed": lambda x: categorical_omega(x, convention="observed"),
}
Blocks = Callable[[str, str], pd.DataFrame | np.ndarray]


@pytest.fixture
def rows(golden: Callable[[str], pd.DataFrame], repository: Path) -> Callable[[str], pd.DataFrame]:
    def of(data: str) -> pd.DataFrame:
        if data == "after_sales":
            answers = pd.read_csv(repository / "data" / "raw" / "after_sales_customers.csv")
            return answers.assign(res3=8 - answers["res3"])
        return golden({"simulated": "reliability/simulated.csv", "holzinger": "holzinger/data.csv"}[data])

    return of


@pytest.fixture
def block(golden: Callable[[str], pd.DataFrame], rows: Callable[[str], pd.DataFrame]) -> Blocks:
    """Rows of the items of a block, or their covariances where only these are kept."""
    names = golden("reliability/expected_items.csv").groupby(["data", "construct"])["item"].agg(list)

    def of(data: str, construct: str) -> pd.DataFrame | np.ndarray:
        items = names[data, construct]
        if data == "bfi":
            covariance = golden("reliability/bfi_covariance.csv").set_index("Unnamed: 0")
            return covariance.loc[items, items].to_numpy()
        return rows(data)[items].dropna()

    return of


def expected_of(
    golden: Callable[[str], pd.DataFrame], measure: str, least: int = 6
) -> dict[tuple[str, str], float]:
    table = golden("reliability/expected_measures.csv")
    own = table[table["measure"] == measure]
    assert len(own) >= least
    return dict(zip(zip(own["data"], own["construct"], strict=True), own["estimate"], strict=True))


@pytest.mark.parametrize(("measure", "standardised"), [("alpha", False), ("alpha_standardised", True)])
def test_alpha_raw_and_standardised_is_that_of_psych(
    measure: str, standardised: bool, golden: Callable[[str], pd.DataFrame], block: Blocks
) -> None:
    expected = expected_of(golden, measure)
    ours = {key: cronbach_alpha(block(*key), standardised=standardised) for key in expected}
    assert ours == pytest.approx(expected, rel=CLOSED_FORM)


@pytest.mark.parametrize("standardised", [False, True])
@pytest.mark.parametrize("measure", [*LAMBDA4, "lambda6", "spearman_brown"])
def test_split_halves_are_those_of_psych_and_of_all_sums(
    measure: str, standardised: bool, golden: Callable[[str], pd.DataFrame], block: Blocks
) -> None:
    if measure == "spearman_brown":  # of raw sums, and of items that have halves of equal length
        expected, standardised = expected_of(golden, measure, least=3), False
    else:
        expected = expected_of(golden, measure + ("_standardised" if standardised else ""))
    tables = {
        key: split_half(block(*key), standardised=standardised).set_index("measure") for key in expected
    }
    ours = {key: table["estimate"][measure] for key, table in tables.items()}
    assert ours == pytest.approx(expected, rel=CLOSED_FORM)


@pytest.mark.parametrize("convention", ["implied", "observed", "psych"])
def test_omega_is_that_of_semtools_and_psych_by_convention(
    convention: str, golden: Callable[[str], pd.DataFrame], block: Blocks
) -> None:
    expected = expected_of(golden, f"omega_{convention}")
    ours = {key: mcdonald_omega(block(*key), convention=convention) for key in expected}
    assert ours == pytest.approx(expected, rel=PSYCH if convention == "psych" else OPTIMISED)


def test_error_of_omega_is_the_robust_one_of_lavaan(
    golden: Callable[[str], pd.DataFrame], block: Blocks
) -> None:
    expected = {key: value for key, value in expected_of(golden, "omega_error").items() if key[0] != "bfi"}
    ours = {}
    for key in expected:
        answers = block(*key)
        table = reliability_table(answers, {"x": list(answers.columns)}).set_index("measure")
        ours[key] = table["std_error"]["omega"]
    assert ours == pytest.approx(expected, rel=OPTIMISED)


@pytest.mark.parametrize("measure", ORDINAL)
def test_ordinal_reliability_is_that_of_semtools(
    measure: str, golden: Callable[[str], pd.DataFrame], block: Blocks
) -> None:
    expected = expected_of(golden, measure)
    ours = {key: ORDINAL[measure](block(*key)) for key in expected}
    assert ours == pytest.approx(expected, rel=OPTIMISED)


def test_ordinal_alpha_is_that_of_psych(golden: Callable[[str], pd.DataFrame], block: Blocks) -> None:
    expected = expected_of(golden, "ordinal_alpha_psych")
    assert {key: ordinal_alpha(block(*key)) for key in expected} == pytest.approx(expected, rel=PSYCH)


def test_error_of_ordinal_omega_is_that_of_lavaan(
    golden: Callable[[str], pd.DataFrame], block: Blocks
) -> None:
    expected = expected_of(golden, "ordinal_omega_error")
    ours = {}
    for key in expected:
        answers = block(*key)
        table = reliability_table(answers, {"x": list(answers.columns)}, ordinal=True).set_index("measure")
        ours[key] = table["std_error"]["ordinal_omega"]
    assert ours == pytest.approx(expected, rel=OPTIMISED)


def test_item_statistics_are_those_of_psych(golden: Callable[[str], pd.DataFrame], block: Blocks) -> None:
    expected = golden("reliability/expected_items.csv")
    expected = expected[expected["data"] != "bfi"]
    for (data, construct), table in expected.groupby(["data", "construct"]):
        ours = item_statistics(block(data, construct))
        columns = list(table.columns[2:])
        pd.testing.assert_frame_equal(
            ours[columns], table[columns].reset_index(drop=True), rtol=CLOSED_FORM, check_dtype=False
        )
        assert (ours["undefined"] == "").all()


@pytest.mark.parametrize(
    ("data", "model"),
    [("simulated", "second_order"), ("holzinger", "second_order"), ("after_sales", "bifactor")],
)
def test_hierarchical_omega_is_that_of_semtools(
    data: str,
    model: str,
    golden: Callable[[str], pd.DataFrame],
    rows: Callable[[str], pd.DataFrame],
) -> None:
    answers = rows(data)
    stems = {"tangibles": "tan", "reliability": "rel", "empathy": "emp"}
    if data == "after_sales":
        dimensions = {
            name: [c for c in answers if c[:3] == stem and c[3:].isdigit()] for name, stem in stems.items()
        }
    else:
        names = [f"{'q' if data == 'simulated' else 'x'}{at}" for at in range(1, 10)]
        dimensions = {"A": names[:3], "B": names[3:6], "C": names[6:]}
    table = golden("reliability/expected_hierarchical.csv")
    expected = table[(table["data"] == data) & (table["model"] == model)].drop(columns=["data", "model"])
    keys = ["construct", "measure"]
    ours = omega_hierarchical(answers, dimensions, model=model)
    assert set(ours["n_items"]) >= {sum(map(len, dimensions.values()))}
    joined = expected[keys].merge(ours, on=keys, how="left", validate="one_to_one")
    known = expected["std_error"].notna().to_numpy()
    np.testing.assert_allclose(joined["estimate"], expected["estimate"], rtol=2e-6)
    np.testing.assert_allclose(joined["std_error"][known], expected["std_error"][known], rtol=1e-5)


def test_schmid_leiman_of_moments_is_that_of_rows(rows: Callable[[str], pd.DataFrame]) -> None:
    answers = rows("simulated")
    names = list(answers)
    dimensions = {"A": names[:3], "B": names[3:6], "C": names[6:]}
    ours, of_rows = (omega_hierarchical(x, dimensions) for x in (Moments.from_frame(answers), answers))
    np.testing.assert_allclose(ours["estimate"], of_rows["estimate"], rtol=1e-7)
    assert set(ours["interval"]) == {"delta, normal theory"}


def test_rho_a_and_its_weights_are_those_of_seminr(
    golden: Callable[[str], pd.DataFrame], rows: Callable[[str], pd.DataFrame]
) -> None:
    expected = golden("reliability/expected_rho_a.csv")
    for data, own in expected.groupby("data"):
        answers = rows(data)
        constructs = {name: list(part["item"]) for name, part in own.groupby("construct", sort=False)}
        table = reliability_table(answers, constructs)
        ours = table[table["measure"] == "rho_a"].set_index("construct")["estimate"].to_dict()
        seminrs = own.groupby("construct")["rho_a"].first().to_dict()
        assert ours == pytest.approx(seminrs, rel=1e-9)
        for name, part in own.groupby("construct"):
            correlation = answers[constructs[name]].corr().to_numpy()
            assert rho_a(correlation, part["weight"].to_numpy()) == pytest.approx(
                seminrs[name], rel=CLOSED_FORM
            )


@pytest.mark.external
def test_alphas_of_servqual_durables_are_the_listed_ones(shared_data: Path) -> None:
    answers = pd.read_csv(shared_data / "servqual_durables" / "servqual_durables.csv")
    blocks = {
        "T": range(1, 5),
        "R": range(5, 10),
        "Resp": range(10, 14),
        "A": range(14, 18),
        "E": range(18, 23),
    }
    ours = {name: cronbach_alpha(answers[[f"a{at:02d}" for at in block]]) for name, block in blocks.items()}
    listed = {"T": 0.8162, "R": 0.8737, "Resp": 0.8533, "A": 0.9195, "E": 0.9050}
    assert ours == pytest.approx(listed, abs=5.1e-5)  # four decimals
