"""Drafts for a lawyer: the certificate of BSA s. 63(4), and which claim supports which clause.

Hashes and algorithm are filled in; everything about persons, devices and control stays blank, to be
sworn by whoever can. A draft says nothing about whether a duty was met.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.evidence.claims import Claim
from workbench.evidence.commitments import sha256_hex
from workbench.evidence.dossier_files import MANIFEST, STATEMENT

__all__ = ["CLAUSES", "certificates_for"]

BLANK = "____________________"
ACT = "Certificate under section 63(4), Bharatiya Sakshya Adhiniyam 2023"
DRAFT = "DRAFT: not a certificate until a person has completed and signed it.\n\n"
CLAUSES: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    (
        "GDPR Art. 17(1)",
        "erasure without undue delay, on a ground of (a) to (f)",
        ("delta", "absent", "optimum", "in time"),
        "The ground, and copies outside the training set, are for the controller to state.",
    ),
    (
        "GDPR Art. 17(3)",
        "exceptions: freedom of expression, legal obligation, claims",
        (),
        "No claim of a dossier bears on an exception.",
    ),
    (
        "GDPR Art. 12(3)",
        "information on action taken within one month of receipt",
        ("request", "in time"),
        "An extension by two months and its reasons are for the controller to state.",
    ),
    (
        "GDPR Art. 5(2)",
        "accountability: being able to show it",
        ("signed", "log", "before", "rules"),
        "The dossier is one record among those that accountability asks for.",
    ),
    (
        "GDPR Art. 19",
        "notifying recipients of the erasure",
        (),
        "No claim of a dossier bears on recipients.",
    ),
    (
        "DPDP Act 2023 s. 5",
        "notice of purpose and rights",
        (),
        "The registry holds consents and purposes; the dossier does not show notices.",
    ),
    (
        "DPDP Act 2023 s. 8(7)",
        "erasing personal data when consent is withdrawn, and causing processors to",
        ("delta", "absent"),
        "Supports exclusion from training; storage elsewhere is for the fiduciary to state.",
    ),
    (
        "DPDP Act 2023 s. 12(3)",
        "a data principal's request for erasure",
        ("request", "delta", "absent", "receipt"),
        "Retention that a law requires is for the fiduciary to state.",
    ),
    (
        "DPDP Act 2023 s. 10",
        "significant data fiduciaries: audits and impact assessments",
        ("optimum", "reported", "log"),
        "A smaller fiduciary is not held to this section.",
    ),
    (
        "AI Act Annex IV 2(d), EDPB Opinion 28/2024",
        "where training data came from and how it was obtained",
        ("before", "rules"),
        "The provenance files name data roots and configuration, not their lawfulness.",
    ),
)
"""Clause, what it is about, the claims that support an answer, and what stays to be said."""


def certificates_for(files: Mapping[str, bytes], claims: Sequence[Claim]) -> dict[str, str]:
    """Return the drafts about a dossier, by file name (Markdown).

    Parameters
    ----------
    files : mapping of str to bytes
        The dossier.
    claims : sequence of Claim
        How it was judged.
    """
    return {
        "bsa-63-4-part-a.md": _part_a(files),
        "bsa-63-4-part-b.md": _part_b(files, claims),
        "clauses.md": _clauses(claims),
    }


def _hashes(files: Mapping[str, bytes]) -> str:
    lines = ["| file | bytes | SHA-256 |", "| --- | --- | --- |"]
    for name in (STATEMENT, MANIFEST, *sorted(set(files) - {STATEMENT, MANIFEST})):
        if name in files:
            lines.append(f"| {name} | {len(files[name]):,} | {sha256_hex(files[name])} |")
    return "\n".join(lines)


def _part_a(files: Mapping[str, bytes]) -> str:
    return f"""{DRAFT}# {ACT}: Part A (by the party)

I, {BLANK} (name), son/daughter/spouse of {BLANK}, residing at {BLANK},
employed as {BLANK}, do hereby solemnly affirm and sincerely state and submit as follows:

1. I have produced the electronic record listed below from the device: type {BLANK}, make {BLANK},
   model {BLANK}, serial number {BLANK}, identifier (IMEI/UIN/UID/MAC/cloud ID) {BLANK}.
2. The device was under the lawful control of {BLANK} and was regularly used for {BLANK}
   in the period {BLANK}; information of this kind was regularly fed into it in the ordinary
   course of {BLANK}.
3. Throughout that period the device was operating properly; or, where it was not: {BLANK}.
4. The device is owned / maintained / managed / operated by me: {BLANK} (strike out what does
   not apply).
5. The hash values of the electronic record, by the algorithm SHA-256, are:

{_hashes(files)}

Place {BLANK}   Date {BLANK}   Time {BLANK}   Signature {BLANK}
"""


def _part_b(files: Mapping[str, bytes], claims: Sequence[Claim]) -> str:
    judged = "\n".join(f"- {c.title}: {c.verdict}. Never says {c.cannot_say}." for c in claims)
    return f"""{DRAFT}# {ACT}: Part B (by the expert)

I, {BLANK} (name), {BLANK} (qualification), do hereby solemnly affirm and sincerely
state and submit as follows:

1. The electronic record listed below was handed to me by {BLANK} on {BLANK} on the medium {BLANK}.
2. I took its hash values by the algorithm SHA-256 with the program {BLANK} (version {BLANK}):

{_hashes(files)}

3. I ran the verifier whose SHA-256 is {BLANK}, obtained from {BLANK}. As a draft, to be replaced by
   what my own run printed:

{judged}

Place {BLANK}   Date {BLANK}   Time {BLANK}   Signature {BLANK}
"""


def _clauses(claims: Sequence[Claim]) -> str:
    judged = {held.name: held.verdict for held in claims}
    lines = [
        f"{DRAFT}# Which claim supports an answer to which clause\n",
        "A verdict is about a claim, never about a duty. To be completed by a lawyer.\n",
        "| clause | about | claims and their verdicts | left to be said |",
        "| --- | --- | --- | --- |",
    ]
    for clause, about, names, left in CLAUSES:
        said = ", ".join(f"{name} ({judged.get(name, 'not in the dossier')})" for name in names)
        lines.append(f"| {clause} | {about} | {said or 'none'} | {left} |")
    return "\n".join(lines) + "\n"
