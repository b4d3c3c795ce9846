from __future__ import annotations

import numpy as np
import pytest

from servicefx.economics.lines import cost_line, retention_line
from servicefx.values.effect import Effect


def test_retention_is_share_times_customers_times_margin_in_every_draw() -> None:
    change = Effect(
        estimand="change",
        unit="share",
        estimate=0.02,
        draws=np.array([0.01, 0.03, np.nan]),
        draw_source=("a",),
    )
    line = retention_line(change, customers=50_000, margin=300, currency="CNY")
    assert line.estimate == pytest.approx(300_000)
    assert line.draws[:2] == pytest.approx([150_000, 450_000])
    assert (line.unit, line.n_failed) == ("CNY per period", 1)


def cost(amount: float = 900_000, relative_sd: float = 0.1, seed: int = 1, line: str = "labour") -> Effect:
    return cost_line(
        line=line, amount=amount, relative_sd=relative_sd, currency="CNY", seed=seed, n_draws=20_000
    )


def test_uncertain_cost_is_log_normal_with_the_stated_mean_and_deviation() -> None:
    line = cost(relative_sd=0.3)
    # 20,000 draws: standard errors of mean and deviation are 0.2 % and 0.7 %
    assert line.draws.mean() == pytest.approx(900_000, rel=0.01)
    assert line.draws.std() == pytest.approx(270_000, rel=0.035)
    assert line.draws.min() > 0
    logs = np.log(line.draws)
    assert np.mean(((logs - logs.mean()) / logs.std()) ** 3) == pytest.approx(0, abs=0.09)


@pytest.mark.parametrize(("amount", "relative_sd"), [(900_000, 0.0), (0.0, 0.3)])
def test_known_or_absent_cost_does_not_vary(amount: float, relative_sd: float) -> None:
    assert np.unique(cost(amount, relative_sd).draws).tolist() == [amount]


def test_cost_draws_repeat_by_seed_and_differ_by_line() -> None:
    assert cost().draws.tolist() == cost().draws.tolist()
    assert abs(np.corrcoef(cost().draws, cost(line="material").draws)[0, 1]) < 0.03
    assert abs(np.corrcoef(cost().draws, cost(seed=2).draws)[0, 1]) < 0.03
    assert cost().draw_source != cost(seed=2).draw_source
