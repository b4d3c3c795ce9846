"""Who buys again: a logit of repurchase, read as changes of a probability (H4, K2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from servicefx.engines.discrete import fit_logit, logit_draws
from servicefx.errors import DataError, Problem
from servicefx.models.chain import counts_of, draw_source, shared_counts
from servicefx.models.drivers import HELD, MEASURED, declared_terms
from servicefx.models.loyalty.distinct import distinct_rows
from servicefx.models.sample import Sample, reference_groups, sample_of
from servicefx.study.study import Study
from servicefx.values.estimates import Estimates

__all__ = ["RepurchaseFit", "fit_repurchase", "is_binary", "refuse_weights"]

_CELLS = 2_000_000
"""Cells of the largest array made on the way: 16 MB in double precision."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RepurchaseFit:
    """A logit with joint draws and the rows it stands on.

    Attributes
    ----------
    estimates : Estimates
        Log odds per point of the term's score.
    draws : ndarray, shape (n_draws, k + 1)
        Coefficients of every resample, the constant last.
    draw_source : str
        Which resamples.
    sample : Sample
        The rows.
    counts : ndarray, shape (n_draws, n)
        How often each of those rows stands in each resample.
    """

    estimates: Estimates
    draws: NDArray[np.float64]
    draw_source: str
    sample: Sample
    counts: NDArray[np.float32]

    def change(
        self, shifts: Mapping[str, tuple[float, NDArray[np.float64]]]
    ) -> tuple[float, NDArray[np.float64]]:
        """Mean change of the probability when terms rise for everybody, all at once.

        Parameters
        ----------
        shifts : mapping of str to (float, ndarray of shape (n_draws,))
            Term -> by how many points, in the sample and on every resample.

        Returns
        -------
        tuple of float and ndarray, shape (n_draws,)
            In share of customers: the mean over the sample of p(x + shifts) - p(x).

        Raises
        ------
        KeyError
            If the fit has no such term.
        """
        terms = [name for name in self.estimates.terms if name in self.sample.frame.columns]
        unknown = [term for term in shifts if term not in terms]
        if unknown:
            raise KeyError(f"no term '{unknown[0]}' in the logit (terms: {', '.join(terms)})")
        rows = distinct_rows(self.sample.frame[terms].to_numpy(copy=True))
        x = np.column_stack([rows.values, np.ones(len(rows.values))])
        places = [terms.index(term) for term in shifts]
        by = np.array([shift for shift, _ in shifts.values()])
        by_draw = np.column_stack([draws for _, draws in shifts.values()])
        beta = np.vstack([self.estimates.coefficients, self.draws])
        lift = (beta[:, places] * np.vstack([by, by_draw])).sum(axis=1)
        found = np.empty(len(beta))
        step = max(1, _CELLS // len(self.sample.frame))
        for first in range(0, len(beta), step):
            some = slice(first, first + step)
            drawn = self.counts[max(first - 1, 0) : first + step - 1]
            if first == 0:
                drawn = np.vstack([np.ones(self.counts.shape[1], dtype=np.float32), drawn])
            weight, log_odds = rows.summed(drawn), beta[some] @ x.T
            moved = expit(log_odds + lift[some, None]) - expit(log_odds)
            found[some] = (weight * moved).sum(axis=1) / weight.sum(axis=1)
        return float(found[0]), found[1:]


def is_binary(study: Study, construct: str, data: str) -> bool:
    """Whether a construct holds 0 and 1 only in a data file."""
    known = study.scores[data][construct].dropna()
    return bool(known.isin([0.0, 1.0]).all()) and known.nunique() == 2


def refuse_weights(study: Study, data: str, where: str) -> None:
    """Refuse a data file with survey weights, which the estimator named by ``where`` cannot use."""
    weights = study.weights(data)
    if weights is not None:
        found = f"survey weights '{weights.name}' cannot be used by this estimator"
        remedy = "Remove 'weights' from the study file to see the unweighted answer."
        raise DataError(Problem(where, found, remedy))


def fit_repurchase(
    study: Study,
    outcome: str = "repurchase",
    terms: Sequence[str] | None = None,
    *,
    data: str | None = None,
    seed: int | None = None,
) -> RepurchaseFit:
    """Logit of a 0/1 outcome on scores, with draws on the shared resamples. Answers H4.

    Parameters
    ----------
    study : Study
    outcome : str
        Construct holding 0 and 1.
    terms : sequence of str
        Constructs or columns; by default those the study's paths declare.
    data : str
        Data file; by default where the outcome lives.
    seed : int
        Of the shared resamples; by default the study's.

    Returns
    -------
    RepurchaseFit

    Raises
    ------
    DataError
        If the study declares survey weights, which this estimator cannot use, or the outcome is not 0/1.
    IdentificationError, ConvergenceError
        As `servicefx.engines.discrete.fit_logit`.
    """
    data = study.data_of(outcome) if data is None else data
    refuse_weights(study, data, f"logit of '{outcome}'")
    chosen = tuple(terms) if terms is not None else declared_terms(study, outcome, data)
    sample = sample_of(study, data, [outcome, *chosen])
    references = reference_groups(study, data, chosen)
    chosen = tuple(str(name) for name in sample.frame.columns if name != outcome)
    estimates = fit_logit(sample.frame, outcome, chosen, clusters=sample.clusters)
    seed = study.seed if seed is None else seed
    counts = counts_of(shared_counts(study, data, seed), study, sample)
    rows = distinct_rows(sample.frame[[*chosen, outcome]].to_numpy(copy=True))
    x = np.column_stack([rows.values[:, :-1], np.ones(len(rows.values))])
    return RepurchaseFit(
        estimates=replace(
            estimates,
            dropped=sample.dropped,
            assumptions=(HELD, MEASURED, "log odds are linear in every term", *references),
        ),
        draws=logit_draws(
            rows.values[:, -1], x, rows.summed(counts).astype(np.float32), estimates.coefficients
        ),
        draw_source=draw_source(study, data, seed),
        sample=sample,
        counts=counts,
    )
