"""Which files a study may open: those in its own folder, and ``raw:NAME`` of its repository."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

from servicefx.errors import closest
from servicefx.study.places import Finding, Place

__all__ = ["locate", "study_file"]

RAW = "raw:"
RAW_FOLDER = "data/raw"


def study_file(path: str | Path) -> Path:
    """The study file a reader means: the file itself, or ``study.toml`` in the folder given."""
    given = Path(path)
    return given / "study.toml" if given.is_dir() else given


def locate(file: str, folder: Path, place: Place) -> Path | Finding:
    """Where a data file is, or why it may not or cannot be read.

    Parameters
    ----------
    file : str
        As the study file writes it: a path below the study folder, with ``/``, or ``raw:NAME``.
    folder : Path
        The study folder.
    place : tuple of str and int
        Place of ``file`` in the study file, for the finding.

    Returns
    -------
    Path or Finding
        An existing regular file; a finding where it is missing, or lies outside, also through a link.
    """
    if file.startswith(RAW):
        return _raw(file, folder.resolve(), place)
    windows = PureWindowsPath(file)
    if PurePosixPath(file).is_absolute() or windows.drive or windows.root or "\0" in file:
        return Finding(
            place,
            f"'{file}' is not below the study folder",
            "Put the file into the study folder, and write its name from there.",
        )
    parts = PurePosixPath(file.replace("\\", "/")).parts
    home = folder.resolve()
    target = home.joinpath(*parts)
    if ".." in parts or not _inside(target, home):
        return Finding(
            place,
            f"'{file}' leads out of the study folder",
            "Put the file into the study folder, and write its name from there.",
        )
    if _is_file(target):
        return target
    names = sorted(entry.name for entry in target.parent.glob("*") if entry.is_file())
    near = closest(target.name, [name for name in names if name != "study.toml"])
    return Finding(
        place,
        f"file '{file}' is not in the study folder{near if 'closest' in near else ''}",
        "Correct the name, or put the file there.",
        needs_data=True,
    )


def _raw(file: str, folder: Path, place: Place) -> Path | Finding:
    """``raw:NAME`` below the nearest repository that has data/raw beside the analyses the study is in."""
    name = file.removeprefix(RAW)
    if not name or name in {".", ".."} or any(mark in name for mark in "/\\:\0"):
        return Finding(
            place,
            f"'{file}' does not name one file of {RAW_FOLDER}",
            "Write raw:NAME, with the name of a file and no folder.",
        )
    for root in folder.parents:
        raw = root / RAW_FOLDER
        if raw.is_dir() and (root / "analyses") in folder.parents:
            break
    else:
        return Finding(
            place,
            f"'{file}' needs a folder {RAW_FOLDER} beside the folder 'analyses' that the study is in, "
            "and there is none",
            "Put the file into the study folder and write its name without 'raw:'.",
            needs_data=True,
        )
    target = raw / name
    if not _inside(target, raw):  # nor may data/raw itself be a link
        return Finding(
            place, f"'{file}' leads out of {RAW_FOLDER}", f"Put the file itself into {RAW_FOLDER}."
        )
    if _is_file(target):
        return target
    return Finding(
        place,
        f"file '{name}' was looked for at {RAW_FOLDER}/{name} and is not there",
        "Run 'make data', or put the file there.",
        needs_data=True,
    )


def _is_file(target: Path) -> bool:
    try:
        return target.is_file()
    except OSError:  # a name longer than the system allows
        return False


def _inside(target: Path, folder: Path) -> bool:
    try:
        return target.resolve().is_relative_to(folder)
    except (OSError, RuntimeError):  # a circle of links
        return False
