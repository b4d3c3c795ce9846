"""PlsFit: a fitted path model of composites as numbers, without rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import Problem, StudyError
from servicefx.pls.base_columns import BaseMoments
from servicefx.pls.model import PlsModel
from servicefx.pls.solution import PlsChoices, Solution
from servicefx.pls.stage_solution import StageSolution

if TYPE_CHECKING:
    from servicefx.pls.pls_bootstrap import PlsBootstrap
    from servicefx.values.estimates import Estimates

__all__ = ["PlsFit", "check_fit"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PlsFit:
    """A fitted path model of composites; paths, weights and loadings are standardised.

    Attributes
    ----------
    model : PlsModel
        p items, K constructs.
    choices : PlsChoices
        What was asked.
    n_obs : int
        Rows behind the moments.
    dropped : mapping of str to int
        Rows not used, by reason.
    base : BaseMoments
        Covariances and means of the items.
    solution : Solution
        Of the one sample (B = 1).
    level : float
        Of intervals, unless they say otherwise.
    """

    model: PlsModel
    choices: PlsChoices
    n_obs: int
    dropped: Mapping[str, int]
    base: BaseMoments
    solution: Solution
    level: float

    def __repr__(self) -> str:
        kind = "PLSc" if self.choices.consistent else "PLS"
        return (
            f"PlsFit: {kind}, {self.choices.scheme} scheme, {len(self.model.constructs)} constructs, "
            f"{len(self.model.items)} items, n = {self.n_obs:,}"
        )

    @property
    def paths(self) -> pd.DataFrame:
        """Columns ``lhs, op, rhs, estimate``: standard deviations of lhs per standard deviation of rhs."""
        pairs = self.model.paths
        return pd.DataFrame(
            {
                "lhs": [outcome for outcome, _ in pairs],
                "op": ["~"] * len(pairs),
                "rhs": [term for _, term in pairs],
                "estimate": self.solution.paths[0],
            }
        )

    @property
    def loadings(self) -> pd.DataFrame:
        """Columns ``construct, item, estimate``: correlation of each item with its construct.

        Of the composite; of the factor behind it with ``consistent``. Of a construct of constructs, the
        constructs below it stand for items.
        """
        return self._by_item("loadings")

    @property
    def weights(self) -> pd.DataFrame:
        """Columns ``construct, item, estimate``: of the items as they entered; composites have variance 1.

        Items enter standardised, without ``scaled`` in their own units.
        """
        return self._by_item("weights")

    @property
    def r2(self) -> pd.DataFrame:
        """Columns ``outcome, estimate, adjusted``: explained share of each explained construct's variance.

        Adjusted for the number of terms; NaN where rows are no more than terms and a constant.
        """
        shares = self.solution.r2[0]
        terms = np.array([len(self.model.terms(outcome)) for outcome in self.model.outcomes])
        with np.errstate(divide="ignore", invalid="ignore"):
            left = np.where(self.n_obs > terms + 1, (self.n_obs - 1) / (self.n_obs - terms - 1), np.nan)
        return pd.DataFrame(
            {
                "outcome": list(self.model.outcomes),
                "estimate": shares,
                "adjusted": 1.0 - (1.0 - shares) * left,
            }
        )

    @property
    def correlations(self) -> pd.DataFrame:
        """Of the constructs, shape (K, K), corrected with ``consistent``; labels are construct ids."""
        last = self.solution.last
        names = list(last.stage.constructs)
        return pd.DataFrame(last.correlations[0], index=names, columns=names)

    @property
    def reliability(self) -> pd.DataFrame:
        """One row a construct: alpha, rho_A, composite reliability, variance extracted, or why not."""
        from servicefx.pls.criteria.reliability import reliability_frame

        return reliability_frame(self)

    @property
    def htmt(self) -> pd.DataFrame:
        """Columns ``left, right, ratio, undefined``: HTMT of every pair of constructs."""
        from servicefx.pls.criteria.heterotrait import heterotrait_frame

        return heterotrait_frame(self)

    @property
    def cross_loadings(self) -> pd.DataFrame:
        """Columns ``item, construct, other, estimate, own``: correlations of items with all composites."""
        from servicefx.pls.criteria.cross_loadings import cross_loadings_frame

        return cross_loadings_frame(self)

    @property
    def fornell_larcker(self) -> pd.DataFrame:
        """Correlations of constructs beside the square roots of their extracted variance."""
        from servicefx.pls.criteria.fornell_larcker import fornell_larcker_frame

        return fornell_larcker_frame(self)

    @property
    def collinearity(self) -> pd.DataFrame:
        """Variance inflation of terms in their equations, and of items in their blocks."""
        from servicefx.pls.criteria.collinearity import collinearity_frame

        return collinearity_frame(self)

    @property
    def effect_sizes(self) -> pd.DataFrame:
        """Columns ``outcome, term, estimate, undefined``: Cohen's f² of every path."""
        from servicefx.pls.criteria.effect_sizes import effect_sizes_frame

        return effect_sizes_frame(self)

    @property
    def interactions(self) -> pd.DataFrame:
        """What every product says: its path, its standard deviation, and by how much a slope changes."""
        from servicefx.pls.criteria.interactions import interactions_frame

        return interactions_frame(self)

    @property
    def measures(self) -> Mapping[str, float]:
        """Fit of the saturated and the estimated model: SRMR, d_ULS, d_G, chi2, NFI."""
        from servicefx.pls.criteria.fit_measures import fit_measures

        return fit_measures(self)

    @property
    def settings(self) -> Mapping[str, str | int | float]:
        """All that makes programs differ: scheme, modes, denominator, missing rule, sign rule, tolerance."""
        from servicefx.pls.settings import settings_of

        return settings_of(self)

    @property
    def settings_table(self) -> pd.DataFrame:
        """One row a setting: its value, and how other programs' figures can differ by it."""
        from servicefx.pls.settings import settings_frame

        return settings_frame(self)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What the reader should know before believing the numbers."""
        from servicefx.pls.criteria.problems import problems_of

        return problems_of(self)

    def effects(self) -> pd.DataFrame:
        """Columns ``from, to, kind, via, estimate``: direct, indirect (each route and their sum), total."""
        from servicefx.pls.effects import effects_frame

        return effects_frame(self)

    def estimates(self, drawn: PlsBootstrap | None = None) -> tuple[Estimates, ...]:
        """The paths, one `Estimates` an explained construct; with errors where a bootstrap is given."""
        from servicefx.pls.path_estimates import path_estimates

        return path_estimates(self, drawn)

    def blocks(self) -> Iterator[tuple[str, str, StageSolution, int, int]]:
        """Every construct with each of its items: the run that measures it, and both places there."""
        for construct in self.model.constructs:
            run, j = self.solution.measuring(construct)
            for i in run.stage.design.blocks[j]:
                yield construct, run.stage.columns[i].name, run, i, j

    def _by_item(self, name: Literal["weights", "loadings"]) -> pd.DataFrame:
        rows = [
            (construct, item, float(getattr(run, name)[0, i, j]))
            for construct, item, run, i, j in self.blocks()
        ]
        return pd.DataFrame(rows, columns=["construct", "item", "estimate"])


def check_fit(fit: object) -> None:
    """Raise StudyError where something else stands for a fit, as a model not yet fitted."""
    if not isinstance(fit, PlsFit):
        found = f"a {type(fit).__name__}, what pls.fit returns is expected"
        raise StudyError(Problem("fit", found, "Write fit = pls.fit(model, data) first, and pass it."))
