// Judges every dossier of a conformance folder with the browser's verifier; prints what it says.
import { readFileSync, readdirSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [script, folder] = process.argv.slice(2);
const { ReaderError, checkDossier, filesOfZip, readKey, EvidenceError } = await import(pathToFileURL(script));
const bytes = (text) => (text === null ? null : Uint8Array.from(Buffer.from(text, "base64")));
const said = {};
for (const name of readdirSync(folder).filter((file) => file.endsWith(".json"))) {
  const given = JSON.parse(readFileSync(`${folder}/${name}`, "utf8"));
  const outside = {
    key: given.key && readKey(given.key),
    authority: given.authority,
    witnesses: given.witnesses.map(readKey),
    kept: given.kept.map(bytes),
    growth: given.growth.map(bytes),
    others: given.others,
    requestSha: given.request,
    servedSha: given.served,
    receipt: bytes(given.receipt),
  };
  let held;
  try {
    held = checkDossier(filesOfZip(new Uint8Array(readFileSync(`${folder}/${name.slice(0, -5)}.zip`))), outside);
  } catch (error) {
    if (!(error instanceof EvidenceError || error instanceof ReaderError)) throw error;
    held = [{ name: error instanceof ReaderError ? "reader" : "opened", verdict: "INVALID" }];
  }
  said[name.slice(0, -5)] = held.map((claim) => [claim.name, claim.verdict]);
}
console.log(JSON.stringify(said));
