"""Penalty-reward contrast: whether poor service costs more satisfaction than excellent service earns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import fdtrc

from servicefx.engines.linear import Covariance, fit_ols
from servicefx.errors import DataError, IdentificationError, Problem
from servicefx.models.drivers.kano import kano_chances, kano_class
from servicefx.models.drivers.rows import DriverRows, driver_rows
from servicefx.values.estimates import Estimates, critical_value, two_sided_p_value

__all__ = ["Cuts", "fit_penalty_reward", "joint_asymmetry", "penalty_reward"]

Floats = NDArray[np.float64]
Cuts = float | Mapping[str, float]
_SINGULAR = 1e-9
_NO_INDEX = "no impact asymmetry, as penalty is not below or reward not above 0"


def penalty_reward(
    data: pd.DataFrame,
    outcome: str,
    drivers: Sequence[str],
    covariates: Sequence[str] = (),
    *,
    low: Cuts | None = None,
    high: Cuts | None = None,
    hybrid: float = 0.1,
    covariance: Covariance = "hc3",
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """What a low and a high standing of each driver go with, against the middle, and whether they balance.

    A basic factor costs when poor and earns little when excellent; an excitement factor the other way round;
    a performance factor does both alike (Kano). Answers H1, H2.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Numeric columns; rows with a gap in a column used are left out and counted.
    outcome : str
        Column explained.
    drivers : sequence of str
        Columns that are cut into low, middle, high; all in one regression.
    covariates : sequence of str
        Columns held, as they are.
    low, high : float or mapping of str to float, optional
        A driver is low at or below ``low``, high at or above ``high``, in its own points. By default the
        quartiles of each driver; the cuts used stand in the frame.
    hybrid : float
        Impact asymmetry between -hybrid and hybrid counts as performance; in (0, 1). A convention.
    covariance : {"classical", "hc1", "hc3", "cluster"}
        As `servicefx.engines.linear.fit_ols`; clusters given mean ``"cluster"``.
    clusters, weights : Series of length n, optional
        Row by row beside ``data``.
    level : float
        Of intervals.

    Returns
    -------
    DataFrame
        Three rows a driver: ``term, kind, estimate, conf_low, conf_high, std_error, statistic, df, p_value``
        with ``kind`` ``penalty`` (low less middle, points of the outcome), ``reward`` (high less middle),
        ``asymmetry`` (their sum: below 0 the penalty is the larger; its test uses their covariance).
        ``per_point, per_point_low, per_point_high, per_point_p_value`` are the same per point of the driver
        between the groups' means: there the test of asymmetry is one of a bend. Then, the same in all three
        rows: ``impact_asymmetry`` (per point, reward less size of the penalty, over their sum, in [-1, 1];
        NaN unless penalty < 0 < reward), ``kano`` (class of the estimates), ``chance_basic,
        chance_performance, chance_excitement, chance_reversed`` (share of the estimates' joint normal
        distribution in each class), ``cut_low, cut_high, distance_low, distance_high, n_low, n_middle,
        n_high, hybrid, covariance_kind, n_obs, n_dropped, undefined``.

    Raises
    ------
    DataError
        If a driver has nobody low, in the middle or high, a column bears the name of a contrast (such as
        ``"staff low"``), or as `fit_ols`.
    IdentificationError
        If dummies can be computed from each other (drivers low and high in the same rows).

    Notes
    -----
    With penalty p and reward r per point, impact asymmetry is (r + p) / (r - p). Classes stand on it, not on
    the plain contrast: where the low group lies further from the middle than the high one (skewed answers), a
    straight line has the larger penalty, and every driver would look basic. Cuts and distances are held fixed
    in the errors. A failed test of asymmetry does not make a factor symmetric: read the chances.

    References
    ----------
    Brandt (1987), in Surprenant, Add Value to Your Service, 61-65; Matzler & Sauerwein (2002), Int. J. Serv.
    Ind. Manag. 13, 314-332; Mikulić & Prebežac (2008), Manag. Serv. Qual. 18, 559-576 (impact asymmetry).

    Examples
    --------
    >>> answers = pd.DataFrame({"staff": [1, 2, 3, 4, 5] * 8, "noise": [0.1, -0.1] * 20})
    >>> answers["satisfaction"] = answers["staff"].clip(upper=3) + answers["noise"]
    >>> found = penalty_reward(answers, "satisfaction", ["staff"], low=2, high=4)
    >>> found["kano"].iloc[0]
    'basic'
    """
    if not 0 < hybrid < 1:
        raise DataError(Problem("hybrid", f"{hybrid} is not between 0 and 1", "Choose e.g. 0.1."))
    rows = driver_rows(data, outcome, drivers, covariates, weights=weights, clusters=clusters)
    cuts = {name: _cuts(rows, name, low, high) for name in rows.drivers}
    fit = _fitted(rows, cuts, covariance)
    return pd.concat(
        [_driver_frame(fit, rows, name, cuts[name], hybrid, level) for name in rows.drivers],
        ignore_index=True,
    )


def fit_penalty_reward(
    data: pd.DataFrame,
    outcome: str,
    drivers: Sequence[str],
    covariates: Sequence[str] = (),
    *,
    low: Cuts | None = None,
    high: Cuts | None = None,
    covariance: Covariance = "hc3",
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
) -> Estimates:
    """Regression behind `penalty_reward`: terms ``"staff low"``, ``"staff high"``, covariates, constant.

    Parameters, errors: as `penalty_reward`.
    """
    rows = driver_rows(data, outcome, drivers, covariates, weights=weights, clusters=clusters)
    return _fitted(rows, {name: _cuts(rows, name, low, high) for name in rows.drivers}, covariance)


def joint_asymmetry(
    fit: Estimates, drivers: Sequence[str], distances: Mapping[str, tuple[float, float]] | None = None
) -> pd.DataFrame:
    """Wald test that penalty and reward balance for all drivers together.

    Parameters
    ----------
    fit : Estimates
        Of `fit_penalty_reward`.
    drivers : sequence of str
        Those of the fit, or some of them.
    distances : mapping of str to (float, float), optional
        ``distance_low, distance_high`` of `penalty_reward`: with them the balance is per point of the driver,
        which is a test of a bend; without, in points of the outcome.

    Returns
    -------
    DataFrame
        One row: ``hypothesis, statistic, df, df_residual, p_value, n_obs``; ``statistic`` is F with ``df``
        and ``df_residual`` degrees of freedom.

    Raises
    ------
    IdentificationError
        If there are too few clusters for so many drivers at once.
    """
    contrast = np.zeros((len(drivers), len(fit.terms)))
    for row, name in enumerate(drivers):
        for side, distance in zip(
            ("low", "high"), (1.0, 1.0) if distances is None else distances[name], strict=True
        ):
            contrast[row, fit.terms.index(f"{name} {side}")] = 1.0 / distance
    sums = contrast @ fit.coefficients
    spread = contrast @ fit.covariance @ contrast.T
    scale = np.sqrt(np.diag(spread))
    rank = int(np.linalg.matrix_rank(spread / np.outer(scale, scale), tol=_SINGULAR)) if scale.all() else 0
    if rank < len(drivers):
        found = f"the errors of {len(drivers)} sums have only {rank} directions, so there is no joint test"
        remedy = "Test fewer drivers at once, or use more clusters."
        raise IdentificationError(Problem("balance of penalty and reward", found, remedy))
    wald = float(sums @ np.linalg.solve(spread, sums)) / len(drivers)
    return pd.DataFrame(
        {
            "hypothesis": ["penalty and reward balance for every driver"],
            "statistic": [wald],
            "df": [len(drivers)],
            "df_residual": [fit.df],
            "p_value": [float(fdtrc(len(drivers), fit.df, wald))],
            "n_obs": [fit.n_obs],
        }
    )


def _cuts(rows: DriverRows, name: str, low: Cuts | None, high: Cuts | None) -> tuple[float, float]:
    """Where a driver counts as low and as high; refused where a group is empty."""
    values, shares = rows.frame[name].to_numpy(dtype=float, copy=True), rows.shares
    found = []
    for cut, share in ((low, 0.25), (high, 0.75)):
        given = cut.get(name) if isinstance(cut, Mapping) else cut
        found.append(_quantile(values, shares, share) if given is None else float(given))
    where = f"penalty and reward of '{name}'"
    if not found[0] < found[1]:
        said = f"it is low up to {found[0]:g} and high from {found[1]:g}, which leaves no middle"
        raise DataError(Problem(where, said, "State low= and high= in points of the driver."))
    counts = {
        "at or below": (f"{found[0]:g}", int((values <= found[0]).sum())),
        "at or above": (f"{found[1]:g}", int((values >= found[1]).sum())),
        "between": (
            f"{found[0]:g} and {found[1]:g}",
            int(((values > found[0]) & (values < found[1])).sum()),
        ),
    }
    for place, (text, count) in counts.items():
        if not count:
            said = f"nobody stands {place} {text}"
            raise DataError(Problem(where, said, "State low= and high= in points of the driver."))
    return found[0], found[1]


def _quantile(values: Floats, shares: Floats, share: float) -> float:
    """Smallest value with at least this share of the weight at or below it."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(shares[order])
    return float(values[order][min(int(np.searchsorted(reached, share - 1e-12)), len(values) - 1)])


def _fitted(rows: DriverRows, cuts: Mapping[str, tuple[float, float]], covariance: Covariance) -> Estimates:
    design = rows.frame[[rows.outcome]].copy()
    contrasts = [f"{name} {side}" for name in rows.drivers for side in ("low", "high")]
    taken = [name for name in (rows.outcome, *rows.covariates) if name in contrasts]
    if taken:
        found = "these columns bear the name of a contrast: " + ", ".join(f"'{name}'" for name in taken)
        raise DataError(Problem(f"penalty and reward for '{rows.outcome}'", found, "Rename them."))
    for name in rows.drivers:
        design[f"{name} low"] = (rows.frame[name] <= cuts[name][0]).astype(float)
        design[f"{name} high"] = (rows.frame[name] >= cuts[name][1]).astype(float)
    terms = [str(column) for column in design.columns[1:]]
    for name in rows.covariates:
        design[name] = rows.frame[name]
    return fit_ols(
        design,
        rows.outcome,
        [*terms, *rows.covariates],
        covariance=covariance if rows.clusters is None else "cluster",
        clusters=rows.clusters,
        weights=rows.weights,
    )


def _driver_frame(
    fit: Estimates, rows: DriverRows, name: str, cuts: tuple[float, float], hybrid: float, level: float
) -> pd.DataFrame:
    at = [fit.terms.index(f"{name} low"), fit.terms.index(f"{name} high")]
    both = fit.coefficients[at]
    covariance = fit.covariance[np.ix_(at, at)]
    contrasts = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    estimate = contrasts @ both
    error = np.sqrt(np.einsum("ij,jk,ik->i", contrasts, covariance, contrasts))
    statistic = np.divide(estimate, error, out=np.full(3, np.nan), where=error > 0)
    half = critical_value(level, fit.df) * error
    values, shares = rows.frame[name].to_numpy(dtype=float, copy=True), rows.shares
    low, high = values <= cuts[0], values >= cuts[1]
    groups = (low, ~low & ~high, high)
    means = [float(shares[group] @ values[group] / shares[group].sum()) for group in groups]
    distance = np.array([means[1] - means[0], means[2] - means[1]])
    by_point = contrasts / distance
    point = by_point @ both
    point_error = np.sqrt(np.einsum("ij,jk,ik->i", by_point, covariance, by_point))
    point_half = critical_value(level, fit.df) * point_error
    penalty, reward = float(point[0]), float(point[1])
    known = penalty < 0 < reward
    chances = kano_chances(penalty, reward, covariance / np.outer(distance, distance), hybrid)
    return pd.DataFrame(
        {
            "term": name,
            "kind": ["penalty", "reward", "asymmetry"],
            "estimate": estimate,
            "conf_low": estimate - half,
            "conf_high": estimate + half,
            "std_error": error,
            "statistic": statistic,
            "df": fit.df,
            "p_value": two_sided_p_value(statistic, fit.df),
            "per_point": point,
            "per_point_low": point - point_half,
            "per_point_high": point + point_half,
            "per_point_p_value": two_sided_p_value(
                np.divide(point, point_error, out=np.full(3, np.nan), where=point_error > 0), fit.df
            ),
            "impact_asymmetry": (reward + penalty) / (reward - penalty) if known else np.nan,
            "kano": kano_class(penalty, reward, hybrid),
            **{f"chance_{kind}": chance for kind, chance in chances.items()},
            "cut_low": cuts[0],
            "cut_high": cuts[1],
            "distance_low": distance[0],
            "distance_high": distance[1],
            "n_low": int(groups[0].sum()),
            "n_middle": int(groups[1].sum()),
            "n_high": int(groups[2].sum()),
            "hybrid": hybrid,
            "covariance_kind": fit.covariance_kind,
            "n_obs": fit.n_obs,
            "n_dropped": rows.n_dropped,
            "undefined": "" if known else _NO_INDEX,
        }
    )
