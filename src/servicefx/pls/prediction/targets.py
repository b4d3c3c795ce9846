"""What is asked of a prediction, checked before anything is estimated."""

from __future__ import annotations

from collections.abc import Sequence

from servicefx.errors import Problem, StudyError, closest
from servicefx.pls.pls_fit import PlsFit
from servicefx.pls.prediction.benchmarks import REGRESSORS, regressors_of, regressors_read_by
from servicefx.pls.prediction.predictor import TECHNIQUES, Technique

__all__ = ["check_overlap", "checked_targets"]


def checked_targets(
    fit: PlsFit, technique: str, regressors: str | None, targets: str | Sequence[str] | None
) -> tuple[str, ...]:
    """The explained constructs to predict, once all arguments hold; `StudyError` lists all that do not."""
    problems = []
    for name, value, among in (("technique", technique, TECHNIQUES), ("regressors", regressors, REGRESSORS)):
        if value is not None and value not in among:
            found = f"'{value}' is not known{closest(str(value), among)}"
            problems.append(Problem(name, found, f"Choose among {', '.join(among)}."))
    outcomes = fit.model.outcomes
    asked = (targets,) if isinstance(targets, str) else tuple(outcomes if targets is None else targets)
    for target in asked:
        if target in outcomes:
            continue
        known = target in fit.model.constructs
        found = (
            f"nothing explains '{target}'" if known else f"no construct '{target}'{closest(target, outcomes)}"
        )
        problems.append(Problem("targets", found, f"Choose among {', '.join(outcomes)}."))
    if fit.choices.consistent:
        found = (
            "has paths among the factors behind the composites (consistent=True), "
            "but rows have scores of composites only"
        )
        problems.append(Problem("fit", found, "Fit the model with consistent=False to predict."))
    if not asked or not outcomes:
        problems.append(Problem("targets", "names nothing to predict", "Name an explained construct."))
    if problems:
        raise StudyError(*problems)
    return tuple(dict.fromkeys(asked))


def check_overlap(fit: PlsFit, targets: tuple[str, ...], technique: Technique) -> None:
    """An item that measures an outcome and what predicts it would predict itself."""
    kind = regressors_read_by(technique)
    for target in targets:
        for item in fit.model.items_of(target):
            if item in regressors_of(fit.model, target, kind):
                found = f"item '{item}' measures '{target}' and what explains it: it would predict itself"
                raise StudyError(Problem("model", found, "Leave it in one of the constructs."))
