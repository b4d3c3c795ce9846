from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.models.loyalty import calibration, fit_answers, goodness


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    table = pd.DataFrame({"x": rng.integers(4, 29, 1200) / 4, "group": rng.integers(0, 60, 1200)})
    latent = 0.6 * table["x"] + rng.logistic(size=1200)
    return table.assign(bought=(latent > 3).astype(float), intention=np.digitize(latent, [1.5, 3, 4.5]) + 1.0)


def test_the_area_is_the_share_of_pairs_in_order(frame: pd.DataFrame) -> None:
    rows = goodness(fit_answers(frame, "bought", ["x"], draws=20)).set_index("measure")
    hit, miss = frame[frame["bought"] == 1]["x"].to_numpy(), frame[frame["bought"] == 0]["x"].to_numpy()
    pairs = (hit[:, None] > miss).mean() + 0.5 * (hit[:, None] == miss).mean()
    assert rows.loc["auc", "estimate"] == pytest.approx(pairs, rel=1e-12)


def test_every_cluster_of_one_row_is_no_cluster(frame: pd.DataFrame) -> None:
    alone = fit_answers(frame, "bought", ["x"], clusters=pd.Series(range(1200), name="row"), draws=20)
    plain = fit_answers(frame, "bought", ["x"], draws=20)
    errors = [goodness(fit).set_index("measure").loc["auc", "std_error"] for fit in (alone, plain)]
    assert errors[0] == pytest.approx(errors[1], rel=1e-9)


def test_calibration_means_are_those_of_the_sample(frame: pd.DataFrame) -> None:
    for outcome in ("bought", "intention"):
        rows = calibration(fit_answers(frame, outcome, ["x"], draws=20), groups=5)
        for answer, part in rows.groupby("answer"):
            assert part["n_obs"].sum() == 1200
            seen = float((part["estimate"] * part["n_obs"]).sum() / 1200)
            assert seen == pytest.approx((frame[outcome] == float(str(answer))).mean(), abs=1e-12)
            if outcome == "bought":  # a logit with a constant reproduces the share
                assert float((part["fitted"] * part["n_obs"]).sum() / 1200) == pytest.approx(seen, abs=1e-9)
        if outcome == "intention":
            assert rows.groupby("group")["fitted"].sum().to_numpy() == pytest.approx(1.0, abs=1e-12)
        else:
            assert rows["fitted"].is_monotonic_increasing


def test_a_term_with_two_values_leaves_no_hosmer_lemeshow(frame: pd.DataFrame) -> None:
    two = frame.assign(x=(frame["x"] > 4).astype(float))
    rows = goodness(fit_answers(two, "bought", ["x"], draws=20)).set_index("measure")
    assert np.isnan(rows.loc["hosmer_lemeshow", "estimate"])
    assert rows.loc["hosmer_lemeshow", "undefined"] == "2 groups of different chances, at least 3 needed"


def test_a_useless_term_explains_nothing(frame: pd.DataFrame) -> None:
    rng = np.random.default_rng(1)
    noise = frame.assign(x=rng.integers(0, 9, 1200).astype(float))
    rows = goodness(fit_answers(noise, "bought", ["x"], draws=20)).set_index("measure")
    assert rows.loc["mcfadden", "estimate"] < 0.01
    assert rows.loc["auc", "conf_low"] < 0.5 < rows.loc["auc", "conf_high"] + 0.02
    assert "tells little" in rows.loc["hosmer_lemeshow", "caution"]


def test_one_customer_on_a_side_gives_an_area_without_an_interval(frame: pd.DataFrame) -> None:
    alone = frame.assign(bought=0.0)
    alone.loc[alone["x"].sort_values(kind="stable").index[700], "bought"] = 1.0
    area = goodness(fit_answers(alone, "bought", ["x"], draws=2)).set_index("measure").loc["auc"]
    assert area["undefined"].startswith("one customer stands alone")
    assert np.isnan(area["conf_low"])
    assert 0.5 < area["estimate"] < 0.7
