"""The architecture as a test: who may import whom, and what the engine must not need."""

from __future__ import annotations

import ast
import functools
import graphlib
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]

# The rooms of the house, bottom to top. A room imports itself and rooms of earlier rows; nothing
# sideways, nothing up. Lazy imports and those for type checkers count as any other.
ROOMS: list[set[str]] = [
    {"common"},
    {"tables"},
    {"graph", "models"},
    {"case"},
    {"methods"},
    {"checks", "unlearning", "datasets"},
    {"report"},
    {"auditing", "evidence"},
    {"__init__"},  # the public names
    {"cli"},
]
SHARED_BY_CHECKS = {"diagnostics", "finding", "verdict"}
"""What one check may import of the room besides its own folder."""
PARTS_OF_WIDGETS: list[set[str]] = [
    {"session"},
    {"parts"},
    {"loading", "graph", "target", "run", "results"},
    {"other_models", "lessons"},
    {"pages"},
    {"__init__"},
    {"serving"},
]
ENTRIES = 16
"""Files and folders at the top of the engine, at most."""
LONGEST = 400
"""Lines of a file, at most."""

# The engine shows nothing: it needs no widget, no plot, no notebook.
INTERFACE = {"IPython", "anywidget", "ipywidgets", "matplotlib", "plotly", "pyvis", "voila"}

# Slow or noisy to import: only where named, and only when called.
LAZY = {
    "shap": "methods/baselines",
    "aif360": "methods/baselines",
    "causallearn": "graph/discovery.py",
    "onnx": "models/files",  # the reader, and the program that a child process runs first
    "onnxruntime": "models/files",
    "lightgbm": "models/files",
    "xgboost": "models/files",
    "art": "checks/membership",
    "cryptography": "evidence/keys.py",
    "yaml": "evidence/training_environment.py",
    "mlflow": "evidence/mlflow_record.py",
    "docx": "report/word_file.py",
    "distributed": "cli/partitioned.py",
}

# Calls that import what their first argument names.
IMPORTING_CALLS = {"__import__", "import_module", "quiet_import", "_check", "_method"}

# What `import workbench` must neither load nor miss.
NOT_NEEDED = sorted(INTERFACE | set(LAZY) | {"torch"})

# What `import workbench` leaves to the first use of a public name, and what that leaves to a call.
WHEN_FIRST_USED = ["numpy", "pandas", "networkx", "scipy", "sklearn", "pyarrow", "sqlite3"]
PARTS_OF_SCIPY = ["scipy.stats", "scipy.optimize", "scipy.linalg", "scipy.sparse"]

# The distributions whose import name is another.
DISTRIBUTIONS = {
    "yaml": "PyYAML",
    "sklearn": "scikit-learn",
    "causallearn": "causal-learn",
    "art": "adversarial-robustness-toolbox",
    "xgboost": "xgboost-cpu",
    "mlflow": "mlflow-skinny",
    "docx": "python-docx",
}


class Import(NamedTuple):
    """One import statement: the file and line, the dotted name, and whether it waits for a call."""

    path: Path
    line: int
    name: str
    lazy: bool

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line} imports {self.name}"


def _imports_below(node: ast.AST, path: Path, lazy: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(path, node.lineno, alias.name, lazy)
    elif isinstance(node, ast.ImportFrom):
        origin = node.module or ""
        if node.level:
            package = path.parent.relative_to(ROOT).parts
            package = package[: len(package) - node.level + 1]
            origin = ".".join((*package, *filter(None, [node.module])))
        for alias in node.names:
            # `from workbench import graph` is an import of the module where there is one.
            dotted = f"{origin}.{alias.name}"
            known = top(origin) == "scipy" or _is_module(dotted)
            yield Import(path, node.lineno, dotted if known else origin, lazy)
    elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called = getattr(node.func, "attr", getattr(node.func, "id", None))
        if called in IMPORTING_CALLS and isinstance(node.args[0].value, str):
            yield Import(path, node.lineno, node.args[0].value, lazy)
    inside = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
        inside = True  # read by mypy alone
    for child in ast.iter_child_nodes(node):
        yield from _imports_below(child, path, inside)


def _is_module(dotted: str) -> bool:
    place = ROOT.joinpath(*dotted.split("."))
    return place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()


@functools.cache
def imports_of(package: str) -> list[Import]:
    """Every import statement in a package's modules."""
    files = sorted(p for p in (ROOT / package).rglob("*.py*") if p.suffix in {".py", ".pyi"})
    assert files, f"no module in {package}/"
    return [
        statement
        for file in files
        for statement in _imports_below(ast.parse(file.read_text("utf-8")), file, lazy=False)
    ]


def top(dotted: str) -> str:
    """The package that an import name starts with."""
    return dotted.partition(".")[0]


def room_of(path: Path) -> str:
    """The room that a file of a package belongs to: a folder, or a module at the top."""
    return path.relative_to(ROOT).parts[1].partition(".")[0]


def room_imported(name: str, package: str) -> str | None:
    """The room of a package that an import name reaches, or None outside the package."""
    if top(name) != package:
        return None
    return name.split(".")[1] if "." in name else "__init__"


def module_of(path: Path) -> str:
    """The dotted name of a file."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def listed(broken: list[Import]) -> str:
    return "\n".join(dict.fromkeys(map(str, broken)))


def rooms_there(package: str) -> set[str]:
    folder = ROOT / package
    return {p.parent.name for p in folder.glob("*/__init__.py")} | {
        p.stem for p in folder.glob("*.py")
    }


@pytest.mark.parametrize(("package", "rows"), [("workbench", ROOMS), ("widgets", PARTS_OF_WIDGETS)])
def test_imports_run_one_way(package: str, rows: list[set[str]]) -> None:
    placed = [room for row in rows for room in row]
    assert len(placed) == len(set(placed)), "a room stands twice in the table"
    assert rooms_there(package) - set(placed) == set(), "place the new rooms in the table"
    allowed: dict[str, set[str]] = {}
    earlier: set[str] = set()
    for row in rows:
        allowed |= {room: earlier | {room} for room in row}
        earlier = earlier | row
    broken = [
        statement
        for statement in imports_of(package)
        if (reached := room_imported(statement.name, package)) is not None
        and reached not in allowed[room_of(statement.path)]
    ]
    assert not broken, listed(broken)


def test_a_check_imports_no_other_check() -> None:
    """But for the verdict, the diagnostics and what every finding is; their table has them all."""
    folder = ROOT / "workbench" / "checks"
    broken = [
        statement
        for statement in imports_of("workbench")
        if statement.path.is_relative_to(folder)
        and statement.path != folder / "registry.py"
        and statement.name.startswith("workbench.checks.")
        and (other := statement.name.split(".")[2]) not in SHARED_BY_CHECKS
        and other != statement.path.relative_to(folder).parts[0]
    ]
    assert not broken, listed(broken)


def test_no_modules_import_each_other_in_a_circle() -> None:
    needs: dict[str, set[str]] = {}
    for package in ("workbench", "widgets"):
        for statement in imports_of(package):
            if top(statement.name) in ("workbench", "widgets"):
                needs.setdefault(module_of(statement.path), set()).add(statement.name)
    order = list(graphlib.TopologicalSorter(needs).static_order())  # a circle raises CycleError
    assert order.index("workbench.common.errors") < order.index("workbench")


def test_the_top_of_the_engine_can_be_taken_in_at_a_glance() -> None:
    there = [p.name for p in (ROOT / "workbench").iterdir() if p.name != "__pycache__"]
    assert len(there) <= ENTRIES, sorted(there)


def test_no_file_is_long() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for package in ("workbench", "widgets")
        for path in (ROOT / package).rglob("*")
        if path.suffix in {".py", ".js", ".css", ".j2"}
        and (lines := len(path.read_text("utf-8").splitlines())) > LONGEST
    }
    assert not long


@pytest.mark.parametrize("package", ["workbench", "widgets"])
def test_no_private_name_is_left_over(package: str) -> None:
    """What a file keeps to itself is used in it; what is decorated is used by its decorator."""
    left = []
    for file in (ROOT / package).rglob("*.py"):
        text = file.read_text("utf-8")
        for node in ast.parse(text).body:
            if isinstance(node, ast.Assign):
                names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            elif isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.decorator_list:
                names = [node.name]
            else:
                continue
            left += [
                f"{file.relative_to(ROOT)}:{node.lineno} {name}"
                for name in names
                if re.match(r"_[A-Za-z]", name) and len(re.findall(rf"\b{name}\b", text)) == 1
            ]
    assert not left


def test_the_engine_never_imports_the_interface() -> None:
    broken = [
        statement
        for statement in imports_of("workbench")
        if top(statement.name) in INTERFACE
        or (
            top(statement.name) == "widgets"
            and not (room_of(statement.path) == "cli" and statement.lazy)
        )
    ]
    assert not broken, listed(broken)


def test_heavy_packages_are_imported_in_one_place_and_only_when_called() -> None:
    broken = [
        statement
        for package in ("workbench", "widgets")
        for statement in imports_of(package)
        if (home := LAZY.get(top(statement.name))) is not None
        and not (statement.path.is_relative_to(ROOT / "workbench" / home) and statement.lazy)
    ]
    assert not broken, listed(broken)


def declared() -> dict[str, set[str]]:
    """The distributions that pyproject.toml names for the engine, by what asks for them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lists = {
        "core": project["dependencies"],
        "baselines": project["optional-dependencies"]["baselines"],
        "files": project["optional-dependencies"]["files"],
        "art": project["optional-dependencies"]["art"],
        "xgboost": project["optional-dependencies"]["xgboost"],
        "lightgbm": project["optional-dependencies"]["lightgbm"],
        "evidence": project["optional-dependencies"]["evidence"],
        "mlflow": project["optional-dependencies"]["mlflow"],
        "docx": project["optional-dependencies"]["docx"],
        "distributed": project["optional-dependencies"]["distributed"],
    }
    return {
        kind: {re.split(r"[^A-Za-z0-9_.-]", line)[0] for line in lines}
        for kind, lines in lists.items()
    }


def distribution(statement: Import) -> str:
    name = top(statement.name)
    return DISTRIBUTIONS.get(name, name)


def test_the_engine_imports_only_what_it_declares() -> None:
    known = declared()["core"] | {"workbench", "widgets"} | sys.stdlib_module_names
    when_called = known.union(*declared().values())
    broken = [
        statement
        for statement in imports_of("workbench")
        if distribution(statement) not in (when_called if statement.lazy else known)
    ]
    assert not broken, listed(broken)


def test_the_engine_declares_only_what_it_imports() -> None:
    imported = {distribution(statement) for statement in imports_of("workbench")}
    assert declared()["core"] - imported == set(), "nothing in workbench/ imports these"


def _python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("imported", "unwanted"),
    [
        ("import workbench", [*NOT_NEEDED, *WHEN_FIRST_USED]),
        ("from workbench import *", [*NOT_NEEDED, *PARTS_OF_SCIPY, "sklearn"]),
        ("import workbench.cli.commands", [*NOT_NEEDED, *PARTS_OF_SCIPY, "sklearn"]),
    ],
)
def test_importing_the_engine_loads_nothing_heavy(imported: str, unwanted: list[str]) -> None:
    done = _python(
        f"import sys\n{imported}\nfrom pathlib import Path\n"
        "assert Path(sys.modules['workbench'].__file__).parent == Path('workbench').resolve()\n"
        f"print([name for name in {unwanted} if name in sys.modules])"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_parts_of_scipy_load_when_first_used() -> None:
    """``import scipy`` costs little; ``from scipy import stats`` loads a quarter of SciPy."""
    broken = [
        statement
        for statement in imports_of("workbench")
        if statement.name.startswith("scipy.") and not statement.lazy
    ]
    assert not broken, listed(broken)


BLOCK = f"""
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {NOT_NEEDED}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
"""


def test_every_module_of_the_engine_loads_without_the_heavy_packages() -> None:
    done = _python(
        f"{BLOCK}\n"
        "import importlib, pkgutil, workbench\n"
        "for module in pkgutil.walk_packages(workbench.__path__, 'workbench.'):\n"
        "    importlib.import_module(module.name)\n"
        "    print(module.name)\n"
    )
    assert done.returncode == 0, done.stderr
    assert "workbench.common.errors" in done.stdout.split()


def test_the_block_of_the_test_above_holds() -> None:
    done = _python(f"{BLOCK}\nimport plotly.graph_objects")
    assert "ModuleNotFoundError: No module named 'plotly'" in done.stderr


def _text_files() -> Iterator[tuple[Path, str]]:
    """What a reader of the repository sees: no hidden folder but .ci, nothing generated."""
    generated = {"__pycache__", "build", "dist", "htmlcov", "node_modules", "test-results"}
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if name == ".ci" or not (name.startswith(".") or name in generated)
        ]
        for name in files:
            if name == ".git" or name.startswith(".coverage"):  # these hold the place of a run
                continue
            try:
                yield Path(folder, name), Path(folder, name).read_text("utf-8")
            except UnicodeDecodeError:
                continue


# In pieces, so that this file does not hold what it looks for.
# A module named registry, in a dotted name or as registry.py, is no host.
HOSTS = [
    "py" + r"pi\.org",
    "python" + "hosted",
    "npm" + r"js\.org",
    r"\bregistry\.[\w-]+\.(?:com|dev|io|net|org)\b",  # a host; `registry.freeze()` is none
]
FOLDERS = ["wo" + "rk", "fa" + "rm", "op" + "t", "ro" + "ot"]
FOREIGN = re.compile("|".join(HOSTS) + r"|(?<![\w.])/(" + "|".join(FOLDERS) + ")/")


def test_no_file_names_a_registry_or_a_place_on_one_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path, text in _text_files()
        for number, line in enumerate(text.splitlines(), start=1)
        if FOREIGN.search(line)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "https://files.python" + "hosted.org/x",
        "open('/wo" + "rk/main/x.csv')",
        "https://regis" + "try.yarnpkg.com/x",
        "regis" + "try.example.org",
    ],
)
def test_the_pattern_finds_what_it_looks_for(text: str) -> None:
    assert FOREIGN.search(text)
    assert not FOREIGN.search("https://archive.ics.uci.edu/network/dataset/2 and ../shared/data")
