"""Refusals: place, finding and remedy, all problems at once, and the type a stranger would expect."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError

import pytest

from servicefx.errors import (
    ConvergenceError,
    DataError,
    IdentificationError,
    Problem,
    ReproductionError,
    ServicefxError,
    ServicefxWarning,
    StudyError,
    closest,
)

MISSPELT = Problem(
    where="study.toml: constructs.empathy.items[2]",
    found="column 'emp_3' is not in survey.csv (closest: 'emp3')",
    remedy="Correct the name, or remove the item.",
)
EMPTY = Problem(where="survey.csv", found="no rows, expected at least two", remedy="Add answers.")


def test_a_problem_prints_place_finding_and_remedy() -> None:
    assert str(MISSPELT) == (
        "study.toml: constructs.empathy.items[2]: column 'emp_3' is not in survey.csv (closest: 'emp3')\n"
        "    Correct the name, or remove the item."
    )


def test_an_error_lists_every_problem_in_order() -> None:
    error = StudyError(MISSPELT, EMPTY)
    assert error.problems == (MISSPELT, EMPTY)
    assert str(error) == f"{MISSPELT}\n{EMPTY}"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (StudyError, ValueError),
        (DataError, ValueError),
        (IdentificationError, ValueError),
        (ConvergenceError, RuntimeError),
        (ReproductionError, AssertionError),
    ],
)
def test_each_refusal_is_caught_as_ours_and_as_the_built_in(
    kind: type[ServicefxError], expected: type[Exception]
) -> None:
    for caught in (ServicefxError, expected):
        with pytest.raises(caught, match=r"survey\.csv: no rows"):
            raise kind(EMPTY)


def test_an_error_without_a_problem_is_our_own_mistake() -> None:
    with pytest.raises(TypeError, match="DataError needs at least one Problem"):
        DataError()


def test_an_error_crosses_processes_whole() -> None:
    back: StudyError = pickle.loads(pickle.dumps(StudyError(MISSPELT, EMPTY)))
    assert type(back) is StudyError
    assert back.problems == (MISSPELT, EMPTY)
    assert str(back) == f"{MISSPELT}\n{EMPTY}"


def test_a_problem_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        EMPTY.where = "elsewhere"  # type: ignore[misc]


def test_a_warning_is_a_user_warning() -> None:
    assert issubclass(ServicefxWarning, UserWarning)


@pytest.mark.parametrize(
    ("name", "known", "suffix"),
    [
        ("emp_3", ["emp1", "emp3", "rel1"], " (closest: 'emp3')"),
        ("EMP3", ["emp1", "emp3"], " (closest: 'emp3')"),  # upper and lower case are one
        ("Emp3", ["EMP3", "emp3"], " (closest: 'EMP3')"),  # of two spellings the first listed
        ("满意渡", ["可靠性", "满意度"], " (closest: '满意度')"),
        ("first answer", ["First answer (h)"], " (closest: 'First answer (h)')"),
        ("zzz", ["emp1", "rel1"], " (known: 'emp1', 'rel1')"),
        ("", ["emp1"], " (known: 'emp1')"),
        ("emp1", [], " (there are none)"),
    ],
)
def test_the_nearest_known_name_is_suggested(name: str, known: list[str], suffix: str) -> None:
    assert closest(name, known) == suffix


def test_at_most_twelve_known_names_are_listed() -> None:
    twelve = ", ".join(f"'q{number:02}'" for number in range(12))
    assert closest("zzz", [f"q{number:02}" for number in range(12)]) == f" (known: {twelve})"
    assert closest("zzz", [f"q{number:02}" for number in range(13)]) == f" (known: {twelve}, …)"


def test_known_names_may_come_once_only() -> None:
    assert closest("zzz", (name for name in ("a1", "b2"))) == " (known: 'a1', 'b2')"
