"""Write the truth of the simulated study anew (two minutes on two cores); prints its sha256."""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

from servicefx.study.after_sales.truth import after_sales_truth_file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("data/raw/after_sales_truth.csv"))
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    content = after_sales_truth_file(jobs=arguments.jobs)
    arguments.out.write_bytes(content)
    sys.stdout.write(f"{hashlib.sha256(content).hexdigest()}  {arguments.out}\n")


if __name__ == "__main__":
    main()
