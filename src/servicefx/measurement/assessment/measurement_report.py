"""MeasurementReport: whether the measurement is sound, in frames and judged numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from servicefx.errors import Problem, closest

__all__ = ["MeasurementReport"]


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
        Part, or part and subject -> why it could not be answered.
    problems : tuple of Problem
        What to look at, by name.
    notes : mapping of str to tuple of str
        Topic (``screening, validity, dimensions, single_factor, method_factor, marker, full_collinearity,
        invariance, index``) -> what must be known to read its frames: rows used, weaknesses of its tests.
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
        why = "; ".join(f"{part}: {reason}" for part, reason in self.undefined.items())
        told = closest(name, self.names) or (f" (not answered: {why})" if why else "")
        raise KeyError(f"no frame '{name}'{told}")

    def judged(self, judgement: str) -> pd.DataFrame:
        """The rules with one judgement, e.g. ``"fail"``."""
        return self.rules[self.rules["judgement"] == judgement].reset_index(drop=True)

    def __repr__(self) -> str:
        told = ", ".join(f"{len(self.judged(name))} {name}" for name in ("pass", "warn", "fail"))
        n = len(self.constructs)
        return f"MeasurementReport: '{self.data}', {self.n_obs:,} rows, {n} constructs; {told}"
