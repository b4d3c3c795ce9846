"""The ladder: one model a level, held against the one below by change of fit and a difference test."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from servicefx import sem
from servicefx.errors import ConvergenceError, DataError, IdentificationError, Problem
from servicefx.measurement.invariance.compared import Compared
from servicefx.measurement.invariance.equalities import Equalities
from servicefx.measurement.rules import Judged, Judgement, judge
from servicefx.sem.comparison import difference_of
from servicefx.sem.sem_fit import SemFit

__all__ = ["Climb", "Demands", "Step", "attempted", "step_of"]

_MANY_GROUPS = 10
"""From here on the cutoffs of studies of many groups hold (Rutkowski & Svetina 2014, 2017)."""
_SMALL = 300
"""Rows of all groups up to which the stricter cutoffs hold (Chen 2007)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What decides whether a level holds.

    Attributes
    ----------
    criterion : {"cfi", "chi2"}
        A fall of CFI beyond ``cfi_fall``, or a difference test below ``alpha``.
    cfi_fall, cfi_fall_loadings, alpha : float
        The second stands for the first where loadings or thresholds become equal.
    """

    criterion: str
    cfi_fall: float
    cfi_fall_loadings: float
    alpha: float

    @classmethod
    def chosen(cls, data: Compared, criterion: str, cfi_fall: float | None, alpha: float) -> Demands:
        """With the usual falls of CFI where none is chosen."""
        many = len(data.groups) >= _MANY_GROUPS
        usual = 0.004 if many and data.categories else 0.010
        loose = 0.020 if many and not data.categories else usual
        return cls(
            criterion=criterion,
            cfi_fall=usual if cfi_fall is None else cfi_fall,
            cfi_fall_loadings=loose if cfi_fall is None else cfi_fall,
            alpha=alpha,
        )

    def judgement(self, row: Mapping[str, object], rules: tuple[Judged, ...]) -> Judgement:
        """Fail where the criterion is not met, warn where it is and some rule is not, else pass."""
        fall, p_value = -float(row["delta_cfi"]), float(row["p_value"])  # type: ignore[arg-type]
        early = str(row["level"]).endswith(("metric", "threshold"))
        if math.isnan(p_value if self.criterion == "chi2" else fall):
            return ""
        if self.criterion == "chi2":
            failed = p_value < self.alpha
        else:
            failed = fall > (self.cfi_fall_loadings if early else self.cfi_fall)
        if failed:
            return "fail"
        return "warn" if any(rule["judgement"] == "fail" for rule in rules) else "pass"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Climb:
    """What stays the same from level to level.

    Attributes
    ----------
    data : Compared
    choices : mapping
        Further arguments of `servicefx.sem.fit`.
    demands : Demands
    """

    data: Compared
    choices: Mapping[str, object]
    demands: Demands

    @property
    def ordinal(self) -> bool:
        """Whether items are ordered answers."""
        return bool(self.data.categories)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Step:
    """One model of the ladder.

    Attributes
    ----------
    level : str
        ``metric``, ``partial metric``, ….
    equalities : Equalities
    fit : SemFit or None
        None where no model was found.
    row : mapping
        Of the ladder's frame.
    rules : tuple of Judged
        The rules its change of fit is held against.
    problems : tuple of Problem
        What makes its difference test doubtful.
    """

    level: str
    equalities: Equalities
    fit: SemFit | None
    row: Mapping[str, object]
    rules: tuple[Judged, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def judgement(self) -> Judgement:
        """Whether the level holds; empty where that was not judged."""
        found: Judgement = self.row["judgement"]  # type: ignore[assignment]
        return found

    @property
    def broken(self) -> str:
        """Why what rests on the level does not stand; empty if it does."""
        reason = self.row["undefined"]
        if self.fit is None:
            return f"the {self.level} model was not found: {reason}"
        if self.judgement == "fail":
            return f"the {self.level} level does not hold"
        unknown = not self.judgement and float(self.row["df_diff"]) > 0  # type: ignore[arg-type]
        return f"the {self.level} level could not be judged: {reason}" if unknown else ""


def attempted(climb: Climb, equalities: Equalities) -> tuple[SemFit | None, str]:
    """The fit of a level, or why there is none."""
    data = climb.data
    try:
        fitted = sem.fit(equalities.table(), data.frame, std_lv=True, **data.columns, **climb.choices)  # type: ignore[arg-type]
    except (ConvergenceError, IdentificationError) as error:
        return None, "; ".join(problem.found for problem in error.problems)
    except DataError as error:
        if not equalities.kinds:
            raise
        return None, "; ".join(problem.found for problem in error.problems)
    return fitted, ""


def step_of(
    climb: Climb,
    level: str,
    equalities: Equalities,
    fitted: SemFit | None,
    below: Step | None,
    *,
    reason: str = "",
    judged: bool = True,
) -> Step:
    """A row of the ladder.

    Parameters
    ----------
    climb : Climb
    level : str
        As the row names it.
    equalities : Equalities
    fitted : SemFit or None
    below : Step or None
        The last level that was fitted.
    reason : str
        Why there is no fit.
    judged : bool
        Whether the change of fit says something about the items.
    """
    names = ("chi2", "df", "cfi", "rmsea", "srmr")
    deltas = ("delta_cfi", "delta_rmsea", "delta_srmr", "chi2_diff", "df_diff", "p_value")
    row: dict[str, object] = {"level": level} | dict.fromkeys((*names, *deltas), math.nan)
    row |= {"judgement": "", "undefined": reason}
    if fitted is None:
        return Step(level=level, equalities=equalities, fit=None, row=row)
    measures = measures_of(fitted, ordinal=climb.ordinal)
    row |= measures
    missing = [name for name in names if math.isnan(measures[name])]
    row["undefined"] = _why(fitted, missing)
    if below is None or below.fit is None:
        row["undefined"] = row["undefined"] or "the first level is held against none"
        rules = tuple(judge(name, level, measures[name]) for name in ("cfi", "rmsea", "srmr"))
        row["judgement"] = _worst(rules)
        return Step(level=level, equalities=equalities, fit=fitted, row=row, rules=rules)
    before = measures_of(below.fit, ordinal=climb.ordinal)
    row |= {f"delta_{name}": measures[name] - before[name] for name in ("cfi", "rmsea", "srmr")}
    gained = fitted.solution.test.df - below.fit.solution.test.df
    problems: tuple[Problem, ...] = ()
    row["df_diff"] = gained
    if gained <= 0:
        row["undefined"] = "nothing is tested: the level says nothing that the one below does not"
        return Step(level=level, equalities=equalities, fit=fitted, row=row)
    difference = difference_of(fitted, below.fit)
    row |= {"chi2_diff": difference.chi2_diff, "p_value": difference.p_value}
    if difference.problem:
        row["undefined"] = row["undefined"] or difference.problem
        remedy = "Read the change of CFI and RMSEA instead."
        problems = (Problem(f"level '{level}'", difference.problem, remedy),)
    rules = rules_of(climb, level, row) if judged else ()
    row["judgement"] = climb.demands.judgement(row, rules) if judged else ""
    return Step(level=level, equalities=equalities, fit=fitted, row=row, rules=rules, problems=problems)


def measures_of(fitted: SemFit, *, ordinal: bool) -> dict[str, float]:
    """``chi2, df, cfi, rmsea, srmr``: scaled chi2; robust CFI and RMSEA, but scaled for ordered answers.

    The robust measures of ordered answers know their correlations only, not whether thresholds are equal.
    """
    found = fitted.measures
    if not found["df"]:  # nothing is left to test, nor to scale
        return {"chi2": 0.0, "df": 0.0, "cfi": 1.0, "rmsea": 0.0, "srmr": found["srmr"]}
    scaled = fitted.solution.test.scaling_factor is not None
    suffix = "" if not scaled else "_scaled" if ordinal else "_robust"
    return {
        "chi2": found["chi2_scaled"] if scaled else found["chi2"],
        "df": found["df"],
        "cfi": found[f"cfi{suffix}"],
        "rmsea": found[f"rmsea{suffix}"],
        "srmr": found["srmr"],
    }


def rules_of(climb: Climb, level: str, row: Mapping[str, object]) -> tuple[Judged, ...]:
    """The rules a change of fit is held against; which, depends on level, rows and number of groups."""
    data = climb.data
    later = level.endswith(("scalar", "strict"))
    if len(data.groups) >= _MANY_GROUPS and climb.ordinal:
        first = "_first" if level.endswith("threshold") else ""
        names = {"delta_cfi": "delta_cfi_many_answers", "delta_rmsea": f"delta_rmsea_many_answers{first}"}
    elif len(data.groups) >= _MANY_GROUPS:
        of = "intercepts" if later else "loadings"
        names = {"delta_cfi": f"delta_cfi_many_{of}", "delta_rmsea": f"delta_rmsea_many_{of}"}
    else:
        size = "_small" if data.n_obs <= _SMALL else ""
        names = {measure: f"{measure}{size}" for measure in ("delta_cfi", "delta_rmsea")}
        names["delta_srmr"] = f"delta_srmr_{'intercepts' if later else 'loadings'}{size}"
    return tuple(judge(rule, level, float(row[measure])) for measure, rule in names.items())  # type: ignore[arg-type]


def _worst(rules: tuple[Judged, ...]) -> Judgement:
    found = [rule["judgement"] for rule in rules]
    order: tuple[Judgement, ...] = ("fail", "warn", "pass")
    return next((one for one in order if one in found), "")


def _why(fitted: SemFit, missing: list[str]) -> str:
    if not missing:
        return ""
    reasons = fitted.undefined
    known = [reasons[name] for name in (*missing, *(f"{name}_robust" for name in missing)) if name in reasons]
    return f"{', '.join(missing)}: {known[0]}" if known else f"{', '.join(missing)}: not a number"
