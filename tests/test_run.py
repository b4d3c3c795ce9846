"""Running a study whole: order, refusals, progress, and what a failure leaves behind."""

from __future__ import annotations

import importlib
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.report.seals import report_files
from servicefx.run import SECTIONS, fit_model, processes_for, run_sections, run_study
from servicefx.study.study import load_study
from servicefx.study.template import write_template


@pytest.fixture
def study_folder(tmp_path: Path) -> Path:
    write_template(tmp_path / "mine")
    return tmp_path / "mine"


def edited(folder: Path, old: str, new: str) -> None:
    path = folder / "study.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_every_section_named_exists_and_carries_its_id() -> None:
    for name, where in SECTIONS:
        module, function = where.split(":")
        assert function == f"{name}_section"
        assert callable(getattr(importlib.import_module(module), function))


def test_progress_is_told_every_section_in_order(study_folder: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    list(run_sections(load_study(study_folder), progress=lambda *step: seen.append(step)))
    assert seen == [(name, place, len(SECTIONS)) for place, (name, _) in enumerate(SECTIONS)]


def test_a_model_that_cannot_be_fitted_is_refused_in_the_report_and_the_rest_stands(
    study_folder: Path, tmp_path: Path
) -> None:
    path = study_folder / "study.toml"
    path.write_text(
        path.read_text(encoding="utf-8")
        + '\n[models.structure]\nkind = "sem"\nlavaan = "loyalty ~ satisfaction; satisfaction ~ loyalty"\n',
        encoding="utf-8",
    )
    result = run_study(study_folder, tmp_path / "out")
    assert any("'loyalty ~ satisfaction'" in problem.found for problem in result.refusals)
    assert all(problem.where.startswith("structure: models.structure") for problem in result.refusals)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_bytes())
    assert {entry["section"] for entry in manifest["refusals"]} == {"structure"}
    assert "tables/drivers.csv" in result.files
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "is not reported" in page


def test_a_study_with_problems_leaves_the_old_report_as_it_was(study_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_study(study_folder, out)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    edited(study_folder, '"sat1"', '"sat_one"')
    with pytest.raises(DataError, match="sat_one"):
        run_study(study_folder, out)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_another_seed_moves_the_draws_and_nothing_else(study_folder: Path) -> None:
    study = load_study(study_folder)
    first = {section.id: section for section in run_sections(study, seed=1)}
    second = {section.id: section for section in run_sections(study, seed=2)}
    fits = [{table.id: table.rows for table in found["drivers"].tables} for found in (first, second)]
    assert fits[0]["drivers"].equals(fits[1]["drivers"])
    assert fits[0]["importance"]["estimate"].equals(fits[1]["importance"]["estimate"])
    left, right = (sections["chain"].tables[0].rows for sections in (first, second))
    assert left["estimate"].equals(right["estimate"])
    assert not left["conf_low"].equals(right["conf_low"])


def test_every_figure_is_drawn_from_rows_of_a_table_of_its_section(study_folder: Path) -> None:
    for section in run_sections(load_study(study_folder)):
        ids = {table.id for table in section.tables}
        assert all(figure.source in ids for figure in section.figures)


def test_the_report_does_not_depend_on_the_number_of_processes(study_folder: Path, tmp_path: Path) -> None:
    for jobs in (1, 2):
        run_study(study_folder, tmp_path / str(jobs), jobs=jobs)
    assert report_files(tmp_path / "1") == report_files(tmp_path / "2")


def test_small_data_are_not_worth_a_second_process(study_folder: Path) -> None:
    study = load_study(study_folder)
    assert processes_for(study) == 1
    large = {name: pd.concat([frame] * 3000) for name, frame in study.frames.items()}
    assert 1 <= processes_for(replace(study, frames=large)) <= 4


def test_a_triangle_of_ragged_rows_is_told_how_to_be_written(tmp_path: Path) -> None:
    ragged = tmp_path / "matrix.csv"
    ragged.write_text("x,m,y\n1\n.5,1\n.4,.3,1\n", encoding="utf-8")
    with pytest.raises(DataError, match="end the shorter rows with commas"):
        fit_model("m ~ x; y ~ m", ragged, n_obs=200)
    ragged.write_text("x,m,y\n1,,\n.5,1,\n.4,.3,1\n", encoding="utf-8")
    assert fit_model("m ~ x; y ~ m", ragged, n_obs=200).measures["df"] == 1
