"""The committed reports come out again, from the study files alone and from the numbered scripts."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from servicefx.report.compare import compare_reports
from servicefx.report.seals import check_hashes, report_files
from servicefx.run import run_study

ROOT = Path(__file__).parents[2]
STUDIES = ("ecsi_mobile", "after_sales")


def available(study: str) -> None:
    if study == "ecsi_mobile" and not (ROOT / "data" / "raw" / "mobi.csv").is_file():
        pytest.skip("data/raw/mobi.csv is not there: run 'make data'")


@pytest.mark.parametrize("study", STUDIES)
def test_the_committed_report_is_what_a_run_makes(study: str, tmp_path: Path) -> None:
    available(study)
    result = run_study(ROOT / "analyses" / study, tmp_path / study)
    assert compare_reports(report_files(ROOT / "reports" / study), report_files(result.out)) == []
    assert not result.refusals


@pytest.mark.parametrize("study", STUDIES)
def test_the_committed_report_is_sealed_by_its_manifest(study: str) -> None:
    assert check_hashes(ROOT / "reports" / study) == []


@pytest.mark.parametrize("study", STUDIES)
def test_the_numbered_scripts_make_the_same_bytes_as_a_run(study: str, tmp_path: Path) -> None:
    available(study)
    folder = ROOT / "analyses" / study
    for script in sorted(folder.glob("0*.py")):
        runpy.run_path(str(script))["main"](str(folder), str(tmp_path / "scripts"))
    run_study(folder, tmp_path / "run")
    assert report_files(tmp_path / "scripts") == report_files(tmp_path / "run")


@pytest.mark.parametrize("study", STUDIES)
def test_scripts_only_load_call_and_write(study: str) -> None:
    import ast

    for script in sorted((ROOT / "analyses" / study).glob("0*.py")):
        text = script.read_text(encoding="utf-8")
        assert len(text.splitlines()) < 40
        assert not [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.BinOp)]


def test_at_least_eight_tables_and_three_figures_a_study() -> None:
    for study in STUDIES:
        assert len(list((ROOT / "reports" / study / "tables").glob("*.csv"))) >= 8
        assert len(list((ROOT / "reports" / study / "figures").glob("*.svg"))) >= 3
