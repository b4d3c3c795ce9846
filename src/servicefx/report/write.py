"""Writing a report whole: a new folder beside the old one, swapped in when it is complete."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from servicefx.errors import Problem, StudyError
from servicefx.report.manifest import MADE_BY, MANIFEST

__all__ = ["is_report", "safe_name", "write_report"]


def write_report(out: str | Path, files: Mapping[str, bytes]) -> Path:
    """Write the files of a report into a fresh folder and put it in the place of the old one.

    The new folder is written under a hidden name beside ``out``; then the old one is renamed away, the new
    one renamed in, the old one removed. Whenever the process dies, the old report or the new one is there
    whole: after a death between the two renames the next call brings the old one back first. What killed
    runs left behind is cleared away.

    Parameters
    ----------
    out : path
        Folder of the report; its parents are made where they are missing.
    files : mapping of str to bytes
        Name below ``out``, with ``/`` -> content.

    Returns
    -------
    Path
        ``out``.

    Raises
    ------
    StudyError
        If ``out`` is a file, a folder that holds something else than a report of ours, or cannot be written.
    ValueError
        If a name would leave the folder.
    """
    out = Path(out)
    try:
        return _written(out if out.name else out.resolve(), files)
    except OSError as error:
        raise StudyError(
            Problem(
                f"report folder '{out}'",
                f"the report cannot be written there ({error.strerror or error})",
                "Name a folder that can be written to with --out.",
            )
        ) from error


def _written(out: Path, files: Mapping[str, bytes]) -> Path:
    names = {name: safe_name(name) for name in files}
    if out.is_symlink():
        out = out.resolve()
    _restore(out)
    _check_replaceable(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    _clear(out, "new")
    fresh = Path(tempfile.mkdtemp(prefix=f".{out.name}.new-", dir=out.parent))
    try:
        fresh.chmod(0o755)
        for name, content in files.items():
            target = fresh / names[name]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        _swap(out, fresh)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    _clear(out, "old")
    shutil.rmtree(out.parent / f".{out.name}.sections", ignore_errors=True)
    return out


def safe_name(name: str) -> PurePosixPath:
    """A file name that stays below the folder it is joined to.

    Raises
    ------
    ValueError
        If it is empty, absolute, climbs with ``..`` or carries a drive or a backslash.

    Examples
    --------
    >>> safe_name("tables/drivers.csv").name
    'drivers.csv'
    """
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or re.search(r"[\\:\x00-\x1f]", name):
        raise ValueError(f"file name '{name}' does not stay inside the report's folder")
    if str(path) != name:
        raise ValueError(f"file name '{name}' is not written in its simplest form ('{path}')")
    return path


def is_report(folder: Path) -> bool:
    """Whether a folder holds a manifest of ours."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(manifest, dict) and manifest.get("made_by") == MADE_BY


def _check_replaceable(out: Path) -> None:
    if out.is_dir() and (is_report(out) or not any(out.iterdir())):
        return
    if out.exists():
        what = f"holds files but no {MANIFEST} of servicefx" if out.is_dir() else "is a file, not a folder"
        raise StudyError(
            Problem(
                f"report folder '{out.name or out}'",
                f"{what}, and what servicefx did not write it does not replace",
                "Name another folder with --out, or remove this one yourself.",
            )
        )


def _swap(out: Path, fresh: Path) -> None:
    """Old away, new in; on a failure in between the old one comes back."""
    if not out.exists():
        fresh.rename(out)
        return
    away = out.parent / f".{out.name}.old-{fresh.name.rpartition('-')[2]}"
    out.rename(away)
    try:
        fresh.rename(out)
    except BaseException:
        away.rename(out)
        raise


def _restore(out: Path) -> None:
    """Bring back a report that a killed run had renamed away and not yet replaced."""
    left = _left_behind(out, "old")
    if left and not out.exists():
        left[-1].rename(out)


def _clear(out: Path, kind: str) -> None:
    for folder in _left_behind(out, kind):
        shutil.rmtree(folder, ignore_errors=True)


def _left_behind(out: Path, kind: str) -> list[Path]:
    start = f".{out.name}.{kind}-"
    if not out.parent.is_dir():
        return []
    return sorted(path for path in out.parent.iterdir() if path.name.startswith(start) and path.is_dir())
