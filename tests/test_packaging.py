"""What a stranger installs: the wheel, the lock file, and the papers that go with them."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import servicefx


def build(repository: Path, kind: str, folder: Path) -> Path:
    """The distribution that the build backend makes of the repository, without installing anything."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(folder)],
        cwd=repository,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(repository, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def project(repository: Path) -> dict[str, Any]:
    return dict(tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"])


@pytest.fixture(scope="module")
def locked(repository: Path) -> dict[str, Requirement]:
    """Pinned requirements of the lock file by name."""
    lines = (repository / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line.removesuffix("\\").strip()) for line in lines if not line.startswith(" ")]
    return {canonicalize_name(pin.name): pin for pin in pins}


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path, repository: Path) -> None:
    source = repository / "src"
    files = {
        path.relative_to(source).as_posix()
        for path in (source / "servicefx").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert inside == files
    assert "servicefx/py.typed" in inside
    assert any(name.startswith("servicefx/theory/") and name.endswith(".toml") for name in inside)


def test_the_wheel_works_where_the_repository_is_not(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    script = (
        "import sys; sys.path.insert(0, 'site')\n"
        "import servicefx; from servicefx.theory.catalogue import load_theory\n"
        "assert 'site' in servicefx.__file__, servicefx.__file__\n"
        "print(len(load_theory().claims))\n"
        "from servicefx.cli import main; sys.argv = ['servicefx', 'new', 'study']; main()\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True, timeout=120)
    check = "import sys; sys.path.insert(0, 'site'); from servicefx.cli import main; main()"
    ran = subprocess.run(
        [sys.executable, "-c", check, "check", "study"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "No problems found." in ran.stdout


def test_the_source_distribution_leaves_out_the_survey_that_is_not_ours(
    repository: Path, tmp_path: Path
) -> None:
    with tarfile.open(build(repository, "sdist", tmp_path)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert "src/servicefx/__init__.py" in names
    assert [name for name in names if name.endswith("mobi.csv")] == []
    assert [name for name in names if name.startswith((".venv", "build/", "dist/"))] == []


def test_the_wheel_states_what_pyproject_states(wheel: Path, project: dict[str, Any]) -> None:
    archive = zipfile.ZipFile(wheel)
    (metadata,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    lines = archive.read(metadata).decode().splitlines()
    assert f"Version: {servicefx.__version__}" in lines
    assert "License-Expression: MIT" in lines
    assert "Requires-Python: >=3.11" in lines
    needed = {line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist: ")}
    runtime = {str(Requirement(text)) for text in needed if "extra ==" not in text}
    assert runtime == {str(Requirement(text)) for text in project["dependencies"]}


@pytest.mark.parametrize("name", ["pandas", "statsmodels", "linearmodels", "semopy"])
def test_what_the_numbers_depend_on_has_an_upper_bound(project: dict[str, Any], name: str) -> None:
    (requirement,) = [Requirement(t) for t in project["dependencies"] if Requirement(t).name == name]
    assert any(clause.operator == "<" for clause in requirement.specifier)


def test_the_lock_pins_everything_with_hashes_and_names_no_place(repository: Path) -> None:
    text = (repository / "requirements.lock").read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=\S)", text.strip())
    assert len(blocks) > 80
    for block in blocks:
        assert re.match(r"[a-z0-9-]+==[^\s;]+( ; [^\\]+)? \\\n", block), block.splitlines()[0]
        assert re.fullmatch(r"( {4}--hash=sha256:[0-9a-f]{64}( \\)?\n?)+", block.partition("\n")[2]), block
    assert not re.search(r"://|^-|@|index|find-links|#", text, flags=re.MULTILINE)


def test_the_lock_satisfies_pyproject(project: dict[str, Any], locked: dict[str, Requirement]) -> None:
    wanted = [*project["dependencies"], *(t for e in project["optional-dependencies"].values() for t in e)]
    for text in wanted:
        requirement = Requirement(text)
        (clause,) = locked[canonicalize_name(requirement.name)].specifier
        assert clause.version in requirement.specifier, text


def test_one_version_everywhere(repository: Path) -> None:
    version = servicefx.__version__
    citation = (repository / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {version}\n" in citation
    changes = (repository / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = changes.split("\n## ")[1]
    assert newest.startswith(version)
    assert newest.index("### In the numbers") < newest.index("### New")


def test_make_help_lists_every_command(repository: Path) -> None:
    text = (repository / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.+)$", text, flags=re.MULTILINE)
    described = re.findall(r"^([a-z-]+):.*## \S", text, flags=re.MULTILINE)
    assert sorted(described) == sorted(phony.split())
    ran = subprocess.run(["make"], cwd=repository, capture_output=True, text=True, check=True, timeout=60)
    assert [line.split()[1] for line in ran.stdout.splitlines() if line.startswith("  make ")] == described


def test_the_promised_commands_are_there(repository: Path) -> None:
    text = (repository / "Makefile").read_text(encoding="utf-8")
    promised = "demo test test-all check data reports verify bench help"
    for target in promised.split():
        assert re.search(rf"^{target}:", text, flags=re.MULTILINE), target


@pytest.mark.parametrize(
    "name", ["Makefile", ".ci/run", "pyproject.toml", "requirements.lock", "data/make_data.py"]
)
def test_no_place_of_a_machine_or_a_package_index_is_written_down(repository: Path, name: str) -> None:
    text = (repository / name).read_text(encoding="utf-8")
    assert not re.search(r"/(home|root|Users|opt|work)/|\bpypi\.|index-url [^\\\n]*:|https?://", text)
