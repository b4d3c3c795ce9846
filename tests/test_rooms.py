"""The house: imports go one way, and reading, writing and estimating are done in their own rooms.

`faults` reads one module without running it; the tests below show that it sees a breach of every rule.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ORDER = (
    "errors", "theory", "values", "study", "moments", "syntax", "sem", "pls", "engines", "measurement",
    "models", "effects", "economics", "sections", "report", "run", "cli",
)  # fmt: skip
FRONT_DOOR = "__init__.py"
MOST_LINES = 400

ESTIMATORS = {"statsmodels", "linearmodels", "semopy", "pyfixest"}
FORMATS = {"pyreadstat", "pyarrow", "openpyxl"}
UNSAFE = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
FILE_TOOLS = {"tempfile", "shutil"}

# Who may do what: a room ends with a slash.
FITS = ("engines/",)
PARSES_DATA = (
    "study/files.py",
    "study/delimited.py",
    "study/labelled.py",
    "study/batches.py",
)  # the first hands bytes to the others
OPENS = (
    "study/files.py",  # data
    "study/batches.py",  # data larger than memory
    "study/reading.py",  # study.toml
    "study/template.py",  # the template of `servicefx new`
    "report/",  # reports
    "run.py",  # study files, by their hash; model files of `servicefx fit`
)
WRITES = ("report/", "study/template.py")

READ_CALLS = {"read_text", "read_bytes"}
WRITE_CALLS = {
    "write_text", "write_bytes", "mkdir", "makedirs", "touch", "unlink", "rmdir", "rmtree", "symlink_to",
    "hardlink_to", "savefig", "to_parquet", "to_excel", "to_pickle", "to_stata", "to_feather", "to_hdf",
    "to_sql",
}  # fmt: skip
OS_WRITES = {"chmod", "link", "open", "remove", "removedirs", "rename", "renames", "replace", "symlink"}
TEXT_CALLS = {"to_csv", "to_json", "to_html", "to_markdown", "to_latex", "to_string", "to_xml"}
EVALUATING_NAMES = {"eval", "exec", "compile", "__import__"}
EVALUATING_CALLS = {"eval", "query"}


def room_of(where: str) -> str:
    """First part of a module's path below src/servicefx, or of its dotted name below servicefx."""
    return re.split(r"[/.]", where.removesuffix(".py"))[0]


def faults(where: str, source: str) -> list[str]:
    """Breaches of the house rules in one module.

    Parameters
    ----------
    where : str
        Path below src/servicefx, e.g. ``"models/drivers.py"``.
    source : str
        Its text.
    """
    tree = ast.parse(source, filename=where)
    found = [*_import_faults(where, tree), *_call_faults(where, tree)]
    n_lines = len(source.splitlines())
    if n_lines > MOST_LINES:
        found.append(f"{n_lines} lines, at most {MOST_LINES}")
    return found


def imported(where: str, tree: ast.AST) -> Iterator[str]:
    """Dotted names a module imports, also inside functions, under TYPE_CHECKING and from strings."""
    package = ["servicefx", *where.split("/")[:-1]]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [] if node.level == 0 else package[: len(package) + 1 - node.level]
            base = [*base, *([node.module] if node.module else [])]
            yield from (".".join([*base, alias.name]) for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if re.fullmatch(r"servicefx(\.\w+)+(:\w+)?", node.value):
                yield node.value.partition(":")[0]
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "servicefx":
            yield f"servicefx.{node.attr}"


def _import_faults(where: str, tree: ast.AST) -> Iterator[str]:
    room = room_of(where)
    if where != FRONT_DOOR and room not in ORDER:
        yield f"room '{room}' is not in the order"
        return
    for name in dict.fromkeys(imported(where, tree)):
        top, _, rest = name.partition(".")
        if top == "servicefx" and rest and where != FRONT_DOOR:
            target = room_of(rest)
            if target == "__version__":
                continue
            if target not in ORDER:
                yield f"imports {name} through the front door"
            elif ORDER.index(target) > ORDER.index(room):
                yield f"imports {name}, to its right"
        if top in ESTIMATORS and not where.startswith(FITS):
            yield f"imports {top}, which only engines/ does"
        if top in FORMATS and not where.startswith(PARSES_DATA):
            yield f"imports {top}, which only study/files.py does"
        if top in FILE_TOOLS and not where.startswith(WRITES):
            yield f"imports {top}, which only report/ does"
        if top in UNSAFE:
            yield f"imports {top}, which runs what it reads"


def _call_faults(where: str, tree: ast.AST) -> Iterator[str]:
    buffers = _buffers(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
        on = ast.unparse(called.value) if isinstance(called, ast.Attribute) else ""
        line = f"line {node.lineno}: {on + '.' if on else ''}{name}()"
        if name in (EVALUATING_CALLS if on else EVALUATING_NAMES) and on != "re":
            yield f"{line} evaluates text as code"
        if on in {"pd", "pandas"} and name.startswith("read_") and not where.startswith(PARSES_DATA):
            yield f"{line} reads data, which only study/files.py does"
        mode = _mode(node) if name == "open" else ""
        reads = name in READ_CALLS or (name == "open" and not set(mode) & set("wax+"))
        if reads and not on.startswith("files(") and not where.startswith(OPENS):
            yield f"{line} opens a file"
        writes = name in WRITE_CALLS or bool(set(mode) & set("wax+")) or (on == "os" and name in OS_WRITES)
        writes = writes or (name in TEXT_CALLS and not _into_memory(node, buffers))
        if writes and not where.startswith(WRITES):
            yield f"{line} writes, which only report/ does"


def _mode(node: ast.Call) -> str:
    """Mode of an open(); what cannot be read from the source counts as writing."""
    named = [keyword.value for keyword in node.keywords if keyword.arg == "mode"]
    given = named or (node.args[1:2] if isinstance(node.func, ast.Name) else node.args[:2])
    modes = [
        value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else "w"
        for value in given
    ]
    return next((mode for mode in reversed(modes) if re.fullmatch("[rwaxbtU+]+", mode)), "r")


def _buffers(tree: ast.AST) -> set[str]:
    """Names bound to text or bytes in memory."""
    made = {"io.StringIO()", "io.BytesIO()", "StringIO()", "BytesIO()"}
    return {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and ast.unparse(node.value) in made
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _into_memory(node: ast.Call, buffers: set[str]) -> bool:
    targets = node.args[:1] + [k.value for k in node.keywords if k.arg in {"path_or_buf", "buf"}]
    return all(isinstance(target, ast.Name) and target.id in buffers for target in targets)


SOURCE = Path(__file__).resolve().parents[1] / "src" / "servicefx"
MODULES = sorted(path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py"))


@pytest.mark.parametrize("where", MODULES)
def test_a_module_keeps_the_rules_of_the_house(where: str) -> None:
    assert faults(where, (SOURCE / where).read_text(encoding="utf-8")) == []


def test_every_room_of_the_order_is_there() -> None:
    assert {room_of(where) for where in MODULES} - {"__init__"} == set(ORDER)


def test_who_may_is_still_there() -> None:
    assert [where for where in {*FITS, *PARSES_DATA, *OPENS, *WRITES} if not (SOURCE / where).exists()] == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    nothing = {"utils", "helpers", "common", "base", "misc", "tools", "core"}
    assert [where for where in MODULES if set(re.split(r"[/.]", where)) & nothing] == []


BREACHES = [
    (
        "study/a.py",
        "from servicefx.report.write import write_report",
        "imports servicefx.report.write.write_report,",
    ),
    (
        "study/a.py",
        "def f():\n    import servicefx.engines.linear",
        "imports servicefx.engines.linear, to its right",
    ),
    ("study/a.py", "from ..models import drivers", "imports servicefx.models.drivers, to its right"),
    ("study/a.py", "import_module('servicefx.run')", "imports servicefx.run, to its right"),
    ("values/a.py", "from servicefx import models", "imports servicefx.models, to its right"),
    ("errors.py", "from servicefx.values.table import Table", "to its right"),
    ("run.py", "from servicefx.cli import main", "imports servicefx.cli.main, to its right"),
    (
        "models/a.py",
        "from servicefx import load_study",
        "imports servicefx.load_study through the front door",
    ),
    (
        "models/a.py",
        "import servicefx\nservicefx.run_study('x')",
        "imports servicefx.run_study through the front",
    ),
    ("helpers/a.py", "", "room 'helpers' is not in the order"),
    ("models/a.py", "import statsmodels.api as sm", "imports statsmodels, which only engines/ does"),
    ("sem/a.py", "def f():\n    from semopy import Model", "imports semopy, which only engines/ does"),
    ("models/a.py", "from linearmodels.panel import PanelOLS", "imports linearmodels"),
    ("study/a.py", "import pyreadstat", "imports pyreadstat, which only study/files.py does"),
    ("moments/a.py", "from pyarrow import parquet", "imports pyarrow"),
    ("moments/a.py", "pd.read_csv(path)", "line 1: pd.read_csv() reads data, which only study/files.py does"),
    ("moments/a.py", "pandas.read_parquet(path)", "reads data"),
    ("models/a.py", "Path('x').read_text()", "line 1: Path('x').read_text() opens a file"),
    ("models/a.py", "path.read_bytes()", "opens a file"),
    ("models/a.py", "open('x')", "opens a file"),
    ("models/a.py", "path.open('rb')", "opens a file"),
    ("sections/a.py", "path.write_text('x')", "line 1: path.write_text() writes, which only report/ does"),
    ("sections/a.py", "open('x', 'w')", "writes"),
    ("sections/a.py", "open('x', mode='ab')", "writes"),
    ("sections/a.py", "open('x', how)", "writes"),
    ("study/a.py", "path.open('x')", "writes"),
    ("study/a.py", "io.open(path, 'r+')", "writes"),
    ("run.py", "path.mkdir()", "writes"),
    ("run.py", "os.replace(a, b)", "writes"),
    ("run.py", "import shutil", "imports shutil, which only report/ does"),
    ("models/a.py", "frame.to_csv(path)", "writes"),
    ("models/a.py", "frame.to_csv(path_or_buf=path)", "writes"),
    ("models/a.py", "frame.to_parquet('x')", "writes"),
    ("models/a.py", "eval('1')", "line 1: eval() evaluates text as code"),
    ("models/a.py", "exec(text)", "evaluates text as code"),
    ("models/a.py", "frame.query('a > 1')", "line 1: frame.query() evaluates text as code"),
    ("models/a.py", "pd.eval('1')", "evaluates text as code"),
    ("models/a.py", "import pickle", "imports pickle, which runs what it reads"),
    ("models/a.py", "\n" * 401, "401 lines, at most 400"),
]


@pytest.mark.parametrize(("where", "source", "fault"), BREACHES)
def test_a_breach_is_seen(where: str, source: str, fault: str) -> None:
    found = faults(where, source)
    assert len(found) == 1
    assert fault in found[0]


ALLOWED = [
    (
        "report/a.py",
        "import shutil\nfrom servicefx.values.table import Table\npath.write_bytes(b'')\nopen('x', 'w')",
    ),
    ("engines/a.py", "import statsmodels.api\nfrom ..sem import model"),
    ("study/files.py", "import pyreadstat, pyarrow\nopen('x', 'rb')\npd.read_excel(path)"),
    ("study/delimited.py", "pd.read_csv(text)"),
    ("theory/a.py", "files('servicefx.theory').joinpath('x').read_text()"),
    ("models/a.py", "from servicefx import __version__, errors\nimport servicefx\nservicefx.__version__"),
    (
        "models/a.py",
        "text = io.StringIO()\nframe.to_csv(text)\nframe.to_csv(index=False)\n'a'.replace('b', 'c')",
    ),
    ("models/a.py", "re.compile('x')\nframe.rename(columns={})"),
    ("models/a.py", '"""As `servicefx.run.run_study`, to its right, does."""'),
    ("cli.py", "from servicefx.run import run_study"),
    ("__init__.py", "from servicefx.cli import main\nx = 'servicefx.run'"),
]


@pytest.mark.parametrize(("where", "source"), ALLOWED)
def test_what_the_rules_allow_is_not_a_breach(where: str, source: str) -> None:
    assert faults(where, source) == []
