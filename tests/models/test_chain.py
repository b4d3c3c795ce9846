from __future__ import annotations

import itertools
from types import ModuleType

import numpy as np
import pytest

from servicefx import Effect, sem
from servicefx.engines.linear import fit_ols
from servicefx.errors import IdentificationError, StudyError
from servicefx.models.chain import (
    chain_outcomes,
    counts_of,
    draw_source,
    fit_chain,
    shared_counts,
    stream_of,
)
from servicefx.models.sample import sample_of


def test_outcomes_are_those_measured_in_the_order_declared(made: ModuleType) -> None:
    assert chain_outcomes(made.survey(), "customers") == ("trust", "satisfaction", "loyalty", "repurchase")


def test_every_draw_is_the_fit_of_its_repeated_rows(made: ModuleType) -> None:
    frame = made.survey_frame(150)
    frame.loc[:9, ["sat1", "sat2"]] = np.nan
    study = made.survey(frame, draws=4)
    chain = fit_chain(study, "customers", binary=("repurchase",))
    counts = shared_counts(study, "customers", study.seed)
    scores = study.scores["customers"]
    for outcome in ("satisfaction", "loyalty"):
        terms = [term for term in chain.fits[outcome].estimates.terms if term != "constant"]
        complete = scores[[outcome, *terms]].dropna()
        for draw, count in zip(chain.draws[outcome], counts, strict=True):
            rows = complete.loc[np.repeat(complete.index, count[complete.index].astype(int))]
            again = fit_ols(rows, outcome, terms, covariance="classical")
            assert draw == pytest.approx(again.coefficients[:-1], rel=1e-8)


def test_rows_left_out_on_reading_do_not_shift_the_resamples(made: ModuleType) -> None:
    """A frame's index is the row of the file, which is not the position once empty rows are gone."""
    frame = made.survey_frame(150)
    holes = frame.copy()
    holes.index = [row + (row >= 40) + 2 * (row >= 90) for row in range(150)]
    plain, shifted = made.survey(frame), made.survey(holes)
    one = fit_chain(plain, "customers", binary=("repurchase",))
    other = fit_chain(shifted, "customers", binary=("repurchase",))
    for outcome in one.draws:
        assert other.draws[outcome].tolist() == one.draws[outcome].tolist()


def test_counts_of_a_sample_are_those_of_its_rows(made: ModuleType) -> None:
    frame = made.survey_frame(30)
    frame.index = frame.index + 5
    frame.loc[7, "age"] = np.nan
    study = made.survey(frame)
    counts = shared_counts(study, "customers", 1)
    sample = sample_of(study, "customers", ["age"])
    assert np.array_equal(counts_of(counts, study, sample), np.delete(counts, 2, axis=1))


def test_whole_clusters_are_resampled(made: ModuleType) -> None:
    study = made.survey()
    counts = shared_counts(study, "customers", 1)
    for _, rows in study.frames["customers"].groupby("outlet"):
        assert np.ptp(counts[:, rows.index], axis=1).max() == 0


def test_draw_source_names_file_resamples_clusters_and_seed(made: ModuleType) -> None:
    assert (
        draw_source(made.survey(), "customers", 7)
        == "000000000000:customers: 60 resamples of clusters of 'outlet', seed 7"
    )
    plain = made.survey(data={"customers": {}})
    assert draw_source(plain, "customers", 7) == "000000000000:customers: 60 resamples of rows, seed 7"


def test_a_path_the_chain_does_not_have_is_zero_in_every_draw(made: ModuleType) -> None:
    chain = fit_chain(made.survey(), "customers", binary=("repurchase",))
    for source, outcome in (("service_quality", "loyalty"), ("trust", "repurchase"), ("trust", "nothing")):
        estimate, draws = chain.path(source, outcome)
        assert (estimate, draws.tolist()) == (0.0, [0.0] * 60)


def test_a_study_without_paths_is_refused(made: ModuleType) -> None:
    message = r"^study\.toml: paths: no path ends in a construct of data\.customers\n    Add \[\[paths\]\]\.$"
    with pytest.raises(StudyError, match=message):
        fit_chain(made.survey(paths=[]), "customers")


@pytest.mark.parametrize("to", ["trust", "service_quality"])
def test_a_loop_is_refused_with_its_arrows(made: ModuleType, to: str) -> None:
    paths = [*made.PATHS, {"from": "loyalty", "to": to}]
    with pytest.raises(IdentificationError) as caught:
        fit_chain(made.survey(paths=paths), "customers", binary=("repurchase",))
    start, end = (
        "study.toml: paths: ",
        " is a loop, and no regression says which way it runs\n    Remove one of these paths.",
    )
    message = str(caught.value)
    assert message.startswith(start)
    assert message.endswith(end)
    shown = message[len(start) : -len(end)].replace("'", "").split(" → ")
    arrows = {(source, path["to"]) for path in paths for source in np.atleast_1d(path["from"])}
    assert shown[0] == shown[-1]
    assert {*itertools.pairwise(shown)} <= arrows


def test_two_routes_that_meet_again_are_no_loop(made: ModuleType) -> None:
    assert set(fit_chain(made.survey(), "customers", binary=("repurchase",)).fits) == {
        "trust", "satisfaction", "loyalty",
    }  # fmt: skip


def test_a_structural_model_of_the_same_file_draws_the_same_resamples(made: ModuleType) -> None:
    study = made.survey(made.survey_frame(150), draws=250)
    chain = fit_chain(study, "customers", binary=("repurchase",))
    scores = study.scores["customers"].copy()
    scores["outlet"] = study.frames["customers"]["outlet"]
    terms = [term for term in chain.fits["loyalty"].estimates.terms if term != "constant"]
    fitted = sem.fit(f"loyalty ~ {' + '.join(terms)}", scores)
    unit = study.clusters("customers")
    drawn = sem.bootstrap(
        fitted,
        scores,
        study.draws,
        seed=study.seed,
        cluster=None if unit is None else str(unit.name),
        analysis_id=stream_of(study, "customers"),
    )
    assert drawn.draw_source == (chain.draw_source,)
    for at, term in enumerate(terms):
        assert drawn.of("loyalty", "~", term) == pytest.approx(
            chain.draws["loyalty"][:, at], rel=1e-5, abs=1e-8
        )
    pair = (drawn.of("loyalty", "~", terms[0]), chain.draws["loyalty"][:, 0])
    one, other = (
        Effect(
            estimand=terms[0],
            unit="points",
            estimate=0.0,
            draws=draws,
            draw_source=drawn.draw_source,
            design="adjusted",
        )
        for draws in pair
    )
    assert (one - other).draws == pytest.approx(np.zeros(250), abs=1e-6)
