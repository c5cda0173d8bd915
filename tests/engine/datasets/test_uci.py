"""The real tables: complete, decoded, with the published graphs, and clear when missing."""

from __future__ import annotations

import json
import shutil
from importlib import metadata, resources
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.common.errors import DataError
from workbench.datasets import adult, drug_consumption, german_credit, uci_files
from workbench.datasets.drug_graph import learn_drug_graph
from workbench.datasets.uci import DRUG_TIERS, DRUGS
from workbench.graph.proposal import propose_graph

pytestmark = pytest.mark.usefixtures("shared_data")


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No folder is named and the cache is empty: what is left is the download."""
    monkeypatch.delenv(uci_files.DATA_FOLDER, raising=False)
    cache = tmp_path / "cache"
    monkeypatch.setattr("pooch.os_cache", lambda _: cache)
    return cache


@pytest.fixture
def copy(shared_data: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    folder.mkdir()
    for path in shared_data.iterdir():
        shutil.copyfile(path, folder / path.name)
    return folder


def respell(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


# ---- the tables ----------------------------------------------------------------------------


def test_adult(shared_data: Path):
    found = adult(shared_data)
    data = found.data
    assert data.shape == (48_842, 15)
    assert len(found.features) == 12
    assert not {"fnlwgt", "education", "income"} & set(found.features)
    assert set(data["income"].unique()) == {0, 1}
    assert data["income"].sum() == 11_687
    by_sex = data.groupby("sex")["income"].mean()
    assert by_sex["Female"] - by_sex["Male"] == pytest.approx(-0.1945, abs=5e-5)
    # adult.data first, in order, then adult.test
    assert data.loc[0, "native-country"] == "United-States"
    assert data.loc[[0, 32_560, 32_561], "age"].tolist() == [39, 52, 25]
    missing = data.isna().sum()
    assert missing[missing > 0].to_dict() == {
        "workclass": 2_799,
        "occupation": 2_809,
        "native-country": 857,
    }
    text = data.select_dtypes(exclude="number")
    assert not any(text[c].dropna().str.contains(r"^\s|\s$|^\?$|\.$").any() for c in text)


def test_adult_graph(shared_data: Path):
    found = adult(shared_data)
    assert len(found.graph.edges) == 30
    assert set(found.graph.nodes) == {*found.features, "income"}
    assert set(found.graph.parents("income")) == {
        "sex",
        "age",
        "native-country",
        "marital-status",
        "education-num",
        "occupation",
        "hours-per-week",
        "workclass",
    }
    assert found.graph.parents("sex") == ()
    assert set(found.graph.parents("marital-status")) == {"sex", "age", "native-country"}
    assert ("education-num", "occupation") in found.graph.edges
    assert not found.graph.ancestors("race") and not found.graph.descendants("race")


def test_german_credit(shared_data: Path):
    found = german_credit(shared_data)
    data = found.data
    assert data.shape == (1_000, 22)
    assert len(found.features) == 20
    assert "sex" in found.features and "personal-status" not in found.features
    assert data["risk"].value_counts().to_dict() == {0: 700, 1: 300}
    assert (data["sex"] == "female").sum() == 310
    assert (data["sex"] == "female").equals(data["personal-status"].str.startswith("female"))
    first = data.iloc[0]
    assert (first["checking"], first["duration"], first["credit-amount"]) == ("<0", 6, 1169)
    assert (first["purpose"], first["housing"], first["age"]) == ("radio or television", "own", 67)
    assert (first["sex"], first["foreign-worker"], first["risk"]) == ("male", "yes", 0)
    assert data["checking"].value_counts()["none"] == 394
    assert not data.astype(str).apply(lambda c: c.str.fullmatch(r"A\d+").any()).any()


def test_german_graph(shared_data: Path):
    found = german_credit(shared_data)
    assert len(found.graph.edges) == 21
    assert set(found.graph.nodes) == {*found.features, "risk"}
    assert set(found.graph.children("sex")) == {"checking", "savings", "housing", "risk"}
    assert set(found.graph.parents("credit-amount")) == {"age", "checking", "savings", "housing"}
    assert len(found.graph.parents("risk")) == 7


def test_drug_consumption(shared_data: Path):
    found = drug_consumption(shared_data)
    assert found.data.shape == (1_885, 13)
    assert found.outcome == "cannabis_use"
    assert found.features == (
        *("age", "gender", "education", "country", "ethnicity"),
        *("nscore", "escore", "oscore", "ascore", "cscore"),
        *("impulsiveness", "sensation_seeking"),
    )
    raw = pd.read_csv(shared_data / "drug_consumption.data", header=None)
    recent = raw[18].isin(["CL3", "CL4", "CL5", "CL6"]).astype(int)  # 13 numbers, then cannabis 6th
    assert found.data["cannabis_use"].equals(recent.rename("cannabis_use"))
    assert np.array_equal(found.data[list(found.features)], raw[list(range(1, 13))])


def test_every_drug_is_an_outcome(shared_data: Path):
    for drug in DRUGS:
        found = drug_consumption(shared_data, drug=drug)
        assert found.outcome == f"{drug}_use"
        assert not found.graph.children(found.outcome)
        assert set(found.graph.nodes) == set(found.data.columns)
    # the fictitious drug: eight people claim to have used it, three within a year
    assert drug_consumption(shared_data, drug="semer").data["semer_use"].sum() == 3
    with pytest.raises(DataError, match=r"no drug 'canabis'. Did you mean 'cannabis'"):
        drug_consumption(shared_data, drug="canabis")


def test_drug_graph_is_what_lingam_learns(shared_data: Path):
    text = resources.files("workbench.datasets").joinpath("drug_consumption_graph.json").read_text()
    kept = json.loads(text)
    assert (kept["rows"], kept["seed"]) == (1_885, 0)
    assert kept["tiers"] == [list(tier) for tier in DRUG_TIERS]
    assert kept["packages"]["causal-learn"]
    made = learn_drug_graph(shared_data, seed=kept["seed"])
    assert set(made) == set(kept)
    for part in ("edges", "causes_of_use", "threshold", "rows"):
        assert made[part] == kept[part], part
    if metadata.version("causal-learn") == kept["packages"]["causal-learn"]:
        assert json.dumps(made, indent=1) == text.rstrip("\n")


def test_drug_graph_keeps_time_and_only_strong_edges(shared_data: Path):
    found = drug_consumption(shared_data)
    tier = {v: i for i, names in enumerate(found.tiers) for v in names}
    assert all(tier[cause] <= tier[effect] for cause, effect in found.graph.edges)
    assert not set(product(DRUG_TIERS[0], DRUG_TIERS[0])) & set(found.graph.edges)
    features = found.data[list(found.features)]
    proposed = propose_graph(features, method="lingam", tiers=DRUG_TIERS, seed=0).graph
    learned = {edge for edge in found.graph.edges if edge[1] != found.outcome}
    assert 10 < len(learned) < len(proposed.edges)
    assert learned < set(proposed.edges)


# ---- where the files come from -------------------------------------------------------------


def test_the_environment_names_the_folder(shared_data: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CAFE_WORKBENCH_DATA", str(shared_data))
    assert len(german_credit().data) == 1_000


@pytest.mark.parametrize("load", [adult, german_credit, drug_consumption])
def test_offline_the_error_says_both_ways(load, alone: Path, monkeypatch: pytest.MonkeyPatch):
    def offline(*_: object, **__: object) -> None:
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr("pooch.retrieve", offline)
    with pytest.raises(DataError) as caught:
        load()
    message = str(caught.value)
    assert "Go online" in message
    assert "folder=" in message and "CAFE_WORKBENCH_DATA" in message
    assert str(alone) in message


def serve(monkeypatch: pytest.MonkeyPatch, content: bytes) -> list[str]:
    asked: list[str] = []

    def retrieve(url: str, known_hash: None, fname: str, path: Path) -> str:
        asked.append(url)
        path.mkdir(parents=True, exist_ok=True)
        (path / fname).write_bytes(content)
        return str(path / fname)

    monkeypatch.setattr("pooch.retrieve", retrieve)
    return asked


def test_a_download_is_kept_whatever_its_line_endings(
    shared_data: Path, alone: Path, monkeypatch: pytest.MonkeyPatch
):
    content = (shared_data / "german.data").read_bytes().replace(b"\n", b" \r\n") + b"\r\n"
    asked = serve(monkeypatch, content)
    assert german_credit().data.equals(german_credit(shared_data).data)
    assert german_credit().data.shape == (1_000, 22)
    assert len(asked) == 1 and asked[0].startswith("https://archive.ics.uci.edu/")
    assert (alone / "german.data").is_file()


def test_a_download_with_other_content_is_refused_and_removed(
    shared_data: Path, alone: Path, monkeypatch: pytest.MonkeyPatch
):
    serve(monkeypatch, (shared_data / "german.data").read_bytes().replace(b"1169", b"1170"))
    with pytest.raises(DataError, match="is not the file known by that name"):
        german_credit()
    assert not (alone / "german.data").exists()


def test_the_comment_of_the_original_test_file_is_skipped(copy: Path, shared_data: Path):
    path = copy / "adult.test"
    path.write_text("|1x3 Cross validator\n" + path.read_text() + "\n")
    assert adult(copy).data.equals(adult(shared_data).data)


def test_a_missing_file_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(DataError, match=r"no file 'german.data' in .*given by folder="):
        german_credit(tmp_path)
    monkeypatch.setenv("CAFE_WORKBENCH_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"given by CAFE_WORKBENCH_DATA"):
        german_credit()


# ---- malformed files -----------------------------------------------------------------------


def test_an_unknown_code_names_file_and_line(copy: Path):
    respell(copy / "german.data", "\nA12 48 A32 A43", "\nA12 48 A32 A99")
    with pytest.raises(DataError, match=r"german.data, line 2: 'A99' is no 'purpose' \(known: "):
        german_credit(copy)


def test_a_number_that_is_none_names_file_and_line(copy: Path):
    respell(copy / "adult.data", "\n50, Self", "\nfifty, Self")
    with pytest.raises(DataError, match=r"adult.data, line 2: 'fifty' is no 'age'"):
        adult(copy)


def test_a_short_line_names_file_and_line(copy: Path):
    respell(copy / "drug_consumption.data", "2,-0.07854,-0.48246", "2,-0.07854")
    with pytest.raises(DataError, match=r"drug_consumption.data, line 2: 31 fields, but 32 are"):
        drug_consumption(copy)


def test_an_incomplete_file_is_refused(copy: Path):
    path = copy / "adult.test"
    path.write_text("\n".join(path.read_text().splitlines()[:100]))
    with pytest.raises(DataError, match=r"adult.test: 100 rows, but the original file has 16,281"):
        adult(copy)


def test_a_file_that_is_no_text_is_refused(copy: Path):
    (copy / "german.data").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="cannot be read as text"):
        german_credit(copy)
