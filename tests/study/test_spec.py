"""What a study file may hold, and where its constructs are measured."""

from __future__ import annotations

import tomllib

import pytest
from pydantic import ValidationError

from servicefx.study.spec import StudySpec, column_name

WHOLE = """
version = 1
[study]
id = "whole"
title = { en = "Whole", zh = "完整" }
languages = ["en", "zh"]
[data.customers]
file = "raw:customers.csv"
sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
unit = "customer_id"
nested_in = ["outlet_id", "firm_id"]
wave = "year"
weights = "w"
missing = [-99, "N/A", 1.5]
missing_in = { HANDLE = [98, 99], "满意 度" = ["无"] }
delimiter = ";"
encoding = "gb18030"
sheet = "Sheet1"
[data.firms]
file = "firms.parquet"
unit = "firm_id"
period = "quarter"
[scales.likert7]
min = 1
max = 7.0
labels = { 1 = "strongly disagree", 7 = "strongly agree" }
missing = [8, 9]
unit = "points"
[constructs.reliability]
mode = "reflective"
data = "customers"
items = [" rel1 ", "rel2"]
reversed = ["rel2"]
expectation = ["rel1_e", "rel2_e"]
scale = "likert7"
importance = "points_rel"
measured_in = { firms = "reliability_index" }
[constructs.own]
mode = "single"
label = "My own"
measured_in = { firms = "profit" }
[constructs.nps]
mode = "single"
data = "customers"
items = ["推荐"]
[[paths]]
hypothesis = "H1a"
from = "reliability"
to = "own"
data = "firms"
lag = 2
moderators = ["product_complexity"]
[[paths]]
from = ["reliability"]
to = "nps"
covariates = ["age"]
[models.structure]
kind = "sem"
lavaan = "nps ~ reliability"
[money]
currency = "CNY"
price_year = 2025
discount_rate = 0.08
periods_per_year = 4
horizon = 8
data = "customers"
[money.plan]
construct = "reliability"
change = 0.5
through = ["nps"]
[money.benefit]
line = "retention"
outcome = "nps"
customers = 50000
margin = 300
[money.cost]
line = "labour"
amount = 900000
relative_sd = 0.1
once = 5
[claims.K2]
satisfied = 5.0
highly_satisfied = 6.33
buys_again = 1
outcome = "nps"
[measurement]
data = "customers"
group = "channel"
duration = "seconds"
marker = ["m1", " m2 "]
pairs = [["rel1", "rel1_again"]]
segments = ["channel", "region"]
[inference]
level = 0.9
seed = 1
draws = 200
missing_data = "listwise"
[report]
languages = ["en"]
formats = ["html"]
"""


@pytest.fixture
def whole() -> StudySpec:
    return StudySpec.model_validate(tomllib.loads(WHOLE))


def test_every_key_of_the_contract_is_read_under_its_own_name(whole):
    customers = whole.data["customers"]
    assert customers.nested_in == ("outlet_id", "firm_id")
    assert customers.missing == (-99, "N/A", 1.5)
    assert customers.missing_in == {"HANDLE": (98, 99), "满意 度": ("无",)}
    assert (customers.delimiter, customers.encoding, customers.sheet) == (";", "gb18030", "Sheet1")
    assert whole.scales["likert7"].max == 7.0
    assert [path.sources for path in whole.paths] == [("reliability",), ("reliability",)]
    assert whole.paths[0].lag == 2
    assert whole.money is not None
    assert whole.money.plan.construct == whole.money.plan.construct_id == "reliability"
    assert whole.money.cost.relative_sd == 0.1
    assert whole.claims["K2"].buys_again == 1
    assert whole.constructs["reliability"].importance == "points_rel"
    assert whole.measurement is not None
    assert whole.measurement.model_dump() == {
        "data": "customers",
        "group": "channel",
        "duration": "seconds",
        "marker": ("m1", "m2"),
        "pairs": (("rel1", "rel1_again"),),
        "segments": ("channel", "region"),
        "ordered": False,
    }
    assert whole.inference.missing_data == "listwise"
    assert whole.study.title.text("zh") == "完整"


def test_what_is_optional_has_the_documented_defaults():
    bare = {key: value for key, value in tomllib.loads(WHOLE).items() if key not in ("inference", "report")}
    spec = StudySpec.model_validate(bare)
    assert spec.inference.model_dump() == {
        "level": 0.95,
        "seed": 20260101,
        "draws": 1000,
        "missing_data": "scores",
    }
    assert StudySpec.model_validate({**bare, "measurement": {}}).measurement_home == "customers"
    without = {key: value for key, value in bare.items() if key != "measurement"}
    assert StudySpec.model_validate(without).measurement is None
    assert spec.report.model_dump() == {"languages": ("en",), "formats": ("html",)}


def test_a_plain_title_and_label_are_the_english_ones(whole):
    label = whole.constructs["own"].label
    assert label is not None
    assert (label.text("en"), label.text("zh")) == ("My own", "My own")


def test_a_construct_lives_where_its_items_are_and_is_measured_elsewhere_too(whole):
    assert whole.home("reliability") == "customers"
    assert whole.measured("reliability") == ("customers", "firms")
    assert whole.columns("reliability", "customers") == ("rel1", "rel2")
    assert whole.columns("reliability", "firms") == ("reliability_index",)
    assert whole.columns("nps", "firms") == ()


def test_a_construct_without_items_lives_where_it_is_measured(whole):
    assert whole.home("own") == "firms"
    assert whole.measured("own") == ("firms",)
    assert whole.columns("own", "firms") == ("profit",)


def test_a_study_cannot_be_changed(whole):
    with pytest.raises(ValidationError, match="frozen"):
        whole.version = 2


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (" rel1\t", "rel1"),
        ("\ufeffid", "id"),
        ("How satisfied?", "How satisfied?"),
        ("Qualite\u0301", "Qualité"),
    ],
)
def test_a_column_name_loses_only_what_cannot_be_seen(written, read):
    assert column_name(written) == read
