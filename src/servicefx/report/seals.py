"""Whether every file of a report is as its manifest says: none missing, altered or added."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from servicefx.errors import Problem, StudyError
from servicefx.report.manifest import MADE_BY, MANIFEST
from servicefx.report.write import safe_name

__all__ = ["check_hashes", "read_manifest", "report_files"]


def check_hashes(folder: str | Path) -> list[Problem]:
    """Files of a report that are not what its manifest says.

    The manifest may come from a stranger: a name that would leave the folder is named and never opened, and
    links are not followed.

    Parameters
    ----------
    folder : path
        Folder of the report.

    Returns
    -------
    list of Problem
        Empty where all is as written.
    """
    folder = Path(folder)
    manifest, problems = _manifest(folder)
    if manifest is None:
        return problems
    outputs = manifest["outputs"]
    for name in sorted(outputs):
        try:
            path = folder / safe_name(name)
        except ValueError:
            problems.append(
                Problem(MANIFEST, f"'{name}' names a file outside the report", "Do not use this report.")
            )
            continue
        if _is_link(folder, path):
            problems.append(Problem(name, "is a link, not a file", "Put the file itself there."))
        elif not path.is_file():
            problems.append(Problem(name, f"is missing, {MANIFEST} lists it", "Run the study again."))
        elif _sha256(path) != outputs[name]:
            problems.append(
                Problem(
                    name, f"is not the file {MANIFEST} lists (its sha256 differs)", "Run the study again."
                )
            )
    known = {*outputs, MANIFEST}
    problems += [
        Problem(name, f"is not listed in {MANIFEST}", "Remove it, or run the study again.")
        for name in sorted(_names(folder) - known)
    ]
    return problems


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """The manifest of a report.

    Returns
    -------
    dict
        As `servicefx.report.manifest.build_manifest` makes it; ``outputs`` and ``study_sha256`` are there.

    Raises
    ------
    StudyError
        If the folder is not there, or holds no manifest of ours.
    """
    manifest, problems = _manifest(Path(folder))
    if manifest is None:
        raise StudyError(*problems)
    return manifest


def report_files(folder: str | Path) -> dict[str, bytes]:
    """Files of a report by name, those reached through links left out.

    Returns
    -------
    dict of str to bytes
        Name below the folder, with ``/`` -> content.
    """
    folder = Path(folder)
    return {
        name: (folder / name).read_bytes()
        for name in sorted(_names(folder))
        if not _is_link(folder, folder / name)
    }


def _manifest(folder: Path) -> tuple[dict[str, Any] | None, list[Problem]]:
    """The manifest where it is one, else what is wrong with it."""
    where = MANIFEST
    again = "Run the study again."
    path = folder / MANIFEST
    if not folder.is_dir():
        return None, [
            Problem(f"report '{folder.name}'", "there is no such folder", "Name a report's folder.")
        ]
    if not path.is_file() or path.is_symlink():
        return None, [Problem(where, f"is missing in '{folder.name}'", again)]
    try:
        manifest = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return None, [Problem(where, "is not JSON", again)]
    if not isinstance(manifest, dict) or manifest.get("made_by") != MADE_BY:
        return None, [Problem(where, f"does not say 'made_by': '{MADE_BY}'", "Name a folder servicefx made.")]
    outputs = manifest.get("outputs")
    if not isinstance(outputs, dict) or not all(isinstance(value, str) for value in outputs.values()):
        return None, [Problem(where, "'outputs' does not list files with their sha256", again)]
    if not isinstance(manifest.get("study_sha256"), str):
        return None, [Problem(where, "'study_sha256' does not say which study this is", again)]
    return manifest, []


def _names(folder: Path) -> set[str]:
    """Files below a folder, links named and not followed."""
    names: set[str] = set()
    for parent, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        names |= {(Path(parent) / name).relative_to(folder).as_posix() for name in (*files, *links)}
    return names


def _is_link(folder: Path, path: Path) -> bool:
    """Whether a path below the folder passes through a link."""
    below = [path, *path.parents]
    return any(part.is_symlink() for part in below[: below.index(folder)])


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
