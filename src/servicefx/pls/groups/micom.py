"""micom: whether composites are the same thing in two groups, in three steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from numpy.typing import ArrayLike

from servicefx.errors import Problem, StudyError
from servicefx.pls.groups.configural import configural_statements
from servicefx.pls.groups.grouped import Grouped, grouped
from servicefx.pls.groups.invariance_steps import composition_rows, equality_rows, verdict_rows
from servicefx.pls.groups.permutation import (
    Units,
    observed_statistics,
    permutation_blocks,
    permutation_problems,
    permuted_statistics,
)
from servicefx.pls.pls_fit import PlsFit
from servicefx.sem.choices import whole_number
from servicefx.sem.threads import one_thread
from servicefx.syntax.table import ParameterTable

__all__ = ["Micom", "check_permutations", "micom"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Micom:
    """Measurement invariance of composites.

    Attributes
    ----------
    group : str
        Column that tells the groups apart.
    counts : mapping of str to int
        Rows used of each group, in the order of comparison.
    dropped : mapping of str to int
        Rows not used, by reason.
    configural : tuple of str
        Step 1: what was checked to be alike in all groups. It has no test.
    compositional : DataFrame
        Step 2: ``construct, group_left, group_right, estimate, critical, p_value, n_draws, undefined``: the
        correlation of the composites made by either group's weights, and what it exceeds with probability
        ``level`` where groups do not differ.
    equality : DataFrame
        Step 3: ``construct, measure, group_left, group_right, estimate, null_low, null_high, p_value,
        n_draws, undefined``: "mean" is the left less the right mean of the composite, in its standard
        deviations over both; "log variance ratio" that of left over right.
    verdicts : DataFrame
        ``construct, group_left, group_right, verdict, p_composition, p_mean, p_variance``: "full", "partial"
        or "none".
    level : float
    permutations, seed : int
    notes : tuple of str
        How it was made.
    problems : tuple of Problem
        What makes it doubtful.
    settings : mapping of str to str, int or float
        Of the model, and of the permutations.
    """

    group: str
    counts: Mapping[str, int]
    dropped: Mapping[str, int]
    configural: tuple[str, ...]
    compositional: pd.DataFrame
    equality: pd.DataFrame
    verdicts: pd.DataFrame
    level: float
    permutations: int
    seed: int
    notes: tuple[str, ...]
    problems: tuple[Problem, ...]
    settings: Mapping[str, str | int | float] = field(default_factory=dict)

    def __repr__(self) -> str:
        told = ", ".join(f"{label} {count:,}" for label, count in self.counts.items())
        tally = self.verdicts["verdict"].value_counts()
        verdicts = ", ".join(f"{tally[name]} {name}" for name in ("full", "partial", "none") if name in tally)
        return f"Micom: {self.group} ({told}), {self.permutations:,} permutations: {verdicts}"

    def varying(self, left: str, right: str) -> tuple[str, ...]:
        """Constructs whose composition differs between two groups: their paths cannot be compared."""
        rows = self.verdicts
        here = (rows["group_left"] == left) & (rows["group_right"] == right)
        here |= (rows["group_left"] == right) & (rows["group_right"] == left)
        return tuple(rows.loc[here & (rows["verdict"] == "none"), "construct"])


def micom(
    model: PlsFit | ParameterTable | str,
    data: pd.DataFrame,
    group: str,
    *,
    permutations: int = 1000,
    seed: int = 0,
    level: float | None = None,
    groups: Sequence[object] | None = None,
    units: Units = "pooled",
    clusters: ArrayLike | pd.Series | None = None,
    jobs: int = 1,
    analysis_id: str = "data",
) -> Micom:
    """Test whether composites may be compared between groups: measurement invariance in three steps.

    Paths may be compared where invariance is at least partial, means of scores and pooled data need full
    invariance.

    Parameters
    ----------
    model : PlsFit, ParameterTable or str
        A fit hands on its model and choices (scheme, modes, gaps, second order); text takes the defaults of
        `servicefx.pls.fit`. Products may be in the model; they are not tested.
    data : DataFrame, shape (n, >= p + 1)
        Items and the column of groups. Survey weights are not used.
    group : str
        Column of groups; with more than two every pair is tested. Rows without a group are left out and
        counted in ``dropped``.
    permutations : int
        Random divisions of each pair's rows into groups of the same sizes, at least 19. A permutation goes by
        the rows' places: the same rows in another order get other draws.
    seed : int
        The study's seed: same seed, same draws, whatever ``jobs``.
    level : float, optional
        1 less the chance of a false alarm; by default that of the fit (.95).
    groups : sequence, optional
        Labels to compare, in this order; by default all, sorted. The order turns signs and nothing else.
    units : {"pooled", "own"}
        Whether each group's weights meet items standardised over both groups (as other programs do), or by
        the group's own standard deviations, which is the composite the group used.
    clusters : array_like, shape (n,), optional
        Clusters that lie within one group change places as wholes; rows of clusters that hold both groups
        change places within them.
    jobs : int
        Threads.
    analysis_id : str
        Name of the data file.

    Returns
    -------
    Micom
        Constructs of one item have composition 1 by definition. Of a construct of constructs the composite of
        all items below it is tested. Permutations without an answer are left out and counted.

    Raises
    ------
    StudyError
        If the group is an item, a label is not known, or a number is not what is expected.
    DataError
        If the column or an item is absent, there are fewer than two groups, a group has fewer than 20 rows
        (more for large regressions), or an item does not vary within a group; all are named.
    IdentificationError
        If the model has no answer in a group.

    Notes
    -----
    With weights w of either group and S the covariances over both, c = w1'S w2 / sqrt(w1'S w1 · w2'S w2); a
    verdict is "none" where its p-value is at most 1 - level, "partial" where composition holds and the mean
    or the variance differs. p-values are (b + 1) / (B + 1). Step 3 takes composites by the weights of both
    groups together, with variance 1 (denominator n); other programs divide by n - 1, which makes differences
    of means smaller by sqrt((n - 1) / n). With ``missing="mean"`` every group's gaps are filled by its own
    means.
    Pairs of more than two groups are judged one by one: a correction for their number would make invariance
    easier to reach. A variance can seem to differ where means do, since permutations mix the groups.

    References
    ----------
    Henseler, Ringle & Sarstedt (2016), International Marketing Review 33, 405-431.
    doi:10.1108/IMR-09-2014-0304

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(5)
    >>> q, noise = rng.normal(size=80), rng.normal(size=(80, 4))
    >>> items = {"q1": q + noise[:, 0], "q2": q + noise[:, 1], "s1": q + noise[:, 2], "s2": q + noise[:, 3]}
    >>> data = pd.DataFrame(items | {"channel": ["web", "shop"] * 40})
    >>> found = micom("q =~ q1 + q2; s =~ s1 + s2; s ~ q", data, "channel", permutations=99)
    >>> found
    Micom: channel (shop 40, web 40), 99 permutations: 2 full
    """
    check_permutations(permutations, seed, jobs)
    if units not in ("pooled", "own"):
        raise StudyError(Problem("units", f"'{units}' is not known", "Choose among pooled, own."))
    asked = grouped(model, data, group, groups=groups, clusters=clusters, level=level)
    alpha = 1.0 - asked.fit.level
    composition: list[dict[str, Any]] = []
    equality: list[dict[str, Any]] = []
    verdicts: list[dict[str, Any]] = []
    problems = list(asked.cautions)
    with one_thread():
        configural, doubts = configural_statements(asked)
        for pair in asked.pairs():
            blocks = permutation_blocks(pair, permutations, seed, analysis_id)
            observed = observed_statistics(asked, pair, units=units)
            drawn = permuted_statistics(asked, pair, blocks, units=units, jobs=jobs)
            second = composition_rows(asked, pair, observed, drawn, alpha)
            third = equality_rows(asked, pair, observed, drawn, alpha)
            composition += second
            equality += third
            verdicts += verdict_rows(second, third, alpha)
            problems += permutation_problems(pair, drawn)
    return Micom(
        group=group,
        counts=asked.counts,
        dropped=asked.dropped,
        configural=configural,
        compositional=pd.DataFrame(composition),
        equality=pd.DataFrame(equality),
        verdicts=pd.DataFrame(verdicts),
        level=asked.fit.level,
        permutations=permutations,
        seed=seed,
        notes=_notes(asked, permutations, seed, units),
        problems=(*problems, *doubts),
        settings={**asked.fit.settings, "permutations": permutations, "seed": seed, "units": units},
    )


def check_permutations(permutations: int, seed: int, jobs: int) -> None:
    """Raise `StudyError` where one of them is not the whole number that is expected."""
    problems = whole_number("permutations", permutations, 19, "Choose e.g. 1000.")
    problems += whole_number("seed", seed, 0, "Choose e.g. the study's seed.")
    problems += whole_number("jobs", jobs, 1, "Choose 1, or the number of cores.")
    if problems:
        raise StudyError(*problems)


def _notes(asked: Grouped, permutations: int, seed: int, units: Units) -> tuple[str, ...]:
    """How permutations were made, in sentences."""
    what = "rows"
    if asked.clusters is not None:
        nested = all(pair.nested for pair in asked.pairs())
        what = (
            "whole clusters" if nested else "rows within clusters that hold both groups, else whole clusters"
        )
    notes = [f"{permutations} permutations of {what}, seed {seed}, p = (b + 1) / (B + 1)"]
    if asked.fit.choices.scaled:
        told = "over both groups" if units == "pooled" else "in each group"
        notes.append(f"weights of each group meet items standardised {told}")
    if len(asked.labels) > 2:
        notes.append("every pair is judged by itself, without correction for their number")
    if asked.fit.choices.consistent:
        notes.append(
            "composites are tested, not the common factors behind them (consistent=True): test those by "
            "measurement invariance of a factor model"
        )
    return tuple(notes)
