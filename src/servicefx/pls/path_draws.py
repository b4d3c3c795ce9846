"""PathDraws: joint draws of path coefficients, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["PathDraws"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PathDraws:
    """Draws of the paths of one fit, row by row from one resample.

    Attributes
    ----------
    paths : tuple of (outcome, term)
        In the order of the columns of ``draws``.
    draws : ndarray, shape (n_draws, n_paths)
        In units of the outcome per unit of the term; NaN rows where a resample had no answer.
    draw_source : tuple of str
        What an `Effect` made from them declares.
    kind : str
        ``"bootstrap: ..."``, for table notes.
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
