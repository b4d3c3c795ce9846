import pytest
from scipy.stats import ncx2

from servicefx.sem.reading.noncentral import (
    noncentral_above,
    noncentral_below,
    noncentral_quantile,
    noncentrality_at,
)

# boost's algorithm in scipy.stats is an independent one; it is kept to the cases where it has the digits
CASES = [
    (x, df, noncentrality)
    for x in (1.0, 20.0, 300.0, 1e4, 1e6)
    for df in (1, 24.5, 500, 5000)
    for noncentrality in (0.5, 18.0, 400.0, 1e4, 9.9e5)
]


@pytest.mark.parametrize(("x", "df", "noncentrality"), CASES)
def test_both_tails_are_boosts(x, df, noncentrality):
    above, below = (getattr(ncx2, name)(x, df, noncentrality) for name in ("sf", "cdf"))
    if above > 1e-60:
        assert noncentral_above(x, df, noncentrality) == pytest.approx(above, rel=1e-9, abs=0)
    if below > 1e-60:
        assert noncentral_below(x, df, noncentrality) == pytest.approx(below, rel=1e-9, abs=0)


@pytest.mark.parametrize("df", [1, 100, 5000])
@pytest.mark.parametrize("ratio", [0.5, 1.01, 3, 200])
@pytest.mark.parametrize("below", [0.05, 0.5, 0.95])
def test_the_noncentrality_leaves_what_was_asked(df, ratio, below):
    x = df * ratio
    noncentrality = noncentrality_at(x, df, below)
    if noncentrality == 0:
        assert noncentral_below(x, df, 0.0) <= below
    else:
        assert noncentral_below(x, df, noncentrality) == pytest.approx(below, rel=1e-9, abs=0)


@pytest.mark.parametrize("below", [1e-6, 0.05, 0.5, 0.95, 0.999])
@pytest.mark.parametrize(("df", "noncentrality"), [(1, 0.0), (1, 30.0), (24, 3.5), (5000, 900.0)])
def test_the_quantile_is_boosts(below, df, noncentrality):
    want = ncx2.ppf(below, df, noncentrality) if noncentrality else ncx2.ppf(below, df, 1e-300)
    assert noncentral_quantile(below, df, noncentrality) == pytest.approx(want, rel=1e-8, abs=0)


def test_a_far_tail_keeps_its_digits_where_one_less_the_other_tail_would_have_none():
    # 1.0421336704027e-97 by R's pchisq; scipy's gives 0
    assert noncentral_below(1.0, 24.5, 400.0) == pytest.approx(1.04213367040271e-97, rel=1e-9, abs=0)
