"""The chain from antecedents to an outcome on observed scores, all equations on the same rows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from servicefx.engines.design_matrix import checked_arrays
from servicefx.models.antecedents.decomposition import System
from servicefx.models.antecedents.equations import ServiceChain
from servicefx.models.chain import counts_of, draw_source, shared_counts
from servicefx.models.drivers import HELD, MEASURED
from servicefx.models.sample import Sample, sample_of
from servicefx.moments.resample import resampled_covariances
from servicefx.study.study import Study

__all__ = ["observed_system", "system_coefficients"]

Floats = NDArray[np.float64]


def observed_system(
    study: Study, chain: ServiceChain, *, seed: int | None = None, unit: str = "points per point"
) -> tuple[System, Sample]:
    """Least squares of every equation of a chain, with joint draws. Answers H3, H8.

    Parameters
    ----------
    study : Study
    chain : ServiceChain
    seed : int
        Of the shared resamples; by default the study's.
    unit : str
        Of the slopes.

    Returns
    -------
    tuple of System and Sample
        The coefficients, and the rows: those in which every construct and covariate of the chain is known,
        the same for all equations, so that parts add up to the total.

    Raises
    ------
    DataError, IdentificationError
        As `servicefx.engines.linear.fit_ols`, for any equation.
    """
    seed = study.seed if seed is None else seed
    sample = sample_of(study, chain.data, chain.terms)
    columns = [str(name) for name in sample.frame.columns]
    equations = {name: _columns(terms, columns) for name, terms in chain.equations.items()}
    for name, terms in equations.items():
        checked_arrays(sample.frame, name, terms)
    weights = None if sample.weights is None else sample.weights.to_numpy(dtype=float, copy=True)
    values = sample.frame.to_numpy(dtype=float, copy=True)
    counts = counts_of(shared_counts(study, chain.data, seed), study, sample)
    whole = resampled_covariances(values, np.ones((1, len(values)), dtype=np.float32), weights)
    once = system_coefficients(whole, columns, equations)[0]
    draws = system_coefficients(resampled_covariances(values, counts, weights), columns, equations)
    system = System(
        names=tuple(columns),
        coefficients=once,
        draws=draws,
        unit=unit,
        draw_source=draw_source(study, chain.data, seed),
        design="adjusted",
        assumptions=(HELD, MEASURED, "every equation of the chain is linear"),
        n_obs=len(sample.frame),
    )
    return system, sample


def _columns(terms: tuple[str, ...], columns: list[str]) -> list[str]:
    """Columns of the terms: a term of text stands as its 0/1 columns."""
    return [name for term in terms for name in columns if name == term or name.startswith(f"{term}: ")]


def system_coefficients(
    covariances: Floats, columns: list[str], equations: Mapping[str, list[str]]
) -> Floats:
    """Least-squares coefficients of every equation, from covariance matrices.

    Parameters
    ----------
    covariances : ndarray, shape (n_draws, p, p)
    columns : list of str, length p
    equations : mapping of str to list of str
        Explained column -> its terms.

    Returns
    -------
    ndarray, shape (n_draws, p, p)
        Row: explained; column: term; zero elsewhere. NaN where a resample cannot tell the terms apart.

    Examples
    --------
    >>> covariances = np.array([[[1.0, 0.5], [0.5, 2.0]]])
    >>> system_coefficients(covariances, ["x", "y"], {"y": ["x"]})[0].tolist()
    [[0.0, 0.0], [0.5, 0.0]]
    """
    at = {name: place for place, name in enumerate(columns)}
    answer = np.zeros_like(covariances)
    for name, terms in equations.items():
        row, places = at[name], [at[term] for term in terms]
        left = covariances[:, places][:, :, places]
        size = np.sqrt(np.einsum("bii->bi", left))
        filled = (size > 0).all(axis=1)
        size = np.where(size > 0, size, 1.0)
        left = left / (size[:, :, None] * size[:, None, :])
        regular = np.asarray(filled & (np.linalg.eigvalsh(left)[:, 0] > 1e-11))
        solved = np.full((len(left), len(places)), np.nan)
        right = (covariances[:, places, row] / size)[regular][..., None]
        solved[regular] = np.linalg.solve(left[regular], right)[..., 0] / size[regular]
        answer[:, row, places] = solved
    return answer
