"""From how many points a customer counts as satisfied and as highly satisfied (K2)."""

from __future__ import annotations

from servicefx.study.spec import ClaimSpec
from servicefx.study.study import Study
from servicefx.theory.catalogue import load_theory

__all__ = ["satisfied_points"]


def satisfied_points(study: Study, data: str) -> tuple[float, float] | None:
    """Cut-offs of claim K2 on the satisfaction score: as the study states them, else shares of its scale.

    Parameters
    ----------
    study : Study
    data : str
        Data file in which satisfaction is asked about.

    Returns
    -------
    tuple of float or None
        None where satisfaction is not measured there, or its scale has no known ends and no cut is stated.
    """
    if "satisfaction" not in study.spec.constructs or study.data_of("satisfaction") != data:
        return None
    spec = study.spec.claims.get("K2", ClaimSpec())
    scale, fractions = study.scale_of("satisfaction"), load_theory().claims["K2"].cutoffs
    found = []
    for name, stated in (("satisfied", spec.satisfied), ("highly_satisfied", spec.highly_satisfied)):
        if stated is not None:
            found.append(float(stated))
        elif scale is not None:
            found.append(scale.min + fractions[name] * (scale.max - scale.min))
    return (found[0], found[1]) if len(found) == 2 else None
