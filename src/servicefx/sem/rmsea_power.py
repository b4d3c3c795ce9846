"""Power of the tests of fit, with misfit stated as RMSEA."""

from __future__ import annotations

from collections.abc import Callable

from servicefx.errors import Problem, StudyError
from servicefx.sem.reading.noncentral import noncentral_above, noncentral_below, noncentral_quantile

__all__ = ["nested_rmsea_power", "nested_rmsea_sample_size", "rmsea_power", "rmsea_sample_size"]

_MOST_ROWS = 10_000_000
"""Beyond it no sample is looked for."""


def rmsea_power(
    df: int,
    n_obs: int,
    *,
    rmsea_null: float = 0.05,
    rmsea_alternative: float = 0.08,
    alpha: float = 0.05,
    n_groups: int = 1,
) -> float:
    """Probability that a test of fit rejects, if the model is off by a given RMSEA.

    Parameters
    ----------
    df : int
        Degrees of freedom of the model.
    n_obs : int
        Rows of all groups.
    rmsea_null, rmsea_alternative : float
        RMSEA under the hypothesis and in truth. An alternative above the null tests close fit (.05 against
        .08), or exact fit (0 against .05); one below tests not-close fit (.05 against .01).
    alpha : float
        Size of the test.
    n_groups : int
        Groups.

    Returns
    -------
    float
        In [0, 1]; ``alpha`` if the two RMSEA are the same.

    Raises
    ------
    StudyError
        If a number is out of its range.

    Notes
    -----
    The statistic is noncentral chi-square with noncentrality (n - 1) df RMSEA^2 / G, under the null and under
    the alternative: n - 1 as in the paper and its tables, where the RMSEA of a fit uses n.

    References
    ----------
    MacCallum, Browne & Sugawara (1996), Psychol. Methods 1, 130-149, eq. 6-8. Steiger (1998), Struct. Equ.
    Modeling 5, 411-419, for groups.

    Examples
    --------
    >>> round(rmsea_power(5, 100), 3), round(rmsea_power(100, 200), 3)
    (0.127, 0.955)
    """
    _check(alpha=alpha, df=df, n_obs=n_obs, n_groups=n_groups, rmsea=(rmsea_null, rmsea_alternative))
    unit = (n_obs - 1) * df / n_groups
    return _power(df, unit * rmsea_null**2, unit * rmsea_alternative**2, alpha)


def rmsea_sample_size(
    df: int,
    *,
    power: float = 0.8,
    rmsea_null: float = 0.05,
    rmsea_alternative: float = 0.08,
    alpha: float = 0.05,
    n_groups: int = 1,
) -> int:
    """Fewest rows with which a test of fit has a given power.

    Parameters
    ----------
    df : int
        Degrees of freedom of the model.
    power : float
        Wanted probability of rejecting, above ``alpha`` and below 1.
    rmsea_null, rmsea_alternative, alpha, n_groups
        As in `rmsea_power`.

    Returns
    -------
    int
        Rows of all groups.

    Raises
    ------
    StudyError
        If a number is out of its range, the two RMSEA are the same, or ten million rows are too few.

    References
    ----------
    MacCallum, Browne & Sugawara (1996), Psychol. Methods 1, 130-149, table 4.

    Examples
    --------
    >>> rmsea_sample_size(100)
    132
    """
    _check(alpha=alpha, df=df, n_groups=n_groups, rmsea=(rmsea_null, rmsea_alternative))
    unit = df / n_groups
    effects = (unit * rmsea_null**2, unit * rmsea_alternative**2)
    return _fewest(lambda n: _power(df, (n - 1) * effects[0], (n - 1) * effects[1], alpha), power, alpha)


def nested_rmsea_power(
    df_nested: int,
    df_general: int,
    n_obs: int,
    *,
    rmsea_alternative: tuple[float, float] = (0.06, 0.05),
    rmsea_null: tuple[float, float] = (0.0, 0.0),
    alpha: float = 0.05,
    n_groups: int = 1,
) -> float:
    """Probability that a chi-square difference test rejects the restrictions of a nested model.

    Parameters
    ----------
    df_nested, df_general : int
        Degrees of freedom with and without the restrictions.
    n_obs : int
        Rows of all groups.
    rmsea_alternative : tuple of float
        RMSEA of the nested and of the general model, in truth.
    rmsea_null : tuple of float
        The same under the hypothesis; (0, 0): no difference, else a small one.
    alpha : float
        Size of the test.
    n_groups : int
        Groups.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    StudyError
        If a number is out of its range, or a pair of RMSEA makes the nested model fit better.

    Notes
    -----
    The difference is noncentral chi-square on df_A - df_B degrees of freedom with noncentrality
    (n - 1) (df_A RMSEA_A^2 - df_B RMSEA_B^2) / G.

    References
    ----------
    MacCallum, Browne & Cai (2006), Psychol. Methods 11, 19-35, eq. 8-10.

    Examples
    --------
    >>> round(nested_rmsea_power(22, 20, 500), 3)
    0.938
    """
    _check(alpha=alpha, df=df_general, n_obs=n_obs, n_groups=n_groups)
    effects = [_difference(df_nested, df_general, pair, n_groups) for pair in (rmsea_null, rmsea_alternative)]
    return _power(df_nested - df_general, (n_obs - 1) * effects[0], (n_obs - 1) * effects[1], alpha)


def nested_rmsea_sample_size(
    df_nested: int,
    df_general: int,
    *,
    power: float = 0.8,
    rmsea_alternative: tuple[float, float] = (0.06, 0.05),
    rmsea_null: tuple[float, float] = (0.0, 0.0),
    alpha: float = 0.05,
    n_groups: int = 1,
) -> int:
    """Fewest rows with which a chi-square difference test has a given power; as `nested_rmsea_power`.

    Examples
    --------
    >>> nested_rmsea_sample_size(22, 20)
    331
    """
    _check(alpha=alpha, df=df_general, n_groups=n_groups)
    null, truth = (
        _difference(df_nested, df_general, pair, n_groups) for pair in (rmsea_null, rmsea_alternative)
    )
    df = df_nested - df_general
    return _fewest(lambda n: _power(df, (n - 1) * null, (n - 1) * truth, alpha), power, alpha)


def _power(df: int, null: float, truth: float, alpha: float) -> float:
    """Power of the one-sided test of one noncentrality against another."""
    if truth == null:
        return alpha
    if truth > null:
        return noncentral_above(noncentral_quantile(1 - alpha, df, null), df, truth)
    return noncentral_below(noncentral_quantile(alpha, df, null), df, truth)


def _difference(df_nested: int, df_general: int, rmsea: tuple[float, float], n_groups: int) -> float:
    """Noncentrality of the difference for each row beyond the first."""
    _check(rmsea=rmsea)
    if df_nested <= df_general:
        found = f"{df_nested} degrees of freedom, more than the {df_general} of the general model expected"
        raise StudyError(Problem("df_nested", found, "Name the model with restrictions first."))
    effect = (df_nested * rmsea[0] ** 2 - df_general * rmsea[1] ** 2) / n_groups
    if effect < 0:
        found = f"{rmsea} make the nested model fit better than the general one, which it cannot"
        raise StudyError(Problem("rmsea", found, "Raise the first RMSEA, or lower the second."))
    return effect


def _fewest(power_at: Callable[[int], float], power: float, alpha: float) -> int:
    """The smallest n with the power, which grows with n."""
    if not alpha < power < 1:
        found = f"is {power}, a number above {alpha} (the size of the test) and below 1 expected"
        raise StudyError(Problem("power", found, "Give a power between the two."))
    low, high = 1, 2
    while power_at(high) < power:
        low, high = high, 2 * high
        if low > _MOST_ROWS:
            found = f"{_MOST_ROWS:,} rows do not reach a power of {power}"
            raise StudyError(Problem("rmsea", found, "Put the two hypotheses further apart."))
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power_at(middle) >= power else (middle, high)
    return high


def _check(
    *,
    alpha: float = 0.05,
    df: int = 1,
    n_obs: int = 2,
    n_groups: int = 1,
    rmsea: tuple[float, ...] = (),
) -> None:
    """Refuse numbers out of their range, all at once."""
    wrong = []
    if not 0 < alpha < 1:
        wrong.append(
            ("alpha", f"is {alpha}, a number between 0 and 1 expected", "Give the size of the test.")
        )
    if df < 1:
        wrong.append(("df", f"is {df}, at least 1 expected", "Give a model that can be tested."))
    if n_groups < 1:
        wrong.append(("n_groups", f"is {n_groups}, at least 1 expected", "Count the groups."))
    if n_obs < 2:
        wrong.append(("n_obs", f"is {n_obs}, at least 2 expected", "Count the rows of all groups."))
    if any(not 0 <= value < float("inf") for value in rmsea):
        wrong.append(("rmsea", f"{rmsea} given, numbers from 0 expected", "Give an RMSEA such as 0.05."))
    if wrong:
        raise StudyError(*(Problem(*each) for each in wrong))
