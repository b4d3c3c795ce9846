"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["JsonOption", "StudyArgument", "listed", "one_of"]

StudyArgument = Annotated[
    Path, typer.Argument(metavar="STUDY", help="study.toml, or the folder that holds it.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for another program.")]


def one_of(option: str, value: str, known: tuple[str, ...]) -> None:
    """Refuse a value that an option does not know, naming those it does."""
    if value not in known:
        raise typer.BadParameter(f"'{value}' is not one of: {', '.join(known)}", param_hint=option)


def listed(names: str) -> tuple[str, ...]:
    """Names given with commas between."""
    return tuple(name.strip() for name in names.split(",") if name.strip())
