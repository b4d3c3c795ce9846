"""Every study we ship can be handed on in Chinese: no word missing, and it verifies like any other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from servicefx.report.page import render_report
from servicefx.run import run_sections, run_study, verify_report
from servicefx.study.study import load_study
from servicefx.study.template import TEMPLATES, write_template

ROOT = Path(__file__).parents[2]
EXAMPLES = ("ecsi_mobile", "after_sales")
SYMBOLS = {"Alpha", "Omega", "HTMT", "Johnson", "Pratt", "RMSE", "RMSEA", "SRMR"}
"""Written alike in every language: measures, and the people a rule is named after."""


def in_chinese(folder: Path) -> None:
    """State Chinese as the only language of the report."""
    path = folder / "study.toml"
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"(?s)(\[report\]\n)languages = [^\n]*", r'\1languages = ["zh"]', text)
    assert text.count('languages = ["zh"]') == 1
    path.write_text(text, encoding="utf-8")


def test_a_study_run_in_chinese_is_one_page_and_verifies(tmp_path: Path) -> None:
    write_template(tmp_path / "mine")
    in_chinese(tmp_path / "mine")
    result = run_study(tmp_path / "mine", tmp_path / "out")
    assert [name for name in result.files if name.endswith(".html")] == ["report.html"]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert '<html lang="zh-Hans">' in page
    assert "我的售后服务研究" in page
    assert "客户满意度" in page
    assert verify_report(tmp_path / "out", tmp_path / "mine").holds


@pytest.mark.slow
@pytest.mark.parametrize("template", ["servqual", "after_sales"])
def test_a_template_in_two_languages_verifies_and_tells_a_changed_page(template: str, tmp_path: Path) -> None:
    write_template(tmp_path / "mine", template)
    result = run_study(tmp_path / "mine", tmp_path / "out")
    pages = [name for name in result.files if name.endswith(".html")]
    assert pages == ["report.html", "report.zh.html"]
    assert verify_report(tmp_path / "out", tmp_path / "mine").holds
    page = tmp_path / "out" / "report.zh.html"
    page.write_text(page.read_text(encoding="utf-8").replace("主要发现", "主要结论"), encoding="utf-8")
    told = verify_report(tmp_path / "out", tmp_path / "mine")
    assert [problem.where for problem in told.problems] == ["report.zh.html"]
    assert {difference.table for difference in told.differences} == {"report.zh.html"}


@pytest.mark.slow
@pytest.mark.parametrize("name", [*TEMPLATES, *EXAMPLES])
def test_no_word_is_missing_in_a_chinese_report(name: str, tmp_path: Path) -> None:
    if name in EXAMPLES:
        folder = ROOT / "analyses" / name
        if name == "ecsi_mobile" and not (ROOT / "data" / "raw" / "mobi.csv").is_file():
            pytest.skip("data/raw/mobi.csv is not there: run 'make data'")
        study = load_study(folder)
    else:
        write_template(tmp_path, name)
        study = load_study(tmp_path)
    page = render_report(study, tuple(run_sections(study)), ("zh",))["report.html"].decode()
    told = {
        tag: re.findall(rf"(?s)<{tag}\b[^>]*>(.*?)</{tag}>", page) for tag in ("h2", "caption", "figcaption")
    }
    told["finding"] = re.findall(r'<p class="finding">([^<]*)</p>', page)
    assert all(told.values())
    english = [text for texts in told.values() for text in texts if not re.search("[\u4e00-\u9fff]", text)]
    assert english == []
    heads = set(re.findall(r'<th scope="col"[^>]*>([^<]*)</th>', page))
    assert {head for head in heads if re.fullmatch(r"[A-Za-z]{4,}( [a-z]+)*", head)} <= SYMBOLS
