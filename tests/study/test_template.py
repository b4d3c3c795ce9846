"""The template of `servicefx new` runs as it is, and overwrites nothing."""

from __future__ import annotations

import pytest

from servicefx.errors import StudyError
from servicefx.study.study import check_study, gap_scores, load_study
from servicefx.study.template import write_template


def test_the_template_is_a_study_without_a_fault(tmp_path):
    written = write_template(tmp_path / "new" / "study")
    assert [path.name for path in written] == ["study.toml", "survey.csv"]
    assert check_study(written[0]) == []
    study = load_study(tmp_path / "new" / "study")
    assert 60 <= len(study.frames["customers"]) <= 70
    assert [path.hypothesis for path in study.spec.paths] == ["H1a", "H1b", "H1c", "H1d", "H1e", "H4"]
    assert set(study.missing_answers["customers"]) == {"blank", "code N/A", "code 99"}


def test_the_template_shows_what_a_survey_usually_holds(tmp_path):
    write_template(tmp_path)
    study = load_study(tmp_path)
    scores = study.scores["customers"]
    assert (scores.drop(columns="satisfaction").corrwith(scores["satisfaction"]) > 0.2).all()
    assert (study.items("responsiveness").corr() > 0.2).all(axis=None)
    assert gap_scores(study, "reliability").mean() < 0


@pytest.mark.parametrize("name", ["study.toml", "survey.csv"])
def test_a_file_that_is_there_is_not_overwritten(name, tmp_path):
    (tmp_path / name).write_text("mine")
    with pytest.raises(StudyError) as raised:
        write_template(tmp_path)
    assert str(raised.value) == (
        f"{tmp_path}: the folder holds '{name}' already, and nothing is overwritten\n    Name another folder."
    )
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_other_files_of_the_folder_are_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    write_template(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StudyError, match="is a file, a folder is needed"):
        write_template(tmp_path / "file")
