"""The command line: demo, new, check, run, verify, claims, fit."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from servicefx import __version__
from servicefx.cli.models import fit
from servicefx.cli.printing import complain, say
from servicefx.cli.reports import run, verify
from servicefx.cli.studies import check, claims, demo, new
from servicefx.errors import Problem, ServicefxError

__all__ = ["app", "main"]

app = typer.Typer(
    name="servicefx",
    help="What service quality does to satisfaction, loyalty and money, and how surely.",
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)


def main() -> None:
    """Run the command line; refusals go to stderr without a traceback, with exit code 1."""
    try:
        app()
    except ServicefxError as error:
        complain(error.problems)
        sys.exit(1)
    except MemoryError:
        found = "the study needs more memory than this computer gives"
        complain((Problem("memory", found, "State fewer draws under [inference], or use fewer rows."),))
        sys.exit(1)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    if version:
        say(f"servicefx {__version__}")
        raise typer.Exit


for command in (demo, new, check, run, verify, claims, fit):
    app.command()(command)
