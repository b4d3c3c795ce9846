"""The study that `servicefx new` writes: a commented study file and a small survey, which run as they are."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from servicefx.errors import Problem, StudyError

__all__ = ["TEMPLATE_FILES", "write_template"]

TEMPLATE_FILES = ("study.toml", "survey.csv")
"""Names of the files written."""


def write_template(folder: str | Path) -> list[Path]:
    """Write the template study into a folder, which is made if need be.

    Parameters
    ----------
    folder : str or Path
        May hold other files, but none of the template's.

    Returns
    -------
    list of Path
        The files written, the study file first.

    Raises
    ------
    StudyError
        If a file of the template is there already, or the folder cannot be written to; nothing is
        overwritten.
    """
    target = Path(folder)
    for name in TEMPLATE_FILES:
        if (target / name).exists() or (target / name).is_symlink():
            raise StudyError(
                Problem(
                    str(folder),
                    f"the folder holds '{name}' already, and nothing is overwritten",
                    "Name another folder.",
                )
            )
    if target.is_file():
        raise StudyError(Problem(str(folder), "is a file, a folder is needed", "Name another folder."))
    source = files("servicefx.study").joinpath("templates")
    written = []
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name in TEMPLATE_FILES:
            path = target / name
            with path.open("xb") as file:
                file.write(source.joinpath(name).read_bytes())
            written.append(path)
    except OSError as error:
        raise StudyError(
            Problem(
                str(folder),
                f"no study can be written there ({error.strerror})",
                "Name a folder that can be written to.",
            )
        ) from error
    return written
