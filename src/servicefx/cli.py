"""The command line: demo, new, check, run, verify, claims, fit."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from servicefx import __version__
from servicefx.errors import Problem, ServicefxError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from rich.console import Console

__all__ = ["app", "main"]

app = typer.Typer(
    name="servicefx",
    help="What service quality does to satisfaction, loyalty and money, and how surely.",
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)

StudyArgument = Annotated[
    Path, typer.Argument(metavar="STUDY", help="study.toml, or the folder that holds it.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for another program.")]


def main() -> None:
    """Run the command line; refusals go to stderr without a traceback, with exit code 1."""
    try:
        app()
    except ServicefxError as error:
        _complain(error.problems)
        sys.exit(1)


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def _complain(problems: tuple[Problem, ...]) -> None:
    """Problems on stderr, numbered where there are several."""
    console = _console(stderr=True)
    if len(problems) > 1:
        console.print(f"{len(problems)} problems:", style="bold red")
    for problem in problems:
        console.print(f"{problem.where}: {problem.found}", style="red", markup=False)
        console.print(f"    {problem.remedy}", markup=False)


def _say(text: str) -> None:
    typer.echo(text)


def _as_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows with missing numbers as null and infinite ones as text."""
    return [
        {
            str(name): None
            if value != value
            else str(value)
            if value in (float("inf"), -float("inf"))
            else value
            for name, value in row.items()
        }
        for row in frame.to_dict("records")
    ]


def _progress(title: str) -> tuple[Callable[[str, int, int], None], Callable[[], None]]:
    """A progress bar on stderr, shown on a terminal only, and what ends it."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn(title), BarColumn(), TextColumn("{task.fields[section]}"), TimeElapsedColumn(),
        console=_console(stderr=True), transient=True, disable=not sys.stderr.isatty(),
    )  # fmt: skip
    bar.start()
    task = bar.add_task("", total=None, section="reading")

    def advance(section: str, place: int, total: int) -> None:
        bar.update(task, completed=place, total=total, section=section)

    return advance, bar.stop


def _run(study: Path, out: Path | None, as_json: bool) -> None:
    from servicefx.run import run_study

    advance, stop = _progress(study.name if study.is_dir() else study.parent.name)
    try:
        result = run_study(study, out, progress=advance)
    finally:
        stop()
    n_tables = sum(name.endswith(".csv") for name in result.files)
    if as_json:
        refusals = [{"where": p.where, "found": p.found, "remedy": p.remedy} for p in result.refusals]
        _as_json({"out": result.out.as_posix(), "files": list(result.files), "refusals": refusals})
        return
    n_figures = sum(name.endswith(".svg") for name in result.files)
    _say(f"{result.out.as_posix()}/report.html: {n_tables} tables, {n_figures} figures")
    for problem in result.refusals:
        _say(f"Not reported: {problem.where}: {problem.found}\n    {problem.remedy}")


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    if version:
        _say(f"servicefx {__version__}")
        raise typer.Exit


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make.")] = Path("servicefx-demo"),
) -> None:
    """Make the simulated after-sales study in DIR and run it."""
    from servicefx.report.demo import write_demo

    study = write_demo(folder)
    _say(f"{study.as_posix()}: 6,000 customers, 200 outlets, 40 firms over 24 quarters, simulated")
    _run(study, folder / "reports" / "after_sales", as_json=False)


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make.")],
) -> None:
    """Write a commented study.toml with a small survey, ready to run and to change."""
    from servicefx.study.template import write_template

    for path in write_template(folder):
        _say(path.as_posix())
    _say(f"Next: servicefx run {folder.as_posix()}")


@app.command()
def check(study: StudyArgument, as_json: JsonOption = False) -> None:
    """Print every problem of a study, or what was understood of it."""
    from servicefx.study.study import load_study
    from servicefx.study.summary import construct_summary, row_counts

    try:
        loaded = load_study(study)
    except ServicefxError as error:
        if not as_json:
            raise
        _as_json([{"where": p.where, "found": p.found, "remedy": p.remedy} for p in error.problems])
        raise typer.Exit(1) from error
    rows, constructs = row_counts(loaded), construct_summary(loaded)
    if as_json:
        _as_json({"study": loaded.id, "rows": _records(rows), "constructs": _records(constructs)})
        return
    _say(f"{loaded.id}: {loaded.title()}\n")
    _print_frame(rows)
    _print_frame(constructs)
    _say("No problems found.")


def _print_frame(frame: pd.DataFrame) -> None:
    """A frame as an aligned table with readable headings."""
    from rich.table import Table as Grid

    from servicefx.report.numerals import shown
    from servicefx.report.words import heading
    from servicefx.values.glossary import GLOSSARY

    grid = Grid(box=None, pad_edge=False)
    roles = {str(name): GLOSSARY[str(name)].role for name in frame.columns}
    for name, role in roles.items():
        grid.add_column(heading(name), justify="left" if role in ("label", "text") else "right")
    for row in frame.to_dict("records"):
        grid.add_row(
            *(
                str(row[name]) if role in ("label", "text") else shown(float(row[name]), role)
                for name, role in roles.items()
            )
        )
    console = _console()
    console.width = max(console.width, 100)
    console.print(grid)
    console.print()


@app.command()
def run(
    study: StudyArgument,
    out: Annotated[Path | None, typer.Option(help="Report folder [default: reports/<study id>].")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Workers; the answer does not depend on it.")] = 1,  # noqa: ARG001
    as_json: JsonOption = False,
) -> None:
    """Answer a study's questions and write its report."""
    _run(study, out, as_json)


@app.command()
def verify(
    report: Annotated[Path, typer.Argument(metavar="REPORT_DIR", help="Folder of a report.")],
    study: Annotated[Path | None, typer.Option(help="Its study [default: found by its hash].")] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a report's files, rebuild it, and compare the two cell by cell."""
    from servicefx.run import verify_report

    result = verify_report(report, study)
    if as_json:
        _as_json(
            {
                "holds": result.holds,
                "tables": result.n_tables,
                "problems": [
                    {"where": p.where, "found": p.found, "remedy": p.remedy} for p in result.problems
                ],
                "differences": [
                    {"table": d.table, "row": d.row, "column": d.column, "old": d.old, "new": d.new}
                    for d in result.differences
                ],
            }
        )
    elif result.holds:
        _say(f"{report.as_posix()}: every file is as written, {result.n_tables} tables come out again")
    else:
        _complain(result.problems)
        console = _console(stderr=True)
        for difference in result.differences:
            console.print(str(difference), style="red", markup=False)
    if not result.holds:
        raise typer.Exit(1)


@app.command()
def claims(study: StudyArgument, as_json: JsonOption = False) -> None:
    """Test the claims a study's data can test, and list the ledger of all of them."""
    from servicefx.sections.claims import claims_section
    from servicefx.study.study import load_study

    section = claims_section(load_study(study))
    if as_json:
        _as_json({table.id: _records(table.rows) for table in section.tables})
        return
    for table in section.tables:
        columns = [name for name in table.rows.columns if name not in ("data_needed", "source", "undefined")]
        _print_frame(table.rows[columns])


if __name__ == "__main__":
    main()
