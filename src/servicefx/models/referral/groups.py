"""How many people dissatisfied, satisfied and highly satisfied customers tell (H5, K3, K6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.count_rows import checked_counts
from servicefx.errors import DataError, Problem
from servicefx.measurement.answers import linearised_mean
from servicefx.moments.resample import resampled_means
from servicefx.values.effect import Effect
from servicefx.values.estimates import critical_value, two_sided_p_value

__all__ = ["GROUPS", "PeopleCuts", "PeopleGroups", "people_by_satisfaction"]

Floats = NDArray[np.float64]
GROUPS = ("dissatisfied", "in_between", "satisfied_only", "highly_satisfied", "satisfied_or_more")
"""Up to the lowest cut, between it and the next, from there to the highest, from it on, the last two."""
DIFFERENCES = (("highly_satisfied", "satisfied_only"), ("dissatisfied", "satisfied_or_more"))
"""First less second: what K3 and H5 ask."""
NOBODY, ONE, ONE_CLUSTER = "nobody is in this group", "one person in this group", "one cluster only"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleCuts:
    """Scores that part customers: dissatisfied up to the first, satisfied and highly so from the others on.

    Raises
    ------
    DataError
        If they do not rise.
    """

    dissatisfied: float
    satisfied: float
    highly: float

    def __post_init__(self) -> None:
        if not self.dissatisfied < self.satisfied < self.highly:
            found = f"cut-offs {self.dissatisfied:g}, {self.satisfied:g}, {self.highly:g} do not rise"
            raise DataError(Problem("groups of satisfaction", found, "Correct them."))

    @classmethod
    def of_scale(cls, low: float, high: float) -> PeopleCuts:
        """One third, two thirds and eight ninths of a scale, as claims K3 and K6 read it.

        Examples
        --------
        >>> PeopleCuts.of_scale(1, 7).satisfied
        5.0
        """
        return cls(
            dissatisfied=low + (high - low) / 3,
            satisfied=low + 2 / 3 * (high - low),
            highly=low + 8 / 9 * (high - low),
        )

    def members(self, score: pd.Series) -> dict[str, NDArray[np.bool_]]:
        """Group -> which scores belong to it; gaps to none."""
        s = score.to_numpy(dtype=float, copy=True)
        low, high = s <= self.dissatisfied, s >= self.highly
        above = s >= self.satisfied
        between = (s > self.dissatisfied) & (s < self.satisfied)
        return dict(zip(GROUPS, (low, between, above & ~high, high, above), strict=True))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PeopleGroups:
    """Mean numbers of people told.

    Attributes
    ----------
    means : DataFrame
        One row a group: ``group, estimate, std_error, df, conf_low, conf_high, n_obs, expected_people,
        undefined``; ``expected_people`` is a model's mean of the same customers, NaN without one.
    differences : DataFrame
        ``group_left, group_right, estimate, std_error, statistic, df, p_value, conf_low, conf_high, n_obs,
        undefined``: left less right.
    effects : mapping of str to Effect
        Group, or ``"left - right"``, -> answer with draws.
    cuts : PeopleCuts
    """

    means: pd.DataFrame
    differences: pd.DataFrame
    effects: dict[str, Effect]
    cuts: PeopleCuts


def people_by_satisfaction(
    people: pd.Series,
    satisfaction: pd.Series,
    cuts: PeopleCuts,
    *,
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
    fitted: pd.Series | None = None,
    counts: NDArray[np.float32] | None = None,
    source: str = "",
    level: float = 0.95,
) -> PeopleGroups:
    """Mean number of people told by dissatisfied, satisfied and highly satisfied customers.

    No model: plain means, those who told nobody counted as 0. Answers H5; feeds K3 and K6.

    Parameters
    ----------
    people, satisfaction : Series, length n
        Whole numbers from 0, and scores; rows with a gap in either are not used.
    cuts : PeopleCuts
        In points of the score.
    weights, clusters : Series of length n, optional
    fitted : Series of length n, optional
        A model's expected people, shown beside the means.
    counts : ndarray, shape (draws, n), optional
        Shared resamples of these rows, named by ``source``.
    level : float
        Of intervals, which are t intervals by linearisation (clusters: their number less one degrees of
        freedom).

    Returns
    -------
    PeopleGroups

    Raises
    ------
    DataError
        If a count is negative or no whole number, rows named.
    """
    checked_counts(people, f"people told, '{people.name}'")
    y = people.to_numpy(dtype=float, copy=True)
    members = {name: who & ~np.isnan(y) for name, who in cuts.members(satisfaction).items()}
    w = np.ones(len(y)) if weights is None else weights.to_numpy(dtype=float, copy=True)
    codes = None if clusters is None else pd.factorize(clusters)[0].astype(np.intp)
    expected = np.full(len(y), np.nan) if fitted is None else fitted.to_numpy(dtype=float, copy=True)
    rows = []
    for name, who in members.items():
        row = _mean(y, w, codes, who, level)
        known = who & np.isfinite(expected)
        model = float(w[known] @ expected[known] / w[known].sum()) if known.any() else float("nan")
        rows.append({"group": name, **row, "expected_people": model})
    pairs: list[dict[str, float | str]] = [
        {
            "group_left": left,
            "group_right": right,
            **_difference(y, w, codes, members[left], members[right], level),
        }
        for left, right in DIFFERENCES
    ]
    effects: dict[str, Effect] = {}
    if counts is not None:
        columns = np.column_stack([np.where(who, y, np.nan) for who in members.values()])
        drawn = np.full((len(counts), len(members)), np.nan)
        for at, who in enumerate(members.values()):
            if who.any():
                drawn[:, at] = resampled_means(columns[:, at], counts, weights)[:, 0]
        for at, row in enumerate(rows):
            effects[str(row["group"])] = Effect(
                estimand=f"mean of {people.name} among customers: {row['group']}",
                unit="people",
                estimate=float(row["estimate"]),
                draws=drawn[:, at],
                draw_source=(source,),
                undefined=str(row["undefined"]) if np.isnan(row["estimate"]) else "",
            )
        for left, right in DIFFERENCES:
            effects[f"{left} - {right}"] = effects[left] - effects[right]
    return PeopleGroups(means=pd.DataFrame(rows), differences=pd.DataFrame(pairs), effects=effects, cuts=cuts)


def _mean(
    y: Floats, w: Floats, codes: NDArray[np.intp] | None, who: NDArray[np.bool_], level: float
) -> dict[str, float | str]:
    n, nan = int(who.sum()), float("nan")
    if not n:
        empty = dict.fromkeys(("estimate", "std_error", "df", "conf_low", "conf_high"), nan)
        return {**empty, "n_obs": 0, "undefined": NOBODY}
    inside = None if codes is None else pd.factorize(codes[who])[0].astype(np.intp)
    mean, error, df = linearised_mean(y[who], w[who], inside)
    half = critical_value(level, df) * error
    why = "" if np.isfinite(error) else ONE if n == 1 else ONE_CLUSTER
    return {
        "estimate": mean, "std_error": error, "df": df, "conf_low": mean - half, "conf_high": mean + half,
        "n_obs": n, "undefined": why,
    }  # fmt: skip


def _difference(
    y: Floats, w: Floats, codes: NDArray[np.intp] | None, left: NDArray[np.bool_], right: NDArray[np.bool_],
    level: float,
) -> dict[str, float | str]:  # fmt: skip
    """Left mean less right mean: Welch's interval, or by clusters that may hold people of both."""
    nan = float("nan")
    counts = int(left.sum()), int(right.sum())
    empty = {
        name: nan for name in ("estimate", "std_error", "statistic", "df", "p_value", "conf_low", "conf_high")
    }
    if min(counts) < 2:
        why = NOBODY if min(counts) == 0 else ONE
        return {**empty, "n_obs": sum(counts), "undefined": why.replace("this", "one")}
    scores, means = np.zeros(len(y)), []
    for side, sign in ((left, 1.0), (right, -1.0)):
        mean = float(w[side] @ y[side] / w[side].sum())
        scores[side] = sign * w[side] * (y[side] - mean) / w[side].sum()
        means.append(mean)
    if codes is None:
        parts = [
            count / (count - 1) * float(scores[side] @ scores[side])
            for side, count in zip((left, right), counts, strict=True)
        ]
        variance = sum(parts)
        below = sum(part**2 / (count - 1) for part, count in zip(parts, counts, strict=True))
        df = variance**2 / below if below > 0 else 0.0
    else:
        sums = np.bincount(pd.factorize(codes[left | right])[0], weights=scores[left | right])
        df = len(sums) - 1.0
        variance = len(sums) / df * float(sums @ sums) if df else nan
    estimate, error = means[0] - means[1], float(np.sqrt(variance))
    half = critical_value(level, df) * error
    fine = np.isfinite(half) and error > 0
    statistic = estimate / error if fine else nan
    return {
        "estimate": estimate, "std_error": error, "statistic": statistic, "df": df,
        "p_value": float(two_sided_p_value(np.array([statistic]), df)[0]) if fine else nan,
        "conf_low": estimate - half, "conf_high": estimate + half, "n_obs": sum(counts),
        "undefined": "" if fine else "nothing says how far chance may move it",
    }  # fmt: skip
