"""Parts about the constructs: validity, dimensions, method bias, invariance, index and benefit."""

from __future__ import annotations

import pandas as pd

from servicefx.errors import DataError, Problem, ServicefxError
from servicefx.measurement.assessment.gaps import confirmatory, joint_moments, keeps_gaps, ratios
from servicefx.measurement.assessment.part import Part
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

__all__ = ["benefit_part", "dimensions_part", "index_part", "invariance_part", "validity_part"]

_FAMILIES = ("economic_benefit", "social_benefit", "relationship_benefit")
"""Families of the after-sales benefit (theory, section 1)."""
_WHOLE = "after_sales_benefit"
"""A measure of the benefit as a whole."""


def validity_part(subject: Subject) -> Part:
    """Loadings, extracted variance, and whether the constructs can be told apart."""
    fit = confirmatory(subject)
    loadings = convergent_loadings(fit, level=subject.level)
    extracted = fitted_average_variance_extracted(fit)
    pairs = fornell_larcker(fit)
    correlations = correlation_intervals(fit, level=subject.level)
    ratio_table = ratios(subject)
    crossed = cross_loadings(joint_moments(subject), subject.constructs)
    judged = [
        *judged_loadings(loadings),
        *judged_extracted(extracted),
        *judged_fornell_larcker(pairs),
        *judged_correlations(correlations),
        *judged_ratios(ratio_table),
        *judged_cross_loadings(crossed),
    ]
    return Part(
        frames={
            "loadings": loadings,
            "extracted_variance": extracted,
            "fornell_larcker": pairs,
            "htmt": ratio_table,
            "cross_loadings": crossed,
            "correlations": correlations,
        },
        rules=(rules_frame(judged),),
        problems=(*fit.problems, *negative_items(subject.items, subject.constructs)),
        notes={"validity": (_rows_used(subject, fit.measures["n_obs"]),)},
    )


def _rows_used(subject: Subject, n_obs: float) -> str:
    if not keeps_gaps(subject):
        return f"The confirmatory model uses {n_obs:,.0f} rows without a gap."
    return (
        f"The confirmatory model uses {n_obs:,.0f} rows for what they answer (full information); ratios use "
        "rows that answer all items of both constructs."
    )


def dimensions_part(subject: Subject) -> Part:
    """How many dimensions the items have, and which go together."""
    moments = joint_moments(subject)
    adequacy = sampling_adequacy(moments)
    sphericity = bartlett_sphericity(subject.joint, weights=subject.weights)
    beyond = parallel_analysis(subject.joint, seed=subject.seed)
    partial = minimum_average_partial(moments)
    overall = pd.DataFrame({"item": ["all items"], "estimate": [adequacy.overall]})
    frames = {
        "adequacy": pd.concat([overall, adequacy.table], ignore_index=True),
        "components": beyond.table,
        "partials": partial.table,
    }
    undefined: dict[str, str] = {}
    try:
        explored = exploratory_factors(moments, max(beyond.n_factors, 1))
        frames["pattern"] = explored.loadings
    except ServicefxError as refusal:
        undefined["pattern"] = str(refusal.problems[0])
    return Part(
        frames=frames,
        rules=(adequacy.rules,),
        undefined=undefined,
        notes={
            "dimensions": (
                f"Parallel analysis retains {beyond.n_factors}, the minimum average partial "
                f"{partial.n_factors} (fourth power {partial.n_factors_fourth}); {len(subject.constructs)} "
                "constructs are stated.",
                f"Bartlett's test of no correlation: χ² {sphericity.chi2:,.1f} on {sphericity.df} degrees of "
                f"freedom; overall sampling adequacy (KMO) {adequacy.overall:.3f}.",
                f"Parallel analysis and Bartlett's test use {beyond.n_obs:,} rows without a gap.",
            )
        },
    )


def invariance_part(subject: Subject) -> Part:
    """Whether the items measure the same in every group, and how the constructs' means differ."""
    if not subject.group:
        found = "no groups are compared"
        raise DataError(Problem("study.toml: measurement", found, "State group = a column."))
    subject.enough(1)
    found_ladder = measurement_invariance(
        subject.joint, subject.constructs, subject.frame[subject.group], cluster=subject.clusters,
        weights=subject.weights, level=subject.level, missing="fiml" if keeps_gaps(subject) else "listwise",
    )  # fmt: skip
    return Part(
        frames={
            "ladder": found_ladder.ladder,
            "released": found_ladder.released,
            "latent_means": found_ladder.latent_means,
        },
        rules=(found_ladder.rules,),
        undefined={f"invariance: {name}": why for name, why in found_ladder.undefined.items()},
        problems=found_ladder.problems,
        notes={
            "invariance": tuple(f"{n:,} rows not used: {why}." for why, n in found_ladder.dropped.items())
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
        notes={"index": (f"Importance: {index.weighting}.",)},
    )


def benefit_part(subject: Subject) -> Part:
    """The after-sales benefit: weights of its families, and whether the whole is covered."""
    spec = subject.study.spec.constructs
    families = {
        name: subject.study.spec.columns(name, subject.data)
        for name in _FAMILIES
        if name in spec and spec[name].items and subject.study.data_of(name) == subject.data
    }
    if not families:
        found = "no family of benefits is declared"
        remedy = f"Declare {', '.join(_FAMILIES)} with their items."
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
    )
