// Trees, signed notes, statements and the log's entries.
import { EvidenceError, ReaderError, base64Of, bytesOfBase64, bytesOfHex, canonical, canonicalText, hexOf, isObject, joined, readCanonical, same, sha256, sha256Hex, textOf, utf8 } from "./bytes.js";
import { isSignature } from "./edwards.js";

export const LEAF = 96;
export function readLeaves(raw, what) {
  if (raw.length % LEAF) throw new EvidenceError(`${what} has ${raw.length} bytes, no multiple of ${LEAF}.`);
  const leaves = [];
  for (let i = 0; i < raw.length; i += LEAF) leaves.push(raw.subarray(i, i + LEAF));
  const texts = leaves.map(hexOf);
  for (let i = 1; i < texts.length; i++) if (texts[i - 1] >= texts[i]) throw new EvidenceError(`${what} is not in strictly rising order at leaf ${i}.`);
  return { leaves, texts };
}
export function treeRoot(leaves) {
  if (!leaves.length) return sha256(new Uint8Array());
  let level = leaves.map((leaf) => sha256(joined(Uint8Array.of(0), leaf)));
  while (level.length > 1) {
    const next = [];
    for (let i = 0; i < level.length; i += 2) next.push(i + 1 < level.length ? sha256(joined(Uint8Array.of(1), level[i], level[i + 1])) : level[i]);
    level = next;
  }
  return level[0];
}

const DASH = "\u2014 ";
const isName = (name) => name.length > 0 && name.length <= 200 && !/[\s+\u2014\u0000-\u001f\u007f]/.test(name);
const keyId = (name, kind, key) => sha256(joined(utf8(`${name}\n`), Uint8Array.of(kind), key)).slice(0, 4);
export function readKey(text) {
  const [name, id, ...rest] = text.trim().split("+");
  const raw = bytesOfBase64(rest.join("+"), "The key");
  if (raw.length !== 33 || ![1, 4].includes(raw[0]) || !isName(name)) throw new EvidenceError("A key has the form name+id+key.");
  const key = { name, kind: raw[0], key: raw.slice(1) };
  key.id = keyId(name, key.kind, key.key);
  if (hexOf(key.id) !== id) throw new EvidenceError(`The key of ${name} does not have the id ${id}: mistyped?`);
  key.text = `${name}+${id}+${base64Of(raw)}`;
  return key;
}
export function readCheckpoint(raw, what = "The checkpoint") {
  if (raw.length > 100_000) throw new EvidenceError(`${what} is longer than 100,000 bytes.`);
  const text = textOf(raw, what);
  const cut = text.lastIndexOf("\n\n");
  const parts = text.slice(0, Math.max(cut, 0)).split("\n");
  if (cut < 0 || parts.length !== 3 || !isName(parts[0]) || !text.endsWith("\n")) throw new EvidenceError(`${what} is not a name, a size and a root, followed by signatures.`);
  if (!/^(0|[1-9][0-9]{0,15})$/.test(parts[1])) throw new EvidenceError(`${what} names no size.`);
  const root = bytesOfBase64(parts[2], "The checkpoint's root");
  if (root.length !== 32) throw new EvidenceError(`${what} names no root of 32 bytes.`);
  const signatures = text.slice(cut + 2, -1).split("\n").map((line) => {
    const space = line.indexOf(" ", DASH.length);
    const name = line.slice(DASH.length, space < 0 ? undefined : space);
    if (!line.startsWith(DASH) || !isName(name)) throw new EvidenceError(`${what} holds a line that is no signature.`);
    return { name, raw: bytesOfBase64(space < 0 ? "" : line.slice(space + 1), "A signature") };
  });
  return { origin: parts[0], size: Number(parts[1]), root, text: `${parts.join("\n")}\n`, signatures };
}
export const isSignedBy = (checkpoint, key) =>
  key.name === checkpoint.origin && checkpoint.signatures.some(({ name, raw }) => name === key.name && same(raw.slice(0, 4), key.id) && isSignature(key.key, utf8(checkpoint.text), raw.slice(4)));
export const isCosignedBy = (checkpoint, witness) =>
  checkpoint.signatures.some(({ name, raw }) => {
    if (name !== witness.name || raw.length !== 76 || !same(raw.slice(0, 4), witness.id)) return false;
    const at = new DataView(raw.slice(4, 12).buffer).getBigUint64(0);
    return isSignature(witness.key, utf8(`cosignature/v1\ntime ${at}\n${checkpoint.text}`), raw.slice(12));
  });

const PAYLOAD = "application/vnd.in-toto+json";
export function openStatement(raw, key) {
  const envelope = readCanonical(raw, "The statement's envelope");
  const signature = isObject(envelope) && Array.isArray(envelope.signatures) && envelope.signatures.length === 1 ? envelope.signatures[0] : null;
  if (!isObject(signature)) throw new EvidenceError("The statement's envelope is not one of DSSE.");
  const payload = bytesOfBase64(envelope.payload, "The payload");
  const held = bytesOfBase64(signature.sig, "The signature");
  if (signature.keyid !== sha256Hex(key)) throw new EvidenceError("The statement is signed by another key than the one given.");
  const rebuilt = { payloadType: PAYLOAD, payload: base64Of(payload), signatures: [{ keyid: sha256Hex(key), sig: base64Of(held) }] };
  const signed = joined(utf8(`DSSEv1 ${PAYLOAD.length} ${PAYLOAD} ${payload.length} `), payload);
  if (canonicalText(envelope) !== canonicalText(rebuilt) || !isSignature(key, signed, held)) throw new EvidenceError("The statement's signature does not hold.");
  const statement = readCanonical(payload, "The statement");
  const fits = isObject(statement) && Array.isArray(statement.subject) && statement.subject.every((part) => isObject(part) && isObject(part.digest) && typeof part.name === "string");
  if (!fits) throw new EvidenceError("The statement is not one of in-toto.");
  if (statement._type !== "https://in-toto.io/Statement/v1" || statement.predicateType !== "https://cafe-workbench.example/exclusion-from-training/v1" || !isObject(statement.predicate))
    throw new EvidenceError("The statement is of another kind than a dossier's.");
  return { subjects: new Map(statement.subject.map((part) => [part.name, part.digest.sha256])), predicate: statement.predicate };
}

export function readLog(raw) {
  if (!raw.length || raw[raw.length - 1] !== 10) throw new EvidenceError("The log is not one entry a line.");
  const lines = [];
  let start = 0;
  for (let end = raw.indexOf(10); end >= 0; end = raw.indexOf(10, start)) {
    lines.push(raw.subarray(start, end));
    start = end + 1;
  }
  if (lines.length > 200_000) throw new EvidenceError("The log is longer than 200,000 entries.");
  const entries = lines.map((line, i) => {
    const entry = readCanonical(line, `Entry ${i} of the log`);
    if (!isObject(entry) || typeof entry.kind !== "string") throw new EvidenceError(`Entry ${i} of the log names no kind.`);
    return entry;
  });
  return { lines, entries };
}
export function findEntry(entries, kind, held, first = false) {
  const found = [];
  entries.forEach((entry, i) => {
    if (entry.kind === kind && Object.entries(held).every(([key, value]) => entry[key] === value)) found.push(i);
  });
  if (found.length !== 1 && !(first && found.length)) throw new EvidenceError(`The log holds ${found.length} entries of kind ${kind}, not one.`);
  return found[0];
}
function isConsistent(oldSize, oldRoot, size, root, path) {
  // RFC 9162, 2.1.4.2
  if (!(oldSize > 0 && oldSize <= size)) return false;
  if (oldSize === size) return !path.length && same(oldRoot, root);
  const steps = Number.isInteger(Math.log2(oldSize)) ? [oldRoot, ...path] : [...path];
  if (!steps.length) return false;
  const half = (value) => Math.floor(value / 2);
  const node = (left, right) => sha256(joined(Uint8Array.of(1), left, right));
  let [position, last] = [oldSize - 1, size - 1];
  while (position % 2) [position, last] = [half(position), half(last)];
  let [older, newer] = [steps[0], steps[0]];
  for (const other of steps.slice(1)) {
    if (last === 0) return false;
    if (position % 2 || position === last) {
      [older, newer] = [node(other, older), node(other, newer)];
      while (position % 2 === 0 && position) [position, last] = [half(position), half(last)];
    } else newer = node(newer, other);
    [position, last] = [half(position), half(last)];
  }
  return last === 0 && same(older, oldRoot) && same(newer, root);
}
export function isGrowth(raw, checkpoint, kept) {
  let held, path;
  try {
    held = readCanonical(raw, "The proof of growth");
    path = held.path.map((step) => bytesOfHex(step));
    if (!Number.isSafeInteger(held.old) || !Number.isSafeInteger(held.new) || path.length > 100) throw new EvidenceError();
  } catch {
    throw new ReaderError("The proof that the log grew is not built as one.");
  }
  return held.old === checkpoint.size && held.new === kept.size && isConsistent(checkpoint.size, checkpoint.root, kept.size, kept.root, path);
}
const byCodePoint = (a, b) => {
  const [x, y] = [[...a], [...b]];
  for (let i = 0; i < Math.min(x.length, y.length); i++) if (x[i] !== y[i]) return x[i].codePointAt(0) - y[i].codePointAt(0);
  return x.length - y.length;
};
const texts = (list) => Array.isArray(list) && list.every((part) => typeof part === "string");
const hexes = (list) => texts(list) && list.every((part) => /^([0-9a-f]{2})*$/.test(part));
// What a request is about: tokens, or rows, or features, and only those.
function isAbout(held, keys) {
  if (!isObject(held) || Object.keys(held).join() !== keys.join()) return false;
  const named = { record: held.tokens, rows: held.rows, feature: held.features };
  return (
    hexes(held.tokens) && hexes(held.rows) && texts(held.features) &&
    Object.keys(named).includes(held.granularity) &&
    Object.entries(named).every(([kind, list]) => (kind === held.granularity) === list.length > 0) &&
    [held.tokens, held.rows, held.features].every((list) => canonicalText(list) === canonicalText([...list].sort(byCodePoint)))
  );
}
export function readRequest(raw) {
  const held = readCanonical(raw, "The request");
  const keys = ["clauses", "due", "features", "granularity", "id", "kind", "received", "rows", "tokens"];
  const fits = isAbout(held, keys) && texts(held.clauses) && [held.id, held.kind].every((text) => typeof text === "string") && [held.received, held.due].every(Number.isSafeInteger);
  if (!fits) throw new EvidenceError("The request is not built as one.");
  return held;
}
export const scopeOf = ({ id, granularity, tokens, rows, features }) => canonical({ request: id, granularity, tokens, rows, features });
export function readScope(raw) {
  const held = readCanonical(raw, "A request of others");
  if (!isAbout(held, ["features", "granularity", "request", "rows", "tokens"]) || typeof held.request !== "string") throw new EvidenceError("A request of others is not built as one.");
  return held;
}
export const entryBytes = (value) => canonical(value);
