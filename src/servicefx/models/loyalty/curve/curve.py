"""The satisfaction-loyalty curve: which form it has, how steep it is where, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import Problem, StudyError
from servicefx.models.frame_draws import check_paired, given_or_drawn, labels_of_all
from servicefx.models.loyalty.curve.bends import bend_row, zone_row
from servicefx.models.loyalty.curve.folds import corrected_difference, fold_losses, verdicts
from servicefx.models.loyalty.curve.forms import Form, FormFit, fit_form, forms_of
from servicefx.models.loyalty.curve.places import CurveRows, Tallies, curve_rows
from servicefx.models.loyalty.curve.shapes import FIXED_ZONES, FREE_ZONES, S_FREE, STRAIGHT, WIDEST
from servicefx.models.loyalty.curve.zones import knot_frame, zone_slopes
from servicefx.values.effect import Effect
from servicefx.values.estimates import FEW_CLUSTERS

__all__ = ["CurveFit", "fit_curve"]

Floats = NDArray[np.float64]
_POINTS = 61
_FEWEST_DRAWS = 50
_FORM_COLUMNS = [
    "model", "n_parameters", "logl", "aic", "bic", "delta_aic", "delta_bic", "rmse", "log_loss",
    "loss_change", "conf_low", "conf_high", "choice", "undefined",
]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CurveFit:
    """An outcome as a curve over one score, nothing else held.

    Attributes
    ----------
    outcome, term : str
        Columns.
    binary : bool
        Whether the outcome holds 0 and 1: lines then run in log odds.
    forms : DataFrame
        ``model, n_parameters, logl, aic, bic, delta_aic, delta_bic, rmse, log_loss, loss_change, conf_low,
        conf_high, choice, undefined``: information criteria in the sample (``n_parameters`` counts the error
        variance); root mean squared error and minus the mean log likelihood on rows not learnt from;
        ``loss_change`` the latter less the straight line's, per 1,000 rows, with its interval: below 0 is
        better.
    chosen : str
        The simplest form that the best one does not surely beat out of sample.
    zones : DataFrame
        ``model, zone, low, high, estimate, std_error, conf_low, conf_high, unit, n_obs, undefined``.
    knots : DataFrame
        ``model, term, estimate, std_error, conf_low, conf_high, undefined``: the estimated zones' ends.
    tests : DataFrame
        ``rule, sup_f, df, df_residual, p_value, n_draws, undefined``.
    curve : DataFrame
        ``series, x, estimate, conf_low, conf_high``: the form chosen and the straight line.
    slopes : mapping of str to Effect
        Zone -> its slope, of the given zones where there are any, else of those estimated.
    folds, repeats : int
        Of the comparison out of sample.
    n_obs, n_clusters : int
        Rows used; clusters among them (0 where none are declared).
    dropped : mapping of str to int
        Rows not used, by reason.
    cautions : tuple of str
        What the reader should know.
    """

    outcome: str
    term: str
    binary: bool
    forms: pd.DataFrame
    chosen: str
    zones: pd.DataFrame
    knots: pd.DataFrame
    tests: pd.DataFrame
    curve: pd.DataFrame
    slopes: Mapping[str, Effect]
    folds: int
    repeats: int
    n_obs: int
    n_clusters: int
    dropped: Mapping[str, int]
    cautions: tuple[str, ...]


def fit_curve(
    data: pd.DataFrame,
    outcome: str,
    term: str = "satisfaction",
    *,
    scale: tuple[float, float] | None = None,
    zones: tuple[float, float] | None = None,
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
    folds: int = 10,
    repeats: int = 10,
    draws: int = 1000,
    seed: int = 0,
    data_id: str = "data",
    counts: NDArray[np.float32] | None = None,
    source: str | None = None,
    unit: str | None = None,
    level: float = 0.95,
) -> CurveFit:
    """Loyalty, or the chance to buy again, as a curve over satisfaction. Answers H4.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Rows with a gap in a column used are left out and counted.
    outcome : str
        A score, by least squares; or 0 and 1, by maximum likelihood.
    term : str
        Score along which the curve runs.
    scale : (float, float), optional
        Lowest and highest answer of the outcome's scale, for the S between them.
    zones : (float, float), optional
        Ends of the zone of indifference, said beforehand: a third and two thirds of the term's scale, say.
    clusters : Series, length n, optional
        Dependence group of every row: resampled, and held out, as wholes.
    weights : Series, length n, optional
        Survey weights > 0.
    folds, repeats : int
        Of the comparison out of sample.
    draws, seed, data_id, counts, source
        As `servicefx.models.loyalty.answers.fit_answers`.
    unit : str, optional
        Of a slope, ``"points per point"``.
    level : float
        Of all intervals.

    Returns
    -------
    CurveFit

    Raises
    ------
    StudyError
        If zones do not rise, or there are too few folds or draws.
    DataError
        If columns are absent or constant, or rows or values of the term too few.

    Notes
    -----
    Forms: straight line, quadratic, cubic, S between the scale's ends, S between ends of its own, three
    straight pieces between given knots and between estimated ones. Of a 0/1 outcome the lines and pieces run
    in log odds, so that the straight line is the S from 0 to 1. A curve over a score with measurement error
    looks straighter than the one behind it. Estimated knots are found by a lattice and steps from its best
    place; tests of equal slopes are made for given zones only, as knots chosen by the same data make them
    too generous: "no bend anywhere" allows for the search.

    References
    ----------
    Jones & Sasser (1995), Harvard Business Review 73(6), 88-99 (zones); Anderson & Mittal (2000), J. Service
    Research 3, 107-120 (curves); Nadeau & Bengio (2003), Machine Learning 52, 239-281.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> satisfaction = rng.integers(4, 29, 800) / 4
    >>> loyalty = 2 + 2 * np.maximum(satisfaction - 5, 0) + rng.normal(0, 0.5, 800)
    >>> table = pd.DataFrame({"loyalty": loyalty, "satisfaction": satisfaction})
    >>> fit = fit_curve(table, "loyalty", zones=(3, 5), draws=50, repeats=2)
    >>> fit.chosen
    'three zones, given'
    """
    where = f"curve of '{outcome}' over '{term}'"
    if zones is not None and not (np.isfinite(zones).all() and zones[0] < zones[1]):
        raise StudyError(
            Problem(where, f"zones {zones[0]:g} to {zones[1]:g} do not rise", "Give the lower first.")
        )
    if folds < 2 or repeats < 1 or (counts is None and draws < _FEWEST_DRAWS):
        found = f"{folds} folds, {repeats} repetitions, {draws} draws"
        remedy = f"Give at least 2 folds, 1 repetition and {_FEWEST_DRAWS} draws."
        raise StudyError(Problem(where, found, remedy))
    check_paired(counts, source)
    rows = curve_rows(data, outcome, term, clusters, weights)
    counts, source = given_or_drawn(
        len(data), counts, source, draws=draws, seed=seed, data_id=data_id, clusters=clusters,
        labels=labels_of_all(clusters),
    )  # fmt: skip
    everybody, drawn = rows.tallies(np.ones((1, len(rows.y)))), rows.tallies(counts[:, rows.kept])
    forms = {form.name: form for form in forms_of(rows, zones, scale)}
    straight = fit_form(forms[STRAIGHT], everybody, binary=rows.binary)
    held = [form for form in forms.values() if form.shape is not None]
    sample = {form.name: fit_form(form, everybody, binary=rows.binary, straight=straight) for form in held}
    losses = fold_losses(rows, held, sample, folds, repeats, seed)
    parameters = {form.name: form.shape.n_parameters for form in held if form.shape is not None}
    chosen, choice = verdicts(losses, parameters, level)
    again = _resampled(forms, sample, drawn, {chosen, FIXED_ZONES, FREE_ZONES}, binary=rows.binary)
    unit = "share per point" if rows.binary else unit or f"units of '{outcome}' per unit of '{term}'"
    given, free = (
        zone_slopes(rows, forms[name], sample.get(name), again.get(name), str(source), unit, level)
        for name in (FIXED_ZONES, FREE_ZONES)
    )
    names = given.rows["zone"]
    tests = [
        zone_row(rows, forms[FIXED_ZONES], sample.get(FIXED_ZONES), everybody),
        bend_row(rows, forms[FREE_ZONES].lattice, straight, everybody, max(len(counts), 99), seed),
    ]
    compared = _compared(rows, forms, sample)
    compared["rmse"] = [_mean_of(losses.squared, name, root=True) for name in compared["model"]]
    compared["log_loss"] = [_mean_of(losses.log_loss, name) for name in compared["model"]]
    line = losses.log_loss[STRAIGHT]
    changes = [
        corrected_difference(1000 * losses.log_loss[name], 1000 * line, losses.ratio, level)
        if name in losses.log_loss and name != STRAIGHT
        else (0.0 if name == STRAIGHT else np.nan, np.nan, np.nan)
        for name in compared["model"]
    ]
    compared[["loss_change", "conf_low", "conf_high"]] = np.array(changes)
    compared["choice"] = [choice.get(name, "") for name in compared["model"]]
    return CurveFit(
        outcome=outcome,
        term=term,
        binary=rows.binary,
        forms=compared[_FORM_COLUMNS],
        chosen=chosen,
        zones=pd.concat([given.rows, free.rows], ignore_index=True),
        knots=knot_frame(forms[FREE_ZONES], sample.get(FREE_ZONES), again.get(FREE_ZONES), level),
        tests=pd.DataFrame(tests),
        curve=_curve(rows, [name for name in dict.fromkeys((chosen, STRAIGHT))], sample, again, level),
        slopes=dict(zip(names, given.effects or free.effects, strict=False)),
        folds=losses.n_folds,
        repeats=repeats,
        n_obs=len(rows.y),
        n_clusters=0 if rows.clusters is None else int(rows.clusters.max()) + 1,
        dropped=rows.dropped,
        cautions=_cautions(rows, sample),
    )


def _resampled(
    forms: Mapping[str, Form],
    sample: Mapping[str, FormFit],
    drawn: Tallies,
    wanted: set[str],
    *,
    binary: bool,
) -> dict[str, FormFit]:
    """The forms whose intervals are shown, fitted to every resample."""
    straight = fit_form(forms[STRAIGHT], drawn, binary=binary)
    found = {STRAIGHT: straight}
    for name in forms:
        if name in wanted and name in sample and name != STRAIGHT:
            found[name] = fit_form(
                forms[name], drawn, binary=binary, straight=straight, sample=sample[name].theta[0]
            )
    return found


def _compared(rows: CurveRows, forms: Mapping[str, Form], sample: Mapping[str, FormFit]) -> pd.DataFrame:
    """Information criteria in the sample."""
    n = len(rows.y)
    found = []
    for name, form in forms.items():
        row: dict[str, object] = {
            "model": name,
            "undefined": form.undefined,
            "n_parameters": 0,
            "logl": np.nan,
        }
        if name in sample and form.shape is not None:
            deviance = float(sample[name].deviance[0])
            row["n_parameters"] = form.shape.n_parameters + (not rows.binary)
            if rows.binary:
                row["logl"] = -deviance / 2
            else:
                row["logl"] = -n / 2 * (np.log(2 * np.pi * deviance / n) + 1)
        found.append(row)
    table = pd.DataFrame(found)
    parameters = table["n_parameters"].to_numpy(dtype=float)
    table["aic"] = 2 * parameters - 2 * table["logl"]
    table["bic"] = np.log(n) * parameters - 2 * table["logl"]
    for name in ("aic", "bic"):
        table[f"delta_{name}"] = table[name] - table[name].min()
    return table


def _mean_of(losses: Mapping[str, Floats], name: object, *, root: bool = False) -> float:
    if name not in losses:
        return float("nan")
    mean = float(losses[str(name)].mean())
    return float(np.sqrt(mean)) if root else mean


def _curve(
    rows: CurveRows,
    names: list[str],
    sample: Mapping[str, FormFit],
    drawn: Mapping[str, FormFit],
    level: float,
) -> pd.DataFrame:
    at = np.linspace(rows.x[0], rows.x[-1], _POINTS)
    tails = [(1 - level) / 2, (1 + level) / 2]
    parts = []
    for name in names:
        low, high = np.quantile(drawn[name].mean(at), tails, axis=0)
        line = sample[name].mean(at)[0]
        parts.append(
            pd.DataFrame({"series": name, "x": at, "estimate": line, "conf_low": low, "conf_high": high})
        )
    return pd.concat(parts, ignore_index=True)


def _cautions(rows: CurveRows, sample: Mapping[str, FormFit]) -> tuple[str, ...]:
    found = list(rows.cautions)
    if S_FREE in sample:
        theta = sample[S_FREE].theta[0]
        shape = sample[S_FREE].form.shape
        assert shape is not None
        if theta[3] >= np.log(np.ptp(rows.x) * WIDEST) - 1e-9:
            found.append(
                "the S with ends of its own is all but straight: the data show no S within the scale"
            )
        elif not shape.low[2] < theta[2] < shape.high[2]:
            found.append(
                "the S with ends of its own has its middle beyond the data: they show one half of it"
            )
    n_clusters = 0 if rows.clusters is None else int(rows.clusters.max()) + 1
    if 0 < n_clusters < FEW_CLUSTERS:
        found.append(f"{n_clusters} clusters: with fewer than {FEW_CLUSTERS} intervals come out too short")
    return tuple(found)
