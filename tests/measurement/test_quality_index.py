from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import StudyError
from servicefx.measurement.answers import mean_of
from servicefx.measurement.group_index import index_scores
from servicefx.measurement.quality_index import quality_index
from servicefx.study.study import Study, load_study
from servicefx.study.template import write_template
from servicefx.values.glossary import GLOSSARY


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("servqual")
    write_template(folder, "servqual")
    return load_study(folder)


def test_the_template_is_indexed_overall_by_segment_and_by_outlet(template: Study) -> None:
    found = quality_index(template)
    assert found.weighting == "stated"
    assert found.weights["estimate"].sum() == pytest.approx(1.0)
    assert found.index["segment"].unique().tolist() == ["", "channel", "region", "outlet"]
    channels = found.index[found.index["segment"] == "channel"].set_index("group")
    assert channels.index.tolist() == ["online", "store"]
    assert channels.loc["store", "estimate"] > channels.loc["online", "estimate"]  # so simulated
    outlets = found.index[found.index["segment"] == "outlet"]
    assert len(outlets) == 20
    few = outlets["n_obs"] < 30
    assert few.any()
    assert not few.all()
    assert (outlets["caution"] == np.where(few, "fewer than 30 answers", "")).all()
    assert outlets["n_obs"].sum() == found.index["n_obs"].iloc[0]
    assert (found.index["undefined"] == "").all()
    assert (set(found.index) | set(found.weights) | set(found.norms)) <= set(GLOSSARY)
    assert found.counts["points did not add up to 100, rescaled"] > 0


def test_points_stated_in_the_call_are_the_weights(template: Study) -> None:
    scores = template.scores["customers"]
    names = ["reliability", "empathy"]
    found = quality_index(template, names, importance={"reliability": 3.0, "empathy": 1.0})
    own = index_scores(scores[names], dict.fromkeys(names, (1.0, 7.0)), np.array([0.75, 0.25]))
    plain = mean_of(own, clusters=template.clusters("customers"))
    row = found.index.iloc[0]
    assert [row["estimate"], row["std_error"], row["n_obs"]] == pytest.approx(
        [plain.estimate, plain.std_error, plain.n_obs]
    )


def test_weights_derived_from_satisfaction_follow_its_drivers(template: Study) -> None:
    found = quality_index(template, weighting="relative")
    assert found.weighting == "relative"
    shares = found.weights.set_index("construct")
    assert shares.loc["reliability", "estimate"] > shares.loc["empathy", "estimate"]  # so simulated
    assert (shares["std_error"] > 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weighting": "relativ"}, r"unknown weighting 'relativ' \(closest: 'relative'\)"),
        (
            {"weighting": "stated", "importance": {"empathy": 1.0}},
            "no importance points of 'tangibles', 'rel",
        ),
        (
            {"weighting": "relative", "outcome": "empathy"},
            "'empathy' cannot be explained .*: it is one of them",
        ),
        ({"weighting": "relative", "outcome": "trust"}, "construct 'trust' is not declared"),
        ({"segments": ["chanel"]}, r"column 'chanel' is not in data 'customers' \(closest: 'channel'\)"),
        ({"dimensions": []}, "no construct is a dimension of service quality"),
    ],
)
def test_what_cannot_be_indexed_is_refused(options, message, template: Study) -> None:
    with pytest.raises(StudyError, match=message):
        quality_index(template, **options)


def test_a_dimension_without_a_scale_has_no_0_and_100(tmp_path: Path) -> None:
    write_template(tmp_path)
    file = tmp_path / "study.toml"
    text = file.read_text(encoding="utf-8")
    block = (
        '[constructs.tangibles]\nmode = "reflective"\nitems = ["tan1", "tan2", "tan3"]\nscale = "agreement"'
    )
    assert block in text
    file.write_text(text.replace(block, '[constructs.tangibles]\nmode = "single"\nitems = ["tan1"]'))
    with pytest.raises(StudyError, match="'tangibles' has no scale, so 0 and 100 are not known"):
        quality_index(load_study(tmp_path))


@pytest.fixture
def nested(tmp_path: Path, rng: np.random.Generator) -> Study:
    """Customers of 120 outlets of 40 firms, in regions that hold whole firms."""
    outlet = np.repeat(np.arange(120), 5)
    level = 4 + rng.normal(0, 0.8, 120)[outlet] + rng.normal(0, 0.7, 600)
    answers = {
        f"{name}{k}": np.clip(np.rint(level + rng.normal(0, 0.8, 600)), 1, 7)
        for name in ("tan", "rel", "resp")
        for k in (1, 2)
    }
    frame = pd.DataFrame(
        {"customer": range(600), "outlet": outlet, "firm": outlet // 3, "region": outlet // 30, **answers}
    )
    frame.to_csv(tmp_path / "survey.csv", index=False)
    dimensions = {"tangibles": "tan", "reliability": "rel", "responsiveness": "resp"}
    constructs = "".join(
        f'[constructs.{name}]\nmode = "reflective"\nitems = ["{p}1", "{p}2"]\nscale = "likert"\n'
        for name, p in dimensions.items()
    )
    (tmp_path / "study.toml").write_text(
        'version = 1\n[study]\nid = "nested"\ntitle = "Nested"\n[data.customers]\nfile = "survey.csv"\n'
        'unit = "customer"\nnested_in = ["outlet", "firm"]\n[scales.likert]\nmin = 1\nmax = 7\n'
        f'{constructs}[measurement]\nsegments = ["region"]\n'
    )
    return load_study(tmp_path)


def test_each_level_is_judged_by_what_lies_inside_it(nested: Study) -> None:
    found = quality_index(nested)
    assert found.weighting == "equal"
    rows = found.index.set_index(["segment", "group"])
    own = index_scores(
        nested.scores["customers"], dict.fromkeys(nested.spec.constructs, (1.0, 7.0)), np.full(3, 1 / 3)
    )
    frame = nested.frames["customers"]
    for key, clusters in {
        ("outlet", "7"): None,  # customers
        ("firm", "7"): frame["outlet"],
        ("region", "2"): frame["firm"],
    }.items():
        here = frame[key[0]] == int(key[1])
        plain = mean_of(own[here], clusters=None if clusters is None else clusters[here])
        assert rows.loc[key, "std_error"] == pytest.approx(plain.std_error), key
    assert rows.loc[("", ""), "std_error"] == pytest.approx(mean_of(own, clusters=frame["firm"]).std_error)
