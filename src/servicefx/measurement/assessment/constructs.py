"""Parts about the constructs: validity, dimensions, method bias, invariance, index and benefit."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pandas as pd

from servicefx.errors import DataError, Problem
from servicefx.measurement.assessment.gaps import confirmatory, joint_moments, keeps_gaps, ratios
from servicefx.measurement.assessment.part import Part, answered, joined
from servicefx.measurement.assessment.subject import Subject
from servicefx.measurement.benefit_index import benefit_index
from servicefx.measurement.dimensions import (
    bartlett_sphericity,
    exploratory_factors,
    minimum_average_partial,
    parallel_analysis,
    sampling_adequacy,
)
from servicefx.measurement.invariance import measurement_invariance
from servicefx.measurement.quality_index import quality_index
from servicefx.measurement.rules import rules_frame
from servicefx.measurement.servqual import quality_dimensions
from servicefx.measurement.validity import (
    convergent_loadings,
    correlation_intervals,
    cross_loadings,
    fitted_average_variance_extracted,
    fornell_larcker,
    judged_correlations,
    judged_cross_loadings,
    judged_extracted,
    judged_fornell_larcker,
    judged_loadings,
    judged_ratios,
    negative_items,
)

__all__ = ["FAMILIES", "benefit_part", "dimensions_part", "index_part", "invariance_part", "validity_part"]

_OF_ORDERED = (
    "Answers are taken as ordered categories: by weighted least squares (WLSMV) of complete rows, without "
    "survey weights or clusters."
)
_SHUFFLES = 100
"""Draws of parallel analysis."""

FAMILIES = ("economic_benefit", "social_benefit", "relationship_benefit")
"""Families of the after-sales benefit (theory, section 1)."""
_WHOLE = "after_sales_benefit"
"""A measure of the benefit as a whole."""
_WEIGHTING = {
    "equal": "Every dimension weighs the same: no points of importance are stated.",
    "stated": "Dimensions weigh as the customers' points of importance say.",
    "regression": "Dimensions weigh as their coefficients in explaining the outcome say.",
    "relative": "Dimensions weigh as their shares in explaining the outcome say.",
}


def validity_part(subject: Subject) -> Part:
    """Loadings, extracted variance, and whether the constructs can be told apart."""
    subject.enough(2)
    parts = {
        "validity: confirmatory model": lambda: _confirmatory(subject),
        "validity: ratios": lambda: _ratios(subject),
        "validity: cross-loadings": lambda: _cross_loadings(subject),
    }
    found = joined("validity", [answered(name, build) for name, build in parts.items()])
    return replace(found, problems=(*found.problems, *_negative(subject)))


def _negative(subject: Subject) -> list[Problem]:
    """Items that go against the others of their construct, of the rows that answer the construct's items."""
    problems: list[Problem] = []
    for name, block in subject.constructs.items():
        with suppress(DataError):  # the parts name what cannot be used
            problems += negative_items(subject.items, {name: block})
    return problems


def _confirmatory(subject: Subject) -> Part:
    fit = confirmatory(subject)
    loadings = convergent_loadings(fit, level=subject.level)
    extracted = fitted_average_variance_extracted(fit)
    pairs = fornell_larcker(fit)
    correlations = correlation_intervals(fit, level=subject.level)
    judged = [
        *judged_loadings(loadings),
        *judged_extracted(extracted),
        *judged_fornell_larcker(pairs),
        *judged_correlations(correlations),
    ]
    used = f"{fit.measures['n_obs']:,.0f} rows"
    gaps = (
        f"{used} for what they answer (full information)" if keeps_gaps(subject) else f"{used} without a gap"
    )
    return Part(
        frames={
            "loadings": loadings,
            "extracted_variance": extracted,
            "fornell_larcker": pairs,
            "correlations": correlations,
        },
        rules=(rules_frame(judged),),
        problems=fit.problems,
        notes={"confirmatory": (f"The confirmatory model uses {gaps}.",)},
    )


def _ratios(subject: Subject) -> Part:
    table, undefined = ratios(subject)
    told = "Ratios use the rows that answer all items of both constructs."
    return Part(
        frames={"htmt": table},
        rules=(rules_frame(judged_ratios(table)),),
        undefined=undefined,
        notes={"ratios": (told,)} if keeps_gaps(subject) else {},
    )


def _cross_loadings(subject: Subject) -> Part:
    crossed = cross_loadings(joint_moments(subject), subject.constructs)
    return Part(frames={"cross_loadings": crossed}, rules=(rules_frame(judged_cross_loadings(crossed)),))


def dimensions_part(subject: Subject) -> Part:
    """How many dimensions the items have, and which go together."""
    subject.enough(1)
    parts = {
        "dimensions: sampling adequacy": lambda: _adequacy(subject),
        "dimensions: parallel analysis": lambda: _parallel(subject),
        "dimensions: partials": lambda: _partials(subject),
    }
    return joined("dimensions", [answered(name, build) for name, build in parts.items()])


def _adequacy(subject: Subject) -> Part:
    found = sampling_adequacy(joint_moments(subject))
    overall = pd.DataFrame({"item": ["all items"], "estimate": [found.overall]})
    return Part(
        frames={"adequacy": pd.concat([overall, found.table], ignore_index=True)},
        rules=(found.rules,),
        notes={"adequacy": (f"Overall sampling adequacy (KMO): {found.overall:.3f}.",)},
    )


def _parallel(subject: Subject) -> Part:
    """Components beyond chance, the test that there are any, and factors as many."""
    latent = subject.ordered or subject.few_answers
    beyond = parallel_analysis(
        subject.joint, seed=subject.seed, correlation="polychoric" if latent else "pearson", draws=_SHUFFLES
    )
    sphericity = bartlett_sphericity(subject.joint, weights=subject.weights)
    told = (
        f"Parallel analysis ({beyond.correlation} correlations) retains {beyond.n_factors}; "
        f"{len(subject.constructs)} constructs are stated.",
        f"Bartlett's test of no correlation: χ² {sphericity.chi2:,.1f} on {sphericity.df:,} degrees "
        "of freedom.",
        f"Parallel analysis and Bartlett's test use {beyond.n_obs:,} rows without a gap.",
    )
    unused = ("Parallel analysis does not use the survey weights.",) if subject.weights is not None else ()
    found = Part(frames={"components": beyond.table}, notes={"components": (*told, *unused)})

    def pattern() -> Part:
        explored = exploratory_factors(joint_moments(subject), max(beyond.n_factors, 1))
        return Part(frames={"pattern": explored.loadings})

    return joined("dimensions", [found, answered("dimensions: pattern", pattern)])


def _partials(subject: Subject) -> Part:
    found = minimum_average_partial(joint_moments(subject))
    told = f"The minimum average partial retains {found.n_factors} (fourth power: {found.n_factors_fourth})."
    return Part(frames={"partials": found.table}, notes={"partials": (told,)})


def invariance_part(subject: Subject) -> Part:
    """Whether the items measure the same in every group, and how the constructs' means differ."""
    if not subject.group:
        found = "no groups are compared"
        raise DataError(Problem("study.toml: measurement", found, "State group = a column."))
    subject.enough(1)
    numbers = not subject.ordered
    found_ladder = measurement_invariance(
        subject.joint, subject.constructs, subject.frame[subject.group], ordered=subject.ordered,
        cluster=subject.clusters if numbers else None, weights=subject.weights if numbers else None,
        level=subject.level, missing="fiml" if numbers and keeps_gaps(subject) else "listwise",
    )  # fmt: skip
    return Part(
        frames={
            "ladder": found_ladder.ladder,
            "released": found_ladder.released,
            "latent_means": found_ladder.latent_means,
        },
        rules=(found_ladder.rules,),
        undefined={
            f"invariance: {name}": why
            for name, why in found_ladder.undefined.items()
            if name
            not in found_ladder.fits  # where a level was fitted, its rows of the ladder say what lacks
        },
        problems=found_ladder.problems,
        notes={
            "invariance": (
                *(f"{n:,} rows not used: {why}." for why, n in found_ladder.dropped.items()),
                *(() if numbers else (_OF_ORDERED,)),
            )
        },
    )


def index_part(subject: Subject) -> Part:
    """The importance-weighted index of service quality, in all, by outlet and by segment."""
    dimensions = [
        name for name in quality_dimensions(subject.study) if subject.study.data_of(name) == subject.data
    ]
    if not dimensions:
        found = "no construct is a dimension of service quality"
        raise DataError(Problem("study.toml: constructs", found, "Use the ids of the theory."))
    index = quality_index(subject.study, dimensions)
    return Part(
        frames={"quality_index": index.index, "quality_weights": index.weights, "norms": index.norms},
        problems=index.problems,
        notes={
            "index": (
                _WEIGHTING[index.weighting],
                *(f"{n:,} rows: {why}." for why, n in index.counts.items()),
            )
        },
    )


def benefit_part(subject: Subject) -> Part:
    """The after-sales benefit: weights of its families, and whether the whole is covered."""
    spec = subject.study.spec.constructs
    if subject.weights is not None:
        found = f"'{subject.weights.name}' holds survey weights, which the composites of the index do not use"
        raise DataError(
            Problem(f"data '{subject.data}'", found, "Leave the weights out to see it unweighted.")
        )
    families = {
        name: subject.study.spec.columns(name, subject.data)
        for name in FAMILIES
        if name in spec and spec[name].items and subject.study.data_of(name) == subject.data
    }
    if not families:
        found = "no family of benefits is declared"
        remedy = f"Declare {', '.join(FAMILIES)} with their items."
        raise DataError(Problem("study.toml: constructs", found, remedy))
    whole = {}
    if _WHOLE in spec and spec[_WHOLE].items and subject.study.data_of(_WHOLE) == subject.data:
        whole["benefit as a whole"] = subject.study.spec.columns(_WHOLE, subject.data)
    found_index = benefit_index(
        subject.items, families, whole, draws=subject.draws, seed=subject.seed, level=subject.level,
        analysis_id=subject.stream, clusters=subject.clusters,
    )  # fmt: skip
    return Part(
        frames={
            "benefit_families": found_index.families,
            "benefit_items": found_index.items,
            "benefit_redundancy": found_index.redundancy,
        },
        rules=(found_index.rules,),
        problems=found_index.problems,
        notes={"benefit": (f"The index uses {found_index.n_obs:,} rows without a gap.",)},
    )
