"""Which way a composite points, and what is told where that hangs on chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx import pls
from servicefx.moments.moments import Moments
from servicefx.moments.resample_index import resample_counts

NAMES = ["q1", "q2", "q3", "s1", "s2"]
MODEL = "q =~ q1 + q2 + q3 + q4; s =~ s1 + s2; s ~ q"


def survey(loadings: tuple[float, ...], n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    q = rng.normal(size=n)
    s = 0.6 * q + 0.8 * rng.normal(size=n)
    items = {f"q{i}": a * q + np.sqrt(1 - a**2) * rng.normal(size=n) for i, a in enumerate(loadings, start=1)}
    return pd.DataFrame(items | {f"s{i}": s + 0.5 * rng.normal(size=n) for i in (1, 2)})


def cancelling() -> Moments:
    """Loadings of q1, q2, q3 on their composite sum to 0 but for rounding."""
    R = np.eye(5)
    R[0, 1], R[0, 2], R[1, 2], R[3, 4] = -0.43 / 0.7, 0.3, 0.3, 0.5
    R[:3, 3] = R[:3, 4] = (0.25, 0.1, -0.15)  # the weights; times the row sums of the items' correlations 0
    return Moments.from_covariance(R + R.T - np.eye(5), 200, names=NAMES)


@pytest.mark.parametrize(("order", "path"), [("q1 + q2 + q3", 1), ("q3 + q2 + q1", -1)])
def test_where_loadings_cancel_exactly_the_first_item_decides(order, path):
    fit = pls.fit(f"q =~ {order}; s =~ s1 + s2; s ~ q", cancelling())
    loadings = fit.loadings["estimate"].to_numpy()[:3]
    assert abs(loadings.sum()) < 1e-12
    assert loadings[0] > 0.1
    assert np.sign(fit.paths["estimate"][0]) == path


def test_a_construct_whose_loadings_nearly_cancel_is_named_with_their_sum():
    fit = pls.fit(MODEL, survey((0.8, 0.8, -0.8, -0.8)))
    own = fit.loadings["estimate"].to_numpy()[:4]
    expected = (
        f"loadings of its items nearly cancel (their sum is {own.sum():.2f}, that of their sizes "
        f"{np.abs(own).sum():.2f}), so that its direction, and the sign of its paths, is a matter of chance"
    )
    told = [problem.found for problem in fit.problems if problem.where == "construct 'q'"]
    assert told == [expected]
    clear = pls.fit(MODEL, survey((0.8, 0.8, 0.8, -0.8)))
    assert not [problem for problem in clear.problems if problem.where.startswith("construct")]


def test_resamples_that_point_the_other_way_are_counted_and_told():
    data = survey((0.8, 0.8, -0.8, -0.8))
    fit = pls.fit(MODEL, data)
    drawn = pls.bootstrap(fit, data, 200, seed=2)
    scores = pls.scores(fit, data)["q"].to_numpy()
    opposite = 0
    for row in resample_counts(len(data), 200, 2, "data").astype(int)[:40]:
        again = pls.fit(MODEL, data.loc[data.index.repeat(row)])
        opposite += np.corrcoef(pls.scores(again, data)["q"], scores)[0, 1] < 0
    loadings = np.column_stack([drawn.of("q", f"q{i}", quantity="loading") for i in range(1, 5)])
    turned = loadings @ fit.loadings["estimate"].to_numpy()[:4] < 0
    assert 5 < opposite == turned[:40].sum() < 35
    assert drawn.turned == {"q": turned.sum(), "s": 0}
    told = {problem.where: problem.found for problem in drawn.problems}
    assert (
        f"points the other way than in the sample in {turned.sum()} of 200 resamples" in told["construct 'q'"]
    )
    assert (drawn.of("s", "q") < 0).sum() == turned.sum()


def test_directions_are_read_from_weights_where_loadings_are_not_drawn():
    data = survey((0.8, 0.8, -0.8, -0.8))
    fit = pls.fit(MODEL, data)
    everything = pls.bootstrap(fit, data, 100, seed=2)
    assert pls.bootstrap(fit, data, 100, seed=2, quantities=("weights",)).turned == everything.turned
    assert pls.bootstrap(fit, data, 100, seed=2, quantities=("paths",)).turned == {}
    clear = survey((0.8, 0.8, 0.8, 0.8))
    drawn = pls.bootstrap(pls.fit(MODEL, clear), clear, 100)
    assert set(drawn.turned.values()) == {0}
    assert drawn.problems == ()
