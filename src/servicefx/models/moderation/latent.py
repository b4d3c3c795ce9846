"""An interaction freed of measurement error: product indicators and two-stage composites beside scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx import pls, sem
from servicefx.errors import DataError, Problem, ServicefxError, closest
from servicefx.models.apart import check_quotes, free_name, items_apart
from servicefx.moments.resample import resampled_covariances
from servicefx.moments.resample_index import resample_counts
from servicefx.sem.reading.implied_covariances import implied_covariances

__all__ = ["latent_interactions", "product_pairs"]

Floats = NDArray[np.float64]
_Version = tuple[float, Floats, str]
"""Estimate, draws, and what is doubtful about the fit."""
_COLUMNS = (
    "kind", "outcome", "term", "moderator", "estimate", "conf_low", "conf_high", "p_value", "n_obs",
    "caution", "undefined",
)  # fmt: skip


def latent_interactions(
    items: pd.DataFrame,
    outcome: str,
    term: str,
    moderator: str,
    constructs: Mapping[str, Sequence[str]],
    covariates: Sequence[str] = (),
    *,
    cluster: str | None = None,
    draws: int = 1000,
    seed: int = 0,
    data_id: str = "data",
    level: float = 0.95,
) -> pd.DataFrame:
    """By how much a slope changes with a moderator, on scores, on latent variables and on composites.

    Parameters
    ----------
    items : DataFrame, shape (n, p)
        Answers, reversed items already turned; rows with a gap in a column used are left out.
    outcome, term, moderator : str
        Keys of ``constructs``. A construct of one item is that item, without measurement error.
    constructs : mapping of str to sequence of str
        Construct -> its items.
    covariates : sequence of str
        Further columns held, as they are.
    cluster : str, optional
        Column of dependence groups; errors and resamples are by cluster.
    draws, seed, data_id
        Of the shared resample index (scores, composites) and of the parameters' sampling distribution.
    level : float
        Of intervals.

    Returns
    -------
    DataFrame
        One row a ``kind`` (``observed``, ``product_indicators``, ``two_stage``): ``kind, outcome, term,
        moderator, estimate, conf_low, conf_high, p_value, n_obs, caution, undefined``. ``estimate`` is the
        change of the standardised slope of the term when the moderator rises by one standard deviation, so
        that the three compare; intervals by percentiles. A version without an answer says why.

    Raises
    ------
    DataError
        If a construct or column is not there or has a double quote in its name, or fewer than 10 rows are
        complete.

    Notes
    -----
    Product indicators are matched pairs of items, strongest with strongest, each item centred and each
    product centred again, without means; the product's variance and its covariances with both factors are
    free. Its standardised coefficient is ``b sd(X) sd(W) / sd(Y)``, not the one of the standardised solution,
    which would standardise the product by its own deviation. Two-stage composites: their ``slope_change``
    divides by the product's standard deviation in the sample. On scores and composites the estimate is too
    small by about the root of the product of all three reliabilities.

    References
    ----------
    Marsh, Wen & Hau (2004), Psychological Methods 9, 275-300 (matched pairs, unconstrained). Lin, Wen, Marsh
    & Lin (2010), Structural Equation Modeling 17, 374-391 (double mean centring). Wen, Marsh & Hau (2010),
    Structural Equation Modeling 17, 1-22 (standardised interactions). Henseler & Chin (2010), ibid. 82-109.
    """
    where = f"interaction of '{term}' and '{moderator}' for '{outcome}'"
    blocks = _blocks(items, (outcome, term, moderator), constructs, covariates, where)
    named = [*(item for names in blocks.values() for item in names), *covariates]
    columns = dict.fromkeys([*named, *([] if cluster is None else [cluster])])
    used = items[list(columns)].dropna()
    if len(used) < 10:
        found = f"{len(used)} rows have every column, at least 10 expected"
        raise DataError(Problem(where, found, "Add rows, or use fewer items."))
    groups = None if cluster is None else items[cluster]
    counts = resample_counts(len(items), draws, seed, data_id, groups)
    counts = counts[:, items.index.get_indexer(used.index)]
    whole = used.reset_index(drop=True)
    used, blocks = items_apart(whole, blocks, covariates)
    used[list(covariates)] = whole[list(covariates)]
    if cluster is not None:
        apart = free_name(cluster, [*used.columns, *blocks])
        used[apart] = whole[cluster]
        cluster = apart
    scores = pd.DataFrame({name: used[list(names)].mean(axis=1) for name, names in blocks.items()})
    held = used[list(covariates)]
    rng = np.random.default_rng([seed, *b"latent_interactions"])
    ends = (outcome, term, moderator)
    versions: dict[str, Callable[[], _Version]] = {
        "observed": lambda: _observed(scores, held, ends, counts),
        "product_indicators": lambda: _product_indicators(
            used, blocks, ends, covariates, cluster, draws, rng
        ),
        "two_stage": lambda: _two_stage(used, blocks, ends, covariates, cluster, draws, seed),
    }
    rows = []
    for kind, version in versions.items():
        row: dict[str, object] = {"kind": kind, "outcome": outcome, "term": term, "moderator": moderator}
        row |= {"n_obs": len(used), "caution": "", "undefined": ""}
        try:
            estimate, drawn, caution = version()
        except ServicefxError as refusal:
            row["undefined"] = refusal.problems[0].found.partition("\n")[0]
        else:
            row |= {"estimate": estimate, **_interval(drawn, level), "caution": caution}
        rows.append(row)
    return pd.DataFrame(rows).reindex(columns=list(_COLUMNS))


def _blocks(
    items: pd.DataFrame,
    ends: tuple[str, str, str],
    constructs: Mapping[str, Sequence[str]],
    covariates: Sequence[str],
    where: str,
) -> dict[str, tuple[str, ...]]:
    """Items of outcome, term and moderator, or a refusal."""
    absent = [name for name in ends if name not in constructs]
    if absent:
        found = f"no construct '{absent[0]}'{closest(absent[0], constructs)}"
        raise DataError(Problem(where, found, "Name constructs with their items."))
    if len(set(ends)) < 3 or set(ends) & set(covariates):
        found = "one construct has two parts in it"
        raise DataError(Problem(where, found, "Name three constructs, and hold none of them."))
    wanted = [*(item for name in ends for item in constructs[name]), *covariates]
    lost = [item for item in wanted if item not in items.columns]
    if lost:
        found = f"no column '{lost[0]}'{closest(lost[0], map(str, items.columns))}"
        raise DataError(Problem(where, found, "Correct the name."))
    check_quotes([*ends, *wanted], where)
    return {name: tuple(constructs[name]) for name in ends}


def _interval(drawn: Floats, level: float) -> dict[str, float]:
    """Percentile interval, and a normal p-value by the draws' spread."""
    known = drawn[np.isfinite(drawn)]
    if known.size < 2:
        return {"conf_low": np.nan, "conf_high": np.nan, "p_value": np.nan}
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    tail = min(int((known <= 0).sum()), int((known >= 0).sum()))
    p_value = min(1.0, 2 * (tail + 1) / (known.size + 1))
    return {"conf_low": float(low), "conf_high": float(high), "p_value": p_value}


def _observed(
    scores: pd.DataFrame, held: pd.DataFrame, ends: tuple[str, str, str], counts: NDArray[np.float32]
) -> _Version:
    """Least squares of the scores, all resamples at once from their covariances."""
    _, term, moderator = ends
    centred = scores - scores.mean()
    product = (centred[term] * centred[moderator]).to_numpy()
    table = np.column_stack([centred[list(ends)].to_numpy(), product, held.to_numpy(float)])
    cov = np.concatenate(
        [
            resampled_covariances(table, np.ones((1, len(table)), np.float32)),
            resampled_covariances(table, counts),
        ]
    )
    with np.errstate(all="ignore"):
        try:
            slopes = np.linalg.solve(cov[:, 1:, 1:], cov[:, 1:, :1])[:, 2, 0]
        except np.linalg.LinAlgError as error:
            found = "the product can be computed from the other terms"
            raise DataError(Problem("scores", found, "Drop one of them.")) from error
        deviation = np.sqrt(np.einsum("mjj->mj", cov)[:, :3])
        answer = slopes * deviation[:, 1] * deviation[:, 2] / deviation[:, 0]
    return float(answer[0]), answer[1:], ""


def product_pairs(
    items: pd.DataFrame, first: Sequence[str], second: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """Items of two constructs paired, strongest with strongest; an item of a single-item construct with all.

    Strength is the correlation with the mean of the construct's items.

    Examples
    --------
    >>> answers = pd.DataFrame({"a1": [1.0, 2, 3, 4], "a2": [1.0, 3, 2, 4], "w": [0.0, 1, 0, 1]})
    >>> product_pairs(answers, ["a1", "a2"], ["w"])
    (('a1', 'w'), ('a2', 'w'))
    """

    def strongest(names: Sequence[str]) -> list[str]:
        mean = items[list(names)].mean(axis=1)
        return sorted(names, key=lambda name: -float(np.corrcoef(items[name], mean)[0, 1]))

    left, right = strongest(first), strongest(second)
    if len(left) == 1 or len(right) == 1:
        return tuple((a, b) for a in left for b in right)
    return tuple(zip(left, right, strict=False))


def _product_indicators(
    used: pd.DataFrame,
    blocks: Mapping[str, tuple[str, ...]],
    ends: tuple[str, str, str],
    covariates: Sequence[str],
    cluster: str | None,
    draws: int,
    rng: np.random.Generator,
) -> _Version:
    """Unconstrained product-indicator model by robust maximum likelihood."""
    outcome, term, moderator = ends
    pairs = product_pairs(used, blocks[term], blocks[moderator])
    first = dict(zip((term, moderator), pairs[0], strict=True))  # the marker of a factor leads its products
    data = used.copy()
    lines, names = [], []
    for number, (a, b) in enumerate(pairs, 1):
        name = free_name(f"product {number}", [*data.columns, *ends])
        product = (used[a] - used[a].mean()) * (used[b] - used[b].mean())
        data[name] = product - product.mean()
        names.append(name)
    for construct in ends:
        own = sorted(blocks[construct], key=lambda item: item != first.get(construct))
        if len(own) == 1:
            data[construct] = used[own[0]]
        else:
            lines.append(f'"{construct}" =~ ' + " + ".join(f'"{item}"' for item in own))
    crossed = free_name(f"{term} × {moderator}", [*data.columns, *ends])
    if len(names) == 1:
        data[crossed] = data[names[0]]
    else:
        lines.append(f'"{crossed}" =~ ' + " + ".join(f'"{name}"' for name in names))
    lines.append(
        f'"{outcome}" ~ ' + " + ".join(f'"{name}"' for name in (term, moderator, crossed, *covariates))
    )
    fit = sem.fit("\n".join(lines), data, estimator="mlr", cluster=cluster, fixed_x=False)
    theta = np.vstack([fit.theta, rng.multivariate_normal(fit.theta, fit.vcov, size=draws, method="eigh")])
    rows = fit.model.parameters
    place = next(p.position for p in rows if (p.lhs, p.op, p.rhs) == (outcome, "~", crossed))
    variances = np.einsum("mjj->mj", implied_covariances(fit, theta, ends))
    with np.errstate(invalid="ignore"):
        deviation = np.sqrt(np.where(variances > 0, variances, np.nan))
    answer = theta[:, place] * deviation[:, 1] * deviation[:, 2] / deviation[:, 0]
    return float(answer[0]), answer[1:], "; ".join(problem.found for problem in fit.problems)


def _two_stage(
    used: pd.DataFrame,
    blocks: Mapping[str, tuple[str, ...]],
    ends: tuple[str, str, str],
    covariates: Sequence[str],
    cluster: str | None,
    draws: int,
    seed: int,
) -> _Version:
    """Two-stage PLS; draws are those of the product's path over its standard deviation in the sample."""
    outcome, term, moderator = ends
    data = used.copy()
    lines = []
    for construct, own in [*blocks.items(), *((name, (name,)) for name in covariates)]:
        sources = []
        for item in own:
            source = item if item != construct else free_name(f"{item} (item)", [*data.columns, *ends])
            data[source] = used[item]
            sources.append(f'"{source}"')
        lines.append(f'"{construct}" =~ ' + " + ".join(sources))
    sides = [f'"{name}"' for name in (term, moderator)]
    terms = [*sides, ":".join(sides), *(f'"{name}"' for name in covariates)]
    lines.append(f'"{outcome}" ~ ' + " + ".join(terms))
    fit = pls.fit("\n".join(lines), data)
    clusters = None if cluster is None else data[cluster]
    sample = pls.bootstrap(fit, data, draws, seed, clusters=clusters)
    (row,) = fit.interactions.to_dict("records")
    drawn = sample.of(outcome, str(row["term"])) / float(row["sd"])
    return float(row["slope_change"]), drawn, ""
