"""The studies `servicefx new` writes: a commented study file and a small survey, which run as they are."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from servicefx.errors import Problem, StudyError

__all__ = ["DEFAULT_TEMPLATE", "TEMPLATES", "write_template"]

TEMPLATES: dict[str, tuple[str, ...]] = {
    "survey": ("study.toml", "survey.csv"),
    "servqual": ("study.toml", "survey.csv", "questionnaire.md"),
    "after_sales": ("study.toml", "survey.csv", "questionnaire.md"),
}
"""Template -> names of the files it writes. ``survey`` explains every key; ``servqual`` asks 22 statements as
expected and as met; ``after_sales`` ten dimensions of after-sales service and their benefits."""
DEFAULT_TEMPLATE = "survey"


def write_template(folder: str | Path, template: str = DEFAULT_TEMPLATE) -> list[Path]:
    """Write a template study into a folder, which is made if need be.

    Parameters
    ----------
    folder : str or Path
        May hold other files, but none of the template's.
    template : str
        A name in `TEMPLATES`.

    Returns
    -------
    list of Path
        The files written, the study file first.

    Raises
    ------
    StudyError
        If there is no such template, a file of it is there already, or the folder cannot be written to;
        nothing is overwritten.
    """
    if template not in TEMPLATES:
        raise StudyError(
            Problem(
                "template",
                f"there is no template '{template}', expected one of: {', '.join(TEMPLATES)}",
                "Name one of them.",
            )
        )
    target, names = Path(folder), TEMPLATES[template]
    for name in names:
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
    source = files("servicefx.study").joinpath("templates", template)
    written = []
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name in names:
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
