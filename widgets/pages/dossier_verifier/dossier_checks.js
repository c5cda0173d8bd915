// Judging a dossier's claims, one by one: what is only missing is INCONCLUSIVE.
import { EvidenceError, ReaderError, bigOf, bytesOfHex, canonical, hexOf, isObject, joined, readCanonical, same, sha256, sha256Hex, utf8 } from "./bytes.js";
import { ORDER, encodePoint, sumOfMultiples } from "./edwards.js";
import { isCosignedBy, isGrowth, isSignedBy, readCheckpoint, treeRoot } from "./log.js";
import { FEATURE_BITS, WEIGHT_BITS, blindPoint, provedGradient, rowPoints } from "./optimum.js";
import { OtherAuthority, stampedAt } from "./time_stamps.js";
import { MODEL, decimal, keptCheckpoint, openCase } from "./dossier_case.js";

export const VERDICTS = ["PROVED", "CONSISTENT", "INCONCLUSIVE", "CONTRADICTED", "INVALID"];
const OLD_PARTS = ["configuration", "old", "old model"];
const LOOSEST = 0.01;
const claim = (name, verdict, sentence) => ({ name, verdict, sentence });
export const wholeVerdict = (claims) => VERDICTS[Math.max(...claims.map((held) => VERDICTS.indexOf(held.verdict)))];

// outside: {key, authority, witnesses, kept, requestSha, servedSha, receipt}
export function checkDossier(files, outside) {
  try {
    const held = openCase(files, outside);
    const stamps = stampsOf(held, outside);
    const atHand = requestClaim(held, outside);
    const before = beforeClaim(held, outside, atHand, stamps);
    return [
      outside.key ? claim("signed", "PROVED", `by the key of ${outside.key.name}`) : claim("signed", "INCONCLUSIVE", "the key is the dossier's own; give the controller's"),
      logClaim(held, outside), atHand, before, rulesClaim(held, before), ...deltaClaims(held, outside), nearClaim(held), optimumClaim(held),
      servedClaim(held, outside), inTimeClaim(held, outside, atHand, stamps), ...reportedClaims(held), ...receiptClaims(held, outside),
    ];
  } catch (error) {
    if (error instanceof EvidenceError) return [claim("opened", "INVALID", error.message)];
    throw error;
  }
}
function logClaim(held, outside) {
  const least = Math.max(...OLD_PARTS.map((part) => held.places[part]));
  let [agreed, later] = [0, 0];
  for (const raw of outside.kept ?? []) {
    const kept = keptCheckpoint(raw, held.key);
    if (kept.size <= held.lines.length) {
      if (!same(treeRoot(held.lines.slice(0, kept.size)), kept.root)) return claim("log", "CONTRADICTED", `the same key signed another log of ${kept.size} entries, which you hold`);
      agreed += kept.size > least ? 1 : 0;
    } else if ((outside.growth ?? []).some((proof) => isGrowth(proof, held.checkpoint, kept))) agreed++;
    else later++;
  }
  if (later) return claim("log", "INCONCLUSIVE", "you kept a checkpoint of a longer log, and no proof leads to it: the log may have been rolled back, or only gone on");
  const seen = (outside.witnesses ?? []).filter((witness) => isCosignedBy(held.checkpoint, witness)).map((witness) => witness.name);
  if (seen.length) return claim("log", "PROVED", `cosigned by ${seen.join(", ")}`);
  if (agreed) return claim("log", "CONSISTENT", `it agrees with ${agreed} checkpoint${agreed > 1 ? "s" : ""} that you kept`);
  return claim("log", "INCONCLUSIVE", "no witness that you trust and no kept checkpoint over the old data: there may be two");
}
function requestClaim(held, outside) {
  if (!outside.requestSha) return claim("request", "INCONCLUSIVE", "give the receipt's hash of the request");
  if (outside.requestSha.toLowerCase() === held.requestSha) return claim("request", "PROVED", `${held.request.id}, as in the receipt`);
  return claim("request", "CONTRADICTED", `it answers ${held.request.id}, another request`);
}
function stampsOf(held, outside) {
  const stamps = {};
  if (!outside.authority) return stamps;
  for (const [which, data] of [["old", "time/old.checkpoint"], ["last", "log/checkpoint"]]) {
    const stamp = held.files.get(`time/${which}.tsr`);
    if (!stamp || !held.files.has(data)) continue;
    try {
      stamps[which] = stampedAt(stamp, held.files.get(data), outside.authority);
    } catch (error) {
      if (!(error instanceof OtherAuthority)) throw error; // a controller may choose another: what is missing is the stamp
    }
  }
  return stamps;
}
const noStamp = (outside) => (outside.authority ? "no time stamp of the authority that you named" : "no time stamp was checked");
const day = (seconds) => (seconds >= 0 && seconds < 2 ** 36 ? `${new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC` : `second ${seconds}`);
const CLOCKS = 3600; // seconds by which the clocks of a controller and an authority may differ
function beforeClaim(held, outside, atHand, stamps) {
  const { places, request } = held;
  const late = OLD_PARTS.find((part) => places[part] > places.request);
  const early = ["new", "new model"].find((part) => places[part] < places.request);
  if (late) return claim("before", "CONTRADICTED", `the log has the request before the ${late}`);
  if (early) return claim("before", "CONTRADICTED", `the log has the ${early} before the request`);
  const stamped = held.files.has("time/old.checkpoint") ? readCheckpoint(held.files.get("time/old.checkpoint")) : null;
  if (stamped && !isSignedBy(stamped, held.key)) throw new EvidenceError("The checkpoint that was stamped is not signed by the key.");
  if (stamped && (stamped.size > held.lines.length || !same(treeRoot(held.lines.slice(0, stamped.size)), stamped.root))) return claim("before", "CONTRADICTED", "the stamped log is no beginning of this one");
  if (!stamped || stamps.old === undefined) return claim("before", "CONSISTENT", `by the log's own order; ${noStamp(outside)}`);
  const when = day(stamps.old);
  if (stamped.size <= Math.max(...OLD_PARTS.map((part) => places[part]))) return claim("before", "INCONCLUSIVE", `the log stamped ${when} did not hold rows, model and rules yet`);
  if (stamps.old >= request.received) return claim("before", "INCONCLUSIVE", `stamped ${when}, which is not before the request of ${day(request.received)}`);
  if ((stamps.last ?? request.received) < request.received - CLOCKS) return claim("before", "INCONCLUSIVE", `the request stands in a log stamped ${day(stamps.last)}, before it is said to have come in, ${day(request.received)}`);
  const why = `stamped ${when}, request received ${day(request.received)}`;
  return atHand.verdict === "PROVED" ? claim("before", "PROVED", why) : claim("before", "CONSISTENT", `${why} by the controller's word`);
}
function rulesClaim(held, before) {
  const [old, next, due] = [held.entry("old model"), held.entry("new model"), sha256Hex(held.files.get("configuration.json"))];
  if (next.configuration !== due || old.configuration !== due) return claim("rules", "CONTRADICTED", "the model before had another configuration");
  if (next.replaces !== old.sha256) return claim("rules", "CONTRADICTED", "the log does not say that it replaces that model");
  if (["CONTRADICTED", "INCONCLUSIVE"].includes(before.verdict)) return claim("rules", "INCONCLUSIVE", "one configuration, but not shown to be older than the request");
  return claim("rules", before.verdict, "learner, constants, penalty and threshold unchanged");
}
const equalSets = (a, b) => a.size === b.size && [...a].every((value) => b.has(value));
const ABOUT = { record: "the rows of one or more people", rows: "a class or source, row by row", feature: "a feature, in all rows" };
// The leaves that a request is about, each with the token or hash that names it.
function namedBy(scope, leaves) {
  if (scope.granularity === "feature") return new Map();
  const record = scope.granularity === "record";
  const sought = new Set(record ? scope.tokens : scope.rows);
  const pairs = leaves.map((leaf) => [leaf, record ? leaf.slice(0, 64) : sha256Hex(bytesOfHex(leaf))]);
  return new Map(pairs.filter(([, name]) => sought.has(name)));
}
function deltaClaims(held, outside) {
  const { request } = held;
  const step = stepClaim(held, outside);
  if (request.granularity === "feature") return [step, maskedClaim(held)];
  const remaining = namedBy(request, held.new.texts).size;
  const name = request.granularity === "record" ? "absent" : "rows absent";
  const why = remaining ? `${remaining} of the rows asked for are in the new list` : `none of its ${held.new.texts.length} rows is one asked for`;
  return [step, claim(name, remaining ? "CONTRADICTED" : "PROVED", why)];
}
function stepClaim(held, outside) {
  const [old, next] = [new Set(held.old.texts), new Set(held.new.texts)];
  const gone = new Set(held.old.texts.filter((leaf) => !next.has(leaf)));
  const added = held.new.texts.filter((leaf) => !old.has(leaf));
  const scopes = [held.request, ...held.others];
  const found = scopes.map((scope) => namedBy(scope, held.old.texts));
  const asked = new Set(found.flatMap((named) => [...named.keys()]));
  const unknown = scopes.reduce((sum, scope, i) => {
    const known = new Set(found[i].values());
    return sum + [...new Set([...scope.tokens, ...scope.rows])].filter((name) => !known.has(name)).length;
  }, 0);
  let count = `${ABOUT[held.request.granularity]}: ${old.size} − ${gone.size} + ${added.length} = ${next.size} rows`;
  if (!descends(held)) return claim("delta", "CONTRADICTED", "the log does not say that the new data set comes from the old one");
  if (held.others.some(({ place }) => place > held.places.new)) return claim("delta", "CONTRADICTED", "a request of others was logged after the new data set");
  if (!equalSets(gone, asked) || added.length) return claim("delta", "CONTRADICTED", `${count}, but ${asked.size} of the old rows were asked for`);
  if (unknown) return claim("delta", "INCONCLUSIVE", `${count}; ${unknown} asked for were not in the old set`);
  if (!held.others.length) return claim("delta", "PROVED", count);
  count += `, ${found[0].size} of them for ${held.request.id}`;
  const given = (outside.others ?? []).map((text) => text.toLowerCase());
  const told = held.others.filter(({ place }) => !given.includes(held.entries[place].sha256)).length;
  if (told) return claim("delta", "INCONCLUSIVE", `${count}; for ${told} of ${held.others.length} other requests there is only the controller's word`);
  return claim("delta", "PROVED", `${count}, the rest for ${held.others.length} others`);
}
// Whether the log leads from the new data set to the old, from parent to parent.
function descends(held) {
  const parents = new Map(held.entries.filter(({ kind }) => kind === "dataset").map(({ dataset, parent }) => [dataset, parent]));
  const seen = new Set();
  let name = held.entry("new").parent;
  while (typeof name === "string" && !seen.has(name)) {
    if (name === held.oldName) return true;
    seen.add(name);
    name = parents.get(name);
  }
  return false;
}
function maskedClaim({ configuration, model, request, forgotten }) {
  const columns = new Set(configuration.features.map((code) => code.column));
  if (request.features.some((name) => !columns.has(name))) return claim("masked", "INCONCLUSIVE", "the model before did not read the feature");
  const due = new Set([...forgotten].filter((name) => columns.has(name)));
  if (!equalSets(due, new Set(model.without))) return claim("masked", "CONTRADICTED", "the model leaves other features out than asked");
  const kept = configuration.features.find((code, j) => request.features.includes(code.column) && model.weights[j] !== 0);
  return kept ? claim("masked", "CONTRADICTED", `${kept.column} still has a weight`) : claim("masked", "PROVED", `the weights of ${[...request.features].sort().join(", ")} are 0`);
}
function nearClaim(held) {
  const raw = held.files.get("near_copies.json");
  if (!raw) return claim("near", "INCONCLUSIVE", "the dossier does not say");
  const said = readCanonical(raw, "The count of near copies");
  if (!isObject(said) || !Number.isInteger(said.flagged) || !Number.isInteger(said.kept)) throw new EvidenceError("The count of near copies is not built as one.");
  if (said.kept !== held.new.leaves.length && held.request.granularity !== "feature") return claim("near", "CONTRADICTED", "another number of rows was looked at than is left");
  const why = `${said.flagged} of ${said.kept} kept rows flagged; by chance a share of ${String(said.false_match_rate).slice(0, 20)} is`;
  return claim("near", said.flagged ? "INCONCLUSIVE" : "CONSISTENT", why);
}
function optimumClaim(held) {
  const { configuration, model, files } = held;
  const raw = files.get("proofs/optimum.json");
  if (model.without.some((name) => !held.forgotten.has(name))) return claim("optimum", "CONTRADICTED", "weights are 0 that nobody asked to forget");
  if (!raw) return claim("optimum", "INCONCLUSIVE", "no proof in the dossier: replay the training with the data");
  const context = joined(utf8("cafe-evidence/dossier/v1"), held.new.root, sha256(files.get(MODEL)), sha256(files.get("configuration.json")));
  const points = held.new.leaves.map((leaf) => leaf.slice(32, 64));
  const gradient = provedGradient(readCanonical(raw, "The proof of the optimum"), points, configuration.learner, model.weights, configuration.penalty, context);
  const kept = gradient.filter((_, j) => !(j < configuration.features.length && model.without.includes(configuration.features[j].column)));
  const largest = Math.max(...kept.map(Math.abs));
  const threshold = decimal(configuration.threshold);
  if (threshold > LOOSEST) return claim("optimum", "INCONCLUSIVE", `the configuration allows a gradient of ${threshold}: too loose to tell`);
  const why = `largest gradient ${largest.toExponential(1)}, where ${threshold} is allowed`;
  return claim("optimum", largest > threshold ? "CONTRADICTED" : "CONSISTENT", why);
}
function servedClaim(held, outside) {
  if (!outside.servedSha) return claim("served", "INCONCLUSIVE", `compare the served file's SHA-256 with ${held.modelSha}`);
  return outside.servedSha.toLowerCase() === held.modelSha ? claim("served", "PROVED", "the file that you hashed is the dossier's") : claim("served", "CONTRADICTED", "the file that you hashed is another one");
}
function inTimeClaim(held, outside, atHand, stamps) {
  const { due } = held.request;
  if (stamps.last === undefined) return claim("in time", "INCONCLUSIVE", `due ${day(due)}; ${noStamp(outside)}`);
  const why = `stamped ${day(stamps.last)}, due ${day(due)}`;
  if (stamps.last > due) return claim("in time", "INCONCLUSIVE", `${why}: after the day it was due`);
  return claim("in time", atHand.verdict === "PROVED" ? "PROVED" : "CONSISTENT", why);
}
function reportedClaims(held) {
  const said = readCanonical(held.files.get("results.json"), "The results");
  const parts = isObject(said) ? Object.entries(said) : [];
  if (!parts.length || parts.length > 50) throw new EvidenceError("The results are not built as ones.");
  return parts.map(([name, result]) => {
    if (!isObject(result) || Object.keys(result).join() !== "sentence,verdict") throw new EvidenceError("The results are not built as ones.");
    if (!["CONSISTENT", "INCONCLUSIVE", "CONTRADICTED"].includes(result.verdict)) throw new EvidenceError("A measurement is CONSISTENT at best; it proves nothing.");
    const words = `${name.slice(0, 40)}: ${String(result.sentence).slice(0, 500)}`;
    return claim("reported", result.verdict, words.replace(/\s+/g, " ").trim());
  });
}

function encoded(code, record) {
  if (!Object.hasOwn(record, code.column)) throw new EvidenceError(`The record has no column ${code.column}.`);
  const cell = record[code.column];
  if ("level" in code) {
    const text = cell === null ? "" : isObject(cell) ? String(cell.number) : String(cell);
    return text === code.level ? 1 << FEATURE_BITS : 0;
  }
  if (typeof cell !== "boolean" && !isObject(cell)) throw new EvidenceError(`The record's ${code.column} is not a number; the model reads one.`);
  const value = typeof cell === "boolean" ? Number(cell) : decimal(cell.number);
  const moved = (value - decimal(code.centre)) / decimal(code.scale);
  return Math.floor(Math.max(-8, Math.min(8, moved)) * (1 << FEATURE_BITS) + 0.5);
}
function openedReceipt(raw, configuration) {
  try {
    const held = readCanonical(raw, "The receipt");
    const { record } = held;
    const outcome = encoded(configuration.outcome, record) >> (configuration.learner === "logistic" ? FEATURE_BITS : 0);
    const features = configuration.features.map((code) => encoded(code, record));
    const salt = bytesOfHex(held.salt);
    if (salt.length !== 32) throw new EvidenceError("A salt has 32 random bytes.");
    const seal = sha256(joined(utf8("cafe-evidence/record/v1\0"), salt, canonical(record)));
    let point = new Uint8Array(32);
    if (held.blind !== null) {
      const blind = bigOf(bytesOfHex(held.blind)) % ORDER;
      point = encodePoint(sumOfMultiples([blindPoint(), ...rowPoints(features.length)], [blind, ...features.map(BigInt), BigInt(outcome)]));
    }
    return { leaf: hexOf(joined(bytesOfHex(held.token), point, seal)), features, outcome };
  } catch (error) {
    throw new ReaderError(`The receipt is not built as one: ${error.message}`);
  }
}
function receiptClaims(held, outside) {
  if (!outside.receipt) return [];
  const { configuration, model, request } = held;
  const { leaf, features, outcome } = openedReceipt(outside.receipt, configuration);
  const feature = request.granularity === "feature";
  if (held.new.texts.includes(leaf) && !feature) return [claim("receipt", "CONTRADICTED", "the receipt's row is in the new training set")];
  if (!held.old.texts.includes(leaf)) return [claim("receipt", "INCONCLUSIVE", "the receipt opens no row of the old training set")];
  if (feature) return [claim("receipt", "PROVED", "the receipt's row is committed to; no row was to go")];
  const full = [...features.map((value) => value / (1 << FEATURE_BITS)), 1];
  const margin = full.reduce((total, x, j) => total + x * model.weights[j], 0) / 2 ** WEIGHT_BITS;
  const residual = configuration.learner === "logistic" ? 1 / (1 + Math.exp(-margin)) - outcome : margin - outcome / (1 << FEATURE_BITS);
  const shown = Math.max(...full.map((x) => Math.abs(residual * x)));
  const threshold = decimal(configuration.threshold);
  const why = `a gradient of ${shown.toPrecision(2)}, ${Math.round(shown / threshold)} times what is allowed`;
  return [claim("receipt", "PROVED", "the receipt opens a commitment that is gone"), claim("receipt gradient", shown > 10 * threshold ? "PROVED" : "INCONCLUSIVE", why)];
}
