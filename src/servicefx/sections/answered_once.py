"""Questions of files in which everybody answers once, of what these files measure: others are refused."""

from __future__ import annotations

from collections.abc import Iterable

from servicefx.errors import Problem, StudyError
from servicefx.study.study import Study

__all__ = ["refuse_elsewhere", "refuse_over_time"]


def refuse_over_time(study: Study, data: str, where: str) -> None:
    """Refuse a question of a file that follows units over periods.

    Its rows mix what differs between units with what changes in each: neither alone would be answered.

    Parameters
    ----------
    study : Study
    data : str
        Data file.
    where : str
        Place of the question in the study file: ``"segments"``, ``"mediation[0]"``.

    Raises
    ------
    StudyError
    """
    spec = study.spec.data[data]
    if spec.unit is None or spec.period is None:
        return
    found = f"data file '{data}' follows '{spec.unit}' over '{spec.period}', expected one row for everybody"
    table = "[[mediation]]" if where.startswith("mediation") else f"[{where}]"
    raise StudyError(Problem(f"study.toml: {where}", found, f"Remove {table}, or name another data file."))


def refuse_elsewhere(study: Study, data: str, where: str, names: Iterable[str | None]) -> None:
    """Refuse a question about constructs that its data file does not measure.

    Parameters
    ----------
    study, data, where
        As `refuse_over_time`.
    names : iterable of str or None
        Constructs, columns, or nothing.

    Raises
    ------
    StudyError
    """
    for name in names:
        if name in study.spec.constructs and name not in study.scores[data].columns:
            homes = ", ".join(f"'{home}'" for home in study.spec.measured(str(name)))
            found = f"construct '{name}' is not measured in data file '{data}' (measured in: {homes})"
            remedy = "Name constructs of one data file, or measure it there too (measured_in)."
            raise StudyError(Problem(f"study.toml: {where}", found, remedy))
