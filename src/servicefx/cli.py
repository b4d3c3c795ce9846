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
    from rich.console import Console, JustifyMethod

    from servicefx.sem.sem_fit import SemFit

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
    except MemoryError:
        found = "the study needs more memory than this computer gives"
        _complain((Problem("memory", found, "State fewer draws under [inference], or use fewer rows."),))
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
    return [{str(name): _plain(value) for name, value in row.items()} for row in frame.to_dict("records")]


def _plain(value: Any) -> Any:
    if value != value:
        return None
    return str(value) if value in (float("inf"), -float("inf")) else value


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


def _run(study: Path, out: Path | None, as_json: bool, jobs: int = 1) -> None:
    from servicefx.run import run_study

    advance, stop = _progress(study.name if study.is_dir() else study.parent.name)
    try:
        result = run_study(study, out, jobs=jobs, progress=advance)
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
    """Make and run the simulated study.

    6,000 customers of 200 outlets and 40 firms over 24 quarters, drawn from a documented truth.
    """
    from servicefx.report.demo import write_demo

    study = write_demo(folder)
    _say(f"{study.as_posix()}: 6,000 customers, 200 outlets, 40 firms over 24 quarters, simulated")
    _run(study, folder / "reports" / "after_sales", as_json=False)


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make.")],
) -> None:
    """Write a study to start from.

    A commented study.toml with a small survey, which runs as it is.
    """
    from servicefx.study.template import write_template

    for path in write_template(folder):
        _say(path.as_posix())
    _say(f"Next: servicefx run {folder.as_posix()}")


@app.command()
def check(study: StudyArgument, as_json: JsonOption = False) -> None:
    """Name every problem of a study.

    Where there is none, print what was understood: constructs, rows, missing answers.
    """
    from servicefx.errors import StudyError
    from servicefx.sections.stated_models import model_problems
    from servicefx.study.study import load_study
    from servicefx.study.summary import construct_summary, row_counts

    try:
        loaded = load_study(study)
        if problems := model_problems(loaded):
            raise StudyError(*problems)
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
    console = _console()
    console.width = max(console.width, 100 if console.is_terminal else 140)
    console.print(grid)
    for heading, text in view.shared:
        _say(f"{heading}: {text}")
    _say("")


@app.command()
def run(
    study: StudyArgument,
    out: Annotated[Path | None, typer.Option(help="Report folder [default: reports/<study id>].")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes; the report does not depend on it.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Write the report of a study.

    The old report stays until the new one is complete.
    """
    _run(study, out, as_json, jobs)


@app.command()
def verify(
    report: Annotated[Path, typer.Argument(metavar="REPORT_DIR", help="Folder of a report.")],
    study: Annotated[Path | None, typer.Option(help="Its study [default: found by its hash].")] = None,
    as_json: JsonOption = False,
) -> None:
    """Rebuild a report and compare.

    Checks every file's sha256, makes all tables again and compares them cell by cell.
    """
    from servicefx.run import verify_report

    advance, stop = _progress(report.name)
    try:
        result = verify_report(report, study, progress=advance)
    finally:
        stop()
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
    """Test numeric claims on a study.

    Prints a verdict on those its data can test, and the ledger of all ten.
    """
    from servicefx.sections.claims import claims_section
    from servicefx.study.study import load_study

    section = claims_section(load_study(study))
    if as_json:
        _as_json({table.id: _records(table.rows) for table in section.tables})
        return
    for table in section.tables:
        columns = [name for name in table.rows.columns if name not in ("data_needed", "source", "unit")]
        _print_frame(table.rows[columns])


@app.command()
def fit(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A model in lavaan's language, or a file of it.")
    ],
    data: Annotated[Path, typer.Argument(metavar="DATA", help="CSV, Excel, SPSS, Stata or parquet file.")],
    estimator: Annotated[str, typer.Option(help="ml, mlm, mlr, uls, gls, wls, dwls or wlsmv.")] = "ml",
    missing: Annotated[str, typer.Option(help="listwise or fiml.")] = "listwise",
    group: Annotated[str | None, typer.Option(help="Column whose values are compared.")] = None,
    group_equal: Annotated[
        str, typer.Option(help="Held equal across groups: loadings,intercepts,residuals,….")
    ] = "",
    ordered: Annotated[str, typer.Option(help="Ordered items, by commas; or all.")] = "",
    cluster: Annotated[str | None, typer.Option(help="Column of units that rows were drawn in.")] = None,
    weights: Annotated[str | None, typer.Option(help="Column of sampling weights.")] = None,
    std_lv: Annotated[
        bool, typer.Option("--std-lv", help="Fix variances of constructs, not first loadings.")
    ] = False,
    orthogonal: Annotated[bool, typer.Option("--orthogonal", help="Constructs do not covary.")] = False,
    no_fixed_x: Annotated[
        bool, typer.Option("--no-fixed-x", help="Estimate the moments of covariates too.")
    ] = False,
    parameterization: Annotated[str, typer.Option(help="Of ordered items: delta or theta.")] = "delta",
    level: Annotated[float, typer.Option(help="Of the intervals.")] = 0.95,
    n_obs: Annotated[
        int | None, typer.Option(min=2, help="DATA is a printed matrix of so many rows, named in its header.")
    ] = None,
    output: Annotated[str, typer.Option("--format", help="csv, json or md.")] = "md",
) -> None:
    """Fit a structural model to a file.

    Prints parameters and fit; what is doubtful, and rows not used, on stderr.
    """
    from typing import get_args

    from servicefx.sem.choices import Estimator, Missing, Parameterization

    estimator, missing, parameterization = (
        name.casefold() for name in (estimator, missing, parameterization)
    )
    _one_of("--estimator", estimator, get_args(Estimator))
    _one_of("--missing", missing, get_args(Missing))
    _one_of("--parameterization", parameterization, get_args(Parameterization))
    _one_of("--format", output, ("csv", "json", "md"))
    if not 0 < level < 1:
        raise typer.BadParameter(f"{level:g} is not between 0 and 1", param_hint="--level")
    from servicefx.run import fit_model

    fitted = fit_model(
        model,
        data,
        n_obs=n_obs,
        estimator=estimator,
        missing=missing,
        group=group,
        group_equal=_listed(group_equal),
        ordered=True if ordered == "all" else _listed(ordered),
        parameterization=parameterization,
        cluster=cluster,
        weights=weights,
        std_lv=std_lv,
        orthogonal=orthogonal,
        fixed_x=not no_fixed_x,
        level=level,
    )
    if output == "csv":
        _say(fitted.parameters.to_csv(index=False, lineterminator="\n").rstrip())
    elif output == "json":
        from servicefx.sections.measures import fit_answer

        answer = fit_answer(fitted)
        parameters, r2 = _records(fitted.parameters), _records(fitted.r2)
        measures = {name: _plain(value) for name, value in fitted.measures.items()}
        _as_json({"parameters": parameters, "measures": measures, "r2": r2, **answer})
    else:
        _print_fit(fitted)
    if output != "json":
        for reason, count in fitted.dropped.items():
            typer.echo(f"{count:,} {'row' if count == 1 else 'rows'} not used: {reason}", err=True)
        for problem in fitted.problems:
            typer.echo(f"{problem.where}: {problem.found}\n    {problem.remedy}", err=True)


def _one_of(option: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise typer.BadParameter(f"'{value}' is not one of: {', '.join(known)}", param_hint=option)


def _listed(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",") if name.strip())


def _print_fit(fitted: SemFit) -> None:
    """Parameters, then the fit measures that exist."""
    from servicefx.sections.measures import measure_rows

    rows = fitted.parameters.drop(columns=["free", "std_lv", "std_all_error"])
    defined = rows["op"] == ":="
    rows.loc[defined, "label"] = ""
    _print_frame(rows)
    measures = measure_rows(fitted)
    _print_frame(measures[measures["estimate"].notna()].drop(columns="undefined"))
    _say(f"Standard errors: {fitted.solution.error_kind}.")


if __name__ == "__main__":
    main()
