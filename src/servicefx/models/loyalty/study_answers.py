"""Answers of a study: which outcomes are ordered, and their model on the shared resamples."""

from __future__ import annotations

from dataclasses import replace

from servicefx.models.chain import counts_of, draw_source, shared_counts
from servicefx.models.drivers import HELD, MEASURED, declared_terms
from servicefx.models.loyalty.answers import MOST_ANSWERS, AnswerFit, fit_answers
from servicefx.models.loyalty.repurchase import refuse_weights
from servicefx.models.sample import Sample, reference_groups, sample_of
from servicefx.study.study import Study

__all__ = ["fit_intention", "is_ordered"]


def is_ordered(study: Study, construct: str, data: str) -> bool:
    """Whether a construct is one question with 3 to 11 whole-numbered answers on a scale of its own.

    Such answers have an order and no distances: an ordered logit asks no more of them.
    """
    spec = study.spec.constructs.get(construct)
    if spec is None or len(spec.items) != 1 or study.scale_of(construct) is None:
        return False
    known = study.scores[data][construct].dropna()
    return 3 <= known.nunique() <= MOST_ANSWERS and bool((known == known.round()).all())


def fit_intention(
    study: Study, outcome: str, *, data: str | None = None, seed: int | None = None
) -> tuple[AnswerFit, Sample]:
    """Ordered logit of an answer on the terms a study declares, with draws on the shared resamples.

    Parameters
    ----------
    study : Study
    outcome : str
        Construct of one item with 3 to 11 answers, such as an intention to buy again.
    data : str
        Data file; by default where the outcome lives.
    seed : int
        Of the shared resamples; by default the study's.

    Returns
    -------
    tuple of AnswerFit and Sample

    Raises
    ------
    DataError
        If the study declares survey weights, which this estimator's draws cannot use, or as `fit_answers`.
    """
    data = study.data_of(outcome) if data is None else data
    refuse_weights(study, data, f"ordered logit of '{outcome}'")
    chosen = declared_terms(study, outcome, data)
    sample = sample_of(study, data, [outcome, *chosen])
    seed = study.seed if seed is None else seed
    names = [str(name) for name in sample.frame.columns if name != outcome]
    fit = fit_answers(
        sample.frame,
        outcome,
        names,
        clusters=sample.clusters,
        counts=counts_of(shared_counts(study, data, seed), study, sample),
        source=draw_source(study, data, seed),
    )
    assumptions = (HELD, MEASURED, *fit.estimates.assumptions, *reference_groups(study, data, chosen))
    estimates = replace(fit.estimates, dropped=sample.dropped, assumptions=assumptions)
    return replace(fit, estimates=estimates, dropped=sample.dropped), sample
