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
ASKED_TWICE = ("servqual",)
"""Templates that ask each statement as expected and as met."""
N_OUTLETS = 20
MET, WISHED, DRIVES, WEIGHS = range(4)
TRUTH = {
    "tangibles": (5.1, 5.5, 0.10, 11),
    "reliability": (4.7, 6.2, 0.40, 32),
    "responsiveness": (4.7, 6.0, 0.25, 23),
    "assurance": (5.1, 6.0, 0.20, 19),
    "empathy": (4.8, 5.7, 0.15, 15),
    "problem_solving": (4.8, 6.0, 0.25, 16),
    "relationship_care": (4.4, 5.5, 0.10, 6),
    "promise_keeping": (4.9, 6.0, 0.15, 11),
    "service_information": (5.1, 5.5, 0.10, 7),
    "staff_quality": (5.2, 5.8, 0.12, 10),
    "process": (4.7, 5.8, 0.10, 10),
    "technical_support": (4.9, 6.0, 0.15, 13),
    "information_system": (4.7, 5.5, 0.0, 5),
    "channel_access": (5.1, 5.6, 0.05, 8),
    "complaint_handling": (4.5, 5.9, 0.20, 14),
}
"""Dimension -> mean met, mean expected, points of satisfaction for a point of it, points of importance."""
_ABOUT = ("customer", "outlet", "channel", "region", "seconds")

AGREE = (
    "1 = strongly disagree · 4 = neither · 7 = strongly agree · 99 = do not know, or does not apply",
    "1＝非常不同意 · 4＝中立 · 7＝非常同意 · 99＝不清楚或不适用",
)
NOTES_EN = """\
Every question is a column of `survey.csv`; its name stands beside the question and is not for the respondent.
One row a person: write the number that was ticked, nothing where there is no answer.
Show nobody the headings that name a dimension, and keep the order of the questions.
The questions under "About yourself" and "At the end" measure nothing of the service: they help to judge how \
the answers were given. Ask them all the same.
`customer` is a running number. Write no names, telephone numbers or addresses into the file.
Try the questionnaire on ten people first, and change a statement in both languages or in none."""
NOTES_ZH = """\
每道题对应 `survey.csv` 的一列；题旁的列名供录入使用，不必给受访者看。
每位受访者一行：填写所选数字，未作答则留空。
不要向受访者显示维度名称，题目顺序保持不变。
“关于您自己”和“最后”两部分与服务本身无关，用于检验作答质量，请照样提问。
`customer` 是流水编号。请勿在数据文件中写入姓名、电话或地址。
正式调查前请先找十人试答；修改题目时，中英文须同时修改。"""
PRIVACY = (
    "Taking part is voluntary. Your answers are counted together with those of others and are not passed on "
    "with your name. It takes about ten minutes.",
    "本调查自愿参加。您的回答只与其他人的回答合并统计，不会连同您的姓名提供给任何人。填写约需十分钟。",
)


def columns_of(block: dict[str, Any], ending: str = "") -> list[str]:
    """Columns of a block of questions: prefix and number; the prefix alone for a single one."""
    count = len(block["items"])
    return [f"{block['prefix']}{k}{ending}" for k in range(1, count + 1)] if count > 1 else [block["prefix"]]


def questionnaire(wording: dict[str, Any], gap: bool) -> str:
    """The questionnaire as Markdown: each question in English and Chinese, with its column in survey.csv.

    Parameters
    ----------
    wording : dict
        A file of ``data/questionnaires``.
    gap : bool
        Whether each statement is asked twice, as expected (A) and as met (B).
    """
    lines = [f"# {wording['title']['en']} · {wording['title']['zh']}", ""]
    lines += ["## For those who ask · 调查者须知", ""]
    lines += [f"- {line}" for line in (*NOTES_EN.splitlines(), *NOTES_ZH.splitlines())]
    lines += ["", "## For those who answer · 填写说明", ""]
    lines += [wording["intro"]["en"], "", AGREE[0], "", PRIVACY[0], ""]
    lines += [wording["intro"]["zh"], "", AGREE[1], "", PRIVACY[1], ""]
    for block in wording["dimensions"].values():
        endings = (("_e", "A"), ("", "B")) if gap else (("", ""),)
        columns = [columns_of(block, ending) for ending, _ in endings]
        lines += _table(block, columns, [name for _, name in endings])
    lines += _importance(wording["dimensions"])
    for group in ("outcomes", "benefits"):
        for block in wording.get(group, {}).values():
            lines += _table(block, [columns_of(block)], [""], scaled=True)
    marker = {**wording["marker"], "prefix": "marker"}
    lines += _table(marker, [columns_of(marker)], [""], scaled=True)
    lines += ["## At the end · 最后", "", *_scale({}), "| Column · 列 | English | 中文 |", "|---|---|---|"]
    for block in wording["outcomes"].values():
        if "again" in block:
            again = block["again"]
            lines.append(f"| `{block['prefix']}{again['item']}_again` | {again['en']} | {again['zh']} |")
    lines += [
        "",
        "## Not asked but recorded · 由访员或系统记录",
        "",
        "`customer` (running number · 流水编号), `outlet` (where the person was served · 服务网点), "
        "`channel` (渠道), `region` (地区), `seconds` (time taken to answer · 作答用时，秒).",
        "",
    ]
    return "\n".join(lines)


def _importance(dimensions: dict[str, Any]) -> list[str]:
    lines = [
        "## Importance · 重要程度",
        "",
        "Share 100 points among these sides of the service: the more one matters to you, the more points. "
        "A side may get 0; together they make 100.",
        "",
        "请把100分分配给以下各方面：您认为越重要，分数越高。可以给0分，合计应为100分。",
        "",
        "| Column · 列 | English | 中文 |",
        "|---|---|---|",
    ]
    for block in dimensions.values():
        said = block["importance"]
        lines.append(f"| `points_{block['prefix']}` | {said['en']} | {said['zh']} |")
    return [*lines, "", "Together · 合计: 100", ""]


def _scale(block: dict[str, Any]) -> list[str]:
    """Anchors of the answers: agreement, unless the block has its own."""
    own = block.get("scale")
    return [f"{own['en']} · {own['zh']}" if own else " · ".join(AGREE), ""]


def _table(
    block: dict[str, Any], columns: list[list[str]], names: list[str], scaled: bool = False
) -> list[str]:
    heads = [f"Column {name} · {name}栏" if name else "Column · 列" for name in names]
    lines = [f"## {block['label']['en']} · {block['label']['zh']}", "", *(_scale(block) if scaled else [])]
    lines += [f"| {' | '.join(heads)} | English | 中文 |", f"|{'---|' * (len(names) + 2)}"]
    for place, item in enumerate(block["items"]):
        cells = " | ".join(f"`{column[place]}`" for column in columns)
        lines.append(f"| {cells} | {item['en']} | {item['zh']} |")
    return [*lines, ""]


def survey(wording: dict[str, Any], gap: bool) -> pd.DataFrame:
    """Answers of simulated customers: dimensions share a general impression, outcomes follow from them."""
    rng = np.random.default_rng(wording["seed"])
    n, dimensions = wording["n"], wording["dimensions"]
    outlet = np.sort(rng.choice(N_OUTLETS, n, p=np.linspace(2, 1, N_OUTLETS) / (1.5 * N_OUTLETS)))
    online = rng.random(n) < 0.45
    impression = rng.normal(0, 0.3, N_OUTLETS)[outlet] + np.where(online, -0.2, 0.2) + rng.normal(0, 0.5, n)
    manner = rng.normal(0, 0.3, n)  # how readily one agrees to anything
    own = {name: impression + rng.normal(0, 0.75, n) for name in dimensions}
    frame = pd.DataFrame(
        {
            "customer": [f"C{k:03d}" for k in range(1, n + 1)],
            "outlet": [f"O{k:02d}" for k in outlet + 1],
            "channel": np.where(online, "online", "store"),
            "region": np.array(["north", "south", "west"])[outlet % 3],
            "seconds": np.rint(np.exp(rng.normal(5.9, 0.3, n))).astype(int),
        }
    )
    for name, block in dimensions.items():
        frame[columns_of(block)] = answers(rng, TRUTH[name][MET] + own[name] + manner, len(block["items"]))
    if gap:
        wish = rng.normal(0, 0.4, n)
        for name, block in dimensions.items():
            level = TRUTH[name][WISHED] + wish + manner + rng.normal(0, 0.4, n)
            frame[columns_of(block, "_e")] = answers(rng, level, len(block["items"]), 0.6)
    points = shared_points(rng, np.array([TRUTH[name][WEIGHS] for name in dimensions]), n)
    frame[[f"points_{block['prefix']}" for block in dimensions.values()]] = points
    satisfied = sum(TRUTH[name][DRIVES] * own[name] for name in dimensions) + rng.normal(0, 0.6, n)
    loyal = 0.6 * satisfied + rng.normal(0, 0.75, n)
    level = {"satisfaction": 4.9 + satisfied, "loyalty": 4.7 + loyal}
    for name, block in wording["outcomes"].items():
        if name == "word_of_mouth":
            told = 7.6 + 1.2 * satisfied + 0.4 * loyal + rng.normal(0, 1.2, n)
            frame[block["prefix"]] = np.clip(np.rint(told), 0, 10)
        else:
            frame[columns_of(block)] = answers(rng, level[name] + manner, len(block["items"]))
    families = [name for name, block in wording.get("benefits", {}).items() if len(block["items"]) > 1]
    whole = np.zeros(n)
    for name, weight in zip(families, (0.45, 0.2, 0.35), strict=False):
        family = 4.7 + 0.6 * satisfied + rng.normal(0, 0.7, n)
        block = wording["benefits"][name]
        frame[columns_of(block)] = answers(rng, family + manner, len(block["items"]), 0.9)
        whole += weight * family
    if families:
        frame["benefit"] = answers(rng, whole + manner, 1, 0.5)[:, 0]
    frame[["marker1", "marker2", "marker3"]] = answers(rng, rng.normal(4.4, 1.1, n) + manner, 3)
    for block in wording["outcomes"].values():
        if "again" in block:
            item = f"{block['prefix']}{block['again']['item']}"
            frame[f"{item}_again"] = np.clip(frame[item] + rng.choice([-1, 0, 0, 0, 0, 1], n), 1, 7)
    return with_gaps(rng, careless(rng, frame))


def answers(rng: np.random.Generator, level: np.ndarray, count: int, noise: float = 0.75) -> np.ndarray:
    """Answers 1 to 7 to questions that differ a little in difficulty and in how much they show."""
    difficulty = np.linspace(0.2, -0.2, count) if count > 1 else np.zeros(1)
    shows = rng.permutation(np.linspace(1.2, 0.8, count)) if count > 1 else np.ones(1)
    drawn = level.mean() + np.outer(level - level.mean(), shows) + difficulty
    drawn += rng.normal(0, noise, drawn.shape)
    return np.clip(np.rint(drawn), 1, 7)


def shared_points(rng: np.random.Generator, means: np.ndarray, n: int) -> np.ndarray:
    """100 points shared in fives; one person in twenty gets the sum wrong."""
    count = len(means)
    shares = rng.dirichlet(20 * means / means.sum(), n)
    points = 5 * np.floor(20 * shares + 0.5)
    largest = points.argmax(axis=1)
    points[np.arange(n), largest] += 100 - points.sum(axis=1)
    wrong = rng.random(n) < 1 / 20
    points[wrong, rng.integers(0, count, n)[wrong]] += 10
    return points


def careless(rng: np.random.Generator, frame: pd.DataFrame) -> pd.DataFrame:
    """Eight customers who mark one answer throughout and are done in no time, four who tick at random."""
    asked = [name for name in frame.columns if name not in _ABOUT and not name.startswith("points_")]
    on_seven = [name for name in asked if name != "nps"]
    rows = rng.choice(len(frame), 12, replace=False)
    for row in rows[:8]:
        frame.loc[row, on_seven] = float(rng.integers(4, 7))
        frame.loc[row, "seconds"] = int(rng.integers(35, 70))
    for row in rows[8:]:
        frame.loc[row, on_seven] = rng.integers(1, 8, len(on_seven)).astype(float)
    return frame


def with_gaps(rng: np.random.Generator, frame: pd.DataFrame) -> pd.DataFrame:
    """One answer in 250 left blank, and a few 99 for 'do not know'."""
    for name in frame.columns:
        if name not in _ABOUT and not name.startswith("points_"):
            blank = rng.random(len(frame)) < 1 / 250
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
        survey(wording, name in ASKED_TWICE).to_csv(text, index=False, lineterminator="\n")
        contents[TEMPLATES / name / "questionnaire.md"] = questionnaire(wording, name in ASKED_TWICE).encode()
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
