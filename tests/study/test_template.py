"""The templates of `servicefx new` run as they are, and overwrite nothing."""

from __future__ import annotations

import importlib.util
import re

import pytest

from servicefx.errors import StudyError
from servicefx.measurement.reliability import reliability_of
from servicefx.study.study import check_study, gap_scores, load_study
from servicefx.study.template import TEMPLATES, write_template


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


@pytest.fixture(params=["servqual", "after_sales"])
def questioned(request, tmp_path):
    """A template with a questionnaire: its name, folder and study."""
    write_template(tmp_path, request.param)
    return request.param, tmp_path, load_study(tmp_path)


def test_a_template_with_a_questionnaire_is_a_study_without_a_fault(questioned):
    name, folder, study = questioned
    assert sorted(path.name for path in folder.iterdir()) == sorted(TEMPLATES[name])
    assert check_study(folder) == []
    dimensions = [spec for spec in study.spec.constructs.values() if spec.importance]
    items = {"servqual": [4, 5, 4, 4, 5], "after_sales": [3] * 10}[name]
    assert [len(spec.items) for spec in dimensions] == items
    assert study.spec.measurement.segments == ("channel", "region")
    assert study.frames["customers"]["marker1"].max() <= 7  # 99 is a missing code there


def test_the_simulated_answers_hang_together_as_a_survey_does(questioned):
    _, _, study = questioned
    scores = study.scores["customers"]
    driving = [path.sources[0] for path in study.spec.paths if path.to == "satisfaction"]
    assert (scores[driving].corrwith(scores["satisfaction"]) > 0.2).all()
    for construct, spec in study.spec.constructs.items():
        if spec.mode == "reflective":
            assert 0.7 < reliability_of(study.items(construct), construct).alpha < 0.97, construct


def test_every_column_of_the_survey_is_a_question_in_two_languages(questioned):
    _, folder, study = questioned
    text = (folder / "questionnaire.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("| `")]
    asked = [name for row in rows for cell in row[:-2] for name in re.findall(r"`(\w+)`", cell)]
    recorded = ["customer", "outlet", "channel", "region", "seconds"]
    assert sorted([*asked, *recorded]) == sorted(study.frames["customers"].columns)
    assert all(row[-2].strip() and re.search(r"[\u4e00-\u9fff]", row[-1]) for row in rows)


def test_surveys_and_questionnaires_are_what_the_script_makes(repository):
    spec = importlib.util.spec_from_file_location("make_templates", repository / "data" / "make_templates.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for path, content in module.made().items():
        assert path.read_bytes() == content, f"{path.name}: run data/make_templates.py --write"


def test_an_unknown_template_is_answered_with_their_names(tmp_path):
    with pytest.raises(StudyError) as raised:
        write_template(tmp_path / "new", "servqal")
    assert str(raised.value) == (
        "template: there is no template 'servqal', expected one of: survey, servqual, after_sales\n"
        "    Name one of them."
    )
    assert not (tmp_path / "new").exists()
