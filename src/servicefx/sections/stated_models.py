"""The models of a study file: their text, their items, and what keeps them from being fitted."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from servicefx.errors import DataError, Problem, StudyError, closest
from servicefx.study.places import quoted
from servicefx.study.study import Study
from servicefx.syntax.parser import parse_model
from servicefx.syntax.table import Operator, ParameterRow, ParameterTable
from servicefx.values.table import Phrase

__all__ = [
    "items_of",
    "model_name",
    "model_problems",
    "model_text",
    "other_models",
    "refuse_formative",
    "refuse_weights",
]


def model_name(study: Study, kind: str) -> str | None:
    """Name of the study's first model of a kind."""
    return next((name for name, spec in study.spec.models.items() if spec.kind == kind), None)


def model_problems(study: Study) -> tuple[Problem, ...]:
    """What is wrong with the text of the study's models."""
    found: list[Problem] = []
    for name in study.spec.models:
        try:
            model_text(study, name)
        except (StudyError, DataError) as error:
            found += error.problems
    return tuple(found)


def other_models(study: Study, kind: str) -> tuple[Phrase, ...]:
    """What is said of models of a kind after the first, which are not fitted."""
    names = [name for name, spec in study.spec.models.items() if spec.kind == kind]
    return tuple(
        Phrase(
            key="note.refused",
            values={
                "what": f"study.toml: models.{name}",
                "why": f"one model of kind '{kind}' is fitted by this version, and 'models.{names[0]}' is it",
                "remedy": "Put this one into a study of its own.",
            },
        )
        for name in names[1:]
    )


def model_text(study: Study, name: str, operator: Operator = "=~") -> tuple[ParameterTable, list[str]]:
    """A model over construct ids with its measurement part written from the study's constructs.

    Parameters
    ----------
    study : Study
    name : str
        One of its ``[models]``, lavaan lines over construct ids.
    operator : str
        How items belong to reflective constructs; formative ones always use ``<~``.

    Returns
    -------
    tuple of ParameterTable and list of str
        The whole model, and the constructs in it.

    Raises
    ------
    StudyError
        If the text is not understood.
    DataError
        If it names something that is not a construct of the study.
    """
    where = f"study.toml: models.{name}"
    try:
        spec = study.spec.models[name]
        table = parse_model(spec.lavaan, products=spec.kind == "pls")
    except StudyError as error:
        places = [replace(p, where=p.where.replace("model", where, 1)) for p in error.problems]
        raise StudyError(*places) from error
    names = list(dict.fromkeys(name for row in table.rows for name in row.names))
    constructs = study.spec.constructs
    unknown = [name for name in names if name not in constructs]
    if unknown:
        raise DataError(
            *(
                Problem(
                    where,
                    f"'{name}' is not a construct of the study{closest(name, constructs)}",
                    "Write lines over construct ids only; their items come from [constructs].",
                )
                for name in unknown
            )
        )
    measured = {name: [_as_item(study, item) for item in constructs[name].items] for name in names}
    rows = tuple(
        ParameterRow(lhs=construct, op=sign, rhs=item)
        for construct, items in measured.items()
        for sign in ("<~" if constructs[construct].mode == "formative" else operator,)
        for item in items
    )
    return ParameterTable(rows=rows) + table, names


def refuse_weights(study: Study, name: str, data: str, estimator: str) -> None:
    """Raise DataError where the data file declares survey weights, which an estimator cannot use."""
    weights = study.weights(data)
    if weights is not None:
        raise DataError(
            Problem(
                f"study.toml: models.{name}",
                f"survey weights '{weights.name}' cannot be used by {estimator}",
                "Remove 'weights' from the study file to see the unweighted answer.",
            )
        )


def refuse_formative(study: Study, name: str, constructs: list[str]) -> None:
    """Raise DataError where constructs are composed of their items, which maximum likelihood does not fit."""
    formative = [c for c in constructs if study.spec.constructs[c].mode == "formative"]
    if formative:
        raise DataError(
            Problem(
                f"study.toml: models.{name}",
                f"{quoted(formative)}: formative, but a model of kind "
                "'sem' takes reflective and single constructs only",
                'State kind = "pls" for this model.',
            )
        )


def items_of(study: Study, name: str, constructs: list[str]) -> tuple[str, pd.DataFrame]:
    """The items of several constructs of one data file."""
    files = list(dict.fromkeys(study.data_of(name) for name in constructs))
    if len(files) > 1:
        raise DataError(
            Problem(
                f"study.toml: models.{name}",
                "its constructs live in different data files: " + ", ".join(f"'{name}'" for name in files),
                "Name constructs of one file.",
            )
        )
    items = pd.concat([study.items(name) for name in constructs], axis=1)
    items.columns = [_as_item(study, str(name)) for name in items.columns]
    return files[0], items.loc[:, ~items.columns.duplicated()]


def _as_item(study: Study, column: str) -> str:
    """A column's name in a model, told apart from a construct of the same name."""
    return f"{column} (item)" if column in study.spec.constructs else column
