// A line of the page's own to its kernel, with the page's cookie: window.forged.
async (kernel) => {
  const address = `${location.origin.replace("http", "ws")}/api/kernels/${kernel}/channels`;
  const line = new WebSocket(address);
  const heard = [];
  const waiting = new Set(); // those who look through what was heard, whenever there is more of it
  const hear = (message) => {
    heard.push(message);
    for (const look of [...waiting]) look();
  };
  let ended = false;
  line.onclose = () => {
    ended = true;
    for (const look of [...waiting]) look();
  };
  line.onmessage = async ({ data }) => {
    if (typeof data === "string") {
      hear(JSON.parse(data));
      return;
    }
    // A message with buffers: a table of offsets, of which the first part is the JSON.
    const bytes = data instanceof Blob ? await data.arrayBuffer() : data;
    const head = new DataView(bytes);
    const stop = head.getUint32(0) > 1 ? head.getUint32(8) : undefined;
    hear(JSON.parse(new TextDecoder().decode(bytes.slice(head.getUint32(4), stop))));
  };
  await new Promise((done, failed) => {
    line.onopen = done;
    line.onerror = () => failed(new Error("refused"));
  });
  let count = 0;
  // The kernel says "busy" and "idle" of every message that it takes: however slow the machine, as
  // long as it says anything it is on its way. Only silence is a fault.
  const SILENCE = 120_000;
  const until = (find, what) =>
    new Promise((done, failed) => {
      let seen = 0;
      let clock = 0;
      const end = (act, value) => {
        clearTimeout(clock);
        waiting.delete(look);
        act(value);
      };
      const look = () => {
        for (; seen < heard.length; seen++) if (find(heard[seen])) return end(done, heard[seen]);
        if (ended) return end(failed, new Error(`the line was closed: no ${what}`));
        clearTimeout(clock);
        clock = setTimeout(() => end(failed, new Error(`silence: no ${what}`)), SILENCE);
      };
      waiting.add(look);
      look();
    });
  const send = (msg_type, content, channel = "shell") => {
    const msg_id = `forged-${Date.now()}-${count++}`;
    const rest = { username: "", session: "forged", date: "2026-01-01T00:00:00Z", version: "5.3" };
    const header = { msg_id, msg_type, ...rest };
    const metadata = { version: "1.0.0" };
    const message = { header, parent_header: {}, metadata, content, channel, buffers: [] };
    line.send(JSON.stringify(message));
    return msg_id;
  };
  const answered = async () => {
    const id = send("kernel_info_request", {});
    const ours = (m) => m.parent_header.msg_id === id && m.header.msg_type === "kernel_info_reply";
    await until(ours, "answer");
  };
  const states = async () => {
    const comm_id = "forged-control";
    send("comm_open", { comm_id, target_name: "jupyter.widget.control", data: {} });
    send("comm_msg", { comm_id, data: { method: "request_states" } });
    const ours = (m) => m.header.msg_type === "comm_msg" && m.content.comm_id === comm_id;
    return (await until(ours, "states")).content.data.states;
  };
  const forge = async (messages) => {
    const before = heard.length;
    for (const message of messages) send(...message);
    await answered();
    return heard.slice(before).map((m) => [m.header.msg_type, JSON.stringify(m.content)]);
  };
  window.forged = { states, forge };
};
