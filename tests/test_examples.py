"""What the README prints and what the notebooks show is what one gets."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[tuple[str, str]]:
    """Command and printed output of every console block of the README."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def test_the_readme_commands_print_what_the_readme_says(tmp_path: Path) -> None:
    assert len(commands()) == 7
    for command, output in commands():
        name, *words = shlex.split(command)
        assert name == "servicefx"
        said = subprocess.run(
            [sys.executable, "-m", "servicefx.cli", *words],
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "120"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=True,
        )
        lines = [line.rstrip() for line in said.stdout.strip().splitlines()]
        assert lines == [line.rstrip() for line in output.strip().splitlines()]


def test_the_readme_python_blocks_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len(blocks) == 5
    scope: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), scope)
    assert "net present value" in scope["net"].estimand  # type: ignore[attr-defined]
    assert scope["fit"].n_obs == 200  # type: ignore[attr-defined]
    assert len(scope["scores"]) == 6000  # type: ignore[arg-type]
    assert abs(scope["wait"].threshold.estimate - 24) < 2  # type: ignore[attr-defined]


def test_every_table_of_the_reports_is_in_the_readme() -> None:
    for study in ("ecsi_mobile", "after_sales"):
        for path in (ROOT / "reports" / study / "tables").glob("*.csv"):
            name = path.stem.removesuffix("_firms")
            assert f"`{name}`" in README, path.stem


def shown(cell: nbformat.NotebookNode) -> list[str | None]:
    """What a cell shows; tables as HTML, since their plain text depends on the terminal's width."""
    data = [output.get("data", {}) for output in cell.outputs]
    return [entry.get("text/html", entry.get("text/plain")) for entry in data]


@pytest.mark.parametrize("study", ["ecsi_mobile", "after_sales"])
def test_the_notebook_runs_and_shows_the_text_it_was_committed_with(study: str) -> None:
    from nbclient import NotebookClient

    if study == "ecsi_mobile" and not (ROOT / "data" / "raw" / "mobi.csv").is_file():
        pytest.skip("data/raw/mobi.csv is not there: run 'make data'")
    path = ROOT / "analyses" / study / "notebook.ipynb"
    committed = nbformat.read(path, as_version=4)
    fresh = nbformat.read(path, as_version=4)
    # a kernel of its own process warns about its transport; nothing of the notebook warns
    NotebookClient(fresh, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    for old, new in zip(committed.cells, fresh.cells, strict=True):
        if old.cell_type == "code":
            assert old.outputs, "committed without having been run"
            assert shown(old) == shown(new)
