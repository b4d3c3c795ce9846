"""Mediation between constructs behind their items, beside the same mediation of mean scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx import sem
from servicefx.errors import DataError, Problem, StudyError, closest
from servicefx.models.mediation.answers import ROUTE
from servicefx.models.mediation.layouts import equations_of, layout_of, sequences_of
from servicefx.sem.sem_fit import SemFit

__all__ = ["latent_mediation"]

Floats = NDArray[np.float64]
_COLUMNS = [
    "series", "from", "to", "kind", "via", "std_all", "estimate", "std_error", "conf_low", "conf_high",
    "interval", "n_obs", "n_dropped", "caution",
]  # fmt: skip


def latent_mediation(
    items: pd.DataFrame,
    layout: int = 4,
    *,
    source: str,
    outcome: str,
    mediators: Sequence[str],
    constructs: Mapping[str, Sequence[str]],
    covariates: Sequence[str] = (),
    estimator: str = "mlr",
    cluster: str | None = None,
    draws: int = 20_000,
    seed: int | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Direct, indirect and total effects freed of measurement error, beside those of scores. Answers H4, H6.

    Error in a mediator hides part of what goes through it and shows it as a direct effect; the latent rows
    take that away, if the items measure what they should.

    Parameters
    ----------
    items : DataFrame, shape (n, p)
        Answers, reversed items already turned; rows with a gap in an item used are left out and counted.
    layout : {4, 6}
        Mediators side by side (their errors may go together), or one after the other.
    source, outcome : str
    mediators, covariates : sequence of str
        Keys of ``constructs``; covariates stand in every equation.
    constructs : mapping of str to sequence of str
        Construct -> its items; one of a single item is that item, without measurement error, in both
        versions.
    estimator : {"mlr", "ml"}
        Errors robust to answers that are not normal, or not.
    cluster : str, optional
        Column of dependence groups; errors of both versions are clustered.
    draws : int
        Draws of the parameters from their normal sampling distribution, for intervals of indirect effects; 0
        for delta-method intervals.
    seed : int, optional
        None counts as 0.
    level : float

    Returns
    -------
    DataFrame
        ``series`` (``"observed"``, ``"latent"``), ``from, to, kind, via, std_all`` (standard deviations per
        standard deviation), ``estimate`` (points per point of the first items; of scores in the observed
        version), ``std_error`` (delta method), ``conf_low, conf_high, interval`` (``"Monte Carlo"`` of an
        indirect effect, else ``"delta"``), ``n_obs, n_dropped, caution``.

    Raises
    ------
    DataError
        If a construct or item is absent, stands twice, or fewer than 3 rows are complete.
    StudyError
        If the layout is neither 4 nor 6, or as `servicefx.sem.fit`.
    IdentificationError, ConvergenceError
        As `servicefx.sem.fit`.

    References
    ----------
    MacKinnon, Lockwood & Williams (2004), Multivariate Behavioral Research 39, 99-128 (Monte Carlo).
    """
    if layout not in (4, 6):
        found = f"layout {layout}, but latent mediation is worked out for 4 and 6"
        raise StudyError(Problem(f"latent mediation of '{source}'", found, "Choose 4 or 6."))
    chosen = layout_of(layout, mediators, None)
    roles = [source, *mediators, outcome, *covariates]
    columns = _checked(items, roles, constructs)
    used = items[[*columns, *([] if cluster is None else [cluster])]].dropna().reset_index(drop=True)
    if len(used) < 3:
        found = f"{len(used)} rows have every item, at least 3 expected"
        raise DataError(Problem(f"latent mediation of '{source}'", found, "Add rows, or use fewer items."))
    scores = pd.DataFrame({name: used[list(constructs[name])].mean(axis=1) for name in roles})
    if cluster is not None:
        scores[cluster] = used[cluster]
    several = [name for name in roles if len(constructs[name]) > 1]
    measured = [f'"{name}" =~ ' + " + ".join(f'"{item}"' for item in constructs[name]) for name in several]
    paths = [
        f'"{name}" ~ ' + " + ".join(f'"{term}"' for term in terms)
        for name, terms in equations_of(chosen, source, mediators, outcome, None, covariates)
    ]
    if not chosen.serial:
        places = range(len(mediators))
        paths += [f'"{mediators[i]}" ~~ "{mediators[j]}"' for i in places for j in places if i < j]
    single = {name: scores[name] for name in roles if name not in several}
    frames = []
    for series, model, data in (
        ("observed", paths, scores),
        ("latent", [*measured, *paths], used.assign(**single)),
    ):
        fit = sem.fit(
            "\n".join(model), data, estimator=estimator, cluster=cluster, fixed_x=False, level=level
        )
        frame = _effects(fit, source, outcome, sequences_of(chosen, mediators), draws, seed, level)
        frame["series"] = series
        frame["caution"] = "; ".join(problem.found for problem in fit.problems)
        frames.append(frame)
    both = pd.concat(frames, ignore_index=True)
    both["n_obs"] = len(used)
    both["n_dropped"] = len(items) - len(used)
    return both[_COLUMNS]


def _checked(items: pd.DataFrame, roles: Sequence[str], constructs: Mapping[str, Sequence[str]]) -> list[str]:
    """Items of everything named, or a refusal."""
    where = f"latent mediation of '{roles[0]}'"
    twice = sorted({name for name in roles if list(roles).count(name) > 1})
    if twice:
        found = "these have two parts at once: " + ", ".join(f"'{name}'" for name in twice)
        raise DataError(Problem(where, found, "Name different constructs."))
    problems = []
    for name in roles:
        if name not in constructs:
            found = f"no construct '{name}'{closest(name, constructs)}"
            problems.append(Problem(where, found, "Name its items."))
        elif isinstance(constructs[name], str) or not len(constructs[name]):
            problems.append(Problem(where, f"no list of items for '{name}'", "List its items."))
    if problems:
        raise DataError(*problems)
    columns = [item for name in roles for item in constructs[name]]
    shared = sorted({item for item in columns if columns.count(item) > 1})
    if shared:
        found = "items with two places: " + ", ".join(f"'{item}'" for item in shared)
        raise DataError(Problem(where, found, "Give every item to one construct."))
    absent = [item for item in columns if item not in items.columns]
    if absent:
        known = list(map(str, items.columns))
        raise DataError(
            *(Problem(where, f"no column '{item}'{closest(item, known)}", "Correct it.") for item in absent)
        )
    return columns


def _effects(
    fit: SemFit,
    source: str,
    outcome: str,
    routes: Sequence[tuple[str, ...]],
    draws: int,
    seed: int | None,
    level: float,
) -> pd.DataFrame:
    """Effects of one version, indirect ones with Monte Carlo intervals."""
    table = fit.effects()
    here = table[(table["from"] == source) & (table["to"] == outcome)].copy()
    order = {"direct": 0, "indirect": 1, "total": 3}
    here["order"] = [
        order[kind] + (via == "all") for kind, via in zip(here["kind"], here["via"], strict=True)
    ]
    if len(routes) == 1:
        here = here[here["via"] != "all"]
    here = here.sort_values("order", kind="stable").reset_index(drop=True)
    here["interval"] = "delta"
    if not draws:
        return here
    rng = np.random.default_rng([0 if seed is None else seed, *b"latent_mediation"])
    theta = rng.multivariate_normal(fit.theta, fit.vcov, size=draws, method="eigh")
    position = {(p.rhs, p.lhs): p.position for p in fit.model.of_group(0) if p.op == "~"}
    drawn = {}
    for route in routes:
        steps = [position[step] for step in pairwise((source, *route, outcome))]
        drawn[ROUTE.join(route)] = np.prod(theta[:, steps], axis=1)
    drawn["all"] = np.sum(list(drawn.values()), axis=0)
    tails = [(1 - level) / 2, (1 + level) / 2]
    for row in here.index[here["kind"] == "indirect"]:
        low, high = np.quantile(drawn[str(here.loc[row, "via"])], tails)
        here.loc[row, ["conf_low", "conf_high"]] = low, high
        here.loc[row, "interval"] = "Monte Carlo"
    return here
