"""Commands about a report: run, verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from servicefx.cli.options import JsonOption, StudyArgument
from servicefx.cli.printing import complain, console, print_json, progress, say

__all__ = ["run", "verify", "write_report"]

Jobs = Annotated[
    int | None,
    typer.Option(
        min=1, help="Processes [default: by the size of the data]; the report does not depend on it."
    ),
]


def write_report(study: Path, out: Path | None, as_json: bool, jobs: int | None = None) -> None:
    """Run a study and say what was written and what could not be reported."""
    from servicefx.run import run_study

    advance, stop = progress(study.name if study.is_dir() else study.parent.name)
    try:
        result = run_study(study, out, jobs=jobs, progress=advance)
    finally:
        stop()
    n_tables = sum(name.endswith(".csv") for name in result.files)
    if as_json:
        refusals = [{"where": p.where, "found": p.found, "remedy": p.remedy} for p in result.refusals]
        print_json({"out": result.out.as_posix(), "files": list(result.files), "refusals": refusals})
        return
    pages = [f"{result.out.as_posix()}/{name}" for name in result.files if name.endswith(".html")]
    n_figures = sum(name.endswith(".svg") for name in result.files) // len(pages)  # one a language
    say(f"{', '.join(pages)}: {n_tables} tables, {n_figures} figures")
    for problem in result.refusals:
        say(f"Not reported: {problem.where}: {problem.found}\n    {problem.remedy}")


def run(
    study: StudyArgument,
    out: Annotated[Path | None, typer.Option(help="Report folder [default: reports/<study id>].")] = None,
    jobs: Jobs = None,
    as_json: JsonOption = False,
) -> None:
    """Write the report of a study.

    The old report stays until the new one is complete.
    """
    write_report(study, out, as_json, jobs)


def verify(
    report: Annotated[Path, typer.Argument(metavar="REPORT_DIR", help="Folder of a report.")],
    study: Annotated[Path | None, typer.Option(help="Its study [default: found by its hash].")] = None,
    jobs: Jobs = None,
    as_json: JsonOption = False,
) -> None:
    """Rebuild a report and compare.

    Checks every file's sha256, makes all tables again and compares them cell by cell.
    """
    from servicefx.run import verify_report

    advance, stop = progress(report.name)
    try:
        result = verify_report(report, study, jobs=jobs, progress=advance)
    finally:
        stop()
    if as_json:
        print_json(
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
        say(f"{report.as_posix()}: every file is as written, {result.n_tables} tables come out again")
    else:
        complain(result.problems)
        errors = console(stderr=True)
        for difference in result.differences:
            errors.print(str(difference), style="red", markup=False)
    if not result.holds:
        raise typer.Exit(1)
