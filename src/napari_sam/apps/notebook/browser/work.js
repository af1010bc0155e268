// Controls of work that takes longer: all objects at once, prompts of a file, objects
// through frames, and the model. Their forms are made of the settings that Python has.

const WHERE = [["plane", "in this frame"], ["planes", "in all frames"], ["view", "in view"],
  ["drawn", "in a shape I draw"]];

function workButton(words, title, does, props = {}) {
  return h("button", { type: "button", title, onclick: does, ...props }, words);
}

function group(...children) {
  return h("div", { class: "ns-group" }, ...children);
}

function everythingPanel(app, { forms, sizes }) {
  const several = Object.values(sizes).some((size) => size > 1);
  const where = h("select", {}, ...WHERE.filter(([name]) => several || name !== "planes")
    .map(([name, words]) => h("option", { value: name }, words)));
  const method = settingsForm(forms.everything);
  const filters = settingsForm(forms.filters, () =>
    app.askSoon("filter", { kind: "everything", action: "filter", filters: filters.values() }));
  const cut = settingsForm(forms.instances);
  const similar = settingsForm(forms.similar, () =>
    app.askSoon("compare", { kind: "everything", action: "compare", similar: similar.values() }));
  let last = {};
  const find = (chosen = {}) => {
    last = chosen;
    app.ask({ kind: "everything", action: "find", where: where.value, everything: method.values(),
      instances: cut.values(), filters: filters.values(), similar: similar.values(), ...chosen });
  };
  cut.element.addEventListener("change", () => {
    if (app.state.everything.frame !== null) find(last);
  });
  const act = (words, title, action, props) =>
    workButton(words, title, () => app.ask({ kind: "everything", action }), props);
  const like = workButton("Find all like the selected", "Objects like those selected in the list", () => {
    const ids = app.objects.selected();
    if (ids.length) find({ like: ids });
    else app.onSay({ level: "error", text: "Select objects in the list that are examples." });
  });
  const words = h("div", { class: "ns-hint", role: "status" });
  const accept = act("Accept", "Commit all masks that are shown, as one step", "accept", { class: "ns-main" });
  const discard = act("Discard", "Discard these masks; nothing is committed", "discard");
  const drawn = [act("Merge masks", "Draw a line through masks: they become one", "merge"),
    act("Split a mask", "Draw a line across a mask: it is cut there", "split")];
  return {
    where: () => where.value,
    element: section("Everything", false,
      group(workButton("Find all objects", "Nothing is committed yet", () => find())),
      labelled("Where", where), group(like), words, group(accept, discard), group(...drawn),
      section("Filters", false, filters.element, cut.element),
      section("Method", false, method.element),
      section("What counts as similar", false, similar.element)),
    update({ everything: now }) {
      const there = now.frame !== null;
      words.textContent = there
        ? `${now.shown} shown${now.planes > 1 ? ` in ${now.planes} frames` : ""}, ${now.rejected} rejected. Click one to leave it out.`
        : "Not searched yet: find objects first.";
      for (const one of [accept, ...drawn]) one.disabled = !now.shown;
      discard.disabled = !there;
    },
  };
}

// Words are looked for, and become classes; *Everything* says where.
function wordsPanel(app, { forms, word_models: offered }, everything) {
  const line = h("input", { type: "text", placeholder: "roof, tree; not: car", spellcheck: "false",
    onkeydown: (e) => { if (e.key === "Enter") find.click(); } });
  const trust = settingsForm(forms.text, () =>
    app.askSoon("trust", { kind: "words", action: "trust", settings: trust.values() }));
  const find = workButton("Find these words", "Find the objects that the words name; nothing is committed yet", () =>
    app.ask({ kind: "words", action: "find", words: line.value, where: everything.where(), settings: trust.values() }));
  const found = h("div", { class: "ns-hint", role: "status" });
  const model = h("div", { class: "ns-hint" });
  const known = h("datalist", { id: `ns-word-models-${Math.random().toString(36).slice(2)}` },
    ...offered.map(([name, about]) => h("option", { value: name }, about)));
  const folder = h("input", { type: "text", spellcheck: "false", list: known.id, placeholder: "a name, or a folder of a model of words" });
  const use = workButton("Use this model", "A model that knows words, by its name or from a folder; it is remembered, and downloaded once",
    () => app.ask({ kind: "words", action: "use", folder: folder.value }));
  const act = (words, title, action, props) =>
    workButton(words, title, () => app.ask({ kind: "everything", action }), props);
  const accept = act("Commit words", "Commit all that is shown, with the words as classes, as one step", "accept", { class: "ns-main" });
  const discard = act("Discard words", "Discard these masks; nothing is committed", "discard");
  return {
    element: section("Words", false, labelled("Words", line,
      { title: "Words with commas: each is a class. After “not:”, words of what is left out" }),
    group(find), trust.element, found, group(accept, discard), model,
    labelled("Model", folder), known, group(use)),
    update({ words: now }) {
      find.disabled = !now.ready;
      model.textContent = now.model;
      const listed = Object.entries(now.counts).map(([word, n]) => `${n} ${word}`).join(", ");
      found.textContent = now.by ? `${listed || "No mask above this score"}; ${now.by}.` : "";
      accept.disabled = !listed;
      discard.disabled = !now.by;
    },
  };
}

const BY = [["named", "objects here that have a class"], ["selected", "the selected objects"],
  ["words", "words"], ["all", "nothing: find all objects"]];

// A folder is labelled beside everything else: what by, and where to.
function folderPanel(app, { forms }) {
  const text = (placeholder, props = {}) => h("input", { type: "text", spellcheck: "false", placeholder, ...props });
  const [images, output, line] = [text("a folder of images"), text("a new folder"), text("roof, tree; not: car")];
  const by = h("select", { onchange: () => which() },
    ...BY.map(([name, words]) => h("option", { value: name }, words)));
  const similar = settingsForm(forms.label), sure = settingsForm(forms.text);
  const words = labelled("Words", line);
  const category = text("class of an example", { "aria-label": "Class of an example" });
  const draw = workButton("Draw a box", "The next box that you draw in the image is an example of this class",
    () => app.ask({ kind: "example", category: category.value }));
  const example = group(category, draw);
  const run = workButton("Label the folder",
    "Find and class the objects of all images, beside your work; it goes on where it was stopped", () =>
      app.ask({ kind: "label", images: images.value, output: output.value, by: by.value, words: line.value,
        ids: app.objects.selected(), similar: similar.values(), text: sure.values() }));
  const done = h("div", { class: "ns-hint", role: "status" });
  function which() {
    show(example, by.value === "named");
    show(words, by.value === "words");
    show(sure.element, by.value === "words");
    show(similar.element, by.value === "named" || by.value === "selected");
  }
  which();
  return {
    element: section("Label a folder", false, labelled("Images", images), labelled("By", by), example, words,
      similar.element, sure.element, labelled("Data set", output), group(run), done),
    update({ words: now }) {
      done.textContent = now.labelled ? `Labelled: sam.review("${now.labelled}") in a cell goes through it.` : "";
    },
  };
}

function batchPanel(app, { forms }) {
  const embed = settingsForm(forms.embed);
  const batch = settingsForm(forms.batch);
  const path = h("input", { type: "text", value: "prompts.csv", spellcheck: "false" });
  return {
    element: section("Embed ahead, batch", false,
      h("div", { class: "ns-hint" }, "A click on an embedded tile shows its mask at once."),
      embed.element,
      group(workButton("Embed this view", "Encode all tiles in view, so that no click has to wait",
        () => app.ask({ kind: "embed", settings: embed.values() }))),
      labelled("Prompts in", path, { title: "Prompts as .csv or .json, tables with x and y, .geojson …" }),
      batch.element,
      group(workButton("Segment these prompts", "Commit a mask for each object in the file, as one step",
        () => app.ask({ kind: "batch", path: path.value, settings: batch.values() })))),
    update() {},
  };
}

function modelPanel(app) {
  const models = h("select", { onchange: () => choose() });
  const about = h("div", { class: "ns-hint" });
  const download = workButton("Download and use", "Download the weights once; they are verified", () => use());
  const improve = workButton("Improve with my corrections",
    "Train the model on what you committed, beside your work; the new one is listed here if it is better on those held back",
    () => app.ask({ kind: "improve" }));
  const found = h("div", { role: "status" });
  const row = labelled("Model", models);
  let drawn = "", known = [];
  const use = () => app.ask({ kind: "model", name: models.value });
  const entry = () => known.find((one) => one.name === models.value);
  function describe() {
    const one = entry();
    about.textContent = one ? one.good_for : "";
    show(download, Boolean(one) && !one.here);
  }
  function choose() {
    describe();
    if (entry()?.here) use();
  }
  return {
    element: section("Model", false, row, about, group(download), group(improve), found),
    update({ models: now, activity }) {
      known = now.known;
      const wanted = JSON.stringify([now, activity.model]);
      show(row, known.some((one) => one.name === activity.model));
      if (wanted === drawn) return;
      drawn = wanted;
      models.replaceChildren(...known.map((one) => h("option", { value: one.name }, one.here ? one.name : `${one.name} ↓`)));
      models.value = activity.model;
      describe();
      found.replaceChildren(...(now.improved ? improvedTable(now.improved) : []));
    },
  };
}

// Before and after learning, for those objects that were held back.
function improvedTable({ words, rows }) {
  const cells = rows.map(([prompt, before, after]) => h("tr", {}, h("th", { scope: "row" }, prompt),
    ...[before, after].map((n) => h("td", { class: "ns-number" }, n.toFixed(2)))));
  const heads = ["", "before", "after"].map((t) => h("th", { scope: "col" }, t));
  return [h("table", { class: "ns-improved" }, h("caption", {}, words),
    h("thead", {}, h("tr", {}, ...heads)), h("tbody", {}, ...cells))];
}

function tracksPanel(app, { forms }) {
  const settings = settingsForm(forms.propagate);
  const go = (direction, words, title) => workButton(words, title, () =>
    app.ask({ kind: "propagate", direction, settings: settings.values() }));
  const act = (action, words, title) => workButton(words, title, () =>
    app.ask({ kind: "tracks", action, ids: app.objects.selected() }));
  const words = h("div", { class: "ns-hint", role: "status" });
  const queue = reviewQueue(app);
  return {
    element: section("Track", true,
      group(go("backward", "◀ Backward", "From this frame to the first"),
        go("forward", "Forward ▶", "From this frame to the last"),
        commandButton(app, "propagate")), words, queue.element,
      group(commandButton(app, "review_next"),
        commandButton(app, "review_accept"), commandButton(app, "review_correct")),
      group(act("divide", "Divides", "The first selected object divides into the others here"),
        act("cut", "Cut", "Another object from this frame on"), act("join", "Join", "Make the selected objects one track"),
        act("swap", "Swap", "Exchange two objects from this frame on"), act("end", "Ends", "It is not there after this frame")),
      section("How objects are propagated", false, settings.element)),
    update({ tracks }) {
      words.textContent = tracks.flagged
        ? `${tracks.flagged} frame${tracks.flagged > 1 ? "s" : ""} to review, lowest confidence first.` : "";
      queue.update(tracks);
    },
  };
}

// Flagged frames, lowest confidence first; a click goes there.
function reviewQueue(app) {
  const list = h("ol", { class: "ns-queue", "aria-label": "Flagged frames" });
  let drawn = "";
  return {
    element: list,
    update({ queue = [], current }) {
      const wanted = JSON.stringify([queue, current]);
      show(list, queue.length > 0);
      if (wanted === drawn) return;
      drawn = wanted;
      list.replaceChildren(...queue.map(({ frame, object, confidence, flagged }) => {
        const here = current && current[0] === frame && current[1] === object;
        return h("li", {}, h("button", { type: "button", "aria-current": here ? "true" : null,
          title: flagged ? "Flagged: its confidence is low" : "Propagated",
          onclick: () => app.ask({ kind: "review", frame, object }) },
        `${flagged ? "⚑ " : ""}Object ${object}, frame ${frame}`, h("span", {}, confidence.toFixed(2))));
      }));
      const here = list.querySelector("[aria-current]");
      if (here) list.scrollTop = here.offsetTop - list.clientHeight / 2; // the page stays
    },
  };
}
