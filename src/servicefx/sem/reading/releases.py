"""Score tests of equalities: what chi2 would fall by if parameters held equal could differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.sem.reading.score import score_and_information, score_rows
from servicefx.sem.structure.constraints import along_constraints

if TYPE_CHECKING:
    from servicefx.sem.sem_fit import SemFit

__all__ = ["Release", "release_frame", "releases"]

Floats = NDArray[np.float64]
_COLUMNS = ["lhs", "op", "rhs", "group", "index", "expected_change"]
_FLAT = 1e-8
"""Share of a release's information that must be left once the free values are accounted for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What freeing one parameter, or several together, would do.

    Attributes
    ----------
    index : float
        Approximate fall of chi2; NaN where nothing is gained.
    df : int
        Degrees of freedom it costs.
    change : float
        How far the parameter would move from what it was held at; NaN where several are freed.
    """

    index: float
    df: int
    change: float


def release_frame(fit: SemFit) -> pd.DataFrame:
    """What chi2 would fall by if one of several equal parameters could differ from the others.

    Parameters
    ----------
    fit : SemFit
        With equal labels or ``group_equal``.

    Returns
    -------
    DataFrame
        ``lhs, op, rhs, group, index, expected_change``, largest index first: one row a parameter that shares
        its value; of two that share one, the later only, since freeing either is the same. ``index`` is a
        chi-square of one degree of freedom under ML if the equality holds; under robust and least-squares
        estimators it ranks, and a refit tests. ``expected_change``: its value less that of the others.

    Notes
    -----
    Sörbom (1989), Psychometrika 54, 371-384, for the parameter given a value of its own; the others go on
    being equal. In lavaan's words, the univariate part of ``lavTestScore``.
    """
    sharing: dict[int, list[int]] = {}
    for at, parameter in enumerate(fit.model.parameters):
        if parameter.position >= 0:
            sharing.setdefault(parameter.position, []).append(at)
    chosen = [at for ats in sharing.values() if len(ats) > 1 for at in (ats[1:] if len(ats) == 2 else ats)]
    chosen.sort()
    found = releases(fit, [(at,) for at in chosen])
    parameters = [fit.model.parameters[at] for at in chosen]
    frame = pd.DataFrame(
        {
            "lhs": [p.lhs for p in parameters],
            "op": [p.op for p in parameters],
            "rhs": [p.rhs for p in parameters],
            "group": [fit.model.groups[p.group] for p in parameters],
            "index": [one.index for one in found],
            "expected_change": [one.change for one in found],
        },
        columns=_COLUMNS,
    )
    frame = frame[np.isfinite(frame["index"].to_numpy(dtype=np.float64))]
    ordered: pd.DataFrame = frame.sort_values("index", ascending=False, kind="stable")
    return ordered.reset_index(drop=True)


def releases(fit: SemFit, sets: Sequence[Sequence[int]]) -> list[Release]:
    r"""Score tests of sets of parameters that are held equal to others or fixed, each set freed on its own.

    Parameters
    ----------
    fit : SemFit
    sets : sequence of sequence of int
        Places in ``fit.model.parameters``.

    Returns
    -------
    list of Release
        One a set.

    Raises
    ------
    ValueError
        If a parameter is neither free nor fixed at a number, and so cannot be freed.

    Notes
    -----
    With gradient g of F / 2 and expected information I of the model in which the set c is free besides the
    fit's values f, :math:`n g_c' (I_{cc} - I_{cf} I_{ff}^{-1} I_{fc})^{+} g_c`, on the rank of what is
    inverted: a set may hold more parameters than can be told apart.
    """
    if not sets:
        return []
    q = fit.model.n_positions
    chosen = sorted({at for one in sets for at in one})
    parameters = list(fit.model.parameters)
    lifted = np.zeros((len(chosen), q))
    values = np.zeros(len(chosen))
    for row, at in enumerate(chosen):
        parameter = parameters[at]
        if parameter.position >= 0:
            lifted[row, parameter.position] = 1.0
            values[row] = fit.theta[parameter.position]
        elif parameter.fixed is not None:
            values[row] = parameter.fixed
        else:
            raise ValueError(f"'{parameter.text}' follows from other parameters")
        parameters[at] = replace(parameter, position=q + row, fixed=None)
    extended = replace(fit.model, parameters=tuple(parameters), n_positions=q + len(chosen))
    gradient, information = score_and_information(fit, extended, values)
    # the fit's own directions: a shared value moves all that share it
    together = np.vstack([np.eye(q), lifted])
    inner = together.T @ information @ together
    size = np.sqrt(np.where(np.diag(inner) > 0, np.diag(inner), 1.0))
    basis = along_constraints(fit.model, fit.theta, size) / size[:, None]
    across = basis.T @ together.T @ information[:, q:]
    left = information[q:, q:] - across.T @ np.linalg.solve(basis.T @ inner @ basis, across)
    own = np.diag(information)[q:]
    place = {at: row for row, at in enumerate(chosen)}
    n = score_rows(fit)
    return [_release(gradient[q:], left, own, [place[at] for at in one], n) for one in sets]


def _release(gradient: Floats, left: Floats, own: Floats, rows: list[int], n: float) -> Release:
    size = np.sqrt(np.where(own[rows] > 0, own[rows], 1.0))
    slope = gradient[rows] / size
    values, vectors = np.linalg.eigh(left[np.ix_(rows, rows)] / np.outer(size, size))
    kept = values > _FLAT
    if not kept.any():
        return Release(index=float("nan"), df=0, change=float("nan"))
    along = vectors[:, kept].T @ slope
    single = len(rows) == 1
    return Release(
        index=float(n * np.sum(along**2 / values[kept])),
        df=int(kept.sum()),
        change=float(-slope[0] / values[0] / size[0]) if single else float("nan"),
    )
