"""The fitted equations behind natural effects, of the sample and of every resample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import Problem, StudyError
from servicefx.models.drivers import HELD, MEASURED
from servicefx.models.mediation.layouts import Layout, equations_of, layout_of, product_name, sequences_of
from servicefx.models.mediation.moments import mediation_moments, paths_of
from servicefx.models.mediation.natural_parts import has_binary_mediator, levels_of, outcome_kind_of
from servicefx.models.mediation.nested_means import BinaryMediator, Levels, LinearMediators, NestedMeans
from servicefx.models.mediation.outcome_models import Equation, OutcomeKind, fit_equation
from servicefx.models.mediation.rows import MediationRows, mediation_rows
from servicefx.models.mediation.wording import NO_HIDDEN_CAUSE
from servicefx.study.study import Study

__all__ = ["NaturalModel", "natural_model"]

Floats = NDArray[np.float64]
NOT_AFTER = "the source causes nothing that causes both mediator and outcome, but the mediators named"
NORMAL = "errors of the mediators are normal and spread alike"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NaturalModel:
    """Equations of source, mediators and outcome, and what works out means with them; holds rows.

    Attributes
    ----------
    rows : MediationRows
    layout : Layout
    kind : str
        Of the outcome.
    words : str
        What is compared.
    levels : Levels
    fitted : mapping of str to Equation
        Mediators first.
    binary : bool
        Whether the one mediator holds 0 and 1.
    errors : ndarray, shape (1 + draws, K, K)
        Covariance of the mediators' errors, denominator n; empty of a binary one. Those of mediators in a
        row do not go together, since each equation holds the mediators before.
    means : NestedMeans
    """

    rows: MediationRows
    layout: Layout
    kind: OutcomeKind
    words: str
    levels: Levels
    fitted: Mapping[str, Equation]
    binary: bool
    errors: Floats
    means: NestedMeans

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What natural effects rest on."""
        said = [HELD, NO_HIDDEN_CAUSE, NOT_AFTER, MEASURED, *([] if self.binary else [NORMAL])]
        return (*said, *self.fitted[self.rows.outcome].estimates.assumptions, *self.rows.references)


def natural_model(
    data: pd.DataFrame | Study,
    layout: int,
    *,
    source: str,
    outcome: str,
    mediators: Sequence[str],
    covariates: Sequence[str],
    outcome_kind: Literal["auto", "linear", "logit", "probit", "ordered"],
    interaction: bool,
    change: float | tuple[float, float] | None,
    draws: int | None,
    seed: int | None,
    weights: pd.Series | None,
    clusters: pd.Series | None,
    file: str | None,
) -> NaturalModel:
    """Every equation fitted to the sample and its resamples; parameters as `natural_effects`."""
    if layout not in (4, 6):
        found = f"layout {layout}, but natural effects are worked out for 4 and 6"
        raise StudyError(Problem(f"natural effects of '{source}'", found, "Choose 4 or 6."))
    chosen = layout_of(layout, mediators, None)
    rows = mediation_rows(
        data, source=source, mediators=mediators, outcome=outcome, covariates=covariates,
        draws=draws, seed=seed, weights=weights, clusters=clusters, file=file,
    )  # fmt: skip
    kind = outcome_kind_of(rows, outcome_kind)
    binary = has_binary_mediator(rows)
    levels, words = levels_of(rows, change, interaction)
    counts = np.vstack([np.ones((1, len(rows.frame)), dtype=np.float32), rows.counts])
    frame = rows.frame.copy()
    products = [product_name(rows.source, name) for name in rows.mediators] if interaction else []
    for name, product in zip(rows.mediators, products, strict=False):
        frame[product] = frame[rows.source] * frame[name]
    fitted: dict[str, Equation] = {}
    equations = equations_of(chosen, rows.source, rows.mediators, rows.outcome, None, rows.covariates)
    for name, terms in equations:
        last = name == rows.outcome
        how: OutcomeKind = kind if last else "logit" if binary else "linear"
        fitted[name] = fit_equation(
            frame, name, (*terms, *(products if last else ())), how, counts,
            clusters=rows.clusters, weights=rows.weights,
        )  # fmt: skip
    errors = np.zeros((0, 0, 0))
    means: NestedMeans
    if binary:
        means = BinaryMediator(rows, counts, levels, fitted[rows.outcome], fitted[rows.mediators[0]])
    else:
        errors = _errors(rows, fitted)
        among = {name: fitted[name] for name in rows.mediators}
        routes = sequences_of(chosen, rows.mediators)
        means = LinearMediators(rows, counts, levels, fitted[rows.outcome], among, errors, routes)
    return NaturalModel(
        rows=rows, layout=chosen, kind=kind, words=words, levels=levels, fitted=fitted, binary=binary,
        errors=errors, means=means,
    )  # fmt: skip


def _errors(rows: MediationRows, fitted: Mapping[str, Equation]) -> Floats:
    """Covariance of the mediators' errors, of the sample and of every resample."""
    moments = mediation_moments(rows, rows.frame)
    equations = [(name, fitted[name].terms) for name in rows.mediators]
    covs = np.concatenate([moments.cov[None], moments.covs])
    return paths_of(moments.names, covs, equations).residual_covariance(rows.mediators)
