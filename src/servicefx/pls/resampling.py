"""bootstrap: a model of composites in thousands of resamples, by matrix products."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from servicefx.errors import Problem, StudyError, closest
from servicefx.moments.resample_index import ResampleBlock, resample_blocks
from servicefx.pls.pls_bootstrap import PlsBootstrap
from servicefx.pls.pls_fit import PlsFit, check_fit
from servicefx.pls.quantities import QUANTITIES, Quantity, reasons_of, terms_of, values_of
from servicefx.pls.sample import PlsSample, check_same_rows, sample_of
from servicefx.pls.solution import solve
from servicefx.sem.choices import whole_number
from servicefx.sem.resampling.intervals import acceleration_of
from servicefx.sem.threads import one_thread

__all__ = ["bootstrap"]

Floats = NDArray[np.float64]
_TOGETHER = 10
"""Blocks of resamples estimated in one batch, where rows are few."""
_CELLS = 12_000_000
"""Counts held by a batch at most: 48 MB."""
_JACKKNIFE_BLOCK = 600


def bootstrap(
    fit: PlsFit,
    data: pd.DataFrame,
    draws: int = 5000,
    seed: int = 0,
    *,
    jobs: int = 1,
    quantities: tuple[Quantity, ...] = QUANTITIES,
    analysis_id: str = "data",
    clusters: ArrayLike | pd.Series | None = None,
) -> PlsBootstrap:
    """Estimate a model in resamples of its rows.

    Parameters
    ----------
    fit : PlsFit
        Fitted to ``data``.
    data : DataFrame, shape (n, >= p)
        The rows it was fitted to; what happens to gaps is done again in every resample.
    draws : int
        Resamples.
    seed : int
        The study's seed: same seed, same draws, whatever ``jobs``.
    jobs : int
        Threads.
    quantities : tuple of str
        What is drawn, of `servicefx.pls.quantities.QUANTITIES`; by default everything.
    analysis_id : str
        Name of the data file, so that draws line up with those of other fits on the same rows.
    clusters : array_like, shape (n,), optional
        Whole clusters are drawn where given.

    Returns
    -------
    PlsBootstrap
        Every resample is estimated by the sample's rule; no draw is turned afterwards. Draws without an
        answer are NaN and counted; inadmissible ones (PLSc) are kept and counted. A construct whose items'
        loadings nearly cancel can point either way from one resample to the next, which draws its paths into
        two heaps: counted in ``turned``, told in ``problems``.

    Raises
    ------
    StudyError
        If draws, jobs or seed are no whole numbers, or a quantity is not known.
    DataError
        If the data are no rows, do not hold the items, or are not those of the fit.
    """
    check_fit(fit)
    _check(draws, jobs, seed, quantities)
    sample = sample_of(fit.model, data, fit.choices.missing)
    check_same_rows(sample, fit.base, fit.n_obs)
    single = resample_blocks(len(data), draws, seed, analysis_id, clusters)
    together = max(1, min(_TOGETHER, _CELLS // (single[0].draws * len(data))))
    blocks = [single[begin : begin + together] for begin in range(0, len(single), together)]
    terms = terms_of(fit, quantities)

    def work(some: tuple[ResampleBlock, ...]) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
        counts = np.concatenate([block.counts() for block in some]).astype(np.float32)
        return _drawn(fit, sample, counts, quantities)

    with one_thread():
        if jobs == 1:
            found = [work(some) for some in blocks]
        else:
            with ThreadPoolExecutor(jobs) as pool:
                found = list(pool.map(work, blocks))
        acceleration = acceleration_of(_left_out(fit, sample, quantities, clusters))
    draw = "rows" if clusters is None else "clusters"
    return PlsBootstrap(
        terms=terms,
        estimates=values_of(fit, fit.solution, quantities)[0],
        draws=np.concatenate([part for part, _, _ in found]),
        acceleration=acceleration,
        failed=np.concatenate([part for _, part, _ in found]),
        inadmissible=np.concatenate([part for _, _, part in found]),
        undefined=reasons_of(fit, quantities),
        settings={**fit.settings, "draws": draws, "drawn": draw, "seed": seed},
        level=fit.level,
        draw_source=(f"{analysis_id}: {draws} resamples of {draw}, seed {seed}",),
    )


def _drawn(
    fit: PlsFit, sample: PlsSample, counts: NDArray[np.float32], quantities: tuple[Quantity, ...]
) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    """Values of all terms in a batch of resamples; which failed; which are inadmissible."""
    solution = solve(fit.model, sample.moments(counts), fit.choices)
    values = values_of(fit, solution, quantities)
    values[solution.failed] = np.nan
    return values, solution.failed, ~solution.failed & ~solution.admissible


def _left_out(
    fit: PlsFit, sample: PlsSample, quantities: tuple[Quantity, ...], clusters: ArrayLike | pd.Series | None
) -> Floats:
    """How the terms change when one row, or one cluster, is left out, shape (units, t)."""
    n = len(sample.used)
    codes = np.arange(n) if clusters is None else pd.factorize(pd.Series(clusters))[0]
    units = np.unique(codes[sample.used])
    found = []
    for begin in range(0, len(units), _JACKKNIFE_BLOCK):
        part = units[begin : begin + _JACKKNIFE_BLOCK]
        found.append(_drawn(fit, sample, (codes != part[:, None]).astype(np.float32), quantities)[0])
    values = np.concatenate(found)
    known = np.isfinite(values)
    mean = np.where(known, values, 0.0).sum(axis=0) / known.sum(axis=0).clip(min=1)
    return np.asarray(mean - values, dtype=np.float64)


def _check(draws: int, jobs: int, seed: int, quantities: tuple[Quantity, ...]) -> None:
    problems = whole_number("draws", draws, 1, "Choose e.g. 5000.")
    problems += whole_number("jobs", jobs, 1, "Choose 1, or the number of cores.")
    problems += whole_number("seed", seed, 0, "Choose e.g. the study's seed.")
    remedy = f"Choose among {', '.join(QUANTITIES)}."
    if isinstance(quantities, str) or not isinstance(quantities, Sequence) or not quantities:
        problems.append(Problem("quantities", f"{quantities!r}, a tuple of names expected", remedy))
    else:
        problems += [
            Problem("quantities", f"'{name}' is not known{closest(str(name), QUANTITIES)}", remedy)
            for name in quantities
            if name not in QUANTITIES
        ]
    if problems:
        raise StudyError(*problems)
