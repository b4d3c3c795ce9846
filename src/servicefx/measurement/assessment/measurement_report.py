"""MeasurementReport: whether the measurement is sound, in frames and judged numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from servicefx.errors import Problem, closest

__all__ = ["MeasurementReport"]

_FRAMES = {
    "screening": ("flags", "straight_lines", "items", "patterns", "gaps_test"),
    "servqual": ("servqual", "servqual_items"),
    "reliability": ("reliability", "hierarchical", "item_statistics"),
    "validity": (
        "loadings", "extracted_variance", "fornell_larcker", "htmt", "cross_loadings", "correlations",
    ),
    "dimensions": ("adequacy", "components", "partials", "pattern"),
    "bias": (
        "single_factor", "method_models", "method_variance", "marker", "marker_models", "full_collinearity",
    ),
    "invariance": ("ladder", "released", "latent_means"),
    "index": ("quality_index", "quality_weights", "norms"),
    "benefit": ("benefit_families", "benefit_items", "benefit_redundancy"),
}  # fmt: skip
"""Part -> its frames."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MeasurementReport:
    """Everything `assess` found; holds no rows of people.

    Attributes
    ----------
    data : str
        Name of the data file.
    n_obs : int
        Its rows.
    constructs : mapping of str to tuple of str
        Constructs analysed together -> their items.
    apart : mapping of str to tuple of str
        Constructs asked of some rows only, assessed by themselves.
    frames : mapping of str to DataFrame
        Name -> frame with glossary columns; `names` lists them:

        - screening: ``flags, straight_lines, items, patterns, gaps_test``;
        - SERVQUAL: ``servqual, servqual_items``;
        - reliability: ``reliability, hierarchical, item_statistics``;
        - validity: ``loadings, extracted_variance, fornell_larcker, htmt, cross_loadings, correlations``;
        - dimensions: ``adequacy, components, partials, pattern``;
        - method bias: ``single_factor, method_models, method_variance, marker, marker_models,
          full_collinearity``;
        - invariance: ``ladder, released, latent_means``;
        - index: ``quality_index, quality_weights, norms``;
        - benefit: ``benefit_families, benefit_items, benefit_redundancy``.
    rules : DataFrame
        Every number held against a rule of thumb: ``rule, subject, estimate, conf_low, conf_high, threshold,
        judgement, source``; ``judgement`` is ``pass``, ``warn``, ``fail`` or empty where there is no number.
    undefined : mapping of str to str
        Part, or ``"part: some of it"`` -> why it could not be answered; ``"joint analyses: construct"`` ->
        why a construct of `apart` is not in them.
    problems : tuple of Problem
        What to look at, by name.
    notes : mapping of str to tuple of str
        Topic (``screening, servqual, confirmatory, ratios, adequacy, components, partials, single_factor,
        method_factor, marker, marker_models, full_collinearity, invariance, index, benefit``) -> what must be
        known to read its frames: rows used, weaknesses of its tests.
    """

    data: str
    n_obs: int
    constructs: Mapping[str, tuple[str, ...]]
    apart: Mapping[str, tuple[str, ...]]
    frames: Mapping[str, pd.DataFrame]
    rules: pd.DataFrame
    undefined: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Frames there are, in reading order."""
        return tuple(self.frames)

    def frame(self, name: str) -> pd.DataFrame:
        """One frame by its name.

        Raises
        ------
        KeyError
            If there is none; the message says why, or names the closest.
        """
        if name in self.frames:
            return self.frames[name]
        part = next((part for part, frames in _FRAMES.items() if name in frames), None)
        if part is None:
            raise KeyError(f"no frame '{name}'{closest(name, self.names)}")
        reasons = [f"{of}: {why}" for of, why in self.undefined.items() if of.partition(": ")[0] == part]
        why = "; ".join(reasons) or f"'{part}' was not asked for, or has nothing to say here"
        raise KeyError(f"no frame '{name}' ({why})")

    def judged(self, judgement: str) -> pd.DataFrame:
        """The rules with one judgement, e.g. ``"fail"``."""
        return self.rules[self.rules["judgement"] == judgement].reset_index(drop=True)

    def __repr__(self) -> str:
        told = ", ".join(f"{len(self.judged(name))} {name}" for name in ("pass", "warn", "fail"))
        n = len(self.constructs)
        return f"MeasurementReport: '{self.data}', {self.n_obs:,} rows, {n} constructs; {told}"
