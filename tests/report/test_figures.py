from xml.etree import ElementTree

import pandas as pd
import pytest

from servicefx.report.figures import render_figure
from servicefx.values.table import Figure, Phrase

TITLE = Phrase(key="note.text", values={"text": "Title & <more>"})
SVG = "{http://www.w3.org/2000/svg}"


def figure(kind: str, rows: pd.DataFrame) -> Figure:
    return Figure(id="f", kind=kind, title=TITLE, rows=rows, source="t")


def drawn(kind, rows, labels):
    return ElementTree.fromstring(render_figure(figure(kind, rows), labels))


def said(root):
    return " ".join(" ".join(root.itertext()).split())


def coefficients():
    return pd.DataFrame(
        {
            "term": ["reliability", "responsiveness", "satisfaction", "reliability"],
            "series": ["a", "a", "a", "b"],
            "estimate": [0.3, -0.2, float("nan"), 0.25],
            "conf_low": [0.2, -0.3, float("nan"), 0.1],
            "conf_high": [0.4, -0.1, float("nan"), 0.4],
        }
    )


def test_every_figure_of_a_report_is_xml_and_names_everything(sections, labels):
    for section in sections:
        for one in section.figures:
            root = ElementTree.fromstring(render_figure(one, labels))
            assert root.tag == f"{SVG}svg"
            assert root.find(f"{SVG}title").text
            assert root.get("viewBox")
            for column in ("term", "construct", "item", "from", "to"):
                for name in one.rows.get(column, []):
                    assert labels(str(name)) in said(root), (one.id, name)


def test_the_same_numbers_give_the_same_bytes(sections, labels):
    for section in sections:
        for one in section.figures:
            assert render_figure(one, labels) == render_figure(one, labels)


def test_titles_and_names_are_escaped(labels):
    text = render_figure(figure("coefficients", coefficients()), labels)
    assert "<script" not in text
    assert "Title &amp; &lt;more&gt;" in text


def test_signs_xml_forbids_are_left_out(labels):
    rows = coefficients().assign(term=["a\x00b", "c\x0bd", "e\ufffff", "a\x00b"])
    assert "ab" in said(drawn("coefficients", rows, labels))


def test_no_figure_reaches_outside_itself(sections, labels):
    for section in sections:
        for one in section.figures:
            text = render_figure(one, labels)
            assert text.count("http") == 1  # the namespace
            assert "href" not in text
            assert "url(" not in text


def test_every_coefficient_has_a_dot_and_its_numbers(labels):
    root = drawn("coefficients", coefficients(), labels)
    dots = [e for e in root.iter() if e.get("class") in {"fx-s0", "fx-s1"} and not e.get("rx")]
    assert len(dots) == 3 + 2  # one has no estimate; two in the legend
    assert "−0.20 [−0.30,\xa0−0.10]" in "".join(root.itertext())


def test_coefficients_lie_left_or_right_of_zero_by_their_sign(labels):
    root = drawn("coefficients", coefficients().iloc[:2], labels)
    zero = float(root.find(f"{SVG}line[@class='fx-axis-line']").get("x1"))
    positive, negative = [float(dot.get("cx")) for dot in root.iter(f"{SVG}circle")][-2:]
    assert negative < zero < positive


def test_scales_of_different_length_have_legends_of_their_own(labels):
    rows = pd.DataFrame(
        [
            {"construct": "reliability", "item": "rel1", "answer": 1.0, "share": 0.5},
            {"construct": "reliability", "item": "rel1", "answer": 7.0, "share": 0.5},
            {"construct": "loyalty", "item": "nps", "answer": 0.0, "share": 0.25},
            {"construct": "loyalty", "item": "nps", "answer": 10.0, "share": 0.75},
        ]
    )
    root = drawn("likert", rows, labels)
    words = [element.text for element in root.iter(f"{SVG}text")]
    assert words.index("7") < words.index("可靠性") < words.index("10") < words.index("Customer loyalty")


def test_bars_fill_the_width_in_proportion(items, labels):
    root = drawn("likert", items, labels)
    bars = [e for e in root.iter(f"{SVG}rect") if e.get("height") == "20" and e.get("fill")][:3]
    widths = [float(bar.get("width")) + 0.8 for bar in bars]
    assert [width / sum(widths) for width in widths] == pytest.approx([0.1, 0.2, 0.7], abs=1e-3)


def bins(**more):
    return pd.DataFrame(
        {"bin_low": [-1.0, 0.0, 1.0], "bin_high": [0.0, 1.0, 2.0], "share": [0.25, 0.5, 0.25], **more}
    )


def test_a_distribution_marks_what_it_is_given(labels):
    text = said(drawn("distribution", bins(estimate=0.62, conf_low=-0.5, conf_high=1.7, unit="CNY"), labels))
    assert "Estimate 0.62 CNY" in text
    assert "from −0.5 to 1.7" in text


def test_a_distribution_read_off_its_bars_says_about(labels):
    assert "Median about 0.5" in said(drawn("distribution", bins(), labels))


@pytest.mark.parametrize("kind", ["coefficients", "likert", "distribution", "diagram"])
def test_a_figure_without_rows_is_drawn_empty(kind, labels):
    columns = {
        "coefficients": ["term", "estimate", "conf_low", "conf_high"],
        "likert": ["construct", "item", "answer", "share"],
        "distribution": ["bin_low", "bin_high", "share"],
        "diagram": ["from", "to", "estimate", "conf_low", "conf_high"],
    }[kind]
    assert drawn(kind, pd.DataFrame({column: [] for column in columns}), labels).tag == f"{SVG}svg"
