"""Covariances a fit implies among any of its variables, latent or not, at any values of its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.structure.matrices import implied

if TYPE_CHECKING:
    from servicefx.sem.sem_fit import SemFit

__all__ = ["implied_covariances"]

Floats = NDArray[np.float64]


def implied_covariances(fit: SemFit, theta: Floats, names: Sequence[str]) -> Floats:
    """Covariances of items and constructs at values of the free parameters, in the first group.

    Parameters
    ----------
    fit : SemFit
    theta : ndarray, shape (m, q)
        ``fit.theta[None]`` for the estimates.
    names : sequence of str, length k
        Items or constructs of the model.

    Returns
    -------
    ndarray, shape (m, k, k)
        Not checked: values drawn far from the estimates may imply none that are positive definite.
    """
    layout = fit.solution.layout
    at = implied(layout, theta)
    symmetric = at.symmetric[:, 0].copy()
    if layout.constant is not None:
        symmetric[:, layout.constant, layout.constant] = 0.0  # second moments about the means
    total = at.total[:, 0]
    whole = total @ symmetric @ total.transpose(0, 2, 1)
    place = {name: number for number, name in enumerate(fit.model.items)}
    place |= {name: layout.n_observed + number for number, name in enumerate(fit.model.constructs)}
    places = [place[name] for name in names]
    return np.asarray(whole[:, places][:, :, places], dtype=np.float64)
