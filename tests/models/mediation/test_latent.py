"""Mediation between constructs beside that of scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, StudyError
from servicefx.models.mediation import fit_layout, latent_mediation
from servicefx.values.glossary import GLOSSARY

CONSTRUCTS = {"q": ["q1", "q2", "q3"], "s": ["s1", "s2", "s3"], "t": ["t1", "t2", "t3"], "l": ["l1", "l2"]}


@pytest.fixture(scope="module")
def items() -> pd.DataFrame:
    """Full mediation from q by s and t to l; much of every item is error."""
    rng = np.random.default_rng(8)
    q = rng.standard_normal(2500)
    s, t = 0.6 * q + 0.8 * rng.standard_normal(2500), 0.5 * q + 0.8 * rng.standard_normal(2500)
    latent = {"q": q, "s": s, "t": t, "l": 0.5 * s + 0.3 * t + 0.7 * rng.standard_normal(2500)}
    return pd.DataFrame(
        {
            item: latent[name] + 1.2 * rng.standard_normal(2500)
            for name, names in CONSTRUCTS.items()
            for item in names
        }
    )


ROLES = {"source": "q", "mediators": ["s", "t"], "outcome": "l", "constructs": CONSTRUCTS}


@pytest.mark.parametrize("layout", [4, 6])
def test_the_observed_version_is_the_mediation_of_scores(items: pd.DataFrame, layout: int) -> None:
    table = latent_mediation(items, layout, **ROLES, draws=0)
    scores = pd.DataFrame({name: items[names].mean(axis=1) for name, names in CONSTRUCTS.items()})
    fit = fit_layout(scores, layout, source="q", mediators=["s", "t"], outcome="l", draws=0)
    observed = table[table["series"] == "observed"]
    plain = {(e.kind, " → ".join(e.via) or ("all" if e.kind == "indirect" else "")): e for e in fit.effects}
    for row in observed.to_dict("records"):
        expected = plain[row["kind"], row["via"]].effect.estimate
        assert row["estimate"] == pytest.approx(expected, rel=1e-5)
    assert set(table.columns) <= set(GLOSSARY)


def test_freed_of_error_more_goes_through_and_nothing_beside(items: pd.DataFrame) -> None:
    table = latent_mediation(items, **ROLES, seed=1).set_index(["series", "kind", "via"])
    direct = table.loc[("latent", "direct", "")]
    assert direct["conf_low"] < 0 < direct["conf_high"]
    assert table.loc[("observed", "direct", ""), "conf_low"] > 0
    assert (
        table.loc[("latent", "indirect", "all"), "std_all"]
        > table.loc[("observed", "indirect", "all"), "std_all"]
    )


def test_monte_carlo_intervals_are_near_those_of_the_delta_method_in_large_samples(
    items: pd.DataFrame,
) -> None:
    drawn, delta = (latent_mediation(items, **ROLES, draws=draws, seed=1) for draws in (20_000, 0))
    near = 0.15 * delta["std_error"].max()
    assert drawn["conf_low"].to_numpy() == pytest.approx(delta["conf_low"].to_numpy(), abs=near)
    assert set(drawn.loc[drawn["kind"] == "indirect", "interval"]) == {"Monte Carlo"}
    assert set(delta["interval"]) == {"delta"}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"layout": 7}, StudyError, "layout 7, but latent mediation is worked out for 4 and 6"),
        ({"source": "u"}, DataError, "no construct 'u'"),
        ({"source": "s"}, DataError, "two parts at once: 's'"),
        ({"constructs": CONSTRUCTS | {"q": ["s1", "q2"]}}, DataError, "items with two places: 's1'"),
        ({"constructs": CONSTRUCTS | {"q": ["q9"]}}, DataError, r"no column 'q9'"),
        ({"constructs": CONSTRUCTS | {"q": "q1"}}, DataError, "no list of items for 'q'"),
    ],
)
def test_what_cannot_be_fitted_is_refused(items: pd.DataFrame, change, error, message) -> None:
    with pytest.raises(error, match=message):
        latent_mediation(items, **(ROLES | change))
