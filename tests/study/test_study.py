"""Study: what everybody else reads."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import pickle
import re

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import StudyError
from servicefx.study.study import check_study, gap_scores, load_study


def test_a_study_is_read_from_its_folder_or_its_file(make_study):
    folder = make_study()
    study = load_study(folder)
    assert study.id == load_study(folder / "study.toml").id == "demo"
    assert study.study_sha256 == hashlib.sha256((folder / "study.toml").read_bytes()).hexdigest()
    assert study.inputs == {"customers": hashlib.sha256((folder / "survey.csv").read_bytes()).hexdigest()}
    assert (study.seed, study.level, study.draws, study.title("zh")) == (20260101, 0.95, 1000, "Demo")
    assert study.counts == {"customers": {"rows read": 20}}
    assert study.frames["customers"].index.equals(pd.RangeIndex(20))
    assert study.scores["customers"].index.equals(pd.RangeIndex(20))


def test_a_study_file_may_have_another_name(make_study):
    folder = make_study({'to = "satisfaction"': 'to = "satisfacton"'})
    (folder / "study.toml").rename(folder / "second.toml")
    assert check_study(folder / "second.toml")[0].where == "second.toml: paths[0].to"


def test_items_come_in_the_order_of_the_construct(make_study, survey):
    study = load_study(make_study({'["rel1", "rel2", "rel3"]': '["rel3", "rel1", "rel2"]'}))
    items = study.items("reliability")
    assert list(items.columns) == ["rel3", "rel1", "rel2"]
    assert items["rel3"].tolist() == [8 - int(answer) for answer in survey["rel3"]]
    assert study.data_of("reliability") == "customers"


def test_labels_are_the_theorys_where_the_study_has_none(make_study):
    study = load_study(make_study({'mode = "single"': 'mode = "single"\nlabel = "Delight"'}))
    assert (study.label("reliability"), study.label("reliability", "zh")) == ("Reliability", "可靠性")
    assert (study.label("satisfaction"), study.label("satisfaction", "zh")) == ("Delight", "Delight")


def test_a_construct_on_no_scale_is_an_unbounded_measure(make_study, survey):
    survey["sat"] = [str(900 + row) for row in range(20)]
    study = load_study(make_study({'items = ["sat"]\nscale = "likert"': 'items = ["sat"]'}, frame=survey))
    assert study.scale_of("satisfaction") is None
    scale = study.scale_of("reliability")
    assert scale is not None
    assert (scale.min, scale.max) == (1, 7)
    assert study.scores["customers"]["satisfaction"].max() == 919


def test_a_construct_the_study_does_not_declare_is_refused(make_study):
    study = load_study(make_study())
    expected = (
        "study.toml: constructs: construct 'satisfacton' is not declared (closest: 'satisfaction')\n"
        "    Correct the id, or add [constructs.satisfacton]."
    )
    for read in (study.data_of, study.items, study.label, study.scale_of):
        with pytest.raises(StudyError, match=re.escape(expected)):
            read("satisfacton")


@pytest.mark.parametrize(
    ("keys", "clusters"),
    [
        ('unit = "customer"\nnested_in = ["outlet", "firm"]', "outlet"),
        ('unit = "customer"\nperiod = "quarter"', "customer"),
        ('unit = "customer"\nwave = "quarter"', None),
        ('unit = "customer"', None),
        ("", None),
    ],
)
def test_rows_depend_on_each_other_within_the_innermost_cluster(keys, clusters, make_study, survey):
    survey["outlet"], survey["firm"], survey["quarter"] = [f"o{row % 4}" for row in range(20)], "f", "1"
    found = load_study(make_study({'unit = "customer"': keys}, frame=survey)).clusters("customers")
    assert (None if found is None else found.name) == clusters


def test_column_names_with_spaces_and_in_chinese_work_everywhere(make_study, survey):
    survey = survey.rename(
        columns={"customer": "客户 编号", "rel1": "承诺 兑现", "sat": "Satisfied (1-7), overall"}
    )
    survey["权 重"], survey["门店"], survey["年 龄"] = (
        "2.5",
        ["甲", "乙"] * 10,
        [str(20 + row) for row in range(20)],
    )
    change = {
        'unit = "customer"': 'unit = "客户 编号"\nweights = "权 重"\nnested_in = ["门店"]\n'
        'missing_in = { "承诺 兑现" = [0] }',
        '"rel1"': '"承诺 兑现"',
        'items = ["sat"]': 'items = ["Satisfied (1-7), overall"]',
        'to = "satisfaction"': 'to = "satisfaction"\ncovariates = ["年 龄"]',
    }
    for content in (None, survey.to_csv(index=False, sep=";").encode("gb18030")):
        study = load_study(make_study(change, frame=survey, content=content))
        assert list(study.items("reliability").columns) == ["承诺 兑现", "rel2", "rel3"]
        assert study.weights("customers").tolist() == [2.5] * 20
        assert study.clusters("customers").tolist() == ["甲", "乙"] * 10
        assert study.scores["customers"].notna().all(axis=None)


def test_a_study_is_frozen_and_can_be_sent(make_study):
    study = load_study(make_study())
    with pytest.raises(dataclasses.FrozenInstanceError):
        study.study_sha256 = ""
    sent = pickle.loads(pickle.dumps(study))
    pd.testing.assert_frame_equal(sent.frames["customers"], study.frames["customers"])
    assert sent.spec == copy.deepcopy(study.spec)


def test_the_labels_of_an_spss_file_are_kept(make_study, survey, tmp_path):
    import pyreadstat

    folder = make_study({'file = "survey.csv"': 'file = "survey.sav"'})
    answers = survey.astype({name: float for name in ("rel1", "rel2", "rel3", "sat")})
    pyreadstat.write_sav(
        answers.astype({"customer": "str"}),
        str(tmp_path / "survey.sav"),
        column_labels={"sat": "总体满意度"},
        variable_value_labels={"sat": {7: "满意"}},
    )
    study = load_study(folder)
    assert study.variable_labels["customers"]["sat"] == "总体满意度"
    assert study.value_labels["customers"]["sat"] == {7.0: "满意"}


EXPECTED = {
    'reversed = ["rel3"]': 'reversed = ["rel3", "e3"]\nexpectation = ["e1", "e2", "e3"]',
}


def test_the_gap_is_perception_minus_expectation_over_answered_pairs(make_study, survey):
    survey["e1"], survey["e2"], survey["e3"] = survey["rel3"], survey["rel1"], survey["rel2"]
    survey = survey.assign(
        e1=[str(1 + row % 7) for row in range(20)], e2=[str(7 - row % 7) for row in range(20)]
    )
    survey["e3"] = [str(1 + (3 * row) % 7) for row in range(20)]
    survey.loc[1, "e1"] = ""
    survey.loc[2, ["e1", "rel2"]] = ""
    gaps = gap_scores(load_study(make_study(EXPECTED, frame=survey)), "reliability")
    numbers = survey.apply(pd.to_numeric, errors="coerce")
    pairs = pd.DataFrame(
        {
            1: numbers["rel1"] - numbers["e1"],
            2: numbers["rel2"] - numbers["e2"],
            3: -(numbers["rel3"] - numbers["e3"]),
        }
    )
    expected = pairs.mean(axis=1)
    expected[2] = np.nan  # one pair of three is less than half
    np.testing.assert_allclose(gaps, expected, rtol=1e-15)


def test_a_construct_without_expectation_items_has_no_gap(make_study):
    with pytest.raises(StudyError) as raised:
        gap_scores(load_study(make_study()), "reliability")
    assert str(raised.value) == (
        "study.toml: constructs.reliability: 'reliability' has no expectation items, so there is "
        "no gap to its "
        "perception\n    Add expectation = one column for each item."
    )
