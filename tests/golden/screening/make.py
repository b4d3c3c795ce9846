"""Longest runs by careless-py: python make.py, in this folder, with careless-py 1.1.0 and numpy alone.

Writes expected_runs.csv from survey.csv: row (counted from 0) and run, of complete rows; answers are digits.
"""

import csv
from pathlib import Path


def main() -> None:
    from careless import longstring

    with Path("survey.csv").open() as file:
        rows = list(csv.reader(file))[1:]
    whole = [(place, "".join(row)) for place, row in enumerate(rows) if all(row)]
    found = longstring([answers for _, answers in whole])
    with Path("expected_runs.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["row", "run"])
        writer.writerows((place, run) for (place, _), (_, run) in zip(whole, found, strict=True))


if __name__ == "__main__":
    main()
