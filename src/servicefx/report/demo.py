"""The demonstration: the simulated after-sales study laid out as a project folder."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from servicefx.errors import Problem, StudyError
from servicefx.study.simulate import after_sales_files

__all__ = ["write_demo"]


def write_demo(folder: str | Path) -> Path:
    """Write the study file and the simulated data of `after_sales`.

    Parameters
    ----------
    folder : path
        Made where it is missing; files of an earlier demonstration are replaced.

    Returns
    -------
    Path
        The study file, ``analyses/after_sales/study.toml`` below the folder.

    Raises
    ------
    StudyError
        If the folder holds something else than a demonstration.
    """
    folder = Path(folder)
    study = folder / "analyses" / "after_sales" / "study.toml"
    if folder.exists() and not (folder.is_dir() and (study.is_file() or not any(folder.iterdir()))):
        raise StudyError(
            Problem(
                f"folder '{folder.name}'", "it holds other files", "Name a folder that does not exist yet."
            )
        )
    template = files("servicefx.study").joinpath("templates", "after_sales.toml").read_bytes()
    contents = {"analyses/after_sales/study.toml": template}
    contents |= {f"data/raw/{name}": content for name, content in after_sales_files().items()}
    for name, content in contents.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return study
