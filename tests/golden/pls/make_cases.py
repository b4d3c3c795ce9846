"""Draws the simulated data and everything fixed in advance: ``python make_cases.py``, seed 20261123.

Writes data/*.csv (folds, permutations, resamples, holes, two simulated surveys), and model.txt and
settings.json of every case. Run before make_reference.py and make_seminr.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
SEED = 20261123

MEASURED = """IMAGE =~ IMAG1 + IMAG2 + IMAG3 + IMAG4 + IMAG5
EXPECT =~ CUEX1 + CUEX2 + CUEX3
QUALITY =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7
VALUE =~ PERV1 + PERV2
SATIS =~ CUSA1 + CUSA2 + CUSA3
COMPL =~ CUSCO
LOYAL =~ CUSL1 + CUSL2 + CUSL3
"""
PATHS = """EXPECT ~ IMAGE
QUALITY ~ EXPECT
VALUE ~ EXPECT + QUALITY
SATIS ~ IMAGE + EXPECT + QUALITY + VALUE
COMPL ~ SATIS
LOYAL ~ IMAGE + SATIS + COMPL
"""
ECSI = MEASURED + PATHS
FORMED = (
    ECSI.replace("IMAGE =~", "IMAGE <~").replace("QUALITY =~", "QUALITY <~").replace("SATIS =~", "SATIS <~")
)
SINGLE = """IMAGE =~ IMAG1 + IMAG2 + IMAG3 + IMAG4 + IMAG5
EXPECT =~ CUEX1
VALUE =~ PERV1 + PERV2
SATIS =~ CUSA1
REPEAT =~ CUSL1
VALUE ~ IMAGE + EXPECT
SATIS ~ IMAGE + EXPECT + VALUE
REPEAT ~ SATIS
"""
FACTORS = """TRUST =~ t1 + t2 + t3
QUALITY =~ q1 + q2 + q3 + q4
SATIS =~ s1 + s2 + s3
LOYAL =~ l1 + l2 + l3 + l4
SATIS ~ TRUST + QUALITY
LOYAL ~ TRUST + SATIS
"""
COMPOSED = (
    FACTORS.replace("TRUST =~", "TRUST <~").replace("QUALITY =~", "QUALITY <~") + "AGE =~ age\nLOYAL ~ AGE\n"
)
REVERSED = FACTORS.replace("s1 + s2 + s3", "s1r + s2 + s3").replace(
    "l1 + l2 + l3 + l4", "l1r + l2r + l3r + l4"
)
PARTS = """ECON =~ e1 + e2 + e3
SOCIAL =~ c1 + c2 + c3
RELATION =~ r1 + r2 + r3
"""
SECOND = (
    PARTS
    + """BENEFIT <~ ECON + SOCIAL + RELATION
QUALITY =~ q1 + q2 + q3 + q4
SATIS =~ s1 + s2 + s3
LOYAL =~ l1 + l2 + l3
BENEFIT ~ QUALITY
SATIS ~ BENEFIT + QUALITY
LOYAL ~ SATIS + BENEFIT
"""
)
EXOGENOUS_SECOND = SECOND.replace("BENEFIT ~ QUALITY\n", "")
MODERATED = """QUALITY =~ q1 + q2 + q3 + q4
RELATION =~ r1 + r2 + r3
SATIS =~ s1 + s2 + s3
LOYAL =~ l1 + l2 + l3
SATIS ~ QUALITY + RELATION + QUALITY:RELATION
LOYAL ~ SATIS + RELATION + SATIS:RELATION
"""
QUADRATIC = """QUALITY =~ q1 + q2 + q3 + q4
RELATION =~ r1 + r2 + r3
SATIS =~ s1 + s2 + s3
LOYAL =~ l1 + l2 + l3
SATIS ~ QUALITY + RELATION + QUALITY:QUALITY
LOYAL ~ SATIS + RELATION
"""
GROUPED = """QUALITY =~ q1 + q2 + q3 + q4
RELATION =~ r1 + r2 + r3
SATIS =~ s1 + s2 + s3
LOYAL =~ l1 + l2 + l3
SATIS ~ QUALITY + RELATION
LOYAL ~ SATIS + RELATION
"""

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "ecsi_path": (ECSI, {"data": "mobi"}),
    "ecsi_factorial": (ECSI, {"data": "mobi", "scheme": "factorial"}),
    "ecsi_centroid": (ECSI, {"data": "mobi", "scheme": "centroid"}),
    "ecsi_mixed_modes": (FORMED, {"data": "mobi"}),
    "ecsi_mixed_modes_factorial": (FORMED, {"data": "mobi", "scheme": "factorial"}),
    "ecsi_image_mode_b": (ECSI, {"data": "mobi", "mode": {"IMAGE": "B"}}),
    "single_items": (SINGLE, {"data": "mobi"}),
    "ecsi_consistent": (ECSI, {"data": "mobi", "consistent": True}),
    "factors_consistent": (FACTORS, {"data": "factors.csv", "consistent": True}),
    "factors_consistent_factorial": (
        FACTORS,
        {"data": "factors.csv", "consistent": True, "scheme": "factorial"},
    ),
    "factors_mixed_consistent": (
        COMPOSED,
        {"data": "factors.csv", "consistent": True, "mode": {"TRUST": "A", "QUALITY": "B"}},
    ),
    "factors_composites": (FACTORS, {"data": "factors.csv"}),
    "reversed_items": (REVERSED, {"data": "factors.csv"}),
    "ecsi_missing_mean": (ECSI, {"data": "mobi", "holes": "holes.csv", "missing": "mean"}),
    "ecsi_missing_listwise": (ECSI, {"data": "mobi", "holes": "holes.csv", "missing": "listwise"}),
    "second_order_repeated": (
        SECOND,
        {"task": "second_order", "approach": "repeated", "mode": {"BENEFIT": "A"}},
    ),
    "second_order_embedded": (
        SECOND,
        {"task": "second_order", "approach": "embedded", "mode": {"BENEFIT": "A"}},
    ),
    "second_order_disjoint": (
        SECOND,
        {"task": "second_order", "approach": "disjoint", "mode": {"BENEFIT": "A"}},
    ),
    "second_order_disjoint_b": (SECOND, {"task": "second_order", "approach": "disjoint"}),
    "second_order_reflective": (
        EXOGENOUS_SECOND.replace("BENEFIT <~", "BENEFIT =~"),
        {"task": "second_order", "approach": "repeated"},
    ),
    "second_order_exogenous_b": (EXOGENOUS_SECOND, {"task": "second_order", "approach": "repeated"}),
    "second_order_exogenous_embedded": (EXOGENOUS_SECOND, {"task": "second_order", "approach": "embedded"}),
    "second_order_exogenous_disjoint": (EXOGENOUS_SECOND, {"task": "second_order", "approach": "disjoint"}),
    "interaction": (MODERATED, {"task": "interaction"}),
    "quadratic": (QUADRATIC, {"task": "interaction"}),
    "prediction": (ECSI, {"task": "prediction", "data": "mobi", "folds": "folds_ecsi.csv"}),
    "prediction_mode_b": (FORMED, {"task": "prediction", "data": "mobi", "folds": "folds_ecsi.csv"}),
    "importance": (ECSI, {"task": "importance", "data": "mobi", "scale": [1, 10], "target": "SATIS"}),
    "importance_loyalty": (
        ECSI.replace("CUSL1 + CUSL2 + CUSL3", "CUSL1 + CUSL3"),
        {"task": "importance", "data": "mobi", "scale": [1, 10], "target": "LOYAL"},
    ),
    "fit_composites": (ECSI, {"task": "fit", "data": "mobi", "resamples": "resamples_ecsi.csv"}),
    "fit_factors": (
        FACTORS,
        {"task": "fit", "data": "factors.csv", "consistent": True, "resamples": "resamples_factors.csv"},
    ),
    "fit_mixed": (
        COMPOSED,
        {
            "task": "fit",
            "data": "factors.csv",
            "consistent": True,
            "mode": {"TRUST": "A", "QUALITY": "B"},
            "resamples": "resamples_factors.csv",
        },
    ),
    "groups": (
        GROUPED,
        {
            "task": "groups",
            "group": "group",
            "permutations": "permutations.csv",
            "resamples": ["resamples_a.csv", "resamples_b.csv"],
        },
    ),
    "bootstrap": (ECSI, {"task": "bootstrap", "data": "mobi", "resamples": "resamples_ecsi.csv"}),
    "bootstrap_consistent": (
        FACTORS,
        {
            "task": "bootstrap",
            "data": "factors.csv",
            "consistent": True,
            "resamples": "resamples_factors.csv",
        },
    ),
}
DEFAULTS = {"task": "estimate", "data": "services.csv", "scheme": "path", "mode": {}, "consistent": False}


def items(
    rng: np.random.Generator, score: np.ndarray, stem: str, loadings: list[float]
) -> dict[str, np.ndarray]:
    made = {}
    for j, loading in enumerate(loadings, 1):
        noise = np.sqrt(max(1 - loading**2, 0.1)) * rng.standard_normal(len(score))
        made[f"{stem}{j}"] = np.round(5 + 1.5 * (loading * score + noise), 2)
    return made


def services() -> pd.DataFrame:
    """Service quality, three families of benefits, satisfaction, loyalty; two groups of 120 and 100."""
    rng = np.random.default_rng(SEED)
    n = 220
    group = np.repeat(["a", "b"], [120, 100])
    quality = rng.standard_normal(n)
    parts = {stem: 0.4 * quality + 0.9 * rng.standard_normal(n) for stem in "ecr"}
    slope = np.where(group == "a", 0.5, 0.2)
    satisfaction = (
        slope * quality + 0.25 * sum(parts.values()) + 0.25 * quality * parts["r"] - 0.1 * quality**2
    )
    satisfaction += 0.6 * rng.standard_normal(n)
    loyalty = (
        0.5 * satisfaction
        + 0.3 * parts["r"]
        + 0.15 * satisfaction * parts["r"]
        + 0.6 * rng.standard_normal(n)
    )
    table = items(rng, quality, "q", [0.85, 0.8, 0.75, 0.6])
    for stem, score in parts.items():
        table |= items(rng, score, stem, [0.85, 0.75, 0.7])
    table |= items(rng, satisfaction, "s", [0.9, 0.8, 0.75])
    table |= items(rng, loyalty, "l", [0.85, 0.8, 0.65])
    return pd.DataFrame({"group": group, **table})


def factors() -> pd.DataFrame:
    """Four common factors; the columns ending in r hold the same answers turned round."""
    rng = np.random.default_rng(SEED + 1)
    n = 200
    trust, quality = rng.multivariate_normal([0, 0], [[1, 0.4], [0.4, 1]], n).T
    satisfaction = 0.3 * trust + 0.5 * quality + 0.7 * rng.standard_normal(n)
    age = rng.standard_normal(n)
    loyalty = 0.25 * trust + 0.5 * satisfaction + 0.2 * age + 0.7 * rng.standard_normal(n)
    table = items(rng, trust, "t", [0.85, 0.75, 0.65]) | items(rng, quality, "q", [0.85, 0.8, 0.7, 0.6])
    table |= items(rng, satisfaction, "s", [0.85, 0.8, 0.7]) | items(
        rng, loyalty, "l", [0.8, 0.75, 0.7, 0.65]
    )
    table |= {f"{name}r": np.round(10 - table[name], 2) for name in ("s1", "l1", "l2", "l3")}
    table["age"] = np.round(40 + 10 * age)
    return pd.DataFrame(table)


def write(name: str, table: pd.DataFrame) -> None:
    table.to_csv(HERE / "data" / name, index=False, lineterminator="\n")


def resamples(rng: np.random.Generator, rows: int, draws: int) -> pd.DataFrame:
    """One line a draw: positions, from 0, of the rows drawn."""
    return pd.DataFrame(rng.integers(0, rows, (draws, rows)))


def main() -> None:
    (HERE / "data").mkdir(exist_ok=True)
    survey = services()
    write("services.csv", survey)
    write("factors.csv", factors())
    rng = np.random.default_rng(SEED + 2)
    folds = np.repeat(np.arange(10), 25)
    write("folds_ecsi.csv", pd.DataFrame({"fold": rng.permutation(folds)}))
    holes = pd.DataFrame({"row": rng.integers(0, 250, 220), "item": rng.choice(MEASURED_ITEMS, 220)})
    write("holes.csv", holes.drop_duplicates().sort_values(["row", "item"]))
    first = (survey["group"] == "a").to_numpy()
    write("permutations.csv", pd.DataFrame([rng.permutation(first).astype(int) for _ in range(50)]))
    write("resamples_ecsi.csv", resamples(rng, 250, 20))
    write("resamples_factors.csv", resamples(rng, 200, 20))
    write("resamples_a.csv", resamples(rng, int(first.sum()), 40))
    write("resamples_b.csv", resamples(rng, int((~first).sum()), 40))
    for name, (model, settings) in CASES.items():
        folder = HERE / name
        folder.mkdir(exist_ok=True)
        (folder / "model.txt").write_text(model, encoding="utf-8")
        text = json.dumps(DEFAULTS | settings, indent=2)
        (folder / "settings.json").write_text(text + "\n", encoding="utf-8")


MEASURED_ITEMS = [item.strip() for line in MEASURED.splitlines() for item in line.split("=~")[1].split("+")]

if __name__ == "__main__":
    main()
