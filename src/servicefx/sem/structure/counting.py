"""How many moments a model explains, and with how many free values."""

from __future__ import annotations

import numpy as np

from servicefx.sem.structure.constraints import constraint_of
from servicefx.sem.structure.sem_model import SemModel

__all__ = ["moments_and_free"]


def moments_and_free(model: SemModel) -> tuple[int, int]:
    """Distinct sample moments of what is not held fixed, and free values less independent constraints.

    Returns
    -------
    tuple of int
        Their difference is the degrees of freedom. Constraints count by their rank at generic values.
    """
    p, x = len(model.items), len(model.covariates)
    ordered = len(model.ordered)
    moments = p * (p + 1) // 2 - x * (x + 1) // 2 - ordered
    if model.means:
        moments += p - x - ordered
    thresholds = sum(q.op == "|" for q in model.of_group(0))
    return len(model.groups) * (moments + thresholds), model.n_positions - constraint_rank(model)


def constraint_rank(model: SemModel) -> int:
    """Independent constraints among the free values."""
    constraint = constraint_of(model)
    if constraint is None:
        return 0
    with np.errstate(all="ignore"):
        jacobian = constraint(np.random.default_rng(1).uniform(0.5, 1.5, model.n_positions))[1]
    return int(np.linalg.matrix_rank(np.nan_to_num(jacobian)))
