"""Sobel's test and joint significance beside the bootstrap, as other programs print them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from servicefx.errors import Problem, StudyError
from servicefx.models.mediation.answers import ROUTE, Mediation
from servicefx.values.estimates import critical_value, two_sided_p_value

__all__ = ["step_tests"]


def step_tests(fit: Mediation, *, level: float = 0.95) -> pd.DataFrame:
    """Each indirect effect by Sobel's normal approximation, and by the significance of all its steps.

    For comparison with other programs only: Sobel's interval is too wide on the side away from zero and too
    narrow on the other, because a product of coefficients is not normal. Read the bootstrap intervals.

    Parameters
    ----------
    fit : Mediation
        Of a layout in which nothing moderates.
    level : float

    Returns
    -------
    DataFrame
        Two rows a route: ``from, to, via, method`` (``"sobel"``, ``"joint significance"``), ``estimate,
        std_error, statistic, p_value, conf_low, conf_high, undefined``. Joint significance has the largest
        p-value of the steps and no interval.

    Raises
    ------
    StudyError
        If something moderates.

    Notes
    -----
    Sobel (1982): to first order the variance of a product of independent coefficients is the product's square
    times the sum of their squared relative errors. Errors are those of the equations (HC3 or clustered).

    References
    ----------
    Sobel (1982), Sociological Methodology 13, 290-312; MacKinnon, Lockwood, Hoffman, West & Sheets (2002),
    Psychological Methods 7, 83-104 (joint significance).
    """
    if fit.layout.moderated:
        found = f"layout {fit.layout.number} has conditional effects"
        raise StudyError(Problem("tests of steps", found, "Read their bootstrap intervals."))
    equations = {equation.outcome: equation for equation in fit.equations}
    rows = []
    for answer in fit.effects:
        if answer.kind != "indirect" or not answer.via:
            continue
        steps, errors, p_values = [], [], []
        for left, right in pairwise((fit.source, *answer.via, fit.outcome)):
            equation = equations[right]
            place = equation.terms.index(left)
            steps.append(equation.coefficients[place])
            errors.append(equation.std_errors[place])
            tested = two_sided_p_value(np.array([steps[-1] / errors[-1]]), equation.df)
            p_values.append(float(tested[0]))
        step, error = np.array(steps), np.array(errors)
        others = np.array([np.prod(np.delete(step, i)) for i in range(len(step))])
        product, spread = float(np.prod(step)), float(np.sqrt(np.sum((others * error) ** 2)))
        statistic = product / spread
        half = critical_value(level) * spread
        shared = {"from": fit.source, "to": fit.outcome, "via": ROUTE.join(answer.via), "estimate": product}
        rows.append(
            shared
            | {
                "method": "sobel", "std_error": spread, "statistic": statistic,
                "p_value": float(two_sided_p_value(np.array([statistic]), float("inf"))[0]),
                "conf_low": product - half, "conf_high": product + half, "undefined": "",
            }
        )  # fmt: skip
        why = "joint significance tests the steps one by one, so it has no error or interval"
        nothing = dict.fromkeys(("std_error", "statistic", "conf_low", "conf_high"), float("nan"))
        rows.append(
            shared | nothing
            | {"method": "joint significance", "p_value": max(p_values), "undefined": why}
        )  # fmt: skip
    columns = ["from", "to", "via", "method", "estimate", "std_error", "statistic", "p_value", "conf_low"]
    return pd.DataFrame(rows)[[*columns, "conf_high", "undefined"]]
