"""Small studies made in memory, as `load_study` would make them: also used by the tests of later rooms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from servicefx.study.scores import scores_of
from servicefx.study.spec import StudySpec
from servicefx.study.study import Study


def study_of(frames: Mapping[str, pd.DataFrame], **tables: Any) -> Study:
    """A study over frames; every keyword is a table of the study file."""
    data = tables.pop("data", {})
    spec = StudySpec.model_validate(
        {
            "version": 1,
            "study": {"id": "made", "title": "Made"},
            "data": {name: {"file": f"{name}.csv", **data.get(name, {})} for name in frames},
            "scales": {"seven": {"min": 1, "max": 7}, "eleven": {"min": 0, "max": 10}},
            **tables,
        }
    )
    return Study(
        spec=spec,
        study_sha256="0" * 64,
        inputs={name: f"{place}" * 64 for place, name in enumerate(frames)},
        frames=dict(frames),
        scores=scores_of(spec, dict(frames)),
        counts={name: {"rows read": len(frame)} for name, frame in frames.items()},
    )


def survey_frame(n: int = 400, seed: int = 1, outlets: int = 40) -> pd.DataFrame:
    """Service, trust, satisfaction, loyalty (two items each) and a repurchase, in outlets with a shock."""
    rng = np.random.default_rng(seed)
    outlet = rng.integers(0, outlets, n)
    shock = 0.4 * rng.standard_normal(outlets)[outlet]
    service = 4 + rng.standard_normal(n) + shock
    trust = 4 + 0.5 * (service - 4) + 0.8 * rng.standard_normal(n) + shock
    satisfaction = 4 + 0.6 * (service - 4) + 0.2 * (trust - 4) + 0.7 * rng.standard_normal(n)
    loyalty = 4 + 0.4 * (satisfaction - 4) + 0.3 * (trust - 4) + 0.7 * rng.standard_normal(n)
    bought = rng.random(n) < 1 / (1 + np.exp(-(0.3 + 0.9 * (loyalty - 4))))
    columns: dict[str, Any] = {"outlet": np.char.add("O", outlet.astype(str)), "age": rng.integers(18, 80, n)}
    for name, score in {"ser": service, "tru": trust, "sat": satisfaction, "loy": loyalty}.items():
        for item in (1, 2):
            noisy = score + 0.5 * rng.standard_normal(n)
            columns[f"{name}{item}"] = np.clip(np.round(noisy), 1, 7)
    return pd.DataFrame(columns | {"bought": bought.astype(float)}).astype({"age": float})


CONSTRUCTS = {
    "service_quality": {"mode": "reflective", "items": ["ser1", "ser2"], "scale": "seven"},
    "trust": {"mode": "reflective", "items": ["tru1", "tru2"], "scale": "seven"},
    "satisfaction": {"mode": "reflective", "items": ["sat1", "sat2"], "scale": "seven"},
    "loyalty": {"mode": "reflective", "items": ["loy1", "loy2"], "scale": "seven"},
    "repurchase": {"mode": "single", "items": ["bought"]},
}
PATHS = [
    {"from": "service_quality", "to": "trust", "hypothesis": "H6"},
    {"from": ["service_quality", "trust"], "to": "satisfaction", "hypothesis": "H6"},
    {"from": ["satisfaction", "trust"], "to": "loyalty", "hypothesis": "H4"},
    {"from": "loyalty", "to": "repurchase", "hypothesis": "H4"},
]


def survey(frame: pd.DataFrame | None = None, *, draws: int = 60, **tables: Any) -> Study:
    """The survey above as a study: quality → trust → satisfaction → loyalty → repurchase."""
    tables = {"constructs": CONSTRUCTS, "paths": PATHS, "inference": {"draws": draws, "seed": 7}} | tables
    tables = {"data": {"customers": {"nested_in": ["outlet"]}}} | tables
    return study_of({"customers": survey_frame() if frame is None else frame}, **tables)


def panel_frame(firms: int = 30, periods: int = 8, seed: int = 2) -> pd.DataFrame:
    """Firms by quarter: profit moves by 0.5 a point of satisfaction and 0.3 of the quarter before."""
    rng = np.random.default_rng(seed)
    firm, quarter = np.repeat(np.arange(firms), periods), np.tile(np.arange(1, periods + 1), firms)
    satisfaction = rng.standard_normal((firms, periods)) + rng.standard_normal((firms, 1))
    before = np.column_stack([rng.standard_normal(firms), satisfaction[:, :-1]])
    profit = 0.5 * satisfaction + 0.3 * before + 2 * rng.standard_normal((firms, 1))
    profit = profit + np.linspace(0, 1, periods) + 0.1 * rng.standard_normal((firms, periods))
    return pd.DataFrame(
        {
            "firm": np.char.add("F", firm.astype(str)),
            "quarter": quarter,
            "satisfaction": satisfaction.ravel(),
            "profit": profit.ravel(),
        }
    )


def firm_panel(frame: pd.DataFrame | None = None, *, lag: int = 0, **tables: Any) -> Study:
    """The firms above as a study with one path, satisfaction → profit."""
    tables = {
        "data": {"firms": {"unit": "firm", "period": "quarter"}},
        "constructs": {
            "satisfaction": {"mode": "single", "items": ["satisfaction"]},
            "profit": {"mode": "single", "items": ["profit"]},
        },
        "paths": [{"from": "satisfaction", "to": "profit", "lag": lag, "hypothesis": "H10"}],
    } | tables
    return study_of({"firms": panel_frame() if frame is None else frame}, **tables)


QUALITY = {"tangibles": "tan", "reliability": "rel", "satisfaction": "sat", "loyalty": "loy"}
"""Construct -> beginning of its items' names."""


def quality_frame(n: int = 300, gaps: float = 0.0) -> pd.DataFrame:
    """Answers from 1 to 7 to three items of each construct of `QUALITY`, and columns of every other role.

    Before rounding every item loads .8, and constructs correlate one half.
    """
    rng = np.random.default_rng(1)
    scores = rng.multivariate_normal(np.zeros(4), 0.5 * np.ones((4, 4)) + 0.5 * np.eye(4), n)
    columns: dict[str, Any] = {}
    for at, stem in enumerate(QUALITY.values()):
        for item in (1, 2, 3):
            answer = 4 + 1.2 * (0.8 * scores[:, at] + 0.6 * rng.standard_normal(n))
            columns[f"{stem}{item}"] = np.clip(np.round(answer), 1, 7)
    columns["channel"] = np.where(rng.random(n) < 0.5, "online", "shop")
    columns["outlet"] = np.char.add("S", rng.integers(0, 40, n).astype(str))
    columns["weight"] = rng.uniform(0.5, 2, n)
    columns["seconds"] = rng.uniform(100, 300, n)
    columns["m1"] = np.clip(np.round(4 + rng.standard_normal(n)), 1, 7)
    columns["m2"] = np.clip(np.round(columns["m1"] + 0.5 * rng.standard_normal(n)), 1, 7)
    frame = pd.DataFrame(columns)
    for name in frame.columns[:12]:
        frame.loc[rng.random(n) < gaps, name] = np.nan
    return frame


def quality_constructs(n_items: int = 3, **changes: Any) -> dict[str, dict[str, Any]]:
    """The constructs of `quality_frame`; keywords change all of them."""
    return {
        name: {"mode": "reflective", "items": [f"{stem}{at + 1}" for at in range(n_items)], "scale": "seven"}
        | changes
        for name, stem in QUALITY.items()
    }


def quality_study(frame: pd.DataFrame | None = None, **tables: Any) -> Study:
    """A study over `quality_frame`; every keyword is a table of the study file."""
    tables = {"constructs": quality_constructs(), "inference": {"draws": 60, "seed": 7}} | tables
    return study_of({"customers": quality_frame() if frame is None else frame}, **tables)
