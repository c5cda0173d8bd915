// Time stamps of RFC 3161, signed with RSA and SHA-2 by a certificate that the reader named.
import { EvidenceError, bigOfBigEndian, bytesOfHex, hexOf, joined, same, sha256, sha256Hex, sha384, sha512 } from "./bytes.js";
import { power } from "./edwards.js";

const [SEQUENCE, SET, OCTETS, OBJECT, INTEGER, TIME, CONTEXT] = [0x30, 0x31, 0x04, 0x06, 0x02, 0x18, 0xa0];
const HASHES = { "608648016503040201": sha256, "608648016503040202": sha384, "608648016503040203": sha512 };
const BROKEN = "The time stamp is not built as RFC 3161 has it.";

// A time stamp without the certificate that the reader names: to this reader it is none.
export class OtherAuthority extends EvidenceError {}
class Part {
  constructor(whole, start, content, end) {
    Object.assign(this, { whole, start, content, end, tag: whole[start] });
  }
  get inside() {
    return this.whole.slice(this.content, this.end);
  }
  get raw() {
    return this.whole.slice(this.start, this.end);
  }
  parts() {
    return parts(this.whole, this.content, this.end);
  }
  part(index, tag) {
    const held = this.parts()[index];
    if (!held || held.tag !== tag) throw new EvidenceError(BROKEN);
    return held;
  }
}
function parts(raw, start, end) {
  const held = [];
  while (start < end) {
    if (start + 2 > end) throw new EvidenceError("The time stamp breaks off.");
    let [length, content] = [raw[start + 1], start + 2];
    if (length & 128) {
      const more = length & 127;
      if (!(more > 0 && more <= 4) || content + more > end) throw new EvidenceError("The time stamp is not DER.");
      length = 0;
      for (let i = 0; i < more; i++) length = length * 256 + raw[content + i];
      content += more;
    }
    if (content + length > end) throw new EvidenceError("The time stamp breaks off.");
    held.push(new Part(raw, start, content, content + length));
    start = content + length;
  }
  return held;
}
function whole(raw, tag) {
  const held = parts(raw, 0, raw.length);
  if (held.length !== 1 || held[0].tag !== tag) throw new EvidenceError(BROKEN);
  return held[0];
}
const oid = (part) => hexOf(part.part(0, OBJECT).inside);

export function stampedAt(stamp, data, pin) {
  if (stamp.length > 100_000) throw new EvidenceError("A time stamp has at most 100,000 bytes.");
  const response = whole(stamp, SEQUENCE);
  if (!["00", "01"].includes(hexOf(response.part(0, SEQUENCE).part(0, INTEGER).inside))) throw new EvidenceError("The authority did not grant the time stamp.");
  const content = response.part(1, SEQUENCE);
  if (oid(content) !== "2a864886f70d010702") throw new EvidenceError("The time stamp holds no signed data.");
  const signed = content.part(1, CONTEXT).part(0, SEQUENCE);
  const held = signed.part(2, SEQUENCE);
  if (oid(held) !== "2a864886f70d0109100104") throw new EvidenceError("What the authority signed is no time stamp.");
  const information = held.part(1, CONTEXT).part(0, OCTETS).inside;
  const at = timeOf(information, data);
  checkSignature(signed, information, publicKey(signed, pin));
  return at;
}
function timeOf(information, data) {
  const held = whole(information, SEQUENCE);
  const imprint = held.part(2, SEQUENCE);
  const hash = HASHES[oid(imprint.part(0, SEQUENCE))];
  if (!hash) throw new EvidenceError("The time stamp is over a hash of another kind than SHA-2.");
  if (!same(imprint.part(1, OCTETS).inside, hash(data))) throw new EvidenceError("The time stamp is of other data.");
  const written = String.fromCharCode(...held.part(4, TIME).inside);
  const found = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d{1,9})?Z$/.exec(written);
  if (!found) throw new EvidenceError("The time stamp's time cannot be read.");
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number);
  const at = Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
  const again = new Date(at * 1000).toISOString().replace(/\D/g, "").slice(0, 14);
  if (again !== written.slice(0, 14)) throw new EvidenceError("The time stamp's time cannot be read.");
  return at;
}
function publicKey(signed, pin) {
  const certificates = signed.parts().slice(3).filter((part) => part.tag === CONTEXT).flatMap((part) => part.parts()).filter((part) => sha256Hex(part.raw) === pin.toLowerCase());
  if (!certificates.length) throw new OtherAuthority("The time stamp is not signed with the certificate that was named.");
  const fields = certificates[0].part(0, SEQUENCE).parts();
  const key = fields[fields.length && fields[0].tag === CONTEXT ? 6 : 5];
  if (!key || oid(key.part(0, SEQUENCE)) !== "2a864886f70d010101") throw new EvidenceError("The authority's key is not one of RSA.");
  const numbers = whole(key.part(1, 0x03).inside.slice(1), SEQUENCE);
  const [modulus, exponent] = [0, 1].map((i) => bigOfBigEndian(numbers.part(i, INTEGER).inside));
  if (!(modulus > 1n << 2000n && modulus < 1n << 8200n && exponent > 2n && exponent < 1n << 33n)) throw new EvidenceError("The authority's key is not one of RSA with at least 2,048 bits.");
  return [modulus, exponent];
}
function checkSignature(signed, information, [modulus, exponent]) {
  const signers = signed.parts().at(-1);
  if (signers.tag !== SET || signers.parts().length !== 1) throw new EvidenceError("The time stamp does not have one signer.");
  const signer = signers.part(0, SEQUENCE);
  const name = oid(signer.part(2, SEQUENCE));
  const hash = HASHES[name];
  const attributes = signer.part(3, CONTEXT);
  if (!hash) throw new EvidenceError("The time stamp is signed over a hash of another kind than SHA-2.");
  const said = new Map();
  for (const attribute of attributes.parts()) {
    const values = attribute.part(1, SET).parts();
    if (values.length) said.set(oid(attribute), hexOf(values[0].inside));
  }
  if (said.get("2a864886f70d010903") !== "2a864886f70d0109100104" || said.get("2a864886f70d010904") !== hexOf(hash(information))) throw new EvidenceError("The time stamp's signature is over something else.");
  const digest = hash(joined(Uint8Array.of(SET), attributes.raw.slice(1)));
  const id = bytesOfHex(name);
  const algorithm = joined(Uint8Array.of(SEQUENCE, id.length + 4, OBJECT, id.length), id, Uint8Array.of(5, 0));
  const inner = joined(algorithm, Uint8Array.of(OCTETS, digest.length), digest);
  const framed = joined(Uint8Array.of(SEQUENCE, inner.length), inner);
  const size = Math.ceil(modulus.toString(2).length / 8);
  const due = joined(Uint8Array.of(0, 1), new Uint8Array(size - 3 - framed.length).fill(255), Uint8Array.of(0), framed);
  const signature = signer.part(5, OCTETS).inside;
  const opened = power(bigOfBigEndian(signature), exponent, modulus);
  if (signature.length !== size || opened !== bigOfBigEndian(due)) throw new EvidenceError("The time stamp's signature does not hold.");
}
