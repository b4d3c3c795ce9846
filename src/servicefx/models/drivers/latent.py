"""Drivers as constructs behind their items, beside the same drivers as mean scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx import sem
from servicefx.errors import DataError, Problem, closest
from servicefx.models.apart import check_quotes, free_name, items_apart
from servicefx.models.drivers.decomposition import EXACT, explained_shares, parts
from servicefx.models.drivers.draws import percentile_bounds
from servicefx.sem.reading.implied_covariances import implied_covariances
from servicefx.sem.sem_fit import SemFit
from servicefx.values.estimates import critical_value, two_sided_p_value

__all__ = ["latent_drivers"]

Floats = NDArray[np.float64]
_ROUNDING = 1e-12
_COLUMNS = (
    "term", "estimate", "conf_low", "conf_high", "std_error", "statistic", "p_value", "kind", "importance",
    "importance_low", "importance_high", "r2", "n_obs", "n_dropped", "caution", "undefined",
)  # fmt: skip


def latent_drivers(
    items: pd.DataFrame,
    outcome: str,
    constructs: Mapping[str, Sequence[str]],
    *,
    estimator: str = "mlr",
    cluster: str | None = None,
    draws: int = 1000,
    seed: int | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Coefficients and relative importance of constructs freed of measurement error, beside those of scores.

    Where a score is unreliable its own effect comes out too small and that of its neighbours too large; the
    latent rows take that away, if the items measure what they should. Answers H1.

    Parameters
    ----------
    items : DataFrame, shape (n, p)
        Answers, reversed items already turned; rows with a gap in an item used are left out and counted.
    outcome : str
        A key of ``constructs``.
    constructs : mapping of str to sequence of str
        Construct -> its items, the outcome among them; every other construct is a driver, at most 15. A
        construct of one item is that item, without measurement error, in both versions.
    estimator : {"mlr", "ml"}
        Errors robust to answers that are not normal, or not.
    cluster : str, optional
        Column of dependence groups; errors of both versions are clustered.
    draws : int
        Draws of the parameters from their sampling distribution, for intervals of importance.
    seed : int, optional
        The study's seed; None counts as 0.
    level : float
        Of intervals.

    Returns
    -------
    DataFrame
        Two rows a driver (``kind`` ``observed``, ``latent``): ``term, estimate, conf_low, conf_high,
        std_error, statistic, p_value`` (standardised coefficient, delta-method errors), ``kind``,
        ``importance, importance_low, importance_high`` (lmg, part of R²), ``r2, n_obs, n_dropped, caution,
        undefined``. ``caution`` holds what is doubtful about the fit.

    Raises
    ------
    DataError
        If the outcome is no construct, a construct has no items, an item has two places, or there are no
        drivers or more than 15.
    StudyError, IdentificationError, ConvergenceError
        As `servicefx.sem.fit`.

    Notes
    -----
    Both versions are fitted by `servicefx.sem.fit` with random covariates: the observed one is the path model
    of the mean scores, whose coefficients are those of least squares.
    """
    drivers = _checked(items, outcome, constructs)
    columns = dict.fromkeys(item for names in constructs.values() for item in names)
    if cluster is not None:
        columns[cluster] = None
    used = items[list(columns)].dropna().reset_index(drop=True)
    if len(used) < 3:
        found = f"{len(used)} rows have every item, at least 3 expected"
        raise DataError(Problem(f"drivers of '{outcome}'", found, "Add rows, or use fewer items."))
    whole = used
    used, constructs = items_apart(whole, constructs)
    if cluster is not None:
        apart = free_name(cluster, [*used.columns, *constructs])
        used[apart] = whole[cluster]
        cluster = apart
    scores = pd.DataFrame({name: used[list(names)].mean(axis=1) for name, names in constructs.items()})
    path = f'"{outcome}" ~ ' + " + ".join(f'"{name}"' for name in drivers)
    several = {name: names for name, names in constructs.items() if len(names) > 1}
    single = {name: scores[name] for name in constructs if name not in several}
    measured = [
        f'"{name}" =~ ' + " + ".join(f'"{item}"' for item in names) for name, names in several.items()
    ]
    if cluster is not None:
        scores[cluster] = used[cluster]
    frames = []
    for kind, model, data in (
        ("observed", path, scores),
        ("latent", "\n".join([*measured, path]), used.assign(**single)),
    ):
        fit = sem.fit(model, data, estimator=estimator, cluster=cluster, fixed_x=False, level=level)
        frame = _version(fit, drivers, outcome, draws, seed, level)
        frame["term"] = drivers
        frame["kind"] = kind
        frame["caution"] = "; ".join(problem.found for problem in fit.problems)
        frames.append(frame)
    both = pd.concat(frames, ignore_index=True)
    both["n_obs"] = len(used)
    both["n_dropped"] = len(items) - len(used)
    both["order"] = [drivers.index(name) for name in both["term"]]
    both = both.sort_values(["order", "kind"], ascending=[True, False], kind="stable")
    return both[list(_COLUMNS)].reset_index(drop=True)


def _checked(items: pd.DataFrame, outcome: str, constructs: Mapping[str, Sequence[str]]) -> list[str]:
    """Drivers, or a refusal."""
    where = f"latent drivers of '{outcome}'"
    if outcome not in constructs:
        found = f"no construct '{outcome}'{closest(outcome, constructs)}"
        raise DataError(Problem(where, found, "Name the outcome as one of the constructs."))
    drivers = [name for name in constructs if name != outcome]
    if not 1 <= len(drivers) <= EXACT:
        found = f"{len(drivers)} constructs beside the outcome, 1 to {EXACT} expected"
        raise DataError(Problem(where, found, "Choose the constructs to compare."))
    empty = [name for name, names in constructs.items() if isinstance(names, str) or not len(names)]
    if empty:
        found = "no list of items for " + ", ".join(f"'{name}'" for name in empty)
        raise DataError(Problem(where, found, "List the items of every construct."))
    columns = [item for names in constructs.values() for item in names]
    twice = sorted({item for item in columns if columns.count(item) > 1})
    if twice:
        found = "items with two places: " + ", ".join(f"'{item}'" for item in twice)
        raise DataError(Problem(where, found, "Give every item to one construct."))
    absent = [item for item in columns if item not in items.columns]
    if absent:
        raise DataError(
            *(
                Problem(where, f"no column '{item}'{closest(item, map(str, items.columns))}", "Correct it.")
                for item in absent
            )
        )
    check_quotes([*constructs, *columns], where)
    return drivers


def _version(
    fit: SemFit, drivers: Sequence[str], outcome: str, draws: int, seed: int | None, level: float
) -> pd.DataFrame:
    """Coefficients and importance of one version."""
    table = fit.parameters
    rows = table[(table["op"] == "~") & (table["lhs"] == outcome)].set_index("rhs").loc[list(drivers)]
    estimate = rows["std_all"].to_numpy(dtype=float, copy=True)
    error = rows["std_all_error"].to_numpy(dtype=float, copy=True)
    half = critical_value(level) * error
    statistic = estimate / error
    names = [outcome, *drivers]
    correlation = _correlations(fit, fit.theta[None], names)
    rng = np.random.default_rng([0 if seed is None else seed, *b"latent_drivers"])
    drawn = np.empty((0, len(drivers)))
    if draws:
        theta = rng.multivariate_normal(fit.theta, fit.vcov, size=draws, method="eigh")
        drawn = parts(_correlations(fit, theta, names), "lmg")
    low, high = percentile_bounds(drawn, level)
    return pd.DataFrame(
        {
            "estimate": estimate,
            "conf_low": estimate - half,
            "conf_high": estimate + half,
            "std_error": error,
            "statistic": statistic,
            "p_value": two_sided_p_value(statistic, np.inf),
            "importance": parts(correlation, "lmg")[0],
            "importance_low": low,
            "importance_high": high,
            "r2": float(explained_shares(correlation)[0]),
            "undefined": "" if np.isfinite(low).all() else "no interval of importance without draws",
        }
    )


def _correlations(fit: SemFit, theta: Floats, names: Sequence[str]) -> Floats:
    """Implied correlations of variables, latent or not, at values (m, q): shape (m, len(names), ·).

    NaN where values imply no covariance matrix.
    """
    cov = implied_covariances(fit, theta, names)
    variances = np.einsum("mjj->mj", cov)
    sd = np.sqrt(np.where(variances > 0, variances, np.nan))
    corr = cov / (sd[:, :, None] * sd[:, None, :])
    known = np.flatnonzero(np.isfinite(corr).all(axis=(1, 2)))
    proper = known[np.linalg.eigvalsh(corr[known])[:, 0] > -_ROUNDING]
    answer = np.full_like(corr, np.nan)
    answer[proper] = corr[proper]
    return np.asarray(answer, dtype=np.float64)
