"""What the command line prints: text, tables, JSON, problems and a progress bar."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import typer

from servicefx.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from rich.console import Console, JustifyMethod

__all__ = ["complain", "console", "plain", "print_frame", "print_json", "progress", "records", "say"]


def console(*, stderr: bool = False) -> Console:
    """Where text goes: standard output, or standard error."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def complain(problems: tuple[Problem, ...]) -> None:
    """Problems on stderr, numbered where there are several."""
    errors = console(stderr=True)
    if len(problems) > 1:
        errors.print(f"{len(problems)} problems:", style="bold red")
    for problem in problems:
        errors.print(f"{problem.where}: {problem.found}", style="red", markup=False)
        errors.print(f"    {problem.remedy}", markup=False)


def say(text: str) -> None:
    """A line on standard output."""
    typer.echo(text)


def print_json(value: object) -> None:
    """A value for another program; refuses numbers that JSON does not know."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows with missing numbers as null and infinite ones as text."""
    return [{str(name): plain(value) for name, value in row.items()} for row in frame.to_dict("records")]


def plain(value: Any) -> Any:
    """A value JSON can hold: missing numbers are null, infinite ones text."""
    if value != value:
        return None
    return str(value) if value in (float("inf"), -float("inf")) else value


def progress(title: str) -> tuple[Callable[[str, int, int], None], Callable[[], None]]:
    """A progress bar on stderr, shown on a terminal only, and what ends it."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn(title), BarColumn(), TextColumn("{task.fields[section]}"), TimeElapsedColumn(),
        console=console(stderr=True), transient=True, disable=not sys.stderr.isatty(),
    )  # fmt: skip
    bar.start()
    task = bar.add_task("", total=None, section="reading")

    def advance(section: str, place: int, total: int) -> None:
        bar.update(task, completed=place, total=total, section=section)

    return advance, bar.stop


def print_frame(frame: pd.DataFrame) -> None:
    """A frame as an aligned table with readable headings, intervals in one column."""
    from rich.table import Table as Grid
    from rich.text import Text

    from servicefx.report.render import view_of
    from servicefx.values.table import Phrase, Table

    view = view_of(Table(id="shown", title=Phrase(key="note.text", values={"text": ""}), rows=frame), str)
    grid = Grid(box=None, pad_edge=False)
    for head in view.heads:
        side: JustifyMethod = "right" if head.is_number else "left"
        grid.add_column(head.text, justify=side, no_wrap=head.is_number, overflow="fold")
    for row in view.rows:
        grid.add_row(*(Text(cell.text) for cell in row))
    screen = console()
    screen.width = max(screen.width, 100 if screen.is_terminal else 140)
    screen.print(grid)
    for heading, text in view.shared:
        say(f"{heading}: {text}")
    say("")
