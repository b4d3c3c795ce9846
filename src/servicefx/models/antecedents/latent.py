"""The chain from antecedents to an outcome among constructs freed of measurement error."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx import sem
from servicefx.errors import DataError, Problem
from servicefx.models.antecedents.decomposition import System
from servicefx.models.antecedents.equations import ServiceChain
from servicefx.models.drivers import HELD
from servicefx.sem.sem_fit import SemFit
from servicefx.study.study import Study

__all__ = ["latent_system"]

Floats = NDArray[np.float64]


def latent_system(
    study: Study, chain: ServiceChain, *, draws: int = 1000, seed: int | None = None
) -> tuple[System, SemFit]:
    """The same chain between constructs behind their items: what measurement error does. Answers H3.

    Scores are less than wholly reliable, so mediators carry less than they should, and what they do not
    carry appears as a direct effect. Constructs take that away if the items measure what they should.

    Parameters
    ----------
    study : Study
    chain : ServiceChain
    draws : int
        Draws of the parameters from their sampling distribution.
    seed : int
        By default the study's.

    Returns
    -------
    tuple of System and SemFit
        Coefficients in points of the outcome's first item per point of the antecedent's first item.

    Raises
    ------
    DataError
        If a construct of the chain is formative, a term is no construct, or the study states survey weights
        while answers are missing.
    IdentificationError, ConvergenceError
        As `servicefx.sem.fit`.

    Notes
    -----
    Robust maximum likelihood, with full information where answers are missing. Unexplained parts of
    constructs that nothing joins (the dimensions, for one) may correlate, as least squares leaves them.
    """
    names = chain.terms
    constructs = study.spec.constructs
    odd = [name for name in names if name not in constructs or constructs[name].mode == "formative"]
    where = "chain between constructs"
    if odd:
        told = ", ".join(f"'{name}'" for name in odd) + ": no construct measured by its effects"
        raise DataError(Problem(where, told, "Read the chain on observed scores."))
    weights, clusters = study.weights(chain.data), study.clusters(chain.data)
    if weights is not None:
        told = f"survey weights '{weights.name}' are not used between constructs"
        raise DataError(Problem(where, told, "Read the chain on observed scores."))
    codes = {name: f"f{place}" for place, name in enumerate(names)}
    columns: dict[str, pd.Series] = {}
    lines = []
    for name in names:
        items = study.items(name) if study.data_of(name) == chain.data else study.scores[chain.data][[name]]
        if items.shape[1] == 1:
            columns[codes[name]] = items.iloc[:, 0].astype(float)
            continue
        labels = [f"{codes[name]}i{place}" for place in range(items.shape[1])]
        columns |= {label: items.iloc[:, place] for place, label in enumerate(labels)}
        lines.append(f"{codes[name]} =~ " + " + ".join(labels))
    for name, terms in chain.equations.items():
        lines.append(f"{codes[name]} ~ " + " + ".join(codes[term] for term in terms))
    lines += [f"{codes[left]} ~~ {codes[right]}" for left, right in _unjoined(chain)]
    frame = pd.DataFrame(columns)
    gaps = bool(frame.isna().any(axis=None))
    if clusters is not None:
        frame["cluster"] = clusters
    fit = sem.fit(
        "\n".join(lines),
        frame,
        estimator="mlr",
        missing="fiml" if gaps and study.spec.inference.missing_data != "listwise" else "listwise",
        cluster=None if clusters is None else "cluster",
        level=study.level,
        fixed_x=False,
    )
    rng = np.random.default_rng([study.seed if seed is None else seed, *b"latent_antecedents"])
    theta = rng.multivariate_normal(fit.theta, fit.vcov, size=draws, method="eigh")
    places = [codes[name] for name in names]
    system = System(
        names=tuple(names),
        coefficients=_structure(fit, fit.theta[None], places)[0],
        draws=_structure(fit, theta, places),
        unit="points of the first items per point",
        draw_source=f"{draws} draws of the parameters of the chain between constructs",
        design="adjusted",
        assumptions=(
            HELD,
            "items measure their construct and nothing else",
            "every equation of the chain is linear",
        ),
        n_obs=fit.n_obs,
    )
    return system, fit


def _unjoined(chain: ServiceChain) -> list[tuple[str, str]]:
    """Pairs of explained constructs neither of which leads to the other, however far."""
    above: dict[str, set[str]] = {}
    for name, terms in chain.equations.items():  # causes before effects
        above[name] = set(terms).union(*(above.get(term, set()) for term in terms))
    explained = list(chain.equations)
    return [
        (left, right)
        for place, left in enumerate(explained)
        for right in explained[place + 1 :]
        if left not in above[right] and right not in above[left]
    ]


def _structure(fit: SemFit, theta: Floats, names: list[str]) -> Floats:
    """Regression coefficients between constructs at every parameter vector, shape (n, p, p)."""
    at = {name: place for place, name in enumerate(names)}
    paths = fit.parameters
    paths = paths[paths["op"] == "~"]
    answer = np.zeros((len(theta), len(names), len(names)))
    for left, right, free in zip(paths["lhs"], paths["rhs"], paths["free"], strict=True):
        answer[:, at[str(left)], at[str(right)]] = theta[:, int(free) - 1]
    return answer
