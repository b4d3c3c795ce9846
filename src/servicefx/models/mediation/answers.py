"""What a mediation answers: effects along routes with draws, as objects and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from servicefx.errors import Problem, StudyError, closest
from servicefx.models.mediation.layouts import Layout
from servicefx.models.mediation.moments import MediationMoments
from servicefx.sem.resampling.intervals import INTERVALS, interval
from servicefx.values.effect import Effect
from servicefx.values.estimates import Estimates

__all__ = ["ROUTE", "IntervalKind", "MediatedEffect", "Mediation", "effect_frame"]

IntervalKind = Literal["percentile", "bc", "bca"]
ROUTE = " → "
"""Between the mediators of one route."""
_CONSTANT = 1e-12
"""Draws within this share of the estimate are those of a number that cannot vary."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MediatedEffect:
    """One effect of a source on an outcome.

    Attributes
    ----------
    kind : str
        ``"direct"``, ``"indirect"`` (along one route, or ``via`` empty: all together), ``"total"``;
        ``"contrast"`` (one indirect effect less another, or the same at another moderator value);
        ``"index"`` (of moderated mediation: what one unit of the moderator adds to an indirect effect),
        ``"change"`` (the same of the direct effect); ``"proportion"`` (indirect share of the total).
        Of `NaturalEffects` also ``"pure natural direct"``, ``"total natural indirect"`` and their like.
    source, outcome : str
    via : tuple of str
        Mediators in order.
    less : tuple of str
        Route that a contrast takes away.
    at, less_at : float
        Moderator value, and the one a contrast takes away; NaN where there is none. Of a controlled direct
        effect: where its one mediator is held.
    answer : str
        Of an ordered outcome: the share at this answer or above is meant; empty for the mean, or a share.
    effect : Effect
    acceleration : float
        Of the BCa interval, from the jackknife over rows (clusters); NaN without draws.
    """

    kind: str
    source: str
    outcome: str
    via: tuple[str, ...]
    effect: Effect
    acceleration: float
    less: tuple[str, ...] = ()
    at: float = float("nan")
    less_at: float = float("nan")
    answer: str = ""

    def interval(self, level: float = 0.95, kind: IntervalKind = "percentile") -> tuple[float, float]:
        """Bootstrap interval: percentile, bias-corrected, or bias-corrected and accelerated.

        Parameters
        ----------
        level : float
            Strictly between 0 and 1.
        kind : {"percentile", "bc", "bca"}

        Returns
        -------
        tuple of float
            NaN with fewer than two draws, or where all of them lie on one side of the estimate (bc, bca).

        Raises
        ------
        StudyError
            If the kind is not known.

        References
        ----------
        Efron (1987), J. Am. Stat. Assoc. 82, 171-185, eq. 2.3 and 6.6 (jackknife acceleration).
        """
        if kind not in INTERVALS:
            found = f"'{kind}' is not known{closest(kind, INTERVALS)}"
            raise StudyError(Problem("interval", found, f"Choose among {', '.join(INTERVALS)}."))
        if kind == "percentile":
            return self.effect.interval(level)
        known = self.effect.draws[~np.isnan(self.effect.draws)]
        if np.isnan(self.effect.estimate):
            return float("nan"), float("nan")
        if len(known) > 1 and np.ptp(known) <= _CONSTANT * abs(self.effect.estimate):
            return self.effect.estimate, self.effect.estimate
        if kind == "bca" and np.isnan(self.acceleration):
            return float("nan"), float("nan")
        return interval(known, self.effect.estimate, kind, level, self.acceleration)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Mediation:
    """A mediation on observed scores with joint draws of every effect.

    Attributes
    ----------
    layout : Layout
    source, outcome : str
    mediators, covariates : tuple of str
    moderator : str or None
    values : tuple of float
        Moderator values at which conditional effects stand.
    centres : mapping of str to float
        What was taken away before products were made; empty where nothing was.
    effects : tuple of MediatedEffect
    standardised : tuple of MediatedEffect
        Direct, indirect and total effects in standard deviations; empty where something moderates.
    equations : tuple of Estimates
        Every regression, mediators first, with HC3 errors, or clustered ones where clusters are given.
    moments : MediationMoments
        Of all columns, products among them.
    dropped : mapping of str to int
        Rows not used, by reason.
    """

    layout: Layout
    source: str
    outcome: str
    mediators: tuple[str, ...]
    moderator: str | None
    covariates: tuple[str, ...]
    values: tuple[float, ...]
    centres: Mapping[str, float]
    effects: tuple[MediatedEffect, ...]
    standardised: tuple[MediatedEffect, ...]
    equations: tuple[Estimates, ...]
    moments: MediationMoments
    dropped: Mapping[str, int]

    @property
    def n_obs(self) -> int:
        """Rows used, by every equation."""
        return self.equations[0].n_obs

    def answer(self, kind: str, via: Sequence[str] = (), at: float | None = None) -> MediatedEffect:
        """One effect.

        Parameters
        ----------
        kind : str
            As of `MediatedEffect`.
        via : sequence of str
            Mediators in order.
        at : float, optional
            Moderator value.

        Raises
        ------
        KeyError
            If there is no such effect; the message lists those there are.
        """
        for found in self.effects:
            same_place = np.isnan(found.at) if at is None else bool(np.isclose(found.at, at))
            if found.kind == kind and found.via == tuple(via) and same_place:
                return found
        have = sorted({f"{e.kind} {ROUTE.join(e.via)}".strip() for e in self.effects})
        raise KeyError(f"no effect '{kind}' via {tuple(via)} at {at} (there are: {', '.join(have)})")

    def table(self, *, level: float = 0.95, interval: IntervalKind = "percentile") -> pd.DataFrame:
        """Every effect as a row.

        Parameters
        ----------
        level : float
        interval : {"percentile", "bc", "bca"}

        Returns
        -------
        DataFrame
            ``from, to, kind, via, less, moderator, at, less_at, estimate, std_error, conf_low, conf_high,
            unit, design, interval, undefined``; ``via`` is "all" for the sum of all routes.
        """
        return effect_frame(self.effects, level, interval, self.moderator)


def effect_frame(
    effects: Sequence[MediatedEffect], level: float, interval: IntervalKind, moderator: str | None
) -> pd.DataFrame:
    """Effects as rows of a table; columns as `Mediation.table`."""
    rows = []
    for answer in effects:
        low, high = answer.interval(level, interval)
        summed = not answer.via and ("indirect" in answer.kind or answer.kind == "proportion")
        rows.append(
            {
                "from": answer.source,
                "to": answer.outcome,
                "kind": answer.kind,
                "via": "all" if summed else ROUTE.join(answer.via),
                "less": ROUTE.join(answer.less),
                "moderator": moderator or "",
                "at": answer.at,
                "less_at": answer.less_at,
                "estimate": answer.effect.estimate,
                "std_error": answer.effect.std_error,
                "conf_low": low,
                "conf_high": high,
                "unit": answer.effect.unit,
                "design": answer.effect.design,
                "interval": interval if len(answer.effect.draws) else "",
                "undefined": answer.effect.undefined,
            }
        )
    return pd.DataFrame(rows)
