"""What the firm can change, by way of what: parts that add up, shares that are none where they are not."""

from __future__ import annotations

import itertools
import math
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, IdentificationError, StudyError
from servicefx.models.antecedents import (
    decompose,
    latent_system,
    observed_system,
    service_chain,
    shares_of,
)
from servicefx.models.drivers import fit_direct
from servicefx.study.study import Study

ANTECEDENTS = ["staff_quality", "process"]
DIMENSIONS = ["reliability", "empathy"]
STEMS = {
    "staff_quality": "sta", "process": "pro", "reliability": "rel", "empathy": "emp",
    "perceived_value": "val", "satisfaction": "sat",
}  # fmt: skip
PATHS = [
    {"hypothesis": "H3", "from": ANTECEDENTS, "to": "reliability"},
    {"hypothesis": "H3", "from": ANTECEDENTS, "to": "empathy"},
    {"hypothesis": "H8", "from": DIMENSIONS, "to": "perceived_value"},
    {"hypothesis": "H1", "from": [*DIMENSIONS, "perceived_value"], "to": "satisfaction"},
]


def answers(n: int = 500, seed: int = 1, noise: float = 0.5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=n)
    world = {name: 4 + 0.6 * shared + 0.8 * rng.normal(size=n) for name in ANTECEDENTS}
    staff, process = world["staff_quality"] - 4, world["process"] - 4
    world["reliability"] = 4 + 0.2 * staff + 0.5 * process + 0.6 * rng.normal(size=n)
    world["empathy"] = 4 + 0.6 * staff + 0.1 * process + 0.6 * rng.normal(size=n)
    rel, emp = world["reliability"] - 4, world["empathy"] - 4
    world["perceived_value"] = 4 + 0.4 * rel + 0.3 * emp + 0.6 * rng.normal(size=n)
    world["satisfaction"] = (
        4 + 0.4 * rel + 0.3 * emp + 0.2 * (world["perceived_value"] - 4) + 0.1 * staff
        + 0.5 * rng.normal(size=n)
    )  # fmt: skip
    columns = {
        f"{STEMS[name]}{item}": score + noise * rng.normal(size=n)
        for name, score in world.items()
        for item in (1, 2, 3)
    }
    return pd.DataFrame(columns)


def study_over(made: ModuleType, frame: pd.DataFrame, **tables: Any) -> Study:
    constructs = {
        name: {"mode": "reflective", "items": [f"{stem}{item}" for item in (1, 2, 3)], "scale": "seven"}
        for name, stem in STEMS.items()
    }
    told = {"constructs": constructs, "paths": PATHS, "inference": {"draws": 80, "seed": 3}} | tables
    return made.study_of({"customers": frame}, **told)


def routes(names: list[str], coefficients: np.ndarray, start: str, end: str) -> dict[tuple[str, ...], float]:
    """Product of coefficients along every route, by brute force."""
    at = {name: place for place, name in enumerate(names)}
    between = [name for name in names if name not in (start, end)]
    found = {}
    for size in range(len(between) + 1):
        for middle in itertools.permutations(between, size):
            steps = (start, *middle, end)
            product = math.prod(coefficients[at[b], at[a]] for a, b in itertools.pairwise(steps))
            if product:
                found[middle] = product
    return found


def test_parts_are_the_sums_of_the_routes_that_begin_there(rng: np.random.Generator) -> None:
    names = ["a", "b", "m", "n", "v", "y"]
    coefficients = np.tril(rng.normal(size=(6, 6)), -1)
    coefficients[1, 0] = 0.0  # antecedents do not explain each other
    draws = np.stack([coefficients, 2 * coefficients])
    parts, drawn = decompose(coefficients, draws, names, ["a", "b"], ["m", "n", "v"], "y")
    for row, start in enumerate(("a", "b")):
        every = routes(names, coefficients, start, "y")
        for column, mediator in enumerate(("m", "n", "v")):
            own = sum(value for middle, value in every.items() if middle[:1] == (mediator,))
            assert parts[row, column] == pytest.approx(own)
        assert parts[row, 3] == pytest.approx(every[()])
        assert parts[row].sum() == pytest.approx(sum(every.values()))
    assert drawn[0] == pytest.approx(parts)
    assert drawn[1] != pytest.approx(parts)


def test_total_effects_are_those_of_the_regression_without_mediators(made: ModuleType) -> None:
    paths = [*PATHS[:2], {"hypothesis": "H1", "from": DIMENSIONS, "to": "satisfaction"}]
    study = study_over(made, answers(), paths=paths)
    chain = service_chain(study)
    system, sample = observed_system(study, chain)
    found = system.decomposed(chain.antecedents, chain.mediators, "satisfaction")
    reduced = fit_direct(study, "satisfaction", ANTECEDENTS).estimates
    full = fit_direct(study, "satisfaction", [*DIMENSIONS, *ANTECEDENTS]).estimates
    assert len(sample.frame) == 500
    for name in ANTECEDENTS:
        assert found.effect(name).estimate == pytest.approx(reduced.coefficient(name), rel=1e-9)
        assert found.effect(name, "direct").estimate == pytest.approx(full.coefficient(name), rel=1e-9)
        whole = found.effect(name).draws
        parts = [found.effect(name, via).draws for via in (*chain.mediators, "direct")]
        assert np.sum(parts, axis=0) == pytest.approx(whole)


def test_the_chain_is_read_from_the_paths_causes_first(made: ModuleType) -> None:
    chain = service_chain(study_over(made, answers()))
    assert chain.antecedents == ("staff_quality", "process")
    assert chain.added == ("staff_quality", "process")
    assert chain.mediators == ("reliability", "empathy")
    order = list(chain.equations)
    assert order.index("reliability") < order.index("perceived_value") < order.index("satisfaction")
    assert chain.equations["satisfaction"][-2:] == ("staff_quality", "process")


def test_shares_of_an_antecedent_and_of_the_whole_sum_to_one(made: ModuleType) -> None:
    study = study_over(made, answers())
    chain = service_chain(study)
    system, _ = observed_system(study, chain)
    found = system.decomposed(chain.antecedents, chain.mediators, "satisfaction")
    table = found.table()
    for name in ANTECEDENTS:
        rows = table[(table["from"] == name) & (table["kind"] != "total")]
        assert rows["share"].sum() == pytest.approx(1)
        assert rows["estimate"].sum() == pytest.approx(found.effect(name).estimate)
    whole = found.whole()
    for kind in ("antecedent", "mediator"):
        assert whole.loc[whole["kind"] == kind, "share"].sum() == pytest.approx(1)
    through = table[table["via"] == "reliability"]["estimate"].sum()
    assert whole.set_index("term").loc["reliability", "estimate"] == pytest.approx(through)
    assert (table["conf_low"] < table["estimate"]).all()


def test_parts_that_work_against_each_other_have_no_shares() -> None:
    drawn = np.random.default_rng(1).normal([0.5, -0.2], 0.01, (300, 2))
    table = shares_of(np.array([0.5, -0.2]), drawn, ["good", "bad"])
    assert table["share"].isna().all()
    assert set(table["undefined"]) == {"'bad' works against the others: no shares of one whole"}
    small = shares_of(np.array([0.5, -0.01]), drawn * [1, 0.05], ["good", "bad"])
    assert small["undefined"].eq("").all()  # within a twentieth of the whole


def test_a_whole_that_may_be_zero_has_no_shares() -> None:
    drawn = np.random.default_rng(1).normal([0.02, 0.01], 0.1, (300, 2))
    table = shares_of(np.array([0.02, 0.01]), drawn, ["a", "b"])
    assert table["share"].isna().all()
    assert set(table["undefined"]) == {"the whole may be zero, so that nothing is a share of it"}


def test_constructs_give_the_effects_of_the_structural_model(made: ModuleType) -> None:
    study = study_over(made, answers(800))
    chain = service_chain(study)
    system, fit = latent_system(study, chain, draws=400)
    found = system.decomposed(chain.antecedents, chain.mediators, "satisfaction")
    effects = fit.effects()
    codes = {name: f"f{place}" for place, name in enumerate(chain.terms)}
    own = effects[(effects["from"] == codes["process"]) & (effects["to"] == codes["satisfaction"])]
    kinds = own.set_index("kind")
    assert found.effect("process").estimate == pytest.approx(kinds.loc["total", "estimate"], rel=1e-9)
    through = own[own["via"].str.startswith(codes["reliability"])]["estimate"].sum()
    assert found.effect("process", "reliability").estimate == pytest.approx(through, rel=1e-9)
    error = float(kinds.loc["total", "std_error"])
    assert found.effect("process").std_error == pytest.approx(error, rel=0.15)  # 400 draws


def test_what_else_moves_both_dimensions_is_left_free_between_constructs(made: ModuleType) -> None:
    study = study_over(made, answers())
    chain = service_chain(study)
    joined = latent_system(study, chain)[1].parameters
    codes = {name: f"f{place}" for place, name in enumerate(chain.terms)}
    pairs = joined[(joined["op"] == "~~") & (joined["lhs"] != joined["rhs"])]
    found = {frozenset(pair) for pair in zip(pairs["lhs"], pairs["rhs"], strict=True)}
    assert frozenset((codes["reliability"], codes["empathy"])) in found
    assert frozenset((codes["reliability"], codes["perceived_value"])) not in found


def test_scores_carry_too_little_through_mediators_and_constructs_do_not(made: ModuleType) -> None:
    study = study_over(made, answers(20_000, noise=0.8))
    chain = service_chain(study)
    observed = observed_system(study, chain)[0].decomposed(chain.antecedents, chain.mediators, "satisfaction")
    latent = latent_system(study, chain)[0].decomposed(chain.antecedents, chain.mediators, "satisfaction")
    truth = {"staff_quality": 0.1, "process": 0.0}
    for name, direct in truth.items():
        assert observed.effect(name, "direct").estimate > direct + 0.02
        assert latent.effect(name, "direct").estimate == pytest.approx(direct, abs=0.03)


def test_gaps_are_left_out_of_scores_and_used_between_constructs(made: ModuleType) -> None:
    data = answers()
    data.loc[:20, ["rel1", "rel2", "rel3"]] = np.nan
    data.loc[30:60, "sat1"] = np.nan
    study = study_over(made, data)
    chain = service_chain(study)
    system, sample = observed_system(study, chain)
    assert dict(sample.dropped) == {"reliability missing": 21}
    assert system.n_obs == 479
    assert latent_system(study, chain)[0].n_obs == 500


def test_a_loop_is_refused(made: ModuleType) -> None:
    paths = [*PATHS, {"from": "satisfaction", "to": "reliability"}]
    with pytest.raises(IdentificationError, match="is a loop"):
        service_chain(study_over(made, answers(), paths=paths))


def test_without_antecedents_nothing_is_asked(made: ModuleType) -> None:
    with pytest.raises(StudyError, match="no path leads from what the firm can change"):
        service_chain(study_over(made, answers(), paths=PATHS[2:]))


def test_weights_and_columns_are_refused_between_constructs_in_words(made: ModuleType) -> None:
    data = answers().assign(age=np.arange(500.0), w=np.linspace(0.5, 2, 500))
    paths = [*PATHS[:3], PATHS[3] | {"covariates": ["age"]}]
    study = study_over(made, data, paths=paths)
    with pytest.raises(DataError, match="'age': no construct measured by its effects"):
        latent_system(study, service_chain(study))
    weighted = study_over(made, data, data={"customers": {"weights": "w"}})
    chain = service_chain(weighted)
    with pytest.raises(DataError, match="survey weights 'w' are not used between constructs"):
        latent_system(weighted, chain)
    heavy = observed_system(weighted, chain)[0].coefficients
    assert heavy != pytest.approx(observed_system(study_over(made, data), chain)[0].coefficients)


def test_a_constant_score_is_named(made: ModuleType) -> None:
    data = answers().assign(sta1=4.0, sta2=4.0, sta3=4.0)
    study = study_over(made, data)
    with pytest.raises(DataError, match="'staff_quality' has the same value in all 500 rows"):
        observed_system(study, service_chain(study))
