// Checking a proof that published weights are the optimum of committed rows (experimental).
import { EvidenceError, bigOf, bytesOfBase64, bytesOfBig, bytesOfHex, isObject, joined, sha256, sha512, utf8 } from "./bytes.js";
import { ORDER, decodePoint, isIdentity, mod, pointOfLabel, power, sumOfMultiples } from "./edwards.js";

export const [FEATURE_BITS, WEIGHT_BITS] = [10, 29];
const MARGIN_BITS = FEATURE_BITS + WEIGHT_BITS;
const [LIMB_BITS, LIMBS, CELL_BITS] = [11, 3, 11];
const INSIDE_BITS = LIMB_BITS * LIMBS;
const REACH_BITS = CELL_BITS + INSIDE_BITS - MARGIN_BITS - 1;
const PROBABILITY_BITS = 110;
const ridge = (link) => link === "ridge";
const scaleBits = (link) => (ridge(link) ? MARGIN_BITS : PROBABILITY_BITS) + FEATURE_BITS;
const firstColumns = (link) => (ridge(link) ? ["m", "y"] : ["k", "l2", "l1", "l0", "s", "s1", "s2", "v", "q1", "q2", "y", "mk", "mr"]);
const lastColumns = (link) => (ridge(link) ? ["a"] : ["a", "ik", "i2", "i1", "i0"]);
const left = (value, bits) => value << BigInt(bits);
export const blindPoint = () => pointOfLabel("cafe-evidence/v1/H");
export const rowPoints = (features) => [...Array.from({ length: features }, (_, j) => pointOfLabel(`cafe-evidence/v1/x/${j}`)), pointOfLabel("cafe-evidence/v1/y/0")];

let table = null;
function logisticTable() {
  if (table) return table;
  const bits = 512n;
  const one = 1n << bits;
  const cells = 1 << CELL_BITS;
  const step = BigInt(cells >> REACH_BITS);
  let [growth, term] = [one, one];
  for (let k = 1n; term; k++) {
    term /= step * k;
    growth += term;
  }
  const square = (growth * growth) >> bits;
  const values = new Map();
  for (let odd = 1, current = growth; odd < cells; odd += 2, current = (current * square) >> bits) values.set(odd, current);
  const rounded = (value, by) => (value + (1n << BigInt(by - 1))) >> BigInt(by);
  table = Array.from({ length: cells }, (_, cell) => {
    const odd = 2 * cell + 1 - cells;
    let sigma = (one * one) / (one + values.get(Math.abs(odd)));
    if (odd > 0) sigma = one - sigma;
    const slope = (sigma * (one - sigma)) >> bits;
    const bend = (slope * (one - 2n * sigma)) >> (bits + 1n);
    return [rounded(sigma, 512 - PROBABILITY_BITS), rounded(slope, 512 - PROBABILITY_BITS + MARGIN_BITS), rounded(bend, 512 - PROBABILITY_BITS + 2 * MARGIN_BITS)];
  });
  return table;
}

class Transcript {
  constructor(label) {
    this.said = [label];
  }
  say(label, data) {
    const sizes = new Uint8Array(12);
    const name = utf8(label);
    new DataView(sizes.buffer).setUint32(0, name.length);
    new DataView(sizes.buffer).setBigUint64(4, BigInt(data.length));
    this.said.push(sizes.slice(0, 4), name, sizes.slice(4), data);
  }
  challenge(label) {
    this.say("challenge", utf8(label));
    const digest = sha512(joined(...this.said));
    this.said = [digest];
    return bigOf(digest) % ORDER;
  }
}
function powers(base, count, first = 1n) {
  const held = [];
  for (let i = 0, value = first; i < count; i++, value = (value * base) % ORDER) held.push(value);
  return held;
}
function inverses(values) {
  const before = [];
  let product = 1n;
  for (const value of values) {
    before.push(product);
    product = (product * value) % ORDER;
  }
  let inverse = power(product, ORDER - 2n, ORDER);
  const held = new Array(values.length);
  for (let i = values.length - 1; i >= 0; i--) {
    held[i] = (inverse * before[i]) % ORDER;
    inverse = (inverse * values[i]) % ORDER;
  }
  return held;
}
const mixed = (beta, theta, k, s, s1, s2) => (beta + k + theta * (s + theta * (s1 + theta * s2))) % ORDER;
const inside = (l2, l1, l0) => left(l2, 2 * LIMB_BITS) + left(l1, LIMB_BITS) + l0;
const dot = (a, b) => a.reduce((total, value, i) => total + value * b[i], 0n);

function quadratic(link, z, c, asked, target) {
  const square = (c * c) % ORDER;
  let inner = 0n;
  if (ridge(link)) {
    z.a.forEach((a, i) => (inner += (z.m[i] - left(z.y[i], WEIGHT_BITS)) * a));
    return mod(asked.eta[0] * (inner - square * target), ORDER);
  }
  const [e0, e1, e2, e3, e4, e5, e6, e7] = asked.eta;
  const [beta, limbs] = [(c * asked.beta) % ORDER, (c * asked.limbs) % ORDER];
  const half = left(c, INSIDE_BITS - 1);
  let total = 0n;
  z.a.forEach((a, i) => {
    const low = inside(z.l2[i], z.l1[i], z.l0[i]) - half;
    let held = e0 * (z.ik[i] * mixed(beta, asked.theta, z.k[i], z.s[i], z.s1[i], z.s2[i]) - square);
    held += e1 * (z.i2[i] * (limbs + z.l2[i]) - square) + e2 * (z.i1[i] * (limbs + z.l1[i]) - square) + e3 * (z.i0[i] * (limbs + z.l0[i]) - square);
    held += e4 * (low * low - c * z.v[i]) + e5 * (z.s1[i] * low - c * z.q1[i]) + e6 * (z.s2[i] * z.v[i] - c * z.q2[i]);
    total += asked.kappa[i] * (held % ORDER);
    inner += (z.s[i] + z.q1[i] + z.q2[i] - left(z.y[i], PROBABILITY_BITS)) * a;
  });
  return mod(total + e7 * (inner - square * target), ORDER);
}
function linearRelations(link, z, row, c, asked, weights) {
  const features = weights.length - 1;
  const gamma = asked.rows;
  const sum = gamma.reduce((a, b) => a + b, 0n);
  const constant = left(c * sum, FEATURE_BITS);
  let margin;
  if (ridge(link)) margin = dot(gamma, z.m);
  else {
    margin = -left(c * sum, REACH_BITS + MARGIN_BITS);
    gamma.forEach((g, i) => (margin += g * (left(z.k[i], INSIDE_BITS) + inside(z.l2[i], z.l1[i], z.l0[i]))));
  }
  const held = [
    dot(weights.slice(0, features), row) + weights[features] * constant - margin,
    dot(asked.columns.slice(0, features), row) + asked.columns[features] * constant - dot(gamma, z.a),
    row[features] - dot(gamma, z.y),
  ];
  if (!ridge(link)) {
    const sumOf = (values) => values.reduce((a, b) => a + b, 0n);
    held.push(sumOf(z.ik) - dot(asked.cells, z.mk), sumOf(z.i2) + sumOf(z.i1) + sumOf(z.i0) - dot(asked.known, z.mr));
  }
  return held.map((value) => mod(value, ORDER));
}
function scalars(raw, count) {
  if (raw.length !== 32 * count) throw new EvidenceError("A column of the proof has another length than the data.");
  return Array.from({ length: count }, (_, i) => {
    const value = bigOf(raw.subarray(32 * i, 32 * i + 32));
    if (value >= ORDER) throw new EvidenceError("A number of the proof is not below the group's order.");
    return value;
  });
}
function gradientNumber(text) {
  if (typeof text !== "string" || !/^(0|-?[1-9][0-9]{0,60})$/.test(text)) throw new EvidenceError("The proof's gradient is out of bounds.");
  const value = BigInt(text);
  if ((value < 0n ? -value : value) >= 1n << 200n) throw new EvidenceError("The proof's gradient is out of bounds.");
  return value;
}
function randomWeight() {
  return bigOf(globalThis.crypto.getRandomValues(new Uint8Array(16))) + 1n;
}

export function provedGradient(proof, points, link, weightNumbers, penaltyNumbers, context) {
  const parts = ["commitments", "masks", "answers", "blinds"];
  if (!isObject(proof) || !parts.every((key) => isObject(proof[key])) || !Array.isArray(proof.gradient)) throw new EvidenceError("The proof of the optimum is not built as one.");
  const [features, rows] = [weightNumbers.length - 1, points.length];
  if (!(rows > 0 && rows <= 100_000) || features < 1 || penaltyNumbers.length !== weightNumbers.length) throw new EvidenceError("The proof of the optimum does not fit the rows and weights.");
  const [weights, penalty] = [weightNumbers.map(BigInt), penaltyNumbers.map(BigInt)];
  const gradient = proof.gradient.map(gradientNumber);
  if (gradient.length !== weights.length) throw new EvidenceError("The proof's gradient has another length than the weights.");
  const [first, last] = [firstColumns(link), lastColumns(link)];
  const names = [...first, ...last];
  const shape = [rows, features, FEATURE_BITS, WEIGHT_BITS, LIMB_BITS, CELL_BITS, LIMBS];
  const said = new Transcript(utf8("cafe-evidence/optimum/v1"));
  said.say("context", context);
  said.say("link", utf8(link));
  said.say("rows", sha256(joined(...points)));
  for (const [label, numbers] of [["shape", shape], ["weights", weights], ["penalty", penalty], ["gradient", gradient]]) said.say(label, utf8(numbers.join(",")));
  const all = (part, read) => Object.fromEntries(names.map((name) => [name, read(proof[part][name], name)]));
  const committed = all("commitments", (text) => bytesOfHex(text));
  const masks = all("masks", (text) => bytesOfHex(text));
  for (const name of first) said.say(name, committed[name]);
  const asked = { columns: powers(said.challenge("u"), features + 1) };
  if (!ridge(link)) {
    [asked.beta, asked.limbs, asked.theta] = ["beta", "beta2", "theta"].map((label) => said.challenge(label));
    asked.cells = inverses(logisticTable().map((line, k) => mixed(asked.beta, asked.theta, BigInt(k), ...line)));
    asked.known = inverses(Array.from({ length: 1 << LIMB_BITS }, (_, k) => (asked.limbs + BigInt(k)) % ORDER));
  }
  for (const name of last) said.say(name, committed[name]);
  asked.rows = powers(said.challenge("gamma"), rows);
  const eta = said.challenge("eta");
  asked.kappa = powers(said.challenge("kappa"), rows);
  asked.eta = powers(eta, 8, eta);
  const size = (name) => (name === "mk" ? 1 << CELL_BITS : name === "mr" ? 1 << LIMB_BITS : rows);
  const z = all("answers", (text, name) => scalars(bytesOfBase64(text, "An answer"), size(name)));
  const blinds = all("blinds", (text) => scalars(bytesOfHex(text), 1)[0]);
  const one = (key) => scalars(bytesOfHex(proof[key]), 1)[0];
  const row = scalars(bytesOfHex(proof.row), features + 1);
  const [rowBlind, sumBlind] = [one("row_blind"), one("sum_blind")];
  const [rowMask, sumMask, sumCross] = ["row_mask", "sum_mask", "sum_cross"].map((key) => bytesOfHex(proof[key]));
  const linear = scalars(bytesOfHex(proof.linear), ridge(link) ? 3 : 5);
  for (const name of names) said.say(`mask ${name}`, masks[name]);
  for (const [label, raw] of [["row", rowMask], ["sum", sumMask], ["cross", sumCross]]) said.say(label, raw);
  said.say("linear", joined(...linear.map((value) => bytesOfBig(value, 32))));
  const c = said.challenge("c");
  if (linearRelations(link, z, row, c, asked, weights).some((value, i) => value !== linear[i])) throw new EvidenceError("The proof of the optimum fails in a linear relation.");

  const columns = new Array(Math.max(...names.map(size))).fill(0n);
  const gathered = [[], []];
  const take = (point, scalar) => (gathered[0].push(point), gathered[1].push(scalar));
  let blind = 0n;
  for (const name of names) {
    const weight = randomWeight();
    z[name].forEach((value, i) => (columns[i] += weight * value));
    blind += weight * blinds[name];
    take(decodePoint(masks[name]), -weight);
    take(decodePoint(committed[name]), -weight * c);
  }
  const rowWeight = randomWeight();
  blind += rowWeight * rowBlind;
  rowPoints(features).forEach((point, j) => take(point, rowWeight * row[j]));
  take(decodePoint(rowMask), -rowWeight);
  points.forEach((raw, i) => {
    const point = decodePoint(raw);
    if (isIdentity(point)) throw new EvidenceError("A row of this data set is not committed to for a proof.");
    take(point, -rowWeight * c * asked.rows[i]);
  });
  const sumWeight = randomWeight();
  const shift = scaleBits(link) - WEIGHT_BITS;
  const target = mod(asked.columns.reduce((total, u, j) => total + u * (gradient[j] - left(penalty[j] * weights[j], shift)), 0n), ORDER);
  blind += sumWeight * sumBlind;
  take(pointOfLabel("cafe-evidence/v1/B"), sumWeight * quadratic(link, z, c, asked, target));
  take(decodePoint(sumMask), -sumWeight);
  take(decodePoint(sumCross), -sumWeight * c);
  columns.forEach((value, i) => take(pointOfLabel(`cafe-evidence/v1/k/${i}`), value));
  take(blindPoint(), blind);
  if (!isIdentity(sumOfMultiples(...gathered))) throw new EvidenceError("The proof of the optimum fails.");
  return gradient.map((value) => Number(value) / 2 ** scaleBits(link));
}
