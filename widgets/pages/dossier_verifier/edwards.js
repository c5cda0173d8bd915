// Ed25519 (RFC 8032) and ristretto255 (RFC 9496), to verify with.
import { EvidenceError, bigOf, bytesOfBig, joined, sha512, utf8 } from "./bytes.js";

const P = 2n ** 255n - 19n;
export const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
export const mod = (x, m = P) => ((x % m) + m) % m;
export function power(base, exponent, m) {
  let held = 1n;
  for (base = mod(base, m); exponent; exponent >>= 1n) {
    if (exponent & 1n) held = (held * base) % m;
    base = (base * base) % m;
  }
  return held;
}
const D = mod(-121665n * power(121666n, P - 2n, P));
const I = power(2n, (P - 1n) / 4n, P);
export const IDENTITY = [0n, 1n, 1n, 0n];
const positive = (x) => (x & 1n ? P - x : x);

function rootOfRatio(u, v) {
  const cubed = (((v * v) % P) * v) % P;
  const seventh = (((cubed * cubed) % P) * v) % P;
  let r = (((u * cubed) % P) * power((u * seventh) % P, (P - 5n) / 8n, P)) % P;
  const check = (((v * r) % P) * r) % P;
  const square = check === mod(u) || check === mod(-u);
  if (check === mod(-u) || check === mod(-u * I)) r = (r * I) % P;
  return [square, positive(r)];
}
export function add(p, q) {
  const a = mod((p[1] - p[0]) * (q[1] - q[0]));
  const b = ((p[1] + p[0]) * (q[1] + q[0])) % P;
  const c = (((p[3] * 2n * D) % P) * q[3]) % P;
  const d = (2n * p[2] * q[2]) % P;
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}
function doubled(p) {
  const a = (p[0] * p[0]) % P;
  const b = (p[1] * p[1]) % P;
  const h = a + b;
  const e = h - ((p[0] + p[1]) ** 2n % P);
  const g = a - b;
  const f = ((2n * p[2] * p[2]) % P) + g;
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}
export const negated = (p) => [mod(-p[0]), p[1], p[2], mod(-p[3])];
export const isIdentity = (p) => mod(p[0]) === 0n || mod(p[1]) === 0n;

export function sumOfMultiples(points, scalars) {
  const pairs = [];
  points.forEach((point, i) => {
    const s = mod(scalars[i], ORDER);
    if (s > ORDER / 2n) pairs.push([negated(point), ORDER - s]);
    else if (s) pairs.push([point, s]);
  });
  const widths = [[20, 3], [100, 5], [600, 7], [2500, 8], [20000, 10]];
  const width = (widths.find(([most]) => pairs.length < most) ?? [0, 12])[1];
  const bits = Math.max(0, ...pairs.map(([, s]) => s.toString(2).length));
  const mask = (1n << BigInt(width)) - 1n;
  let total = IDENTITY;
  for (let shift = Math.ceil(bits / width) * width - width; shift >= 0; shift -= width) {
    for (let i = 0; i < width; i++) total = doubled(total);
    const buckets = new Map();
    for (const [point, s] of pairs) {
      const digit = Number((s >> BigInt(shift)) & mask);
      if (digit) buckets.set(digit, buckets.has(digit) ? add(buckets.get(digit), point) : point);
    }
    let running = IDENTITY;
    for (let digit = Math.max(0, ...buckets.keys()); digit > 0; digit--) {
      if (buckets.has(digit)) running = add(running, buckets.get(digit));
      total = add(total, running);
    }
  }
  return total;
}
function decodeEdwards(raw) {
  const whole = bigOf(raw);
  const sign = whole >> 255n;
  const y = whole & ((1n << 255n) - 1n);
  if (raw.length !== 32 || y >= P) return null;
  let [square, x] = rootOfRatio(mod(y * y - 1n), mod(D * y * y + 1n));
  if (!square || (x === 0n && sign)) return null;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, (x * y) % P];
}
const BASE = decodeEdwards(bytesOfBig((4n * power(5n, P - 2n, P)) % P, 32));
export function isSignature(key, message, signature) {
  if (signature.length !== 64) return false;
  const [point, nonce, s] = [decodeEdwards(key), decodeEdwards(signature.slice(0, 32)), bigOf(signature.slice(32))];
  if (!point || !nonce || s >= ORDER || sumOfMultiples([point], [8n])[0] === 0n) return false;
  const challenge = bigOf(sha512(joined(signature.slice(0, 32), key, message))) % ORDER;
  const left = sumOfMultiples([BASE, negated(point)], [s, challenge]);
  return [0, 1].every((i) => mod(left[i] * nonce[2] - nonce[i] * left[2]) === 0n);
}

const INVERSE_ROOT = rootOfRatio(1n, mod(-1n - D))[1];
const ROOT_AD = 25063068953384623474111414158702152701244531502492656460079210482610430750235n;
export function decodePoint(raw) {
  const s = bigOf(raw);
  if (raw.length !== 32 || s >= P || s & 1n) throw new EvidenceError("These 32 bytes are no point of ristretto255.");
  const square = (s * s) % P;
  const [u1, u2] = [mod(1n - square), (1n + square) % P];
  const u2Squared = (u2 * u2) % P;
  const v = mod(-(D * u1 * u1) - u2Squared);
  const [good, inverse] = rootOfRatio(1n, (v * u2Squared) % P);
  const dx = (inverse * u2) % P;
  const x = positive((2n * s * dx) % P);
  const y = (u1 * ((((inverse * dx) % P) * v) % P)) % P;
  const t = (x * y) % P;
  if (!good || t & 1n || y === 0n) throw new EvidenceError("These 32 bytes are no point of ristretto255.");
  return [x, y, 1n, t];
}
export function encodePoint([x, y, z, t]) {
  const u1 = mod((z + y) * (z - y));
  const u2 = (x * y) % P;
  const inverse = rootOfRatio(1n, (((u1 * u2) % P) * u2) % P)[1];
  const [d1, d2first] = [(inverse * u1) % P, (inverse * u2) % P];
  const zInverse = (((d1 * d2first) % P) * t) % P;
  let d2 = d2first;
  if ((t * zInverse) % P & 1n) {
    [x, y] = [(y * I) % P, (x * I) % P];
    d2 = (d1 * INVERSE_ROOT) % P;
  }
  if ((x * zInverse) % P & 1n) y = mod(-y);
  return bytesOfBig(positive(mod((z - y) * d2)), 32);
}
function pointOfHalf(t) {
  const r = (((I * t) % P) * t) % P;
  const u = ((r + 1n) * mod(1n - D * D)) % P;
  const v = mod((-1n - r * D) * (r + D));
  let [square, s] = rootOfRatio(u, v);
  let c = -1n;
  if (!square) [s, c] = [mod(-positive((s * t) % P)), r];
  const n = mod(((c * (r - 1n)) % P) * mod((D - 1n) * (D - 1n)) - v);
  const [w0, w1, w2, w3] = [(2n * s * v) % P, (n * ROOT_AD) % P, mod(1n - s * s), mod(1n + s * s)];
  return [(w0 * w3) % P, (w2 * w1) % P, (w1 * w3) % P, (w0 * w2) % P];
}
const known = new Map();
export function pointOfLabel(label) {
  if (!known.has(label)) {
    const digest = sha512(utf8(label));
    const mask = (1n << 255n) - 1n;
    const halves = [digest.slice(0, 32), digest.slice(32)].map((raw) => (bigOf(raw) & mask) % P);
    known.set(label, add(pointOfHalf(halves[0]), pointOfHalf(halves[1])));
  }
  return known.get(label);
}
