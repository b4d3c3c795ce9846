"""SemModel: every parameter of a structural equation model, defaults and equalities included."""

from __future__ import annotations

from dataclasses import dataclass

from servicefx.syntax.table import Constraint, Definition, Operator

__all__ = ["Parameter", "SemModel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of one group.

    Attributes
    ----------
    group : int
        Position among the model's groups.
    lhs, op, rhs : str
        As in the model language; ``rhs`` is "" for an intercept and "t1", "t2", … for thresholds.
    label : str
        The reader's, or ".p7." where `group_equal` tied it to the seventh parameter; else "".
    free : int
        0 where it is not estimated; else 1, 2, … in order, equal parameters each their own.
    position : int
        Place among the distinct free values, -1 where it is not estimated; equal parameters share it.
    fixed : float or None
        The value it is held at, in the users' units; None where it is estimated or computed.
    start : float or None
        The reader's start value.
    sampled : bool
        Held at the sample's moment: means and covariances of fixed covariates.
    computed : bool
        Follows from the others: residual variances (delta) or scalings (theta) of ordered items.
    """

    group: int
    lhs: str
    op: Operator
    rhs: str
    label: str
    free: int
    position: int
    fixed: float | None
    start: float | None
    sampled: bool = False
    computed: bool = False

    @property
    def text(self) -> str:
        """The parameter as a line of the model language."""
        return f"{self.lhs} ~ 1" if self.op == "~1" else f"{self.lhs} {self.op} {self.rhs}"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SemModel:
    """A model ready to be fitted.

    Attributes
    ----------
    groups : tuple of str
        Values of the grouping column as text; ``("",)`` without groups.
    items : tuple of str, length p
        Observed columns: items of constructs first, then the others, in order of first mention.
    constructs : tuple of str
        Latent variables, in order of first mention.
    covariates : tuple of str
        Observed columns held fixed: nothing is estimated about their own means and covariances.
    exogenous : tuple of str
        Observed columns that explain, are explained by nothing, and whose moments the text leaves alone: the
        covariates, held fixed or not.
    ordered : tuple of str
        Items with ordered categories.
    parameterization : {"delta", "theta"}
        Of ordered items: unit variance of the latent responses, or of their residuals.
    means : bool
        Whether means are modelled.
    parameters : tuple of Parameter
        Group by group, in the same order in each.
    n_positions : int
        Distinct free values, before constraints.
    definitions : tuple of Definition
        ``name := expression``, in the order of the text.
    evaluation : tuple of Definition
        The same, each after those it uses.
    constraints : tuple of Constraint
        ``left == right`` beyond what equal labels say.
    """

    groups: tuple[str, ...]
    items: tuple[str, ...]
    constructs: tuple[str, ...]
    covariates: tuple[str, ...]
    exogenous: tuple[str, ...]
    ordered: tuple[str, ...]
    parameterization: str
    means: bool
    parameters: tuple[Parameter, ...]
    n_positions: int
    definitions: tuple[Definition, ...] = ()
    evaluation: tuple[Definition, ...] = ()
    constraints: tuple[Constraint, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Items, then constructs."""
        return self.items + self.constructs

    def of_group(self, group: int) -> tuple[Parameter, ...]:
        """The parameters of one group."""
        size = len(self.parameters) // len(self.groups)
        return self.parameters[group * size : (group + 1) * size]

    @property
    def first(self) -> tuple[Parameter, ...]:
        """One parameter for each distinct free value, in order of position."""
        found: dict[int, Parameter] = {}
        for parameter in self.parameters:
            if parameter.position >= 0:
                found.setdefault(parameter.position, parameter)
        return tuple(found[at] for at in range(self.n_positions))

    @property
    def labels(self) -> dict[str, int]:
        """Label -> place among the distinct free values; labels of fixed parameters are left out."""
        return {p.label: p.position for p in self.parameters if p.label and p.position >= 0}

    @property
    def fixed_labels(self) -> dict[str, float]:
        """Label -> value, for labels of fixed parameters."""
        return {p.label: p.fixed for p in self.parameters if p.label and p.fixed is not None}

    def name_of(self, parameter: Parameter) -> str:
        """The parameter's text in quotes, with its group where there are several."""
        quoted = f"'{parameter.text}'"
        return quoted if len(self.groups) == 1 else f"{quoted} (group '{self.groups[parameter.group]}')"
