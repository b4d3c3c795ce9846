from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx import sem
from servicefx.sem.reading.effects import routes

CHAIN = "m ~ a*x\nn ~ b*x + c*m\ny ~ d*x + e*m + f*n"


def rows(n: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    x = rng.normal(size=n)
    m = 0.5 * x + rng.normal(size=n)
    k = 0.3 * x + 0.4 * m + rng.normal(size=n)
    y = 0.2 * x + 0.3 * m + 0.5 * k + rng.normal(size=n)
    return pd.DataFrame({"x": x, "m": m, "n": k, "y": y * 10, "w": rng.normal(size=n) + 0.3 * x})


def table(fit: sem.SemFit) -> pd.DataFrame:
    return fit.effects().set_index(["from", "to", "kind", "via"])


def test_every_route_and_sum_is_the_product_of_its_paths() -> None:
    fit = sem.fit(CHAIN, rows())
    a, b, c, d, e, f = (fit.theta[fit.model.labels[name]] for name in "abcdef")
    found = table(fit)["estimate"]
    assert found["x", "y", "direct", ""] == pytest.approx(d)
    assert found["x", "y", "indirect", "m"] == pytest.approx(a * e)
    assert found["x", "y", "indirect", "n"] == pytest.approx(b * f)
    assert found["x", "y", "indirect", "m → n"] == pytest.approx(a * c * f)
    assert found["x", "y", "indirect", "all"] == pytest.approx(a * e + b * f + a * c * f)
    assert found["x", "y", "total", ""] == pytest.approx(d + a * e + b * f + a * c * f)
    assert found["m", "y", "total", ""] == pytest.approx(e + c * f)
    assert ("m", "x", "total", "") not in found.index


def test_errors_are_those_of_defined_parameters() -> None:
    fit = sem.fit(
        f"{CHAIN}\nroute := a*c*f\nall := a*e + b*f + a*c*f\ntotal := d + a*e + b*f + a*c*f", rows()
    )
    defined = fit.parameters.query("op == ':='").set_index("lhs")
    found = table(fit)
    columns = ["estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high", "std_all"]
    for name, key in (
        ("route", ("indirect", "m → n")),
        ("all", ("indirect", "all")),
        ("total", ("total", "")),
    ):
        row = found.loc[("x", "y", *key)]
        assert row[columns].to_numpy(float) == pytest.approx(defined.loc[name, columns].to_numpy(float)), name


def test_direct_and_indirect_add_up_to_total_for_every_pair_and_group() -> None:
    data = rows().assign(half=np.arange(300) % 2)
    effects = sem.fit(CHAIN, data, group="half").effects()
    for (group, source, target), part in effects.groupby(["group", "from", "to"]):
        value = part.set_index(["kind", "via"])["estimate"]
        parts = value.get(("direct", ""), 0.0) + value.get(("indirect", "all"), 0.0)
        assert value["total", ""] == pytest.approx(parts), (group, source, target)
        single = part[(part.kind == "indirect") & (part.via != "all")]["estimate"].sum()
        assert value.get(("indirect", "all"), 0.0) == pytest.approx(single)


def test_sums_along_a_circle_include_every_lap() -> None:
    fit = sem.fit("m ~ a*y + x\ny ~ b*m + w", rows())
    a, b = (fit.theta[fit.model.labels[name]] for name in "ab")
    to_m = float(fit.parameters.query("lhs == 'm' and rhs == 'x'")["estimate"].iloc[0])
    found = table(fit)
    assert found["estimate"]["x", "m", "direct", ""] == pytest.approx(to_m)
    assert found["estimate"]["x", "m", "total", ""] == pytest.approx(to_m / (1 - a * b))
    assert found["estimate"]["x", "y", "total", ""] == pytest.approx(to_m * b / (1 - a * b))
    assert found["estimate"]["m", "y", "total", ""] == pytest.approx(b / (1 - a * b))

    def total(theta: np.ndarray) -> float:
        names = {p.text: p.position for p in fit.model.first}
        values = {key: theta[at] for key, at in names.items()}
        return values["m ~ x"] * values["y ~ m"] / (1 - values["m ~ y"] * values["y ~ m"])

    slope = np.array(
        [(total(fit.theta + h) - total(fit.theta - h)) / 2e-6 for h in 1e-6 * np.eye(len(fit.theta))]
    )
    error = np.sqrt(slope @ fit.vcov @ slope)
    assert found["std_error"]["x", "y", "total", ""] == pytest.approx(error, rel=1e-5)


def test_loadings_among_constructs_are_steps() -> None:
    rng = np.random.default_rng(4)
    g = rng.normal(size=400)
    parts = [g * 0.8 + 0.6 * rng.normal(size=400) for _ in range(3)]
    items = np.column_stack([part + 0.6 * rng.normal(size=400) for part in parts for _ in range(3)])
    data = pd.DataFrame(items, columns=[f"x{k}" for k in range(9)]).assign(z=0.5 * g + rng.normal(size=400))
    fit = sem.fit("a =~ x0 + x1 + x2\nb =~ x3 + x4 + x5\nc =~ x6 + x7 + x8\ng =~ a + b + c\ng ~ p*z", data)
    found = table(fit)["estimate"]
    loading = fit.parameters.query("lhs == 'g' and rhs == 'b'")["estimate"].iloc[0]
    assert found["z", "b", "indirect", "g"] == pytest.approx(loading * fit.theta[fit.model.labels["p"]])
    assert found["g", "a", "direct", ""] == 1.0


def test_routes_pass_nothing_twice() -> None:
    arrows = {"x": ["m"], "m": ["y", "n"], "n": ["m", "y"]}
    assert set(routes("x", "y", arrows)) == {("x", "m", "y"), ("x", "m", "n", "y")}


def test_a_model_without_paths_has_no_effects() -> None:
    assert sem.fit("f =~ x + m + n + y", rows()).effects().empty
