"""How the assessment uses rows with gaps: by full information, pair by pair, or not at all."""

from __future__ import annotations

from itertools import combinations

import pandas as pd

from servicefx import sem
from servicefx.errors import DataError, Problem
from servicefx.measurement.assessment.part import reason
from servicefx.measurement.assessment.subject import Subject
from servicefx.measurement.validity import confirmatory_fit, heterotrait_monotrait_intervals
from servicefx.moments.moments import Moments
from servicefx.moments.patterns import missing_patterns
from servicefx.moments.saturated import saturated_moments
from servicefx.syntax.table import ParameterTable

__all__ = ["confirmatory", "joint_moments", "keeps_gaps", "ratios", "with_roles"]


def keeps_gaps(subject: Subject) -> bool:
    """Whether rows with gaps are used for what they answer: unless the study says listwise or has weights."""
    stated = subject.study.spec.inference.missing_data
    return stated != "listwise" and subject.weights is None and bool(subject.joint.isna().any(axis=None))


def with_roles(subject: Subject, items: pd.DataFrame) -> tuple[pd.DataFrame, str | None, str | None]:
    """Items with columns for weights and clusters, and the names of these two where there are any."""
    rows = items.copy()
    names: list[str | None] = []
    for values, otherwise in ((subject.weights, "survey weights"), (subject.clusters, "clusters of rows")):
        if values is None:
            names.append(None)
            continue
        taken = {*map(str, rows.columns), *subject.constructs}
        name = otherwise if str(values.name) in taken else str(values.name)
        rows[name] = values
        names.append(name)
    return rows, names[0], names[1]


def confirmatory(subject: Subject) -> sem.SemFit:
    """The confirmatory model of all constructs, robust, rows with gaps by full information.

    Raises
    ------
    DataError, StudyError, IdentificationError, ConvergenceError
        As `servicefx.sem.fit`.
    """
    subject.enough(2)
    if not keeps_gaps(subject):
        return confirmatory_fit(
            subject.joint, subject.constructs, estimator="mlr", weights=subject.weights,
            clusters=subject.clusters, level=subject.level,
        )  # fmt: skip
    rows, _, cluster = with_roles(subject, subject.joint)
    table = ParameterTable.from_constructs(subject.constructs)
    return sem.fit(
        table, rows, estimator="mlr", missing="fiml", std_lv=True, cluster=cluster, level=subject.level
    )


def joint_moments(subject: Subject) -> Moments:
    """Means and covariances of the items of `Subject.constructs`; of highest likelihood where gaps are kept.

    Raises
    ------
    DataError
        If an item does not vary, or no row holds both items of a pair.
    """
    items = subject.joint.astype(float)
    if not keeps_gaps(subject):
        complete = items.dropna()
        if len(complete) <= items.shape[1]:
            found = f"{len(complete)} rows answer all {items.shape[1]} items, more rows than items expected"
            raise DataError(Problem(f"data '{subject.data}'", found, "Leave out items with many gaps."))
        weights = None if subject.weights is None else subject.weights.loc[complete.index].to_numpy()
        return Moments.from_frame(complete, weights)
    answered = items.dropna(how="all")
    found_moments = saturated_moments(missing_patterns(answered))
    return Moments.from_covariance(
        found_moments.cov, len(answered), found_moments.mean, names=list(items.columns), denominator="n"
    )


def ratios(subject: Subject) -> tuple[pd.DataFrame, dict[str, str]]:
    """Heterotrait-monotrait ratios with intervals; where gaps are kept, of the rows complete on each pair.

    Returns
    -------
    DataFrame, mapping of str to str
        As `heterotrait_monotrait_intervals`; pairs with too few rows of their own -> why.

    Raises
    ------
    DataError
        As `heterotrait_monotrait_intervals`; where gaps are kept, if no pair has a ratio.
    """
    blocks = dict(subject.constructs)
    if not keeps_gaps(subject):
        return _ratios(subject, blocks), {}
    tables: list[pd.DataFrame] = []
    undefined: dict[str, str] = {}
    for left, right in combinations(blocks, 2):
        try:
            tables.append(_ratios(subject, {left: blocks[left], right: blocks[right]}))
        except DataError as refusal:
            undefined[f"validity: ratio of {left}, {right}"] = reason(refusal)
            last = refusal
    if not tables:
        raise last
    rows = [row for table in tables for row in table.to_dict("records")]
    joined = pd.DataFrame(rows, columns=tables[0].columns)
    return joined.sort_values("measure", kind="stable", ignore_index=True), undefined


def _ratios(subject: Subject, blocks: dict[str, tuple[str, ...]]) -> pd.DataFrame:
    return heterotrait_monotrait_intervals(
        subject.items, blocks, draws=subject.draws, seed=subject.seed, analysis_id=subject.stream,
        level=subject.level, weights=subject.weights, clusters=subject.clusters,
    )  # fmt: skip
