"""How many latent classes, and whether they differ in what matters or in level and spread alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from servicefx.models.segments.class_rows import ROWS_A_PARAMETER, ClassRows, class_rows
from servicefx.models.segments.latent_classes import FLOOR, LatentClasses, fit_rows

__all__ = ["ClassChoice", "choose_classes", "criteria", "slopes_kind"]

MOST_SHARED = 3
"""Most classes with shared slopes: three normal curves bend to any one error distribution of a survey."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ClassChoice:
    """Mixtures of one class and on, compared.

    Attributes
    ----------
    selection : DataFrame
        As `criteria`, one row a mixture, ``chosen`` marking the lowest BIC.
    fits : tuple of LatentClasses
        In the order of the rows.
    chosen : LatentClasses
        The lowest BIC.
    verdict : str
        ``"none"``: one class; ``"shape"``: classes, but with slopes alike; ``"needs"``: classes with slopes
        of their own.
    """

    selection: pd.DataFrame
    fits: tuple[LatentClasses, ...]
    chosen: LatentClasses
    verdict: str


def choose_classes(
    data: pd.DataFrame,
    outcome: str,
    drivers: Sequence[str],
    *,
    classes: int = 5,
    membership: Sequence[str] = (),
    starts: int = 20,
    seed: int = 0,
    floor: float = FLOOR,
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
) -> ClassChoice:
    """Latent-class regressions of 1 to so many classes, and the same with slopes shared, by BIC.

    Without the second kind the first would mislead: satisfaction is skewed and bounded, and two normal
    curves fit a skewed error better than one, whatever customers need.

    Parameters
    ----------
    data, outcome, drivers, membership, starts, seed, floor, clusters, weights
        As `servicefx.models.segments.latent_classes.fit_latent_classes`.
    classes : int
        The most tried, at least 1.

    Returns
    -------
    ClassChoice

    Raises
    ------
    DataError, IdentificationError
        As there; also where the rows do not allow so many classes, saying how many they do.

    References
    ----------
    Schwarz (1978), Annals of Statistics 6, 461-464 (BIC, with n the rows). Sarstedt (2008), J. Modelling in
    Management 3, 49-72 (criteria in mixture regressions).
    """
    rows = class_rows(data, outcome, drivers, membership, classes, weights=weights, clusters=clusters)
    kinds = [(count, False) for count in range(1, classes + 1)]
    kinds += [(count, True) for count in range(2, min(classes, MOST_SHARED) + 1)]
    fits = tuple(
        fit_rows(rows, count, shared, starts=starts, seed=seed, floor=floor) for count, shared in kinds
    )
    return _choice(rows, fits)


def _choice(rows: ClassRows, fits: tuple[LatentClasses, ...]) -> ClassChoice:
    selection = pd.concat([criteria(fit) for fit in fits], ignore_index=True)
    best = int(selection["bic"].to_numpy().argmin())
    selection["delta_bic"] = selection["bic"] - selection["bic"].iloc[best]
    selection["chosen"] = ["yes" if at == best else "no" for at in range(len(fits))]
    thin = selection["n_parameters"] * 2 * ROWS_A_PARAMETER > rows.n_obs
    selection.loc[thin & (selection["flag"] == ""), "flag"] = "fewer than 10 rows a number estimated"
    chosen = fits[best]
    verdict = "none" if chosen.n_classes == 1 else "shape" if chosen.shared_slopes else "needs"
    return ClassChoice(selection=selection, fits=fits, chosen=chosen, verdict=verdict)


def criteria(fit: LatentClasses) -> pd.DataFrame:
    """Likelihood, information criteria and separation of one mixture.

    Returns
    -------
    DataFrame
        One row: ``n_classes, slopes`` (``"own"`` or ``"shared"``; ``"one"`` of one class), ``logl,
        n_parameters, bic, aic, aic3, icl, entropy_r2, smallest_share, n_starts, n_followed, n_reached,
        n_obs, flag, undefined``. ``entropy_r2`` is 1 where every customer's class is known and 0 where
        nothing is.

    References
    ----------
    Biernacki, Celeux & Govaert (2000), IEEE Trans. Pattern Analysis 22, 719-725 (ICL, here with posterior
    entropy). Bozdogan (1994), AIC3. Ramaswamy, DeSarbo, Reibstein & Robinson (1993), Marketing Science 12,
    103-124, eq. 12 (entropy R²).
    """
    k = fit.n_classes
    bic = -2 * fit.log_likelihood + fit.n_parameters * float(np.log(fit.n_obs))
    row = {
        "n_classes": k,
        "slopes": slopes_kind(fit),
        "logl": fit.log_likelihood,
        "n_parameters": fit.n_parameters,
        "bic": bic,
        "aic": -2 * fit.log_likelihood + 2 * fit.n_parameters,
        "aic3": -2 * fit.log_likelihood + 3 * fit.n_parameters,
        "icl": bic + 2 * fit.entropy,
        "entropy_r2": np.nan if k == 1 else 1 - fit.entropy / (fit.n_obs * np.log(k)),
        "smallest_share": float(fit.shares.min()),
        "n_starts": fit.n_starts,
        "n_followed": fit.n_followed,
        "n_reached": fit.n_reached,
        "n_obs": fit.n_obs,
        "flag": _flag(fit),
        "undefined": "one class, nobody to tell apart" if k == 1 else "",
    }
    return pd.DataFrame([row])


def slopes_kind(fit: LatentClasses) -> str:
    """Whether classes have slopes of their own: ``"own"``, ``"shared"``, or ``"one"`` class."""
    return "one" if fit.n_classes == 1 else "shared" if fit.shared_slopes else "own"


def _flag(fit: LatentClasses) -> str:
    if not fit.converged:
        return "no maximum was reached"
    if fit.on_floor:
        return "a class has its spread at the floor"
    if fit.shares.min() < 0.05:
        return "a class below 5 % of the rows"
    if fit.n_reached == 1 and fit.n_followed > 1:
        return "one start alone reached the best likelihood: there may be a better one"
    return ""
