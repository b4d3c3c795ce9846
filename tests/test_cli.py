"""The command line: what a stranger types, reads, and gets back as an exit code."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

Result = subprocess.CompletedProcess[str]


def servicefx(*words: str | Path, cwd: Path, **env: str) -> Result:
    return subprocess.run(
        [sys.executable, "-m", "servicefx.cli", *map(str, words)],
        cwd=cwd,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **env},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the template study and its report."""
    folder = tmp_path_factory.mktemp("project")
    assert servicefx("new", "my_study", cwd=folder).returncode == 0
    made = servicefx("run", "my_study", cwd=folder)
    assert made.returncode == 0, made.stderr
    return folder


def test_new_and_run_give_a_report_with_tables_figures_and_manifest(project: Path) -> None:
    report = project / "reports" / "my_study"
    assert (report / "report.html").is_file()
    assert (report / "manifest.json").is_file()
    assert len(list((report / "tables").glob("*.csv"))) >= 8
    assert {path.stem for path in (report / "tables").glob("*.csv")} == {
        path.stem for path in (report / "tables").glob("*.md")
    }


@pytest.mark.slow
@pytest.mark.parametrize("template", ["servqual", "after_sales"])
def test_every_template_is_written_checked_and_run(template: str, tmp_path: Path) -> None:
    made = servicefx("new", "mine", "--template", template, cwd=tmp_path)
    assert made.stdout.splitlines() == [
        "mine/study.toml", "mine/survey.csv", "mine/questionnaire.md", "Next: servicefx run mine",
    ]  # fmt: skip
    assert servicefx("check", "mine", cwd=tmp_path).stdout.endswith("No problems found.\n")
    ran = servicefx("run", "mine", cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Not reported" not in ran.stdout


def test_an_unknown_template_is_refused_with_the_names_of_all(tmp_path: Path) -> None:
    said = servicefx("new", "mine", "--template", "servperf", cwd=tmp_path)
    assert said.returncode == 1
    assert said.stderr == (
        "template: there is no template 'servperf', expected one of: survey, servqual, after_sales\n"
        "    Name one of them.\n"
    )
    assert not (tmp_path / "mine").exists()


def test_new_refuses_a_folder_that_already_holds_a_study(project: Path) -> None:
    again = servicefx("new", "my_study", cwd=project)
    assert again.returncode == 1
    assert "study.toml" in again.stderr
    assert "Traceback" not in again.stderr


def test_a_misspelt_column_is_named_on_stderr_without_a_traceback(project: Path, tmp_path: Path) -> None:
    text = (project / "my_study" / "study.toml").read_text(encoding="utf-8")
    (tmp_path / "study.toml").write_text(text.replace('"emp2"', '"emp_2"'), encoding="utf-8")
    (tmp_path / "survey.csv").write_bytes((project / "my_study" / "survey.csv").read_bytes())
    for command in ("check", "run", "claims"):
        said = servicefx(command, tmp_path, cwd=tmp_path)
        assert said.returncode == 1
        assert said.stderr == (
            "study.toml: constructs.empathy.items[1]: column 'emp_2' is not in survey.csv (closest: 'emp2')\n"
            "    Correct the name, or remove the item.\n"
        )
    assert not (tmp_path / "reports").exists()


def test_check_as_json_gives_the_problems_to_a_program(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text("version = 1\n", encoding="utf-8")
    said = servicefx("check", tmp_path, "--json", cwd=tmp_path)
    assert said.returncode == 1
    assert {"where", "found", "remedy"} == set(json.loads(said.stdout)[0])


def test_a_study_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    said = servicefx("run", "nowhere", cwd=tmp_path)
    assert said.returncode == 1
    assert "nowhere" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize(
    "words", [("ru",), ("run",), ("run", "a", "b"), ("fit", "y ~ x", "d.csv", "--estimator", "mle")]
)
def test_wrong_usage_exits_with_two(words: tuple[str, ...], tmp_path: Path) -> None:
    assert servicefx(*words, cwd=tmp_path).returncode == 2


def test_verify_holds_on_an_untouched_report(project: Path) -> None:
    said = servicefx("verify", "reports/my_study", "--study", "my_study", cwd=project)
    assert said.returncode == 0, said.stderr
    assert "come out again" in said.stdout


def tampered(project: Path, tmp_path: Path) -> tuple[Path, str, str]:
    """A copy of the report with one cell of the drivers changed; old and new cell."""
    import csv
    import io
    import shutil

    copy = tmp_path / "report"
    shutil.copytree(project / "reports" / "my_study", copy)
    path = copy / "tables" / "drivers.csv"
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    column = rows[0].index("estimate")
    old = rows[1][column]
    rows[1][column] = new = repr(float(old) * 1.01)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")
    return copy, old, new


def test_verify_names_a_changed_cell_and_exits_with_one(project: Path, tmp_path: Path) -> None:
    copy, old, new = tampered(project, tmp_path)
    said = servicefx("verify", copy, "--study", project / "my_study", cwd=project)
    assert said.returncode == 1
    assert "tables/drivers.csv" in said.stderr
    assert "estimate" in said.stderr
    assert old in said.stderr
    assert new in said.stderr


def test_verify_finds_the_cell_also_when_the_manifest_was_changed_with_it(
    project: Path, tmp_path: Path
) -> None:
    import hashlib

    copy, old, new = tampered(project, tmp_path)
    manifest = json.loads((copy / "manifest.json").read_bytes())
    content = (copy / "tables" / "drivers.csv").read_bytes()
    manifest["outputs"]["tables/drivers.csv"] = hashlib.sha256(content).hexdigest()
    (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    said = servicefx("verify", copy, "--study", project / "my_study", "--json", cwd=project)
    assert said.returncode == 1
    found = json.loads(said.stdout)["differences"]
    cell = next(d for d in found if d["table"] == "tables/drivers.csv")
    assert (cell["column"], cell["old"], cell["new"]) == ("estimate", new, old)


def test_verify_finds_the_study_by_its_hash(project: Path, tmp_path: Path) -> None:
    import shutil

    home = tmp_path / "analyses" / "mine"
    shutil.copytree(project / "my_study", home)
    shutil.copytree(project / "reports", tmp_path / "reports")
    assert servicefx("verify", "reports/my_study", cwd=tmp_path).returncode == 0
    (home / "study.toml").write_text("version = 1\n", encoding="utf-8")
    lost = servicefx("verify", "reports/my_study", cwd=tmp_path)
    assert lost.returncode == 1
    assert "Name the study file with --study" in lost.stderr


def test_verify_refuses_a_folder_that_is_no_report(tmp_path: Path) -> None:
    said = servicefx("verify", tmp_path, cwd=tmp_path)
    assert said.returncode == 1
    assert "manifest.json" in said.stderr


def test_the_same_bytes_for_any_hash_seed(project: Path, tmp_path: Path) -> None:
    for seed in ("0", "12345"):
        made = servicefx(
            "run", project / "my_study", "--out", tmp_path / seed, cwd=tmp_path, PYTHONHASHSEED=seed
        )
        assert made.returncode == 0, made.stderr
    first, second = tmp_path / "0", tmp_path / "12345"
    names = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(second) for path in second.rglob("*") if path.is_file())
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)


def test_claims_prints_the_ledger_as_json(project: Path) -> None:
    said = servicefx("claims", "my_study", "--json", cwd=project)
    assert [row["claim"] for row in json.loads(said.stdout)["ledger"]] == [f"K{n}" for n in range(1, 11)]


def test_fit_prints_what_the_model_gives(tmp_path: Path) -> None:
    import numpy as np

    rng = np.random.default_rng(5)
    factor = rng.normal(size=400)
    items = np.column_stack([factor * load + rng.normal(size=400) for load in (1.0, 0.8, 0.9, 0.7)])
    lines = ["a,b,c,d", *(",".join(f"{value:.6f}" for value in row) for row in items)]
    (tmp_path / "data.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    said = servicefx("fit", "f =~ a + b + c + d", "data.csv", "--format", "json", cwd=tmp_path)
    assert said.returncode == 0, said.stderr
    answer = json.loads(said.stdout)
    assert answer["measures"]["df"] == 2
    loadings = {row["rhs"]: row["estimate"] for row in answer["parameters"] if row["op"] == "=~"}
    assert loadings["a"] == 1.0
    assert loadings["b"] == pytest.approx(0.8, abs=0.2)  # sampling error at n = 400


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 400 rows of four items, two groups and a gap, and with a printed matrix."""
    import numpy as np

    folder = tmp_path_factory.mktemp("answers")
    rng = np.random.default_rng(5)
    factor = rng.normal(size=400)
    items = np.column_stack([factor * load + rng.normal(size=400) for load in (1.0, 0.8, 0.9, 0.7)])
    rows = [",".join(f"{value:.6f}" for value in row) for row in items]
    rows[7] = "," + rows[7].partition(",")[2]
    lines = ["a,b,c,d,half", *(f"{row},{'xy'[at % 2]}" for at, row in enumerate(rows))]
    (folder / "data.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    matrix = "name,x,m,y\nx,1,,\nm,.5,1,\ny,.4,.3,1\nsd,1,2,3\nmean,0,1,2\n"
    (folder / "matrix.csv").write_text(matrix, encoding="utf-8")
    return folder


MODEL = "f =~ a + b + c + d"


def test_fit_takes_the_choices_of_sem_fit(answers: Path) -> None:
    import pandas as pd

    from servicefx import sem

    data = pd.read_csv(answers / "data.csv")
    said = servicefx(
        "fit", MODEL, "data.csv", "--estimator", "mlr", "--group", "half", "--group-equal",
        "loadings, intercepts", "--std-lv", "--level", "0.9", "--format", "json", cwd=answers,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    answer = json.loads(said.stdout)
    fit = sem.fit(
        MODEL, data, estimator="mlr", group="half", group_equal=("loadings", "intercepts"), std_lv=True,
        level=0.9,
    )  # fmt: skip
    found = pd.DataFrame(answer["parameters"])
    pd.testing.assert_frame_equal(found, fit.parameters, check_dtype=False)
    assert answer["measures"]["chi2_scaled"] == pytest.approx(fit.measures["chi2_scaled"])
    assert answer["dropped"] == {"an item of the model is missing": 1}
    assert {"r2", "problems", "undefined"} <= set(answer)


@pytest.mark.parametrize("output", ["csv", "md"])
def test_fit_says_on_stderr_what_it_left_out(answers: Path, output: str) -> None:
    said = servicefx("fit", MODEL, "data.csv", "--format", output, cwd=answers)
    assert said.returncode == 0
    assert said.stderr == "1 row not used: an item of the model is missing\n"
    whole = servicefx("fit", MODEL, "data.csv", "--format", output, "--missing", "fiml", cwd=answers)
    assert whole.stderr == ""


def test_fit_names_doubtful_values_on_stderr_and_still_answers(tmp_path: Path) -> None:
    import numpy as np

    rows = np.random.default_rng(4).normal(size=(40, 3)).round(6).tolist()
    text = "\n".join(["a,b,c", *(",".join(map(str, row)) for row in rows)]) + "\n"
    (tmp_path / "noise.csv").write_text(text, encoding="utf-8")
    said = servicefx("fit", "f =~ a + b + c", "noise.csv", "--format", "csv", cwd=tmp_path)
    assert said.returncode == 0
    assert "a variance is never negative" in said.stderr


def test_fit_takes_choices_in_capitals_as_well(answers: Path) -> None:
    small = servicefx("fit", MODEL, "data.csv", "--estimator", "mlr", "--format", "csv", cwd=answers)
    capital = servicefx("fit", MODEL, "data.csv", "--estimator", "MLR", "--format", "csv", cwd=answers)
    assert capital.returncode == 0
    assert capital.stdout == small.stdout


def test_fit_reads_a_printed_matrix(answers: Path) -> None:
    said = servicefx("fit", "m ~ x; y ~ m", "matrix.csv", "--n-obs", "200", "--format", "json", cwd=answers)
    assert said.returncode == 0, said.stderr
    answer = json.loads(said.stdout)
    # 200 * log of det of the fitted over det of the printed correlations: 0.75 * 0.91 against 0.62
    assert answer["measures"]["chi2"] == pytest.approx(200 * math.log(0.75 * 0.91 / 0.62))
    paths = {row["lhs"]: row["estimate"] for row in answer["parameters"] if row["op"] == "~"}
    assert paths == pytest.approx({"m": 1.0, "y": 0.45})


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--ordered", "a,b"), "'ml' takes answers for numbers, and items are named as ordered"),
        (("--missing", "fiml", "--estimator", "gls"), "'fiml' goes with estimators ml and mlr"),
        (("--cluster", "shop"), "column 'shop': is not in the data"),
        (("--n-obs", "100"), "as many expected"),
    ],
)
def test_fit_exits_with_one_where_model_or_data_say_no(
    answers: Path, words: tuple[str, ...], told: str
) -> None:
    said = servicefx("fit", MODEL, "data.csv", *words, cwd=answers)
    assert said.returncode == 1
    assert told in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize(
    "words", [("--missing", "pairwise"), ("--level", "95"), ("--parameterization", "x"), ("--format", "tex")]
)
def test_fit_exits_with_two_where_an_option_is_not_known(answers: Path, words: tuple[str, ...]) -> None:
    assert servicefx("fit", MODEL, "data.csv", *words, cwd=answers).returncode == 2


def test_help_and_version_need_no_estimator(tmp_path: Path) -> None:
    assert servicefx("--version", cwd=tmp_path).stdout.startswith("servicefx 0.")
    said = servicefx("--help", cwd=tmp_path)
    assert all(name in said.stdout for name in ("demo", "new", "check", "run", "verify", "claims", "fit"))
