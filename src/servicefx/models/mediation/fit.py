"""Mediation by products of least-squares paths, plain or moderated, with jackknife and bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.linear import fit_ols
from servicefx.errors import DataError, Problem
from servicefx.models.mediation.answers import Mediation
from servicefx.models.mediation.layouts import Layout, equations_of, layout_of, product_name
from servicefx.models.mediation.moments import Equations, left_out_covariances, mediation_moments, paths_of
from servicefx.models.mediation.routes import Asked, Roles, asked_effects, asked_standardised
from servicefx.models.mediation.rows import MediationRows, mediation_rows
from servicefx.models.mediation.wording import answer_of, proportion_said
from servicefx.sem.resampling.intervals import acceleration_of
from servicefx.study.study import Study
from servicefx.values.estimates import Estimates

__all__ = ["fit_layout", "mediated"]

Floats = NDArray[np.float64]
_PERCENTILES = (0.16, 0.5, 0.84)
"""Where a moderator of many values is looked at: a standard deviation either side, were it normal."""


def fit_layout(
    data: pd.DataFrame | Study,
    layout: int = 4,
    *,
    source: str,
    outcome: str,
    mediators: Sequence[str] = (),
    moderator: str | None = None,
    covariates: Sequence[str] = (),
    at: Sequence[float] | None = None,
    centre: bool = True,
    unit: str = "units per unit",
    draws: int | None = None,
    seed: int | None = None,
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
    file: str | None = None,
) -> Mediation:
    """How much of what goes from a source to an outcome goes through mediators. Answers H4, H6, H7.

    Parameters
    ----------
    data : DataFrame, shape (n, m), or Study
        Rows with a gap in anything named are left out and counted. A study brings scores, weights, clusters
        and the shared resamples of its data file.
    layout : {1, 4, 6, 7, 8, 14, 15, 58, 59}
        As PROCESS numbers them: 4 mediators side by side, 6 one after the other, 1 moderation alone; the
        moderator bends source → mediator (7), that and the direct step (8), mediator → outcome (14), that and
        the direct step (15), both steps (58), all three (59).
    source, outcome : str
        Construct ids or columns; the outcome is a measurement (for one of 0 and 1: `natural_effects`).
    mediators, covariates : sequence of str
        Covariates stand in every equation.
    moderator : str, optional
    at : sequence of float, optional
        Moderator values, in its own units; by default both of two, else its 16th, 50th and 84th percentile.
    centre : bool
        Take the means from the source, the moderator and the mediators whose step is bent, before products
        are made. That changes coefficients of the equations, not a conditional effect, index or contrast.
    unit : str
        Of the effects, in words.
    draws, seed : int, optional
        Bootstrap resamples (1000, seed 0; of a study what it states); whole clusters where given.
    weights, clusters : Series of length n, optional
        Beside a frame. Survey weights > 0 enter every sum.
    file : str, optional
        Data file of a study.

    Returns
    -------
    Mediation
        Total = direct + indirect holds in the estimate and in every draw. Layouts 58 and 59 have no index:
        their indirect effect is curved over the moderator, and contrasts stand in its place.

    Raises
    ------
    DataError
        If columns are absent, named twice, text, constant, too few rows are complete, or the outcome or a
        mediator holds 0 and 1 only.
    StudyError
        If mediators or moderator do not fit the layout.
    IdentificationError
        If terms of an equation can be computed from the others.

    Notes
    -----
    Coefficients of all resamples come from their covariance matrices, BCa intervals from covariances without
    each row (cluster), so nothing is fitted again. The share mediated is given where direct and summed
    indirect effects have one sign.

    References
    ----------
    Hayes (2015), Multivariate Behavioral Research 50, 1-22 (index of moderated mediation); Preacher, Rucker &
    Hayes (2007), Multivariate Behavioral Research 42, 185-227; Efron (1987), J. Am. Stat. Assoc. 82, 171-185.

    Examples
    --------
    >>> frame = pd.DataFrame({"x": [1.0, 2, 3, 4, 5, 6], "m": [1.0, 3, 2, 5, 4, 6]})
    >>> frame["y"] = [2.0, 3, 3, 5, 6, 6]
    >>> fit = fit_layout(frame, 4, source="x", mediators=["m"], outcome="y", draws=0)
    >>> fit.table()[["kind", "estimate"]].round(3).values.tolist()
    [['direct', 0.705], ['indirect', 0.181], ['total', 0.886], ['proportion', 0.205]]
    """
    chosen = layout_of(layout, mediators, moderator)
    rows = mediation_rows(
        data, source=source, mediators=mediators, outcome=outcome, moderator=moderator,
        covariates=covariates, draws=draws, seed=seed, weights=weights, clusters=clusters, file=file,
    )  # fmt: skip
    return mediated(rows, chosen, at=at, centre=centre, unit=unit)


def mediated(
    rows: MediationRows,
    layout: Layout,
    *,
    at: Sequence[float] | None = None,
    centre: bool = True,
    unit: str = "units per unit",
) -> Mediation:
    """`fit_layout` of rows already picked."""
    _refuse_two_answers(rows)
    centres = _centres(rows, layout) if centre else {}
    design = _design(rows, layout, centres)
    names = (rows.source, rows.mediators, rows.outcome, rows.moderator, rows.covariates)
    equations = equations_of(layout, *names)
    fits = tuple(_equation(rows, design, outcome, terms, centres) for outcome, terms in equations)
    values = _values(rows, at) if layout.moderated else ()
    roles = Roles(
        layout=layout, source=rows.source, outcome=rows.outcome, mediators=rows.mediators,
        moderator=rows.moderator, centre=centres.get(rows.moderator or "", 0.0),
    )  # fmt: skip
    moments = mediation_moments(rows, design)
    two_values = rows.frame[rows.source].nunique() == 2
    plain = () if layout.moderated else asked_standardised(roles, two_values)
    asked = (*asked_effects(roles, values), *plain)
    names_ = list(moments.names)
    estimate = _worked_out(asked, names_, moments.cov[None], equations)[0]
    drawn = _worked_out(asked, names_, moments.covs, equations)
    acceleration = np.full(len(asked), np.nan)
    if len(drawn):
        parts = [_worked_out(asked, names_, covs, equations) for covs in left_out_covariances(rows, design)]
        acceleration = acceleration_of(estimate - np.concatenate(parts))
    answers = tuple(
        answer_of(roles, one, float(estimate[i]), drawn[:, i], float(acceleration[i]), rows, unit)
        for i, one in enumerate(asked)
    )
    cut = len(asked) - len(plain)
    wide = "standard deviations per unit" if two_values else "standard deviations per standard deviation"
    return Mediation(
        layout=layout,
        source=rows.source,
        outcome=rows.outcome,
        mediators=rows.mediators,
        moderator=rows.moderator,
        covariates=rows.covariates,
        values=values,
        centres=centres,
        effects=proportion_said(answers[:cut]),
        standardised=tuple(
            replace(one, effect=one.effect.renamed(one.effect.estimand, wide)) for one in answers[cut:]
        ),
        equations=fits,
        moments=moments,
        dropped=rows.dropped,
    )


def _refuse_two_answers(rows: MediationRows) -> None:
    problems = []
    for name in (*rows.mediators, rows.outcome):
        if rows.frame[name].nunique() == 2:
            found = f"'{name}' holds two values only, and products of slopes are no effect on a share"
            remedy = "Ask for natural_effects, which works on shares: layout 4 or 6, without a moderator."
            known = np.unique(rows.frame[name])
            if known.tolist() != [0.0, 1.0]:
                found = f"'{name}' holds {known[0]:g} and {known[1]:g} only, expected 0 and 1 for a share"
                remedy = "Recode it to 0 and 1."
            problems.append(Problem(rows.where, found, remedy))
    if problems:
        raise DataError(*problems)


def _centres(rows: MediationRows, layout: Layout) -> dict[str, float]:
    """Means of whatever enters a product."""
    if not layout.moderated or rows.moderator is None:
        return {}
    bent = [rows.moderator]
    bent += [rows.source] if layout.first or layout.direct else []
    bent += rows.mediators if layout.second else []
    return {name: float(rows.shares @ rows.frame[name]) for name in bent}


def _design(rows: MediationRows, layout: Layout, centres: dict[str, float]) -> pd.DataFrame:
    """All columns of the equations, products among them."""
    design = rows.frame.copy()
    for name, middle in centres.items():
        design[name] = design[name] - middle
    if rows.moderator is not None and layout.moderated:
        bent = [rows.source] if layout.first or layout.direct else []
        bent += rows.mediators if layout.second else []
        for name in bent:
            design[product_name(name, rows.moderator)] = design[name] * design[rows.moderator]
    return design


def _equation(
    rows: MediationRows,
    design: pd.DataFrame,
    outcome: str,
    terms: tuple[str, ...],
    centres: dict[str, float],
) -> Estimates:
    fit = fit_ols(
        design, outcome, terms,
        covariance="hc3" if rows.clusters is None else "cluster",
        clusters=rows.clusters,
        weights=rows.weights,
    )  # fmt: skip
    said = ", ".join(f"'{name}' at {middle:.4g}" for name, middle in centres.items())
    notes = [f"centred: {said}; a term's own coefficient is its slope there"] if centres else []
    return replace(fit, dropped=rows.dropped, assumptions=(*notes, *rows.references))


def _values(rows: MediationRows, at: Sequence[float] | None) -> tuple[float, ...]:
    """Moderator values: as given, both of two, or the 16th, 50th and 84th percentile (type 7)."""
    column = rows.frame[str(rows.moderator)]
    if at is not None:
        if not len(at) or not np.isfinite(np.asarray(at, dtype=float)).all():
            found = f"values {list(at)} of '{rows.moderator}', expected numbers"
            raise DataError(Problem(rows.where, found, "Give at least one number."))
        return tuple(float(value) for value in at)
    known = np.unique(column)
    if len(known) == 2:
        return float(known[0]), float(known[1])
    if rows.weights is None:
        picked = np.quantile(column, _PERCENTILES)
    else:
        order = np.argsort(column.to_numpy(), kind="stable")
        reached = np.cumsum(rows.shares[order])
        first = np.searchsorted(reached, np.array(_PERCENTILES) - 1e-12)  # sums of weights round
        places = np.minimum(first, len(order) - 1)
        picked = column.to_numpy()[order][places]
    return tuple(dict.fromkeys(float(value) for value in picked))


def _worked_out(asked: Sequence[Asked], names: list[str], covs: Floats, equations: Equations) -> Floats:
    """Every effect asked of every matrix, shape (b, effects)."""
    if not len(covs):
        return np.zeros((0, len(asked)))
    paths = paths_of(names, covs, equations)
    return np.column_stack([one.formula(paths) for one in asked])
