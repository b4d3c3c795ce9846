"""Names that must be declared, between the tables of a study file."""

from __future__ import annotations

import pytest

from servicefx.study.study import check_study

MONEY = """
[money]
currency = "CNY"
price_year = 2025
discount_rate = 0.08
periods_per_year = 4
horizon = 8
plan = { construct = "reliabilty", change = 0.5, through = ["satisfactoin"] }
benefit = { line = "retentoin", outcome = "repurchase", customers = 1, margin = 1 }
cost = { line = "labor", amount = 1 }
"""

FAULTS = {
    "a path from an undeclared construct": (
        {'from = "reliability"': 'from = "reliabilty"'},
        "",
        [
            "study.toml: paths[0].from: construct 'reliabilty' is not declared under [constructs] "
            "(closest: 'reliability')\n    Correct the id, or add [constructs.reliabilty]."
        ],
    ),
    "a path from one of several": (
        {'from = "reliability"': 'from = ["reliability", "trust"]'},
        "",
        [
            "study.toml: paths[0].from[1]: construct 'trust' is not declared under [constructs] "
            "(known: 'reliability', 'satisfaction')\n    Correct the id, or add [constructs.trust]."
        ],
    ),
    "a path to an undeclared construct": (
        {'to = "satisfaction"': 'to = "satisfacton"'},
        "",
        [
            "study.toml: paths[0].to: construct 'satisfacton' is not declared under [constructs] "
            "(closest: 'satisfaction')\n    Correct the id, or add [constructs.satisfacton]."
        ],
    ),
    "a path that leads to itself": (
        {'from = "reliability"': 'from = "satisfaction"'},
        "",
        ["study.toml: paths[0].from: 'satisfaction' leads to itself\n    Name another construct."],
    ),
    "an unknown hypothesis": (
        {'hypothesis = "H1a"': 'hypothesis = "H1f"'},
        "",
        [
            "study.toml: paths[0].hypothesis: unknown hypothesis 'H1f' (closest: 'H1e')\n"
            "    Correct the id, or leave it out for a path of the study's own."
        ],
    ),
    "an unknown moderator": (
        {'to = "satisfaction"': 'to = "satisfaction"\nmoderators = ["product_complexety"]'},
        "",
        [
            "study.toml: paths[0].moderators[0]: 'product_complexety' is neither a construct, nor a "
            "moderator of the theory, nor a column of survey.csv (closest: 'product_complexity')\n"
            "    Correct the name, or remove the moderator."
        ],
    ),
    "a path in an unknown data file": (
        {'to = "satisfaction"': 'to = "satisfaction"\ndata = "firms"'},
        "",
        ["study.toml: paths[0].data: unknown data file 'firms' (known: 'customers')\n    Correct the name."],
    ),
    "a lag without periods": (
        {'to = "satisfaction"': 'to = "satisfaction"\nlag = 1'},
        "",
        [
            "study.toml: paths[0].lag: lag 1 needs a data file with periods\n"
            "    State period = the column naming the period, under the data file."
        ],
    ),
    "a period without a unit": (
        {'unit = "customer"': 'period = "customer"'},
        "",
        [
            "study.toml: data.customers.period: period 'customer' is stated without a unit\n"
            "    Add unit = the column naming who a row is about."
        ],
    ),
    "money naming what nobody knows": (
        {},
        MONEY,
        [
            "study.toml: money.plan.construct: construct 'reliabilty' is not declared under [constructs] "
            "(closest: 'reliability')\n    Correct the id, or add [constructs.reliabilty].",
            "study.toml: money.plan.through[0]: construct 'satisfactoin' is not declared under [constructs] "
            "(closest: 'satisfaction')\n    Correct the id, or add [constructs.satisfactoin].",
            "study.toml: money.benefit.line: unknown benefit line 'retentoin' (closest: 'retention')\n"
            "    Correct the name.",
            "study.toml: money.benefit.outcome: construct 'repurchase' is not declared under [constructs] "
            "(known: 'reliability', 'satisfaction')\n    Correct the id, or add [constructs.repurchase].",
            "study.toml: money.cost.line: unknown cost line 'labor' (closest: 'labour')\n"
            "    Correct the name.",
        ],
    ),
    "an unknown claim": (
        {},
        "[claims.K22]\nsatisfied = 5.0",
        ["study.toml: claims.K22: unknown claim 'K22' (closest: 'K2')\n    Correct the name."],
    ),
    "a claim about an undeclared construct": (
        {},
        '[claims.K2]\noutcome = "satisfied"',
        [
            "study.toml: claims.K2.outcome: construct 'satisfied' is not declared under [constructs] "
            "(closest: 'satisfaction')\n    Correct the id, or add [constructs.satisfied]."
        ],
    ),
    "measurement in an unknown data file": (
        {},
        '[measurement]\ndata = "customer"',
        [
            "study.toml: measurement.data: unknown data file 'customer' (closest: 'customers')\n"
            "    Correct the name."
        ],
    ),
    "a segment named twice and a pair of one": (
        {},
        '[measurement]\nsegments = ["sat", "sat"]\npairs = [["rel1", "rel1"]]',
        [
            "study.toml: measurement.segments[1]: 'sat' stands twice\n    Remove one of the two.",
            "study.toml: measurement.pairs[0]: 'rel1' is paired with itself\n"
            "    Name the column that asks the same again.",
        ],
    ),
    "pairs that are a list of columns": (
        {},
        '[measurement]\npairs = ["rel1", "rel2"]',
        [
            "study.toml: measurement.pairs: found a list, expected a list of pairs of column names: "
            '[["rel1", "rel1_again"]]\n    Correct the value.'
        ],
    ),
    "a key of measurement misspelt": (
        {},
        '[measurement]\nsegment = ["sat"]',
        [
            "study.toml: measurement.segment: key 'segment' is unknown in [measurement] "
            "(closest: 'segments')\n    Correct the key, or remove it."
        ],
    ),
    "a scale upside down": (
        {
            "min = 1\nmax = 7": "min = 7\nmax = 1",
            'labels = { 1 = "strongly disagree", 7 = "strongly agree" }': "",
        },
        "",
        ["study.toml: scales.likert.max: max 1 is not above min 7\n    Correct one of the two."],
    ),
    "a label for no answer": (
        {'7 = "strongly agree"': 'seven = "strongly agree"'},
        "",
        [
            "study.toml: scales.likert.labels.seven: 'seven' is not an answer of the scale, "
            "expected a number "
            'from 1 to 7\n    Write labels as { 1 = "text", … } with answers of the scale.'
        ],
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_name_that_leads_nowhere_is_told_with_the_closest(case, make_study):
    change, extra, expected = FAULTS[case]
    assert [str(problem) for problem in check_study(make_study(change, extra=extra))] == expected


TWO_FILES = {
    "version = 1": "version = 1",
    "[scales.likert]": '[data.firms]\nfile = "survey.csv"\nunit = "customer"\n\n[scales.likert]',
}


def test_a_path_between_files_that_share_no_construct_is_refused(make_study):
    folder = make_study(
        TWO_FILES
        | {
            'items = ["rel1", "rel2", "rel3"]': 'items = ["rel1", "rel2", "rel3"]\ndata = "customers"',
            'items = ["sat"]': 'items = ["sat"]\ndata = "firms"',
        }
    )
    assert [str(problem) for problem in check_study(folder)] == [
        "study.toml: paths[0]: no data file measures all of 'reliability', 'satisfaction'\n"
        "    Name the columns of one file under measured_in, or split the path."
    ]


def test_a_path_in_a_file_that_does_not_measure_its_ends_is_refused(make_study):
    folder = make_study(
        TWO_FILES
        | {
            'items = ["rel1", "rel2", "rel3"]': 'items = ["rel1", "rel2", "rel3"]\ndata = "customers"',
            'items = ["sat"]': 'items = ["sat"]\ndata = "customers"',
            'to = "satisfaction"': 'to = "satisfaction"\ndata = "firms"',
        }
    )
    assert [str(problem) for problem in check_study(folder)] == [
        f"study.toml: paths[0].data: '{construct}' is not measured in 'firms', but in 'customers'\n"
        f"    Name another data file, or add measured_in to [constructs.{construct}]."
        for construct in ("reliability", "satisfaction")
    ]
