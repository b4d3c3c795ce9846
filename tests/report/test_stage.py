import numpy as np
import pandas as pd
import pytest

from servicefx.errors import StudyError
from servicefx.report.page import render_report
from servicefx.report.stage import staged_sections, write_section, write_staged_report
from servicefx.values.table import Figure, Phrase, Section, Table


def content(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_sections_staged_one_by_one_make_the_report_of_one_run(tmp_path, study, sections):
    for section in sections:
        write_section(tmp_path / "r", section, study)
    write_staged_report(tmp_path / "r", study)
    assert content(tmp_path / "r") == render_report(study, sections)
    assert [p.name for p in tmp_path.iterdir()] == ["r"]


def test_tables_can_be_looked_at_before_the_report_is_made(tmp_path, study, sections):
    folder = write_section(tmp_path / "r", sections[0], study)
    assert (folder / "tables" / "drivers.csv").is_file()
    assert not (tmp_path / "r").exists()


def test_a_section_staged_again_keeps_its_place(tmp_path, study, sections):
    for section in (*sections, sections[0]):
        write_section(tmp_path / "r", section, study)
    assert [section.id for section in staged_sections(tmp_path / "r", study)] == [s.id for s in sections]


def test_nothing_to_say_stages_nothing(tmp_path, study, sections):
    for section in (None, sections[2]):
        write_section(tmp_path / "r", section, study)
    assert [section.id for section in staged_sections(tmp_path / "r", study)] == ["composite"]


def test_sections_of_another_state_of_the_study_are_thrown_away(tmp_path, study, sections):
    write_section(tmp_path / "r", sections[0], study)
    study.study_sha256 = "ef" * 32
    write_section(tmp_path / "r", sections[1], study)
    assert [section.id for section in staged_sections(tmp_path / "r", study)] == ["structure"]


def test_a_report_from_no_or_stale_sections_is_refused(tmp_path, study, sections):
    with pytest.raises(StudyError, match=r"no sections of study 'made_up' as it is now are staged"):
        write_staged_report(tmp_path / "r", study)
    write_section(tmp_path / "r", sections[0], study)
    study.inputs = {"customers": "00" * 32}
    with pytest.raises(StudyError, match="Run the numbered scripts of the study in order"):
        write_staged_report(tmp_path / "r", study)


def test_rows_come_back_as_they_were(tmp_path, study):
    rows = pd.DataFrame(
        {
            "term": pd.Series(["a", None, "客"], dtype="str"),
            "estimate": [0.1 + 0.2, np.nan, -np.inf],
            "n_obs": np.array([1, 2, 3], dtype="int64"),
            "share": np.array([1, 2, 3], dtype="float32"),
        }
    )
    title = Phrase(key="note.text", values={"text": "t", "n": np.int64(3), "x": float("inf")})
    section = Section(id="s", title=title, tables=(Table(id="t", title=title, rows=rows),))
    write_section(tmp_path / "r", section, study)
    (back,) = staged_sections(tmp_path / "r", study)
    pd.testing.assert_frame_equal(back.tables[0].rows, rows)
    assert back.title == title


def test_figures_come_back_as_they_were(tmp_path, study):
    title = Phrase(key="note.text", values={"text": "t"})
    grid = pd.DataFrame({"x": [1.0, 2.0], "y": [1.0, 1.0], "estimate": [0.5, np.nan]})
    figure = Figure(
        id="f", kind="contour", title=title, rows=grid, source="t", axes=(title, title), critical=0.0,
        verticals=((1.5, np.nan, np.nan),), horizontals=((1.0, 0.5, 1.5),), lines=((0.0, 0.0, 1.0, 1.0),),
        points=pd.DataFrame({"term": ["a"], "x": [1.0], "y": [1.0]}),
    )  # fmt: skip
    table = Table(id="t", title=title, rows=grid[["estimate"]])
    section = Section(id="s", title=title, tables=(table,), figures=(figure,))
    write_section(tmp_path / "r", section, study)
    (back,) = staged_sections(tmp_path / "r", study)
    (again,) = back.figures
    for name in ("rows", "points"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(figure, name))
    for name in ("axes", "critical", "horizontals", "lines", "kind", "source"):
        assert getattr(again, name) == getattr(figure, name)
    np.testing.assert_array_equal(again.verticals, figure.verticals)
