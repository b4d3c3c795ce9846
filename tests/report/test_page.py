import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from servicefx.report.page import labels_of, render_report
from servicefx.theory.catalogue import load_theory
from servicefx.values.table import Phrase


class Reader(HTMLParser):
    """Tags, ids, links and text of a page."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.tags, self.text = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.links += [attributes["href"]] if "href" in attributes else []
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture
def files(study, sections):
    return render_report(study, sections)


@pytest.fixture
def page(files):
    reader = Reader()
    reader.feed(files["report.html"].decode())
    assert reader.open == []
    return reader


def test_every_file_of_a_report_is_made(files):
    assert sorted(files) == [
        "figures/diagram.svg",
        "figures/drivers.svg",
        "figures/likert.svg",
        "figures/worth.svg",
        "manifest.json",
        "report.html",
        "tables/drivers.csv",
        "tables/drivers.md",
        "tables/items.csv",
        "tables/items.md",
        "tables/paths.csv",
        "tables/paths.md",
        "tables/worth.csv",
        "tables/worth.md",
    ]


def test_rendering_twice_gives_the_same_bytes(study, sections, files):
    assert render_report(study, sections) == files


def test_the_page_fetches_nothing_and_runs_nothing(files, page):
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert "@import" not in files["report.html"].decode()
    policy = [attributes["content"] for tag, attributes in page.tags if "http-equiv" in attributes]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_links_lead_to_places_of_the_page_or_files_of_the_report(files, page):
    for link in page.links:
        assert link in files or link.removeprefix("#") in page.ids
    assert len(page.ids) == len(set(page.ids))


def test_the_page_has_language_title_and_viewport(study, page):
    heads = {tag: attributes for tag, attributes in page.tags}
    assert heads["html"]["lang"] == "en"
    assert study.title() in page.text
    assert any(attributes.get("name") == "viewport" for _, attributes in page.tags)


def test_findings_stand_on_top_with_a_link_to_their_section(files):
    text = files["report.html"].decode()
    found = text[text.index('<section id="found"') : text.index('<section id="section-drivers"')]
    assert "Reliability matters." in found
    assert 'href="#section-drivers"' in found


def test_what_is_refused_is_named_on_top_and_explained_below(files):
    text = files["report.html"].decode()
    found = text[text.index('<section id="found"') : text.index('<section id="section-drivers"')]
    assert re.search(r'Not reported: <a href="#section-composite">Composite</a>', found)
    assert "model is not reported: weights &#39;w&#39; are there. Drop them." in text


def test_the_end_says_how_to_verify_and_what_it_rests_on(study, page):
    text = " ".join(page.text)
    assert "servicefx verify reports/made_up" in text
    assert study.study_sha256[:12] in text
    assert study.inputs["customers"][:12] in text
    assert "raw:客户.csv" in text


def test_a_page_without_sections_is_a_page(study):
    text = render_report(study, [])["report.html"].decode()
    assert "No section reports a finding." in text


def test_two_tables_of_one_name_are_refused(study, sections):
    again = replace(sections[0], id="again")
    with pytest.raises(ValueError, match=r"'again' makes figures/drivers\.svg.*another section has made"):
        render_report(study, [*sections, again])


def test_labels_come_from_study_and_theory_and_else_stay(study):
    labels = labels_of(study)
    assert labels("reliability") == "可靠性"
    assert labels("labour") == "Labour"
    assert labels("loyalty (lag 2)") == "Customer loyalty (2 periods earlier)"
    assert labels("no_such_thing") == "no_such_thing"


def test_claims_are_told_in_the_readers_language(study):
    claim = load_theory().claims["K1"]
    assert labels_of(study, "zh")(claim.wording_en) == claim.wording_zh
    assert labels_of(study)(claim.parts[0].measured_en) == claim.parts[0].measured_en


@pytest.fixture
def both(study, sections):
    return render_report(study, sections, ("en", "zh"))


def test_a_second_language_adds_its_page_figures_and_views(files, both):
    added = {name for name in both if name not in files}
    assert added == {"report.zh.html"} | {
        f"{path}.zh.{kind}"
        for path, kind in (
            *((f"figures/{name}", "svg") for name in ("diagram", "drivers", "likert", "worth")),
            *((f"tables/{name}", "md") for name in ("drivers", "items", "paths", "worth")),
        )
    }
    changed = {name for name in files if files[name] != both[name]}
    assert changed == {"report.html", "manifest.json"}
    manifest = json.loads(both["manifest.json"])
    assert set(manifest["outputs"]) == set(both) - {"manifest.json"}


@pytest.mark.parametrize(("name", "tag"), [("report.html", "en"), ("report.zh.html", "zh-Hans")])
def test_pages_name_their_language_and_lead_to_each_other(both, name, tag):
    reader = Reader()
    reader.feed(both[name].decode())
    assert next(attributes for kind, attributes in reader.tags if kind == "html")["lang"] == tag
    for link in reader.links:
        assert link in both or link.removeprefix("#") in reader.ids
    others = [link for link in reader.links if link.startswith("report") and link.endswith(".html")]
    assert others == list({"report.html", "report.zh.html"} - {name})


def test_the_first_language_has_the_plain_names(study, sections):
    made = render_report(study, sections, ("zh", "zh"))
    assert not [name for name in made if ".zh." in name]
    text = made["report.html"].decode()
    assert "主要发现" in text
    assert "(zh)" in text  # the study's title in Chinese
    assert "What was found" not in text
    assert "解释变量" in made["tables/drivers.md"].decode()


def test_the_study_file_states_the_languages(study, sections):
    study.spec.report.languages = ("zh", "en")
    assert {"report.html", "report.en.html"} < set(render_report(study, sections))


def test_tables_of_numbers_are_the_same_in_every_language(study, sections, files):
    made = render_report(study, sections, ("zh",))
    names = [name for name in files if name.endswith(".csv")]
    assert names
    assert all(made[name] == files[name] for name in names)


def test_a_page_says_that_it_holds_english_only_where_it_does(study, sections):
    said = "部分说明文字尚无中文"
    plain = replace(sections[1], notes=(Phrase(key="note.text", values={"text": "Save the others."}),))
    mixed = replace(
        sections[1], notes=(Phrase(key="note.text", values={"text": "This is said in English only."}),)
    )
    assert said not in render_report(study, [plain], ("zh",))["report.html"].decode()
    assert said in render_report(study, [mixed], ("zh",))["report.html"].decode()
    assert "English only" not in render_report(study, [plain], ("en",))["report.html"].decode()


def test_a_language_without_words_is_named(study, sections):
    with pytest.raises(KeyError, match=r"no words in language 'xx'"):
        render_report(study, sections, ("xx",))


def test_rows_behind_a_figure_are_linked_not_printed(study, sections):
    behind = tuple(replace(table, layout="behind") for table in sections[0].tables)
    made = render_report(study, (replace(sections[0], tables=behind), *sections[1:]))
    page = made["report.html"].decode()
    assert 'id="table-drivers"' not in page
    assert "tables/drivers.csv" in page
    assert "tables/drivers.csv" in made
    assert "Table 1" in page
