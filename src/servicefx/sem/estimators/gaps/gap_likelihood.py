"""Normal-theory likelihood of rows with gaps: the discrepancy, its derivatives, information and scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from servicefx.moments.patterns import Expectation, MissingPatterns, expected_in_scale
from servicefx.moments.saturated import Saturated
from servicefx.sem.estimators.gaps.information import RowsAt, casewise_scores, lost_information
from servicefx.sem.estimators.likelihood import (
    Likelihood,
    LikelihoodState,
    MomentTarget,
    inverse_and_log_determinant,
)
from servicefx.sem.structure.derivatives import carried
from servicefx.sem.structure.layout import Layout
from servicefx.sem.structure.matrices import Implied, implied

__all__ = ["MissingLikelihood", "MissingState", "in_units"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MissingState:
    """Implied matrices, the inverses of sigma and what is expected of every group's rows."""

    at: Implied
    inverse: Floats
    steps: tuple[Expectation, ...]
    rows: tuple[RowsAt, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MissingLikelihood:
    r"""The full-information discrepancy of a layout and rows with gaps, in the units of the search.

    :math:`F = \sum_g w_g n_g^{-1} \sum_i (\log|\Sigma_i| + d_i'\Sigma_i^{-1}d_i) - F_s`, the index i taking
    the columns that a row holds, less the same at the saturated moments, so that n F is the likelihood-ratio
    statistic (Arbuckle 1996, in Marcoulides & Schumacker, Advanced Structural Equation Modeling, 243-277).

    Attributes
    ----------
    layout : Layout
        Unit-scaled, means modelled; q free values, G groups.
    patterns : tuple of MissingPatterns
        One a group, in the same units (`in_units`).
    shift : ndarray, shape (G, p)
        What their values are deviations from.
    share : ndarray, shape (G,)
        n of each group over all n.
    saturated : ndarray, shape (G,)
        Half the discrepancy of the saturated moments, in the same units.
    """

    layout: Layout
    patterns: tuple[MissingPatterns, ...]
    shift: Floats
    share: Floats
    saturated: Floats

    @classmethod
    def of(
        cls, layout: Layout, patterns: Sequence[MissingPatterns], saturated: Sequence[Saturated]
    ) -> MissingLikelihood:
        """From patterns in the units of the layout, and saturated moments in the users' units."""
        counts = np.array([one.n_obs for one in patterns], dtype=np.float64)
        lengths = [float((~one.missing).sum(axis=0) @ np.log(one.scale)) / one.n_obs for one in patterns]
        halves = [one.half_discrepancy - length for one, length in zip(saturated, lengths, strict=True)]
        return cls(
            layout=layout,
            patterns=tuple(patterns),
            shift=np.array([one.centre / one.scale for one in patterns]),
            share=counts / counts.sum(),
            saturated=np.array(halves),
        )

    def evaluate(self, theta: Floats) -> tuple[float, MissingState | None]:
        """F and what its derivatives need; ``(inf, None)`` where a sigma is not positive definite."""
        try:
            at = implied(self.layout, theta, shift=self.shift)
        except np.linalg.LinAlgError:
            return np.inf, None
        found = inverse_and_log_determinant(at.sigma)
        if found is None:
            return np.inf, None
        p = self.layout.n_items
        steps, rows = [], []
        for g, patterns in enumerate(self.patterns):
            mean = at.sigma[g, :p, p]
            step = expected_in_scale(patterns, mean, at.sigma[g, :p, :p] - np.outer(mean, mean), full=True)
            if step.parts is None or not np.isfinite(step.half_discrepancy):
                return np.inf, None
            steps.append(step)
            scores, inner = step.parts
            pulls = np.column_stack([scores, 1.0 - scores @ mean])
            rows.append(RowsAt(patterns=patterns, inverse=found[0][g], conditional=inner, pulls=pulls))
        halves = np.array([step.half_discrepancy for step in steps])
        value = 2.0 * float(self.share @ (halves - self.saturated))
        if not np.isfinite(value):
            return np.inf, None
        return value, MissingState(at=at, inverse=found[0], steps=tuple(steps), rows=tuple(rows))

    def derivatives(self, state: MissingState, *, exact: bool) -> tuple[Floats, Floats]:
        """Gradient (q,) of F / 2, and the exact Hessian (q, q) or its expectation over the patterns."""
        layout = self.layout
        complete = Likelihood(
            layout=layout,
            target=MomentTarget(
                second=self._expected_moments(state), shift=self.shift, share=self.share, n_obs=1
            ),
            log_determinant=np.zeros(len(self.share)),
        )
        gradient, hessian = complete.derivatives(
            LikelihoodState(at=state.at, inverse=state.inverse), exact=exact
        )
        columns = carried(layout, state.at)
        lost = [
            lost_information(layout, columns[g], rows, observed=exact) for g, rows in enumerate(state.rows)
        ]
        return gradient, hessian - layout.gathered_pairs(np.array(lost) * self.share[:, None, None])

    def gradient(self, state: MissingState) -> Floats:
        """Gradient (q,) of F / 2 alone."""
        from servicefx.sem.structure.derivatives import first

        inverse = state.inverse
        weight = inverse - inverse @ self._expected_moments(state) @ inverse
        columns = carried(self.layout, state.at)
        return self.layout.gathered(first(self.layout, columns, weight) * self.share[:, None])

    def information(self, theta: Floats, *, observed: bool) -> Floats:
        """Observed (or expected, given the patterns) information of one row, shape (q, q)."""
        _, state = self.evaluate(theta)
        if state is None:
            raise ValueError("no information where the implied covariances are not positive definite")
        return self.derivatives(state, exact=observed)[1]

    def scores(self, theta: Floats) -> tuple[Floats, ...]:
        """Derivatives of every row's log-likelihood by free value: one (n_g, q) a group."""
        _, state = self.evaluate(theta)
        if state is None:
            raise ValueError("no scores where the implied covariances are not positive definite")
        columns = carried(self.layout, state.at)
        return tuple(
            self.layout.by_group(casewise_scores(self.layout, columns[g], rows), g)
            for g, rows in enumerate(state.rows)
        )

    def expected_moments(self, theta: Floats) -> Floats:
        """Expected second moments of (x, 1) at free values, less ``shift``: shape (G, p + 1, p + 1)."""
        _, state = self.evaluate(theta)
        if state is None:
            raise ValueError("no moments where the implied covariances are not positive definite")
        return self._expected_moments(state)

    def _expected_moments(self, state: MissingState) -> Floats:
        """Expected second moments of (x, 1), shape (G, p + 1, p + 1): they stand for the sample's."""
        p = self.layout.n_items
        second = np.ones((len(self.patterns), p + 1, p + 1))
        for g, step in enumerate(state.steps):
            mean = state.at.sigma[g, :p, p]
            mixed = np.outer(mean, step.deviation)
            second[g, :p, :p] = step.second_moment + mixed + mixed.T + np.outer(mean, mean)
            second[g, :p, p] = second[g, p, :p] = mean + step.deviation
        return second


def in_units(patterns: MissingPatterns, scale: Floats) -> MissingPatterns:
    """The same rows with their columns divided by powers of two, shape (p,)."""
    return replace(patterns, values=patterns.values * (patterns.scale / scale), scale=scale)
