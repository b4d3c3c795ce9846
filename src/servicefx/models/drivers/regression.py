"""Which constructs go with an outcome, other constructs held (H1, and every equation of a chain)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.linear import fit_ols
from servicefx.errors import Problem, StudyError
from servicefx.models.sample import Sample, reference_groups, sample_of
from servicefx.study.study import Study
from servicefx.theory.catalogue import service_dimensions
from servicefx.values.estimates import Estimates

__all__ = ["HELD", "MEASURED", "DirectFit", "declared_terms", "fit_direct", "variance_inflation"]

HELD = "no unmeasured cause moves both sides (the survey cannot rule it out)"
MEASURED = "scores hold no measurement error (where they do, effects come out too small as a rule)"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DirectFit:
    """One regression under two kinds of error, and the rows it stands on.

    Attributes
    ----------
    robust : Estimates
        HC3 errors.
    clustered : Estimates or None
        Cluster-robust errors; None where the study declares no clusters.
    sample : Sample
        The rows.
    inflation : mapping of str to float
        Variance inflation factor of every term; above 10 is called collinear.
    """

    robust: Estimates
    clustered: Estimates | None
    sample: Sample
    inflation: dict[str, float]

    @property
    def estimates(self) -> Estimates:
        """The fit to conclude from: clustered where clusters are declared, else HC3."""
        return self.robust if self.clustered is None else self.clustered


def declared_terms(study: Study, outcome: str, data: str) -> tuple[str, ...]:
    """What the study's paths say explains an outcome in a data file, covariates last.

    Parameters
    ----------
    study : Study
    outcome : str
        Construct id.
    data : str
        Data file.

    Returns
    -------
    tuple of str
        Sources of every path into the outcome measured in the file, then covariates; empty where no path
        leads there.
    """
    measured = study.scores[data].columns
    sources: dict[str, None] = {}
    covariates: dict[str, None] = {}
    for path in study.spec.paths:
        if path.to != outcome or path.data not in (None, data) or outcome not in measured:
            continue
        found = [source for source in path.sources if source in measured]
        sources |= dict.fromkeys(found)
        if found:
            covariates |= dict.fromkeys(path.covariates)
    return (*sources, *(name for name in covariates if name not in sources))


def fit_direct(
    study: Study,
    outcome: str = "satisfaction",
    terms: Sequence[str] | None = None,
    *,
    data: str | None = None,
) -> DirectFit:
    """Least squares of an outcome's score on the scores of what drives it. Answers H1.

    Parameters
    ----------
    study : Study
    outcome : str
        Construct id.
    terms : sequence of str
        Constructs or columns; by default those the study's paths declare, else the service dimensions
        measured.
    data : str
        Data file; by default where the outcome lives.

    Returns
    -------
    DirectFit
        Coefficients in points of the outcome's scale per point of the term's.

    Raises
    ------
    StudyError
        If nothing is declared to explain the outcome.
    DataError, IdentificationError
        As `servicefx.engines.linear.fit_ols`.

    References
    ----------
    Parasuraman, Zeithaml & Berry (1988), J. Retailing 64, 12-40 (the five dimensions as drivers).
    """
    data = study.data_of(outcome) if data is None else data
    chosen = tuple(terms) if terms is not None else declared_terms(study, outcome, data)
    if not chosen:
        chosen = tuple(d for d in service_dimensions() if d in study.scores[data].columns and d != outcome)
    if not chosen:
        raise StudyError(
            Problem(
                "study.toml: paths",
                f"no path leads to '{outcome}', so nothing explains it",
                f"Add [[paths]] with to = '{outcome}', or measure service dimensions.",
            )
        )
    sample = sample_of(study, data, [outcome, *chosen])
    references = reference_groups(study, data, chosen)
    shared = {
        "assumptions": (HELD, MEASURED, "the outcome is linear in every term", *references),
        "dropped": sample.dropped,
    }
    chosen = tuple(str(name) for name in sample.frame.columns if name != outcome)
    robust = fit_ols(sample.frame, outcome, chosen, covariance="hc3", weights=sample.weights)
    clustered = None
    if sample.clusters is not None:
        clustered = fit_ols(
            sample.frame,
            outcome,
            chosen,
            covariance="cluster",
            clusters=sample.clusters,
            weights=sample.weights,
        )
    return DirectFit(
        robust=replace(robust, **shared),  # type: ignore[arg-type]  # a mapping of two field types
        clustered=None if clustered is None else replace(clustered, **shared),  # type: ignore[arg-type]
        sample=sample,
        inflation=variance_inflation(sample.frame[list(chosen)], sample.weights),
    )


def variance_inflation(terms: pd.DataFrame, weights: pd.Series | None = None) -> dict[str, float]:
    """By how much each coefficient's variance grows because terms overlap.

    Parameters
    ----------
    terms : DataFrame, shape (n, k)
        Complete, varying, not collinear.
    weights : Series, length n, optional
        Survey weights > 0.

    Returns
    -------
    dict of str to float
        Term -> factor >= 1: the diagonal of the inverse correlation matrix.

    References
    ----------
    Belsley, Kuh & Welsch (1980), Regression Diagnostics, sec. 3.2.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [1.0, -1, -1, 1]})
    >>> variance_inflation(frame)
    {'a': 1.0, 'b': 1.0}
    """
    if terms.shape[1] == 1:
        return {str(terms.columns[0]): 1.0}
    shares = None if weights is None else weights.to_numpy(dtype=float, copy=True)
    cov: NDArray[np.float64] = np.cov(terms.to_numpy(copy=True), rowvar=False, aweights=shares)
    sd = np.sqrt(np.diag(cov))
    factors = np.diag(np.linalg.inv(cov / np.outer(sd, sd)))
    return {str(name): float(value) for name, value in zip(terms.columns, factors, strict=True)}
