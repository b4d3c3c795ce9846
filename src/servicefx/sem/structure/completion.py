"""A parameter table and its reader's choices to a SemModel with every default written out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from servicefx.errors import Problem, StudyError
from servicefx.sem.structure.roles import Roles, roles_of
from servicefx.sem.structure.sem_model import Parameter, SemModel
from servicefx.syntax.table import Modifier, Operator, ParameterTable

__all__ = ["GROUP_EQUAL", "complete_model"]

GROUP_EQUAL = (
    "loadings", "intercepts", "residuals", "residual_covariances", "means", "lv_variances",
    "lv_covariances", "regressions", "thresholds",
)  # fmt: skip
"""What may be held equal across groups."""


@dataclass(slots=True)
class _Row:
    """A parameter of every group while the model is being completed; lists hold one entry a group."""

    lhs: str
    op: Operator
    rhs: str
    modifiers: tuple[Modifier, ...] = ()
    default: float | None = None
    freed_later: bool = False
    sampled: bool = False
    computed: bool = False

    def modifier(self, group: int) -> Modifier:
        if not self.modifiers:
            return _NONE
        return self.modifiers[0] if len(self.modifiers) == 1 else self.modifiers[group]

    def fixed(self, group: int) -> float | None:
        stated = self.modifier(group)
        if stated.free or stated.fixed is not None:
            return None if stated.free else stated.fixed
        return None if self.freed_later and group else self.default


_NONE = Modifier()


def complete_model(
    table: ParameterTable,
    *,
    groups: tuple[str, ...] = ("",),
    means: bool = False,
    std_lv: bool = False,
    orthogonal: bool = False,
    fixed_x: bool = True,
    group_equal: Iterable[str] = (),
    levels: Mapping[str, int] | None = None,
    parameterization: str = "delta",
) -> SemModel:
    """Add to a table what its reader takes for granted, as lavaan's ``sem()`` does.

    The first loading of a construct is 1 (or, with ``std_lv``, its variance); everything has a variance,
    which is 0 for the only item of a construct; constructs that nothing explains covary, and so do the
    residuals of what is explained and explains nothing; observed covariates are held at their sample
    moments with ``fixed_x``; intercepts are free and means of constructs 0.

    Parameters
    ----------
    table : ParameterTable
        What the text says.
    groups : tuple of str
        Values of the grouping column; ``("",)`` for one group.
    means : bool
        Model means as well.
    std_lv, orthogonal, fixed_x : bool
        Fix (residual) variances of constructs at 1 instead of first loadings; no covariances among
        constructs; hold covariates at their sample moments.
    group_equal : iterable of str
        Of `GROUP_EQUAL`. Equal intercepts or thresholds free the means of constructs in later groups; with
        ordered items, either makes the other equal too.
    levels : mapping of str to int, optional
        Ordered items -> number of their categories.
    parameterization : {"delta", "theta"}
        Of ordered items.

    Returns
    -------
    SemModel
        With every parameter explicit.

    Raises
    ------
    StudyError
        If the table composes constructs (``<~``), says one effect twice, gives modifiers for another
        number of groups, states thresholds an item does not have, or `group_equal` is not known.

    Examples
    --------
    >>> from servicefx.syntax.parser import parse_model
    >>> model = complete_model(parse_model("f =~ x1 + x2 + x3"))
    >>> [p.text for p in model.first]
    ['f =~ x2', 'f =~ x3', 'x1 ~~ x1', 'x2 ~~ x2', 'x3 ~~ x3', 'f ~~ f']
    """
    equal = _known(group_equal)
    ordered = dict(levels or {})
    if ordered and equal & {"intercepts", "thresholds"}:
        equal |= {"intercepts", "thresholds"}  # what intercepts are to numbers, thresholds are to answers
    roles = roles_of(table, fixed_x=fixed_x)
    _check_groups(table, groups)
    rows = _stated(table, std_lv=std_lv)
    rows += _thresholds(rows, roles, ordered)
    _set_ordered_residuals(rows, ordered, parameterization)
    rows += _covariances(
        rows, roles, ordered, orthogonal=orthogonal, std_lv=std_lv, delta=parameterization == "delta"
    )
    if ordered:
        rows += _scalings(rows, roles, ordered, parameterization)
        _refuse_computed(rows, parameterization)
    if means:
        rows += _intercepts(rows, roles, ordered)
    if len(groups) > 1:
        _free_in_later_groups(rows, roles, equal, ordered, std_lv=std_lv, theta=parameterization == "theta")
    parameters, n_positions = _numbered(rows, roles, groups, equal)
    return SemModel(
        groups=groups,
        items=roles.items,
        constructs=roles.constructs,
        covariates=roles.covariates,
        exogenous=roles.exogenous_items,
        ordered=tuple(item for item in roles.items if item in ordered),
        parameterization=parameterization,
        means=means,
        parameters=parameters,
        n_positions=n_positions,
        definitions=table.definitions,
        evaluation=table.evaluation_order,
        constraints=table.constraints,
    )


def _known(group_equal: Iterable[str]) -> frozenset[str]:
    names = (group_equal,) if isinstance(group_equal, str) else tuple(group_equal)
    named = [str(name).replace(".", "_") for name in names]
    unknown = [name for name in named if name not in GROUP_EQUAL]
    if unknown:
        listed = ", ".join(f"'{name}'" for name in unknown)
        known = ", ".join(GROUP_EQUAL)
        raise StudyError(Problem("group_equal", f"{listed} is not known", f"Choose among {known}."))
    return frozenset(named)


def _check_groups(table: ParameterTable, groups: tuple[str, ...]) -> None:
    for row in table.rows:
        if len(row.modifiers) not in (0, 1, len(groups)):
            found = f"'{row.lhs} {row.op} {row.rhs}' has {len(row.modifiers)} values, for {len(groups)} group"
            found += "s" if len(groups) > 1 else ""
            where = f"model, line {row.line}, column {row.column}" if row.line else "model"
            raise StudyError(Problem(where, found, "Give c() one value a group."))


def _stated(table: ParameterTable, *, std_lv: bool) -> list[_Row]:
    """What the text says, the first loading of each construct fixed."""
    rows = []
    begun: set[str] = set()
    for row in table.rows:
        default = None
        if row.op == "=~":
            default = 1.0 if row.lhs not in begun and not std_lv else None
            begun.add(row.lhs)
        elif std_lv and row.op == "~~" and row.lhs == row.rhs and row.lhs in table.constructs:
            default = 1.0
        rows.append(_Row(row.lhs, row.op, row.rhs, row.modifiers, default))
    return rows


def _thresholds(rows: list[_Row], roles: Roles, ordered: Mapping[str, int]) -> list[_Row]:
    stated = {(row.lhs, row.rhs) for row in rows if row.op == "|"}
    for name, threshold in stated:
        known = ordered.get(name)
        if known is None or int(threshold[1:]) >= known:
            found = (
                f"'{name}' is not among the ordered items"
                if known is None
                else f"'{name} | {threshold}', but '{name}' has {known} categories, {known - 1} thresholds"
            )
            raise StudyError(Problem("model", found, "Name the item in 'ordered', or remove the threshold."))
    return [
        _Row(item, "|", f"t{at}")
        for item in roles.items
        for at in range(1, ordered.get(item, 0))
        if (item, f"t{at}") not in stated
    ]


def _set_ordered_residuals(rows: list[_Row], ordered: Mapping[str, int], parameterization: str) -> None:
    """Residual variances of ordered items that the text names."""
    for row in rows:
        if row.op == "~~" and row.lhs == row.rhs and row.lhs in ordered:
            if parameterization == "delta":
                row.computed = True
            else:
                row.default = 1.0


def _covariances(
    rows: list[_Row],
    roles: Roles,
    ordered: Mapping[str, int],
    *,
    orthogonal: bool,
    std_lv: bool,
    delta: bool,
) -> list[_Row]:
    """Variances and covariances the text does not name."""
    stated = {frozenset((row.lhs, row.rhs)) for row in rows if row.op == "~~"}
    added: list[_Row] = []
    for name in roles.items + roles.constructs:
        if frozenset((name,)) in stated or name in roles.covariates:
            continue
        row = _Row(name, "~~", name)
        if name in ordered:
            row.computed, row.default = delta, 1.0
        elif name in roles.single_items:
            row.default = 0.0
        elif std_lv and name in roles.constructs:
            row.default = 1.0
        added.append(row)
    for left, right in combinations(roles.exogenous_constructs, 2):
        if frozenset((left, right)) not in stated:
            added.append(_Row(left, "~~", right, default=0.0 if orthogonal else None))
    for left, right in combinations(roles.outcomes, 2):
        if frozenset((left, right)) not in stated:
            both = left in roles.constructs and right in roles.constructs
            added.append(_Row(left, "~~", right, default=0.0 if orthogonal and both else None))
    for at, left in enumerate(roles.exogenous_items):
        for right in roles.exogenous_items[at:]:
            if left != right or left in roles.covariates:
                added.append(_Row(left, "~~", right, sampled=left in roles.covariates))
    return added


def _scalings(
    rows: list[_Row], roles: Roles, ordered: Mapping[str, int], parameterization: str
) -> list[_Row]:
    stated = {row.lhs for row in rows if row.op == "~*~"}
    for row in rows:
        if row.op == "~*~":
            row.default = 1.0 if not row.modifiers else None
            row.computed = parameterization == "theta"
    return [
        _Row(item, "~*~", item, default=1.0, computed=parameterization == "theta")
        for item in roles.items
        if item in ordered and item not in stated
    ]


def _refuse_computed(rows: list[_Row], parameterization: str) -> None:
    """Refuse values and labels for what is no parameter: they could not be kept."""
    kind, other = ("residual variance", "theta") if parameterization == "delta" else ("scaling", "delta")
    problems = [
        Problem(
            "model",
            f"'{row.lhs} {row.op} {row.rhs}' has a value or label, and with parameterization="
            f"'{parameterization}' the {kind} of an ordered item follows from the rest",
            f"Choose parameterization='{other}', or remove it.",
        )
        for row in rows
        if row.computed and any(m.free or m.label or m.fixed is not None for m in row.modifiers)
    ]
    if problems:
        raise StudyError(*problems)


def _intercepts(rows: list[_Row], roles: Roles, ordered: Mapping[str, int]) -> list[_Row]:
    stated = {row.lhs for row in rows if row.op == "~1"}
    added = []
    for name in roles.items + roles.constructs:
        if name not in stated:
            row = _Row(name, "~1", "", sampled=name in roles.covariates)
            if name in roles.constructs or name in ordered:
                row.default = 0.0
            added.append(row)
    return added


def _free_in_later_groups(
    rows: list[_Row],
    roles: Roles,
    equal: frozenset[str],
    ordered: Mapping[str, int],
    *,
    std_lv: bool,
    theta: bool,
) -> None:
    """What equalities make estimable from the second group on."""
    freed_means = bool(equal & {"intercepts", "thresholds"}) and "means" not in equal
    freed_variances = "loadings" in equal and "lv_variances" not in equal
    freed_residuals = "thresholds" in equal and "residuals" not in equal and theta
    latent = set(roles.constructs)
    for row in rows:
        if row.modifiers or row.default is None:
            continue
        own_variance = row.op == "~~" and row.lhs == row.rhs
        row.freed_later = (
            (row.op == "~1" and row.lhs in latent and freed_means)
            or (own_variance and row.lhs in latent and std_lv and freed_variances)
            or ("thresholds" in equal and row.op == "~*~" and not theta)
            or (own_variance and row.lhs in ordered and freed_residuals)
        )


def _kind(row: _Row, roles: Roles) -> str:
    """Which word of `group_equal` names a row; "" for none."""
    latent, covariate = set(roles.constructs), set(roles.exogenous_items)
    if row.op in ("=~", "~", "|"):
        return {"=~": "loadings", "~": "regressions", "|": "thresholds"}[row.op]
    if row.op == "~1":
        return "" if row.lhs in covariate else "means" if row.lhs in latent else "intercepts"
    if row.op == "~~" and not {row.lhs, row.rhs} & covariate:
        if {row.lhs, row.rhs} <= latent:
            return "lv_variances" if row.lhs == row.rhs else "lv_covariances"
        if not {row.lhs, row.rhs} & latent:
            return "residuals" if row.lhs == row.rhs else "residual_covariances"
    return ""


def _numbered(
    rows: list[_Row], roles: Roles, groups: tuple[str, ...], equal: frozenset[str]
) -> tuple[tuple[Parameter, ...], int]:
    """Parameters of all groups with free numbers; equal labels share a position."""
    fixed_by_label = {
        row.modifier(g).label: value
        for row in rows
        for g in range(len(groups))
        if row.modifier(g).label and (value := row.fixed(g)) is not None
    }
    positions: dict[object, int] = {}
    parameters: list[Parameter] = []
    tied = [bool(equal) and _kind(row, roles) in equal for row in rows]
    held_alike = [_fixed_once(row) if tie else None for row, tie in zip(rows, tied, strict=True)]
    free = 0
    for g in range(len(groups)):
        for at, row in enumerate(rows):
            stated = row.modifier(g)
            fixed = held_alike[at] if held_alike[at] is not None else row.fixed(g)
            label = stated.label
            if fixed is None and label in fixed_by_label:
                fixed = fixed_by_label[label]
            held = fixed is not None or row.sampled or row.computed
            key: object = label or (g, at)
            if not label and tied[at] and len(groups) > 1 and not held and row.fixed(0) is None:
                label, key = f".p{at + 1}.", (0, at)
                key = next((one.label for one in row.modifiers if one.label), "") or key
            if not held:
                free += 1
                positions.setdefault(key, len(positions))
            parameters.append(
                Parameter(
                    group=g,
                    lhs=row.lhs,
                    op=row.op,
                    rhs=row.rhs,
                    label=label,
                    free=0 if held else free,
                    position=-1 if held else positions[key],
                    fixed=None if row.sampled or row.computed else fixed,
                    start=stated.start,
                    sampled=row.sampled,
                    computed=row.computed,
                )
            )
    return tuple(parameters), len(positions)


def _fixed_once(row: _Row) -> float | None:
    """The first value of a row fixed in some groups: what is equal across groups is then fixed in all."""
    if len(row.modifiers) < 2 or any(one.label for one in row.modifiers):
        return None
    return next((one.fixed for one in row.modifiers if one.fixed is not None and not one.free), None)
