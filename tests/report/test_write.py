import subprocess
import sys
from pathlib import Path

import pytest

from servicefx.errors import StudyError
from servicefx.report.page import render_report
from servicefx.report.write import safe_name, write_report

MANIFEST = b'{"made_by": "servicefx", "n": %d}'


def report(n: int) -> dict[str, bytes]:
    return {"manifest.json": MANIFEST % n, "tables/a.csv": b"x\n%d\n" % n}


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_report_is_written_whole_and_leaves_nothing_beside_it(tmp_path, study, sections):
    files = render_report(study, sections)
    write_report(tmp_path / "new" / "report", files)
    assert content(tmp_path / "new" / "report") == files
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["report"]


def test_an_old_report_is_replaced_not_merged_into(tmp_path):
    write_report(tmp_path / "r", {**report(1), "tables/gone.csv": b"old"})
    write_report(tmp_path / "r", report(2))
    assert content(tmp_path / "r") == report(2)


@pytest.mark.parametrize("failing", range(1, 5))
def test_a_failure_at_any_step_leaves_the_old_report(tmp_path, monkeypatch, failing):
    write_report(tmp_path / "r", report(1))
    steps = iter(range(1, 99))

    def broken(original):
        def step(self, *args, **kwargs):
            if next(steps) == failing:
                raise KeyboardInterrupt
            return original(self, *args, **kwargs)

        return step

    monkeypatch.setattr(Path, "write_bytes", broken(Path.write_bytes))
    monkeypatch.setattr(Path, "rename", broken(Path.rename))
    with pytest.raises(KeyboardInterrupt):
        write_report(tmp_path / "r", report(2))
    assert content(tmp_path / "r") == report(1)
    assert [p.name for p in tmp_path.iterdir()] == ["r"]


KILLED = """
import os, sys
from pathlib import Path
from servicefx.report.write import write_report

steps = iter(range(1, 99))

def deadly(original):
    def step(self, *args, **kwargs):
        if next(steps) == int(sys.argv[2]):
            os._exit(9)
        return original(self, *args, **kwargs)
    return step

Path.write_bytes, Path.rename = deadly(Path.write_bytes), deadly(Path.rename)
write_report(sys.argv[1], {"manifest.json": b'{"made_by": "servicefx", "n": 2}', "tables/a.csv": b"x"})
"""


@pytest.mark.parametrize("failing", range(1, 5))
def test_after_a_kill_at_any_step_the_old_report_is_whole(tmp_path, monkeypatch, failing):
    out = write_report(tmp_path / "r", report(1))
    killed = subprocess.run([sys.executable, "-c", KILLED, str(out), str(failing)], check=False)
    assert killed.returncode == 9
    away = [p for p in tmp_path.iterdir() if ".old-" in p.name]
    assert content(out if out.exists() else away[0]) == report(1)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", _full_disk)
        with pytest.raises(StudyError, match=r"cannot be written there \(disk full\)"):
            write_report(out, report(3))
    assert content(out) == report(1)
    write_report(out, report(4))
    assert content(out) == report(4)
    assert [p.name for p in tmp_path.iterdir()] == ["r"]


def _full_disk(*_):
    raise OSError("disk full")


@pytest.mark.parametrize("left", ["notes.txt", "manifest.json"])
def test_a_folder_that_is_no_report_is_not_replaced(tmp_path, left):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / left).write_text('{"name": "a web app"}')
    with pytest.raises(
        StudyError, match=r"report folder 'mine': holds files but no manifest\.json of servicefx"
    ):
        write_report(tmp_path / "mine", report(1))
    assert [p.name for p in (tmp_path / "mine").iterdir()] == [left]


def test_a_file_is_not_replaced(tmp_path):
    (tmp_path / "mine").write_text("text")
    with pytest.raises(StudyError, match="report folder 'mine': is a file, not a folder"):
        write_report(tmp_path / "mine", report(1))


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "mine").mkdir()
    write_report(tmp_path / "mine", report(1))
    assert content(tmp_path / "mine") == report(1)


@pytest.mark.parametrize(
    "name", ["", "/etc/x", "../x", "a/../../x", "C:/x", "a\\b", "a//b", "./a", "a/", "a\nb"]
)
def test_names_that_leave_the_folder_are_refused(name):
    with pytest.raises(ValueError, match="file name"):
        safe_name(name)
