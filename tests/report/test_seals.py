import json

import pytest

from servicefx.errors import StudyError
from servicefx.report.page import render_report
from servicefx.report.seals import check_hashes, read_manifest, report_files
from servicefx.report.write import write_report


@pytest.fixture
def folder(tmp_path, study, sections):
    return write_report(tmp_path / "report", render_report(study, sections))


def found(folder):
    return [(problem.where, problem.found) for problem in check_hashes(folder)]


def rewrite(folder, **changes):
    manifest = json.loads((folder / "manifest.json").read_bytes())
    (folder / "manifest.json").write_text(json.dumps({**manifest, **changes}))


def test_a_report_as_written_holds(folder, study, sections):
    assert check_hashes(folder) == []
    assert report_files(folder) == render_report(study, sections)
    assert read_manifest(folder)["study"] == "made_up"


def test_altered_missing_and_added_files_are_named(folder):
    (folder / "tables" / "drivers.csv").write_bytes(b"term\n")
    (folder / "report.html").unlink()
    (folder / "tables" / "extra.csv").write_bytes(b"")
    assert found(folder) == [
        ("report.html", "is missing, manifest.json lists it"),
        ("tables/drivers.csv", "is not the file manifest.json lists (its sha256 differs)"),
        ("tables/extra.csv", "is not listed in manifest.json"),
    ]


@pytest.mark.parametrize("name", ["../outside.csv", "/etc/hostname", "tables/../../outside.csv", "C:\\x", ""])
def test_a_manifest_cannot_point_outside_its_folder(folder, name):
    (folder.parent / "outside.csv").write_bytes(b"secret")
    rewrite(folder, outputs={**read_manifest(folder)["outputs"], name: "00" * 32})
    assert found(folder) == [("manifest.json", f"'{name}' names a file outside the report")]


def test_links_are_named_and_not_followed(folder):
    secret = folder.parent / "secret.csv"
    secret.write_bytes((folder / "tables" / "drivers.csv").read_bytes())
    (folder / "tables" / "drivers.csv").unlink()
    (folder / "tables" / "drivers.csv").symlink_to(secret)
    (folder / "figures" / "away").symlink_to(folder.parent, target_is_directory=True)
    assert ("tables/drivers.csv", "is a link, not a file") in found(folder)
    assert ("figures/away", "is not listed in manifest.json") in found(folder)
    assert "tables/drivers.csv" not in report_files(folder)
    assert not [name for name in report_files(folder) if "away" in name]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"[" * 200_000, "is not JSON"),
        (b"[]", "does not say 'made_by': 'servicefx'"),
        (b'{"name": "a web app"}', "does not say 'made_by': 'servicefx'"),
        (b'{"made_by": "servicefx"}', "'outputs' does not list files with their sha256"),
        (b'{"made_by": "servicefx", "outputs": {"a": 1}}', "'outputs' does not list files with their sha256"),
        (b'{"made_by": "servicefx", "outputs": {}}', "'study_sha256' does not say which study this is"),
    ],
    ids=range(8),
)
def test_a_manifest_that_is_none_is_told_apart(folder, content, message):
    (folder / "manifest.json").write_bytes(content)
    assert found(folder) == [("manifest.json", message)]
    with pytest.raises(StudyError, match=message):
        read_manifest(folder)


def test_a_folder_without_manifest_or_no_folder_says_so(folder, tmp_path):
    (folder / "manifest.json").unlink()
    assert found(folder) == [("manifest.json", "is missing in 'report'")]
    assert found(tmp_path / "nowhere") == [("report 'nowhere'", "there is no such folder")]
