"""A study opens files of its own folder, and raw:NAME of its repository; nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from servicefx.study.locate import locate
from servicefx.study.places import Finding
from servicefx.study.study import check_study

PLACE = ("data", "customers", "file")


def finding(file: str, folder: Path) -> str:
    found = locate(file, folder, PLACE)
    assert isinstance(found, Finding)
    return str(found.problem("study.toml"))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for folder in ("analyses/demo", "data/raw", "elsewhere"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "secret.csv").write_text("a\n1\n")
    return tmp_path


def test_a_missing_file_is_told_with_the_closest_name(make_study):
    folder = make_study({'file = "survey.csv"': 'file = "survy.csv"'})
    assert [str(problem) for problem in check_study(folder)] == [
        "study.toml: data.customers.file: file 'survy.csv' is not in the study folder (closest: "
        "'survey.csv')\n"
        "    Correct the name, or put the file there."
    ]


def test_a_missing_file_with_no_near_name_lists_nothing_of_the_folder(tmp_path):
    (tmp_path / "diary.txt").touch()
    assert finding("zzz.csv", tmp_path) == (
        "study.toml: data.customers.file: file 'zzz.csv' is not in the study folder\n"
        "    Correct the name, or put the file there."
    )


def test_a_file_below_the_folder_is_found(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "数据.csv").touch()
    assert locate("sub/数据.csv", tmp_path, PLACE) == (tmp_path / "sub" / "数据.csv").resolve()


@pytest.mark.parametrize("file", ["../secret.csv", "sub/../../secret.csv", "..", "..\\secret.csv"])
def test_a_path_that_climbs_out_is_refused(file, repository):
    assert finding(file, repository / "analyses") == (
        f"study.toml: data.customers.file: '{file}' leads out of the study folder\n"
        "    Put the file into the study folder, and write its name from there."
    )


@pytest.mark.parametrize(
    "file", ["/etc/passwd", "C:\\data.csv", "C:data.csv", "\\data.csv", "\\\\host\\data.csv"]
)
def test_a_path_that_does_not_start_in_the_folder_is_refused(file, tmp_path):
    assert finding(file, tmp_path) == (
        f"study.toml: data.customers.file: '{file}' is not below the study folder\n"
        "    Put the file into the study folder, and write its name from there."
    )


def test_a_link_that_leaves_the_folder_is_refused(repository):
    folder = repository / "analyses" / "demo"
    (folder / "survey.csv").symlink_to(repository / "secret.csv")
    (folder / "up").symlink_to(repository)
    (folder / "circle.csv").symlink_to(folder / "circle.csv")
    for file in ("survey.csv", "up/secret.csv"):
        assert "leads out of the study folder" in finding(file, folder)
    assert isinstance(locate("circle.csv", folder, PLACE), Finding)


def test_a_link_inside_the_folder_is_followed(tmp_path):
    (tmp_path / "real.csv").touch()
    (tmp_path / "survey.csv").symlink_to(tmp_path / "real.csv")
    assert isinstance(locate("survey.csv", tmp_path, PLACE), Path)


@pytest.mark.parametrize("file", ["nul\0.csv", "x" * 5000, "."])
def test_a_name_no_file_can_have_is_told_not_raised(file, tmp_path):
    assert isinstance(locate(file, tmp_path, PLACE), Finding)


def test_a_raw_file_is_looked_for_beside_the_analyses(repository):
    (repository / "data/raw/mobi.csv").touch()
    found = locate("raw:mobi.csv", repository / "analyses/demo", PLACE)
    assert found == (repository / "data/raw/mobi.csv").resolve()


def test_a_missing_raw_file_says_where_it_was_looked_for_and_how_to_get_it(repository):
    assert finding("raw:mobi.csv", repository / "analyses/demo") == (
        "study.toml: data.customers.file: file 'mobi.csv' was looked for at data/raw/mobi.csv and "
        "is not there\n"
        "    Run 'make data', or put the file there."
    )


def test_raw_needs_a_repository_around_the_study(repository):
    assert finding("raw:mobi.csv", repository / "elsewhere") == (
        "study.toml: data.customers.file: 'raw:mobi.csv' needs a folder data/raw beside the folder "
        "'analyses' that "
        "the study is in, and there is none\n"
        "    Put the file into the study folder and write its name without 'raw:'."
    )


@pytest.mark.parametrize("name", ["", ".", "..", "../secret.csv", "sub/x.csv", "sub\\x.csv", "C:x.csv"])
def test_raw_takes_a_name_and_no_folder(name, repository):
    assert finding(f"raw:{name}", repository / "analyses/demo") == (
        f"study.toml: data.customers.file: 'raw:{name}' does not name one file of data/raw\n"
        "    Write raw:NAME, with the name of a file and no folder."
    )


def test_a_raw_file_or_folder_that_is_a_link_to_elsewhere_is_refused(repository):
    study = repository / "analyses/demo"
    (repository / "data/raw/linked.csv").symlink_to(repository / "secret.csv")
    assert "leads out of data/raw" in finding("raw:linked.csv", study)
    (repository / "data/raw/linked.csv").unlink()
    (repository / "data/raw").rmdir()
    (repository / "data/raw").symlink_to(repository)
    assert "leads out of data/raw" in finding("raw:secret.csv", study)
