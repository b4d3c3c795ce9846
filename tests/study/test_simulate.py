"""The simulated study: committed bytes, streams that do not touch, marginal facts, interventions."""

import hashlib
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import StudyError
from servicefx.study.after_sales import plans
from servicefx.study.after_sales.items import LIKERT_ITEMS, item_names
from servicefx.study.after_sales.mechanisms import Intervention, Mechanisms, skewed
from servicefx.study.after_sales.parameters import CUSTOMER_QUANTITIES, DIMENSIONS
from servicefx.study.after_sales.truth import TRUTH_SHA256
from servicefx.study.simulate import QUANTITIES, SEED, SimulatedStudy, after_sales_files, simulate

ROOT = Path(__file__).parents[2]
RAW = ROOT / "data" / "raw"
STUDY_FILE = ROOT / "analyses" / "after_sales" / "study.toml"

MEASURED_BY = {
    **{
        name: item_names(name)
        for name in (*DIMENSIONS, "perceived_value", "trust", "satisfaction", "loyalty")
    },
    **{name: item_names(name) for name in ("staff_quality", "process", "technical_support")},
    "expectation": [item for name in DIMENSIONS for item in item_names(name, expectation=True)],
    "complaint_handling": item_names("complaint_handling"),
    "word_of_mouth": ["nps"],
}
SHIFT: dict[str, Intervention] = {
    "first_response_hours": 5.0,
    "people_told": 1.0,
    "service_failure": np.ones_like,
    "complained": np.ones_like,
}
SHIFT |= {"repurchase": np.ones_like}


@pytest.fixture(scope="module")
def study() -> SimulatedStudy:
    return simulate()


@pytest.fixture(scope="module")
def small() -> SimulatedStudy:
    return simulate(1500, seed=7, n_firms=10)


def columns_changed(before: pd.DataFrame, after: pd.DataFrame) -> set[str]:
    return {str(column) for column in before if not before[column].equals(after[column])}


def test_regenerated_files_are_the_committed_ones() -> None:
    for name, content in after_sales_files().items():
        assert content == (RAW / name).read_bytes(), f"{name}: regenerate with 'make data'"


def test_study_file_states_the_hashes_of_the_committed_files_and_the_money_of_the_truth() -> None:
    stated = tomllib.loads(STUDY_FILE.read_text(encoding="utf-8"))
    for data in stated["data"].values():
        content = (RAW / data["file"].removeprefix("raw:")).read_bytes()
        assert hashlib.sha256(content).hexdigest() == data["sha256"]
    benefit = stated["money"]["benefit"]
    assert benefit["customers"] == plans.CUSTOMERS_SERVED
    assert benefit["margin"] == plans.MARGIN
    assert stated["inference"]["seed"] == SEED


def test_template_in_the_wheel_is_the_study_file() -> None:
    template = ROOT / "src" / "servicefx" / "study" / "templates" / "after_sales.toml"
    assert template.read_bytes() == STUDY_FILE.read_bytes()


def test_committed_truth_has_the_hash_the_code_states() -> None:
    assert hashlib.sha256((RAW / "after_sales_truth.csv").read_bytes()).hexdigest() == TRUTH_SHA256


def test_sizes_are_those_of_the_study(study: SimulatedStudy) -> None:
    customers, firms = study.customers, study.firms
    assert len(customers) == 6000
    assert customers["customer_id"].is_unique
    assert customers["outlet_id"].nunique() == 200
    assert customers["firm_id"].nunique() == 40
    assert customers.groupby("outlet_id")["firm_id"].nunique().eq(1).all()
    assert customers.groupby("outlet_id")["outlet_type"].nunique().eq(1).all()
    assert set(customers["quarter"]) == set(range(1, 25))
    assert (customers["year"] == (customers["quarter"] - 1) // 4 + 1).all()
    assert len(firms) == 40 * 24
    assert not firms.duplicated(["firm_id", "quarter"]).any()
    assert set(firms["firm_id"]) == set(customers["firm_id"])


def test_answers_lie_on_the_scale_are_skewed_left_and_three_percent_are_missing(
    study: SimulatedStudy,
) -> None:
    asked = [item for item in LIKERT_ITEMS if not item.startswith("complaint_handling")]
    answers = study.customers[asked]
    assert set(np.unique(answers.to_numpy()[answers.notna().to_numpy()])) == set(range(1, 8))
    # 4 binomial standard errors of one column, and of all together
    assert answers.isna().mean().sub(0.03).abs().max() < 4 * np.sqrt(0.03 * 0.97 / 6000)
    assert abs(answers.isna().to_numpy().mean() - 0.03) < 4 * np.sqrt(0.03 * 0.97 / answers.size)
    skewness = answers.skew().to_numpy(np.float64)
    assert ((skewness > 0) == (np.array(asked) == "res3")).all()


def test_complaint_handling_is_blank_exactly_where_nobody_complained(study: SimulatedStudy) -> None:
    customers = study.customers
    answers = customers[item_names("complaint_handling")]
    assert answers[customers["complained"] == 0].isna().all(axis=None)
    assert 0.94 < answers[customers["complained"] == 1].notna().to_numpy().mean() < 0.99


def test_reversed_item_runs_against_its_scale(study: SimulatedStudy) -> None:
    correlations = study.customers[item_names("responsiveness")].corr()["res3"]
    assert (correlations.drop("res3") < -0.4).all()


def test_accounts_add_up_and_lie_in_range(study: SimulatedStudy) -> None:
    firms = study.firms
    lines = ["labour_cost", "material_cost", "facility_cost", "communication_cost", "management_cost"]
    np.testing.assert_allclose(firms[lines].sum(axis=1), firms["service_spending"], atol=1e-6)
    gap = firms["service_level"] - firms["rival_service"]
    np.testing.assert_allclose(gap, firms["relative_service"], atol=2e-4)  # four decimals each
    assert firms["retention"].between(0.6, 0.95).all()
    by_market = firms["market_share"].groupby(
        [(firms["firm_id"].str[1:].astype(int) - 1) // 5, firms["quarter"]]
    )
    assert by_market.sum().between(0.4, 1.0).all()


def test_dissatisfied_customers_tell_more_people_than_indifferent_and_satisfied_ones(
    study: SimulatedStudy,
) -> None:
    satisfaction = study.customers[item_names("satisfaction")].mean(axis=1)
    told = study.customers["people_told"]
    dissatisfied, indifferent, satisfied = (
        told[satisfaction.between(low, high)].mean() for low, high in ((1, 3), (4, 5), (6, 7))
    )
    assert dissatisfied > satisfied > indifferent


def test_same_seed_repeats_and_another_seed_differs(small: SimulatedStudy) -> None:
    again, other = (simulate(1500, seed=seed, n_firms=10) for seed in (7, 8))
    pd.testing.assert_frame_equal(again.customers, small.customers)
    pd.testing.assert_frame_equal(again.firms, small.firms)
    for column in ("rel1", "first_response_hours", "outlet_id", "repurchase"):
        assert not other.customers[column].equals(small.customers[column])


@pytest.mark.parametrize("quantity", CUSTOMER_QUANTITIES)
def test_intervention_changes_what_it_names_and_nothing_that_comes_before(
    quantity: str, small: SimulatedStudy
) -> None:
    after = simulate(1500, seed=7, intervene={quantity: SHIFT.get(quantity, 0.5)}, n_firms=10)
    changed = columns_changed(small.customers, after.customers)
    own = set(MEASURED_BY.get(quantity, [quantity]))
    earlier = CUSTOMER_QUANTITIES[: CUSTOMER_QUANTITIES.index(quantity)]
    before_it = {item for name in earlier for item in MEASURED_BY.get(name, [name])}
    if quantity == "complained":  # who complained decides who is asked about it
        before_it -= set(item_names("complaint_handling"))
    assert own <= changed
    assert not changed & before_it
    pd.testing.assert_frame_equal(after.firms, small.firms)


def test_missing_answers_stay_missing_under_an_intervention(small: SimulatedStudy) -> None:
    after = simulate(1500, seed=7, intervene={"satisfaction": 0.5}, n_firms=10)
    answers = list(LIKERT_ITEMS)
    pd.testing.assert_frame_equal(after.customers[answers].isna(), small.customers[answers].isna())


def test_shift_of_zero_changes_nothing(small: SimulatedStudy) -> None:
    after = simulate(1500, seed=7, intervene=dict.fromkeys(QUANTITIES, 0.0), n_firms=10)
    pd.testing.assert_frame_equal(after.customers, small.customers)
    pd.testing.assert_frame_equal(after.firms, small.firms)


def test_function_sets_values(small: SimulatedStudy) -> None:
    after = simulate(
        1500, seed=7, intervene={"first_response_hours": lambda hours: np.minimum(hours, 24.0)}, n_firms=10
    )
    assert after.customers["first_response_hours"].max() == 24.0
    waited = small.customers["first_response_hours"] > 24
    items = item_names("satisfaction")
    difference = after.customers[items].mean(axis=1) - small.customers[items].mean(axis=1)
    assert (difference[waited] >= 0).all()
    assert (difference[~waited].fillna(0.0) == 0.0).all()


def test_service_spending_builds_up_in_the_firms_and_reaches_their_customers(small: SimulatedStudy) -> None:
    after = simulate(1500, seed=7, intervene={"service_spending": lambda x: 1.5 * x}, n_firms=10)
    gain = (after.firms["satisfaction"] - small.firms["satisfaction"]).groupby(small.firms["quarter"]).mean()
    assert 0 < gain[1] < gain[4] < gain[24]
    np.testing.assert_allclose(
        after.firms["service_spending"] / small.firms["service_spending"], 1.5, atol=1e-3
    )
    assert after.customers["sat1"].mean() > small.customers["sat1"].mean()


def test_another_mechanism_leaves_every_column_unchanged(
    monkeypatch: pytest.MonkeyPatch, small: SimulatedStudy
) -> None:
    draw = Mechanisms.stream

    def with_another(self: Mechanisms, mechanism: str) -> np.random.Generator:
        draw(self, f"another before {mechanism}").random(1000)
        return draw(self, mechanism)

    monkeypatch.setattr(Mechanisms, "stream", with_another)
    pd.testing.assert_frame_equal(simulate(1500, seed=7, n_firms=10).customers, small.customers)


def test_two_mechanisms_cannot_share_a_stream() -> None:
    mechanisms = Mechanisms(1, {}, ())
    mechanisms.stream("trust")
    with pytest.raises(AssertionError, match="two mechanisms draw from the stream 'trust'"):
        mechanisms.stream("trust")


def test_skewed_disturbances_have_mean_zero_variance_one_and_a_left_tail() -> None:
    drawn = skewed(np.random.default_rng(1), 200_000)
    assert abs(drawn.mean()) < 4 / np.sqrt(200_000)
    assert abs(drawn.std() - 1) < 0.02
    assert abs(((drawn - drawn.mean()) ** 3).mean() + 1.0) < 0.1  # -2 / sqrt(4)


def test_one_customer_of_five_firms_in_one_quarter_is_a_study() -> None:
    study = simulate(1, seed=3, n_firms=5, n_quarters=1)
    assert len(study.customers) == 1
    assert len(study.firms) == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_customers": 0}, r"simulate\(n_customers=…\): 0; expected a whole number from 1"),
        ({"n_firms": 12}, r"simulate\(n_firms=…\): 12; expected a multiple of 5"),
        ({"n_quarters": 0}, r"simulate\(n_quarters=…\): 0; expected a whole number from 1"),
        ({"seed": -1}, r"simulate\(seed=…\): -1; a seed is a whole number from 0"),
        (
            {"intervene": {"responsivness": 0.5}},
            r"'responsivness' is not a quantity of the simulation \(closest: 'responsiveness'\)",
        ),
        (
            {"intervene": {"trust": lambda values: values[:3]}},
            r"the function returned shape \(3,\), expected \(6000,\)",
        ),
    ],
)
def test_what_cannot_be_simulated_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(StudyError, match=message):
        simulate(**arguments)  # type: ignore[arg-type]
