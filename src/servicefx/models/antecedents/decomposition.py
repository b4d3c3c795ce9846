"""Total effects of a recursive system of equations, taken apart by the first step of every route."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.values.effect import Design, Effect

__all__ = ["Decomposition", "System", "decompose", "shares_of"]

Floats = NDArray[np.float64]
_OPPOSITE = 0.05
"""A part against the whole's sign, larger than this share of it, makes shares meaningless."""

DIRECT = "direct"
TOTAL = "total"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class System:
    """Coefficients of a recursive system of equations, with joint draws.

    Attributes
    ----------
    names : tuple of str, length p
    coefficients : ndarray, shape (p, p)
        Row: explained; column: what explains it.
    draws : ndarray, shape (n_draws, p, p)
    unit : str
        Of the slopes.
    draw_source : str
    design : str
    assumptions : tuple of str
    n_obs : int
    """

    names: tuple[str, ...]
    coefficients: Floats
    draws: Floats
    unit: str
    draw_source: str
    design: Design
    assumptions: tuple[str, ...]
    n_obs: int

    def decomposed(self, antecedents: Sequence[str], mediators: Sequence[str], outcome: str) -> Decomposition:
        """Effects of antecedents on an outcome by way of mediators, as `decompose`."""
        parts, draws = decompose(self.coefficients, self.draws, self.names, antecedents, mediators, outcome)
        return Decomposition(
            outcome=outcome,
            antecedents=tuple(antecedents),
            mediators=tuple(mediators),
            parts=parts,
            draws=draws,
            unit=self.unit,
            draw_source=self.draw_source,
            design=self.design,
            assumptions=self.assumptions,
            n_obs=self.n_obs,
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Decomposition:
    """What every antecedent does to an outcome, and by way of what.

    Attributes
    ----------
    outcome : str
    antecedents, mediators : tuple of str
        Where routes start, and their possible first steps.
    parts : ndarray, shape (n_antecedents, n_mediators + 1)
        Effect of an antecedent over all routes that begin with a mediator, the direct one last; each row sums
        to the total effect.
    draws : ndarray, shape (n_draws, n_antecedents, n_mediators + 1)
    unit : str
        Of all of them.
    draw_source : str
    design : str
    assumptions : tuple of str
    n_obs : int
    """

    outcome: str
    antecedents: tuple[str, ...]
    mediators: tuple[str, ...]
    parts: Floats
    draws: Floats
    unit: str
    draw_source: str
    design: Design
    assumptions: tuple[str, ...]
    n_obs: int

    def effect(self, antecedent: str, via: str = TOTAL) -> Effect:
        """One effect: by way of a mediator, ``"direct"`` or ``"total"``."""
        row = self.antecedents.index(antecedent)
        step = self.unit.rpartition(" per ")[2]
        told = {TOTAL: "over all routes", DIRECT: "by none of the mediators"}.get(via, f"by way of {via}")
        columns = slice(None) if via == TOTAL else [[*self.mediators, DIRECT].index(via)]
        return Effect(
            estimand=f"change in {self.outcome} per {step} of {antecedent}, {told}",
            unit=self.unit,
            estimate=float(self.parts[row, columns].sum()),
            draws=self.draws[:, row, columns].sum(axis=1),
            draw_source=(self.draw_source,),
            design=self.design,
            assumptions=self.assumptions,
        )

    def table(self, *, level: float = 0.95) -> pd.DataFrame:
        """Every part and total, with its share of the antecedent's total effect.

        Parameters
        ----------
        level : float

        Returns
        -------
        DataFrame
            ``from, to, via, kind, estimate, std_error, conf_low, conf_high, share, share_low, share_high,
            undefined``: an antecedent's effect by way of every mediator, its direct and its total effect;
            ``undefined`` says why a share does not exist.
        """
        rows = []
        for antecedent in self.antecedents:
            place = self.antecedents.index(antecedent)
            shares = shares_of(self.parts[place], self.draws[:, place], (*self.mediators, DIRECT), level)
            for position, via in enumerate((*self.mediators, DIRECT, TOTAL)):
                effect = self.effect(antecedent, via)
                low, high = effect.interval(level)
                told = shares.iloc[position].to_dict() if via != TOTAL else _WHOLE
                rows.append(
                    {
                        "from": antecedent,
                        "to": self.outcome,
                        "via": "" if via in (DIRECT, TOTAL) else via,
                        "kind": via if via in (DIRECT, TOTAL) else "indirect",
                        "estimate": effect.estimate,
                        "std_error": effect.std_error,
                        "conf_low": low,
                        "conf_high": high,
                        **{name: told[name] for name in ("share", "share_low", "share_high", "undefined")},
                    }
                )
        return pd.DataFrame(rows)

    def whole(self, *, level: float = 0.95) -> pd.DataFrame:
        """Shares of the whole, were every antecedent one step higher: by antecedent, and by mediator.

        Returns
        -------
        DataFrame
            ``kind`` (``antecedent`` or ``mediator``), ``term, estimate, conf_low, conf_high, share,
            share_low, share_high, undefined``; the mediators' rows end with ``direct``. Both kinds sum to 1.
        """
        frames = []
        for kind, names, axis in (
            ("antecedent", self.antecedents, 1),
            ("mediator", (*self.mediators, DIRECT), 0),
        ):
            values, drawn = self.parts.sum(axis=axis), self.draws.sum(axis=axis + 1)
            known = drawn[np.isfinite(drawn).all(axis=1)]
            low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2], axis=0)
            shares = shares_of(values, drawn, names, level)
            sums = pd.DataFrame({"estimate": values, "conf_low": low, "conf_high": high})
            frames.append(pd.concat([shares[["term"]], sums, shares.drop(columns="term")], axis=1))
            frames[-1].insert(0, "kind", kind)
        return pd.concat(frames, ignore_index=True)


_WHOLE: dict[str, object] = {"share": 1.0, "share_low": np.nan, "share_high": np.nan, "undefined": ""}


def shares_of(values: Floats, draws: Floats, names: Sequence[str], level: float = 0.95) -> pd.DataFrame:
    """Parts as shares of their sum, where they are parts of one whole.

    Parameters
    ----------
    values : ndarray, shape (k,)
        The parts.
    draws : ndarray, shape (n_draws, k)
        Their joint draws.
    names : sequence of str, length k
    level : float

    Returns
    -------
    DataFrame
        ``term, share, share_low, share_high, undefined``. No shares where the sum may be zero at this level,
        or where a part works against it by more than a twentieth of it: then parts exceed the whole.

    Examples
    --------
    >>> drawn = np.random.default_rng(1).normal([0.3, 0.1], 0.01, (200, 2))
    >>> shares_of(np.array([0.3, 0.1]), drawn, ["a", "b"])["share"].round(2).tolist()
    [0.75, 0.25]
    """
    known = draws[np.isfinite(draws).all(axis=1)]
    total, totals = float(values.sum()), known.sum(axis=1)
    low, high = (
        np.quantile(totals, [(1 - level) / 2, (1 + level) / 2]) if len(known) > 1 else (np.nan, np.nan)
    )
    against = [
        name
        for name, value in zip(names, values, strict=True)
        if value * total < 0 and abs(value) > _OPPOSITE * abs(total)
    ]
    why = ""
    if not (low > 0 or high < 0):
        why = "the whole may be zero, so that nothing is a share of it"
    elif against:
        why = ", ".join(f"'{name}'" for name in against) + " works against the others: no shares of one whole"
    nothing = np.full(len(values), np.nan)
    share, ends = nothing, (nothing, nothing)
    if not why:
        share = values / total
        low_ends, high_ends = np.quantile(known / totals[:, None], [(1 - level) / 2, (1 + level) / 2], axis=0)
        ends = (low_ends, high_ends)
    return pd.DataFrame(
        {"term": list(names), "share": share, "share_low": ends[0], "share_high": ends[1], "undefined": why}
    )


def decompose(
    coefficients: Floats,
    draws: Floats,
    names: Sequence[str],
    antecedents: Sequence[str],
    mediators: Sequence[str],
    outcome: str,
) -> tuple[Floats, Floats]:
    """Total effects of a recursive system, by the first step of every route.

    Parameters
    ----------
    coefficients : ndarray, shape (p, p)
        Row: explained; column: what explains it.
    draws : ndarray, shape (n_draws, p, p)
    names : sequence of str, length p
    antecedents, mediators : sequence of str
        Mediators hold every construct but the outcome that an antecedent leads to directly.
    outcome : str

    Returns
    -------
    tuple of ndarray, shapes (a, m + 1) and (n_draws, a, m + 1)
        As `Decomposition.parts` and ``draws``.

    Notes
    -----
    With B the coefficients, total effects are T = (I - B)^-1 - I, and T = B + T B: what a does to y is its
    direct path plus, for every mediator m, b_ma times the total effect of m on y.

    References
    ----------
    Alwin & Hauser (1975), Am. Sociol. Rev. 40, 37-47; Bollen (1987), Sociol. Methodology 17, 37-69, eq. 11.
    """
    at = {name: place for place, name in enumerate(names)}
    a, m, y = [at[name] for name in antecedents], [at[name] for name in mediators], at[outcome]
    stacked = np.concatenate([coefficients[None], draws])
    total = np.linalg.inv(np.eye(len(names)) - stacked)[:, y]
    through = np.swapaxes(stacked[:, m][:, :, a] * total[:, m][:, :, None], 1, 2)
    parts = np.concatenate([through, stacked[:, y][:, a][:, :, None]], axis=2)
    return parts[0], parts[1:]
