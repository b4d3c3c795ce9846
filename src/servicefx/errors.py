"""Every way servicefx refuses to go on: one base, five children, each telling place, finding and remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = [
    "ConvergenceError",
    "DataError",
    "IdentificationError",
    "Problem",
    "ReproductionError",
    "ServicefxError",
    "ServicefxWarning",
    "StudyError",
    "closest",
]


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault, in the reader's own words.

    Attributes
    ----------
    where : str
        Place in the reader's own files, e.g. ``"study.toml: constructs.empathy.items[2]"``.
    found : str
        What is there and what was expected.
    remedy : str
        The next thing to do, one imperative sentence.
    """

    where: str
    found: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.found}\n    {self.remedy}"


class ServicefxError(Exception):
    """Base of all refusals; carries the problems, and its text lists them all.

    Parameters
    ----------
    *problems : Problem
        At least one, in the order of the reader's file.
    """

    def __init__(self, *problems: Problem) -> None:
        if not problems:
            raise TypeError(f"{type(self).__name__} needs at least one Problem")
        self.problems: tuple[Problem, ...] = problems
        super().__init__(*problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class StudyError(ServicefxError, ValueError):
    """The study file is wrong or incomplete."""


class DataError(ServicefxError, ValueError):
    """The data do not hold what the study file says."""


class IdentificationError(ServicefxError, ValueError):
    """The data cannot tell the model's parameters apart."""


class ConvergenceError(ServicefxError, RuntimeError):
    """The estimator stopped before it found an answer."""


class ReproductionError(ServicefxError, AssertionError):
    """A report table did not come out again."""


class ServicefxWarning(UserWarning):
    """The answer stands, but the reader should know something (few clusters, weak instrument)."""


def closest(name: str, known: Iterable[str]) -> str:
    """Suffix naming the nearest known name, or listing the known ones when none is near.

    Parameters
    ----------
    name : str
        What the reader wrote.
    known : iterable of str
        Names that would have been understood.

    Returns
    -------
    str
        ``" (closest: 'emp3')"``, or ``" (known: 'a', 'b')"``; at most twelve names are listed.

    Examples
    --------
    >>> closest("emp_3", ["emp1", "emp3", "rel1"])
    " (closest: 'emp3')"
    >>> closest("zzz", ["emp1"])
    " (known: 'emp1')"
    """
    names = list(dict.fromkeys(str(candidate) for candidate in known))
    lowered = {candidate.casefold(): candidate for candidate in reversed(names)}
    near = difflib.get_close_matches(str(name).casefold(), list(lowered), n=1, cutoff=0.6)
    if near:
        return f" (closest: '{lowered[near[0]]}')"
    if not names:
        return " (there are none)"
    shown = ", ".join(f"'{candidate}'" for candidate in names[:12])
    return f" (known: {shown}{', …' if len(names) > 12 else ''})"
