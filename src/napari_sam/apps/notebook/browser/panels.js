// Controls beside the image: each part shows a piece of the state, and asks for changes.

function toolBar(app) {
  const tools = TOOLS.map(([name, title, tip]) =>
    h("button", { type: "button", "data-tool": name, title: tip, "aria-pressed": "false",
      onclick: () => app.useTool(name) }, title));
  const positive = h("button", { type: "button", class: "ns-positive", title: "Clicks mark the object (Q)",
    onclick: () => app.ask({ kind: "polarity", positive: true }) }, "+ Positive");
  const negative = h("button", { type: "button", class: "ns-negative", title: "Clicks mark what is not the object (Q)",
    onclick: () => app.ask({ kind: "polarity", positive: false }) }, "− Negative");
  const zoom = (words, title, does) => h("button", { type: "button", title, "aria-label": title, onclick: does }, words);
  return {
    element: h("div", { class: "ns-bar", role: "toolbar", "aria-label": "Tools" },
      h("div", { class: "ns-group", role: "group", "aria-label": "Tool" }, ...tools),
      h("div", { class: "ns-group", role: "group", "aria-label": "Sign of the next prompt" }, positive, negative),
      h("div", { class: "ns-group", role: "group", "aria-label": "Steps" },
        commandButton(app, "undo"), commandButton(app, "redo")),
      h("div", { class: "ns-group", role: "group", "aria-label": "Zoom" },
        zoom("−", "Zoom out (-)", () => app.zoom(1 / 1.5)),
        zoom("+", "Zoom in (+)", () => app.zoom(1.5)),
        zoom("Fit", "Show all of the image (0)", () => app.fit()))),
    update(state) {
      for (const tool of tools) tool.setAttribute("aria-pressed", tool.dataset.tool === app.tool);
      positive.setAttribute("aria-pressed", state.prompts.positive);
      negative.setAttribute("aria-pressed", !state.prompts.positive);
    },
  };
}

function promptsPanel(app) {
  const activity = h("div", { class: "ns-activity" });
  const hint = h("div", { class: "ns-hint" });
  const candidates = h("div", { class: "ns-group", role: "group", "aria-label": "Candidates" });
  const threshold = slider(-6, 6, 0.1, 0, (v) => app.askSoon("threshold", { kind: "threshold", value: -v }),
    { title: "Threshold of the mask, in logits: lower gives larger masks" });
  const hover = h("input", { type: "checkbox", onchange: () => app.command("hover") });
  const overlap = h("select", { onchange: () => app.ask({ kind: "overlap", rule: overlap.value }) },
    h("option", { value: "keep" }, "keep other objects"),
    h("option", { value: "overwrite" }, "overwrite them"),
    h("option", { value: "ask" }, "ask each time"));
  const connected = h("input", { type: "checkbox",
    onchange: () => app.ask({ kind: "connected", connected: connected.checked }) });
  const size = labelled("Less … more", threshold);
  const element = h("div", { class: "ns-prompts" }, activity, hint,
    h("div", { class: "ns-group" }, commandButton(app, "commit", { class: "ns-main" })),
    h("div", { class: "ns-group" }, commandButton(app, "next_object"), commandButton(app, "previous_object")),
    candidates, size,
    section("Options", false,
      labelled("Preview under the mouse", hover, { class: "ns-field ns-check" }),
      labelled("Connected parts only", connected, { class: "ns-field ns-check" }),
      labelled("Overlaps", overlap)));
  let drawn = "";
  return {
    element,
    update({ activity: now, candidates: found }) {
      activity.textContent = now.activity;
      hint.textContent = now.hint;
      hover.checked = found.hover;
      connected.checked = now.connected;
      setValue(overlap, now.overlap);
      setValue(threshold, -found.threshold);
      show(size, found.scores.length > 0);
      show(candidates, found.scores.length > 1);
      const wanted = JSON.stringify([found.scores, found.areas, found.index]);
      if (wanted === drawn) return;
      drawn = wanted;
      candidates.replaceChildren(...found.scores.map((score, i) =>
        h("button", { type: "button", "aria-pressed": String(i === found.index),
          "aria-label": `Candidate ${i + 1}, score ${score}, ${found.areas[i]} pixels`,
          title: `${found.areas[i]} pixels; the model's own estimate is ${score} (J: next)`,
          onclick: () => app.ask({ kind: "candidate", index: i }) },
        `${i + 1}: ${score.toFixed(2)}`)));
    },
  };
}

const MOST_ROWS = 300;
// Of objects that have no class, where classes have colours.
const GREY = [153, 153, 153];

function objectsPanel(app) {
  const rows = h("tbody");
  const more = h("div", { class: "ns-hint" });
  const filter = h("input", { type: "search", placeholder: "name or class", oninput: () => fill() });
  const act = (action, words, tip) => h("button", { type: "button", title: tip,
    onclick: () => app.ask({ kind: "object", action, ids: chosen() }) }, words);
  const edit = (action, words, tip) => h("button", { type: "button", title: tip,
    onclick: () => app.ask({ kind: "edit", action }) }, words);
  const count = h("span");
  const byClass = h("input", { type: "checkbox", onchange: () => recolour() });
  const colours = labelled("Colour by class", byClass, { title: "Objects of one class have one colour" });
  const element = h("details", { open: true, class: "ns-section ns-objects" },
    h("summary", {}, "Objects ", count), labelled("Find", filter), colours,
    h("div", { class: "ns-table", tabindex: "0", "aria-label": "List of objects" },
      h("table", {}, h("thead", {}, h("tr", {}, ...["", "Name", "Class", "State", "Pixels"]
        .map((t) => h("th", { scope: "col" }, t)))), rows)), more,
    h("div", { class: "ns-group" }, act("correct", "Correct", "Open its prompts again (Shift+K)"),
      act("approve", "Approve", "Protect the selected objects (G)"), act("reject", "Reject", "Mark as wrong"),
      act("delete", "Delete", "Remove the selected objects")),
    h("div", { class: "ns-group" }, act("merge", "Merge", "Make the selected objects one"),
      edit("split", "Split", "Draw a line across an object"), edit("grow", "Grow", "One pixel outwards"),
      edit("shrink", "Shrink", "One pixel inwards"), edit("fill", "Fill holes", "Close its holes")),
    h("div", { class: "ns-group" }, commandButton(app, "classify")));
  const known = new Map();
  const selected = new Set();
  const chosen = () => [...selected].filter((id) => known.has(id));
  let classes = [];

  // Classes take the colours in the order of their names.
  function classColour(id) {
    if (!byClass.checked) return null;
    const place = classes.indexOf(known.get(id)?.entry.category);
    const all = app.facts.colours;
    return place < 0 ? GREY : all[place % all.length];
  }

  function recolour() {
    for (const one of known.values()) describe(one);
    app.recolour();
  }

  function fill() {
    const words = filter.value.toLowerCase();
    const fits = [...known.values()].map((k) => k.entry)
      .filter((e) => !words || `${e.id} ${e.name} ${e.category} ${e.status}`.toLowerCase().includes(words))
      .sort((a, b) => a.id - b.id);
    const shown = fits.slice(-MOST_ROWS);
    rows.replaceChildren(...shown.map((e) => row(known.get(e.id))));
    more.textContent = fits.length > shown.length
      ? `${fits.length - shown.length} more: type above to find them.` : "";
    count.textContent = `(${known.size})`;
  }

  function row(one) {
    one.row ||= makeRow(one);
    return one.row;
  }

  function makeRow(one) {
    const { id } = one.entry;
    const field = (name, words) => h("input", { type: "text", value: one.entry[name], "aria-label": `${words} of object ${id}`,
      onchange: (e) => app.ask({ kind: "describe", id, [name]: e.target.value }) });
    const button = one.button = h("button", { type: "button", class: "ns-id", "aria-label": `Object ${id}` }, String(id));
    button.addEventListener("click", (e) => select(id, e.ctrlKey || e.metaKey || e.shiftKey));
    one.state = h("td");
    one.area = h("td", { class: "ns-number" });
    one.fields = [field("name", "Name"), field("category", "Class")];
    const element = h("tr", { "data-object": id }, h("td", {}, button),
      ...one.fields.map((f) => h("td", {}, f)), one.state, one.area);
    one.row = element;
    describe(one);
    return element;
  }

  function describe(one) {
    if (!one.row) return;
    one.button.style.borderLeftColor = `rgb(${app.colourOf(one.entry.id).join(",")})`;
    one.state.textContent = one.entry.status;
    one.area.textContent = one.entry.area;
    setValue(one.fields[0], one.entry.name);
    setValue(one.fields[1], one.entry.category);
    const guess = one.entry.guess;
    one.fields[1].classList.toggle("ns-guess", typeof guess === "number");
    one.fields[1].title = typeof guess === "number" ? `by its looks, ${Math.round(100 * guess)} %` : "";
  }

  function select(id, also) {
    if (!also) selected.clear();
    if (also && selected.has(id)) selected.delete(id);
    else selected.add(id);
    mark();
    if (!also) app.ask({ kind: "object", action: "select", ids: [id] });
  }

  function mark() {
    for (const [id, one] of known)
      if (one.row) one.row.setAttribute("aria-selected", selected.has(id));
  }

  return {
    element,
    take(message) {
      const before = new Map([...known].map(([id, one]) => [id, one.entry.category]));
      if (message.all) known.clear();
      for (const id of message.gone || []) known.delete(id);
      for (const entry of message.entries) {
        const one = known.get(entry.id) || {};
        one.entry = entry;
        known.set(entry.id, one);
        describe(one);
      }
      classes = [...new Set([...known.values()].map((one) => one.entry.category))].filter(Boolean).sort();
      show(colours, classes.length > 0);
      const differs = message.entries.some((e) => before.get(e.id) !== e.category);
      if (byClass.checked && (differs || !classes.length)) {
        byClass.checked &&= classes.length > 0;
        recolour();
      }
      fill();
    },
    classColour,
    update({ selected: now }) {
      if (now.object !== null && !selected.has(now.object)) {
        selected.clear();
        selected.add(now.object);
      }
      mark();
    },
    get size() { return known.size; },
    get committed() { return [...known.values()].filter((k) => k.entry.status !== "open").length; },
    selected: chosen,
  };
}

function imagePanel(app, facts) {
  const now = { channels: null, low: 0, high: 1, gamma: 1 };
  const send = () => app.askSoon("screen", { kind: "screen", ...now });
  const control = (name, min, max, step) =>
    slider(min, max, step, now[name], (v) => { now[name] = v; send(); });
  const controls = { low: control("low", -0.5, 0.99, 0.01), high: control("high", 0.02, 2, 0.01), gamma: control("gamma", 0.2, 3, 0.05) };
  const opacity = slider(0, 1, 0.05, 0.3, (v) => app.setOpacity(v));
  const several = facts.channels > 1;
  const boxes = Array.from({ length: several ? facts.channels : 0 }, (_, i) =>
    h("input", { type: "checkbox", "aria-label": `Channel ${i}`, onchange: () => {
      const on = boxes.flatMap((b, k) => (b.checked ? [k] : []));
      if (on.length < 1 || on.length > 3) { boxes[i].checked = !boxes[i].checked; app.hint("Show one, two or three channels."); return; }
      now.channels = on;
      send();
    } }));
  return {
    element: section("Image", false,
      several ? h("fieldset", { class: "ns-channels" }, h("legend", {}, "Channels"),
        ...boxes.map((b, i) => h("label", {}, b, ` ${i}`))) : null,
      labelled("Black", controls.low), labelled("White", controls.high), labelled("Gamma", controls.gamma),
      labelled("Labels", opacity, { title: "Opacity of the labels" })),
    update({ screen }) {
      Object.assign(now, screen);
      for (const name of ["low", "high", "gamma"]) setValue(controls[name], screen[name]);
      const on = screen.channels || boxes.map((_, i) => i).slice(0, 3);
      boxes.forEach((b, i) => { b.checked = on.includes(i); });
    },
  };
}

function savePanel(app) {
  const path = h("input", { type: "text", value: "labels.tif", spellcheck: "false" });
  const state = h("div", { class: "ns-hint" });
  return {
    element: section("Save", false, labelled("File", path, {
      title: ".tif, .zarr, .json (COCO), .geojson …; .session.json keeps prompts as well" }), state,
      h("div", { class: "ns-group" }, h("button", { type: "button",
        onclick: () => app.ask({ kind: "save", path: path.value }) }, "Save labels"))),
    update({ activity }) { state.textContent = activity.saved; },
  };
}

function keysPanel(facts) {
  const own = [["0", "show all of the image"], ["+ −", "zoom"], ["arrows", "move the image"],
    ["Enter", "click in the middle of the view; Shift+Enter: beside the object"]];
  const rows = [...facts.commands.map((c) => [c.shown, c.tip]), ...own];
  return {
    element: section("Keys", false, h("dl", { class: "ns-keys" },
      ...rows.flatMap(([key, tip]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, tip)]))),
    update() {},
  };
}

function framesBar(app, facts) {
  const sliders = Object.entries(facts.sizes).filter(([, size]) => size > 1).map(([axis, size]) => {
    const words = h("output");
    const control = slider(0, size - 1, 1, 0, (v) => app.askSoon("frame", { kind: "frame", where: { ...app.state.frame.where, [axis]: v } }));
    const play = h("button", { type: "button", "aria-label": `Play along ${axis}`, "aria-pressed": "false",
      onclick: () => app.play(app.playing === axis ? null : axis, size) }, "▶");
    return { axis, size, control, words, play,
      element: h("div", { class: "ns-frames" }, play, labelled(axis, control), words) };
  });
  const strip = timeStrip(app, facts);
  return {
    element: h("div", { hidden: !sliders.length }, ...sliders.map((s) => s.element), strip.element),
    update({ frame, strip: known }) {
      strip.update(known, frame);
      for (const s of sliders) {
        setValue(s.control, frame.where[s.axis]);
        if (app.playing) s.control.value = frame.where[s.axis];
        s.words.textContent = `${frame.where[s.axis]} / ${s.size - 1}`;
        s.play.textContent = app.playing === s.axis ? "❚❚" : "▶";
        s.play.setAttribute("aria-pressed", app.playing === s.axis);
      }
    },
  };
}

// What is known of one object along time; a click goes there. Keys do that on the slider.
function timeStrip(app, facts) {
  const canvas = h("canvas", { class: "ns-strip", role: "img", height: 14, "aria-label": "The selected object along time" });
  let known = {}, marks = [], now = 0;
  const at = (event) => Math.min(marks.length - 1, Math.max(0,
    Math.floor((event.offsetX / canvas.clientWidth) * marks.length)));
  canvas.addEventListener("click", (event) =>
    app.askSoon("frame", { kind: "frame", where: { ...app.state.frame.where, [known.axis]: at(event) } }));
  canvas.addEventListener("pointermove", (event) => {
    canvas.title = `Object ${known.object}, frame ${at(event)}: ${facts.marks[marks[at(event)]].words}`;
  });
  const redraw = () => {
    const width = (canvas.width = canvas.clientWidth || 1);
    const ctx = canvas.getContext("2d");
    const scale = width / marks.length;
    let from = 0;
    for (const [mark, count] of known.runs || []) {
      ctx.fillStyle = facts.marks[mark].colour;
      ctx.fillRect(from * scale, 0, Math.max(1, count * scale), 14);
      from += count;
    }
    ctx.strokeStyle = getComputedStyle(canvas).color;
    ctx.lineWidth = 2;
    ctx.strokeRect(now * scale + 1, 1, Math.max(2, scale - 2), 12);
  };
  new ResizeObserver(redraw).observe(canvas);
  return {
    element: canvas,
    update(strip, { where }) {
      show(canvas, Boolean(strip?.runs));
      if (!strip?.runs) return;
      known = strip;
      marks = strip.runs.flatMap(([mark, count]) => Array(count).fill(mark));
      now = where[strip.axis];
      const total = (mark) => marks.filter((m) => m === mark).length;
      const told = facts.marks.map(({ words }, i) => [words, total(i)]).filter(([, n]) => n);
      canvas.setAttribute("aria-label",
        `Object ${strip.object} along ${strip.axis}: ${told.map(([words, n]) => `${n} ${words}`).join(", ")}`);
      redraw();
    },
  };
}

function statusBar(app) {
  const words = h("span", { role: "status", "aria-live": "polite" });
  const progress = h("progress", { max: 1, "aria-label": "Progress" });
  const model = h("span", { class: "ns-hint" });
  const cancel = commandButton(app, "cancel");
  show(progress, false);
  show(cancel, false);
  return {
    element: h("div", { class: "ns-status" }, words, progress, cancel, model),
    say(level, text) {
      words.textContent = text;
      words.className = `ns-${level}`;
    },
    busy(message) {
      const long = message.name && message.name !== "predicting";
      show(progress, Boolean(message.name));
      show(cancel, Boolean(long));
      if (message.total) progress.value = message.done / message.total;
      else progress.removeAttribute("value");
      if (long) this.say("info", `${message.what || message.name} …`);
      else if (!message.name && words.className === "ns-info" && words.textContent.endsWith("…")) this.say("info", "");
    },
    update({ activity }) { model.textContent = activity.ready ? activity.model : `${activity.model}: loading`; },
  };
}

