// Bytes, hashes and canonical JSON. No dependencies: this is a second opinion on verify.py.
export class EvidenceError extends Error {}
export class ReaderError extends Error {}

export const utf8 = (text) => new TextEncoder().encode(text);
export function textOf(raw, what) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    throw new EvidenceError(`${what} is not UTF-8 text.`);
  }
}
export function joined(...parts) {
  const held = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let place = 0;
  for (const part of parts) {
    held.set(part, place);
    place += part.length;
  }
  return held;
}
export function compared(a, b) {
  const size = Math.min(a.length, b.length);
  for (let i = 0; i < size; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}
export const same = (a, b) => compared(a, b) === 0;
export const hexOf = (raw) => Array.from(raw, (byte) => byte.toString(16).padStart(2, "0")).join("");
export function bytesOfHex(text, what = "A part") {
  if (typeof text !== "string" || text.length % 2 || !/^[0-9a-fA-F]*$/.test(text)) throw new EvidenceError(`${what} is not in hexadecimal digits.`);
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16));
}
export const base64Of = (raw) => btoa(Array.from(raw, (byte) => String.fromCharCode(byte)).join(""));
export function bytesOfBase64(text, what) {
  if (typeof text !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4) throw new EvidenceError(`${what} is not base64.`);
  const raw = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  if (raw.length < 100_000 && base64Of(raw) !== text) throw new EvidenceError(`${what} is not base64 in its one form.`);
  return raw;
}
export function bigOf(raw) {
  // little-endian
  let text = "";
  for (let i = raw.length - 1; i >= 0; i--) text += raw[i].toString(16).padStart(2, "0");
  return BigInt(`0x${text || "0"}`);
}
export const bigOfBigEndian = (raw) => BigInt(`0x${hexOf(raw) || "0"}`);
export function bytesOfBig(value, size) {
  const text = value.toString(16).padStart(2 * size, "0");
  return bytesOfHex(text).reverse();
}

// SHA-2 (FIPS 180-4). The constants are the fractions of roots of the first primes, reckoned here.
function primes(count) {
  const held = [];
  for (let n = 2; held.length < count; n++) if (held.every((p) => n % p)) held.push(n);
  return held;
}
function root(value, degree) {
  // floor of the root of a BigInt, by Newton's method
  let x = 1n << BigInt(Math.ceil(value.toString(2).length / degree));
  for (;;) {
    const d = BigInt(degree);
    const next = ((d - 1n) * x + value / x ** (d - 1n)) / d;
    if (next >= x) return x;
    x = next;
  }
}
const MASK64 = (1n << 64n) - 1n;
const K64 = primes(80).map((p) => root(BigInt(p) << 192n, 3) & MASK64);
const IV512 = primes(8).map((p) => root(BigInt(p) << 128n, 2) & MASK64);
const IV384 = primes(16).slice(8).map((p) => root(BigInt(p) << 128n, 2) & MASK64);
const K32 = Uint32Array.from(K64.slice(0, 64), (k) => Number(k >> 32n));
const IV256 = Uint32Array.from(IV512, (v) => Number(v >> 32n));

function padded(data, block) {
  const size = Math.ceil((data.length + 1 + block / 8) / block) * block;
  const held = new Uint8Array(size);
  held.set(data);
  held[data.length] = 0x80;
  new DataView(held.buffer).setBigUint64(size - 8, BigInt(data.length) * 8n);
  return held;
}
export function sha256(data) {
  const view = new DataView(padded(data, 64).buffer);
  const state = IV256.slice();
  const w = new Uint32Array(64);
  const turn = (x, n) => (x >>> n) | (x << (32 - n));
  for (let place = 0; place < view.byteLength; place += 64) {
    for (let i = 0; i < 16; i++) w[i] = view.getUint32(place + 4 * i);
    for (let i = 16; i < 64; i++) {
      const a = w[i - 15];
      const b = w[i - 2];
      w[i] = w[i - 16] + w[i - 7] + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K32[i] + w[i]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => (state[i] += value));
  }
  const held = new Uint8Array(32);
  state.forEach((value, i) => new DataView(held.buffer).setUint32(4 * i, value));
  return held;
}
function longHash(data, start, size) {
  const view = new DataView(padded(data, 128).buffer);
  const state = [...start];
  const w = new Array(80);
  const turn = (x, n) => ((x >> n) | (x << (64n - n))) & MASK64;
  for (let place = 0; place < view.byteLength; place += 128) {
    for (let i = 0; i < 16; i++) w[i] = view.getBigUint64(place + 8 * i);
    for (let i = 16; i < 80; i++) {
      const a = w[i - 15];
      const b = w[i - 2];
      w[i] = (w[i - 16] + w[i - 7] + (turn(a, 1n) ^ turn(a, 8n) ^ (a >> 7n)) + (turn(b, 19n) ^ turn(b, 61n) ^ (b >> 6n))) & MASK64;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 80; i++) {
      const one = h + (turn(e, 14n) ^ turn(e, 18n) ^ turn(e, 41n)) + ((e & f) ^ (~e & MASK64 & g)) + K64[i] + w[i];
      const two = (turn(a, 28n) ^ turn(a, 34n) ^ turn(a, 39n)) + ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) & MASK64, c, b, a, (one + two) & MASK64];
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => (state[i] = (state[i] + value) & MASK64));
  }
  const held = new Uint8Array(64);
  state.forEach((value, i) => new DataView(held.buffer).setBigUint64(8 * i, value));
  return held.slice(0, size);
}
export const sha512 = (data) => longHash(data, IV512, 64);
export const sha384 = (data) => longHash(data, IV384, 48);
export const sha256Hex = (data) => hexOf(sha256(data));

// Canonical JSON (RFC 8785, without fractions)
const DEEPEST = 16;
export function canonicalText(value, depth = 0) {
  if (depth > DEEPEST) throw new EvidenceError(`Evidence is nested at most ${DEEPEST} levels deep.`);
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") {
    if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(value)) throw new EvidenceError("A text of the evidence holds half a character.");
    return JSON.stringify(value);
  }
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  if (Array.isArray(value)) return `[${value.map((part) => canonicalText(part, depth + 1)).join(",")}]`;
  if (typeof value === "object") {
    const parts = Object.keys(value).sort().map((key) => `${canonicalText(key, depth)}:${canonicalText(value[key], depth + 1)}`);
    return `{${parts.join(",")}}`;
  }
  throw new EvidenceError("Evidence holds texts, whole numbers, lists and objects.");
}
export const canonical = (value) => utf8(canonicalText(value));
export function readCanonical(raw, what) {
  const text = textOf(raw, what);
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new EvidenceError(`${what} is not JSON: ${String(error.message).slice(0, 80)}.`);
  }
  let again;
  try {
    again = canonicalText(value);
  } catch (error) {
    throw new EvidenceError(`${what} is not in canonical form. ${error.message}`);
  }
  if (again !== text) throw new EvidenceError(`${what} is not in canonical form (a key twice, a space, an order).`);
  return value;
}
export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
