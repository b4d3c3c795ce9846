"""SemFit: a fitted structural equation model, without any row of its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import Problem
from servicefx.moments.moments import Moments
from servicefx.sem.choices import Choices
from servicefx.sem.estimators.task import Solution
from servicefx.sem.sample import SemData
from servicefx.sem.structure.matrices import Implied, implied
from servicefx.sem.structure.sem_model import SemModel
from servicefx.syntax.table import ParameterTable
from servicefx.values.estimates import Estimates

__all__ = ["SemFit"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SemFit:
    """What `servicefx.sem.fit` found.

    Attributes
    ----------
    model : SemModel
        Every parameter, defaults included.
    table : ParameterTable
        What the text said.
    choices : Choices
        The arguments of the fit.
    n_by_group : tuple of int
        Rows used in each group.
    dropped : mapping of str to int
        Rows not used, by reason.
    solution : Solution
        Free values, their covariance, tests and moments, in the users' units.
    """

    model: SemModel
    table: ParameterTable
    choices: Choices
    n_by_group: tuple[int, ...]
    dropped: Mapping[str, int]
    solution: Solution
    _known: dict[str, Any] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        from servicefx.sem.reading.display import short_text

        return short_text(self)

    def _repr_html_(self) -> str:
        from servicefx.sem.reading.display import short_html

        return short_html(self)

    @property
    def estimator(self) -> str:
        """As chosen: ``ml``, ``mlr``, ``wlsmv``, …."""
        return self.choices.estimator

    @property
    def n_obs(self) -> int:
        """Rows used."""
        return sum(self.n_by_group)

    @property
    def weight_by_group(self) -> tuple[float, ...]:
        """Rows of each group, or the sum of their sampling weights."""
        return self.solution.counts or tuple(float(n) for n in self.n_by_group)

    @property
    def theta(self) -> Floats:
        """Free values, shape (q,): equal parameters once."""
        return self.solution.theta

    @property
    def vcov(self) -> Floats:
        """Sampling covariance of `theta`, shape (q, q)."""
        return self.solution.vcov

    @property
    def moments(self) -> Moments | dict[str, Moments]:
        """What the model was fitted to; by group where there are several."""
        if len(self.model.groups) == 1:
            return self.solution.moments[0]
        return dict(zip(self.model.groups, self.solution.moments, strict=True))

    @property
    def at(self) -> Implied:
        """The implied matrices, shape (G, ., .), in the users' units and without any shift."""
        if "at" not in self._known:
            self._known["at"] = implied(self.solution.layout, self.theta)
        found: Implied = self._known["at"]
        return found

    @property
    def parameters(self) -> pd.DataFrame:
        """One row a parameter, group by group, then the defined ones.

        Columns ``group, lhs, op, rhs, label, free, estimate, std_error, statistic, p_value, conf_low,
        conf_high, std_lv, std_all, std_all_error``; errors are NaN where nothing is estimated.
        """
        from servicefx.sem.reading.parameters import parameter_frame

        if "parameters" not in self._known:
            self._known["parameters"] = parameter_frame(self)
        frame: pd.DataFrame = self._known["parameters"]
        return frame.copy()

    @property
    def measures(self) -> dict[str, float]:
        """Every fit measure by name; NaN where one does not exist, and `undefined` says why."""
        from servicefx.sem.reading.summary import measures_of

        if "measures" not in self._known:
            self._known["measures"] = measures_of(self)
        return dict(self._known["measures"])

    @property
    def undefined(self) -> dict[str, str]:
        """Why measures are NaN."""
        from servicefx.sem.reading.summary import undefined_of

        return undefined_of(self)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What makes the solution doubtful, by name: the fit stands, the reader should know."""
        from servicefx.sem.reading.problems import problems_of

        if "problems" not in self._known:
            self._known["problems"] = problems_of(self)
        found: tuple[Problem, ...] = self._known["problems"]
        return found

    @property
    def r2(self) -> pd.DataFrame:
        """Explained share of every explained variable, in [0, 1]: ``group, outcome, estimate``."""
        from servicefx.sem.reading.standardised import explained_shares

        return explained_shares(self)

    def implied(self, kind: str = "cov") -> pd.DataFrame:
        """Implied covariances (``cov``), correlations (``cor``) or means (``mean``) of the items.

        Returns
        -------
        DataFrame
            Items by items, in the users' units (means: one column); with several groups the rows are
            (group, item).

        Raises
        ------
        StudyError
            If the kind is not known, or means are asked of a model without them.
        """
        from servicefx.sem.reading.residuals import implied_frame

        return implied_frame(self, kind)

    def residuals(self, kind: str = "raw", data: SemData | None = None) -> pd.DataFrame:
        """Sample less implied moments.

        Parameters
        ----------
        kind : {"raw", "correlation", "standardised"}
            In the users' units; of the correlations; raw ones over their standard errors.
        data : optional
            What the model was fitted to; only standardised residuals of ``mlm`` and ``mlr`` need it.

        Returns
        -------
        DataFrame
            Items by items; with several groups the rows are (group, item).

        Raises
        ------
        StudyError, DataError
            If the kind is not known, or standardised residuals are not there for the fit or need the data.

        References
        ----------
        Ogasawara (2001), Br. J. Math. Stat. Psychol. 54, 285-303.
        """
        from servicefx.sem.reading.residuals import residual_frame

        return residual_frame(self, kind, data)

    def modification_indices(self) -> pd.DataFrame:
        """What chi2 would fall by if a fixed or absent parameter were freed, largest first.

        Returns
        -------
        DataFrame
            ``lhs, op, rhs, group, index, expected_change``: chi2 on 1 degree of freedom; the change in the
            parameter's units.

        References
        ----------
        Sörbom (1989), Psychometrika 54, 371-384.
        """
        from servicefx.sem.reading.modification import modification_frame

        return modification_frame(self)

    def effects(self) -> pd.DataFrame:
        """Direct, indirect (by route and in sum) and total effects among all variables.

        Returns
        -------
        DataFrame
            ``group, from, to, kind, via, estimate, std_error, statistic, p_value, conf_low, conf_high,
            std_all``: ``to``'s units per unit of ``from``, errors by the delta method (Sobel 1987, Sociol.
            Methods Res. 16, 155-176); ``via`` names the mediators of one route, and is empty for sums.
        """
        from servicefx.sem.reading.effects import effect_frame

        return effect_frame(self)

    def estimates(self) -> tuple[Estimates, ...]:
        """The paths, one `Estimates` an explained variable (and group), in order of the model."""
        from servicefx.sem.reading.parameters import path_estimates

        return path_estimates(self)
