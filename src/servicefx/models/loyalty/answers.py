"""A logit or ordered logit of answers, ready to be read as changes of probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.discrete import fit_logit, logit_draws
from servicefx.engines.ordered import fit_ordered_logit
from servicefx.engines.ordered_draws import ordered_logit_draws
from servicefx.errors import DataError, IdentificationError, Problem
from servicefx.models.frame_draws import check_paired, given_or_drawn, labels_of_all
from servicefx.models.frame_rows import without_gaps
from servicefx.models.loyalty.distinct import distinct_rows
from servicefx.models.loyalty.repurchase import RepurchaseFit
from servicefx.models.loyalty.terms import Terms, checked_terms, hidden_products
from servicefx.values.estimates import Estimates

__all__ = ["MOST_ANSWERS", "AnswerFit", "answers_of", "fit_answers"]

Floats = NDArray[np.float64]
MOST_ANSWERS = 11
"""More different answers than a 0-10 scale has are a measurement, not categories with a chance each."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AnswerFit:
    """Chances of every answer, as terms explain them, with joint draws.

    Attributes
    ----------
    estimates : Estimates
        Log odds of a higher answer (of 1 rather than 0), as the engine reports them.
    terms : Terms
        Columns and products.
    answers : tuple of float, length m + 1
        Rising; (0, 1) for a logit.
    slopes, thresholds : ndarray, shapes (k,) and (m,)
        P(answer <= j) = logistic(threshold_j - x slopes); for a logit the threshold is minus the constant.
    covariance : ndarray, shape (k + m, k + m)
        Of slopes and thresholds.
    values : ndarray, shape (u, p)
        Different rows of the terms.
    tallies : ndarray, shape (u, m + 1)
        How many customers of each row gave each answer.
    drawn_slopes, drawn_thresholds : ndarray, shapes (n_draws, k) and (n_draws, m)
    drawn_tallies : ndarray of float32, shape (n_draws, u, m + 1)
        The same tallies in each resample.
    draw_source : str
        Which resamples.
    clusters : ndarray of int, shape (n,), or None
        Cluster of every customer, from 0.
    row_codes, answer_codes : ndarray of int, shape (n,)
        Which of ``values`` and of ``answers`` every customer has.
    dropped : mapping of str to int
        Rows not used, by reason.
    """

    estimates: Estimates
    terms: Terms
    answers: tuple[float, ...]
    slopes: Floats
    thresholds: Floats
    covariance: Floats
    values: Floats
    tallies: Floats
    drawn_slopes: Floats
    drawn_thresholds: Floats
    drawn_tallies: NDArray[np.float32]
    draw_source: str
    clusters: NDArray[np.intp] | None
    row_codes: NDArray[np.intp]
    answer_codes: NDArray[np.intp]
    dropped: Mapping[str, int] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        """Column explained."""
        return self.estimates.outcome

    @property
    def weights(self) -> Floats:
        """Customers of every different row, shape (u,)."""
        return np.asarray(self.tallies.sum(axis=1), dtype=np.float64)

    @property
    def n_obs(self) -> int:
        """Customers."""
        return self.estimates.n_obs


def fit_answers(
    data: pd.DataFrame,
    outcome: str,
    terms: Sequence[str],
    *,
    interactions: Sequence[tuple[str, str]] = (),
    clusters: pd.Series | None = None,
    draws: int = 1000,
    seed: int = 0,
    data_id: str = "data",
    counts: NDArray[np.float32] | None = None,
    source: str | None = None,
) -> AnswerFit:
    """Logit of two answers or ordered logit of 3 to 11, with draws. Answers H4.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Numeric columns; rows with a gap in a column used are left out and counted.
    outcome : str
        Answers: 0 and 1, or 3 to 11 ordered ones, whose distances do not count.
    terms : sequence of str
        Columns that explain it.
    interactions : sequence of pairs of str
        Products of two of the terms (a term with itself is its square). They are made here, so that a
        marginal effect moves them with their parts.
    clusters : Series, length n, optional
        Dependence group of every row, for errors and draws.
    draws : int
        Resamples.
    seed : int
        Of the resamples.
    data_id : str
        Name of the data file in the shared resample index.
    counts : ndarray, shape (draws, n), optional
        The shared resamples themselves; then ``source`` says what they are.
    source : str, optional
        Draw source of ``counts``.

    Returns
    -------
    AnswerFit
        Errors are robust (HC0, no factor), or clustered with the factor G/(G-1).

    Raises
    ------
    StudyError
        If a product names something that is not a term.
    DataError
        If the outcome has one answer, two that are not 0 and 1, or more than 11; or a column is text.
    IdentificationError
        If the terms separate the answers, or one column is the product of two others.

    Notes
    -----
    Survey weights are not used.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"satisfaction": rng.integers(1, 8, 400).astype(float)})
    >>> odds = frame["satisfaction"] - 4
    >>> frame["buys"] = (rng.random(400) < 1 / (1 + np.exp(-odds))).astype(float)
    >>> fit = fit_answers(frame, "buys", ["satisfaction"], draws=50)
    >>> fit.answers, len(fit.values)
    ((0.0, 1.0), 7)
    """
    where = f"answers of '{outcome}'"
    check_paired(counts, source)
    made = checked_terms(where, terms, interactions)
    kept, dropped = _complete(data, [outcome, *made.names], clusters, where)
    frame = data.loc[kept, [outcome, *made.names]].astype(float)
    groups = None if clusters is None else clusters[kept]
    counts, source = given_or_drawn(
        len(data), counts, source, draws=draws, seed=seed, data_id=data_id, clusters=clusters,
        labels=labels_of_all(clusters),
    )  # fmt: skip
    counts = counts[:, kept]
    values = frame[list(made.names)].to_numpy(copy=True)
    answers = np.unique(frame[outcome])
    _check_answers(answers, where)
    _check_products(made, values, where)
    columns = pd.DataFrame(made.design(values), columns=list(made.columns), index=frame.index)
    columns[outcome] = frame[outcome]
    engine = fit_logit if len(answers) == 2 else fit_ordered_logit
    estimates = engine(columns, outcome, list(made.columns), clusters=groups)
    return _assembled(estimates, made, frame[outcome], values, counts, str(source), groups, dropped)


def answers_of(fit: RepurchaseFit) -> AnswerFit:
    """The logit of a study, with the draws it already has."""
    names = tuple(term for term in fit.estimates.terms if term in fit.sample.frame.columns)
    frame = fit.sample.frame
    values = frame[list(names)].to_numpy(copy=True)
    _check_products(Terms(names=names), values, f"logit of '{fit.estimates.outcome}'")
    return _assembled(
        fit.estimates,
        Terms(names=names),
        frame[fit.estimates.outcome],
        values,
        fit.counts,
        fit.draw_source,
        fit.sample.clusters,
        fit.sample.dropped,
        fit.draws,
    )


def _assembled(
    estimates: Estimates,
    terms: Terms,
    outcome: pd.Series,
    values: Floats,
    counts: NDArray[np.float32],
    source: str,
    clusters: pd.Series | None,
    dropped: Mapping[str, int],
    drawn: Floats | None = None,
) -> AnswerFit:
    """Rows counted once, draws made, signs of a logit's constant turned into those of a threshold."""
    answers, codes = np.unique(outcome.to_numpy(copy=True), return_inverse=True)
    codes = np.asarray(codes, dtype=np.intp)
    rows = distinct_rows(values)
    n_rows, n_answers, k = len(rows.values), len(answers), len(terms.columns)
    cells = distinct_rows(np.column_stack([rows.codes, codes]).astype(np.float64))
    at_row, at_answer = cells.values.astype(np.intp).T
    tallies = np.zeros((n_rows, n_answers))
    tallies[at_row, at_answer] = np.bincount(cells.codes)
    in_cells = cells.summed(counts)
    drawn_tallies = np.zeros((len(counts), n_rows, n_answers), dtype=np.float32)
    drawn_tallies[:, at_row, at_answer] = in_cells
    design = terms.design(rows.values)
    turn = np.diag(np.r_[np.ones(k), -np.ones(1) if n_answers == 2 else np.ones(n_answers - 1)])
    at = turn @ estimates.coefficients
    if drawn is None and n_answers == 2:
        x = np.column_stack([design[at_row], np.ones(len(at_row))])
        drawn = logit_draws(
            at_answer.astype(np.float64), x, in_cells.astype(np.float32), estimates.coefficients
        )
    if drawn is not None:
        drawn = drawn @ turn
    else:
        drawn = ordered_logit_draws(at_answer, design[at_row], in_cells.astype(np.float32), at)
    return AnswerFit(
        estimates=estimates,
        terms=terms,
        answers=tuple(float(answer) for answer in answers),
        slopes=at[:k],
        thresholds=at[k:],
        covariance=turn @ estimates.covariance @ turn,
        values=rows.values,
        tallies=tallies,
        drawn_slopes=drawn[:, :k],
        drawn_thresholds=drawn[:, k:],
        drawn_tallies=drawn_tallies,
        draw_source=source,
        clusters=None if clusters is None else pd.factorize(clusters, sort=True)[0].astype(np.intp),
        row_codes=rows.codes,
        answer_codes=codes,
        dropped=dropped,
    )


def _complete(
    data: pd.DataFrame, names: Sequence[str], clusters: pd.Series | None, where: str
) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Which rows hold all columns, and why the others do not."""
    problems = []
    for name in names:
        if name not in data.columns:
            problems.append(Problem(where, f"column '{name}' is not in the data", "Correct the name."))
        elif not pd.api.types.is_numeric_dtype(data[name]):
            problems.append(Problem(where, f"'{name}' is not numeric", "Code it as numbers."))
    if clusters is not None and len(clusters) != len(data):
        found = f"{len(clusters)} clusters for {len(data)} rows"
        problems.append(Problem(where, found, "Give one cluster a row."))
    if problems:
        raise DataError(*problems)
    gaps = {f"{name} missing": data[name].isna().to_numpy() for name in names}
    if clusters is not None:
        gaps[f"cluster '{clusters.name}' missing"] = clusters.isna().to_numpy()
    kept, dropped = without_gaps(gaps, np.ones(len(data), dtype=bool))
    if not kept.any():
        raise DataError(Problem(where, "no row is complete", "Ask about fewer columns at once."))
    return kept, dropped


def _check_answers(answers: Floats, where: str) -> None:
    if len(answers) == 1:
        found, remedy = f"everybody answered {answers[0]:g}", "Choose an outcome that varies."
    elif len(answers) == 2 and set(answers) != {0.0, 1.0}:
        found = f"two answers, {answers[0]:g} and {answers[1]:g}, where 0 and 1 are needed"
        remedy = "Recode the outcome to 0 and 1."
    elif len(answers) > MOST_ANSWERS:
        found = f"{len(answers)} different answers, at most {MOST_ANSWERS} expected"
        remedy = "Use a regression, or merge answers."
    else:
        return
    raise DataError(Problem(where, found, remedy))


def _check_products(terms: Terms, values: Floats, where: str) -> None:
    """Refuse a product that came in under a name of its own."""
    problems = [
        Problem(
            where,
            f"'{name}' is the product of '{first}' and '{second}', and would be held still while they move",
            f"Leave it out and name the interaction ('{first}', '{second}') instead.",
        )
        for name, first, second in hidden_products(terms.names, distinct_rows(values).values)
    ]
    if problems:
        raise IdentificationError(*problems)
