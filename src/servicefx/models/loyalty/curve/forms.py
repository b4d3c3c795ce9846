"""The forms a curve is tried in, and each of them fitted to many samples at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.models.loyalty.curve.descent import fitted
from servicefx.models.loyalty.curve.places import CurveRows, Tallies
from servicefx.models.loyalty.curve.search import KnotLattice, best_knots, best_s, knot_lattice, working
from servicefx.models.loyalty.curve.shapes import (
    FIXED_ZONES,
    FREE_ZONES,
    S_FREE,
    S_SCALE,
    STRAIGHT,
    Shape,
    basis_shape,
    kinked_shape,
    s_shape,
    scale_shape,
)

__all__ = ["CUBIC", "QUADRATIC", "Form", "FormFit", "fit_form", "forms_of", "zone_columns"]

Floats = NDArray[np.float64]
QUADRATIC, CUBIC = "quadratic", "cubic"
_POLISH = 40
_ROUNDS = 2
_LEAST = 1e-6
_STEPS, _STEPS_OF_MANY = 300, 25
"""Steps from a start: a sample's estimate is exact, a resample's to far less than they differ."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Form:
    """A form, or why it cannot be fitted here.

    Attributes
    ----------
    name : str
    shape : Shape or None
    lattice : KnotLattice or None
        Of zones that are estimated.
    logit : bool
        Whether its line runs in log odds.
    knots : tuple of float
        Of zones that are given.
    undefined : str
        Why there is no shape.
    """

    name: str
    shape: Shape | None
    lattice: KnotLattice | None = None
    logit: bool = False
    knots: tuple[float, ...] = ()
    undefined: str = ""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FormFit:
    """A form fitted to b samples.

    Attributes
    ----------
    form : Form
    theta : ndarray, shape (b, p)
    deviance : ndarray, shape (b,)
    """

    form: Form
    theta: Floats
    deviance: Floats

    def mean(self, x: Floats) -> Floats:
        """Fitted mean at places of the score, shape (b, len(x))."""
        assert self.form.shape is not None
        return self.form.shape.mean(self.theta, x)[0]


def zone_columns(x: Floats, knots: tuple[float, float]) -> Floats:
    """Constant, line and two hinges, shape (u, 4): the slope of a zone is the sum of those up to it."""
    hinges = [np.maximum(x - knot, 0.0) for knot in knots]
    return np.column_stack([np.ones_like(x), x - knots[0], *hinges])


def forms_of(
    rows: CurveRows, knots: tuple[float, float] | None, scale: tuple[float, float] | None
) -> tuple[Form, ...]:
    """All forms, simplest first; those the data cannot hold carry their reason.

    Parameters
    ----------
    rows : CurveRows
    knots : tuple of float or None
        Ends of the middle zone, where given.
    scale : tuple of float or None
        Lowest and highest answer of the outcome's scale.
    """
    x, logit = rows.x, rows.binary
    centre, spread = float(x.mean()), float(x.std())

    def powers(p: int) -> Shape:
        return basis_shape(
            "", lambda at: np.column_stack([((at - centre) / spread) ** j for j in range(p + 1)]), p + 1,
            logit=logit,
        )  # fmt: skip

    mass = np.bincount(rows.at, weights=rows.weights).astype(np.float64)
    lattice = knot_lattice(x, mass)
    forms = [
        Form(name=name, shape=powers(p), logit=logit)
        for p, name in ((1, STRAIGHT), (2, QUADRATIC), (3, CUBIC))
    ]
    if not rows.binary:
        forms.append(_between_ends(rows, scale, centre))
    forms.append(Form(name=S_FREE, shape=s_shape(x, shares=rows.binary)))
    forms.append(_given(rows, knots))
    if lattice is None:
        why = "no two knots leave two values and 5% of the customers beyond either, and one between them"
        forms.append(Form(name=FREE_ZONES, shape=None, undefined=why))
    else:
        shape = kinked_shape((lattice.low, lattice.high), lattice.gap, centre, logit=logit)
        forms.append(Form(name=FREE_ZONES, shape=shape, lattice=lattice, logit=logit))
    return tuple(forms)


def _between_ends(rows: CurveRows, scale: tuple[float, float] | None, centre: float) -> Form:
    if scale is None:
        return Form(name=S_SCALE, shape=None, undefined=f"the scale of '{rows.outcome}' has no known ends")
    bottom, top = scale
    if rows.y.min() < bottom or rows.y.max() > top:
        why = f"'{rows.outcome}' leaves its scale of {bottom:g} to {top:g}"
        return Form(name=S_SCALE, shape=None, undefined=why)
    return Form(name=S_SCALE, shape=scale_shape(bottom, top, centre))


def _given(rows: CurveRows, knots: tuple[float, float] | None) -> Form:
    if knots is None:
        why = f"no zones are given, and the scale of '{rows.term}' has no known ends to be cut in three"
        return Form(name=FIXED_ZONES, shape=None, undefined=why)
    x, (low, high) = rows.x, knots
    zones = np.digitize(x, [low, high])
    for zone in range(3):
        inside = zones == zone
        if inside.sum() < 2 or np.bincount(rows.at)[inside].sum() < 20:
            held = int(np.bincount(rows.at)[inside].sum())
            why = (
                f"zone {zone + 1} of 3 holds {held} customers at {int(inside.sum())} values "
                f"of '{rows.term}': at least 20 at 2 are needed"
            )
            return Form(name=FIXED_ZONES, shape=None, undefined=why)
    shape = basis_shape("", lambda at: zone_columns(at, knots), 4, logit=rows.binary)
    return Form(name=FIXED_ZONES, shape=shape, logit=rows.binary, knots=knots)


def fit_form(
    form: Form,
    tallies: Tallies,
    *,
    binary: bool,
    straight: FormFit | None = None,
    sample: Floats | None = None,
) -> FormFit:
    """A form fitted to every sample.

    Parameters
    ----------
    form : Form
        With a shape.
    tallies : Tallies
        Of b samples.
    binary : bool
    straight : FormFit, optional
        The straight line in the same samples, about which knots are sought.
    sample : ndarray, shape (p,), optional
        Parameters in the full sample, a second place to start from.
    """
    shape = form.shape
    assert shape is not None
    starts = [_start(form, tallies, binary, straight)]
    if sample is not None and (shape.knots or form.name == S_FREE):
        starts.append(np.tile(sample, (len(tallies), 1)))
    steps = _STEPS if len(tallies) == 1 else _STEPS_OF_MANY
    best = fitted(shape, starts[0], tallies, binary=binary, steps=steps)
    for start in starts[1:]:
        best = _better(best, fitted(shape, start, tallies, binary=binary, steps=steps))
    if shape.knots and len(tallies) == 1:
        best = _polished(shape, best, tallies, binary)
    return FormFit(form=form, theta=best[0], deviance=best[1])


def _start(form: Form, tallies: Tallies, binary: bool, straight: FormFit | None) -> Floats:
    shape, x = form.shape, tallies.x
    assert shape is not None
    if form.name == S_FREE:
        return best_s(tallies, binary=binary)
    if not shape.knots:
        return np.zeros((len(tallies), shape.n_parameters))
    assert form.lattice is not None
    assert straight is not None
    if binary and len(tallies) == 1:
        return _best_of_all(shape, form.lattice, tallies)
    weight, rest = working(straight.mean(x), tallies, binary=binary, logit=form.logit)
    found = _between(shape, best_knots(x, weight, rest, form.lattice), tallies, binary)
    for _ in range(_ROUNDS if binary else 0):
        # of a logit the search is only as good as the curve it is made about: search again from there
        mean = np.clip(shape.mean(found[0], x)[0], _LEAST, 1 - _LEAST)
        weight, rest = working(mean, tallies, binary=True, logit=True)
        again = best_knots(x, weight, rest + weight * np.log(mean / (1 - mean)), form.lattice)
        found = _better(found, _between(shape, again, tallies, binary))
    return found[0]


def _between(shape: Shape, knots: Floats, tallies: Tallies, binary: bool) -> tuple[Floats, Floats]:
    """Best straight pieces between knots that stay where they are, shape (b, 2)."""
    theta = np.hstack([np.zeros((len(tallies), 4)), knots])
    return fitted(shape, theta, tallies, binary=binary, held=shape.knots)


def _best_of_all(shape: Shape, lattice: KnotLattice, tallies: Tallies) -> Floats:
    """The best pair of the lattice by likelihood, all of them fitted."""
    knots = np.column_stack([lattice.knots[lattice.first], lattice.knots[lattice.second]])
    theta, deviance = _between(shape, knots, tallies.only(np.zeros(len(knots), dtype=np.intp)), True)
    return theta[[int(deviance.argmin())]]


def _better(one: tuple[Floats, Floats], two: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Of two fits to every sample the one with less deviance."""
    wins = two[1] < one[1]
    return np.where(wins[:, None], two[0], one[0]), np.where(wins, two[1], one[1])


def _polished(
    shape: Shape, found: tuple[Floats, Floats], tallies: Tallies, binary: bool
) -> tuple[Floats, Floats]:
    """Knots moved by ever smaller steps: the deviance bends sharply where a knot passes a customer."""
    theta, reached = found[0].copy(), found[1].copy()
    move = float(shape.high[shape.knots[0]] - shape.low[shape.knots[0]]) / 100
    around = np.array([(a, b) for a in (-1.0, 0.0, 1.0) for b in (-1.0, 0.0, 1.0)])
    for _ in range(_POLISH):
        tried = np.tile(theta, (len(around), 1))
        tried[:, 4:] += move * around
        tried = np.clip(tried, shape.low, shape.high)
        tried = tried[shape.holds(tried)]
        many = tallies.only(np.zeros(len(tried), dtype=np.intp))
        tried, deviance = fitted(shape, tried, many, binary=binary, held=shape.knots)
        best = int(deviance.argmin())
        if deviance[best] < reached[0]:
            theta, reached = tried[[best]], deviance[[best]]
        else:
            move /= 2
    return theta, reached
