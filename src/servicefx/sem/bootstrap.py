"""bootstrap: a fit, refitted to thousands of resamples of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import Problem, StudyError, closest
from servicefx.sem.choices import LIKELIHOOD, whole_number
from servicefx.sem.resampling.bollen_stine import model_holding_rows
from servicefx.sem.resampling.engine import engine_of
from servicefx.sem.resampling.intervals import acceleration_of, interval_columns
from servicefx.sem.resampling.loop import loop_of
from servicefx.sem.resampling.rows import check_same_moments, strata_of
from servicefx.sem.resampling.terms import Term, questions_of
from servicefx.sem.sem_fit import SemFit
from servicefx.sem.structure.layout import layout_of
from servicefx.sem.threads import one_thread

__all__ = ["SemBootstrap", "bootstrap"]

Floats = NDArray[np.float64]
_KINDS = ("cases", "bollen_stine")
_EFFECTS = ("indirect", "total")
_MANY_FAILED = 0.10


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SemBootstrap:
    """Joint draws of everything a fit says, without any row of its data.

    Attributes
    ----------
    terms : tuple of Term, length t
        Free parameters, defined ones, standardised solution, explained shares, effects.
    estimates : ndarray, shape (t,)
        Of the full sample.
    draws : ndarray, shape (n_draws, t)
        A row from one resample; NaN rows where a refit failed, and single NaN where a number does not exist
        (the explained share with a negative residual variance). Signs are as they came.
    acceleration : ndarray, shape (t,)
        Of BCa intervals; NaN where it was not worked out.
    kind : str
        ``cases`` or ``bollen_stine``.
    chi2 : float
        Of the full sample.
    chi2_draws : ndarray, shape (n_draws,)
        Of rows in which the model holds; empty with ``cases``.
    draw_source : tuple of str
        Which resamples the draws stand on, as an `Effect` declares them.
    """

    terms: tuple[Term, ...]
    estimates: Floats
    draws: Floats
    acceleration: Floats
    kind: str
    chi2: float
    chi2_draws: Floats
    draw_source: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in ("estimates", "draws", "acceleration", "chi2_draws"):
            values = np.asarray(getattr(self, name), dtype=np.float64)
            values.setflags(write=False)
            object.__setattr__(self, name, values)

    def __repr__(self) -> str:
        kind = "" if self.kind == "cases" else f" ({self.kind})"
        return (
            f"SemBootstrap{kind}: {len(self.terms)} terms, {len(self.draws):,} draws, {self.n_failed} failed"
        )

    @property
    def n_failed(self) -> int:
        """Resamples without a solution."""
        return int(np.isnan(self.draws).all(axis=1).sum())

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What makes the draws doubtful."""
        n, failed = len(self.draws), self.n_failed
        if failed <= _MANY_FAILED * n:
            return ()
        found = f"{failed} of {n} resamples have no solution"
        remedy = "Simplify the model or add rows; the draws that are left stand for easy samples."
        return (Problem("bootstrap", found, remedy),)

    @property
    def p_value(self) -> float:
        """Of the model's test by Bollen & Stine, (b + 1) / (B + 1); NaN with ``cases``."""
        known = self.chi2_draws[~np.isnan(self.chi2_draws)]
        if not len(known):
            return float("nan")
        return float((np.sum(known >= self.chi2) + 1) / (len(known) + 1))

    def of(
        self,
        lhs: str,
        op: str = "~",
        rhs: str = "",
        *,
        quantity: str = "estimate",
        group: str = "",
        via: str | None = None,
    ) -> Floats:
        """Draws of one term, shape (n_draws,), for an `Effect` with the same `draw_source`.

        Parameters
        ----------
        lhs, op, rhs : str
            As in the model language; ``of("ab", ":=")`` needs no right-hand side.
        quantity : {"estimate", "std_all", "r2", "indirect", "total"}
            Of an effect, ``lhs ~ rhs`` says where it ends and starts.
        group, via : str
            Where there are several; ``via`` is "all" for the sum of indirect effects unless named.

        Raises
        ------
        KeyError
            If there is no such term.
        """
        at = self.place(lhs, op, rhs, quantity=quantity, group=group, via=via)
        return np.asarray(self.draws[:, at], dtype=np.float64)

    def place(
        self,
        lhs: str,
        op: str = "~",
        rhs: str = "",
        *,
        quantity: str = "estimate",
        group: str = "",
        via: str | None = None,
    ) -> int:
        """Where a term stands among `terms`; arguments as `of`."""
        named = "r2" if quantity == "r2" else op
        through = ("all" if quantity == "indirect" else "") if via is None else via
        for at, term in enumerate(self.terms):
            right = term.rhs if rhs or term.op == "~1" else rhs
            if (term.lhs, term.op, right) == (lhs, named, rhs) and (
                (term.quantity, term.group, term.via) == (quantity, group, through)
            ):
                return at
        known = [str(term) for term in self.terms if term.quantity == quantity]
        asked = str(Term(group=group, lhs=lhs, op=named, rhs=rhs, quantity=quantity, via=through))
        raise KeyError(f"no term '{asked}'{closest(asked, known)}")

    def table(self, kind: str = "percentile", level: float = 0.95) -> pd.DataFrame:
        """Intervals of parameters, standardised solution and explained shares.

        Parameters
        ----------
        kind : {"percentile", "bc", "bca"}
            Percentiles of the draws; corrected for bias (lavaan's ``bca.simple``); and for acceleration.
        level : float
            Strictly between 0 and 1.

        Returns
        -------
        DataFrame
            ``group, lhs, op, rhs, quantity, estimate, std_error, conf_low, conf_high, n_draws``: the standard
            error is the draws' standard deviation, ``n_draws`` counts those with an answer. ``attrs`` holds
            ``kind``, ``level``, ``n_failed`` and ``notes``.

        Raises
        ------
        StudyError
            If the kind or level is not known, or ``bca`` is asked where no acceleration was worked out.
        """
        rows = [at for at, term in enumerate(self.terms) if term.quantity not in _EFFECTS]
        names = {"group": "group", "lhs": "lhs", "op": "op", "rhs": "rhs", "quantity": "quantity"}
        return self._framed(rows, names, kind, level)

    def effects(self, kind: str = "percentile", level: float = 0.95) -> pd.DataFrame:
        """Intervals of indirect and total effects; arguments as `table`.

        Returns
        -------
        DataFrame
            ``group, from, to, kind, via, estimate, std_error, conf_low, conf_high, n_draws``.
        """
        rows = [at for at, term in enumerate(self.terms) if term.quantity in _EFFECTS]
        names = {"group": "group", "from": "rhs", "to": "lhs", "kind": "quantity", "via": "via"}
        return self._framed(rows, names, kind, level)

    def _framed(self, rows: list[int], names: dict[str, str], kind: str, level: float) -> pd.DataFrame:
        """Terms under the given column names, with their intervals."""
        terms = [self.terms[at] for at in rows]
        named = {column: [getattr(term, field) for term in terms] for column, field in names.items()}
        return self._noted(pd.DataFrame({**named, **self._intervals(rows, kind, level)}), kind, level)

    def _intervals(self, rows: list[int], kind: str, level: float) -> dict[str, Floats | NDArray[np.int64]]:
        return interval_columns(
            self.estimates[rows], self.draws[:, rows], self.acceleration[rows], kind, level
        )

    def _noted(self, frame: pd.DataFrame, kind: str, level: float) -> pd.DataFrame:
        note = f"{kind} intervals from {self.draw_source[0]}"
        if self.n_failed:
            note += f"; {self.n_failed} of {len(self.draws)} resamples have no solution and are left out"
        frame.attrs.update(kind=kind, level=level, n_failed=self.n_failed, notes=(note,))
        return frame


def bootstrap(
    fit: SemFit,
    data: pd.DataFrame | Mapping[str, pd.DataFrame],
    draws: int = 5000,
    *,
    seed: int,
    cluster: str | None = None,
    kind: str = "cases",
    jobs: int = 1,
    analysis_id: str = "data",
) -> SemBootstrap:
    """Refit a model to resamples of its rows.

    Parameters
    ----------
    fit : SemFit
        Any. Maximum likelihood from complete rows is refitted in large blocks; other estimators, ordered
        items and rows with gaps one by one, as slowly as `fit` itself is.
    data : DataFrame, or mapping of str to DataFrame
        What the model was fitted to.
    draws : int
        Resamples.
    seed : int
        The study's seed: same seed, same draws, whatever ``jobs``. More draws leave the first whole blocks of
        200 as they were.
    cluster : str, optional
        Column of units drawn as a whole; by default that of the fit.
    kind : {"cases", "bollen_stine"}
        Rows as they are; or transformed so that the model holds in them, for the test of the model
        (`SemBootstrap.p_value`).
    jobs : int
        Threads.
    analysis_id : str
        Name of the data file: fits with the same name, seed, draws and rows share their resamples, and their
        draws join row by row. All rows of the data are drawn from, also those a fit cannot use.

    Returns
    -------
    SemBootstrap

    Raises
    ------
    StudyError
        If the kind is not known or does not go with the fit, or draws, jobs or seed are no whole numbers.
    DataError
        If the data are moments, or not those of the fit.

    Notes
    -----
    Groups are resampled one by one, unless clusters cross them; fixed covariates are held at each resample's
    moments. A refit that does not arrive is tried from the solution and from cold starts, then counted as
    failed. Accelerations are those of the jackknife over rows or clusters: by Newton steps for maximum
    likelihood, else by refits, made where there are at most as many as draws (Efron & Tibshirani 1993, An
    Introduction to the Bootstrap, eq. 14.15).
    """
    _check(draws, kind, jobs, seed)
    unit = fit.choices.cluster if cluster is None else cluster
    with one_thread():
        strata = strata_of(fit, data, draws=draws, seed=seed, analysis_id=analysis_id, cluster=unit)
        questions = questions_of(fit.model, layout_of(fit.model))
        transformed = model_holding_rows(fit, strata) if kind == "bollen_stine" else {}
        acceleration = np.full(len(questions.terms), np.nan)
        likelihood = fit.choices.estimator in LIKELIHOOD and fit.choices.missing == "listwise"
        if likelihood:
            check_same_moments(fit, strata)
            engine, exact_inverse = engine_of(fit, strata, questions, transformed)
            work = engine.block
            if kind == "cases":
                acceleration = acceleration_of(engine.left_out(exact_inverse))
        else:
            loop = loop_of(fit, strata, questions, transformed)
            work = loop.block
            if kind == "cases" and loop.n_units <= draws:
                acceleration = acceleration_of(loop.left_out())
        blocks = range(len(strata[0].blocks))
        with_chi2 = kind == "bollen_stine"
        if jobs == 1:
            found = [work(number, with_chi2=with_chi2) for number in blocks]
        else:
            with ThreadPoolExecutor(jobs) as pool:
                found = list(pool.map(lambda number: work(number, with_chi2=with_chi2), blocks))
    drawn = "rows" if unit is None else f"clusters of '{unit}'"
    within = "" if len(strata) == 1 else " within groups"
    rows = "" if kind == "cases" else " in which the model holds"
    return SemBootstrap(
        terms=questions.terms,
        estimates=questions.of_fit(fit),
        draws=np.concatenate([part for part, _ in found]),
        acceleration=acceleration,
        kind=kind,
        chi2=fit.solution.test.chi2,
        chi2_draws=np.concatenate([part for _, part in found]) if with_chi2 else np.zeros(0),
        draw_source=(f"{analysis_id}: {draws} resamples of {drawn}{within}{rows}, seed {seed}",),
    )


def _check(draws: int, kind: str, jobs: int, seed: int) -> None:
    problems = whole_number("draws", draws, 1, "Choose e.g. 5000.")
    problems += whole_number("jobs", jobs, 1, "Choose 1, or the number of cores.")
    problems += whole_number("seed", seed, 0, "Choose e.g. the study's seed.")
    if kind not in _KINDS:
        found = f"'{kind}' is not known{closest(kind, _KINDS)}"
        problems.append(Problem("kind", found, f"Choose among {', '.join(_KINDS)}."))
    if problems:
        raise StudyError(*problems)
