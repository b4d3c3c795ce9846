"""Slow PLS path modelling from rows and textbook formulas: an oracle for tests, never part of the package.

Written from Wold (1982), Lohmoeller (1989) and Tenenhaus et al. (2005) for the algorithm; Dijkstra & Henseler
(2015) for rho_A, consistent PLS and the distances; Henseler, Ringle & Sarstedt (2015) for the HTMT. Every
score is a column of numbers, every correlation is computed from columns: nothing is shared with the package.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

ROUNDS = 10_000
STOP = 1e-13


@dataclass
class Model:
    """Blocks of items, their operator, and paths ``(outcome, term)``."""

    items: dict[str, list[str]] = field(default_factory=dict)
    operator: dict[str, str] = field(default_factory=dict)
    paths: list[tuple[str, str]] = field(default_factory=list)

    @property
    def constructs(self) -> list[str]:
        return list(self.items)

    @property
    def outcomes(self) -> list[str]:
        return list(dict.fromkeys(outcome for outcome, _ in self.paths))

    @property
    def exogenous(self) -> list[str]:
        return [name for name in self.constructs if name not in self.outcomes]

    def terms(self, outcome: str) -> list[str]:
        return [term for to, term in self.paths if to == outcome]

    def ordered(self) -> list[str]:
        """Constructs so that every term comes before its outcome."""
        done = [name for name in self.constructs if name not in self.outcomes]
        while len(done) < len(self.constructs):
            done += [c for c in self.constructs if c not in done and set(self.terms(c)) <= set(done)]
        return done

    def measured(self) -> list[str]:
        return [item for block in self.items.values() for item in block]


def read_model(text: str) -> Model:
    model = Model()
    for line in filter(None, (part.strip() for part in text.splitlines())):
        operator = next(sign for sign in ("=~", "<~", "~") if sign in line)
        left, right = (side.strip() for side in line.split(operator))
        terms = [term.strip() for term in right.split("+")]
        if operator == "~":
            model.paths += [(left, term) for term in terms]
        else:
            model.items[left], model.operator[left] = terms, operator
    return model


def z(values: Any) -> np.ndarray:
    """Columns with mean 0 and standard deviation 1 (denominator n - 1)."""
    values = np.asarray(values, dtype=float)
    return (values - values.mean(axis=0)) / values.std(axis=0, ddof=1)


def ols(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.linalg.lstsq(x, y, rcond=None)[0]


@dataclass
class Fit:
    """Weights give scores of standard deviation 1; loadings are correlations unless consistent."""

    model: Model
    modes: dict[str, str]
    data: pd.DataFrame
    weights: dict[str, np.ndarray]
    scores: pd.DataFrame
    loadings: dict[str, np.ndarray]
    rho_a: dict[str, float]
    correlations: pd.DataFrame
    paths: dict[tuple[str, str], float]
    r2: dict[str, float]
    rounds: int
    arguments: dict[str, Any]


def estimate(
    data: pd.DataFrame,
    model: Model,
    *,
    scheme: str = "path",
    mode: dict[str, str] | None = None,
    consistent: bool | str = False,
) -> Fit:
    """PLS weights; with ``consistent`` every multi-item ``=~`` construct is a common factor.

    ``consistent="mode A"``: correlations of Mode A composites are corrected too, though not their loadings.
    """
    modes = {c: (mode or {}).get(c, "A" if model.operator[c] == "=~" else "B") for c in model.constructs}
    blocks = {c: z(data[items]) for c, items in model.items.items()}
    n = len(data)
    weights = {c: scaled(np.ones(block.shape[1]), block) for c, block in blocks.items()}
    for rounds in range(1, ROUNDS + 1):  # noqa: B007
        scores = {c: blocks[c] @ weights[c] for c in blocks}
        proxies = {c: inner_proxy(c, scores, model, scheme) for c in blocks}
        new = {}
        for c, block in blocks.items():
            raw = block.T @ proxies[c] / (n - 1) if modes[c] == "A" else ols(proxies[c], block)
            new[c] = scaled(raw, block)
        moved = max(np.abs(new[c] - weights[c]).max() for c in blocks)
        weights = new
        if moved < STOP:
            break
    scores = pd.DataFrame({c: blocks[c] @ weights[c] for c in blocks}, index=data.index)
    loadings = {c: blocks[c].T @ scores[c].to_numpy() / (n - 1) for c in blocks}
    rho_a = {c: dijkstra_henseler(weights[c], np.corrcoef(blocks[c].T)) for c in blocks if modes[c] == "A"}
    raw = np.corrcoef(scores.to_numpy().T)
    correlations = pd.DataFrame(raw, list(blocks), list(blocks))
    if consistent:
        factors = [c for c in blocks if model.operator[c] == "=~" and len(model.items[c]) > 1]
        for c in factors:
            w = weights[c]
            loadings[c] = w * np.sqrt(rho_a[c]) / (w @ w)
        also = [c for c in blocks if modes[c] == "A"] if consistent == "mode A" else []
        root = pd.Series({c: np.sqrt(rho_a[c]) if c in factors + also else 1.0 for c in blocks})
        corrected = raw / np.outer(root, root)
        np.fill_diagonal(corrected, 1.0)
        correlations = pd.DataFrame(corrected, list(blocks), list(blocks))
    paths, r2 = regressions(correlations, model)
    arguments = {"scheme": scheme, "mode": mode, "consistent": consistent}
    return Fit(
        model, modes, data, weights, scores, loadings, rho_a, correlations, paths, r2, rounds, arguments
    )


def scaled(weights: np.ndarray, block: np.ndarray) -> np.ndarray:
    return weights / np.std(block @ weights, ddof=1)


def inner_proxy(c: str, scores: dict[str, np.ndarray], model: Model, scheme: str) -> np.ndarray:
    """Sum of the neighbours' scores, weighted by the scheme."""
    terms = model.terms(c)
    explained = [outcome for outcome, term in model.paths if term == c]
    proxy = np.zeros_like(scores[c])
    if scheme == "path" and terms:
        x = np.column_stack([scores[term] for term in terms])
        proxy += x @ ols(scores[c], x)
    for other in explained if scheme == "path" else terms + explained:
        r = np.corrcoef(scores[c], scores[other])[0, 1]
        proxy += (np.sign(r) if scheme == "centroid" else r) * scores[other]
    return proxy


def regressions(r: pd.DataFrame, model: Model) -> tuple[dict[tuple[str, str], float], dict[str, float]]:
    paths, r2 = {}, {}
    for outcome in model.outcomes:
        terms = model.terms(outcome)
        b = np.linalg.solve(r.loc[terms, terms].to_numpy(), r.loc[terms, outcome].to_numpy())
        paths.update({(outcome, term): float(value) for term, value in zip(terms, b, strict=True)})
        r2[outcome] = float(b @ r.loc[terms, outcome])
    return paths, r2


def dijkstra_henseler(w: np.ndarray, s: np.ndarray) -> float:
    """rho_A, Dijkstra & Henseler (2015), MIS Quarterly 39, eq. 3; 1 for one item."""
    if len(w) == 1:
        return 1.0
    off = s - np.diag(np.diag(s))
    ww = np.outer(w, w)
    return float((w @ w) ** 2 * (w @ off @ w) / (w @ (ww - np.diag(np.diag(ww))) @ w))


def effects(fit: Fit) -> pd.DataFrame:
    """Direct, indirect and total effects by tracing every route."""
    rows = []
    for source, target in itertools.permutations(fit.model.constructs, 2):
        total = trace(fit.paths, source, target)
        if total is None:
            continue
        direct = fit.paths.get((target, source), 0.0)
        rows.append((target, source, direct, total - direct, total))
    return pd.DataFrame(rows, columns=["outcome", "term", "direct", "indirect", "total"])


def trace(paths: dict[tuple[str, str], float], source: str, target: str) -> float | None:
    found = None
    for (outcome, term), b in paths.items():
        if term != source:
            continue
        onward = 1.0 if outcome == target else trace(paths, outcome, target)
        if onward is not None:
            found = (found or 0.0) + b * onward
    return found


def alpha(r: np.ndarray) -> float:
    k = len(r)
    return 1.0 if k == 1 else k / (k - 1) * (1 - k / r.sum())


def heterotrait(fit: Fit, left: str, right: str) -> dict[str, float]:
    """HTMT as published (signed), of absolute correlations, and HTMT2 (Roemer et al. 2021)."""
    a, b = (fit.data[fit.model.items[c]] for c in (left, right))
    r = np.corrcoef(a.to_numpy().T, b.to_numpy().T)
    k = a.shape[1]
    across = r[:k, k:].ravel()
    within = [m[np.tril_indices(len(m), -1)] if len(m) > 1 else np.ones(1) for m in (r[:k, :k], r[k:, k:])]

    def geometric(values: np.ndarray) -> float:
        return float(np.exp(np.log(values).mean())) if (values > 0).all() else np.nan

    inner = within[0].mean() * within[1].mean()
    absolute = np.abs(within[0]).mean() * np.abs(within[1]).mean()
    return {
        "htmt": float(across.mean() / np.sqrt(inner)) if inner > 0 else np.nan,
        "htmt_absolute": float(np.abs(across).mean() / np.sqrt(absolute)),
        "htmt2": geometric(across) / np.sqrt(geometric(within[0]) * geometric(within[1])),
    }


def vif(x: np.ndarray, j: int) -> float:
    if x.shape[1] == 1:
        return 1.0
    rest = np.delete(x, j, axis=1)
    residual = x[:, j] - rest @ ols(x[:, j], rest)
    return float((x[:, j] @ x[:, j]) / (residual @ residual))


def without(model: Model, outcome: str, term: str) -> Model:
    return replace(model, paths=[path for path in model.paths if path != (outcome, term)])


def f_squared(fit: Fit, outcome: str, term: str) -> dict[str, float]:
    """Cohen's f2 from the correlations at hand, and with the whole model estimated anew without the path."""
    full = fit.r2[outcome]
    fewer = without(fit.model, outcome, term)
    kept = regressions(fit.correlations, fewer)[1].get(outcome, 0.0)
    answer = {"f2": (full - kept) / (1 - full)}
    joined = {c for path in fewer.paths for c in path}
    fewer.items = {c: items for c, items in fewer.items.items() if c in joined}  # a construct left alone goes
    anew = estimate(fit.data, fewer, **fit.arguments).r2.get(outcome, 0.0) if fewer.paths else 0.0
    return {**answer, "f2_refit": (full - anew) / (1 - full)}


def criteria(fit: Fit) -> list[tuple[str, str, str, float]]:
    """Everything a user reads, as rows ``quantity, subject, other, value``."""
    model, rows = fit.model, []
    n = len(fit.data)
    for (outcome, term), value in fit.paths.items():
        rows.append(("path", outcome, term, value))
    for c, items in model.items.items():
        block = z(fit.data[items])
        for j, item in enumerate(items):
            rows.append(("weight", c, item, fit.weights[c][j]))
            rows.append(("loading", c, item, fit.loadings[c][j]))
            rows.append(("vif_item", c, item, vif(block, j)))
        for item in model.measured():
            r = np.corrcoef(fit.data[item], fit.scores[c])[0, 1]
            rows.append(("cross_loading", c, item, r))
        lam = fit.loadings[c]
        rows.append(("alpha", c, "", alpha(np.atleast_2d(np.corrcoef(block.T)))))
        if c in fit.rho_a:
            rows.append(("rho_a", c, "", fit.rho_a[c]))
        rows.append(("rho_c", c, "", lam.sum() ** 2 / (lam.sum() ** 2 + (1 - lam**2).sum())))
        rows.append(("ave", c, "", float((lam**2).mean())))
        checksum = float(fit.scores[c].to_numpy() @ np.cos(np.arange(1, n + 1)))
        rows.append(("score_checksum", c, "", checksum))
    for left, right in itertools.combinations(model.constructs, 2):
        rows.append(("correlation", left, right, fit.correlations.loc[left, right]))
        r = np.corrcoef(fit.scores[left], fit.scores[right])[0, 1]
        rows.append(("score_correlation", left, right, r))
        rows += [(name, left, right, value) for name, value in heterotrait(fit, left, right).items()]
    for outcome in model.outcomes:
        terms = model.terms(outcome)
        r2, k = fit.r2[outcome], len(terms)
        rows.append(("r2", outcome, "", r2))
        rows.append(("r2_adjusted", outcome, "", 1 - (1 - r2) * (n - 1) / (n - k - 1)))
        for j, term in enumerate(terms):
            inverse = np.linalg.inv(fit.correlations.loc[terms, terms].to_numpy())
            rows.append(("vif_term", outcome, term, float(inverse[j, j])))
            rows.append(("vif_term_scores", outcome, term, vif(z(fit.scores[terms]), j)))
            rows += [(name, outcome, term, value) for name, value in f_squared(fit, outcome, term).items()]
    for row in effects(fit).itertuples():
        rows.append(("indirect_effect", row.outcome, row.term, row.indirect))
        rows.append(("total_effect", row.outcome, row.term, row.total))
    return rows


def structural_correlations(fit: Fit) -> pd.DataFrame:
    """Correlations of constructs that the paths imply; exogenous ones as observed."""
    r = fit.correlations.copy()
    done = list(fit.model.exogenous)
    for c in fit.model.ordered():
        if c in done:
            continue
        for other in done:
            value = sum(
                fit.paths[c, term] * (r.loc[term, other] if term != other else 1.0)
                for term in fit.model.terms(c)
            )
            r.loc[c, other] = r.loc[other, c] = value
        done.append(c)
    return r


def implied(fit: Fit, *, saturated: bool, factors: bool) -> np.ndarray:
    """Item correlations the model implies.

    Within the block of a composite the observed correlations; of a common factor (``factors``: every ``=~``
    construct) the products of loadings. Between blocks loading x correlation of constructs x loading.
    """
    r = fit.correlations if saturated else structural_correlations(fit)
    items = fit.model.measured()
    sigma = pd.DataFrame(np.eye(len(items)), items, items)
    observed = pd.DataFrame(np.corrcoef(fit.data[items].to_numpy().T), items, items)
    for a, b in itertools.product(fit.model.constructs, repeat=2):
        i, j = fit.model.items[a], fit.model.items[b]
        if a != b:
            sigma.loc[i, j] = np.outer(fit.loadings[a], fit.loadings[b]) * r.loc[a, b]
        elif factors and fit.model.operator[a] == "=~":
            sigma.loc[i, i] = np.outer(fit.loadings[a], fit.loadings[a])
        else:
            sigma.loc[i, i] = observed.loc[i, i]
    values = sigma.to_numpy().copy()
    np.fill_diagonal(values, 1.0)
    return values


def distances(s: np.ndarray, sigma: np.ndarray, n: int) -> dict[str, float]:
    p = len(s)
    lower = np.tril_indices(p)
    gap = s - sigma
    likelihood = (
        np.linalg.slogdet(sigma)[1] - np.linalg.slogdet(s)[1] + np.trace(s @ np.linalg.inv(sigma)) - p
    )
    null = -np.linalg.slogdet(s)[1]
    eigenvalues = np.linalg.eigvals(np.linalg.solve(s, sigma))
    positive = np.linalg.eigvalsh(sigma).min() > 0
    return {
        "srmr": float(np.sqrt((gap[lower] ** 2).mean())),
        "d_uls": float(0.5 * (gap**2).sum()),
        "d_g": float(0.5 * (np.log(eigenvalues.real) ** 2).sum()) if positive else np.nan,
        "chi2": float((n - 1) * likelihood) if positive else np.nan,
        "nfi": float(1 - likelihood / null) if positive else np.nan,
    }


def fit_measures(fit: Fit, *, factors: bool) -> list[tuple[str, str, str, float]]:
    s = np.corrcoef(fit.data[fit.model.measured()].to_numpy().T)
    rows = []
    for kind in ("saturated", "estimated"):
        sigma = implied(fit, saturated=kind == "saturated", factors=factors)
        rows += [(name, kind, "", value) for name, value in distances(s, sigma, len(fit.data)).items()]
    return rows
