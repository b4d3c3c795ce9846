"""Whether constructs share more variance with their own items than with each other."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from servicefx.pls.pls_fit import PlsFit

__all__ = ["fornell_larcker_frame"]


def fornell_larcker_frame(fit: PlsFit) -> pd.DataFrame:
    """Correlation of every pair of constructs beside the square roots of their extracted variance.

    Parameters
    ----------
    fit : PlsFit

    Returns
    -------
    DataFrame
        ``left, right, estimate, root_left, root_right, undefined``: the two are told apart where the
        correlation's size is below both roots. Roots are NaN for formative constructs and single items.

    References
    ----------
    Fornell & Larcker (1981), J. Marketing Research 18, 39-50, p. 46.
    """
    reliability = fit.reliability
    roots = dict(
        zip(reliability["construct"], np.sqrt(reliability["average_variance_extracted"]), strict=True)
    )
    reasons = dict(zip(reliability["construct"], reliability["undefined"], strict=True))
    last = fit.solution.last
    at = {name: j for j, name in enumerate(last.stage.constructs)}
    rows = []
    for left, right in combinations([name for name in fit.model.constructs if name in at], 2):
        why = "; ".join(f"'{name}': {reasons[name]}" for name in (left, right) if reasons[name])
        estimate = float(last.correlations[0, at[left], at[right]])
        rows.append((left, right, estimate, float(roots[left]), float(roots[right]), why))
    return pd.DataFrame(rows, columns=["left", "right", "estimate", "root_left", "root_right", "undefined"])
