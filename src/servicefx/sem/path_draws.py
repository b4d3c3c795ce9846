"""PathDraws: joint draws of path coefficients, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.structural_fit import StructuralFit

__all__ = ["PathDraws", "structural_draws"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PathDraws:
    """Draws of the paths of one fit, row by row from one resample or one joint draw.

    Attributes
    ----------
    paths : tuple of (outcome, term)
        In the order of the columns of ``draws``.
    draws : ndarray, shape (n_draws, n_paths)
        In units of the outcome per unit of the term; NaN rows where a resample had no answer.
    draw_source : tuple of str
        What an `Effect` made from them declares.
    kind : str
        ``"parametric: ..."`` or ``"bootstrap: ..."``, for table notes.
    """

    paths: tuple[tuple[str, str], ...]
    draws: Floats
    draw_source: tuple[str, ...]
    kind: str

    def __post_init__(self) -> None:
        draws = np.array(self.draws, dtype=np.float64)
        if draws.ndim != 2 or draws.shape[1] != len(self.paths):
            raise ValueError(
                f"{len(self.paths)} paths need draws (n_draws, {len(self.paths)}), not {draws.shape}"
            )
        draws.setflags(write=False)
        object.__setattr__(self, "draws", draws)

    @property
    def n_failed(self) -> int:
        """Draws without an answer."""
        return int(np.isnan(self.draws).any(axis=1).sum())

    def of(self, outcome: str, term: str) -> Floats:
        """Draws of one path, shape (n_draws,).

        Raises
        ------
        KeyError
            If the fit has no such path; the message lists those it has.
        """
        if (outcome, term) not in self.paths:
            known = ", ".join(f"'{left} ~ {right}'" for left, right in self.paths)
            raise KeyError(f"no path '{outcome} ~ {term}' (known: {known})")
        return self.draws[:, self.paths.index((outcome, term))]


def structural_draws(fit: StructuralFit, draws: int, seed: int) -> PathDraws:
    """Parametric draws of a structural model's paths: jointly normal around the estimates.

    Parameters
    ----------
    fit : StructuralFit
        Its paths have sampling covariance from the expected information.
    draws : int
        How many, at least 1.
    seed : int
        The study's seed; another fit name gives another stream.

    Returns
    -------
    PathDraws
        Fixed paths are constant. Not resamples of rows: they join with draws of other fits only as
        independent ones.

    Notes
    -----
    The generator is ``default_rng([seed, *fit.name.encode()])``. Draws follow the normal approximation to
    the sampling distribution (MacKinnon, Lockwood & Williams 2004, Multivariate Behav. Res. 39, 99-128).
    """
    if draws < 1:
        raise ValueError(f"draws must be at least 1, not {draws}")
    rng = np.random.default_rng([seed, *fit.name.encode()])
    free = {cell: at for at, cell in enumerate(fit.model.free)}
    values = dict(zip(fit.model.cells, fit.values, strict=True))
    paths = fit.model.paths
    table = np.tile(np.array([values[cell] for cell in paths], dtype=np.float64), (draws, 1))
    estimated = [j for j, cell in enumerate(paths) if cell in free]
    at = [free[paths[j]] for j in estimated]
    root = np.linalg.cholesky(fit.covariance[np.ix_(at, at)])
    table[:, estimated] += rng.standard_normal((draws, len(at))) @ root.T
    return PathDraws(
        paths=tuple((cell.lhs, cell.rhs) for cell in paths),
        draws=table,
        draw_source=(f"parametric draws of {fit.name}",),
        kind="parametric: jointly normal, expected information",
    )
