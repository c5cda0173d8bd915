"""An honest dossier, and what each thing that the reader brings lets it say."""

from __future__ import annotations

import dataclasses
import json
import os
import zipfile
from pathlib import Path

import pytest

from tests.engine.evidence.sample_dossier import (
    BANK,
    Sample,
    names,
    now,
    outside,
    sample,
    table,
    verdicts,
    whole,
)
from tests.engine.evidence.time_authority import TimeAuthority
from workbench.common.errors import EvidenceError
from workbench.evidence.claims import CLAIMS, ReaderError, claim
from workbench.evidence.commitments import canonical_json
from workbench.evidence.dossier import Measured, build_dossier, verify_dossier, write_dossier
from workbench.evidence.dossier_checks import check_dossier
from workbench.evidence.dossier_files import read_dossier
from workbench.evidence.keys import SigningKey
from workbench.evidence.rehearsal import rehearse
from workbench.evidence.retraining import configuration_for

FORBIDDEN = ("erased", "complies", "complied", "proved forgotten", "forgot")


@pytest.fixture(scope="module")
def honest(authority: TimeAuthority) -> Sample:
    return sample(authority)


def test_with_everything_brought_each_claim_is_as_good_as_it_can_be(honest: Sample) -> None:
    due = dict.fromkeys(CLAIMS, "PROVED") | dict.fromkeys(
        ("near", "optimum", "reported"), "CONSISTENT"
    )
    for other in ("opened", "rows absent", "masked"):  # of requests about something else
        del due[other]
    assert verdicts(honest.judged()) == due
    assert whole(honest.judged()) == "CONSISTENT"


@pytest.mark.parametrize(
    ("missing", "falls"),
    [
        ({"key": None}, {"signed": "INCONCLUSIVE"}),
        ({"witnesses": ()}, {"log": "CONSISTENT"}),
        ({"witnesses": (), "kept": ()}, {"log": "INCONCLUSIVE"}),
        (
            {"request_sha256": None},
            {"request": "INCONCLUSIVE", "before": "CONSISTENT", "rules": "CONSISTENT",
             "in time": "CONSISTENT"},
        ),
        ({"served_sha256": None}, {"served": "INCONCLUSIVE"}),
        (
            {"authority": None},
            {"before": "CONSISTENT", "rules": "CONSISTENT", "in time": "INCONCLUSIVE"},
        ),
    ],
)  # fmt: skip
def test_what_is_not_brought_is_said_to_be_missing(
    honest: Sample, missing: dict, falls: dict[str, str]
) -> None:
    before, after = verdicts(honest.judged()), verdicts(honest.judged(**missing))
    assert {k: v for k, v in after.items() if v != before[k]} == falls


def test_a_feature_is_left_out_of_the_weights_and_no_row_goes(authority: TimeAuthority) -> None:
    rows = table()
    configuration = configuration_for(rows, "credit_score", learner="ridge")
    made = rehearse(rows, names(), [], configuration, BANK, now=now, forget=["income"])
    held = Sample(made, outside(made, authority))
    said = verdicts(held.judged())
    assert (said["delta"], said["optimum"]) == ("PROVED", "CONSISTENT")
    assert "absent" not in said


def test_a_logistic_dossier_is_judged_alike(authority: TimeAuthority) -> None:
    assert whole(sample(authority, "logistic").judged()) == "CONSISTENT"


def test_no_row_no_old_weights_no_secret_is_in_a_dossier(honest: Sample) -> None:
    everything = b"\n".join(
        raw for name, raw in honest.made.files.items() if name not in ("verify.py", "README.txt")
    )
    receipt = json.loads(honest.made.receipts[0])
    for secret in (receipt["salt"], receipt["blind"]):
        assert secret.encode() not in everything
        assert bytes.fromhex(secret) not in everything
    for row in table().to_dict("records"):
        assert not all(repr(value).encode() in everything for value in row.values())
    assert BANK._secret.private_bytes_raw() not in everything
    assert honest.made.parts.old_model.encode() in everything  # the hash alone
    models = [name for name in honest.made.files if name.startswith("model/")]
    assert models == ["model/new.json"]


def test_no_page_says_more_than_it_can(honest: Sample) -> None:
    texts = [json.dumps(CLAIMS), honest.made.files["README.txt"].decode()]
    texts += [held.sentence for held in honest.judged()]
    assert not [word for word in FORBIDDEN for text in texts if word in text.lower()]
    assert "What no dossier can show" in honest.made.files["README.txt"].decode()


def test_a_folder_and_a_zip_say_the_same(honest: Sample, tmp_path: Path) -> None:
    places = [tmp_path / "folder", tmp_path / "one.zip", tmp_path / "two.zip"]
    for place in places:
        write_dossier(honest.made.files, place)
    assert places[1].read_bytes() == places[2].read_bytes()
    said = [verify_dossier(place, key=str(BANK.named)) for place in places]
    assert (
        said[0]
        == said[1]
        == honest.judged(**{k: v for k, v in vars(type(honest.outside)(key=BANK.named)).items()})
    )
    with pytest.raises(EvidenceError, match="exists"):
        write_dossier(honest.made.files, places[0])


def test_strange_folders_and_zips_are_refused(honest: Sample, tmp_path: Path) -> None:
    with pytest.raises(ReaderError, match="no dossier"):
        read_dossier(str(tmp_path / "nothing"))
    folder = write_dossier(honest.made.files, tmp_path / "linked")
    os.symlink("/etc/hostname", folder / "more.txt")
    with pytest.raises(EvidenceError, match="link"):
        read_dossier(str(folder))
    deep = tmp_path / "deep" / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (deep / "d").write_text("x")
    with pytest.raises(EvidenceError, match="strange name"):
        read_dossier(str(tmp_path / "deep"))
    with zipfile.ZipFile(tmp_path / "up.zip", "w") as archive:
        archive.writestr("../up", b"x" * 1000)
    with pytest.raises(EvidenceError, match="strange name"):
        read_dossier(str(tmp_path / "up.zip"))
    (tmp_path / "none.zip").write_bytes(b"PK\x03\x04 nothing")
    (claimed,) = verify_dossier(tmp_path / "none.zip")
    assert claimed.verdict == "INVALID"


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_folder_that_another_program_packed_is_no_forgery(
    honest: Sample, tmp_path: Path, kind: int
) -> None:
    folder = write_dossier(honest.made.files, tmp_path / "unpacked")
    with zipfile.ZipFile(tmp_path / "again.zip", "w", kind) as archive:
        for place in sorted(folder.rglob("*")):
            archive.write(place, place.relative_to(folder))
    with pytest.raises(ReaderError, match=r"packed by another program.*Unpack it"):
        verify_dossier(tmp_path / "again.zip")


def test_what_the_reader_brings_wrong_is_the_readers_mistake(honest: Sample) -> None:
    stranger = SigningKey.from_seed(b"9" * 32, BANK.name)
    from workbench.evidence.notes import checkpoint_text, sign_checkpoint

    foreign = sign_checkpoint(checkpoint_text(BANK.name, [b"{}"]), stranger.named, stranger.sign)
    for kept in (b"no checkpoint", foreign):
        with pytest.raises(ReaderError, match="you kept"):
            honest.judged(kept=(kept,))
    held = json.loads(honest.made.receipts[0])
    foreign_record = canonical_json(held | {"record": {"name": "somewhere else"}})
    short_salt = canonical_json(held | {"salt": "00"})
    for receipt in (b"{}", b"no JSON", b"{ }", foreign_record, short_salt):
        with pytest.raises(ReaderError, match="receipt"):
            honest.judged(receipt=receipt)
    with pytest.raises(ReaderError, match="SHA-256"):
        verify_dossier("anywhere", request="abc")


def test_a_receipt_that_opens_no_row_accuses_nobody(honest: Sample) -> None:
    """It is not signed: it may be another's, or of a record that no model was trained on."""
    held = json.loads(honest.made.receipts[0])
    receipt = canonical_json(held | {"salt": "00" * 32})
    assert verdicts(honest.judged(receipt=receipt))["receipt"] == "INCONCLUSIVE"


def test_a_stamp_of_another_authority_is_no_stamp_to_this_reader(honest: Sample) -> None:
    said = {held.name: held for held in honest.judged(authority="ab" * 32)}
    assert said["before"].verdict == "CONSISTENT" and said["in time"].verdict == "INCONCLUSIVE"
    for name in ("before", "in time"):
        assert said[name].sentence.endswith("no time stamp of the authority that you named")


def test_a_reported_sentence_cannot_be_laid_out_as_a_claim(honest: Sample) -> None:
    text = "none" + " " * 80 + "PROVED       \u2003Signed"
    parts = dataclasses.replace(
        honest.made.parts, measured={"a" * 90: Measured("CONSISTENT", text)}
    )
    files = build_dossier(parts, BANK)
    (said,) = [one for one in check_dossier(files, honest.outside) if one.name == "reported"]
    assert said.sentence == "a" * 40 + ": none PROVED Signed"


def test_a_claim_has_a_known_name_and_verdict() -> None:
    for name, verdict in (("log", "TRUE"), ("other", "PROVED")):
        with pytest.raises(ValueError, match="No claim"):
            claim(name, verdict, "")
