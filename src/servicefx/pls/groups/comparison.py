"""compare_groups: whether paths, or other numbers of a model, differ between groups of people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from servicefx.errors import DataError, Problem, StudyError, closest
from servicefx.pls.groups.difference_tests import ADJUSTMENTS, Adjustment, adjusted_p_values
from servicefx.pls.groups.grouped import Grouped, Pair, grouped
from servicefx.pls.groups.invariance_steps import composition_rows, varying_constructs
from servicefx.pls.groups.micom import Micom, check_permutations
from servicefx.pls.groups.pair_tests import (
    METHODS,
    Method,
    PairTest,
    group_draws,
    permutation_test,
    resampling_test,
)
from servicefx.pls.groups.permutation import (
    PairStatistics,
    observed_statistics,
    permutation_blocks,
    permutation_problems,
    permuted_statistics,
)
from servicefx.pls.pls_fit import PlsFit
from servicefx.pls.quantities import QUANTITIES, Quantity, terms_of
from servicefx.pls.terms import PlsTerm
from servicefx.sem.choices import whole_number
from servicefx.sem.threads import one_thread
from servicefx.syntax.table import ParameterTable

__all__ = ["compare_groups"]

Floats = NDArray[np.float64]
_SAME = "the number is the same in every draw"
_ALL = "all"


def compare_groups(
    model: PlsFit | ParameterTable | str,
    data: pd.DataFrame,
    group: str,
    *,
    method: Method | Literal["all"] = "permutation",
    quantities: tuple[Quantity, ...] = ("paths",),
    permutations: int = 1000,
    draws: int = 5000,
    seed: int = 0,
    level: float | None = None,
    groups: Sequence[object] | None = None,
    adjust: Adjustment = "holm",
    invariance: Micom | None = None,
    clusters: ArrayLike | pd.Series | None = None,
    jobs: int = 1,
    analysis_id: str = "data",
) -> pd.DataFrame:
    """Test differences of paths between groups of people.

    Parameters
    ----------
    model : PlsFit, ParameterTable or str
        A fit hands on its model and choices; text takes the defaults of `servicefx.pls.fit`.
    data : DataFrame, shape (n, >= p + 1)
        Items and the column of groups. Survey weights are not used.
    group : str
        Column of groups; of more than two, every pair is compared. Rows without a group are left out and
        counted in ``attrs["dropped"]``.
    method : {"permutation", "parametric", "welch", "henseler", "all"}
        Rows divided into groups by chance (Chin & Dibbern 2010; the only one that is exact where the groups
        do not differ at all); t test with one variance (Keil et al. 2000); t test for unequal variances
        (Sarstedt et al. 2011); comparison of all bootstrap draws (Henseler et al. 2009).
    quantities : tuple of str
        What is compared, of `servicefx.pls.quantities.QUANTITIES`: paths, weights, loadings, effects ...
    permutations : int
        Random divisions of each pair's rows, at least 19. They go by the rows' places: the same rows
        in another order get other draws.
    draws : int
        Bootstrap resamples of each group, for the other methods; each group has a stream of its own.
    seed : int
        The study's seed: same seed, same draws, whatever ``jobs``.
    level : float, optional
        Of intervals; by default that of the fit.
    groups : sequence, optional
        Labels to compare, in this order; by default all, sorted. The order turns signs and nothing else.
    adjust : {"holm", "bonferroni", "sidak", "none"}
        Correction of each term's p-values for the number of pairs.
    invariance : Micom, optional
        Of the same groups, for the column ``caution``. Permutations bring step 2 along; other methods know
        nothing of it unless it is given.
    clusters : array_like, shape (n,), optional
        Clusters are permuted and resampled as wholes where each lies within one group; where clusters hold
        several groups, rows are permuted within them and the other methods are refused. t tests then count
        clusters, not rows.
    jobs : int
        Threads.
    analysis_id : str
        Name of the data file.

    Returns
    -------
    DataFrame
        One row a term, pair and method: ``lhs, op, rhs, quantity, via, group_left, group_right, method,
        estimate_left, estimate_right, difference, std_error, statistic, df, p_value, p_one_sided,
        p_adjusted, conf_low, conf_high, null_low, null_high, n_left, n_right, n_draws, caution, undefined``.
        ``difference`` is left less right. ``null_low`` and ``null_high`` hold the middle of the permutations'
        differences: what chance gives, not an interval of the difference, which permutations do not have.
        ``caution`` names constructs whose composition differs between the groups.
        ``attrs["notes"]`` says how it was made and whether invariance was tested, ``attrs["problems"]`` what
        makes it doubtful.

    Raises
    ------
    StudyError
        If a method, quantity, correction or number is not known, or the group is an item.
    DataError
        As `micom`; also if clusters hold several groups and resamples are asked.
    IdentificationError
        If the model has no answer in a group.

    Notes
    -----
    Permutation p-values are (b + 1) / (B + 1), b counting differences at least as large in absolute value.
    No single test over more than two groups is made: pairs with Holm's correction control the chance of any
    false difference, whatever the others.

    References
    ----------
    Chin & Dibbern (2010), Handbook of Partial Least Squares, 171-193. Keil et al. (2000), MIS Quarterly 24,
    299-325. Henseler, Ringle & Sinkovics (2009), Advances in International Marketing 20, 277-319. Sarstedt,
    Henseler & Ringle (2011), Advances in International Marketing 22, 195-218.

    Examples
    --------
    >>> rng = np.random.default_rng(5)
    >>> q, noise = rng.normal(size=80), rng.normal(size=(80, 4))
    >>> items = {"q1": q + noise[:, 0], "q2": q + noise[:, 1], "s1": q + noise[:, 2], "s2": q + noise[:, 3]}
    >>> data = pd.DataFrame(items | {"channel": ["web", "shop"] * 40})
    >>> found = compare_groups("q =~ q1 + q2; s =~ s1 + s2; s ~ q", data, "channel", permutations=99)
    >>> found[["lhs", "rhs", "group_left", "group_right", "n_left", "n_draws"]].values.tolist()
    [['s', 'q', 'shop', 'web', 40, 99]]
    """
    methods = _asked(method, quantities, adjust, draws)
    check_permutations(permutations, seed, jobs)
    asked = grouped(model, data, group, groups=groups, clusters=clusters, level=level)
    _check_invariance(invariance, asked)
    resampled: list[Method] = [name for name in methods if name != "permutation"]
    if resampled:
        _refuse_shared_clusters(asked, resampled)
    terms = terms_of(asked.fit, quantities)
    problems, frames = list(asked.cautions), []
    with one_thread():
        drawn = {
            label: group_draws(
                asked, label, quantities, draws=draws, seed=seed, analysis_id=analysis_id, jobs=jobs
            )
            for label in (asked.labels if resampled else ())
        }
        problems += [
            Problem(
                f"resamples of group '{label}'",
                f"{found.inadmissible} of {draws} are inadmissible: a reliability, loading or "
                "correlation beyond 1",
                "Check constructs whose items hardly agree; the draws are kept.",
            )
            for label, found in drawn.items()
            if found.inadmissible
        ]
        for pair in asked.pairs():
            observed = observed_statistics(asked, pair, quantities)
            varying = () if invariance is None else invariance.varying(pair.left, pair.right)
            tests: dict[Method, PairTest] = {}
            if "permutation" in methods:
                blocks = permutation_blocks(pair, permutations, seed, analysis_id)
                permuted = permuted_statistics(asked, pair, blocks, quantities, jobs=jobs)
                tests["permutation"] = permutation_test(observed, permuted, asked.fit.level)
                problems += permutation_problems(pair, permuted)
                if invariance is None:
                    alpha = 1.0 - asked.fit.level
                    varying = varying_constructs(
                        composition_rows(asked, pair, observed, permuted, alpha), alpha
                    )
            for name in resampled:
                tests[name] = resampling_test(
                    name, observed, drawn[pair.left], drawn[pair.right], asked.fit.level
                )
            frames += [_frame(name, asked, pair, terms, observed, tests[name], varying) for name in methods]
    frame = pd.concat(frames, ignore_index=True)
    frame["p_adjusted"] = _adjusted(frame, adjust)
    frame = frame[[*_COLUMNS]]
    frame.attrs.update(
        settings=dict(asked.fit.settings),
        level=asked.fit.level,
        dropped=dict(asked.dropped),
        problems=tuple(problems),
        notes=_notes(asked, methods, permutations, draws, seed, adjust, invariance),
    )
    return frame


_COLUMNS = (
    "lhs", "op", "rhs", "quantity", "via", "group_left", "group_right", "method", "estimate_left",
    "estimate_right", "difference", "std_error", "statistic", "df", "p_value", "p_one_sided", "p_adjusted",
    "conf_low", "conf_high", "null_low", "null_high", "n_left", "n_right", "n_draws", "caution", "undefined",
)  # fmt: skip


def _asked(method: str, quantities: tuple[Quantity, ...], adjust: str, draws: int) -> tuple[Method, ...]:
    problems = whole_number("draws", draws, 2, "Choose e.g. 5000.")
    known = (*METHODS, _ALL)
    if method not in known:
        found = f"'{method}' is not known{closest(str(method), known)}"
        problems.append(Problem("method", found, f"Choose among {', '.join(known)}."))
    if adjust not in ADJUSTMENTS:
        found = f"'{adjust}' is not known{closest(str(adjust), ADJUSTMENTS)}"
        problems.append(Problem("adjust", found, f"Choose among {', '.join(ADJUSTMENTS)}."))
    if isinstance(quantities, str) or not quantities:
        found = f"{quantities!r}, a tuple of names expected"
        problems.append(Problem("quantities", found, "Choose e.g. ('paths', 'effects')."))
    else:
        problems += [
            Problem(
                "quantities",
                f"'{name}' is not known{closest(name, QUANTITIES)}",
                f"Choose among {', '.join(QUANTITIES)}.",
            )
            for name in quantities
            if name not in QUANTITIES
        ]
    if problems:
        raise StudyError(*problems)
    return METHODS if method == _ALL else tuple(name for name in METHODS if name == method)


def _check_invariance(invariance: Micom | None, asked: Grouped) -> None:
    if invariance is None:
        return
    absent = [label for label in asked.labels if label not in invariance.counts]
    apart = set(invariance.verdicts["construct"]) != set(asked.fit.model.constructs)
    if invariance.group != asked.column or absent or apart:
        found = f"of the groups of '{invariance.group}', of other groups or constructs than are compared"
        raise StudyError(
            Problem("invariance", found, "Give the result of micom for the same model and groups.")
        )


def _refuse_shared_clusters(asked: Grouped, resampled: list[Method]) -> None:
    for pair in asked.pairs():
        if not pair.nested:
            found = (
                f"some hold rows of both '{pair.left}' and '{pair.right}', but {', '.join(resampled)} take "
                "the groups to be independent"
            )
            raise DataError(Problem("clusters", found, "Choose method='permutation'."))


def _frame(
    name: Method,
    asked: Grouped,
    pair: Pair,
    terms: tuple[PlsTerm, ...],
    observed: PairStatistics,
    found: PairTest,
    varying: tuple[str, ...],
) -> pd.DataFrame:
    test = found.test
    left, right = observed.left[0], observed.right[0]
    return pd.DataFrame(
        {
            "lhs": [term.lhs for term in terms],
            "op": [term.op for term in terms],
            "rhs": [term.rhs for term in terms],
            "quantity": [term.quantity for term in terms],
            "via": [term.via for term in terms],
            "group_left": pair.left,
            "group_right": pair.right,
            "method": name,
            "estimate_left": left,
            "estimate_right": right,
            "difference": left - right,
            "std_error": test.std_error,
            "statistic": test.statistic,
            "df": test.df,
            "p_value": test.p_value,
            "p_one_sided": test.p_one_sided,
            "conf_low": test.low,
            "conf_high": test.high,
            "null_low": found.null_low,
            "null_high": found.null_high,
            "n_left": pair.n_left,
            "n_right": pair.n_right,
            "n_draws": found.n_draws,
            "caution": [_caution(asked, term, varying) for term in terms],
            "undefined": [
                _reason(difference, p, count)
                for difference, p, count in zip(left - right, test.p_value, found.n_draws, strict=True)
            ],
        }
    )


def _reason(difference: float, p_value: float, n_draws: int) -> str:
    if np.isnan(difference):
        return "the number does not exist in one of the groups"
    if np.isfinite(p_value):
        return ""
    return _SAME if n_draws else "no draw has an answer"


def _caution(asked: Grouped, term: PlsTerm, varying: tuple[str, ...]) -> str:
    """Constructs behind a term that are composed differently in the two groups, in a sentence."""
    if term.quantity in ("indirect", "total", "r2", "effect_size", "htmt"):
        behind = set(asked.fit.model.constructs)
    else:
        behind = {part for side in (term.lhs, term.rhs) for part in side.split(":")}
    concerned = [construct for construct in varying if construct in behind]
    if not concerned:
        return ""
    named = ", ".join(f"'{construct}'" for construct in concerned)
    return f"{named} composed differently in the two groups (MICOM step 2)"


def _adjusted(frame: pd.DataFrame, adjust: Adjustment) -> Floats:
    found = np.full(len(frame), np.nan)
    keys = frame.groupby(["lhs", "op", "rhs", "quantity", "via", "method"], sort=False).indices
    for places in keys.values():
        found[places] = adjusted_p_values(frame["p_value"].to_numpy()[places], adjust)
    return found


def _notes(
    asked: Grouped, methods: tuple[Method, ...], permutations: int, draws: int, seed: int,
    adjust: Adjustment, invariance: Micom | None,
) -> tuple[str, ...]:  # fmt: skip
    pairs = len(asked.labels) * (len(asked.labels) - 1) // 2
    notes = []
    if "permutation" in methods:
        notes.append(f"{permutations} permutations of each pair, seed {seed}, p = (b + 1) / (B + 1)")
    if set(methods) - {"permutation"}:
        notes.append(f"{draws} bootstrap resamples of each group, seed {seed}")
    if pairs > 1:
        corrected = "without correction" if adjust == "none" else f"corrected by {adjust}"
        notes.append(f"{pairs} pairs of groups, {corrected} in 'p_adjusted'; no single test over all groups")
    if invariance is None and "permutation" not in methods:
        notes.append(
            "whether the composites are the same in the groups was not tested: run micom, and give it as "
            "'invariance'"
        )
    else:
        how = "as given" if invariance is not None else "tested on the same permutations"
        notes.append(f"invariance of composition (MICOM step 2) {how}: see 'caution'")
    return tuple(notes)
