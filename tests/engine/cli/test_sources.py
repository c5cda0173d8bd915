"""An endpoint on the command line, against a server on loopback; its token is nowhere."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

import workbench as wb
from workbench.cli.commands import app

SECRET = "s3cret-Token.42"
READ = "neighborhood_income"


def score(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-(values.astype(float) - 50) / 15))


class Served:
    """What the server was asked, and whom it answers."""

    def __init__(self) -> None:
        self.tokens: set[str | None] = set()
        self.paths: set[str] = set()
        self.rows = self.requests = 0
        self.wanted: str | None = f"Bearer {SECRET}"
        self.url = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        sent = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        token = handler.headers["Authorization"]
        self.tokens.add(token)
        self.paths.add(handler.path)
        self.requests += 1
        if self.wanted is not None and token != self.wanted:
            handler.send_error(401)
            return
        if "inputs" in sent:
            by_name = {part["name"]: part for part in sent["inputs"]}
            values = np.array(by_name[READ]["data"])
            found: dict[str, object] = {
                "outputs": [
                    {
                        "name": "score",
                        "datatype": "FP64",
                        "shape": [len(values)],
                        "data": score(values).tolist(),
                    }
                ]
            }
        else:
            split = sent["dataframe_split"]
            values = pd.DataFrame(split["data"], columns=split["columns"])[READ].to_numpy()
            found = {"predictions": score(values).tolist()}
        self.rows += len(values)
        content = json.dumps(found).encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)


@pytest.fixture
def served() -> Iterator[Served]:
    found = Served()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join(20)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    world = wb.datasets.loan(400, seed=3)
    world.data.to_csv(tmp_path / "loan.csv", index=False)
    world.graph.write(tmp_path / "graph.json")
    return tmp_path


def run(folder: Path, served: Served, *more: object) -> Result:
    arguments = [
        *("audit", "--data", folder / "loan.csv", "--graph", folder / "graph.json"),
        *("--outcome", "approved", "--target", "zip_code"),
        *("--endpoint", served.url, "--features", READ, *more),
    ]
    return CliRunner().invoke(app, [str(part) for part in arguments])


@pytest.mark.parametrize(
    ("protocol", "path"),
    [("mlflow", "/invocations"), ("open-inference", "/v2/models/loan")],
)
def test_an_endpoint_is_audited_like_the_model_behind_it(
    folder: Path, served: Served, monkeypatch: pytest.MonkeyPatch, protocol: str, path: str
) -> None:
    monkeypatch.setenv("LOAN_TOKEN", SECRET)
    served.url += path
    written = folder / "audit.json"
    done = run(
        *(folder, served, "--protocol", protocol, "--token-from", "LOAN_TOKEN"),
        *("--method", "cafe", "--method", "fuzzing", "--json", written, "--code"),
        *("--html", folder / "audit.html", "--csv", folder / "audit.csv"),
    )
    assert done.exit_code == 1, done.output
    world = wb.datasets.loan(400, seed=3)
    model = wb.BlackBoxModel(lambda rows: score(rows[READ].to_numpy()), [READ])
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome="approved")
    expected = wb.audit(case, wb.UnlearningTarget.feature("zip_code"), ("cafe", "fuzzing"))
    report = wb.read_report(written)
    for kind in ("cafe", "fuzzing"):
        total = report.effects.of(kind)["zip_code"].total
        assert total.value == pytest.approx(expected.effects.of(kind)["zip_code"].total.value)
    asked = sum(report.provenance.queries.values())
    assert asked == sum(expected.provenance.queries.values()) > 0
    assert served.rows == asked + 400, "and each row once for the case"
    assert served.tokens == {f"Bearer {SECRET}"}
    texts = [done.output, *(p.read_text("utf-8") for p in folder.glob("audit.*"))]
    assert not any(SECRET in text for text in texts)
    assert "\"Bearer \" + os.environ['LOAN_TOKEN']" in done.stdout


def test_the_code_asks_the_endpoint_again(
    folder: Path, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOAN_TOKEN", SECRET)
    served.url += "/invocations"
    done = run(
        *(folder, served, "--protocol", "mlflow", "--token-from", "LOAN_TOKEN"),
        *("--method", "cafe", "--quiet", "--json", folder / "audit.json", "--code"),
    )
    assert done.exit_code == 1, done.output
    names: dict[str, object] = {}
    code = done.stdout[done.stdout.index("import pandas") :]
    exec(code, names)
    again, first = names["report"], wb.read_report(folder / "audit.json")
    assert isinstance(again, wb.AuditReport)
    assert again.effects["zip_code"].total.value == first.effects["zip_code"].total.value
    assert again.provenance.model_fingerprint == first.provenance.model_fingerprint


@pytest.mark.parametrize("given", [(), ("--token-from", "OTHER_TOKEN")])
def test_whom_the_endpoint_refuses_is_told_so(
    folder: Path, served: Served, monkeypatch: pytest.MonkeyPatch, given: tuple[str, ...]
) -> None:
    monkeypatch.setenv("OTHER_TOKEN", "another-token")
    monkeypatch.setenv("MODEL_TOKEN", SECRET)  # nobody named it, so nobody is sent it
    served.url += "/invocations"
    done = run(folder, served, "--protocol", "mlflow", "--method", "cafe", *given)
    assert done.exit_code == 2 and "401" in done.output
    assert "another-token" not in done.output
    assert served.tokens == {None if not given else "Bearer another-token"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("--token-from", f"{SECRET}!"), "give its name"),
        (("--token-from", "UNSET_TOKEN"), "is not set"),
        (("--protocol", "grpc"), "--protocol 'grpc' is unknown"),
        (("--model", "m.skops"), "one of --model file.skops, --predictions column or --endpoint"),
    ],
)
def test_what_does_not_go_together_asks_nothing(
    folder: Path, served: Served, given: tuple[str, ...], words: str
) -> None:
    done = run(folder, served, *given)
    assert done.exit_code == 2 and words in " ".join(done.output.split())
    assert served.requests == 0 and SECRET not in done.output


def test_options_of_an_endpoint_need_one(folder: Path) -> None:
    arguments = ["audit", "--data", folder / "loan.csv", "--graph", folder / "graph.json"]
    arguments += ["--predictions", "approved", "--features", READ, "--token-from", "X"]
    done = CliRunner().invoke(app, [str(part) for part in arguments])
    assert done.exit_code == 2 and "--token-from belongs to --endpoint" in done.output
    done = CliRunner().invoke(app, ["audit", "loan", "--endpoint", "http://127.0.0.1:1"])
    assert done.exit_code == 2 and "--endpoint belongs to files of your own" in " ".join(
        done.output.split()
    )


def test_the_addresses_that_may_be_asked_hold_here_too(
    folder: Path, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAFE_WORKBENCH_ENDPOINTS", '["https://models.example.org/"]')
    served.url += "/invocations"
    done = run(folder, served, "--protocol", "mlflow")
    assert done.exit_code == 2 and served.requests == 0
