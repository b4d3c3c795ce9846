"""Minimal adjustment sets of published graphs and of the simulated study's, by pydagitty 0.1.0.

Run with a Python that has pydagitty, from this folder: python make.py
"""

import csv
import itertools
import tomllib
from pathlib import Path

from pydagitty import DAG, Edge, Node, NodeStatus

HERE = Path(__file__).parent
GRAPHS = {name.stem: name for name in sorted(HERE.glob("*.txt"))}
PAIRS = {
    "shrier_2008": [("WarmUpExercises", "Injury"), ("FitnessLevel", "Injury"), ("TeamMotivation", "Injury")],
    "schipf_2010": [("TT", "T2DM"), ("WC", "T2DM"), ("PA", "T2DM")],
    "m_bias": [("X", "Y")],
    "butterfly": [("X", "Y")],
}


def after_sales():
    study = HERE.parents[2] / "analyses" / "after_sales" / "study.toml"
    table = tomllib.loads(study.read_text(encoding="utf-8"))["graph"]
    (HERE / "after_sales.txt").write_text(
        "\n".join([*table["arrows"], *(f"latent {name}" for name in table["unmeasured"])]) + "\n",
        encoding="utf-8",
    )
    GRAPHS["after_sales"] = HERE / "after_sales.txt"
    dims = ["tangibles", "reliability", "responsiveness", "assurance", "empathy"]
    PAIRS["after_sales"] = [
        *itertools.product([*dims, "response_time", "process"], ["satisfaction"]),
        *itertools.product(dims, ["trust"]),
        ("satisfaction", "loyalty"), ("trust", "loyalty"), ("loyalty", "repurchase"),
        ("satisfaction", "repurchase"), ("satisfaction", "word_of_mouth"), ("channel", "satisfaction"),
    ]  # fmt: skip


def read(path):
    graph, latent, known = DAG(), [], set()
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.startswith("latent "):
            latent.append(Node(line.removeprefix("latent ")))
        elif " -> " in line:
            ends = [Node(end) for end in line.split(" -> ")]
            for end in ends:
                if end not in known:
                    graph.add_node(end)
                    known.add(end)
            graph.add_edge(Edge(*ends))
    graph.set_status(NodeStatus.LATENT, latent)
    return graph


def main():
    after_sales()
    rows = []
    for name, pairs in PAIRS.items():
        graph = read(GRAPHS[name])
        for cause, effect in pairs:
            for kind in ("total", "direct"):
                ends = {"exposure": Node(cause), "outcome": Node(effect)}
                found = list(graph.adjustment_sets(**ends, effect=kind))
                for one in found:
                    rows.append((name, cause, effect, kind, " ".join(sorted(n.identifier for n in one))))
                if not found:
                    rows.append((name, cause, effect, kind, "no set"))
    with (HERE / "sets.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["graph", "cause", "effect", "kind", "set"])
        writer.writerows(rows)


main()
