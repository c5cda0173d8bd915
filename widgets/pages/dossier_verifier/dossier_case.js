// A dossier opened: files read from a zip or a folder, their parts seen to belong together.
import { EvidenceError, ReaderError, bytesOfHex, canonicalText, isObject, hexOf, readCanonical, same, sha256Hex, textOf, utf8 } from "./bytes.js";
import { FEATURE_BITS, WEIGHT_BITS } from "./optimum.js";
import { findEntry, isSignedBy, openStatement, readCheckpoint, readKey, readLeaves, readLog, readRequest, readScope, scopeOf, treeRoot } from "./log.js";

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,80}(\/[A-Za-z0-9_][A-Za-z0-9_.-]{0,80}){0,2}$/;
// Files that a program for looking at folders leaves in them, whoever opens one.
const FILE_MANAGERS = /^(.*\/)?(\.DS_Store|\._[^/]*|\.directory|Thumbs\.db|desktop\.ini)$/;
const PACKED_AGAIN =
  "This zip was packed by another program: a dossier's own zip holds its files as they are, without compression, password or folders. Unpack it and check the folder.";
const OTHERS = "other_requests.jsonl";
const [MOST_FILES, MOST_BYTES] = [200, 100_000_000];
export const [MANIFEST, STATEMENT, MODEL] = ["MANIFEST.json", "statement.dsse.json", "model/new.json"];

export function checkedFiles(entries) {
  const files = new Map();
  let total = 0;
  for (const [name, raw] of entries) {
    total += raw.length;
    if (files.size >= MOST_FILES) throw new EvidenceError(`The dossier holds more than ${MOST_FILES} files.`);
    if (FILE_MANAGERS.test(name)) throw new ReaderError(`A file manager left ${name.slice(-60)} in the dossier, which is no part of it: delete it.`);
    if (!NAME.test(name)) throw new EvidenceError(`The dossier holds a file of a strange name: ${name.slice(0, 60)}.`);
    if (raw.length > MOST_BYTES || total > 3 * MOST_BYTES) throw new EvidenceError("The dossier is too large to be read.");
    if (files.has(name)) throw new EvidenceError(`The dossier holds ${name} twice.`);
    files.set(name, raw);
  }
  return files;
}
const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let i = 0; i < 8; i++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n >>> 0;
});
function crc32(raw) {
  let held = 0xffffffff;
  for (const byte of raw) held = CRC[(held ^ byte) & 255] ^ (held >>> 8);
  return (held ^ 0xffffffff) >>> 0;
}
export function filesOfZip(raw) {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const broken = () => new EvidenceError("The file is not a zip that can be read.");
  let end = raw.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw broken();
  const entries = [];
  let place = view.getUint32(end + 16, true);
  const count = view.getUint16(end + 10, true);
  if (count > MOST_FILES) throw new EvidenceError(`The dossier holds more than ${MOST_FILES} files.`);
  for (let i = 0; i < count; i++) {
    if (place + 46 > raw.length || view.getUint32(place, true) !== 0x02014b50) throw broken();
    const [flags, method, crc, packed, size] = [8, 10, 16, 20, 24].map((at) => (at < 16 ? view.getUint16(place + at, true) : view.getUint32(place + at, true)));
    const [nameSize, extra, comment] = [28, 30, 32].map((at) => view.getUint16(place + at, true));
    const local = view.getUint32(place + 42, true);
    const kind = view.getUint32(place + 38, true) >>> 28;
    const name = textOf(raw.subarray(place + 46, place + 46 + nameSize), "A file's name");
    if (kind && kind !== 8) throw new EvidenceError(`The dossier holds a link or a device: ${name}.`);
    if (name.endsWith("/") || method !== 0 || flags & 1) throw new ReaderError(PACKED_AGAIN);
    if (packed !== size) throw broken();
    if (local + 30 > raw.length || view.getUint32(local, true) !== 0x04034b50) throw broken();
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    if (start + size > raw.length) throw broken();
    const content = raw.subarray(start, start + size);
    if (crc32(content) !== crc) throw broken();
    entries.push([name, content]);
    place += 46 + nameSize + extra + comment;
  }
  return checkedFiles(entries);
}

function checkManifest(files, due) {
  const raw = files.get(MANIFEST);
  if (sha256Hex(raw) !== due) throw new EvidenceError("The manifest is not the one that was signed.");
  const manifest = readCanonical(raw, "The manifest");
  if (!isObject(manifest) || Object.keys(manifest).join() !== "files" || !isObject(manifest.files)) throw new EvidenceError("The manifest lists no files.");
  const listed = new Map(Object.entries(manifest.files));
  const names = new Set([...listed.keys(), ...files.keys()].filter((name) => name !== MANIFEST && name !== STATEMENT));
  for (const name of [...names].sort()) {
    const there = files.has(name) ? { bytes: files.get(name).length, sha256: sha256Hex(files.get(name)) } : null;
    if (!there || !listed.has(name) || canonicalText(there) !== canonicalText(listed.get(name))) {
      const fault = !there ? "missing" : listed.has(name) ? "changed" : "not listed";
      throw new EvidenceError(`A file of the dossier is ${fault}: ${name.slice(0, 80)}.`);
    }
  }
  if (listed.has(MANIFEST) || listed.has(STATEMENT)) throw new EvidenceError("The manifest lists itself.");
}

const DECIMAL = /^-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?$/;
export function decimal(text) {
  if (typeof text !== "string" || !DECIMAL.test(text) || !Number.isFinite(Number(text))) throw new EvidenceError(`${String(text).slice(0, 20)} is not a number in decimal digits.`);
  return Number(text);
}
function readCode(part) {
  if (!isObject(part) || typeof part.column !== "string") throw new EvidenceError("The configuration is not one of this version.");
  if ("level" in part) {
    if (typeof part.level !== "string") throw new EvidenceError("The configuration is not one of this version.");
    return { column: part.column, level: part.level };
  }
  decimal(part.centre);
  if (!(decimal(part.scale) > 0)) throw new EvidenceError(`The scale of ${part.column} is not positive.`);
  return { column: part.column, centre: part.centre, scale: part.scale };
}
function readConfiguration(raw) {
  const held = readCanonical(raw, "The configuration");
  const refuse = () => new EvidenceError("The configuration is not one of this version.");
  if (!isObject(held) || !Array.isArray(held.features) || !Array.isArray(held.penalty) || !isObject(held.versions)) throw refuse();
  const features = held.features.map(readCode);
  const outcome = readCode(held.outcome);
  const rebuilt = {
    learner: held.learner, outcome, features, penalty: held.penalty, threshold: held.threshold, versions: held.versions,
    feature_bits: FEATURE_BITS, weight_bits: WEIGHT_BITS, canonical: "three Newton steps in float64, weights rounded to 2**-29",
  };
  if (!["logistic", "ridge"].includes(held.learner) || canonicalText(rebuilt) !== canonicalText(held)) throw refuse();
  if (!held.penalty.every((value) => Number.isSafeInteger(value) && value >= 0) || !(decimal(held.threshold) > 0)) throw refuse();
  if (("level" in outcome) !== (held.learner === "logistic")) throw new EvidenceError("A logistic regression's outcome is a level, ridge's a number.");
  if (!(features.length > 0 && features.length <= 5000) || held.penalty.length !== features.length + 1) throw new EvidenceError("The configuration does not have one penalty for each weight.");
  return held;
}
function readModel(raw) {
  const held = readCanonical(raw, "The model");
  const keys = "configuration,learner,weight_bits,weights,without";
  const fits =
    isObject(held) && Object.keys(held).join() === keys && held.weight_bits === WEIGHT_BITS &&
    Array.isArray(held.weights) && held.weights.every(Number.isSafeInteger) &&
    Array.isArray(held.without) && [held.learner, held.configuration, ...held.without].every((text) => typeof text === "string");
  if (!fits) throw new EvidenceError("The model's file is not one of this version.");
  return held;
}

export function openCase(files, outside) {
  for (const name of [STATEMENT, MANIFEST]) if (!files.has(name)) throw new EvidenceError(`The dossier lacks ${name}.`);
  const ownKey = () => readKey(textOf(files.get("log/key") ?? new Uint8Array(), "The dossier's log/key"));
  const key = outside.key ?? ownKey();
  const { subjects, predicate } = openStatement(files.get(STATEMENT), key.key);
  checkManifest(files, subjects.get(MANIFEST));
  for (const name of ["request.json", "configuration.json", MODEL, "commitments/old.bin", "commitments/new.bin", "log/entries.jsonl", "log/checkpoint", "log/key", "results.json"])
    if (!files.has(name)) throw new EvidenceError(`The dossier lacks ${name}.`);
  const about = [MANIFEST, MODEL].every((name) => subjects.get(name) === sha256Hex(files.get(name)));
  if (subjects.size !== 2 || !about) throw new EvidenceError("The statement is about other files than the manifest and the model.");
  if (ownKey().text !== key.text) throw new EvidenceError("The log is kept under another key than the one given.");
  const { lines, entries } = readLog(files.get("log/entries.jsonl"));
  const checkpoint = readCheckpoint(files.get("log/checkpoint"));
  if (!isSignedBy(checkpoint, key)) throw new EvidenceError("The log's checkpoint is not signed by the key.");
  if (checkpoint.size !== lines.length || !same(checkpoint.root, treeRoot(lines))) throw new EvidenceError("The log is not the one of its checkpoint.");
  const request = readRequest(files.get("request.json"));
  const configuration = readConfiguration(files.get("configuration.json"));
  const model = readModel(files.get(MODEL));
  const [requestSha, configurationSha, modelSha] = ["request.json", "configuration.json", MODEL].map((name) => sha256Hex(files.get(name)));

  if (Object.keys(predicate).join() !== "format,new,old,old_model,request" || predicate.format !== 1) throw new EvidenceError("The statement is of another version than this verifier.");
  if (typeof predicate.old !== "string" || typeof predicate.new !== "string" || predicate.old === predicate.new) throw new EvidenceError("The statement names no two data sets.");
  const places = {
    configuration: findEntry(entries, "configuration", { sha256: configurationSha }, true),
    old: findEntry(entries, "dataset", { dataset: predicate.old }),
    "old model": findEntry(entries, "model", { sha256: predicate.old_model, dataset: predicate.old }, true),
    request: findEntry(entries, "request", { request: request.id }),
    new: findEntry(entries, "dataset", { dataset: predicate.new }),
    "new model": findEntry(entries, "model", { sha256: modelSha, dataset: predicate.new }, true),
  };
  const logged = entries[places.request];
  if (predicate.request !== requestSha || logged.sha256 !== requestSha || logged.scope !== sha256Hex(scopeOf(request))) throw new EvidenceError("The request is not the one in the log.");
  const lists = ["old", "new"].map((which) => {
    const list = readLeaves(files.get(`commitments/${which}.bin`), `The ${which} list of leaves`);
    const entry = entries[places[which]];
    list.root = treeRoot(list.leaves);
    if (entry.root !== hexOf(list.root) || entry.size !== list.leaves.length) throw new EvidenceError(`The ${which} list of leaves is not the one in the log.`);
    return list;
  });
  if (model.learner !== configuration.learner || model.configuration !== configurationSha) throw new EvidenceError("The model's file names another configuration than the dossier's.");
  if (model.weights.length !== configuration.features.length + 1) throw new EvidenceError("The model has another number of weights than the configuration.");
  const others = readOthers(files.get(OTHERS), entries, request);
  const forgotten = new Set([request, ...others].flatMap((one) => one.features));
  return { files, key, lines, entries, checkpoint, places, request, others, forgotten, configuration, model, oldName: predicate.old, old: lists[0], new: lists[1], requestSha, modelSha, entry: (place) => entries[places[place]] };
}
function readOthers(raw, entries, request) {
  if (!raw) return [];
  const names = new Set([request.id]);
  const ends = raw.length && raw[raw.length - 1] === 10;
  const lines = ends ? textOf(raw, "The requests of others").slice(0, -1).split("\n") : [""];
  return lines.map((line) => {
    const scope = readScope(utf8(line));
    const place = findEntry(entries, "request", { request: scope.request });
    if (names.has(scope.request) || entries[place].scope !== sha256Hex(utf8(line))) throw new EvidenceError("A request of others is not the one in the log.");
    names.add(scope.request);
    return { ...scope, place };
  });
}
export function keptCheckpoint(raw, key) {
  let kept;
  try {
    kept = readCheckpoint(raw, "The checkpoint that you kept");
  } catch (error) {
    throw new ReaderError(error.message);
  }
  if (!isSignedBy(kept, key)) throw new ReaderError("The checkpoint that you kept is not signed by this key.");
  return kept;
}
export const tokenBytes = (text) => bytesOfHex(text, "A token");
