"""The section on groups and needs: what it asks, what it says, and when it keeps silent."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from servicefx.models.segments import fit_latent_classes, slopes_by_group
from servicefx.report.words import say
from servicefx.sections.segments import segments_section
from servicefx.study.study import Study
from servicefx.values.table import Section, Table

STRONG = 1.1


def served(made: ModuleType, *, kinds: bool = True, n: int = 900, **segments: object) -> Study:
    """Two kinds of customers, who want quality or trust; complex products make trust count a little more."""
    rng = np.random.default_rng(8)
    quality, trust = rng.normal(size=(2, n))
    kind = rng.random(n) < (0.35 if kinds else 0)
    complex_ = (rng.random(n) < 0.5) * 1.0
    wanted = np.where(kind, 0.05, STRONG) * quality
    wanted = wanted + (np.where(kind, STRONG, 0.1) + 0.3 * complex_) * trust
    satisfaction = wanted + 0.5 * rng.normal(size=n)
    columns = {"ser": quality, "tru": trust, "sat": satisfaction}
    frame = pd.DataFrame({f"{name}{at}": value for name, value in columns.items() for at in (1, 2)})
    frame["product_complexity"] = complex_
    frame["channel"] = np.where(rng.random(n) < 0.5, "web", "phone")
    frame["outlet"] = np.char.add("O", rng.integers(0, 60, n).astype(str))
    constructs = {name: made.CONSTRUCTS[name] for name in ("service_quality", "trust", "satisfaction")}
    return made.survey(
        frame, draws=60, constructs=constructs, paths=[made.PATHS[1]],
        segments={"by": ["product_complexity", "channel"], "classes": 3} | segments,
        scales={"seven": {"min": -9, "max": 9}},
    )  # fmt: skip


@pytest.fixture(scope="module")
def study(made: ModuleType) -> Study:
    return served(made)


@pytest.fixture(scope="module")
def page(study: Study) -> Section:
    section = segments_section(study)
    assert section is not None
    return section


def rows(section: Section, table: str) -> pd.DataFrame:
    found: Table = next(each for each in section.tables if each.id == table)
    return found.rows


def told(section: Section, language: str = "en") -> list[str]:
    return [say(finding, str, language) for finding in section.findings]


def test_tables_are_what_the_models_say(page: Section, study: Study) -> None:
    assert [table.id for table in page.tables] == [
        "segment_slopes", "segment_tests", "segment_differences", "class_selection", "class_quality",
        "class_slopes", "class_tests", "class_stability", "class_profiles",
    ]  # fmt: skip
    frame = study.scores["customers"].join(study.frames["customers"][["product_complexity", "outlet"]])
    drivers = ["service_quality", "trust"]
    groups = slopes_by_group(
        frame, "satisfaction", drivers, "product_complexity", clusters=frame["outlet"]
    )  # fmt: skip
    slopes = rows(page, "segment_slopes")
    assert slopes["estimate"].iloc[:4].to_numpy() == pytest.approx(groups.slopes["estimate"].to_numpy())
    assert set(slopes["unit"]) == {"points per point"}
    fit = fit_latent_classes(frame, "satisfaction", drivers, 2, clusters=frame["outlet"], seed=7)
    classes = rows(page, "class_slopes")
    assert classes["estimate"].to_numpy() == pytest.approx(fit.coefficients[:, :2].ravel(), abs=1e-6)
    assert max(len(table.rows.columns) for table in page.tables) <= 10  # both ends in one


def test_needs_are_told_one_by_one(page: Section) -> None:
    sentences = told(page)
    assert sentences[0].startswith("What goes with satisfaction depends on product_complexity")
    assert "most surely for trust" in sentences[0]
    assert sentences[1].startswith("Nothing sure says that what goes with satisfaction depends on channel")
    assert sentences[2].startswith("2 needs: 2 latent classes")
    assert "goes most with service_quality" in sentences[3]
    assert "goes most with trust" in sentences[4]
    chinese = told(page, "zh")
    assert chinese[2].startswith("2种需求")
    assert all(sentence.endswith("。") for sentence in chinese)


def test_figures_draw_rows_of_their_tables(page: Section) -> None:
    assert [figure.id for figure in page.figures] == ["segment_slopes_1", "segment_slopes_2", "class_slopes"]
    for figure in page.figures:
        drawn = set(figure.rows["estimate"])
        assert drawn <= set(rows(page, figure.source)["estimate"])
    assert set(page.figures[0].rows["series"]) == {"0", "1"}


def test_effects_stand_on_the_shared_resamples(page: Section, study: Study) -> None:
    assert len(page.effects) == 2 * 2 * 2 + 2 * 2
    assert {len(effect.draws) for effect in page.effects} == {study.draws}
    assert len({effect.draw_source for effect in page.effects}) == 1


def test_no_needs_no_slopes_of_classes(made: ModuleType) -> None:
    section = segments_section(served(made, kinds=False))
    assert section is not None
    assert [table.id for table in section.tables][-2:] == ["class_selection", "class_quality"]
    assert any("No hidden segments: one class describes customers" in sentence for sentence in told(section))
    assert any(sentence.startswith("没有发现隐藏的细分群体") for sentence in told(section, "zh"))


def test_what_cannot_be_compared_is_said_and_the_rest_told(made: ModuleType) -> None:
    section = segments_section(served(made, by=["ser1", "channel"], classes=8, n=180))
    assert section is not None
    ids = [table.id for table in section.tables]
    assert ids == ["segment_slopes", "segment_tests", "segment_differences"]
    notes = [say(note, str) for note in section.notes]
    assert any("'ser1' has 180 groups, expected 2 to 20" in note for note in notes)
    assert any("180 complete rows for the 39 numbers of 8 classes" in note for note in notes)


def test_hypotheses_of_products_are_read(made: ModuleType) -> None:
    frame = served(made).frames["customers"]
    constructs = {
        "technical_support": made.CONSTRUCTS["trust"],
        "responsiveness": made.CONSTRUCTS["service_quality"],
        "satisfaction": made.CONSTRUCTS["satisfaction"],
    }
    paths = [{"from": ["technical_support", "responsiveness"], "to": "satisfaction", "hypothesis": "H18"}]
    study = made.survey(
        frame, draws=60, constructs=constructs, paths=paths, scales={"seven": {"min": -9, "max": 9}},
        segments={"by": ["product_complexity"], "classes": 1},
    )  # fmt: skip
    section = segments_section(study)
    assert section is not None
    table = rows(section, "segment_hypotheses").set_index("term")
    assert table.loc["technical_support", ["predicted", "verdict"]].tolist() == ["positive", "supported"]
    assert table.loc["technical_support", "conf_low"] < 0.3 < table.loc["technical_support", "conf_high"]
    assert table.loc["responsiveness", ["predicted", "verdict"]].tolist() == ["negative", "undecided"]
    pair = rows(section, "segment_differences").set_index("term")
    assert table["estimate"].to_dict() == pytest.approx((-pair["difference"]).to_dict())
    assert "H18, by product_complexity: of 2 predicted differences 1 is supported" in " ".join(told(section))


def test_a_study_that_asks_nothing_hears_nothing(made: ModuleType) -> None:
    assert segments_section(made.survey()) is None


def test_the_same_seed_tells_the_same(made: ModuleType, page: Section) -> None:
    again = segments_section(served(made))
    assert again is not None
    for table, other in zip(page.tables, again.tables, strict=True):
        pd.testing.assert_frame_equal(table.rows, other.rows)
