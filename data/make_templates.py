"""Writes the questionnaires and simulated surveys of the templates of `servicefx new`.

The wording stands in ``data/questionnaires``; the answers are drawn here with a fixed seed. Without
``--write`` the files are compared instead. They show the form of a survey and say nothing about any firm.
"""

from __future__ import annotations

import argparse
import io
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
WORDING = ROOT / "data" / "questionnaires"
TEMPLATES = ROOT / "src" / "servicefx" / "study" / "templates"
NAMES = ("servqual", "after_sales")
N_OUTLETS = 30


def columns_of(block: dict[str, Any], ending: str = "") -> list[str]:
    """Columns of a block of questions: prefix and number; the prefix alone for a single one."""
    count = len(block["items"])
    return [f"{block['prefix']}{k}{ending}" for k in range(1, count + 1)] if count > 1 else [block["prefix"]]


def questionnaire(wording: dict[str, Any]) -> str:
    """The questionnaire as Markdown: each question in English and Chinese, with its column in survey.csv."""
    gap = _has_expectation(wording)
    lines = [f"# {wording['title']['en']} · {wording['title']['zh']}", ""]
    lines += [wording["intro"]["en"], "", wording["intro"]["zh"], ""]
    for block in wording["dimensions"].values():
        endings = (("_e", "A"), ("", "B")) if gap else (("", ""),)
        lines += _table(
            block, [columns_of(block, ending) for ending, _ in endings], [name for _, name in endings]
        )
    lines += ["## Importance · 重要程度", ""]
    lines += [
        "Share 100 points among these sides of the service: the more one matters to you, the more points.",
        "",
        "请把100分分给以下各方面：您认为越重要，分数越高。",
        "",
        "| Column · 列 | English | 中文 |",
        "|---|---|---|",
    ]
    for block in wording["dimensions"].values():
        lines.append(
            f"| `points_{block['prefix']}` | {block['importance']['en']} | {block['importance']['zh']} |"
        )
    lines.append("")
    for group in ("outcomes", "benefits"):
        for block in wording.get(group, {}).values():
            lines += _table(block, [columns_of(block)], [""])
    marker = {**wording["marker"], "prefix": "marker"}
    lines += _table(marker, [columns_of(marker)], [""])
    repeated = [block for block in wording["outcomes"].values() if "again" in block]
    lines += ["## At the end · 最后", "", "| Column · 列 | English | 中文 |", "|---|---|---|"]
    for block in repeated:
        again = block["again"]
        lines.append(f"| `{block['prefix']}{again['item']}_again` | {again['en']} | {again['zh']} |")
    lines += [
        "",
        "Recorded by the interviewer or the system · 由访员或系统记录: `customer`, `outlet`, `channel`, "
        "`region`, `seconds` (time taken to answer · 作答用时).",
        "",
    ]
    return "\n".join(lines)


def _table(block: dict[str, Any], columns: list[list[str]], names: list[str]) -> list[str]:
    heads = [f"Column {name} · {name}栏" if name else "Column · 列" for name in names]
    lines = [f"## {block['label']['en']} · {block['label']['zh']}", ""]
    lines += [f"| {' | '.join(heads)} | English | 中文 |", f"|{'---|' * (len(names) + 2)}"]
    for place, item in enumerate(block["items"]):
        cells = " | ".join(f"`{column[place]}`" for column in columns)
        lines.append(f"| {cells} | {item['en']} | {item['zh']} |")
    return [*lines, ""]


def _has_expectation(wording: dict[str, Any]) -> bool:
    return "column A" in wording["intro"]["en"]


def survey(wording: dict[str, Any]) -> pd.DataFrame:
    """Answers of simulated customers: dimensions share a general impression, outcomes follow from them."""
    rng = np.random.default_rng(wording["seed"])
    n, dimensions = wording["n"], wording["dimensions"]
    outlet = np.arange(n) % N_OUTLETS
    channel = rng.integers(0, 3, n)
    impression = (
        rng.normal(0, 0.35, N_OUTLETS)[outlet] + np.array([0.25, 0.0, -0.25])[channel] + rng.normal(0, 0.6, n)
    )
    felt = {name: impression + rng.normal(0, 0.75, n) for name in dimensions}
    frame = pd.DataFrame(
        {
            "customer": [f"C{k:03d}" for k in range(1, n + 1)],
            "outlet": [f"O{k:02d}" for k in outlet + 1],
            "channel": np.array(["store", "phone", "online"])[channel],
            "region": np.array(["north", "south", "west"])[outlet % 3],
            "seconds": np.rint(np.exp(rng.normal(5.9, 0.3, n))).astype(int),
        }
    )
    for name, block in dimensions.items():
        frame[columns_of(block)] = answers(rng, 4.8 + felt[name], len(block["items"]))
    if _has_expectation(wording):
        wish = rng.normal(0, 0.4, n)
        for block in dimensions.values():
            felt_wish = 5.9 + wish + rng.normal(0, 0.4, n)
            frame[columns_of(block, "_e")] = answers(rng, felt_wish, len(block["items"]), 0.6)
    points = shared_points(rng, len(dimensions), n)
    frame[[f"points_{block['prefix']}" for block in dimensions.values()]] = points
    effects = np.linspace(1.4, 0.6, len(dimensions))
    drivers = sum(effect * felt[name] for effect, name in zip(effects, dimensions, strict=True))
    satisfied = drivers / effects.sum() + rng.normal(0, 0.5, n)
    loyal = 0.8 * satisfied + rng.normal(0, 0.6, n)
    level = {
        "satisfaction": 4.8 + 1.2 * satisfied,
        "loyalty": 4.5 + loyal,
        "word_of_mouth": satisfied + 0.3 * loyal,
    }
    for name, block in wording["outcomes"].items():
        if name == "word_of_mouth":
            told = 6.5 + 1.6 * level[name] + rng.normal(0, 1.2, n)
            frame[block["prefix"]] = np.clip(np.rint(told), 0, 10)
        else:
            frame[columns_of(block)] = answers(rng, level[name], len(block["items"]), 0.6)
    families = {name: 4.6 + 0.8 * satisfied + rng.normal(0, 0.7, n) for name in wording.get("benefits", {})}
    for name, block in wording.get("benefits", {}).items():
        if len(block["items"]) > 1:
            frame[columns_of(block)] = answers(rng, families[name], len(block["items"]), 0.9)
    if families:
        whole = np.mean([families[name] for name in families if name != "after_sales_benefit"], axis=0)
        frame["benefit"] = answers(rng, whole, 1, 0.5)[:, 0]
    frame[["marker1", "marker2"]] = answers(rng, rng.normal(4.4, 1.1, n), 2, 0.7)
    for block in wording["outcomes"].values():
        if "again" in block:
            item = f"{block['prefix']}{block['again']['item']}"
            frame[f"{item}_again"] = np.clip(frame[item] + rng.choice([-1, 0, 0, 0, 0, 1], n), 1, 7)
    return with_gaps(rng, careless(rng, frame))


def answers(rng: np.random.Generator, level: np.ndarray, count: int, noise: float = 0.8) -> np.ndarray:
    """Answers 1 to 7 to questions that differ a little in difficulty."""
    difficulty = np.linspace(0.2, -0.2, count) if count > 1 else np.zeros(1)
    drawn = level[:, None] + difficulty + rng.normal(0, noise, (len(level), count))
    return np.clip(np.rint(drawn), 1, 7)


def shared_points(rng: np.random.Generator, count: int, n: int) -> np.ndarray:
    """100 points shared in fives; one person in twelve gets the sum wrong."""
    shares = rng.dirichlet(np.linspace(6, 3, count), n)
    points = 5 * np.floor(20 * shares)
    points[np.arange(n), rng.integers(0, count, n)] += 100 - points.sum(axis=1)
    wrong = rng.random(n) < 1 / 12
    points[wrong, 0] += 10
    return points


def careless(rng: np.random.Generator, frame: pd.DataFrame) -> pd.DataFrame:
    """Five customers who mark one answer throughout and are done in no time."""
    asked = [name for name in frame.columns if name not in _ABOUT and not name.startswith("points_")]
    for row in rng.choice(len(frame), 5, replace=False):
        frame.loc[row, [name for name in asked if name != "nps"]] = float(rng.integers(4, 7))
        frame.loc[row, "seconds"] = int(rng.integers(35, 70))
    return frame


_ABOUT = ("customer", "outlet", "channel", "region", "seconds")


def with_gaps(rng: np.random.Generator, frame: pd.DataFrame) -> pd.DataFrame:
    """Two answers in a hundred left blank, and a few 99 for 'do not know'."""
    for name in frame.columns:
        if name not in _ABOUT and not name.startswith("points_"):
            blank = rng.random(len(frame)) < 0.02
            frame[name] = frame[name].astype("Int64").mask(blank)
            frame.loc[rng.random(len(frame)) < 0.002, name] = 99
        elif name.startswith("points_"):
            frame[name] = frame[name].astype("Int64")
    return frame


def made() -> dict[Path, bytes]:
    """Every file this script answers for, with its content."""
    contents = {}
    for name in NAMES:
        wording = tomllib.loads((WORDING / f"{name}.toml").read_text(encoding="utf-8"))
        text = io.StringIO()
        survey(wording).to_csv(text, index=False, lineterminator="\n")
        contents[TEMPLATES / name / "questionnaire.md"] = questionnaire(wording).encode()
        contents[TEMPLATES / name / "survey.csv"] = text.getvalue().encode()
    return contents


def main() -> int:
    """Write or compare; 1 where a file differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the files instead of comparing them")
    write = parser.parse_args().write
    differ = 0
    for path, content in made().items():
        same = path.is_file() and path.read_bytes() == content
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        differ += not same and not write
        print(f"{path.relative_to(ROOT)}: {'written' if write else 'as made' if same else 'differs'}")
    return int(bool(differ))


if __name__ == "__main__":
    sys.exit(main())
