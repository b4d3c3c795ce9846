"""sem.fit against R's lavaan, table by table, over the cases in tests/golden/sem (make.R made them)."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx import sem
from servicefx.moments.moments import Moments
from servicefx.sem.rmsea_power import rmsea_power, rmsea_sample_size

FOLDER = Path(__file__).parent / "sem"
ROOT = Path(__file__).resolve().parents[2]
CASES = sorted(path.parent.name for path in FOLDER.glob("*/case.json"))
TEXT = ("group", "lhs", "op", "rhs", "label", "name", "kind", "method", "detail")

ESTIMATES = 1e-5
"""Relative, of the larger of value and error: lavaan's own numerical second derivatives stop here."""
UNSCALED = 1e-7
"""Relative, of chi2 and log-likelihood: both sides stand at a gradient of 1e-9 or less."""
ORDERED = 1e-5
"""The same of ordered items: lavaan leaves polychoric and polyserial correlations 1e-7 off their maximum."""
SCALED = 1e-4
"""Of scaled statistics and what is made of them: traces of long products of estimated matrices."""
MEASURES = 1e-6
"""Absolute, of indices made of unscaled statistics; the design asks for 1e-4."""

MEASURE_NAMES = {
    "chisq": "chi2", "df": "df", "pvalue": "p_value", "chisq.scaled": "chi2_scaled",
    "chisq.scaling.factor": "scaling_factor", "pvalue.scaled": "p_value_scaled",
    "baseline.chisq": "chi2_baseline", "baseline.df": "df_baseline",
    "baseline.chisq.scaled": "chi2_baseline_scaled",
    "baseline.chisq.scaling.factor": "scaling_factor_baseline",
    "cfi": "cfi", "tli": "tli", "nfi": "nfi", "cfi.scaled": "cfi_scaled", "tli.scaled": "tli_scaled",
    "cfi.robust": "cfi_robust", "tli.robust": "tli_robust",
    "rmsea": "rmsea", "rmsea.ci.lower": "rmsea_low", "rmsea.ci.upper": "rmsea_high",
    "rmsea.pvalue": "rmsea_close", "rmsea.scaled": "rmsea_scaled",
    "rmsea.ci.lower.scaled": "rmsea_scaled_low",
    "rmsea.ci.upper.scaled": "rmsea_scaled_high", "rmsea.pvalue.scaled": "rmsea_scaled_close",
    "rmsea.robust": "rmsea_robust", "rmsea.ci.lower.robust": "rmsea_robust_low",
    "rmsea.ci.upper.robust": "rmsea_robust_high", "rmsea.pvalue.robust": "rmsea_robust_close",
    "srmr": "srmr", "logl": "logl", "aic": "aic", "bic": "bic", "bic2": "bic_adjusted", "ntotal": "n_obs",
    "npar": "n_free",
}  # fmt: skip
LARGE = ("chi2", "df", "chi2_baseline", "df_baseline", "logl", "aic", "bic", "bic_adjusted", "n_obs")
RESIDUALS = [("raw", "raw"), ("correlation", "cor"), ("standardised", "standardized")]
LADDER = ("chi2", "df", "cfi", "rmsea", "srmr", "delta_cfi", "delta_rmsea", "chi2_diff", "df_diff", "p_value")


def table(path: Path) -> pd.DataFrame:
    """A golden table; an empty cell of text is "", of numbers NaN."""
    frame = pd.read_csv(path, dtype=dict.fromkeys(TEXT, str))
    return frame.fillna({name: "" for name in frame.columns.intersection(list(TEXT))})


@functools.cache
def description(case: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / case / "case.json").read_text(encoding="utf-8"))
    return found


def told_measures(case: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / case / "measures.json").read_text(encoding="utf-8"))
    return found


def data_path(name: str) -> Path:
    place, _, rest = name.rpartition(":")
    folders = {"": FOLDER / "data", "raw": ROOT / "data" / "raw", "shared": ROOT.parent / "shared" / "data"}
    return folders[place] / rest


@functools.cache
def read_data(case: str) -> pd.DataFrame | Moments:
    told = description(case)
    frame = pd.read_csv(data_path(told["data"]))
    if "n_obs_of_moments" not in told:
        return frame
    frame = frame.select_dtypes("number")
    frame.index = frame.columns
    return Moments.from_covariance(frame, told["n_obs_of_moments"])


@functools.cache
def fitted(case: str) -> Any:
    told = description(case)
    return sem.fit(told["model"], read_data(case), **told["arguments"])


def cases(of: str = "case.json") -> pytest.MarkDecorator:
    """Cases that have the file; those on data of the shared folder are marked external."""
    chosen = [case for case in CASES if (FOLDER / case / of).exists()]
    shared = [description(case)["data"].startswith("shared:") for case in chosen]
    marked = [
        pytest.param(case, marks=[pytest.mark.external] * is_shared)
        for case, is_shared in zip(chosen, shared, strict=True)
    ]
    return pytest.mark.parametrize("case", marked)


@pytest.fixture(autouse=True)
def present(request: pytest.FixtureRequest) -> None:
    """Skip where a case's data are not in the repository and not there."""
    case = request.node.callspec.params.get("case") if hasattr(request.node, "callspec") else None
    if case is not None and not data_path(description(case)["data"]).exists():
        pytest.skip(f"needs {description(case)['data']} (data/raw/README.md, ../shared/data/README.md)")


def assert_close(
    frame: pd.DataFrame, ours: str, theirs: str, *, relative: float, floor: Any, keys: Sequence[str] = ()
) -> None:
    """|ours - theirs| <= relative times the larger of |theirs| and the floor; NaN only equals NaN."""
    a, b = frame[ours].to_numpy(float), frame[theirs].to_numpy(float)
    with np.errstate(invalid="ignore"):
        ratio = np.abs(a - b) / (relative * np.maximum(np.abs(b), np.asarray(floor, float)))
    ratio = np.where(np.isnan(a) & np.isnan(b), 0.0, np.where(np.isnan(ratio), np.inf, ratio))
    worst = np.argsort(-ratio)[: min(8, int((ratio > 1).sum()))]
    shown = frame.iloc[worst][[*keys, ours, theirs]]
    assert not len(worst), (
        f"{(ratio > 1).sum()} of {len(ratio)} apart, by {ratio.max():.3g} tolerances\n{shown}"
    )


def key(frame: pd.DataFrame) -> pd.Series:
    """One key a parameter: covariances whichever way round, definitions by their name."""
    keys = []
    for group, lhs, op, rhs in frame[["group", "lhs", "op", "rhs"]].itertuples(index=False):
        ends = sorted((lhs, rhs)) if op == "~~" else (lhs, "" if op == ":=" else rhs)
        keys.append(f"{group} {ends[0]} {op} {ends[1]}")
    return pd.Series(keys, index=frame.index, dtype=object)


def joined(case: str) -> pd.DataFrame:
    """Both tables of parameters, side by side; free parameters must be the same."""
    theirs, ours = table(FOLDER / case / "parameters.csv"), fitted(case).parameters
    ours["key"], theirs["key"] = key(ours), key(theirs)
    assert ours["key"].is_unique
    absent = sorted(set(theirs.loc[theirs["free"] == 1, "key"]) - set(ours["key"]))
    more = sorted(set(ours.loc[ours["free"].astype(bool), "key"]) - set(theirs["key"]))
    assert not absent, "free in lavaan, absent from servicefx"
    assert not more, "free in servicefx, absent from lavaan"
    return theirs.merge(ours, on="key", suffixes=("_lavaan", "")).set_index("key")


@cases()
def test_estimates_and_their_errors_are_lavaans(case: str) -> None:
    both = joined(case)
    error = both["se"].fillna(0).clip(lower=1e-3)
    assert_close(both, "estimate", "est", relative=ESTIMATES, floor=error)
    estimated = both[both["se"] > 0]
    assert_close(estimated, "std_error", "se", relative=ESTIMATES, floor=1e-6)
    assert_close(estimated, "statistic", "z", relative=3 * ESTIMATES, floor=1)
    assert_close(estimated, "p_value", "pvalue", relative=1e-4, floor=1e-2)


@cases()
def test_standardised_solutions_are_lavaans(case: str) -> None:
    both = joined(case)
    both = both[both["op"] != "~*~"]
    for ours, theirs in (("std_lv", "std.lv"), ("std_all", "std.all")):
        assert_close(both[both[theirs].notna()], ours, theirs, relative=ESTIMATES, floor=0.1)
    estimated = both[both["std.all.se"] > 1e-9]
    assert_close(estimated, "std_all_error", "std.all.se", relative=3 * ESTIMATES, floor=1e-2)


def not_compared(case: str, measure: str) -> bool:
    """Robust measures that lavaan 0.6-14 takes another way.

    With expected information it changes the trace, where servicefx keeps the observed. Of ordered items in G
    groups it counts the scaling of the baseline model G times: its CFI and TLI (not its RMSEA) are wrong.
    """
    arguments = description(case)["arguments"]
    ordered_groups = "ordered" in arguments and "group" in arguments
    expected = arguments.get("information") == "expected"
    return (ordered_groups and measure in ("cfi_robust", "tli_robust")) or (expected and "robust" in measure)


@cases()
def test_every_measure_is_lavaans(case: str) -> None:
    ours = fitted(case).measures
    large = ORDERED if "ordered" in description(case)["arguments"] else UNSCALED
    records = []
    for name, told in told_measures(case).items():
        measure = MEASURE_NAMES.get(name, "")
        if not measure or told is None or not_compared(case, measure):
            continue
        scaled = "scal" in measure or "robust" in measure
        size = max(abs(told), 1.0)
        tolerance = SCALED * size if scaled else large * size if measure in LARGE else MEASURES
        value = float(ours[measure])
        records.append(
            (measure, value, told, math.inf if math.isnan(value) else abs(value - told) / tolerance)
        )
    frame = pd.DataFrame(records, columns=["measure", "ours", "lavaan", "tolerances"])
    wrong = frame[frame["tolerances"] > 1]
    assert wrong.empty, f"\n{wrong.to_string()}"


@cases(of="r2.csv")
def test_explained_shares_are_lavaans(case: str) -> None:
    theirs = table(FOLDER / case / "r2.csv")
    both = theirs.merge(fitted(case).r2, left_on=["group", "name"], right_on=["group", "outcome"], how="left")
    assert_close(both, "estimate", "r2", relative=ESTIMATES, floor=0.1, keys=["group", "name"])


def assert_cells(theirs: pd.DataFrame, frames: dict[str, pd.DataFrame], relative: float) -> None:
    """Long tables of lavaan against frames of items by items, rows by group where there are several."""

    def cell(row: Any) -> float:
        frame = frames[row.kind]
        at = (row.group, row.lhs) if frame.index.nlevels == 2 else row.lhs
        return float(frame.loc[at, row.rhs] if row.rhs else frame.loc[at].iloc[0])

    theirs = theirs[theirs["kind"].isin(frames) & theirs["value"].notna()].copy()
    theirs["ours"] = [cell(row) for row in theirs.itertuples()]
    assert_close(theirs, "ours", "value", relative=relative, floor=0.1, keys=["group", "lhs", "rhs"])


@cases(of="implied.csv")
def test_implied_moments_are_lavaans(case: str) -> None:
    theirs, fit = table(FOLDER / case / "implied.csv"), fitted(case)
    frames = {kind: fit.implied(kind) for kind in ("cov", "mean") if kind in set(theirs["kind"])}
    assert_cells(theirs, frames, ESTIMATES)


def no_standardised_residuals(case: str) -> str:
    """Why they are not compared, "" if they are."""
    told = description(case)
    arguments = told["arguments"]
    if arguments.get("missing") == "fiml" or {"cluster", "sampling.weights", "weights"} & set(arguments):
        return "servicefx gives none with gaps, clusters or sampling weights"
    if arguments.get("estimator") == "mlr":
        return (
            "lavaan 0.6-14 takes other errors under mlr than for the same residuals under mlm; ours are one"
        )
    if "group" in arguments and "ordered" in arguments:
        return "lavaan 0.6-14 divides by all rows where a group's are meant (a law holds ours)"
    if "group" in arguments and ("group_equal" in arguments or "c(" in told["model"]):
        return "lavaan 0.6-14 does not use the errors of all groups together where parameters are shared"
    return ""


@pytest.mark.parametrize(("kind", "file"), RESIDUALS)
@cases(of="residuals_raw.csv")
def test_residuals_are_lavaans(case: str, kind: str, file: str) -> None:
    path = FOLDER / case / f"residuals_{file}.csv"
    if not path.exists():
        pytest.skip("lavaan 0.6-14 gives none for this estimator")
    theirs = table(path)
    if kind == "standardised":
        reason = no_standardised_residuals(case)
        if reason:
            pytest.skip(reason)
        # what is fitted exactly is 0 / 0 up to rounding
        raw = table(FOLDER / case / "residuals_raw.csv")
        fitted_exactly = raw.loc[raw["kind"] == "cov", "value"].abs() < 1e-9
        theirs = theirs[theirs["kind"] == "cov"][~fitted_exactly.to_numpy()]
    assert_cells(theirs, {"cov": fitted(case).residuals(kind, read_data(case))}, 1e-4)


@cases(of="modification.csv")
def test_modification_indices_are_lavaans(case: str) -> None:
    theirs, ours = table(FOLDER / case / "modification.csv"), fitted(case).modification_indices()
    ours["key"], theirs["key"] = key(ours), key(theirs)
    both = theirs.merge(ours, on="key", how="left", suffixes=("_lavaan", ""))
    assert_close(both, "index", "mi", relative=ESTIMATES, floor=1, keys=["key"])
    assert_close(both, "expected_change", "epc", relative=ESTIMATES, floor=0.1, keys=["key"])


@cases(of="factor_scores.csv")
def test_factor_scores_are_lavaans(case: str) -> None:
    theirs, fit = table(FOLDER / case / "factor_scores.csv"), fitted(case)
    data = read_data(case)
    assert isinstance(data, pd.DataFrame)
    for method, rows in theirs.groupby("method"):
        ours = sem.factor_scores(fit, data, str(method))
        names = [name for name in rows.columns if name not in ("method", "group", "row")]
        found = ours[names].iloc[rows["row"].to_numpy() - 1].to_numpy(float)
        np.testing.assert_allclose(found, rows[names].to_numpy(float), rtol=ESTIMATES, atol=1e-5)


def offered(row: Any) -> bool:
    """Satorra 2000 for wlsmv, with the restriction's own derivative and shifted; 2010 for complete data."""
    if row.method == "satorra.2000":
        return bool(row.detail == "delta TRUE")
    return bool(row.method != "satorra.bentler.2010" or "fiml" not in row.free)


DIFFERENCES = [row for row in table(FOLDER / "differences.csv").itertuples() if offered(row)]


@pytest.mark.parametrize("told", [pytest.param(row, id="-".join(row[1:4])) for row in DIFFERENCES])
def test_difference_tests_are_lavaans(told: Any) -> None:
    plain = told.method == "standard"
    method = "plain" if plain else told.method.replace(".", "_")
    data = read_data(told.free)
    found = sem.compare(fitted(told.restricted), fitted(told.free), method=method, data=data).iloc[-1]
    assert found["df_diff"] == told.df_diff
    size = told_measures(told.restricted)["chisq"] * UNSCALED if plain else told.chi2_diff * SCALED
    assert found["chi2_diff"] == pytest.approx(told.chi2_diff, abs=size)
    assert found["p_value"] == pytest.approx(told.p_value, abs=SCALED)


@pytest.mark.parametrize(("ladder", "estimator"), [("school", "ml"), ("region", "ml"), ("school_mlr", "mlr")])
def test_invariance_ladders_are_lavaans(ladder: str, estimator: str) -> None:
    theirs = table(FOLDER / "ladder.csv")
    theirs = theirs[theirs["ladder"] == ladder].rename(columns={"chisq": "chi2"})
    group = ladder.removesuffix("_mlr")
    case, levels = f"{group}_configural", ["configural", "metric", "scalar", "strict", "means"]
    ours = sem.invariance(
        description(case)["model"], read_data(case), group=group, estimator=estimator, levels=levels
    )
    for name in LADDER:
        found, expected = ours[name].to_numpy(float), theirs[name].to_numpy(float)
        np.testing.assert_allclose(found, expected, rtol=SCALED, atol=MEASURES, err_msg=name)


POLYCHORICS = table(FOLDER / "polychorics.csv")


@pytest.mark.parametrize("case", sorted(set(POLYCHORICS["case"])))
def test_every_polychoric_is_the_maximum_of_its_own_likelihood(case: str) -> None:
    """Roots of the score found in R; pairs of an ordered and a continuous item are among them."""
    fit, pairs = fitted(case), POLYCHORICS[POLYCHORICS["case"] == case]
    moments = fit.moments if isinstance(fit.moments, dict) else {"": fit.moments}
    found = []
    for row in pairs.itertuples():
        one = moments[row.group]
        i, j = one.names.index(row.lhs), one.names.index(row.rhs)
        found.append(one.cov[i, j] / math.sqrt(one.cov[i, i] * one.cov[j, j]))
    np.testing.assert_allclose(found, pairs["maximum"], atol=1e-8)


@pytest.mark.parametrize(
    "told", [pytest.param(r, id=str(r[0])) for r in table(FOLDER / "power.csv").itertuples()]
)
def test_power_is_semtools(told: Any) -> None:
    wrong = {"rmsea_null": told.rmsea_null, "rmsea_alternative": told.rmsea_true}
    if told.kind == "power":
        found = rmsea_power(told.df, int(told.n), alpha=told.alpha, **wrong)
        assert found == pytest.approx(told.value, abs=1e-6)
    else:
        assert rmsea_sample_size(told.df, power=0.8, alpha=told.alpha, **wrong) == told.value
