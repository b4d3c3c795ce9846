"""measurement_invariance: whether items measure the same in every group, and how the groups then differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from servicefx.errors import Problem, StudyError, closest
from servicefx.measurement.invariance.compared import Compared, compared
from servicefx.measurement.invariance.equalities import ANSWER_LEVELS, LEVELS, Equalities
from servicefx.measurement.invariance.ladder import Climb, Demands, Step, attempted, step_of
from servicefx.measurement.invariance.latent_means import latent_means
from servicefx.measurement.invariance.partial import released_until_it_holds, still_apart
from servicefx.measurement.rules import rules_frame
from servicefx.sem.sem_fit import SemFit

__all__ = ["LADDER_COLUMNS", "RELEASED_COLUMNS", "Invariance", "measurement_invariance"]

LADDER_COLUMNS = (
    "level", "chi2", "df", "cfi", "rmsea", "srmr", "delta_cfi", "delta_rmsea", "delta_srmr", "chi2_diff",
    "df_diff", "p_value", "judgement", "undefined",
)  # fmt: skip
RELEASED_COLUMNS = (
    "level", "step", "construct", "item", "parameter", "group", "index", "df", "expected_change", "chi2_diff",
    "df_diff", "p_value", "cfi_before", "cfi", "undefined",
)  # fmt: skip
_ESTIMATORS = ("ml", "mlr", "wlsmv")
_SHOWN = 3
"""Problems of one kind that are told one by one."""
_TOGETHER = "answers in two categories: thresholds, loadings and intercepts are only tested together"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Invariance:
    """Whether items measure the same in every group, and how the groups' means differ.

    Attributes
    ----------
    ladder : DataFrame
        One row a level, partial levels after those that failed: ``level, chi2, df, cfi, rmsea, srmr,
        delta_cfi, delta_rmsea, delta_srmr, chi2_diff, df_diff, p_value, judgement, undefined``. Differences
        are to the last level accepted; ``judgement`` is ``fail`` where the criterion is not met, ``warn``
        where it is but a rule of thumb is not, else ``pass``; of the first level it is that of the fit
        itself. The last row, ``means``, tests whether the constructs' means are equal as well; it is no
        demand.
    released : DataFrame
        One row an equality given up, in order: ``level, step, construct, item, parameter, group, index, df,
        expected_change, chi2_diff, df_diff, p_value, cfi_before, cfi, undefined``. ``index`` is the score
        test that chose it; ``chi2_diff`` and ``p_value`` are the difference test of the two fits.
    latent_means : DataFrame
        One row a construct and group: ``construct, group, reference, estimate, std_error, p_value, conf_low,
        conf_high, points, points_error, n_items, n_obs, undefined``. ``estimate`` is in standard deviations
        of the construct in the reference group, ``points`` in points of the items.
    rules : DataFrame
        Every rule of thumb a level was held against, with the number, the threshold and its source.
    counts : mapping of str to int
        Rows used of each group, the reference first.
    dropped : mapping of str to int
        Rows not used, by reason.
    settings : mapping of str to str
        What was chosen: estimator, gaps, criterion, measures of fit.
    undefined : mapping of str to str
        Level, or construct and group, without a number -> why.
    problems : tuple of Problem
        What makes the comparison doubtful, by name.
    fits : mapping of str to SemFit
        The model of every row of the ladder.
    """

    ladder: pd.DataFrame
    released: pd.DataFrame
    latent_means: pd.DataFrame
    rules: pd.DataFrame
    counts: Mapping[str, int]
    dropped: Mapping[str, int]
    settings: Mapping[str, str]
    undefined: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    fits: Mapping[str, SemFit] = field(default_factory=dict)


def measurement_invariance(
    items: pd.DataFrame,
    constructs: Mapping[str, Sequence[str]],
    group: str | pd.Series,
    *,
    reference: object = None,
    ordered: Sequence[str] | bool = (),
    estimator: str | None = None,
    missing: str = "listwise",
    partial: bool = True,
    strict: bool = True,
    criterion: str = "cfi",
    cfi_fall: float | None = None,
    alpha: float = 0.05,
    level: float = 0.95,
    cluster: str | pd.Series | None = None,
    weights: str | pd.Series | None = None,
) -> Invariance:
    """Whether the items measure the same in every group, level by level; where not, which do; then the means.

    Means of scores may only be compared if loadings and intercepts are equal: else a group may lie higher
    because it answers an item otherwise, not because it has more of the construct.

    Parameters
    ----------
    items : DataFrame, shape (n, p + …)
        Answers, reversed items turned; may hold the columns of group, cluster and weight.
    constructs : mapping of str to sequence of str
        Construct -> its columns: at least two items each, each item in one construct.
    group : str or Series
        Column, or values row by row; text, numbers or categories. Rows without one are counted and left out.
    reference : optional
        The group that others are held against. By default the first category, number or text in order.
    ordered : sequence of str, or bool
        Items that are ordered answers (all or none), or True for all.
    estimator : {"ml", "mlr", "wlsmv"}, optional
        By default ``mlr`` for numbers and ``wlsmv`` for ordered answers.
    missing : {"listwise", "fiml"}
        Only complete rows, or all rows with any answer by full-information maximum likelihood.
    partial : bool
        Whether equalities of a level that fails are released one by one.
    strict : bool
        Whether residual variances are held equal as well, as the last level; never for ordered answers.
    criterion : {"cfi", "chi2"}
        What fails a level: a fall of CFI by more than ``cfi_fall``, or a difference test with a p-value
        below ``alpha`` (with many rows this fails on differences without importance).
    cfi_fall : float, optional
        By default .010; from ten groups on .020 for loadings of numbers, and .004 for ordered answers.
    alpha, level : float
        Of the criterion ``chi2``; of confidence intervals.
    cluster, weights : str or Series, optional
        Units that rows were drawn in, sampling weights: with ``ml`` and ``mlr``, errors and tests are then
        robust.

    Returns
    -------
    Invariance

    Raises
    ------
    StudyError
        If a construct has one item or shares one, there is one group, or a choice is not known.
    DataError
        If a column is absent, a group has no more rows than parameters, an item is constant in a group, or
        a group does not use an answer that others do.

    Notes
    -----
    Numbers: *configural* (same items), *metric* (loadings), *scalar* (intercepts), *strict* (residual
    variances). Ordered answers: *configural*, *threshold*, *metric*, *scalar*, with scales and intercepts of
    the latent responses freed as soon as thresholds identify them (Wu & Estabrook 2016); three categories
    leave nothing to test in thresholds alone, two categories only test all at once. Constructs have mean 0
    and variance 1 in the reference and are free elsewhere as soon as equalities identify them, so that no
    item is taken as a marker and every equality is tested.

    *Release*: at a level that fails, each item and group has a score test of what the level adds; the largest
    (a degree of freedom) is released, the model refitted, until the level no longer fails. An item released
    in a group stays so at later levels. Where fewer than two items of a construct are left between two groups
    (Byrne, Shavelson & Muthén 1989) its means are not compared, and the release goes on with the others.
    Choosing equalities by the data makes the p-values of what is left too kind.

    CFI is of the whole model: among many items one that is off hardly moves it. An equality that a score test
    still speaks against at a level that holds is named in ``problems`` with its size; ``criterion="chi2"`` or
    one construct at a time then shows more.

    *Measures*: with ``mlr`` CFI and RMSEA are the robust ones, with ``wlsmv`` the scaled ones.

    References
    ----------
    Meredith (1993), Psychometrika 58, 525-543. Byrne, Shavelson & Muthén (1989), Psychol. Bull. 105, 456-466.
    Cheung & Rensvold (2002), Struct. Equ. Model. 9, 233-255. Chen (2007), ibid. 14, 464-504. Rutkowski &
    Svetina (2014), Educ. Psychol. Meas. 74, 31-57; (2017), Appl. Meas. Educ. 30, 39-51. Wu & Estabrook
    (2016), Psychometrika 81, 1014-1045.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> trust = rng.normal(size=(800, 1))
    >>> answers = pd.DataFrame(trust + rng.normal(size=(800, 4)), columns=["a", "b", "c", "d"])
    >>> answers["channel"] = np.repeat(["online", "shop"], 400)
    >>> answers.loc[answers["channel"] == "shop", "c"] += 1.0
    >>> found = measurement_invariance(answers, {"trust": ["a", "b", "c", "d"]}, "channel")
    >>> found.released[["level", "item", "parameter", "group"]].values.tolist()
    [['scalar', 'c', 'intercept', 'shop']]
    """
    how = _checked(ordered, estimator, missing, criterion, cfi_fall, alpha, level)
    data = compared(
        items, constructs, group, reference=reference, ordered=ordered, cluster=cluster, weights=weights,
        keep_gaps=missing == "fiml",
    )  # fmt: skip
    choices: dict[str, object] = {"estimator": how, "missing": missing, "level": level}
    if data.categories:
        choices["ordered"] = tuple(data.categories)
    climb = Climb(data=data, choices=choices, demands=Demands.chosen(data, criterion, cfi_fall, alpha))
    return _climbed(climb, partial=partial, strict=strict, level=level)


def _checked(
    ordered: Sequence[str] | bool,
    estimator: str | None,
    missing: str,
    criterion: str,
    cfi_fall: float | None,
    alpha: float,
    level: float,
) -> str:
    """The estimator, after every choice was looked at."""
    ordinal = ordered if isinstance(ordered, bool) else bool(tuple(ordered))
    how = (("wlsmv" if ordinal else "mlr") if estimator is None else str(estimator)).casefold()
    problems = []
    if how not in _ESTIMATORS:
        found = f"'{estimator}' is not known{closest(str(estimator), _ESTIMATORS)}"
        problems.append(Problem("estimator", found, f"Choose among {', '.join(_ESTIMATORS)}."))
    elif ordinal != (how == "wlsmv"):
        found = f"'{how}' is for {'ordered answers' if how == 'wlsmv' else 'numbers'}"
        remedy = (
            "Choose wlsmv, or leave 'ordered' out." if ordinal else "Name the ordered items, or choose mlr."
        )
        problems.append(Problem("estimator", found, remedy))
    if missing not in ("listwise", "fiml"):
        found = f"'{missing}' is not known"
        problems.append(Problem("missing", found, "Choose among listwise, fiml."))
    if criterion not in ("cfi", "chi2"):
        problems.append(Problem("criterion", f"'{criterion}' is not known", "Choose among cfi, chi2."))
    if cfi_fall is not None and not 0 < cfi_fall < 1:
        problems.append(Problem("cfi_fall", f"{cfi_fall} is not between 0 and 1", "Choose e.g. 0.01."))
    for name, value in (("alpha", alpha), ("level", level)):
        if not 0 < value < 1:
            problems.append(Problem(name, f"{value} is not between 0 and 1", "Choose e.g. 0.05 or 0.95."))
    if problems:
        raise StudyError(*problems)
    return how


def _climbed(climb: Climb, *, partial: bool, strict: bool, level: float) -> Invariance:
    data = climb.data
    ladder = dict(ANSWER_LEVELS if climb.ordinal else LEVELS)
    if not strict:
        ladder.pop("strict", None)
    start = Equalities(constructs=data.constructs, groups=data.groups, categories=data.categories)
    steps: list[Step] = []
    rows: list[Mapping[str, object]] = []
    given_up: dict[tuple[str, int], str] = {}
    problems = [*_few(data)]
    broken, below, scalar = "", None, None
    for name, kinds in ladder.items():
        equalities = (start if below is None else below.equalities).at(kinds)
        if name in ("threshold", "metric") and data.categories and set(data.categories.values()) == {2}:
            steps.append(step_of(climb, name, equalities, None, below, reason=_TOGETHER))
            continue
        fitted, reason = attempted(climb, equalities)
        step = step_of(climb, name, equalities, fitted, below, reason=reason)
        steps.append(step)
        if partial and step.judgement == "fail" and below is not None:
            found = released_until_it_holds(climb, name, step, below)
            rows += found.rows
            given_up |= found.given_up
            problems += found.problems
            if found.rows:
                step = found.step
                steps.append(step)
        if name not in ("configural", "strict"):
            broken = broken or step.broken
        if name == "scalar":
            scalar = step
        below = step if step.fit is not None else below
        if name in ("threshold", "metric", "scalar"):
            problems += still_apart(step, name)
    if scalar is not None and scalar.fit is not None and not broken:
        steps.append(_equal_means(climb, scalar))
    model = scalar or steps[-1]
    means = latent_means(model.fit, model.equalities, given_up, data.counts, reason=broken, level=level)
    problems += [problem for step in steps for problem in step.problems]
    if scalar is not None and scalar.fit is not None:
        problems += _shortened(scalar.fit.problems)
    return Invariance(
        ladder=pd.DataFrame([step.row for step in steps], columns=list(LADDER_COLUMNS)),
        released=pd.DataFrame(rows, columns=list(RELEASED_COLUMNS)),
        latent_means=means,
        rules=rules_frame(rule for step in steps for rule in step.rules),
        counts=data.counts,
        dropped=data.dropped,
        settings=_settings(climb),
        undefined=_undefined(steps, means),
        problems=tuple(dict.fromkeys(problems)),
        fits={step.level: step.fit for step in steps if step.fit is not None},
    )


def _equal_means(climb: Climb, scalar: Step) -> Step:
    equalities = replace(scalar.equalities, equal_means=True)
    fitted, reason = attempted(climb, equalities)
    return step_of(climb, "means", equalities, fitted, scalar, reason=reason, judged=False)


def _shortened(problems: Sequence[Problem]) -> list[Problem]:
    """The problems; of many with one remedy the first, and how many more there are."""
    by_remedy: dict[str, list[Problem]] = {}
    for problem in problems:
        by_remedy.setdefault(problem.remedy, []).append(problem)
    found = []
    for alike in by_remedy.values():
        more = len(alike) - _SHOWN
        found += alike if more <= 0 else alike[: _SHOWN - 1]
        if more > 0:
            last = alike[_SHOWN - 1]
            found.append(replace(last, found=f"{last.found}; {more} more like this"))
    return found


def _few(data: Compared) -> list[Problem]:
    return [
        Problem(
            f"group '{label}'",
            f"{count} rows; the cutoffs were found with 150 and more in each group (Chen 2007)",
            "Read judgements with care.",
        )
        for label, count in data.counts.items()
        if count < 150
    ]


def _settings(climb: Climb) -> dict[str, str]:
    demands, how = climb.demands, str(climb.choices["estimator"])
    cfi = f"CFI falls by more than {demands.cfi_fall:.3f}"
    if demands.cfi_fall_loadings != demands.cfi_fall:
        cfi += f" ({demands.cfi_fall_loadings:.3f} for loadings)"
    measures = {"ml": "plain", "mlr": "scaled chi2, robust CFI and RMSEA", "wlsmv": "scaled"}
    return {
        "estimator": how,
        "missing": str(climb.choices["missing"]),
        "fails": cfi if demands.criterion == "cfi" else f"p-value of the difference below {demands.alpha:g}",
        "measures": measures[how],
        "reference": climb.data.groups[0],
    }


def _undefined(steps: Sequence[Step], means: pd.DataFrame) -> dict[str, str]:
    found = {step.level: str(step.row["undefined"]) for step in steps if step.row["undefined"]}
    bare = means[means["estimate"].isna()]
    pairs = zip(bare["construct"], bare["group"], bare["undefined"], strict=True)
    return found | {f"{construct}, {group}": reason for construct, group, reason in pairs}
