"""What a [constructs] table must say."""

from __future__ import annotations

import pytest

from servicefx.study.study import check_study, load_study

ITEMS = 'items = ["rel1", "rel2", "rel3"]'
FAULTS = {
    "importance points of what has no items": (
        {'items = ["sat"]\nscale = "likert"': 'measured_in = { customers = "sat" }\nimportance = "rel1"'},
        [
            "study.toml: constructs.satisfaction.importance: importance points 'rel1' of a construct "
            "without items\n    Add items, or remove the line."
        ],
    ),
    "an unknown construct": (
        {
            "[constructs.satisfaction]": "[constructs.satisfacion]",
            'to = "satisfaction"': 'to = "satisfacion"',
        },
        [
            "study.toml: constructs.satisfacion: unknown construct 'satisfacion' (closest: 'satisfaction')\n"
            '    Correct the id, or give it a name of its own: label = { en = "…", zh = "…" }.'
        ],
    ),
    "a construct with one item": (
        {ITEMS + '\nreversed = ["rel3"]': 'items = ["rel1"]'},
        [
            "study.toml: constructs.reliability.items: mode 'reflective' needs at least 2 items, "
            "found 1 ('rel1')\n"
            '    Add the other items, or state mode = "single".'
        ],
    ),
    "a single measure with two items": (
        {'items = ["sat"]': 'items = ["sat", "rel1"]'},
        [
            "study.toml: constructs.satisfaction.items: mode 'single' has exactly 1 item, found 2\n"
            '    Keep one item, or state mode = "reflective" or "formative".'
        ],
    ),
    "a construct measured by nothing": (
        {'items = ["sat"]\n': ""},
        [
            "study.toml: constructs.satisfaction: 'satisfaction' is measured by nothing\n"
            '    Add items = ["column"], or measured_in = { data = "column" }.'
        ],
    ),
    "no scale": (
        {'scale = "likert"\n': "", 'reversed = ["rel3"]\n': ""},
        [
            "study.toml: constructs.reliability: key 'scale' is missing: mode 'reflective' needs "
            "one ('likert')\n"
            "    Add scale = the name of a [scales] table."
        ],
    ),
    "an unknown scale": (
        {'scale = "likert"\n\n[constructs.satisfaction]': 'scale = "lickert"\n\n[constructs.satisfaction]'},
        [
            "study.toml: constructs.reliability.scale: unknown scale 'lickert' (closest: 'likert')\n"
            "    Correct the name."
        ],
    ),
    "an unknown data file": (
        {
            'items = ["sat"]': 'items = ["sat"]\ndata = "customer"',
            "[[paths]]": "[inference]",
            'hypothesis = "H1a"\n': "",
            'from = "reliability"\nto = "satisfaction"\n': "",
        },
        [
            "study.toml: constructs.satisfaction.data: unknown data file 'customer' (closest: 'customers')\n"
            "    Correct the name."
        ],
    ),
    "a reversed column that is no item": (
        {'reversed = ["rel3"]': 'reversed = ["rel4"]'},
        [
            "study.toml: constructs.reliability.reversed[0]: 'rel4' is not an item of 'reliability' "
            "(closest: 'rel3')\n    Name only items or expectation items of the construct."
        ],
    ),
    "a turned measure without a scale": (
        {'items = ["sat"]\nscale = "likert"': 'items = ["sat"]\nreversed = ["sat"]'},
        [
            "study.toml: constructs.satisfaction.reversed: an item cannot be turned without "
            "knowing the ends of "
            "its scale\n    Add scale = the name of a [scales] table."
        ],
    ),
    "expectation items that do not match": (
        {ITEMS: ITEMS + '\nexpectation = ["sat"]'},
        [
            "study.toml: constructs.reliability.expectation: 1 expectation items for 3 items\n"
            "    Give one expectation item for each item, in the same order."
        ],
    ),
    "an item that is its own expectation": (
        {ITEMS: ITEMS + '\nexpectation = ["sat", "rel1", "rel2"]'},
        [
            f"study.toml: constructs.reliability.expectation[{index}]: '{column}' is an item of "
            f"'reliability' as "
            "well\n    Name the column that holds the expectation."
            for index, column in ((1, "rel1"), (2, "rel2"))
        ],
    ),
    "an item twice in one construct": (
        {ITEMS: 'items = ["rel1", "rel2", "rel3", "rel1"]'},
        ["study.toml: constructs.reliability.items[3]: 'rel1' stands twice\n    Remove one of the two."],
    ),
    "an item of two constructs": (
        {'mode = "single"\nitems = ["sat"]': 'mode = "formative"\nitems = ["sat", "rel1"]'},
        [
            "study.toml: constructs.satisfaction.items[1]: 'rel1' is an item of 'reliability' as well\n"
            "    Keep it in one of the two constructs."
        ],
    ),
    "an item turned in one construct only": (
        {'items = ["sat"]': 'items = ["rel3"]'},
        [
            "study.toml: constructs.satisfaction.items[0]: 'rel3' is reversed in only one of "
            "'reliability' and "
            "'satisfaction'\n    Name it under reversed in both, or in neither."
        ],
    ),
    "an item on two scales": (
        {
            'items = ["sat"]\nscale = "likert"': 'items = ["rel1"]\nscale = "ten"',
            "[scales.likert]": "[scales.ten]\nmin = 1\nmax = 10\n[scales.likert]",
        },
        [
            "study.toml: constructs.satisfaction.items[0]: 'rel1' has scale 'likert' in "
            "'reliability' and scale "
            "'ten' here\n    Give the column one scale."
        ],
    ),
    "measured twice in one file": (
        {'items = ["sat"]': 'items = ["sat"]\nmeasured_in = { customers = "rel1" }'},
        [
            "study.toml: constructs.satisfaction.measured_in.customers: 'customers' already holds "
            "the items of "
            "'satisfaction'\n    Remove the entry, or name another data file."
        ],
    ),
    "measured in an unknown file": (
        {'items = ["sat"]': 'items = ["sat"]\nmeasured_in = { firms = "sat" }'},
        [
            "study.toml: constructs.satisfaction.measured_in.firms: unknown data file 'firms' "
            "(known: 'customers')\n    Correct the name."
        ],
    ),
    "items in one of two files, unsaid": (
        {
            "[scales.likert]": '[data.firms]\nfile = "survey.csv"\n[scales.likert]',
            'items = ["sat"]': 'items = ["sat"]\ndata = "customers"',
        },
        [
            "study.toml: constructs.reliability: key 'data' is missing: the study has 2 data files "
            "('customers', 'firms')\n    Add data = the name of the file that holds the items."
        ],
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_construct_that_cannot_be_measured_as_written_is_refused(case, make_study):
    change, expected = FAULTS[case]
    assert [str(problem) for problem in check_study(make_study(change))] == expected


def test_a_construct_with_its_own_label_need_not_be_known_to_theory(make_study):
    folder = make_study(
        {
            "[constructs.satisfaction]": '[constructs.delight]\nlabel = { en = "Delight", zh = "喜悦" }',
            'to = "satisfaction"': 'to = "delight"',
            'hypothesis = "H1a"\n': "",
        }
    )
    study = load_study(folder)
    assert (study.label("delight"), study.label("delight", "zh")) == ("Delight", "喜悦")


def test_a_single_measure_may_share_its_column_with_another_construct(make_study):
    study = load_study(make_study({'items = ["sat"]': 'items = ["rel1"]'}))
    assert study.scores["customers"]["satisfaction"].equals(study.items("reliability")["rel1"])


def test_a_second_order_construct_may_repeat_all_items_of_its_parts(make_study):
    extra = """
[constructs.service_quality]
mode = "reflective"
items = ["rel1", "rel2", "rel3", "sat"]
reversed = ["rel3"]
scale = "likert"
"""
    assert check_study(make_study(extra=extra)) == []


def test_a_column_turned_as_an_item_cannot_stand_unturned_under_measured_in(make_study):
    extra = """
[data.firms]
file = "survey.csv"

[constructs.trust]
mode = "single"
data = "firms"
items = ["rel1"]
measured_in = { customers = "rel3" }
"""
    change = {
        'items = ["rel1"': 'data = "customers"\nitems = ["rel1"',
        'items = ["sat"]': 'data = "customers"\nitems = ["sat"]',
    }
    assert [str(problem) for problem in check_study(make_study(change, extra=extra))] == [
        "study.toml: constructs.trust.measured_in.customers: 'rel3' is reversed in only one of "
        "'reliability' and "
        "'trust'\n    Name it under reversed in both, or in neither."
    ]
