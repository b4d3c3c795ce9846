"""The service chain on observed scores: one regression an outcome, all on one shared resample index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import IdentificationError, Problem, StudyError
from servicefx.models.drivers import DirectFit, declared_terms, fit_direct
from servicefx.models.frame_draws import resamples_said
from servicefx.models.sample import Sample
from servicefx.moments.resample import resampled_least_squares
from servicefx.moments.resample_index import resample_counts
from servicefx.study.study import Study

__all__ = ["Chain", "chain_outcomes", "counts_of", "draw_source", "fit_chain", "shared_counts", "stream_of"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Chain:
    """Equations of a path model on observed scores with joint draws.

    Attributes
    ----------
    data : str
        Data file.
    fits : mapping of str to DirectFit
        Outcome -> its regression.
    draws : mapping of str to ndarray, shape (n_draws, k)
        Outcome -> coefficients of every resample, in the order of the fit's terms without the constant.
    draw_source : str
        Which resamples.
    """

    data: str
    fits: Mapping[str, DirectFit]
    draws: Mapping[str, NDArray[np.float64]]
    draw_source: str

    def path(self, source: str, outcome: str) -> tuple[float, NDArray[np.float64]]:
        """Coefficient and draws, shape (n_draws,), of one path; zeros where the chain has no such path."""
        fit = self.fits.get(outcome)
        terms = () if fit is None else fit.estimates.terms
        if fit is None or source not in terms:
            return 0.0, np.zeros(len(next(iter(self.draws.values()))))
        return fit.estimates.coefficient(source), self.draws[outcome][:, terms.index(source)]


def draw_source(study: Study, data: str, seed: int) -> str:
    """Name of the shared resample index of a data file."""
    return f"{stream_of(study, data)}: {resamples_said(study.draws, study.clusters(data), seed)}"


def stream_of(study: Study, data: str) -> str:
    """The ``analysis_id`` of a data file's resamples: the beginning of its sha256, and its name."""
    return study.stream(data)


def shared_counts(study: Study, data: str, seed: int) -> NDArray[np.float32]:
    """How often every row stands in every resample of a data file, shape (draws, n).

    Every analysis of the file uses these same resamples, so their draws line up row by row.
    """
    stream, clusters = stream_of(study, data), study.clusters(data)
    return resample_counts(len(study.frames[data]), study.draws, seed, stream, clusters)


def counts_of(counts: NDArray[np.float32], study: Study, sample: Sample) -> NDArray[np.float32]:
    """The shared resamples at the rows of one sample, shape (draws, n of the sample).

    A frame's index is the row of the file, which is not its position where empty rows were left out.
    """
    return counts[:, study.frames[sample.data].index.get_indexer(sample.frame.index)]


def chain_outcomes(study: Study, data: str) -> tuple[str, ...]:
    """Outcomes of the study's paths that a data file measures, in the order declared."""
    targets = dict.fromkeys(path.to for path in study.spec.paths)
    return tuple(outcome for outcome in targets if declared_terms(study, outcome, data))


def fit_chain(study: Study, data: str, *, binary: tuple[str, ...] = (), seed: int | None = None) -> Chain:
    """Every equation the study's paths declare in a data file, with joint bootstrap draws.

    Parameters
    ----------
    study : Study
    data : str
        Data file.
    binary : tuple of str
        Outcomes left to `servicefx.models.loyalty` because they hold 0 and 1, or to
        `servicefx.models.referral` because they are numbers of people.
    seed : int
        Of the shared resamples; by default the study's.

    Returns
    -------
    Chain

    Raises
    ------
    StudyError
        If no path's outcome is measured in the file.
    IdentificationError
        If paths form a loop: regressions cannot tell which way it runs, nor add up what goes round it.
    """
    outcomes = [outcome for outcome in chain_outcomes(study, data) if outcome not in binary]
    if not outcomes:
        raise StudyError(
            Problem("study.toml: paths", f"no path ends in a construct of data.{data}", "Add [[paths]].")
        )
    loop = _loop({outcome: declared_terms(study, outcome, data) for outcome in outcomes})
    if loop:
        raise IdentificationError(
            Problem(
                "study.toml: paths",
                " → ".join(f"'{name}'" for name in loop)
                + " is a loop, and no regression says which way it runs",
                "Remove one of these paths.",
            )
        )
    seed = study.seed if seed is None else seed
    counts = shared_counts(study, data, seed)
    fits = {outcome: fit_direct(study, outcome, data=data) for outcome in outcomes}
    draws = {}
    for outcome, fit in fits.items():
        frame = fit.sample.frame
        terms = [term for term in fit.estimates.terms if term in frame.columns]
        weights = fit.sample.weights
        draws[outcome] = resampled_least_squares(
            frame[outcome].to_numpy(copy=True),
            np.column_stack([frame[terms].to_numpy(copy=True), np.ones(len(frame))]),
            counts_of(counts, study, fit.sample),
            None if weights is None else weights.to_numpy(dtype=float, copy=True),
        )[:, :-1]
    return Chain(data=data, fits=fits, draws=draws, draw_source=draw_source(study, data, seed))


def _loop(terms: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Constructs of a first loop in the order of its arrows, the first again at the end; else empty."""
    cleared: set[str] = set()

    def back(at: str, behind: list[str]) -> list[str]:
        if at in behind:
            return [at, *reversed(behind[behind.index(at) :])]
        if at in cleared:
            return []
        for term in terms.get(at, ()):
            found = back(term, [*behind, at])
            if found:
                return found
        cleared.add(at)
        return []

    return next((found for outcome in terms if (found := back(outcome, []))), [])
