"""What a study asks about referral: its numbers of people told, its likelihoods to recommend."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from servicefx.errors import Problem, StudyError
from servicefx.models.chain import chain_outcomes, counts_of, draw_source, shared_counts
from servicefx.models.drivers import HELD, MEASURED, declared_terms
from servicefx.models.loyalty import is_binary
from servicefx.models.over_time import panel_files
from servicefx.models.referral.asymmetric_u import LINES, AsymmetricU, asymmetric_u
from servicefx.models.referral.groups import PeopleCuts, PeopleGroups, people_by_satisfaction
from servicefx.models.referral.people_model import PeopleModel, fit_people_told
from servicefx.models.sample import Sample, reference_groups, sample_of
from servicefx.study.spec import ClaimSpec
from servicefx.study.study import Study
from servicefx.values.estimates import Estimates

__all__ = [
    "RECOMMEND_ITEMS",
    "fit_told",
    "is_told",
    "people_cuts",
    "people_groups",
    "recommending",
    "told_outcomes",
]

SATISFACTION, TOLD, RECOMMENDS, HYPOTHESIS = "satisfaction", "people_told", "word_of_mouth", "H5"
LOG_LINEAR = "the log of the mean is linear in every term"
RECOMMEND_ITEMS = ("nps", "word_of_mouth", "recommend")
"""Items that ask how likely a customer is to recommend, not whom."""


def is_told(study: Study, outcome: str, data: str) -> bool:
    """Whether an outcome of the study's paths is a number of people in a survey file.

    It is one item without a scale that a path of hypothesis H5 leads to, or ``people_told``; not an item that
    asks how likely one is to recommend, and not a column of 0 and 1. What the numbers are is checked where
    they are used.
    """
    spec = study.spec.constructs.get(outcome)
    if spec is None or data in panel_files(study) or outcome not in study.scores[data].columns:
        return False
    if study.data_of(outcome) != data or len(spec.items) != 1 or study.scale_of(outcome) is not None:
        return False
    if str(spec.items[0]).casefold() in RECOMMEND_ITEMS or is_binary(study, outcome, data):
        return False
    return outcome == TOLD or _in_h5(study, outcome)


def told_outcomes(study: Study, data: str) -> tuple[str, ...]:
    """Numbers of people among the outcomes of a file's paths."""
    return tuple(name for name in chain_outcomes(study, data) if is_told(study, name, data))


def recommending(study: Study) -> Iterator[tuple[str, str, str]]:
    """Construct, data file and item of every likelihood to recommend on a scale from 0 to 10.

    One item: of ``word_of_mouth``, with a name of `RECOMMEND_ITEMS`, or one a path of hypothesis H5 leads to.
    """
    for name, spec in study.spec.constructs.items():
        scale = study.scale_of(name)
        if len(spec.items) != 1 or scale is None or (scale.min, scale.max) != (0, 10):
            continue
        item = str(spec.items[0])
        if name == RECOMMENDS or item.casefold() in RECOMMEND_ITEMS or _in_h5(study, name):
            yield name, study.data_of(name), item


def _in_h5(study: Study, outcome: str) -> bool:
    return any(path.to == outcome and path.hypothesis == HYPOTHESIS for path in study.spec.paths)


def fit_told(
    study: Study, outcome: str, data: str, *, centre: float | None = None, seed: int | None = None
) -> AsymmetricU | PeopleModel:
    """People told on what the study's paths say explains them, on the shared resamples. Answers H5.

    Parameters
    ----------
    study : Study
    outcome : str
        One of `told_outcomes`.
    data : str
        Data file.
    centre : float, optional
        Score of satisfaction at which the two lines meet; by default the midpoint of its scale.
    seed : int
        Of the shared resamples; by default the study's.

    Returns
    -------
    AsymmetricU or PeopleModel
        The first where satisfaction is among the terms and has a midpoint, else the second.

    Raises
    ------
    StudyError
        If nothing is declared to explain the outcome.
    DataError, IdentificationError, ConvergenceError
        As `servicefx.models.referral.asymmetric_u.asymmetric_u`.
    """
    terms = declared_terms(study, outcome, data)
    if not terms:
        found = f"no path leads to '{outcome}', so nothing explains it"
        raise StudyError(Problem("study.toml: paths", found, f"Add [[paths]] with to = '{outcome}'."))
    seed = study.seed if seed is None else seed
    sample = sample_of(study, data, [outcome, *terms])
    chosen = [str(name) for name in sample.frame.columns if name != outcome]
    counts = counts_of(shared_counts(study, data, seed), study, sample)
    source = draw_source(study, data, seed)
    groups = reference_groups(study, data, terms)
    scale = study.scale_of(SATISFACTION) if SATISFACTION in chosen else None
    if centre is None and scale is not None:
        centre = (scale.min + scale.max) / 2
    if SATISFACTION in chosen and centre is not None:
        bent = asymmetric_u(
            sample.frame, outcome, SATISFACTION, [name for name in chosen if name != SATISFACTION],
            centre=centre, clusters=sample.clusters,
            weights=sample.weights, counts=counts, source=source, level=study.level,
        )  # fmt: skip
        bent_log = (LINES, LOG_LINEAR) if len(chosen) > 1 else (LINES,)
        told = _told(bent.estimates, sample, (HELD, MEASURED, *bent_log, *groups))
        return replace(bent, estimates=told, dropped=sample.dropped)
    model = fit_people_told(
        sample.frame, outcome, chosen, clusters=sample.clusters, weights=sample.weights, counts=counts,
        source=source, level=study.level,
    )  # fmt: skip
    told = _told(model.estimates, sample, (HELD, MEASURED, LOG_LINEAR, *groups))
    return replace(model, estimates=told, dropped=sample.dropped)


def _told(fit: Estimates, sample: Sample, assumptions: tuple[str, ...]) -> Estimates:
    return replace(fit, dropped=sample.dropped, assumptions=assumptions)


def people_cuts(study: Study, claim: str) -> PeopleCuts | None:
    """Cut-offs of satisfaction as ``[claims.K3]`` or ``[claims.K6]`` state them, else fractions of its scale.

    Parameters
    ----------
    study : Study
    claim : {"K3", "K6"}
        What the one leaves open the other decides.

    Returns
    -------
    PeopleCuts or None
        None where satisfaction is not measured, or has no scale and not all cut-offs are stated.
    """
    if SATISFACTION not in study.spec.constructs:
        return None
    other = "K6" if claim == "K3" else "K3"
    specs = [study.spec.claims.get(name, ClaimSpec()) for name in (claim, other)]
    scale = study.scale_of(SATISFACTION)
    usual = PeopleCuts.of_scale(scale.min, scale.max) if scale is not None else None
    found = []
    for stated, own in (
        ("dissatisfied", "dissatisfied"),
        ("satisfied", "satisfied"),
        ("highly_satisfied", "highly"),
    ):
        values = [getattr(spec, stated) for spec in specs]
        value = next((value for value in values if value is not None), None)
        if value is None:
            if usual is None:
                return None
            value = getattr(usual, own)
        found.append(float(value))
    return PeopleCuts(dissatisfied=found[0], satisfied=found[1], highly=found[2])


def people_groups(
    study: Study, outcome: str, data: str, *, claim: str = "K6", seed: int | None = None,
    fitted: pd.Series | None = None,
) -> PeopleGroups | None:  # fmt: skip
    """Mean number of people told by groups of satisfaction, on the shared resamples. Feeds K3 and K6.

    Parameters
    ----------
    study : Study
    outcome : str
        A number of people.
    data : str
        Data file.
    claim : str
        Whose cut-offs: as `people_cuts`.
    seed : int, optional
        None: no draws.
    fitted : Series, optional
        A model's expected people, by row of the file.

    Returns
    -------
    PeopleGroups or None
        None where the groups cannot be told.
    """
    cuts = people_cuts(study, claim)
    scores = study.scores[data]
    if cuts is None or SATISFACTION not in scores.columns or outcome not in scores.columns:
        return None
    people = scores[outcome]
    return people_by_satisfaction(
        people,
        scores[SATISFACTION],
        cuts,
        weights=study.weights(data),
        clusters=study.clusters(data),
        fitted=None if fitted is None else fitted.reindex(people.index),
        counts=None if seed is None else shared_counts(study, data, seed),
        source="" if seed is None else draw_source(study, data, seed),
        level=study.level,
    )
