"""What `assess` may be asked of, and on which scale what is asked twice is judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from servicefx import load_study
from servicefx.errors import StudyError
from servicefx.measurement import assess
from servicefx.study.study import Study
from servicefx.study.template import write_template


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder: Path = tmp_path_factory.mktemp("servqual")
    write_template(folder, "servqual")
    return load_study(folder)


def test_a_path_in_place_of_a_study_is_refused_with_what_to_do() -> None:
    with pytest.raises(StudyError, match=r"study: a str, a Study expected\n    Load it first"):
        assess("analyses/ecsi_mobile")  # type: ignore[arg-type]


def test_one_part_may_be_named_by_itself(survey: Study) -> None:
    alone, listed = assess(survey, parts="screening"), assess(survey, parts=["screening"])
    assert alone.names == listed.names == ("flags", "straight_lines", "items", "patterns", "gaps_test")


def test_a_question_asked_again_is_judged_on_the_scale_of_the_first(survey: Study) -> None:
    flags = assess(survey, parts="screening").frames["flags"].set_index("rule")
    first, again = survey.spec.measurement.pairs[0]
    both = survey.frames["customers"][[first, again]].notna().all(axis=1).sum()
    assert flags.loc["inconsistent_pairs", ["n_judged", "undefined"]].tolist() == [both, ""]
