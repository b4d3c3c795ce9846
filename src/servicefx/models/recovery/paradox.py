"""The recovery paradox: complainers handled well against customers whom no failure hit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem
from servicefx.models.recovery.complainers import least_squares
from servicefx.models.recovery.complaints import Complaints, RecoveryRows
from servicefx.values.estimates import Estimates, critical_value

__all__ = ["Reach", "RecoveryParadox", "ratio_interval", "recovery_paradox"]

Floats = NDArray[np.float64]
BANDS = ("poor", "fair", "excellent")
_FEWEST = 10
"""Complainers a band needs: with fewer its mean is that of a handful."""

_GRID = 49


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How well a complaint must be handled to bring a customer back to the level of no failure.

    Attributes
    ----------
    estimate : float
        Points of the handling scale; NaN where better handling goes with nothing.
    conf_low, conf_high : float
        Fieller interval; infinite where the slope may be zero, so that nothing bounds it.
    within : bool
        Whether the estimate lies on the scale.
    undefined : str
        Why there is no estimate; empty where there is one.
    """

    estimate: float
    conf_low: float
    conf_high: float
    within: bool
    undefined: str


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RecoveryParadox:
    """Complainers by how well they were handled, against customers whom no failure hit.

    Attributes
    ----------
    bands : DataFrame
        ``customers, n_obs, mean, difference, estimate, std_error, conf_low, conf_high, p_value,
        undefined``: one row a band of handling (poor, fair, excellent) after that of the customers
        without a failure; ``difference`` as it stands, ``estimate`` with the covariates held.
    curve : DataFrame
        ``score, estimate, conf_low, conf_high``: the difference along the handling scale, on a straight line.
    reach : Reach
        Handling at which the line crosses zero.
    verdict : str
        ``"supported"`` where excellently handled complainers stand above, ``"contradicted"`` below,
        ``"undecided"`` where the interval holds zero or there are too few of them.
    cut, middle : float
        Handling from which it counts as excellent, and below which as poor.
    estimates : Estimates
        The straight line: complainer (at ``middle``), handling, covariates.
    n_aside : int
        Complainers without a recorded failure, who belong to neither side.
    """

    bands: pd.DataFrame
    curve: pd.DataFrame
    reach: Reach
    verdict: str
    cut: float
    middle: float
    estimates: Estimates
    n_aside: int


def recovery_paradox(
    complaints: Complaints,
    outcome: str,
    covariates: Sequence[str] = (),
    *,
    scale: tuple[float, float],
    cut: float | None = None,
    level: float = 0.95,
) -> RecoveryParadox:
    """Compare complainers with customers whom no failure hit and who did not complain. Answers H9.

    Parameters
    ----------
    complaints : Complaints
        Where no failure is recorded, the comparison is with everybody who did not complain.
    outcome : str
        Column compared.
    covariates : sequence of str
        Columns held, so that unlike customers are not compared.
    scale : (float, float)
        Lowest and highest answer to the handling items.
    cut : float, optional
        Handling from which it counts as excellent; by default a sixth of the scale below its end (6 on a
        scale from 1 to 7). Below the scale's middle it counts as poor.
    level : float

    Returns
    -------
    RecoveryParadox

    Raises
    ------
    DataError
        If the cut is not within the upper half of the scale, or nobody is there to compare with.
    IdentificationError
        As `servicefx.engines.linear.fit_ols`.

    References
    ----------
    Smith & Bolton (1998), J. Service Research 1, 65-81 (paradox); de Matos, Henrique & Rossi (2007), J.
    Service Research 10, 60-77; Fieller (1954), J. R. Stat. Soc. B 16, 175-185 (interval of a ratio).
    """
    where = f"recovery paradox of '{outcome}'"
    middle = (scale[0] + scale[1]) / 2
    cut = scale[1] - (scale[1] - scale[0]) / 6 if cut is None else cut
    if not middle < cut <= scale[1]:
        found = f"excellent handling from {cut:g}, expected above {middle:g} and up to {scale[1]:g}"
        raise DataError(Problem(where, found, "Choose a cut in the upper half of the scale."))
    did, failed = complaints.complained, complaints.failed
    spared = ~did & ~failed if complaints.failure is not None else ~did
    recovered = did & failed & complaints.frame[complaints.handling].notna().to_numpy()
    if not spared.any():
        found = "there is nobody without a failure and without a complaint"
        raise DataError(Problem(where, found, "Record whom no failure hit."))
    rows = complaints.rows(spared | recovered, [outcome, *covariates], where)
    score = complaints.frame[complaints.handling].to_numpy(dtype=float)
    kept = (spared | recovered) & complaints.frame[[outcome, *covariates]].notna().all(axis=1).to_numpy()
    handled = score[kept]
    bands = _bands(rows, handled, outcome, covariates, (middle, cut), complaints.handling, level)
    line = _line(rows, handled, outcome, covariates, middle, (complaints.complaint, complaints.handling))
    excellent = bands.set_index("customers").loc["excellent"]
    verdict = "undecided"
    if not excellent["undefined"]:
        verdict = "supported" if excellent["conf_low"] > 0 else verdict
        verdict = "contradicted" if excellent["conf_high"] < 0 else verdict
    return RecoveryParadox(
        bands=bands,
        curve=_curve(line, middle, scale, level),
        reach=_reach(line, middle, scale, level),
        verdict=verdict,
        cut=cut,
        middle=middle,
        estimates=line,
        n_aside=int((did & ~failed).sum()),
    )


def _bands(
    rows: RecoveryRows,
    handled: Floats,
    outcome: str,
    covariates: Sequence[str],
    cuts: tuple[float, float],
    handling: str,
    level: float,
) -> pd.DataFrame:
    """Means and differences to customers without a failure, one row a group."""
    middle, cut = cuts
    masks = (handled < middle, (handled >= middle) & (handled < cut), handled >= cut)
    inside = dict(zip(BANDS, masks, strict=True))
    few = {name: int(here.sum()) for name, here in inside.items() if here.sum() < _FEWEST}
    used = np.isnan(handled)
    for name, here in inside.items():
        if name not in few:
            used |= here
    marks = {
        f"{handling}: {name}": here[used].astype(float) for name, here in inside.items() if name not in few
    }
    frame = rows.frame[used].reset_index(drop=True).assign(**marks)
    clusters, weights = (
        None if series is None else series[used].reset_index(drop=True)
        for series in (rows.clusters, rows.weights)
    )
    fewer = replace(rows, frame=frame, clusters=clusters, weights=weights)
    tables = {}
    if marks:
        for kind, held in (("difference", []), ("estimate", list(covariates))):
            fit = least_squares(fewer, outcome, [*marks, *held])
            tables[kind] = fit.table(level=level).set_index("term")
    shares = None if rows.weights is None else rows.weights.to_numpy(dtype=float)
    values = rows.frame[outcome].to_numpy(dtype=float)

    def mean(here: NDArray[np.bool_]) -> float:
        if not here.any():
            return float("nan")
        return float(np.average(values[here], weights=None if shares is None else shares[here]))

    spared = np.isnan(handled)
    found: list[dict[str, object]] = [
        {"customers": "no_failure", "n_obs": int(spared.sum()), "mean": mean(spared),
         "undefined": "the others are compared with this group"}
    ]  # fmt: skip
    for name, here in inside.items():
        row: dict[str, object] = {
            "customers": name,
            "n_obs": int(here.sum()),
            "mean": mean(here),
            "undefined": "",
        }
        if name in few:
            row["undefined"] = f"{few[name]} complainers, at least {_FEWEST} expected"
        else:
            adjusted = tables["estimate"].loc[f"{handling}: {name}"].to_dict()
            row["difference"] = tables["difference"].loc[f"{handling}: {name}"].to_dict()["estimate"]
            row |= {
                key: adjusted[key] for key in ("estimate", "std_error", "conf_low", "conf_high", "p_value")
            }
        found.append(row)
    columns = [
        "customers", "n_obs", "mean", "difference", "estimate", "std_error", "conf_low", "conf_high",
        "p_value", "undefined",
    ]  # fmt: skip
    frame = pd.DataFrame(found, columns=columns)
    numbers = columns[2:-1]
    return frame.assign(**{name: frame[name].astype(float) for name in numbers})


def _line(
    rows: RecoveryRows,
    handled: Floats,
    outcome: str,
    covariates: Sequence[str],
    middle: float,
    names: tuple[str, str],
) -> Estimates:
    """Complainers' difference at the scale's middle, and its change per point of handling."""
    complained = ~np.isnan(handled)
    columns = {names[0]: complained.astype(float), names[1]: np.where(complained, handled - middle, 0.0)}
    frame = rows.frame.assign(**columns)
    fit = least_squares(replace(rows, frame=frame), outcome, [*names, *covariates])
    return replace(fit, dropped=rows.dropped)


def _curve(line: Estimates, middle: float, scale: tuple[float, float], level: float) -> pd.DataFrame:
    x = np.linspace(scale[0], scale[1], _GRID)
    gradient = np.column_stack([np.ones_like(x), x - middle])
    estimate = gradient @ line.coefficients[:2]
    variance = np.einsum("ij,jk,ik->i", gradient, line.covariance[:2, :2], gradient)
    half = critical_value(level, line.df) * np.sqrt(variance)
    return pd.DataFrame(
        {"score": x, "estimate": estimate, "conf_low": estimate - half, "conf_high": estimate + half}
    )


def _reach(line: Estimates, middle: float, scale: tuple[float, float], level: float) -> Reach:
    """Handling at which the line crosses zero."""
    apart, slope = (float(value) for value in line.coefficients[:2])
    if slope <= 0:
        why = f"better handled complainers do not stand higher (slope {slope:.2f})"
        return Reach(estimate=np.nan, conf_low=-np.inf, conf_high=np.inf, within=False, undefined=why)
    turned = np.array([[1.0, -1.0], [-1.0, 1.0]])
    low, high = ratio_interval(
        -apart, slope, line.covariance[:2, :2] * turned, critical_value(level, line.df)
    )
    estimate = middle - apart / slope
    return Reach(
        estimate=estimate,
        conf_low=middle + low,
        conf_high=middle + high,
        within=scale[0] <= estimate <= scale[1],
        undefined="",
    )


def ratio_interval(
    numerator: float, denominator: float, covariance: Floats, critical: float
) -> tuple[float, float]:
    """Fieller's interval of a ratio of two estimates.

    Parameters
    ----------
    numerator, denominator : float
    covariance : ndarray, shape (2, 2)
        Of the two.
    critical : float
        Critical value of Student's t or the normal.

    Returns
    -------
    tuple of float
        Ends; infinite where the denominator may be zero at this level, so that nothing bounds the ratio.

    Examples
    --------
    >>> [round(end, 3) for end in ratio_interval(2.0, 1.0, np.array([[0.04, 0.0], [0.0, 0.01]]), 1.96)]
    [1.509, 2.651]
    """
    squared = critical**2
    a = denominator**2 - squared * covariance[1, 1]
    b = numerator * denominator - squared * covariance[0, 1]
    c = numerator**2 - squared * covariance[0, 0]
    if a <= 0:
        return -np.inf, np.inf
    root = float(np.sqrt(max(b**2 - a * c, 0.0)))
    return float((b - root) / a), float((b + root) / a)
