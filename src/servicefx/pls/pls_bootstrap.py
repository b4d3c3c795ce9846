"""PlsBootstrap: joint draws of everything a fit of composites says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import Problem, StudyError, closest
from servicefx.pls.choice_problems import level_problems
from servicefx.pls.terms import PlsTerm
from servicefx.sem.resampling.intervals import interval_columns

__all__ = ["PlsBootstrap"]

Floats = NDArray[np.float64]
_MANY_FAILED = 0.10
_MANY_TURNED = 0.01
_FEW = "fewer than two resamples have it"
_ROUNDING = 1e-12
_FIXED = "the same in every resample, as a single item's weight and loading are: nothing to test"
_ONE_SIDED = "all resamples lie on one side of the estimate, so that its bias cannot be corrected"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PlsBootstrap:
    """Joint draws of a fit of composites, without any row of its data.

    Attributes
    ----------
    terms : tuple of PlsTerm, length t
        Paths, weights, loadings, explained shares, effects, reliabilities, ratios, effect sizes.
    estimates : ndarray, shape (t,)
        Of the full sample.
    draws : ndarray, shape (n_draws, t)
        A row from one resample; NaN rows where it had no answer, single NaN where a number does not exist.
        Signs are as they came.
    acceleration : ndarray, shape (t,)
        Of BCa intervals, from the rows or clusters left out one at a time.
    failed, inadmissible : ndarray of bool, shape (n_draws,)
        Resamples without an answer; with one that no common factors could have given (PLSc). The latter
        stay in the draws.
    level : float
        Of intervals, unless they say otherwise.
    draw_source : tuple of str
        Which resamples the draws stand on, as an `Effect` declares them.
    settings : mapping of str to str, int or float
        Of the fit, and of the resamples.
    undefined : mapping of PlsTerm to str
        Terms that no sample has -> why: a construct of one item has no reliability.
    """

    terms: tuple[PlsTerm, ...]
    estimates: Floats
    draws: Floats
    acceleration: Floats
    failed: NDArray[np.bool_]
    inadmissible: NDArray[np.bool_]
    level: float
    draw_source: tuple[str, ...]
    undefined: Mapping[PlsTerm, str] = field(default_factory=dict)
    settings: Mapping[str, str | int | float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("estimates", "draws", "acceleration", "failed", "inadmissible"):
            values = np.asarray(getattr(self, name))
            values.setflags(write=False)
            object.__setattr__(self, name, values)

    def __repr__(self) -> str:
        told = f", {self.n_inadmissible} inadmissible" if self.n_inadmissible else ""
        return (
            f"PlsBootstrap: {len(self.terms)} terms, {len(self.draws):,} draws, {self.n_failed} failed{told}"
        )

    @property
    def n_failed(self) -> int:
        """Resamples without an answer."""
        return int(self.failed.sum())

    @property
    def n_inadmissible(self) -> int:
        """Resamples whose corrected solution no common factors could have given."""
        return int(self.inadmissible.sum())

    @property
    def turned(self) -> dict[str, int]:
        """Construct -> resamples in which it points the other way than in the sample.

        That is, in which products of its items' loadings there and in the sample sum to a negative number; of
        weights where loadings are not drawn. Empty where neither is drawn.
        """
        drawn = {term.quantity for term in self.terms}
        name = next((name for name in ("loading", "weight") if name in drawn), "")
        places: dict[str, list[int]] = {}
        for at, term in enumerate(self.terms):
            if name and term.quantity == name:
                places.setdefault(term.lhs, []).append(at)
        return {
            construct: int((self.draws[:, at] @ self.estimates[at] < 0).sum())
            for construct, at in places.items()
        }

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What makes the draws doubtful."""
        n, found = len(self.draws), []
        if self.n_failed > _MANY_FAILED * n:
            found.append(
                Problem(
                    "bootstrap",
                    f"{self.n_failed} of {n} resamples have no answer",
                    "Simplify the model or add rows; the draws that are left stand for easy samples.",
                )
            )
        for construct, number in self.turned.items():
            if number > _MANY_TURNED * n:
                told = (
                    f"it points the other way than in the sample in {number} of {n} resamples: draws of its "
                    "weights, loadings and paths lie in two heaps, and their intervals span both"
                )
                remedy = "Turn the items that are worded the other way, or look for items that hardly agree."
                found.append(Problem(f"construct '{construct}'", told, remedy))
        if self.n_inadmissible:
            found.append(
                Problem(
                    "bootstrap",
                    f"{self.n_inadmissible} of {n} resamples are inadmissible: a reliability outside (0, 1], "
                    "a loading or correlation beyond 1",
                    "Check the constructs whose items hardly agree; the draws are kept as they came.",
                )
            )
        return tuple(found)

    def place(self, lhs: str, rhs: str = "", *, quantity: str = "path", via: str | None = None) -> int:
        """Where a term stands among `terms`; arguments as `of`.

        Raises
        ------
        KeyError
            If there is no such term; the message names the closest.
        """
        through = ("all" if quantity == "indirect" else "") if via is None else via
        for at, term in enumerate(self.terms):
            if (term.lhs, term.rhs, term.quantity, term.via) == (lhs, rhs, quantity, through):
                return at
        known = [term for term in self.terms if term.quantity == quantity]
        if not known:
            kinds = tuple(dict.fromkeys(term.quantity for term in self.terms))
            raise KeyError(f"no quantity '{quantity}'{closest(quantity, kinds)}")
        asked = str(PlsTerm(lhs=lhs, op=known[0].op, rhs=rhs, quantity=quantity, via=via or ""))
        raise KeyError(f"no term '{asked}'{closest(asked, [str(term) for term in known])}")

    def of(self, lhs: str, rhs: str = "", *, quantity: str = "path", via: str | None = None) -> Floats:
        """Draws of one term, shape (n_draws,), for an `Effect` with the same `draw_source`.

        Parameters
        ----------
        lhs, rhs : str
            The outcome and the term of a path or effect; the construct and its item; the construct alone.
        quantity : str
            See `PlsTerm`.
        via : str, optional
            Mediators of an indirect effect; by default the sum of all routes.

        Raises
        ------
        KeyError
            If there is no such term.
        """
        at = self.place(lhs, rhs, quantity=quantity, via=via)
        return np.asarray(self.draws[:, at], dtype=np.float64)

    def table(
        self, kind: str = "percentile", level: float | None = None, *, quantity: str | None = None
    ) -> pd.DataFrame:
        """Intervals of everything drawn but effects.

        Parameters
        ----------
        kind : {"percentile", "bc", "bca"}
            Percentiles of the draws; corrected for bias; and for acceleration.
        level : float, optional
            Strictly between 0 and 1; by default that of the fit.
        quantity : str, optional
            Only terms of this quantity.

        Returns
        -------
        DataFrame
            ``lhs, op, rhs, quantity, estimate, std_error, statistic, p_value, conf_low, conf_high, n_draws,
            undefined`` (why a number does not exist, empty where it does):
            the standard error is the draws' standard deviation, the p-value twice the smaller share of draws
            on either side of zero, counted as (b + 1) / (B + 1); NaN for what cannot be negative or
            is the same in every resample.

        Raises
        ------
        StudyError
            If the kind or level is not known.
        """
        rows = [
            at
            for at, term in enumerate(self.terms)
            if term.quantity not in ("indirect", "total") and quantity in (None, term.quantity)
        ]
        names = {"lhs": "lhs", "op": "op", "rhs": "rhs", "quantity": "quantity"}
        return self._framed(rows, names, kind, level)

    def effects(self, kind: str = "percentile", level: float | None = None) -> pd.DataFrame:
        """Intervals of indirect and total effects; arguments as `table`.

        Returns
        -------
        DataFrame
            ``from, to, kind, via``, then as `table`.
        """
        rows = [at for at, term in enumerate(self.terms) if term.quantity in ("indirect", "total")]
        names = {"from": "rhs", "to": "lhs", "kind": "quantity", "via": "via"}
        return self._framed(rows, names, kind, level)

    def _framed(self, rows: list[int], names: dict[str, str], kind: str, level: float | None) -> pd.DataFrame:
        level = self.level if level is None else level
        problems = level_problems(level)
        if problems:
            raise StudyError(*problems)
        terms = [self.terms[at] for at in rows]
        named = {column: [getattr(term, field) for term in terms] for column, field in names.items()}
        columns = interval_columns(
            self.estimates[rows], self.draws[:, rows], self.acceleration[rows], kind, level
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = columns["estimate"] / columns["std_error"]
        frame = pd.DataFrame(named)
        frame["estimate"], frame["std_error"] = columns["estimate"], columns["std_error"]
        frame["statistic"] = np.where(columns["std_error"] > 0, statistic, np.nan)
        frame["p_value"] = [
            _p_value(self.draws[:, at]) if self.terms[at].quantity in _SIGNED else float("nan") for at in rows
        ]
        for name in ("conf_low", "conf_high", "n_draws"):
            frame[name] = columns[name]
        few = np.isnan(columns["std_error"])
        fixed = np.less_equal(columns["std_error"], _ROUNDING * np.abs(columns["estimate"]))
        frame.loc[fixed, "p_value"] = np.nan
        endless = np.isnan(columns["conf_low"] + columns["conf_high"])
        frame["undefined"] = [
            self.undefined.get(term) or (_FEW if lost else _FIXED if same else _ONE_SIDED if free else "")
            for term, lost, same, free in zip(terms, few, fixed, endless, strict=True)
        ]
        frame.attrs.update(kind=kind, level=level, n_failed=self.n_failed, notes=self._notes(kind))
        return frame

    def _notes(self, kind: str) -> tuple[str, ...]:
        note = f"{kind} intervals from {self.draw_source[0]}"
        if self.n_failed:
            note += f"; {self.n_failed} of {len(self.draws)} resamples have no answer and are left out"
        if self.n_inadmissible:
            note += f"; {self.n_inadmissible} are inadmissible and kept"
        return (note,)


_SIGNED = frozenset(("path", "weight", "loading", "indirect", "total"))


def _p_value(draws: Floats) -> float:
    """Two-sided, from the share of draws on either side of zero."""
    known = draws[~np.isnan(draws)]
    if not len(known):
        return float("nan")
    fewer = min(int((known <= 0).sum()), int((known >= 0).sum()))
    return float(min(1.0, 2.0 * (fewer + 1) / (len(known) + 1)))
