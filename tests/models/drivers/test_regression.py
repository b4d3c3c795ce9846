from __future__ import annotations

import re
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from servicefx.engines.linear import fit_ols
from servicefx.errors import DataError, IdentificationError, StudyError
from servicefx.models.drivers import declared_terms, fit_direct, variance_inflation


def test_terms_are_the_declared_ones_then_covariates(made: ModuleType) -> None:
    paths = [
        {"from": ["trust", "service_quality"], "to": "satisfaction", "covariates": ["age"]},
        {"from": "trust", "to": "satisfaction"},
        {"from": "loyalty", "to": "satisfaction", "data": "elsewhere"},
    ]
    study = made.survey(paths=paths)
    assert declared_terms(study, "satisfaction", "customers") == ("trust", "service_quality", "age")
    assert fit_direct(study).robust.terms == ("trust", "service_quality", "age", "constant")


def test_both_errors_share_estimates_rows_and_reasons(made: ModuleType) -> None:
    frame = made.survey_frame()
    frame.loc[:9, ["tru1", "tru2"]] = np.nan
    fit = fit_direct(made.survey(frame), "satisfaction")
    assert fit.clustered is not None
    assert fit.estimates is fit.clustered
    assert fit.robust.coefficients.tolist() == fit.clustered.coefficients.tolist()
    assert (fit.robust.covariance_kind, fit.clustered.covariance_kind) == ("hc3", "cluster: outlet (40)")
    assert fit.robust.dropped == fit.clustered.dropped == {"trust missing": 10}


def test_without_clusters_the_robust_fit_is_the_one_to_conclude_from(made: ModuleType) -> None:
    fit = fit_direct(made.survey(data={"customers": {}}))
    assert fit.clustered is None
    assert fit.estimates is fit.robust


def test_survey_weights_are_used(made: ModuleType) -> None:
    frame = made.survey_frame().assign(w=np.linspace(0.2, 3, 400))
    study = made.survey(frame, data={"customers": {"weights": "w"}})
    scores = study.scores["customers"]
    by_hand = fit_ols(scores, "satisfaction", ["service_quality", "trust"], weights=frame["w"])
    fit = fit_direct(study)
    assert fit.robust.estimator == "WLS"
    assert fit.robust.covariance == pytest.approx(by_hand.covariance)


def test_an_outcome_nothing_leads_to_is_refused(made: ModuleType) -> None:
    message = (
        "study.toml: paths: no path leads to 'loyalty', so nothing explains it\n"
        "    Add [[paths]] with to = 'loyalty', or measure service dimensions."
    )
    with pytest.raises(StudyError, match=f"^{re.escape(message)}$"):
        fit_direct(made.survey(paths=[]), "loyalty")


def test_without_paths_the_measured_service_dimensions_are_the_terms(made: ModuleType) -> None:
    constructs = made.CONSTRUCTS | {"empathy": made.CONSTRUCTS["trust"]}
    fit = fit_direct(made.survey(paths=[], constructs=constructs), "satisfaction")
    assert fit.robust.terms == ("empathy", "constant")


def test_two_constructs_of_the_same_items_are_refused(made: ModuleType) -> None:
    constructs = made.CONSTRUCTS | {"empathy": made.CONSTRUCTS["trust"]}
    with pytest.raises(IdentificationError, match="can be computed exactly from the others: 'empathy'"):
        fit_direct(made.survey(constructs=constructs), "satisfaction", ["trust", "empathy"])


def test_one_outlet_is_refused(made: ModuleType) -> None:
    with pytest.raises(DataError, match="clusters 'outlet': one cluster only"):
        fit_direct(made.survey(made.survey_frame().assign(outlet="O1")))


def test_inflation_is_one_over_what_other_terms_leave(rng: np.random.Generator) -> None:
    a, b, c = rng.standard_normal((3, 80))
    terms = pd.DataFrame({"a": a, "b": a + 0.3 * b, "c": c})
    factors = variance_inflation(terms)
    for name in terms:
        others = [other for other in terms if other != name]
        r2 = fit_ols(terms, str(name), others, covariance="classical").fit_measures["r_squared"]
        assert factors[str(name)] == pytest.approx(1 / (1 - r2), rel=1e-9)
    assert variance_inflation(terms[["a"]]) == {"a": 1.0}
