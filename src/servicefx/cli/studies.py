"""Commands about a study: demo, new, check, claims."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from servicefx.cli.options import JsonOption, StudyArgument
from servicefx.cli.printing import print_frame, print_json, records, say
from servicefx.cli.reports import write_report
from servicefx.errors import ServicefxError

__all__ = ["check", "claims", "demo", "new"]


def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make.")] = Path("servicefx-demo"),
) -> None:
    """Make and run the simulated study.

    6,000 customers of 200 outlets and 40 firms over 24 quarters, drawn from a documented truth.
    """
    from servicefx.report.demo import write_demo

    study = write_demo(folder)
    say(f"{study.as_posix()}: 6,000 customers, 200 outlets, 40 firms over 24 quarters, simulated")
    write_report(study, folder / "reports" / "after_sales", as_json=False)


def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make.")],
    template: Annotated[str, typer.Option(help="survey, servqual or after_sales.")] = "survey",
) -> None:
    """Write a study to start from.

    A commented study.toml with a small survey, which runs as it is. Template servqual asks 22 statements as
    expected and as met, after_sales ten dimensions and their benefits, each with a questionnaire.
    """
    from servicefx.study.template import write_template

    for path in write_template(folder, template):
        say(path.as_posix())
    say(f"Next: servicefx run {folder.as_posix()}")


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
        print_json([{"where": p.where, "found": p.found, "remedy": p.remedy} for p in error.problems])
        raise typer.Exit(1) from error
    rows, constructs = row_counts(loaded), construct_summary(loaded)
    if as_json:
        print_json({"study": loaded.id, "rows": records(rows), "constructs": records(constructs)})
        return
    say(f"{loaded.id}: {loaded.title()}\n")
    print_frame(rows)
    print_frame(constructs)
    say("No problems found.")


def claims(study: StudyArgument, as_json: JsonOption = False) -> None:
    """Test numeric claims on a study.

    Prints a verdict on those its data can test, and the ledger of all ten.
    """
    from servicefx.sections.claims import claims_section
    from servicefx.study.study import load_study

    section = claims_section(load_study(study))
    if as_json:
        print_json({table.id: records(table.rows) for table in section.tables})
        return
    for table in section.tables:
        columns = [name for name in table.rows.columns if name not in ("data_needed", "source", "unit")]
        print_frame(table.rows[columns])
