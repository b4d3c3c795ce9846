"""The command that fits a structural model to a file: fit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from servicefx.cli.options import listed, one_of
from servicefx.cli.printing import plain, print_frame, print_json, records, say

if TYPE_CHECKING:
    from servicefx.sem.sem_fit import SemFit

__all__ = ["fit"]


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
    one_of("--estimator", estimator, get_args(Estimator))
    one_of("--missing", missing, get_args(Missing))
    one_of("--parameterization", parameterization, get_args(Parameterization))
    one_of("--format", output, ("csv", "json", "md"))
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
        group_equal=listed(group_equal),
        ordered=True if ordered == "all" else listed(ordered),
        parameterization=parameterization,
        cluster=cluster,
        weights=weights,
        std_lv=std_lv,
        orthogonal=orthogonal,
        fixed_x=not no_fixed_x,
        level=level,
    )
    if output == "csv":
        say(fitted.parameters.to_csv(index=False, lineterminator="\n").rstrip())
    elif output == "json":
        from servicefx.sections.measures import fit_answer

        answer = fit_answer(fitted)
        parameters, r2 = records(fitted.parameters), records(fitted.r2)
        measures = {name: plain(value) for name, value in fitted.measures.items()}
        print_json({"parameters": parameters, "measures": measures, "r2": r2, **answer})
    else:
        _print_fit(fitted)
    if output != "json":
        for reason, count in fitted.dropped.items():
            typer.echo(f"{count:,} {'row' if count == 1 else 'rows'} not used: {reason}", err=True)
        for problem in fitted.problems:
            typer.echo(f"{problem.where}: {problem.found}\n    {problem.remedy}", err=True)


def _print_fit(fitted: SemFit) -> None:
    """Parameters, then the fit measures that exist."""
    from servicefx.sections.measures import measure_rows

    rows = fitted.parameters.drop(columns=["free", "std_lv", "std_all_error"])
    defined = rows["op"] == ":="
    rows.loc[defined, "label"] = ""
    print_frame(rows)
    measures = measure_rows(fitted)
    print_frame(measures[measures["estimate"].notna()].drop(columns="undefined"))
    say(f"Standard errors: {fitted.solution.error_kind}.")
