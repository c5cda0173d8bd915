"""Time stamps of an offline authority, judged by us, by openssl and by rfc3161-client."""

from __future__ import annotations

import pytest

from tests.engine.evidence.time_authority import TimeAuthority, now, serving
from workbench.common.errors import EvidenceError
from workbench.evidence.keys import ask_for_time_stamp
from workbench.evidence.time_stamps import request_of, stamped_at

DATA = b"a checkpoint"


@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_a_stamp_says_when(authority: TimeAuthority, digest: str) -> None:
    stamp = authority.stamp(DATA, digest)
    assert abs(stamped_at(stamp, DATA, authority.pin) - now()) < 60
    assert authority.accepts(DATA, stamp)


def test_our_request_is_one_that_an_authority_answers(authority: TimeAuthority) -> None:
    stamp = authority.stamp_request(request_of(DATA))
    assert abs(stamped_at(stamp, DATA, authority.pin) - now()) < 60
    assert authority.accepts(DATA, stamp)


def test_rfc3161_client_reads_the_same_time(authority: TimeAuthority) -> None:
    client = pytest.importorskip("rfc3161_client")
    from cryptography import x509

    stamp = authority.stamp(DATA)
    root = x509.load_pem_x509_certificate((authority.folder / "root.crt").read_bytes())
    response = client.decode_timestamp_response(stamp)
    verifier = client.VerifierBuilder().add_root_certificate(root).build()
    assert verifier.verify_message(response, DATA)
    said = response.tst_info.gen_time.timestamp()
    assert stamped_at(stamp, DATA, authority.pin) == int(said)


def test_other_data_and_another_authority_are_refused(authority: TimeAuthority) -> None:
    stamp = authority.stamp(DATA)
    with pytest.raises(EvidenceError, match="other data"):
        stamped_at(stamp, DATA + b"x", authority.pin)
    with pytest.raises(EvidenceError, match="certificate that was named"):
        stamped_at(stamp, DATA, "00" * 32)


def test_a_flipped_bit_moves_no_time(authority: TimeAuthority) -> None:
    """Some bits are outside of what is signed (the status' text, other certificates)."""
    stamp = authority.stamp(DATA)
    due = stamped_at(stamp, DATA, authority.pin)
    refused = 0
    for place in range(len(stamp)):
        flipped = bytearray(stamp)
        flipped[place] ^= 1 << place % 8
        try:
            assert stamped_at(bytes(flipped), DATA, authority.pin) == due
        except EvidenceError:
            refused += 1
    assert refused > 0.8 * len(stamp)
    for end in range(0, len(stamp), 11):
        with pytest.raises(EvidenceError):
            stamped_at(stamp[:end], DATA, authority.pin)


def test_an_authority_is_asked_by_its_address_alone(authority: TimeAuthority) -> None:
    with serving(authority) as place:
        stamp = ask_for_time_stamp(DATA, f"{place}/stamp")
        assert abs(stamped_at(stamp, DATA, authority.pin) - now()) < 60
        with pytest.raises(EvidenceError, match="no time stamp of this data"):
            ask_for_time_stamp(DATA, f"{place}/other")
    with pytest.raises(EvidenceError, match="http address"):
        ask_for_time_stamp(DATA, "file:///etc/hostname")
    with pytest.raises(EvidenceError, match="gave no time stamp"):
        ask_for_time_stamp(DATA, f"{place}/stamp")
