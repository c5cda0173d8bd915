// The page's part about a dossier: what the reader brings, and the table of claims.
const LARGEST = 300_000_000;
const TONES = { PROVED: "good", CONSISTENT: "good", INCONCLUSIVE: "note", CONTRADICTED: "bad", INVALID: "bad" };
let fields = 0;

function made(tag, options = {}, ...children) {
  const { className, ...rest } = options;
  const element = Object.assign(document.createElement(tag), rest);
  if (className) element.className = className;
  element.append(...children);
  return element;
}
function field(label, input) {
  input.id = `wb-dossier-${fields++}`;
  input.style.display = "block";
  input.style.maxWidth = "100%";
  return made("p", {}, made("label", { htmlFor: input.id, textContent: label }), input);
}
const fileBytes = async (file) => {
  if (file.size > LARGEST) throw new ReaderError(`${file.name} is larger than ${LARGEST / 1e6} MB.`);
  return new Uint8Array(await file.arrayBuffer());
};
async function dossierFiles(list) {
  if (list.length === 1 && !list[0].webkitRelativePath) return filesOfZip(await fileBytes(list[0]));
  const entries = [];
  for (const file of list) entries.push([file.webkitRelativePath.split("/").slice(1).join("/"), await fileBytes(file)]);
  return checkedFiles(entries);
}
function keysOf(text) {
  return text.split(/\s+/).filter(Boolean).map((part) => {
    try {
      return readKey(part);
    } catch (error) {
      throw new ReaderError(error.message);
    }
  });
}
function hashOf(text) {
  const held = text.trim().toLowerCase();
  if (held && !/^[0-9a-f]{64}$/.test(held)) throw new ReaderError("A SHA-256 has 64 hexadecimal digits.");
  return held || null;
}

export default {
  render({ model, el }) {
    const text = (label, hint) => made("input", { type: "text", size: 70, spellcheck: false, autocomplete: "off", placeholder: hint, title: label });
    const file = (options = {}) => made("input", { type: "file", ...options });
    const zip = file({ accept: ".zip" });
    const folder = file({ webkitdirectory: true });
    const key = text("The controller's key", "name+id+key");
    const request = text("The request", "64 digits");
    const authority = text("The authority", "64 digits");
    const witnesses = text("Witnesses", "name+id+key");
    const others = text("Requests of others", "64 digits");
    const [kept, growth, receipt, served] = [file({ multiple: true }), file({ multiple: true }), file({ accept: ".json" }), file()];
    const status = made("p", { role: "status", className: "wb-dossier-status" });
    const result = made("div");
    const button = made("button", { type: "button", className: "wb-button", textContent: "Check the dossier" });
    const brought = made(
      "details", {},
      made("summary", { textContent: "What you bring from elsewhere (each thing lets the check say more)" }),
      field("The controller's key, from its web site or a letter, not from the dossier", key),
      field("SHA-256 of the request, from the person's receipt", request),
      field("SHA-256 of the time-stamping authority's certificate", authority),
      field("Keys of witnesses that you trust", witnesses),
      field("Checkpoints of the log that you kept", kept),
      field("Proofs that the log grew to a checkpoint that is later than the dossier", growth),
      field("The person's receipt", receipt),
      field("SHA-256 of the requests of others who left in the same step, from their receipts", others),
      field("The model file that is served", served),
    );
    el.append(
      made("p", { textContent: "The dossier is read and checked in this browser; nothing of it is sent anywhere." }),
      field("A dossier (zip file)", zip), field("or its folder", folder), brought, button, status, result,
    );

    button.addEventListener("click", async () => {
      result.replaceChildren();
      const list = folder.files.length ? folder.files : zip.files;
      if (!list.length) return void (status.textContent = "Choose a dossier first.");
      status.textContent = "Checking; a proof over a thousand rows takes half a minute.";
      button.disabled = true;
      await new Promise((done) => setTimeout(done, 50));
      try {
        const outside = {
          key: keysOf(key.value)[0] ?? null,
          authority: hashOf(authority.value),
          witnesses: keysOf(witnesses.value),
          kept: await Promise.all([...kept.files].map(fileBytes)),
          growth: await Promise.all([...growth.files].map(fileBytes)),
          others: others.value.split(/\s+/).map(hashOf).filter(Boolean),
          requestSha: hashOf(request.value),
          servedSha: served.files.length ? sha256Hex(await fileBytes(served.files[0])) : null,
          receipt: receipt.files.length ? await fileBytes(receipt.files[0]) : null,
        };
        let claims;
        try {
          claims = checkDossier(await dossierFiles(list), outside);
        } catch (error) {
          if (!(error instanceof EvidenceError)) throw error;
          claims = [{ name: "opened", verdict: "INVALID", sentence: error.message }];
        }
        show(claims, model, result);
        status.textContent = `Checked. The whole, as strong as its weakest claim: ${wholeVerdict(claims)}.`;
      } catch (error) {
        status.textContent = `The check could not run: ${error.message}`;
      } finally {
        button.disabled = false;
      }
    });
  },
};

function show(claims, model, result) {
  const words = model.get("words");
  const head = ["Claim", "Verdict", "What was found", "Rests on", "Never says"];
  const rows = claims.map(({ name, verdict, sentence }) => {
    const [title, restsOn, never] = words[name];
    const tone = made("strong", { className: `wb-${TONES[verdict]}`, textContent: verdict });
    const cells = [tone, sentence, restsOn, never].map((part) => made("td", {}, part));
    return made("tr", {}, made("th", { scope: "row", textContent: title }), ...cells);
  });
  const table = made(
    "table", { className: "wb-table wb-dossier-claims" },
    made("caption", { textContent: "The dossier's claims" }),
    made("thead", {}, made("tr", {}, ...head.map((name) => made("th", { scope: "col", textContent: name })))),
    made("tbody", {}, ...rows),
  );
  const scrolled = made("div", { tabIndex: 0, role: "region", ariaLabel: "The dossier's claims" }, table);
  scrolled.style.overflowX = "auto";
  const means = Object.entries(model.get("means")).filter(([verdict]) => claims.some((claim) => claim.verdict === verdict));
  const legend = made("dl", { className: "wb-dossier-means" }, ...means.flatMap(([verdict, text]) => [made("dt", { textContent: verdict }), made("dd", { textContent: text })]));
  result.replaceChildren(legend, scrolled, made("p", { textContent: model.get("never") }));
}
