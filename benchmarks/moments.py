"""Time and memory of the moments of a million rows: parquet and CSV, in a process of their own.

`python benchmarks/moments.py` writes the files into a temporary folder first (--rows, --columns).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

TARGET_MEBIBYTES = 400.0
MEASURED = """
import resource, sys, time
start = time.perf_counter()
from servicefx.moments.moments import Moments
names = [f"x{at}" for at in range(1, int(sys.argv[3]) + 1)]
imported = time.perf_counter()
moments = getattr(Moments, sys.argv[1])(sys.argv[2], names)
done = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
print(moments.n_obs, imported - start, done - imported, peak)
"""


def write_files(folder: Path, rows: int, columns: int, *, row_group: int) -> None:
    """Files of normal values with one common factor; parquet with the row groups given, and a CSV copy."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    rng = np.random.default_rng(1)
    names = [f"x{at}" for at in range(1, columns + 1)]
    files = {kind: folder / f"rows.{kind}" for kind in ("parquet", "csv")}
    schema = pa.schema([(name, pa.float64()) for name in names])
    with pq.ParquetWriter(files["parquet"], schema) as parquet, pc.CSVWriter(files["csv"], schema) as text:
        for start in range(0, rows, row_group):
            n = min(row_group, rows - start)
            values = rng.normal(size=(n, 1)) + rng.normal(size=(n, columns))
            table = pa.table([values[:, at] for at in range(columns)], schema=schema)
            parquet.write_table(table, row_group_size=row_group)
            text.write_table(table)


def main() -> int:
    """Print one line a file; 1 where the memory target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=33)
    parser.add_argument("--row-group", type=int, default=1_000_000)
    parser.add_argument("--write", type=Path, help="only write the files, into this folder")
    asked = parser.parse_args()
    if asked.write is not None:
        write_files(asked.write, asked.rows, asked.columns, row_group=asked.row_group)
        return 0
    one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    worst = 0.0
    print(f"{'file':8} {'rows':>10} {'imports s':>10} {'moments s':>10} {'peak MiB':>9}")
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own: a child's peak counts what its parent held when it was started.
        subprocess.run([sys.executable, __file__, *sys.argv[1:], "--write", folder], check=True)
        for kind in ("parquet", "csv"):
            path = str(Path(folder) / f"rows.{kind}")
            command = [sys.executable, "-c", MEASURED, f"from_{kind}", path, str(asked.columns)]
            out = subprocess.run(command, env=one_thread, capture_output=True, text=True, check=True)
            rows, imports, seconds, peak = (float(cell) for cell in out.stdout.split())
            worst = max(worst, peak)
            print(f"{kind:8} {rows:10.0f} {imports:10.2f} {seconds:10.2f} {peak:9.0f}")
    print(f"target: at most {TARGET_MEBIBYTES:.0f} MiB")
    return int(worst > TARGET_MEBIBYTES)


if __name__ == "__main__":
    sys.exit(main())
