import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, StudyError
from servicefx.measurement.benefit_index import INDEX, benefit_index

FAMILIES = {
    "economic": ["e1", "e2", "e3"],
    "social": ["s1", "s2", "s3"],
    "relationship": ["r1", "r2", "r3"],
}
ITEM_WEIGHTS = {"economic": [0.5, 0.3, 0.4], "social": [0.2, 0.6, 0.4], "relationship": [0.6, 0.4, 0.2]}
FAMILY_WEIGHTS = [0.4, 0.2, 0.6]


def answers(n: int = 600, seed: int = 3, noise: float = 0.6) -> pd.DataFrame:
    """Nine items correlated .3, an index of known weights, and a global item that follows it."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, 9)) @ np.linalg.cholesky(0.3 + 0.7 * np.eye(9)).T
    data = pd.DataFrame(values, columns=[item for block in FAMILIES.values() for item in block])
    index = np.zeros(n)
    for (family, block), weight in zip(FAMILIES.items(), FAMILY_WEIGHTS, strict=True):
        index += weight * _unit(data[block].to_numpy() @ np.array(ITEM_WEIGHTS[family]))
    return data.assign(overall=_unit(index) + noise * rng.normal(size=n))


def _unit(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / values.std()


def test_nearly_without_noise_the_weights_are_those_that_made_the_index():
    data = answers(noise=0.02)
    found = benefit_index(data, FAMILIES, {"global": ["overall"]}, draws=20, seed=1)
    # the first stage weighs each family's items by regression on the whole alone, so that a little is lost
    assert found.redundancy["estimate"].tolist() == pytest.approx([1.0], abs=0.02)
    ratio = found.families["estimate"].to_numpy() / np.array(FAMILY_WEIGHTS)
    assert ratio / ratio.mean() == pytest.approx([1.0, 1.0, 1.0], abs=0.1)


def test_shares_of_the_families_sum_to_one():
    found = benefit_index(answers(), FAMILIES, {"global": ["overall"]}, draws=20, seed=1)
    assert found.families["share"].sum() == pytest.approx(1.0)
    for _, block in found.items.groupby("construct"):
        assert block["share"].sum() == pytest.approx(1.0)


def test_intervals_cover_and_the_redundancy_path_is_judged_with_its_number():
    found = benefit_index(answers(), FAMILIES, {"global": ["overall"]}, draws=300, seed=1)
    assert (found.families["conf_low"] < found.families["estimate"]).all()
    assert (found.families["estimate"] < found.families["conf_high"]).all()
    row = found.rules.set_index("rule").loc["redundancy"]
    assert row["subject"] == f"{INDEX} → global"
    assert row["judgement"] == "pass"
    assert 0.7 < row["estimate"] < 0.95
    weak = benefit_index(answers(noise=3.0), FAMILIES, {"global": ["overall"]}, draws=20, seed=1)
    assert weak.rules.set_index("rule").loc["redundancy", "judgement"] == "fail"


def test_items_that_repeat_one_another_fail_the_collinearity_rule():
    rng = np.random.default_rng(5)
    data = answers()
    data["e2"] = data["e1"] + 0.1 * rng.normal(size=len(data))
    found = benefit_index(data, FAMILIES, {"global": ["overall"]}, draws=20, seed=1)
    judged = found.rules.set_index("subject")["judgement"]
    assert judged["economic: e1"] == judged["economic: e2"] == "fail"
    assert judged["social: s1"] == "pass"


def test_an_item_without_contribution_is_named():
    rng = np.random.default_rng(6)
    data = answers().assign(s1=rng.normal(size=600))
    found = benefit_index(data, FAMILIES, {"global": ["overall"]}, draws=100, seed=1)
    assert "'s1' in 'social'" in [problem.where for problem in found.problems]


@pytest.mark.parametrize(
    ("families", "outcome", "error", "message"),
    [
        (FAMILIES, {}, StudyError, "nothing tells the weights of a formative index"),
        ({"economic": ["e1", "e2"]}, {"global": ["overall"]}, StudyError, "1 family of benefits"),
        ({**FAMILIES, "social": []}, {"global": ["overall"]}, StudyError, "'social': measured by nothing"),
        ({**FAMILIES, INDEX: ["e1"]}, {"global": ["overall"]}, DataError, "is the index itself"),
        ({**FAMILIES, "social": ["s9"]}, {"global": ["overall"]}, DataError, "item 's9': not in the data"),
    ],
)
def test_what_gives_no_index_is_refused(families, outcome, error, message):
    with pytest.raises(error, match=message):
        benefit_index(answers(), families, outcome, draws=20)


def test_an_index_without_any_outcome_is_refused_with_what_to_add():
    with pytest.raises(StudyError, match="no measure of the benefit as a whole"):
        benefit_index(answers(), {"economic": ["e1", "e2"], "social": ["s1", "s2"]})
