"""What leaves the numbers standing but doubtful is told with its name and its number."""

from __future__ import annotations

import numpy as np
import pandas as pd

from servicefx import pls
from servicefx.moments.moments import Moments
from servicefx.pls.pls_fit import PlsFit

MODEL = "a {op} a1 + a2 + a3; b =~ b1 + b2; s =~ s1 + s2; s ~ a + b"
NAMES = ["a1", "a2", "a3", "b1", "b2", "s1", "s2"]


def moments(**changes: float) -> Moments:
    """Within blocks .5, between .3; ``a1_a2=.9`` changes one."""
    block = np.array([0, 0, 0, 1, 1, 2, 2])
    R = np.where(block[:, None] == block, 0.5, 0.3)
    np.fill_diagonal(R, 1.0)
    for pair, value in changes.items():
        i, j = (NAMES.index(name) for name in pair.split("_"))
        R[i, j] = R[j, i] = value
    return Moments.from_covariance(R, 200, names=NAMES)


def told(fit: PlsFit) -> list[tuple[str, str]]:
    return [(problem.where, problem.found) for problem in fit.problems]


def test_a_sound_fit_has_nothing_to_tell():
    assert pls.fit(MODEL.format(op="=~"), moments()).problems == ()
    assert pls.fit(MODEL.format(op="<~"), moments()).problems == ()
    assert pls.fit(MODEL.format(op="=~"), moments(), consistent=True).problems == ()


def test_an_item_that_goes_against_the_others_is_named_with_its_loading():
    against = {"a1_a3": -0.5, "a2_a3": -0.5, **{f"a3_{item}": -0.3 for item in NAMES[3:]}}
    fit = pls.fit(MODEL.format(op="=~"), moments(**against))
    loading = fit.loadings.set_index("item")["estimate"]["a3"]
    expected = ("item 'a3'", f"'a3' goes against the other items of 'a' (loading {loading:.2f})")
    assert told(fit) == [expected]
    assert loading < -0.5


def test_a_negative_weight_beside_a_positive_loading_is_named():
    fit = pls.fit(MODEL.format(op="<~"), moments(a1_a2=0.85, a2_s1=0.1, a2_s2=0.1))
    weight = fit.weights.set_index("item")["estimate"]["a2"]
    assert weight < 0 < fit.loadings.set_index("item")["estimate"]["a2"]
    assert ("item 'a2'", f"its weight in 'a' is negative ({weight:.2f}), its loading positive") in told(fit)


def test_constructs_that_cannot_be_told_apart_are_named_with_the_ratio():
    close = {f"{a}_{b}": 0.47 for a in ("a1", "a2", "a3") for b in ("b1", "b2")}
    found = "'a' and 'b' cannot be told apart by their items (heterotrait-monotrait ratio 0.94, above 0.90)"
    assert told(pls.fit(MODEL.format(op="=~"), moments(**close))) == [("constructs", found)]


def test_terms_and_composed_items_that_repeat_one_another_are_named_with_their_inflation():
    among = {"a1_a2": 0.96}
    fit = pls.fit(MODEL.format(op="<~"), moments(**among))
    inflation = fit.collinearity.set_index(["outcome", "term"])["vif"]["a", "a1"]
    found = f"'a1' is mostly known from the other items of 'a' (variance inflation {inflation:.1f}, above 5)"
    assert inflation > 10
    assert ("'a1'", found) in told(fit)
    reflective = pls.fit(MODEL.format(op="=~"), moments(**among))
    assert reflective.collinearity.set_index(["outcome", "term"])["vif"]["a", "a1"] > 10
    assert reflective.problems == ()  # reflective items are meant to repeat one another
    R = np.array([[1, 0.95, 0.5], [0.95, 1, 0.5], [0.5, 0.5, 1]])
    single = pls.fit(
        "a =~ a1; b =~ b1; s =~ s1; s ~ a + b", Moments.from_covariance(R, 90, names=["a1", "b1", "s1"])
    )
    terms = [found for where, found in told(single) if where == "'a'"]
    assert terms == ["'a' is mostly known from the other terms of 's' (variance inflation 10.3, above 5)"]


def test_a_composed_construct_that_explains_nothing_is_named():
    fit = pls.fit("a =~ a1 + a2; s <~ s1 + s2; s ~ a", moments())
    assert told(fit) == [
        (
            "construct 's'",
            "composed construct 's' explains nothing: its weights are those that are best explained",
        )
    ]


def test_a_composed_part_and_a_composed_moderator_explain_something():
    fit = pls.fit("a <~ a1 + a2 + a3; b <~ b1 + b2; w =~ a + b; s =~ s1 + s2; s ~ w", moments())
    assert [where for where, _ in told(fit) if where.startswith("construct '")] == []
    rng = np.random.default_rng(1)
    data = pd.DataFrame(rng.normal(size=(200, 1)) + rng.normal(size=(200, 7)), columns=NAMES)
    fit = pls.fit("a <~ a1 + a2 + a3; b =~ b1 + b2; s =~ s1 + s2; s ~ a + b + a:b", data)
    assert [where for where, _ in told(fit) if where.startswith("construct '")] == []


def test_every_problem_has_a_remedy_that_is_a_sentence():
    fit = pls.fit(MODEL.format(op="<~"), moments(a1_a2=0.96, a2_s1=0.1, a2_s2=0.1))
    assert fit.problems
    for problem in fit.problems:
        assert problem.remedy.endswith(".")
        assert problem.remedy[0].isupper()
