"""The tables of further questions: every fault, word for word, and the columns they name."""

from __future__ import annotations

import numpy as np
import pytest

from servicefx.study.question_references import arrow_ends
from servicefx.study.question_roles import question_columns, question_home
from servicefx.study.spec import StudySpec
from servicefx.study.study import check_study, load_study

TRUST = """
[constructs.trust]
mode = "single"
items = ["tru"]
scale = "likert"
"""

MEDIATION = """
[[mediation]]
layout = 7
from = "reliability"
through = "trust"
to = "satisfaction"
moderator = "age"
covariates = ["region"]
"""

RECOVERY = """
[recovery]
complained = "complained"
failure = "failed"
handling = "trust"
outcomes = ["satisfaction"]
predictors = ["age", "region"]
"""

SEGMENTS = """
[segments]
outcome = "satisfaction"
drivers = ["reliability", "trust"]
by = ["region", "trust"]
classes = 3
"""

GRAPH = """
[graph]
arrows = ["reliability -> trust", "trust -> satisfaction", "age -> trust", "mood <-> region"]
unmeasured = ["mood"]
"""

UNDECLARED = "is not declared under [constructs] (closest: 'satisfaction')"

FAULTS = {
    "a graph in an unknown data file": (
        GRAPH.replace("[graph]", '[graph]\ndata = "customer"'),
        [
            "study.toml: graph.data: unknown data file 'customer' (closest: 'customers')\n"
            "    Correct the name."
        ],
    ),
    "an arrow without a point": (
        GRAPH.replace("age -> trust", "age trust"),
        [
            "study.toml: graph.arrows[2]: 'age trust' is no arrow, expected 'cause -> effect', or 'a <-> b' "
            "for a cause of both\n    Write one arrow a text."
        ],
    ),
    "two arrows in a text": (
        GRAPH.replace("age -> trust", "age -> trust -> satisfaction"),
        [
            "study.toml: graph.arrows[2]: 'age -> trust -> satisfaction' is no arrow, expected 'cause -> "
            "effect', or 'a <-> b' for a cause of both\n    Write one arrow a text."
        ],
    ),
    "an arrow to its own start": (
        GRAPH.replace("age -> trust", "trust -> trust"),
        ["study.toml: graph.arrows[2]: 'trust' points to itself\n    Remove this arrow."],
    ),
    "an arrow both ways to its own start": (
        GRAPH.replace("mood <-> region", "region <-> region").replace('["mood"]', "[]"),
        ["study.toml: graph.arrows[3]: 'region' points to itself\n    Remove this arrow."],
    ),
    "an unmeasured cause no arrow names": (
        GRAPH.replace('["mood"]', '["mood", "moood"]'),
        [
            "study.toml: graph.unmeasured[1]: no arrow names 'moood' (closest: 'mood')\n"
            "    Correct the name, or remove it."
        ],
    ),
    "arrows that run in a circle": (
        GRAPH.replace("age -> trust", "satisfaction -> reliability"),
        [
            "study.toml: graph.arrows: 'trust' → 'satisfaction' → 'reliability' → 'trust' is a loop\n"
            "    Remove one of these arrows, or say which comes first."
        ],
    ),
    "an unmeasured node that is measured": (
        GRAPH.replace('["mood"]', '["mood", "trust"]'),
        [
            "study.toml: graph.unmeasured[1]: construct 'trust' is measured in data file 'customers'\n"
            "    Remove it from unmeasured, or give the unmeasured cause a name of its own."
        ],
    ),
    "a graph of columns whose data file nobody knows": (
        '[graph]\narrows = ["age -> region"]\n',
        [
            "study.toml: graph: its arrows name no construct, so that no data file is known to measure them\n"
            '    Add data = "customers" to [graph], or correct the names.'
        ],
    ),
    "a mediation declared twice": (
        MEDIATION + MEDIATION,
        [
            "study.toml: mediation[1]: it says the same as mediation[0]\n"
            "    Remove one of the two, or change it."
        ],
    ),
    "a mediation from an item of its outcome": (
        MEDIATION.replace('from = "reliability"', 'from = "sat"'),
        [
            "study.toml: mediation[0].from: 'sat' is an item of 'satisfaction', and goes with it by itself\n"
            "    Name what was asked elsewhere."
        ],
    ),
    "a mediation from an item of its mediator": (
        MEDIATION.replace('from = "reliability"', 'from = "tru"'),
        [
            "study.toml: mediation[0].from: 'tru' is an item of 'trust', and goes with it by itself\n"
            "    Name what was asked elsewhere."
        ],
    ),
    "a moderator that is an item of the source, and a covariate on the way": (
        MEDIATION.replace('"age"', '"rel2"').replace('"region"', '"trust"'),
        [
            "study.toml: mediation[0].moderator: 'rel2' is an item of 'reliability', and goes with it by "
            "itself\n    Name what was asked elsewhere.",
            "study.toml: mediation[0].covariates: 'trust' stands on the way already\n"
            "    Name something else.",
        ],
    ),
    "drivers and groups named twice": (
        '[segments]\noutcome = "satisfaction"\ndrivers = ["trust", "trust"]\nby = ["region", "region"]\n',
        [
            "study.toml: segments.drivers[1]: 'trust' stands there twice\n    Name it once.",
            "study.toml: segments.by[1]: 'region' stands there twice\n    Name it once.",
        ],
    ),
    "groups cut by the outcome": (
        '[segments]\noutcome = "satisfaction"\nby = ["sat"]\n',
        [
            "study.toml: segments.by[0]: 'sat' is the outcome, or an item of it: its groups are cut by the "
            "answer itself\n    Name a column that tells who the customers are."
        ],
    ),
    "segments in an unknown data file": (
        SEGMENTS + 'data = "customer"\n',
        [
            "study.toml: segments.data: unknown data file 'customer' (closest: 'customers')\n"
            "    Correct the name."
        ],
    ),
    "segments of an undeclared outcome": (
        SEGMENTS.replace('outcome = "satisfaction"', 'outcome = "satisfactoin"'),
        [
            f"study.toml: segments.outcome: construct 'satisfactoin' {UNDECLARED}\n"
            "    Correct the id, or add [constructs.satisfactoin]."
        ],
    ),
    "an undeclared driver, and one that is the outcome": (
        SEGMENTS.replace('"reliability", "trust"]', '"satisfactoin", "satisfaction"]'),
        [
            f"study.toml: segments.drivers[0]: construct 'satisfactoin' {UNDECLARED}\n"
            "    Correct the id, or add [constructs.satisfactoin].",
            "study.toml: segments.drivers[1]: 'satisfaction' is the outcome too\n    Name another construct.",
        ],
    ),
    "mediation in an unknown data file": (
        MEDIATION + 'data = "customer"\n',
        [
            "study.toml: mediation[0].data: unknown data file 'customer' (closest: 'customers')\n"
            "    Correct the name."
        ],
    ),
    "mediation through and to undeclared constructs": (
        MEDIATION.replace('"trust"', '"satisfactoin"').replace('to = "satisfaction"', 'to = "satisfacton"'),
        [
            f"study.toml: mediation[0].through: construct 'satisfactoin' {UNDECLARED}\n"
            "    Correct the id, or add [constructs.satisfactoin].",
            f"study.toml: mediation[0].to: construct 'satisfacton' {UNDECLARED}\n"
            "    Correct the id, or add [constructs.satisfacton].",
        ],
    ),
    "a construct twice on the way": (
        MEDIATION.replace('through = "trust"', 'through = ["reliability", "satisfaction"]'),
        [
            "study.toml: mediation[0]: 'reliability', 'satisfaction' stands twice on the way\n"
            "    Name different constructs."
        ],
    ),
    "a moderated layout without a moderator": (
        MEDIATION.replace('moderator = "age"\n', ""),
        [
            "study.toml: mediation[0]: layout 7 needs a moderator\n"
            "    Add moderator = a construct id or a column name."
        ],
    ),
    "a moderator in a layout without one": (
        MEDIATION.replace("layout = 7", "layout = 4"),
        [
            "study.toml: mediation[0].moderator: layout 4 has no moderator\n"
            "    Remove it, or choose one of (7, 8, 14, 15, 58, 59)."
        ],
    ),
    "a row of mediators that is one": (
        MEDIATION.replace("layout = 7", "layout = 6").replace('moderator = "age"\n', ""),
        [
            "study.toml: mediation[0].through: layout 6 runs through two mediators or more, one after the "
            "other\n    Name them in their order, or choose layout 4."
        ],
    ),
    "recovery in an unknown data file": (
        RECOVERY + 'data = "customer"\n',
        [
            "study.toml: recovery.data: unknown data file 'customer' (closest: 'customers')\n"
            "    Correct the name."
        ],
    ),
    "recovery of undeclared constructs": (
        RECOVERY.replace('handling = "trust"', 'handling = "satisfactoin"').replace(
            'outcomes = ["satisfaction"]', 'outcomes = ["satisfaction", "satisfacton"]'
        ),
        [
            f"study.toml: recovery.handling: construct 'satisfactoin' {UNDECLARED}\n"
            "    Correct the id, or add [constructs.satisfactoin].",
            f"study.toml: recovery.outcomes[1]: construct 'satisfacton' {UNDECLARED}\n"
            "    Correct the id, or add [constructs.satisfacton].",
        ],
    ),
    "a node of the graph that is no column": (
        GRAPH.replace("age -> trust", "agee -> trust"),
        [
            "study.toml: graph.arrows[2]: 'agee' is neither a construct nor a column of survey.csv "
            "(closest: 'age')\n    Correct the name, or list it under unmeasured."
        ],
    ),
    "a segment that is no column": (
        SEGMENTS.replace('"region"', '"regoin"'),
        [
            "study.toml: segments.by[0]: column 'regoin' is not in survey.csv (closest: 'region')\n"
            "    Correct the name, or remove the line."
        ],
    ),
    "columns of a mediation that are not there": (
        MEDIATION.replace('"reliability"', '"reliabilty"').replace('"age"', '"agee"').replace("reg", "rag"),
        [
            "study.toml: mediation[0].from: 'reliabilty' is neither a construct nor a column of survey.csv "
            "(closest: 'reliability')\n    Correct from, or remove this [[mediation]].",
            "study.toml: mediation[0].moderator: 'agee' is neither a construct nor a column of survey.csv "
            "(closest: 'age')\n    Correct moderator, or choose a layout without one.",
            "study.toml: mediation[0].covariates: column 'ragion' is not in survey.csv (closest: 'region')\n"
            "    Correct the name, or remove the covariate.",
        ],
    ),
    "columns of a recovery that are not there": (
        RECOVERY.replace('"complained"', '"complaned"').replace('"failed"', '"faild"').replace("age", "agee"),
        [
            "study.toml: recovery.complained: column 'complaned' is not in survey.csv "
            "(closest: 'complained')\n    Correct the name, or remove the covariate.",
            "study.toml: recovery.failure: column 'faild' is not in survey.csv (closest: 'failed')\n"
            "    Correct the name, or remove the covariate.",
            "study.toml: recovery.predictors: column 'agee' is not in survey.csv (closest: 'age')\n"
            "    Correct the name, or remove the covariate.",
        ],
    ),
}


@pytest.fixture
def wide(survey):
    rng = np.random.default_rng(5)
    survey["tru"] = rng.integers(1, 8, len(survey)).astype(str)
    survey["age"] = rng.integers(18, 80, len(survey)).astype(str)
    survey["region"] = np.where(np.arange(len(survey)) % 2, "north", "south")
    survey["complained"] = (np.arange(len(survey)) % 3 == 0).astype(int).astype(str)
    survey["failed"] = (np.arange(len(survey)) % 4 == 0).astype(int).astype(str)
    return survey


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_told_word_for_word(case, make_study, wide):
    extra, expected = FAULTS[case]
    told = [str(problem) for problem in check_study(make_study(extra=TRUST + extra, frame=wide))]
    assert told == expected


def test_tables_without_faults_are_read_and_their_columns_kept(make_study, wide):
    extra = TRUST + GRAPH + SEGMENTS + MEDIATION + RECOVERY
    study = load_study(make_study(extra=extra, frame=wide))
    frame = study.frames["customers"]
    assert frame["region"].tolist()[:2] == ["south", "north"]
    assert frame[["age", "complained", "failed"]].dtypes.tolist() == [np.float64] * 3
    assert study.spec.mediation[0].source == "reliability"
    assert study.spec.mediation[0].through == ("trust",)
    assert study.spec.graph is not None
    assert study.spec.graph.unmeasured == ("mood",)
    assert study.spec.segments is not None
    assert study.spec.segments.classes == 3


@pytest.mark.parametrize(
    ("arrow", "ends"),
    [
        ("a -> b", ("a", "b", False)),
        ("a->b", ("a", "b", False)),
        ("  two words <-> b ", ("two words", "b", True)),
        ("a <- b", None),
        ("a -> ", None),
        ("-> b", None),
        ("a <-> b -> c", None),
        ("a -> b <-> c", None),
        ("a -- b", None),
        ("", None),
    ],
)
def test_ends_of_arrows(arrow, ends):
    assert arrow_ends(arrow) == ends


def spec_of(**tables):
    constructs = {
        "satisfaction": {
            "mode": "single",
            "items": ["sat"],
            "data": "customers",
            "measured_in": {"firms": "s"},
        },
        "trust": {"mode": "single", "items": ["tru"], "data": "customers"},
        "profit": {"mode": "single", "items": ["profit"], "data": "firms"},
    }
    files = {"firms": {"file": "f.csv"}, "customers": {"file": "c.csv"}}
    return StudySpec.model_validate(
        {"version": 1, "study": {"id": "x", "title": "X"}, "data": files, "constructs": constructs, **tables}
    )


@pytest.mark.parametrize(
    ("data", "constructs", "home"),
    [
        (None, ("satisfaction", "trust"), "customers"),
        (None, ("satisfaction",), "firms"),  # the first file that measures it
        ("customers", ("satisfaction",), "customers"),
        (None, ("profit", "trust"), None),
        (None, ("age", "region"), None),
        (None, ("age", "trust"), "customers"),
        ("firms", ("trust",), "firms"),
    ],
)
def test_a_question_is_about_the_file_it_names_or_the_first_that_measures_its_constructs(
    data, constructs, home
):
    assert question_home(spec_of(), data, constructs) == home


def test_columns_belong_to_the_file_their_table_is_about():
    arrows = ["age -> satisfaction", "trust -> satisfaction", "mood <-> size"]
    spec = spec_of(graph={"arrows": arrows, "unmeasured": ["mood"]}, segments={"by": ["region", "trust"]})
    assert list(question_columns(spec, "customers")) == [
        ("age", ("graph", "arrows", 0), False),
        ("size", ("graph", "arrows", 2), False),
    ]
    # satisfaction alone is measured in the firms' file first, and segments are about it
    assert list(question_columns(spec, "firms")) == [("region", ("segments", "by", 0), True)]
    named = spec_of(segments={"by": ["region"], "data": "customers"})
    assert list(question_columns(named, "customers")) == [("region", ("segments", "by", 0), True)]
    assert list(question_columns(named, "firms")) == []


def test_a_moderator_of_the_theory_may_be_missing_from_the_data_and_a_column_may_not(make_study, wide):
    change = {'to = "satisfaction"': 'to = "satisfaction"\nmoderators = ["product_complexity", "region"]'}
    study = load_study(make_study(change, frame=wide))
    assert "product_complexity" not in study.frames["customers"]
    told = check_study(
        make_study({k: v.replace('"region"', '"regoin"') for k, v in change.items()}, frame=wide)
    )
    assert [str(problem) for problem in told] == [
        "study.toml: paths[0].moderators[1]: 'regoin' is neither a construct, nor a moderator of the theory, "
        "nor a column of survey.csv (closest: 'region')\n    Correct the name, or remove the moderator."
    ]


def test_a_moderator_of_the_theory_that_was_recorded_is_read(make_study, wide):
    change = {'to = "satisfaction"': 'to = "satisfaction"\nmoderators = ["product_complexity"]'}
    wide["product_complexity"] = (np.arange(len(wide)) % 2).astype(str)
    study = load_study(make_study(change, frame=wide))
    assert study.frames["customers"]["product_complexity"].dtype == np.float64


def test_yes_and_no_are_to_be_recoded_and_not_declared_missing(make_study, wide):
    wide["again"] = np.where(np.arange(len(wide)) % 2, "yes", "no")
    extra = '[constructs.repurchase]\nmode = "single"\nitems = ["again"]\n'
    (told,) = check_study(make_study(extra=extra, frame=wide))
    assert told.found == "'no' and 'yes' are text, expected a number"
    assert told.remedy == "Recode it to 0 and 1."
