"""Everything that makes PLS programs differ, with what each difference does to the figures."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from servicefx.pls.pls_fit import PlsFit

__all__ = ["settings_frame", "settings_of"]

_SECOND_ORDER = {
    "disjoint": "two stages, the first without constructs of constructs",
    "embedded": "two stages, the first with repeated items",
    "repeated": "repeated items",
}
_MISSING = {
    "listwise": "rows with a gap left out",
    "mean": "gaps filled by the item's mean",
    "em": "moments of highest likelihood (EM)",
}
_NOTES = {
    "algorithm": (
        "A corrected solution (PLSc) has larger paths and lower loadings than the composites it is made "
        "from. Programs that call a model of common factors 'PLS' without more show the uncorrected one."
    ),
    "scheme": (
        "Schemes differ in the third decimal of paths at most times. SmartPLS and seminr take 'path' unless "
        "told otherwise, older programs 'centroid' or 'factorial'."
    ),
    "modes": (
        "Mode A takes correlations as weights, Mode B regression weights. Figures of one printed as those "
        "of the other are the commonest mistake: compare the modes first."
    ),
    "items": (
        "With unstandardised items, those with larger variance weigh more (plspm: scaled = FALSE). Scores "
        "are standardised either way."
    ),
    "denominator": (
        "n or n - 1 cancels in everything standardised, and in an importance-performance map. It stays in "
        "unstandardised scores, by a factor sqrt(n / (n - 1))."
    ),
    "missing": (
        "Mean replacement keeps every row and shrinks correlations; SmartPLS offers it first. Leaving rows "
        "out changes n. Compare n before anything else."
    ),
    "second_order": (
        "The three ways differ in the second decimal. seminr and SmartPLS build stages from scores; "
        "repeated items give an R² of 1 to a composed whole that its parts explain."
    ),
    "products": (
        "Programs differ by whether the product of two scores is standardised again. Divide the path by the "
        "product's standard deviation (frame 'interactions') to compare."
    ),
    "sign": (
        "A composite's sign is arbitrary; programs that turn it otherwise show the same path with the other "
        "sign. No draw of a bootstrap is turned towards the sample."
    ),
    "start": (
        "Where the search begins, in the sample, every resample and every group. Where constructs hardly "
        "correlate there can be several solutions, and another beginning may find another."
    ),
    "tolerance": (
        "A looser rule stops earlier: with 1e-7 and the sum of changes, as in several programs, the sixth "
        "or seventh decimal differs."
    ),
    "max_iterations": (
        "SmartPLS stops after 300 or 3,000 rounds without saying so in the figures; here more are refused."
    ),
    "iterations": "Rounds of the last run.",
    "n_obs": "Rows behind the figures.",
}


def settings_of(fit: PlsFit) -> Mapping[str, str | int | float]:
    """The settings of a fit, by name.

    Parameters
    ----------
    fit : PlsFit

    Returns
    -------
    mapping
        ``algorithm, scheme, modes, items, denominator, missing, second_order`` and ``products`` (where the
        model has them), ``sign, start, tolerance, max_iterations, iterations, n_obs``.
    """
    choices, model, last = fit.choices, fit.model, fit.solution.last
    modes = [f"{name}: {model.modes[name]}" for name in model.constructs]
    found: dict[str, str | int | float] = {
        "algorithm": "consistent PLS (PLSc)" if choices.consistent else "PLS",
        "scheme": choices.scheme,
        "modes": ", ".join(modes),
        "items": "standardised" if choices.scaled else "as they are, centred",
        "denominator": "n",
        "missing": _MISSING[choices.missing],
    }
    if model.higher:
        found["second_order"] = _SECOND_ORDER[choices.second_order]
    if model.products:
        found["products"] = "two stages, scores multiplied, the product standardised"
    return found | {
        "sign": "loadings of a construct's items sum to a positive number",
        "start": "equal weights",
        "tolerance": choices.tolerance,
        "max_iterations": choices.max_iterations,
        "iterations": last.iterations,
        "n_obs": fit.n_obs,
    }


def settings_frame(fit: PlsFit) -> pd.DataFrame:
    """The settings of a fit as a table, with how other programs' figures can differ by each.

    Parameters
    ----------
    fit : PlsFit

    Returns
    -------
    DataFrame
        ``setting, value, note``, all text.
    """
    found = settings_of(fit)
    return pd.DataFrame(
        {
            "setting": list(found),
            "value": [str(value) for value in found.values()],
            "note": [_NOTES[name] for name in found],
        }
    )
