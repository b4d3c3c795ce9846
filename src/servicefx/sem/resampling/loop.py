"""Refits one by one, each by the fit's own estimator: slow, and right for every estimator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem, ServicefxError
from servicefx.sem.choices import LIKELIHOOD, Choices
from servicefx.sem.estimation import fit_chosen
from servicefx.sem.resampling.rows import Stratum
from servicefx.sem.resampling.terms import Questions
from servicefx.sem.sem_fit import SemFit

__all__ = ["Loop", "loop_of"]

Floats = NDArray[np.float64]
_SAME = 1e-4
"""Standard errors by which a refit to the same rows may differ."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Loop:
    """What the refits of one bootstrap share.

    Attributes
    ----------
    fit : SemFit
        The full sample's.
    choices : Choices
        Its choices, without what changes standard errors alone.
    questions : Questions
        t terms.
    strata : tuple of Stratum
        The rows.
    frames : tuple of DataFrame
        One a stratum: its rows, or what stands in their place.
    """

    fit: SemFit
    choices: Choices
    questions: Questions
    strata: tuple[Stratum, ...]
    frames: tuple[pd.DataFrame, ...]

    def block(self, number: int, *, with_chi2: bool) -> tuple[Floats, Floats]:
        """Terms (b, t) and chi2 (b,) of one block of resamples; NaN rows where a refit failed."""
        counts = [stratum.blocks[number].counts() for stratum in self.strata]
        answers = np.full((len(counts[0]), len(self.questions.terms)), np.nan)
        chi2 = np.full(len(answers), np.nan)
        for draw in range(len(answers)):
            places = [np.repeat(np.arange(own.shape[1]), own[draw]) for own in counts]
            found = self.refit(places)
            if found is not None:
                answers[draw] = self.questions.of_fit(found)
                chi2[draw] = found.measures["chi2"] if with_chi2 else np.nan
        return answers, chi2

    def left_out(self) -> Floats:
        """How the terms change when each row or cluster is left out, shape (n, t)."""
        everything = [np.arange(len(frame)) for frame in self.frames]
        changes = []
        for at, stratum in enumerate(self.strata):
            codes = everything[at] if stratum.clusters is None else stratum.clusters
            units = int(codes.max()) + 1
            answers = np.full((units, len(self.questions.terms)), np.nan)
            for unit in range(units):
                found = self.refit([*everything[:at], np.flatnonzero(codes != unit), *everything[at + 1 :]])
                if found is not None:
                    answers[unit] = self.questions.of_fit(found)
            known = ~np.isnan(answers)
            mean = np.where(known, answers, 0.0).sum(axis=0) / known.sum(axis=0).clip(min=1)
            changes.append((mean - answers) * (units - 1) / units)
        return np.concatenate(changes)

    @property
    def n_units(self) -> int:
        """Rows or clusters that are drawn."""
        return sum(
            len(one.frame) if one.clusters is None else int(one.clusters.max()) + 1 for one in self.strata
        )

    def refit(self, places: list[NDArray[np.intp]]) -> SemFit | None:
        """The model fitted to some rows of each stratum; None where there is no such fit."""
        parts = [frame.iloc[rows] for frame, rows in zip(self.frames, places, strict=True)]
        data: pd.DataFrame | Mapping[str, pd.DataFrame]
        if len(self.fit.model.groups) > 1 and self.choices.group is None:
            data = dict(zip(self.fit.model.groups, parts, strict=True))
        else:
            data = parts[0] if len(parts) == 1 else pd.concat(parts)
        try:
            found = fit_chosen(self.fit.table, data, self.choices)
        except (ServicefxError, np.linalg.LinAlgError):
            return None
        same = [(p.group, p.text, p.free) for p in found.model.parameters] == [
            (p.group, p.text, p.free) for p in self.fit.model.parameters
        ]
        return found if same and found.model.groups == self.fit.model.groups else None


def loop_of(
    fit: SemFit, strata: tuple[Stratum, ...], questions: Questions, transformed: Mapping[int, Floats]
) -> Loop:
    """Prepare the refits of any fit, and see that its rows give it again.

    Raises
    ------
    DataError
        If they do not.
    """
    choices = replace(fit.choices, cluster=None)
    if choices.estimator in LIKELIHOOD:
        choices = replace(choices, estimator="ml")
    plain = tuple(stratum.frame for stratum in strata)
    loop = Loop(fit=fit, choices=choices, questions=questions, strata=strata, frames=plain)
    again = loop.refit([np.arange(len(frame)) for frame in plain])
    size = np.sqrt(np.diag(fit.vcov).clip(min=0.0)) + 1e-8 * np.abs(fit.theta) + 1e-12
    if again is None or not (np.abs(again.theta - fit.theta) < _SAME * size).all():
        found = "gives other estimates than the fit has"
        raise DataError(Problem("data", found, "Give the data the model was fitted to."))
    if not transformed:
        return loop
    items, frames = list(fit.model.items), []
    for stratum in strata:
        values = np.full((len(stratum.frame), len(items)), np.nan)
        for rows in stratum.groups:
            values[rows.place] = transformed[rows.group]
        columns = {item: values[:, at] for at, item in enumerate(items)}
        frames.append(stratum.frame.assign(**columns))
    return replace(loop, frames=tuple(frames))
