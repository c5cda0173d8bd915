"""``verify.py``: made from the modules, standard library alone, in a clean environment."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.engine.evidence.sample_dossier import BANK, sample
from tests.engine.evidence.time_authority import TimeAuthority
from workbench.evidence.dossier import write_dossier
from workbench.evidence.verifier import verifier_source
from workbench.evidence.verify_command import verify_command

STORED = Path(__file__).resolve().parents[3] / "verifier" / "verify.py"


def test_the_stored_verifier_is_the_one_that_the_modules_make() -> None:
    assert STORED.read_text("utf-8") == verifier_source(), (
        "run: cafe-workbench evidence verifier --output verifier/verify.py"
    )


def program() -> str:
    """Return the text in ``verify.py`` that is run."""
    (text,) = [
        node.value.value
        for node in ast.parse(STORED.read_text("utf-8")).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    ]
    return str(text)


def test_every_python_reads_as_far_as_the_refusal_of_old_ones() -> None:
    """Python ends with 1 where it cannot read a file, and 1 says CONSISTENT."""
    tree = ast.parse(verifier_source(), feature_version=(3, 4))
    plain = {
        "Module", "Expr", "Constant", "Import", "alias", "If", "Compare", "Attribute", "Name",
        "Load", "Store", "Lt", "Tuple", "Call", "Assign", "Try", "ExceptHandler", "BinOp", "Mult",
        "Add", "Mod", "Eq",
    }  # fmt: skip
    assert {type(node).__name__ for node in ast.walk(tree)} == plain
    named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert "print" not in named
    refusal, run = tree.body[2], tree.body[4]
    assert isinstance(refusal, ast.If) and isinstance(run, ast.Try)


@pytest.mark.parametrize("lacks", ["zlib", "zipfile"])
def test_a_python_that_lacks_a_part_ends_without_a_verdict(lacks: str, tmp_path: Path) -> None:
    text = f"import sys; sys.modules[{lacks!r}] = None; sys.argv = ['verify.py', 'x']\n"
    text += f"exec(compile(open({str(STORED)!r}, encoding='utf-8').read(), 'verify.py', 'exec'),"
    text += " {'__name__': '__main__', '__file__': 'verify.py'})"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", text], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "could not run" in done.stderr and lacks in done.stderr


def test_a_fault_is_told_with_the_line_of_the_file() -> None:
    lines = verifier_source().splitlines()
    padded = "\n" * (lines.index("PROGRAM = r'''")) + program()
    assert padded.splitlines()[600] == lines[600]


def test_it_imports_the_standard_library_alone_and_reads_on_python_3_9() -> None:
    tree = ast.parse(program(), feature_version=(3, 9))
    imported = {
        (node.module or "").split(".")[0] if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported <= sys.stdlib_module_names
    assert not imported & {"socket", "urllib", "http", "subprocess", "ssl", "ctypes", "pickle"}


def test_nothing_in_it_is_newer_than_python_3_9(tmp_path: Path) -> None:
    """Syntax and every name of the standard library, by the tool that knows when each came."""
    (tmp_path / "program.py").write_text(program(), "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "import vermin; vermin.main()", "-t=3.9-", "--no-tips",
         "--eval-annotations", str(tmp_path / "program.py")],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Minimum required versions: 3." in done.stdout


def _runs(program: str, version: str) -> bool:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([program, "-I", "-S", "-c", code], capture_output=True, text=True)
    except OSError:
        return False
    return done.stdout.strip() == version


def older(version: str) -> str | None:
    """Return a Python of this version: on the path, or one that pyenv keeps."""
    kept = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    found = [shutil.which(f"python{version}"), *map(str, kept)]
    return next((one for one in found if one and _runs(one, version)), None)


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.12", "3.13"])
def test_other_pythons_judge_as_this_one(
    version: str, authority: TimeAuthority, tmp_path: Path
) -> None:
    program = older(version)
    if program is None:
        pytest.skip(f"no Python {version} is on this machine")
    held = sample(authority, "ridge")
    write_dossier(held.made.files, tmp_path / "dossier")
    (tmp_path / "receipt.json").write_bytes(held.made.receipts[0])
    done = subprocess.run(
        [program, "-I", "-S", str(STORED), str(tmp_path / "dossier"), "--key", str(BANK.named),
         "--receipt", str(tmp_path / "receipt.json"), "--authority", authority.pin, "--json"],
        capture_output=True, text=True, env={}, timeout=300,
    )  # fmt: skip
    assert not done.stderr, done.stderr
    judged = held.judged(kept=(), witnesses=(), request_sha256=None, served_sha256=None)
    assert json.loads(done.stdout)["claims"] == [[c.name, c.verdict, c.sentence] for c in judged]


@pytest.fixture(scope="module")
def folder(authority: TimeAuthority, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("dossier")
    made = sample(authority).made
    write_dossier(made.files, place / "dossier")
    (place / "receipt.json").write_bytes(made.receipts[0])
    (place / "kept").write_bytes(made.kept)
    return place


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the dossier's own copy with nothing around it."""
    program = shutil.which("python3") or sys.executable
    return subprocess.run(
        [program, "-I", "-S", "dossier/verify.py", *words],
        cwd=folder, env={}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_it_runs_where_nothing_is_installed(folder: Path) -> None:
    done = run(folder, "--key", str(BANK.named), "--receipt", "receipt.json")
    assert done.returncode == 3, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("PROVED       Signed by the key")
    assert sum(line.startswith("PROVED") for line in lines) == 5
    assert lines[-1].endswith("INCONCLUSIVE")
    assert "never says:" in done.stdout
    assert "What no dossier can show" in done.stdout


def test_the_exit_status_is_the_weakest_claims(folder: Path, authority: TimeAuthority) -> None:
    made = sample(authority).made
    from tests.engine.evidence.sample_dossier import WITNESS

    everything = [
        "--key", str(BANK.named), "--authority", authority.pin, "--witness", str(WITNESS.named),
        "--checkpoint", "kept", "--request", made.request_sha256,
        "--served", "dossier/model/new.json", "--receipt", "receipt.json",
    ]  # fmt: skip
    assert run(folder, *everything).returncode == 1
    assert run(folder, *everything[:-4], "--served", "0" * 64).returncode == 4
    changed = folder / "changed"
    shutil.copytree(folder / "dossier", changed)
    (changed / "README.txt").write_text("x")
    done = run(folder, "changed", "--key", str(BANK.named))
    assert done.returncode == 5
    assert "is changed: README.txt.\n" in done.stdout
    done = run(folder, "dossier", "--key", "nonsense")
    assert (done.returncode, done.stdout) == (2, "")
    assert "could not run" in done.stderr


def test_the_package_says_what_the_file_says(folder: Path, capsys: pytest.CaptureFixture) -> None:
    done = run(folder, "--key", str(BANK.named), "--json")
    assert verify_command([str(folder / "dossier"), "--key", str(BANK.named), "--json"]) == 3
    assert json.loads(capsys.readouterr().out) == json.loads(done.stdout)


def test_what_a_file_manager_left_is_no_fault_of_the_dossier(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    shutil.copytree(folder / "dossier", tmp_path / "dossier")
    for name in (".DS_Store", "model/._new.json", "Thumbs.db", "desktop.ini"):
        (tmp_path / "dossier" / name).write_bytes(b"")
        assert verify_command([str(tmp_path / "dossier")]) == 2
        said = capsys.readouterr()
        assert name in said.err and "delete it" in said.err and not said.out
        (tmp_path / "dossier" / name).unlink()


@pytest.mark.parametrize("fault", [PermissionError(13, "Permission denied", "f"), KeyError("x")])
def test_what_ends_the_verifier_never_ends_it_with_a_status_of_a_verdict(
    folder: Path, fault: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """Python ends with 1 by itself, and 1 says CONSISTENT."""

    def failing(path: str) -> None:
        raise fault

    monkeypatch.setattr("workbench.evidence.dossier_files.os.scandir", failing)
    assert verify_command([str(folder / "dossier")]) == 2
    said = capsys.readouterr()
    assert "could not run" in said.err and not said.out


@pytest.mark.parametrize("version", ["3.7", "3.8"])
def test_a_python_that_is_too_old_says_so(version: str) -> None:
    program = older(version)
    if program is None:
        pytest.skip(f"no Python {version} is on this machine")
    done = subprocess.run([program, str(STORED)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "verify.py needs Python 3.9 or newer.\n"


def test_what_is_no_key_is_not_said_back(folder: Path, capsys: pytest.CaptureFixture) -> None:
    assert verify_command([str(folder), "--key", "PRIVATE+of+somebody"]) == 2
    said = capsys.readouterr()
    assert "neither a file's name nor a key" in said.err and "somebody" not in said.err + said.out


def test_a_mistyped_key_is_called_a_key(folder: Path, capsys: pytest.CaptureFixture) -> None:
    name, _, encoded = str(BANK.named).split("+", 2)
    (folder / "mistyped").write_text(mistyped := f"{name}+00000000+{encoded}")
    for given in (mistyped, str(folder / "mistyped")):
        assert verify_command([str(folder), "--key", given]) == 2
        said = capsys.readouterr().err
        assert "00000000: a typing error?" in said
        assert "no key" not in said and "nor a key" not in said


def test_no_claim_ends_with_two_full_stops(folder: Path, capsys: pytest.CaptureFixture) -> None:
    (folder / "broken.zip").write_bytes(b"PK\3\4 no more")
    with ZipFile(folder / "outside.zip", "w") as archive:
        archive.writestr("../x", "x")
    for name in ("broken.zip", "outside.zip"):
        assert verify_command([str(folder / name)]) == 5
        (opened,) = [line for line in capsys.readouterr().out.splitlines() if "is whole: " in line]
        assert opened.endswith(".") and not opened.endswith("..")
