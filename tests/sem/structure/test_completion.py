from __future__ import annotations

import pytest

from servicefx.errors import StudyError
from servicefx.sem.structure.completion import complete_model
from servicefx.sem.structure.sem_model import SemModel
from servicefx.syntax.parser import parse_model


def complete(text: str, **choices: object) -> SemModel:
    return complete_model(parse_model(text), **choices)  # type: ignore[arg-type]


def free(model: SemModel, group: int = 0) -> list[str]:
    return [p.text for p in model.of_group(group) if p.free]


def held(model: SemModel, group: int = 0) -> dict[str, float | None]:
    return {p.text: p.fixed for p in model.of_group(group) if not p.free}


TWO = "f =~ x1 + x2\ng =~ x3 + x4"


def test_the_first_loading_is_one_and_constructs_covary() -> None:
    model = complete(TWO)
    assert held(model) == {"f =~ x1": 1.0, "g =~ x3": 1.0}
    assert "f ~~ g" in free(model)
    assert complete(TWO, orthogonal=True).n_positions == model.n_positions - 1


def test_unit_variances_free_the_first_loading_and_hold_residuals_of_constructs() -> None:
    assert held(complete(TWO, std_lv=True)) == {"f ~~ f": 1.0, "g ~~ g": 1.0}
    assert held(complete(TWO + "\ng ~ f", std_lv=True)) == {"f ~~ f": 1.0, "g ~~ g": 1.0}
    assert "f ~~ f" in free(complete(TWO + "\nf ~~ NA*f", std_lv=True))


def test_outcomes_that_explain_nothing_covary_and_others_do_not() -> None:
    model = complete("a =~ x1 + x2\nb =~ x3 + x4\nc =~ x5 + x6\nd =~ x7 + x8\nb ~ a\nc ~ b\nd ~ b")
    assert "c ~~ d" in free(model)
    assert not {"b ~~ c", "b ~~ d", "a ~~ b"} & set(free(model))
    assert "y ~~ z" in free(complete("y ~ x\nz ~ x"))
    assert "z ~~ y" not in free(complete("y ~ x\nz ~ x + y"))


def test_covariates_are_held_at_the_sample_unless_the_text_speaks_of_them() -> None:
    model = complete("y ~ x + z")
    assert model.covariates == ("x", "z")
    assert [p.text for p in model.parameters if p.sampled] == ["x ~~ x", "x ~~ z", "z ~~ z"]
    spoken = complete("y ~ x + z\nx ~~ x")
    assert spoken.covariates == ("z",)
    assert complete("y ~ x + z", fixed_x=False).covariates == ()
    assert complete("y ~ x + z", fixed_x=False).exogenous == ("x", "z")


def test_a_single_item_has_no_residual() -> None:
    assert held(complete("f =~ x1\ng =~ x2 + x3 + x4"))["x1 ~~ x1"] == 0.0


def test_means_add_intercepts_and_hold_those_of_constructs() -> None:
    model = complete(TWO, means=True)
    assert {"x1 ~ 1", "x4 ~ 1"} <= set(free(model))
    assert held(model)["f ~ 1"] == 0.0


def test_equal_labels_and_numbers_share_a_place() -> None:
    model = complete("f =~ x1 + a*x2 + a*x3")
    loadings = [p for p in model.parameters if p.label == "a"]
    assert len({p.position for p in loadings}) == 1
    assert [p.free for p in loadings] == [1, 2]
    one = complete("f =~ x1 + a*x2 + x3\nf =~ 0.5*x2")
    assert held(one)["f =~ x2"] == 0.5


def test_equal_loadings_and_intercepts_free_the_later_means() -> None:
    model = complete(TWO, groups=("p", "q"), means=True, group_equal=("loadings", "intercepts"))
    assert held(model)["f ~ 1"] == 0.0
    assert "f ~ 1" in free(model, 1)
    pairs = zip(model.of_group(0), model.of_group(1), strict=True)
    shared = {a.text for a, b in pairs if a.position >= 0 and a.position == b.position}
    assert shared == {"f =~ x2", "g =~ x4", "x1 ~ 1", "x2 ~ 1", "x3 ~ 1", "x4 ~ 1"}


def test_equal_means_stay_zero_and_unit_variances_are_freed_later() -> None:
    both = complete(TWO, groups=("p", "q"), means=True, group_equal=("intercepts", "means"))
    assert held(both, 1)["f ~ 1"] == 0.0
    scaled = complete(TWO, groups=("p", "q"), means=True, std_lv=True, group_equal=("loadings",))
    assert held(scaled)["f ~~ f"] == 1.0
    assert "f ~~ f" in free(scaled, 1)


def test_labels_of_groups_break_an_equality() -> None:
    text = "f =~ x1 + c(a, b)*x2 + x3 + c(0.5, NA)*x4"
    model = complete(text, groups=("p", "q"), means=True, group_equal="loadings")
    first, second = ({p.text: p for p in model.of_group(g)} for g in (0, 1))
    assert first["f =~ x2"].position != second["f =~ x2"].position
    assert first["f =~ x3"].position == second["f =~ x3"].position
    apart = complete(text, groups=("p", "q"), means=True)
    assert (held(apart)["f =~ x4"], "f =~ x4" in free(apart, 1)) == (0.5, True)


def test_lavaans_spelling_of_equalities_is_read() -> None:
    model = complete(TWO, groups=("p", "q"), means=True, group_equal=("lv.variances",))
    variances = [p.position for p in model.parameters if p.text == "f ~~ f"]
    assert variances[0] == variances[1]
    with pytest.raises(StudyError, match="'loading', 'mean' is not known"):
        complete(TWO, groups=("p", "q"), means=True, group_equal=("loading", "mean"))
