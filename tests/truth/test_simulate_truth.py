"""The truth of the simulated study: every estimand, and its recovery from the committed data."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from servicefx.study.after_sales.parameters import CUSTOMER, DIMENSIONS, FIRM
from servicefx.study.after_sales.plans import CUSTOMERS_SERVED, MARGIN
from servicefx.study.after_sales.scores import REGRESSIONS, Regression, score_frame
from servicefx.study.after_sales.structure import structural_rows
from servicefx.study.after_sales.truth import after_sales_truth

RAW = Path(__file__).parents[2] / "data" / "raw"
JOINT_ERRORS = 4.0  # of the estimate and of the truth together

Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def truth() -> pd.DataFrame:
    return pd.read_csv(RAW / "after_sales_truth.csv", keep_default_na=False)


@pytest.fixture(scope="module")
def customers() -> pd.DataFrame:
    return pd.read_csv(RAW / "after_sales_customers.csv")


@pytest.fixture(scope="module")
def firms() -> pd.DataFrame:
    return pd.read_csv(RAW / "after_sales_firms.csv")


@pytest.fixture(scope="module")
def scores(customers: pd.DataFrame) -> pd.DataFrame:
    return score_frame(customers)


def formula(regression: Regression) -> str:
    group = f" (among {regression.among})" if regression.among else ""
    return f"{regression.model}: {regression.outcome} ~ {' + '.join(regression.terms)}{group}"


def sandwich(x: Array, scores_by_row: Array, bread: Array, clusters: Array) -> Array:
    """Cluster-robust standard errors, G / (G - 1) corrected."""
    sums = pd.DataFrame(scores_by_row).groupby(clusters).sum().to_numpy()
    n_clusters = len(sums)
    meat = sums.T @ sums * n_clusters / (n_clusters - 1)
    return np.sqrt(np.diag(bread @ meat @ bread))[: x.shape[1]]


def estimates_with_errors(table: Array, clusters: Array, model: str) -> tuple[Array, Array]:
    """Coefficients (constant last) and firm-clustered standard errors, plainly computed."""
    y, x = table[:, 0], np.column_stack([table[:, 1:], np.ones(len(table))])
    if model == "OLS":
        bread = np.linalg.inv(x.T @ x)
        beta = bread @ x.T @ y
        return beta, sandwich(x, x * (y - x @ beta)[:, None], bread, clusters)
    beta = np.zeros(x.shape[1])
    for _ in range(20):
        chance = expit(x @ beta)
        bread = np.linalg.inv(x.T @ (x * (chance * (1 - chance))[:, None]))
        beta = beta + bread @ x.T @ (y - chance)
    return beta, sandwich(x, x * (y - expit(x @ beta))[:, None], bread, clusters)


@pytest.mark.parametrize(
    "regression", [one for one in REGRESSIONS if one.model != "standardised OLS"], ids=formula
)
def test_score_regression_on_the_committed_data_recovers_its_truth(
    regression: Regression, truth: pd.DataFrame, scores: pd.DataFrame, customers: pd.DataFrame
) -> None:
    rows = scores.assign(firm=customers["firm_id"])
    rows = rows[rows[regression.among] > 0] if regression.among else rows
    names = [regression.outcome, *regression.terms]
    frame = pd.DataFrame({name: rows[name.split("*")].prod(axis=1, skipna=False) for name in names})
    kept = frame.notna().all(axis=1)
    clusters = rows.loc[kept, "firm"].to_numpy()
    beta, error = estimates_with_errors(frame[kept].to_numpy(), clusters, regression.model)
    expected = truth[truth["model"] == formula(regression)].set_index("term").loc[list(regression.terms)]
    assert (expected["outcome"] == regression.outcome).all()
    joint = np.sqrt(error[:-1] ** 2 + expected["mc_error"] ** 2)
    distance = (beta[:-1] - expected["estimate"]).abs() / joint
    assert distance.max() < JOINT_ERRORS, distance


@pytest.mark.parametrize(
    ("outcome", "term", "hypothesis"),
    [
        ("retention", "satisfaction", ""),
        ("market_share", "relative_service", "H17"),
        ("failure_cost", "satisfaction", "H11"),
        ("acquisition_cost", "satisfaction", "H11"),
    ],
)
def test_two_way_fixed_effects_recover_the_structure_and_pooled_regression_does_not(
    outcome: str, term: str, hypothesis: str, truth: pd.DataFrame, firms: pd.DataFrame
) -> None:
    model = f"two-way fixed effects: {outcome} ~ {term}"
    stated = truth[truth["model"] == model].iloc[0]
    assert stated["hypothesis"] == hypothesis
    structural = FIRM[f"{term}->{outcome}"]
    assert abs(stated["estimate"] - structural) < JOINT_ERRORS * stated["mc_error"]

    def within(column: str) -> Array:
        by_firm, by_quarter = (firms.groupby(key)[column].transform("mean") for key in ("firm_id", "quarter"))
        return (firms[column] - by_firm - by_quarter + firms[column].mean()).to_numpy()

    y, x = within(outcome), within(term)
    slope = float(x @ y / (x @ x))
    error = sandwich(
        x[:, None], (x * (y - slope * x))[:, None], np.array([[1 / (x @ x)]]), firms["firm_id"].to_numpy()
    )
    assert abs(slope - structural) < JOINT_ERRORS * float(error[0])
    pooled, pooled_error = estimates_with_errors(
        firms[[outcome, term]].to_numpy(), firms["firm_id"].to_numpy(), "OLS"
    )
    assert abs(pooled[0] - structural) > JOINT_ERRORS * pooled_error[0]


@pytest.mark.parametrize(
    ("group", "low", "high"), [("satisfied", 5.0, 6.33), ("highly_satisfied", 6.33, 8.0)]
)
def test_share_buying_again_on_the_committed_data_recovers_its_truth(
    group: str, low: float, high: float, truth: pd.DataFrame, scores: pd.DataFrame, customers: pd.DataFrame
) -> None:
    stated = truth[(truth["hypothesis"] == "K2") & (truth["term"] == group)].iloc[0]
    is_member = (scores["satisfaction"] >= low) & (scores["satisfaction"] < high)
    bought = scores.loc[is_member, ["repurchase"]].to_numpy()
    clusters = customers.loc[is_member, "firm_id"].to_numpy()
    share, error = estimates_with_errors(bought, clusters, "OLS")
    assert abs(share[0] - stated["estimate"]) < JOINT_ERRORS * np.hypot(error[0], stated["mc_error"])


def test_claim_k2_is_true_of_the_satisfied_and_false_of_the_highly_satisfied(truth: pd.DataFrame) -> None:
    shares = truth[truth["hypothesis"] == "K2"].set_index("term")["estimate"]
    assert 0.60 < shares["satisfied"] < 0.70
    assert shares["highly_satisfied"] < 0.90


def test_reliabilities_and_correlations_are_those_of_real_surveys(
    truth: pd.DataFrame, scores: pd.DataFrame
) -> None:
    alphas = truth[truth["model"] == "alpha"].set_index("outcome")["estimate"]
    assert len(alphas) == 13
    assert alphas.between(0.75, 0.92).all()
    correlations = scores[list(DIMENSIONS)].corr().to_numpy()[np.triu_indices(5, 1)]
    assert correlations.min() > 0.40
    assert correlations.max() < 0.65
    r_squared = truth[
        (truth["term"] == "r_squared") & (truth["model"].str.fullmatch(r"OLS: satisfaction ~ .*empathy"))
    ]
    assert r_squared["estimate"].between(0.5, 0.65).all()
    assert len(r_squared) == 1


def test_truth_lists_every_structural_value_and_only_columns_of_the_data(
    truth: pd.DataFrame, customers: pd.DataFrame, firms: pd.DataFrame
) -> None:
    structural = truth[truth["kind"] == "structural"]
    assert len(structural) == len(CUSTOMER) + len(FIRM)
    assert set(truth["kind"]) == {"structural", "observed_score", "intervention"}
    named = {column for columns in truth["columns"] for column in columns.split()}
    assert named <= set(customers.columns) | set(firms.columns)
    keys = ["kind", "model", "outcome", "term"]
    assert not truth.duplicated(keys).any()
    assert truth["estimate"].notna().all()
    assert (truth[["unit", "estimand"]] != "").all(axis=None)


def test_structural_values_are_those_of_the_simulator(truth: pd.DataFrame) -> None:
    stated = truth[truth["kind"] == "structural"].reset_index(drop=True)
    rows = pd.DataFrame(structural_rows())
    labels = ["hypothesis", "outcome", "term", "columns", "unit", "estimand"]
    assert (stated[labels] == rows[labels]).all(axis=None)
    np.testing.assert_allclose(stated["estimate"], rows["estimate"], rtol=1e-5)  # six digits are written


def test_observed_slopes_follow_the_structure_attenuated(truth: pd.DataFrame) -> None:
    by_term = truth[truth["model"].str.endswith("+ hours_within + hours_beyond")].set_index("term")[
        "estimate"
    ]
    assert abs(by_term["hours_within"]) < 0.001  # nothing within the tolerated wait
    assert -0.030 < by_term["hours_beyond"] < -0.025


def test_intervention_on_responsiveness_is_worth_its_margin_and_leaves_trust_alone(
    truth: pd.DataFrame,
) -> None:
    effects = truth[truth["model"] == "intervene: responsiveness +0.5"].set_index("outcome")["estimate"]
    assert effects["trust"] == 0
    assert effects["margin"] == pytest.approx(effects["repurchase"] * CUSTOMERS_SERVED * MARGIN, rel=1e-4)
    matched = truth[truth["model"].str.startswith("intervene: responsiveness +0.545")].set_index("outcome")
    assert matched.loc["responsiveness", "estimate"] == pytest.approx(0.5, abs=0.002)


@pytest.mark.slow
def test_truth_recomputed_in_four_blocks_is_the_committed_one(truth: pd.DataFrame) -> None:
    blocks = range(4)
    again = after_sales_truth(blocks)
    labels = [column for column in truth if column not in ("estimate", "mc_error")]
    pd.testing.assert_frame_equal(again[labels], truth[labels].astype(again[labels].dtypes.to_dict()))
    is_exact = truth["kind"] == "structural"
    np.testing.assert_allclose(again.loc[is_exact, "estimate"], truth.loc[is_exact, "estimate"], rtol=1e-5)
    # 40 blocks were used: the mean of four of them has sqrt(10) times the error; 5 for the many rows
    allowed = 5 * np.sqrt(10) * truth["mc_error"] + 1e-5 * truth["estimate"].abs()
    assert ((again["estimate"] - truth["estimate"]).abs() <= allowed).all()


@pytest.mark.slow
def test_truth_does_not_depend_on_the_number_of_processes() -> None:
    blocks = range(100, 102)
    pd.testing.assert_frame_equal(after_sales_truth(blocks, jobs=2), after_sales_truth(blocks))
