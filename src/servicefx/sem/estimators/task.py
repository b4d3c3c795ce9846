"""Task and Solution: what every estimator receives, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import Problem
from servicefx.moments.moments import Moments
from servicefx.sem.reading.measures import ModelTest
from servicefx.sem.sample import Sample
from servicefx.sem.structure.layout import Layout
from servicefx.sem.structure.sem_model import SemModel

__all__ = ["Solution", "Task"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Task:
    """A complete model, its data and the choices made.

    Attributes
    ----------
    model : SemModel
        q free values.
    layout : Layout
        In the users' units; fixed covariates not yet held at the sample's moments.
    sample : Sample
        Rows or moments, by group.
    estimator : str
        ``ml mlm mlr uls gls wls dwls wlsmv``.
    missing : str
        ``listwise`` or ``fiml``.
    information : str
        ``expected`` or ``observed``: the kind behind standard errors.
    where : str
        How messages name the model.
    """

    model: SemModel
    layout: Layout
    sample: Sample
    estimator: str
    missing: str
    information: str
    where: str = "model"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Solution:
    """What an estimator found, in the users' units.

    Attributes
    ----------
    theta : ndarray, shape (q,)
        Free values.
    vcov : ndarray, shape (q, q)
        Their sampling covariance.
    error_kind : str
        ``expected information``, ``observed information``, ``robust (Huber-White)``,
        ``robust (Satorra-Bentler)``, ``clusters: <column> (<count>)``, …
    layout : Layout
        With fixed covariates held at the sample's moments.
    moments : tuple of Moments
        One a group, in the model's order of items: sample moments, saturated ones under FIML, those of the
        latent responses for ordered items.
    test, baseline : ModelTest
        Of the model, and of the model in which nothing covaries.
    robust_test, robust_baseline : ModelTest or None
        Where the robust fit measures rest on other statistics than these two.
    logl : float
        Log-likelihood; NaN where the estimator has none.
    logl_saturated : float
        Of the model that fits the moments perfectly.
    n_scale : float or None
        n that RMSEA divides by, where it is not the number of rows.
    thresholds : tuple of ndarray
        Sample thresholds by item of each group, flattened, for ordered items; else empty.
    problems : tuple of Problem
        Flags only the estimator can see (sparse cells, few clusters).
    extra : mapping
        Estimator-specific arrays that later questions need and that hold no rows: ``gamma``, ``weight``
        (least squares), ``pattern_counts`` (FIML), ….
    counts : tuple of float
        Weight of each group: its rows, or the sum of their sampling weights.
    n_iterations : int
        Steps of the search.
    """

    theta: Floats
    vcov: Floats
    error_kind: str
    layout: Layout
    moments: tuple[Moments, ...]
    test: ModelTest
    baseline: ModelTest | None
    robust_test: ModelTest | None = None
    robust_baseline: ModelTest | None = None
    logl: float = float("nan")
    logl_saturated: float = float("nan")
    n_scale: float | None = None
    thresholds: tuple[Floats, ...] = ()
    problems: tuple[Problem, ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict)
    counts: tuple[float, ...] = ()
    n_iterations: int = 0
