"""What strangers bring: odd names, gaps, plans beyond the scale, folders that cannot be written."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx import sem
from servicefx.errors import StudyError
from servicefx.report.cells import cell_text
from servicefx.report.figures import render_figure
from servicefx.report.page import labels_of, render_section
from servicefx.report.write import write_report
from servicefx.run import run_study, verify_report
from servicefx.sections.chain import chain_section
from servicefx.sections.claims import claims_section
from servicefx.sections.composite import composite_section
from servicefx.sections.descriptives import descriptives_section
from servicefx.sections.hypotheses import hypotheses_section
from servicefx.sections.money import money_section
from servicefx.sections.stated_models import model_problems
from servicefx.sections.structure import structure_section
from servicefx.study.study import Study, load_study
from servicefx.study.template import write_template
from servicefx.values.table import Figure, Phrase, Section

SCALES = "[scales.likert7]\nmin = 1\nmax = 7\n"
PATHS = """
[[paths]]
from = ["reliability", "responsiveness"]
to = "satisfaction"
covariates = ["age"]
[[paths]]
from = "satisfaction"
to = "loyalty"
[[paths]]
from = ["loyalty", "satisfaction"]
to = "repurchase"
"""
MONEY = """
[money]
currency = "CNY"
price_year = 2025
discount_rate = 0.08
periods_per_year = 4
horizon = 8
[money.plan]
construct = "responsiveness"
change = 0.5
through = ["satisfaction"]
[money.benefit]
line = "retention"
outcome = "repurchase"
customers = 50000
margin = 300
[money.cost]
line = "labour"
amount = 900000
"""
SEM = '[models.chain]\nkind = "sem"\nlavaan = "satisfaction ~ reliability + responsiveness"\n'
MEASURED = (
    "satisfaction =~ sat1 + sat2 + sat3; reliability =~ rel1 + rel2 + rel3\n"
    "responsiveness =~ res1 + res2 + res3; satisfaction ~ reliability + responsiveness"
)
PLS = SEM.replace("chain]", "twin]").replace('"sem"', '"pls"')
CONSTRUCTS = {"reliability": 3, "responsiveness": 3, "satisfaction": 3, "loyalty": 2}


def survey(n: int = 160, *, gaps: bool = False) -> pd.DataFrame:
    """Answers 1-7 of a chain from two dimensions to loyalty, and who bought again."""
    rng = np.random.default_rng(7)
    true = {"reliability": rng.normal(size=n), "responsiveness": rng.normal(size=n)}
    true["satisfaction"] = 0.6 * true["reliability"] + 0.4 * true["responsiveness"] + 0.5 * rng.normal(size=n)
    true["loyalty"] = 0.7 * true["satisfaction"] + 0.5 * rng.normal(size=n)
    frame = pd.DataFrame(
        {
            f"{name[:3]}{item}": np.clip(np.round(4 + 1.2 * true[name] + 0.7 * rng.normal(size=n)), 1, 7)
            for name, count in CONSTRUCTS.items()
            for item in range(1, count + 1)
        }
    )
    frame["rep"] = (rng.uniform(size=n) < 1 / (1 + np.exp(-true["loyalty"]))).astype(float)
    frame["age"] = rng.integers(18, 80, n)
    frame["w"] = np.round(rng.uniform(0.5, 2, n), 2)
    if gaps:
        frame.loc[3:6, "sat2"] = np.nan
        frame.loc[[5, 9], "rel1"] = np.nan
    return frame


def constructs(renamed: dict[str, str] | None = None, mode: str = "reflective") -> str:
    names = renamed or {}
    tables = [
        f'[constructs.{name}]\nmode = "{mode}"\nscale = "likert7"\nitems = '
        + json.dumps(
            [names.get(f"{name[:3]}{i}", f"{name[:3]}{i}") for i in range(1, count + 1)], ensure_ascii=False
        )
        for name, count in CONSTRUCTS.items()
    ]
    return "\n".join([*tables, '[constructs.repurchase]\nmode = "single"\nitems = ["rep"]\n'])


def written(
    folder: Path, rest: str = "", *, frame: pd.DataFrame | None = None, body: str = "", data: str = "people"
) -> Path:
    """A study folder."""
    head = f'version = 1\n[study]\nid = "s"\ntitle = "S"\n[data.{data}]\nfile = "people.csv"\n'
    (folder / "study.toml").write_text(
        head + (body or SCALES + constructs() + PATHS) + rest, encoding="utf-8"
    )
    (survey() if frame is None else frame).to_csv(folder / "people.csv", index=False)
    return folder


def keys(notes: tuple[Phrase, ...]) -> set[str]:
    return {note.key for note in notes}


def told_by(notes: tuple[Phrase, ...], key: str) -> list[dict[str, object]]:
    """Values of the phrases of one key."""
    return [dict(note.values) for note in notes if note.key.startswith(key)]


def refusal(section: Section | None) -> str:
    assert section is not None
    return " ".join(str(value) for told in told_by(section.notes, "note.refused") for value in told.values())


def markdown(section: Section | None, study: Study, table: str) -> str:
    assert section is not None
    return render_section(section, labels_of(study))[f"tables/{table}.md"].decode()


ODD = {
    "rel1": 'rated "good", all\'s well',
    "rel2": "可靠性 一",
    "rel3": "<script>alert(1)</script>",
    "res1": "a ~ b + c",
    "res2": "=1+1",
    "res3": "line\nbreak # !",
}


def test_no_column_name_is_too_odd_for_the_structural_models(tmp_path: Path) -> None:
    study = load_study(
        written(
            tmp_path,
            SEM + PLS,
            frame=survey().rename(columns=ODD),
            body=SCALES + constructs(ODD) + PATHS,
        )
    )
    plain = load_study(written(tmp_path, SEM + PLS))
    for build, table in ((structure_section, "structure"), (composite_section, "composite")):
        odd, same = build(study), build(plain)
        assert odd is not None
        assert same is not None
        numbers = [section.tables[0].rows["estimate"].to_numpy() for section in (odd, same)]
        np.testing.assert_allclose(*numbers, rtol=1e-9, err_msg=table)
    assert set(ODD.values()) <= set(structure_section(study).tables[0].rows["rhs"])  # type: ignore[union-attr]


def test_a_structural_model_uses_rows_with_gaps_for_what_they_hold_and_says_so(tmp_path: Path) -> None:
    study = load_study(written(tmp_path, SEM, frame=survey(gaps=True)))
    section = structure_section(study)
    assert section is not None
    page = section.tables[0]
    assert told_by(page.notes, "note.sample") == [{"n_obs": 160, "data": "people"}]
    assert told_by(page.notes, "note.fiml") == [{"n": 5}]
    assert told_by(page.notes, "note.no_second") == [
        {"why": "answers are missing, and the second program needs complete rows"}
    ]
    fit = sem.fit(MEASURED, survey(gaps=True), estimator="mlr", missing="fiml")
    np.testing.assert_allclose(page.rows["estimate"], fit.parameters["estimate"], rtol=1e-9)
    np.testing.assert_allclose(page.rows["std_error"], fit.parameters["std_error"], rtol=1e-9)


def test_a_structural_model_is_the_robust_fit_and_a_second_program_agrees(tmp_path: Path) -> None:
    section = structure_section(load_study(written(tmp_path, SEM)))
    assert section is not None
    page = section.tables[0]
    fit = sem.fit(MEASURED, survey(), estimator="mlr")
    pd.testing.assert_frame_equal(page.rows, fit.parameters[page.rows.columns])
    assert told_by(page.notes, "note.covariance") == [{"kind": "robust (Huber-White)"}]
    assert told_by(page.notes, "note.second_opinion") == [{"largest": "0.000001"}]
    measures = section.tables[-1].rows.set_index(["measure", "construct"])["estimate"]
    assert measures["cfi_robust", ""] == fit.measures["cfi_robust"]
    assert measures["r_squared", "satisfaction"] == fit.r2.set_index("outcome")["estimate"]["satisfaction"]
    assert [table.id for table in section.tables] == ["structure", "fit"]  # nothing is mediated


def test_mediated_effects_of_a_structural_model_have_a_table_of_their_own(tmp_path: Path) -> None:
    lavaan = "satisfaction ~ reliability\\nloyalty ~ satisfaction + reliability"
    rest = f'[models.m]\nkind = "sem"\nlavaan = "{lavaan}"\n'
    section = structure_section(load_study(written(tmp_path, rest)))
    assert section is not None
    rows = section.tables[-1].rows
    assert section.tables[-1].id == "structure_effects"
    assert rows[["from", "to", "kind", "via"]].to_numpy().tolist() == [
        ["reliability", "loyalty", "direct", ""],
        ["reliability", "loyalty", "indirect", "satisfaction"],
        ["reliability", "loyalty", "total", ""],
    ]
    direct, indirect, total = rows["estimate"]
    assert direct + indirect == pytest.approx(total)


def test_declared_clusters_and_weights_are_used_by_the_structural_model(tmp_path: Path) -> None:
    frame = survey().assign(shop=np.arange(160) // 4)
    body = 'nested_in = ["shop"]\nweights = "w"\n' + SCALES + constructs() + PATHS
    section = structure_section(load_study(written(tmp_path, SEM, frame=frame, body=body)))
    assert section is not None
    page = section.tables[0]
    fit = sem.fit(MEASURED, frame, estimator="mlr", cluster="shop", weights="w")
    np.testing.assert_allclose(page.rows["std_error"], fit.parameters["std_error"], rtol=1e-9)
    assert told_by(page.notes, "note.weights") == [{"column": "w"}]
    assert told_by(page.notes, "note.covariance") == [{"kind": "clusters: shop (40), sampling weights"}]
    assert told_by(page.notes, "note.second_opinion") == [{"largest": "0.000001"}]


def test_stated_listwise_deletion_lets_the_structural_model_be_fitted_and_counted(tmp_path: Path) -> None:
    rest = SEM + PLS + '[inference]\nmissing_data = "listwise"\ndraws = 20\n'
    study = load_study(written(tmp_path, rest, frame=survey(gaps=True)))
    for section in (structure_section(study), composite_section(study)):
        assert section is not None
        assert told_by(section.tables[0].notes, "note.dropped") == [
            {"n": 5, "reason": "an item of the model is missing"}
        ]


def test_what_a_structural_model_cannot_use_is_told_with_a_remedy_that_works(tmp_path: Path) -> None:
    body = SCALES + constructs(mode="formative") + PATHS
    told = refusal(structure_section(load_study(written(tmp_path, SEM, body=body))))
    assert "'satisfaction', 'reliability', 'responsiveness': formative" in told
    assert 'State kind = "pls"' in told
    body = 'weights = "w"\n' + SCALES + constructs() + PATHS
    gappy = survey(gaps=True)
    told = refusal(structure_section(load_study(written(tmp_path, SEM, body=body, frame=gappy))))
    assert (
        "models.chain 5 rows lack an item of the model, and survey weights 'w' are used with complete" in told
    )
    rest = SEM + '[inference]\nmissing_data = "listwise"\n'
    section = structure_section(load_study(written(tmp_path, rest, body=body, frame=gappy)))
    assert section is not None
    assert section.tables


def test_a_fault_of_the_data_is_told_with_the_name_of_the_model(tmp_path: Path) -> None:
    frame = survey().assign(rel2=lambda t: 8 - t["rel1"])
    told = refusal(structure_section(load_study(written(tmp_path, SEM, frame=frame))))
    assert "models.chain, column 'rel2' repeats 'rel1'" in told


@pytest.mark.parametrize(
    ("lavaan", "told"),
    [
        ("satisfaction ~~~ loyalty", r"study\.toml: models\.m, line 1, column 16: a second operator"),
        ("loyalty ~ satisfactoin", r"models\.m: 'satisfactoin' .* \(closest: 'satisfaction'\)"),
    ],
)
def test_check_names_the_faults_of_a_model_text(tmp_path: Path, lavaan: str, told: str) -> None:
    folder = written(tmp_path, f'[models.m]\nkind = "sem"\nlavaan = "{lavaan}"\n')
    (problem,) = model_problems(load_study(folder))
    assert re.search(told, str(problem))
    said = subprocess.run(
        [sys.executable, "-m", "servicefx.cli", "check", str(folder)],
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert said.returncode == 1
    assert re.search(told, said.stderr)
    section = structure_section(load_study(folder))
    assert "^" not in refusal(section)


def test_a_second_model_of_a_kind_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    study = load_study(written(tmp_path, SEM + SEM.replace("chain]", "other]")))
    section = structure_section(study)
    assert section is not None
    assert section.tables
    assert "models.other one model of kind 'sem' is fitted" in refusal(section)


def test_a_model_without_paths_draws_no_empty_diagram(tmp_path: Path) -> None:
    lavaan = '[models.m]\nkind = "sem"\nlavaan = "satisfaction ~~ repurchase"\n'
    section = structure_section(load_study(written(tmp_path, lavaan)))
    assert section is not None
    assert section.tables
    assert section.figures == ()
    assert told_by(section.tables[0].notes, "note.two_answers") == [{"item": "rep"}]


def test_an_undecided_structural_path_is_called_open(tmp_path: Path) -> None:
    frame = survey()
    for item in ("res1", "res2", "res3"):
        frame[item] = frame[item].to_numpy()[::-1]  # other people's answers
    section = structure_section(load_study(written(tmp_path, SEM, frame=frame)))
    assert section is not None
    assert [told["term"] for told in told_by(section.findings, "finding.path_undecided")] == [
        "responsiveness"
    ]
    assert len(told_by(section.findings, "finding.path")) == 2


def test_effects_start_from_constructs_not_from_covariates_and_say_one_number_of_rows(tmp_path: Path) -> None:
    study = load_study(written(tmp_path, "[inference]\ndraws = 20\n"))
    section = chain_section(study)
    assert section is not None
    assert set(section.tables[0].rows["from"]) == {"reliability", "responsiveness"}
    assert "160 rows of 'people' used" in markdown(section, study, "effects")


def test_few_draws_are_said_to_be_too_few(tmp_path: Path) -> None:
    few = load_study(written(tmp_path, MONEY + "[inference]\ndraws = 1\n"))
    said = markdown(money_section(few), few, "money")
    assert "Intervals come from 1 draw (" in said
    assert "1 draw is too few for intervals of 95%" in said
    enough = load_study(written(tmp_path, MONEY + "[inference]\ndraws = 200\n"))
    assert "too few" not in markdown(money_section(enough), enough, "money")


def test_a_plan_beyond_the_scale_is_refused_and_one_downward_is_worded_for_it(tmp_path: Path) -> None:
    with pytest.raises(
        StudyError, match=r"change: 50 points are more than the scale of 'responsiveness' holds, 1 to 7"
    ):
        load_study(written(tmp_path, MONEY.replace("change = 0.5", "change = 50")))
    down = written(tmp_path, MONEY.replace("change = 0.5", "change = -0.5") + "[inference]\ndraws = 200\n")
    section = money_section(load_study(down))
    assert section is not None
    assert "note.floor" in keys(section.tables[0].notes)
    assert "note.ceiling" not in keys(section.tables[0].notes)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("discount_rate = 0.08", "discount_rate = 1e300", "at most 10"),
        ("periods_per_year = 4", "periods_per_year = 1e-300", "from 0.01 to 10000"),
        ("horizon = 8", "horizon = 1000000000", "from 1 to 10000"),
        ("margin = 300", "margin = 1e308", "at most 1e12"),
        ("amount = 900000", "amount = 1\nrelative_sd = 1e200", "from 0 to 10"),
    ],
)
def test_money_no_number_can_hold_is_refused(tmp_path: Path, key: str, value: str, told: str) -> None:
    with pytest.raises(StudyError, match=told):
        load_study(written(tmp_path, MONEY.replace(key, value)))


@pytest.mark.parametrize(
    ("cutoffs", "told"),
    [
        ("satisfied = 60", r"satisfied: 60 is no score of 'satisfaction', expected 1 to 7"),
        ("satisfied = 6\nhighly_satisfied = 5", r"highly_satisfied: 5 is not above satisfied, 6"),
    ],
)
def test_cutoffs_nobody_can_reach_are_refused(tmp_path: Path, cutoffs: str, told: str) -> None:
    with pytest.raises(StudyError, match=told):
        load_study(written(tmp_path, f"[claims.K2]\n{cutoffs}\n"))


def test_buying_again_is_one_where_it_is_zero_or_one(tmp_path: Path) -> None:
    study = load_study(written(tmp_path))
    assert "buying again: Repeat purchase of 1 or more" in markdown(claims_section(study), study, "claims")


def test_nobody_highly_satisfied_leaves_the_claim_undecided_and_says_why(tmp_path: Path) -> None:
    frame = survey()
    frame["sat1"] = frame["sat1"].clip(upper=6)
    study = load_study(written(tmp_path, "[claims.K2]\nhighly_satisfied = 7\n", frame=frame))
    section = claims_section(study)
    assert section is not None
    row = section.tables[0].rows.iloc[1]
    assert (row["n_obs"], row["verdict"], row["undefined"]) == (0, "undecided", "nobody is in this group")


def test_paths_without_a_predicted_sign_are_not_counted_in_a_sentence(tmp_path: Path) -> None:
    section = hypotheses_section(load_study(written(tmp_path)))
    assert section is not None
    assert len(section.tables[0].rows)
    assert section.findings == ()


def test_shares_of_answers_claim_no_intervals(tmp_path: Path) -> None:
    body = 'nested_in = ["age"]\n' + SCALES + constructs() + PATHS
    section = descriptives_section(load_study(written(tmp_path, body=body)))
    assert section is not None
    (items,) = (table for table in section.tables if table.id == "items")
    assert items.notes == ()


def test_a_data_file_keeps_its_name_where_a_construct_has_it_too(tmp_path: Path) -> None:
    study = load_study(written(tmp_path, data="satisfaction"))
    labels = labels_of(study)
    for column in ("data", "item", "wave"):
        assert cell_text(column, {column: "satisfaction"}, labels, "en") == "satisfaction"
    assert cell_text("construct", {"construct": "satisfaction"}, labels, "en") == "Customer satisfaction"


def test_the_numbers_of_an_axis_stand_apart_beside_long_names_and_intervals() -> None:
    rows = pd.DataFrame(
        {
            "term": ["A construct with a long name indeed", "age"],
            "estimate": [0.46, 0.0005],
            "conf_low": [0.39, -0.0048],
            "conf_high": [0.53, 0.0058],
        }
    )
    title = Phrase(key="note.text", values={"text": "t"})
    figure = Figure(id="f", kind="coefficients", title=title, rows=rows, source="f")
    drawn = render_figure(figure, str)
    at = [float(x) for x in re.findall(r'<text [^>]*x="([\d.]+)"[^>]*text-anchor="middle"', drawn)]
    assert len(at) >= 3
    assert np.diff(at).min() > 25


def test_twelve_rows_give_a_report_without_a_warning(tmp_path: Path) -> None:
    rest = SEM.replace("+ responsiveness", "") + PLS + MONEY + "[inference]\ndraws = 300\n"
    folder = written(tmp_path, rest, frame=survey().head(12))
    composite = composite_section(load_study(folder))  # warnings are errors here
    assert composite is not None
    assert composite.tables


def test_what_is_not_reported_is_told_with_its_section(tmp_path: Path) -> None:
    body = 'weights = "w"\n' + SCALES + constructs() + PATHS
    result = run_study(written(tmp_path, MONEY + PLS, body=body), tmp_path / "out")
    told = [problem.where for problem in result.refusals]
    assert told == [
        "composite: study.toml: models.twin",
        "repurchase: logit of 'repurchase'",
        "money: logit of 'repurchase'",
    ]
    assert verify_report(tmp_path / "out", tmp_path).holds


def test_one_cluster_is_refused_by_the_name_of_the_file(tmp_path: Path) -> None:
    body = 'nested_in = ["outlet"]\n' + SCALES + constructs() + PATHS
    study = load_study(written(tmp_path, body=body, frame=survey().assign(outlet="only")))
    assert "data 'people' 1 cluster, at least 2 expected" in refusal(chain_section(study))


def test_a_packed_file_is_told_to_be_unpacked(tmp_path: Path) -> None:
    folder = written(tmp_path)
    text = (folder / "study.toml").read_text(encoding="utf-8")
    (folder / "study.toml").write_text(text.replace("people.csv", "people.csv.gz"), encoding="utf-8")
    (folder / "people.csv.gz").write_bytes(b"\x1f\x8b")
    with pytest.raises(ValueError, match=r"files ending in '\.gz' are not read (.|\n)*Unpack it first"):
        load_study(folder)


def test_a_report_that_cannot_be_written_is_refused_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StudyError, match=r"the report cannot be written there \("):
        write_report(tmp_path / "file" / "report", {"a.txt": b"a"})
    with pytest.raises(StudyError, match="is a file, a folder is needed"):
        write_template(tmp_path / "file")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudyError, match=f"report folder '{tmp_path.name}': holds files"):
        write_report(".", {"a.txt": b"a"})


def test_a_deleted_and_an_added_table_are_told_in_words(tmp_path: Path) -> None:
    out = run_study(written(tmp_path, "[inference]\ndraws = 20\n"), tmp_path / "out").out
    (out / "tables" / "drivers.csv").unlink()
    (out / "tables" / "extra.csv").write_text("a\n")
    told = [str(difference) for difference in verify_report(out, tmp_path).differences]
    assert "tables/drivers.csv: comes out, but is not in the report" in told
    assert "tables/extra.csv: does not come out" in told


@pytest.mark.external
def test_acsi_customers_at_seven_or_eight_mean_to_buy_again_as_reported(
    tmp_path: Path, shared_data: Path
) -> None:
    frame = pd.read_csv(shared_data / "acsi2015" / "acsi2015.csv.gz")
    frame.to_csv(tmp_path / "people.csv", index=False)
    body = "[scales.ten]\nmin = 1\nmax = 10\nmissing = [98, 99]\n" + "".join(
        f'[constructs.{name}]\nmode = "single"\nscale = "ten"\nitems = ["{item}"]\n'
        for name, item in (("satisfaction", "SATIS"), ("repurchase", "REPUR"))
    )
    rest = "[claims.K2]\nsatisfied = 7\nhighly_satisfied = 9\nbuys_again = 8\n"
    section = claims_section(load_study(written(tmp_path, rest, frame=frame, body=body)))
    assert section is not None
    shares = section.tables[0].rows["estimate"]
    assert shares[0] == pytest.approx(0.608, abs=5e-4)
    asked = frame["SATIS"].ge(9) & frame["REPUR"].notna()
    assert shares[1] == pytest.approx((frame.loc[asked, "REPUR"] >= 8).mean())
    assert "note.intention" in keys(section.tables[0].notes)
