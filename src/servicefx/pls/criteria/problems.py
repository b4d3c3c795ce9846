"""What the reader of a fit of composites should know before believing its numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from servicefx.errors import Problem
from servicefx.pls.pls_fit import PlsFit

__all__ = ["problems_of"]

_APART = 0.90
"""Henseler, Ringle & Sarstedt (2015), J. Acad. Mark. Sci. 43, 115-135."""
_REPEATED = 5.0
"""Hair, Hult, Ringle & Sarstedt (2022), A Primer on PLS-SEM, 3rd ed., p. 147."""
_NONE = 1e-12
_CANCELLING = 0.10
"""Sum of a construct's loadings, as a share of that of their sizes, below which its direction is chance."""


def problems_of(fit: PlsFit) -> tuple[Problem, ...]:
    """Findings that leave the numbers standing but doubtful, each with its name.

    Parameters
    ----------
    fit : PlsFit

    Returns
    -------
    tuple of Problem
        Inadmissible corrections, constructs whose direction is chance, turned items, weights against their
        loadings, constructs that cannot be told apart, collinear items and terms, composed constructs that
        explain nothing.
    """
    return (
        *_of_correction(fit), *_of_directions(fit), *_of_items(fit), *_of_pairs(fit), *_of_collinearity(fit),
        *_of_design(fit),
    )  # fmt: skip


def _of_correction(fit: PlsFit) -> Iterator[Problem]:
    if not fit.choices.consistent or fit.solution.admissible[0]:
        return
    found = list(_beyond_one(fit))
    if not found:
        told = "the corrected correlations, or those of a first stage, are those of no common factors"
        found = [Problem("PLSc", told, "Measure fewer constructs, or choose consistent=False.")]
    yield from found


def _beyond_one(fit: PlsFit) -> Iterator[Problem]:
    for _, row in fit.reliability.iterrows():
        if row["rho_a"] > 1:
            found = f"the reliability rho_A of '{row['construct']}' is {row['rho_a']:.2f}, beyond 1"
            yield Problem("PLSc", found, "Check its items, or take it for a composite ('<~').")
    for _, row in fit.loadings.iterrows():
        if abs(row["estimate"]) > 1 + _NONE:
            found = (
                f"the loading of '{row['item']}' on '{row['construct']}' is {row['estimate']:.2f}, beyond 1"
            )
            yield Problem("PLSc", found, "Check the item, or take the construct for a composite ('<~').")
    correlations = fit.correlations
    for i, left in enumerate(correlations.index):
        for right in correlations.columns[i + 1 :]:
            value = float(correlations.loc[left, right])
            if abs(value) > 1 + _NONE:
                found = f"'{left}' and '{right}' correlate {value:.2f} after correction, beyond 1"
                yield Problem("PLSc", found, "Measure them as one construct, or remove one of them.")


def _of_directions(fit: PlsFit) -> Iterator[Problem]:
    """Constructs whose loadings nearly cancel: their sum decides the sign of all that is said of them."""
    for name in fit.model.constructs:
        run, at = fit.solution.measuring(name)
        own = run.composite_loadings[0, list(run.stage.design.blocks[at]), at]
        total, size = float(own.sum()), float(np.abs(own).sum())
        if total < _CANCELLING * size:
            found = (
                f"loadings of its items nearly cancel (their sum is {total:.2f}, that of their sizes "
                f"{size:.2f}), so that its direction, and the sign of its paths, is a matter of chance"
            )
            yield Problem(f"construct '{name}'", found, "Turn the items that are worded the other way.")


def _of_items(fit: PlsFit) -> Iterator[Problem]:
    weights = fit.weights["estimate"].to_numpy(dtype=np.float64)
    for at, row in enumerate(fit.loadings.to_dict("records")):
        construct, item = row["construct"], row["item"]
        if row["estimate"] < -_NONE:
            found = f"'{item}' goes against the other items of '{construct}' (loading {row['estimate']:.2f})"
            yield Problem(f"item '{item}'", found, "Turn the item if it is worded the other way.")
        elif weights[at] < -_NONE and row["estimate"] > _NONE:
            found = f"its weight in '{construct}' is negative ({weights[at]:.2f}), its loading positive"
            yield Problem(f"item '{item}'", found, "Look for items that repeat one another.")


def _of_pairs(fit: PlsFit) -> Iterator[Problem]:
    for row in fit.htmt.to_dict("records"):
        if row["ratio"] > _APART:
            found = (
                f"'{row['left']}' and '{row['right']}' cannot be told apart by their items "
                f"(heterotrait-monotrait ratio {row['ratio']:.2f}, above {_APART:.2f})"
            )
            yield Problem("constructs", found, "Read their paths together, or measure them as one.")


def _of_collinearity(fit: PlsFit) -> Iterator[Problem]:
    model = fit.model
    for row in fit.collinearity.to_dict("records"):
        if not row["vif"] > _REPEATED:
            continue
        if row["kind"] == "terms":
            found = f"'{row['term']}' is mostly known from the other terms of '{row['outcome']}'"
            remedy = "Read the paths of these terms together."
        elif model.modes[row["outcome"]] == "B":
            found = f"'{row['term']}' is mostly known from the other items of '{row['outcome']}'"
            remedy = "Leave one of them out; its weight means little."
        else:
            continue
        found += f" (variance inflation {row['vif']:.1f}, above {_REPEATED:.0f})"
        yield Problem(f"'{row['term']}'", found, remedy)


def _of_design(fit: PlsFit) -> Iterator[Problem]:
    model = fit.model
    explaining = {term for _, term in model.paths}
    explaining |= {side for each in model.products for side in (each.left, each.right)}
    for name in model.constructs:
        if name in model.reflective or name in explaining or name in model.lower:
            continue
        found = f"composed construct '{name}' explains nothing: its weights are those that are best explained"
        yield Problem(f"construct '{name}'", found, "Add an outcome of it, or say so beside its weights.")
