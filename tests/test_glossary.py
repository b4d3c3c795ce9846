"""Every public frame speaks the one glossary, and every path of the theory joins known constructs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx import pls, sem
from servicefx.engines.second_opinion import second_opinion
from servicefx.measurement.answers import answer_shares
from servicefx.measurement.assessment import assess
from servicefx.run import run_sections
from servicefx.study.study import load_study
from servicefx.study.summary import answer_counts, construct_summary, row_counts
from servicefx.study.template import write_template
from servicefx.syntax.parser import parse_model
from servicefx.theory.catalogue import load_theory
from servicefx.values.estimates import COLUMNS, Estimates
from servicefx.values.glossary import GLOSSARY

ROOT = Path(__file__).parents[1]


def factor_items(rng: np.random.Generator) -> pd.DataFrame:
    first, noise = rng.normal(size=300), rng.normal(size=(300, 6))
    second = 0.5 * first + rng.normal(size=300)
    scores = np.column_stack([first] * 3 + [second] * 3)
    return pd.DataFrame(scores + 0.7 * noise, columns=list("abcdef"))


def unknown_columns(frames: Mapping[str, pd.DataFrame]) -> dict[str, list[str]]:
    """Frame -> columns that the glossary does not know, where there are any."""
    unknown = {name: sorted(set(frame.columns) - set(GLOSSARY)) for name, frame in frames.items()}
    return {name: columns for name, columns in unknown.items() if columns}


def test_every_public_frame_has_glossary_columns(tmp_path: Path, rng: np.random.Generator) -> None:
    write_template(tmp_path / "study")
    study = load_study(tmp_path / "study")
    items = factor_items(rng)
    model = parse_model("x =~ a + b + c\ny =~ d + e + f\ny ~ x")
    structural, composite = sem.fit(model, items), pls.fit(model, items)
    frames = {
        "construct_summary": construct_summary(study),
        "row_counts": row_counts(study),
        "answer_counts": answer_counts(study),
        "answer_shares": answer_shares(items["a"].round()),
        "sem.parameters": structural.parameters,
        "sem.r2": structural.r2,
        "sem.effects": structural.effects(),
        "sem.modification_indices": structural.modification_indices(),
        "sem.compare": sem.compare(structural, sem.fit("x =~ a + b + c\ny =~ d + e + f\ny ~ 0*x", items)),
        "sem.invariance": sem.invariance("x =~ a + b + c + d", items.assign(half=[1, 2] * 150), group="half"),
        "second_opinion": second_opinion(structural).table,
        "sem.bootstrap": sem.bootstrap(structural, items, 200, seed=1).table(kind="bc"),
        "sem.power": sem.power("f =~ 0.7*a + 0.7*b + 0.7*c", n_obs=100, draws=10, seed=1).parameters,
        "pls.paths": composite.paths,
        "pls.loadings": composite.loadings,
        "pls.weights": composite.weights,
        "pls.r2": composite.r2,
        "pls.reliability": composite.reliability,
        "pls.htmt": composite.htmt,
        "pls.cross_loadings": composite.cross_loadings,
        "pls.fornell_larcker": composite.fornell_larcker,
        "pls.collinearity": composite.collinearity,
        "pls.effect_sizes": composite.effect_sizes,
        "pls.interactions": composite.interactions,
        "pls.settings_table": composite.settings_table,
        "pls.effects": composite.effects(),
        "pls.bootstrap": pls.bootstrap(composite, items, 200, seed=1).table(),
        "pls.exact_fit_test": pls.exact_fit_test(composite, items, 200, seed=1),
    }
    frames |= {
        f"{section.id}.{table.id}": table.rows for section in run_sections(study) for table in section.tables
    }
    frames |= {
        path.relative_to(ROOT).as_posix(): pd.read_csv(path, nrows=1)
        for path in (ROOT / "reports").glob("*/tables/*.csv")
    }
    assert unknown_columns(frames) == {}


@pytest.mark.slow
def test_frames_of_assessments_groups_and_prediction_have_glossary_columns(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    items = factor_items(rng)
    model = parse_model("x =~ a + b + c\ny =~ d + e + f\ny ~ x")
    composite = pls.fit(model, items)
    frames: dict[str, pd.DataFrame] = {}
    prediction = pls.predict(composite, items, folds=4, repetitions=2, seed=1)
    groups = items.assign(half=[1, 2] * 150)
    invariance = pls.micom(model, groups, "half", permutations=50, seed=1)
    maps = pls.importance_performance(composite, "y", items)
    frames |= {
        "pls.predict.items": prediction.items,
        "pls.predict.constructs": prediction.constructs,
        "pls.cvpat": pls.cvpat(composite, items, folds=4, repetitions=2, seed=1),
        "pls.micom.compositional": invariance.compositional,
        "pls.micom.equality": invariance.equality,
        "pls.micom.verdicts": invariance.verdicts,
        "pls.compare_groups": pls.compare_groups(
            model, groups, "half", method="all", permutations=50, draws=100, seed=1
        ),
        "pls.importance_performance.constructs": maps.constructs,
        "pls.importance_performance.items": maps.items,
    }
    for template in ("servqual", "after_sales"):
        write_template(tmp_path / template, template)
        report = assess(load_study(tmp_path / template), draws=60)
        frames |= {f"assess.{template}.{name}": report.frame(name) for name in report.names}
        frames |= {f"assess.{template}.rules": report.rules}
    assert {name for name in frames if name.endswith((".ladder", ".benefit_families", ".servqual"))} == {
        "assess.servqual.ladder", "assess.after_sales.ladder", "assess.after_sales.benefit_families",
        "assess.servqual.servqual", "assess.after_sales.servqual",
    }  # fmt: skip
    assert unknown_columns(frames) == {}


def test_a_table_of_estimates_always_has_the_same_columns() -> None:
    fit = Estimates(
        estimator="OLS", outcome="y", terms=("x",), coefficients=np.ones(1), covariance=np.eye(1),
        covariance_kind="hc3", df=10, n_obs=12,
    )  # fmt: skip
    assert tuple(fit.table().columns) == COLUMNS
    assert set(COLUMNS) <= set(GLOSSARY)


def test_every_path_of_the_theory_joins_known_constructs() -> None:
    theory = load_theory()
    known = {*theory.constructs, *theory.moderators}
    for hypothesis in theory.hypotheses.values():
        for path in hypothesis.paths:
            assert {path.source, path.target, *path.via, *path.moderators} <= known, hypothesis.id
