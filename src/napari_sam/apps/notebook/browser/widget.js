// The widget: state from Python on one side, the canvas and its controls on the other.

// Positions of the mouse that are on their way at once. Two: a server may hold the end of
// an answer back until the browser has sent something, which then is the next position.
const MOST_HOVERING = 2;

class App {
  constructor(model, el) {
    this.link = new Link(model, (message, buffers) => this.take(message, buffers),
      (level, text) => this.onSay({ level, text }));
    this.view = new Viewport();
    this.tool = "point";
    this.state = null;
    this.layers = {};
    this.masks = {};
    this.hovering = new Set();
    this.opacity = 0.3;
    this.keyboard = false;
    this.readOnly = Boolean(model.get("read_only"));
    this.canvas = h("canvas", { tabindex: "0", class: "ns-canvas", role: "application",
      "aria-label": "Image. Arrow keys move it, plus and minus zoom, Enter clicks in the middle." });
    this.stage = h("div", { class: "ns-stage" }, this.canvas);
    this.root = rootElement(h("div", { class: "ns-hint" }, "Waiting for Python …"));
    el.append(this.root);
    this.pointer = new Pointer(this);
    this.root.addEventListener("keydown", (e) => this.press(e));
    this.unshareKeys = shareKeys(this.root, (event) => this.commandOf(event));
    this.sizes = new ResizeObserver(() => this.resize());
    this.clock = setInterval(() => this.tick(), 250);
    this.send({ kind: "hello" });
  }

  end() {
    this.link.end();
    this.unshareKeys();
    this.sizes.disconnect();
    clearInterval(this.clock);
    this.ended = true;
  }

  // ---- to Python

  send(message) { this.link.send(message); }

  ask(message) { return this.link.ask(message); }

  askSoon(key, message) { this.link.askSoon(key, message); }

  command(id) {
    this.ask({ kind: "command", id });
  }

  // ---- from Python

  take(message, buffers) {
    const doing = { image: "onImage", state: "onState", tile: "onTile", stale: "onStale",
      mask: "onMask", objects: "onObjects", say: "onSay", busy: "onBusy", done: "onDone",
      go_to: "onGoTo", tool: "onTool", journal: "onJournal", overlap: "onOverlap" }[message.kind];
    if (doing && (this.facts || message.kind === "image")) this[doing](message, buffers);
  }

  onImage(facts) {
    if (this.facts && JSON.stringify(this.facts) === JSON.stringify(facts)) return;
    this.facts = facts;
    const { side } = facts;
    Object.assign(COLOUR, facts.outlines);
    const byNumber = (id) => this.colourByNumber(id);
    this.layers = {
      image: new TileLayer("image", side, decodeImage, this.link.who),
      labels: new TileLayer("labels", side, this.labels(), this.link.who),
      found: new TileLayer("found", side, labelDecoder(byNumber, 0.12), this.link.who),
    };
    [this.view.rows, this.view.cols] = facts.shape;
    this.layOut(facts);
  }

  layOut(facts) {
    this.frames = framesBar(this, facts);
    this.status = statusBar(this);
    this.questions = h("div", {});
    this.bar = toolBar(this);
    this.objects = objectsPanel(this);
    const moves = Object.values(facts.sizes).some((size) => size > 1);
    const everything = everythingPanel(this, facts);
    const panels = this.readOnly
      ? [this.objects, imagePanel(this, facts)]
      : [promptsPanel(this), this.objects, ...(moves ? [tracksPanel(this, facts)] : []),
        everything, wordsPanel(this, facts, everything), folderPanel(this, facts), batchPanel(this, facts), modelPanel(this), imagePanel(this, facts),
        savePanel(this), keysPanel(facts)];
    this.panels = [...panels, this.bar, this.frames, this.status];
    const main = h("div", { class: "ns-main-part" }, this.stage, this.frames.element);
    const side = h("div", { class: "ns-side" }, ...panels.map((p) => p.element));
    this.root.replaceChildren(...(this.readOnly ? [] : [this.bar.element]), this.questions,
      h("div", { class: "ns-columns" }, main, side), this.status.element);
    this.root.classList.toggle("ns-read-only", this.readOnly);
    nameCommands(this.root, facts.commands);
    this.sizes.observe(this.stage);
    this.resize();
    if (facts.overview) this.fit();
    else { this.view.scale = 1 / 8; this.view.centreOn(facts.shape[1] / 2, facts.shape[0] / 2); }
  }

  onState(message) {
    const { kind, ...parts } = message;
    const before = this.state?.frame?.frame;
    this.state = { ...this.state, ...parts };
    if (!this.state.activity || !this.state.frame || !this.state.screen) return;
    if (parts.frame && before !== undefined && before !== parts.frame.frame)
      for (const layer of Object.values(this.layers)) layer.before = before;
    for (const panel of this.panels) panel.update(this.state);
    this.enable();
    this.redraw();
  }

  enable() {
    const { activity } = this.state;
    const can = { undo: activity.can_undo, redo: activity.can_redo, commit: activity.can_commit };
    for (const [id, on] of Object.entries(can))
      for (const button of this.root.querySelectorAll(`[data-command=${id}]`)) button.disabled = !on;
    this.root.dataset.ready = activity.ready;
    if (activity.trouble) this.onSay({ level: "error", text: activity.trouble });
  }

  onTile(message, buffers) {
    const layer = this.layers[message.layer];
    if (!layer || message.token !== layer.token) return;
    layer.take(message, buffers[0]);
    this.redraw();
  }

  onStale({ layer, frame, region }) {
    this.layers[layer]?.forget(frame, region);
    this.redraw();
  }

  onMask(message, buffers) {
    this.masks[message.which] = maskOf(message, buffers[0]);
    this.redraw();
  }

  onObjects(message) {
    this.objects.take(message);
    this.root.dataset.objects = this.objects.size;
    this.root.dataset.committed = this.objects.committed;
  }

  onSay({ level, text }) {
    this.status.say(level, text);
  }

  onBusy(message) {
    this.root.dataset.busy = message.name;
    this.status.busy(message);
  }

  onDone({ n }) {
    if (this.hovering.delete(n) && this.hoverNext) this.hover(...this.hoverNext);
  }

  onGoTo({ region, close }) {
    this.view.show(...region, close);
    this.moved();
  }

  onTool({ tool }) {
    this.useTool(tool);
  }

  onJournal({ text }) {
    const answer = (a) => () => this.ask({ kind: "journal", answer: a });
    this.questions.querySelector(".ns-journal")?.remove();
    if (!text || this.readOnly) return;
    const box = question(text, ["Restore", answer("restore")], ["Delete it", answer("discard")], ["Later", answer("later")]);
    box.classList.add("ns-journal");
    this.questions.append(box);
  }

  onOverlap({ text }) {
    const box = question(text, ...[["Keep them", "keep"], ["Overwrite them", "overwrite"], ["Cancel", null]]
      .map(([words, overlap]) => [words, () => {
        box.remove();
        if (overlap) this.ask({ kind: "commit", overlap });
      }]));
    this.questions.append(box);
  }

  // ---- the person

  positive() { return this.state?.prompts?.positive ?? true; }

  prompt(item) { if (!this.readOnly) this.ask({ kind: "prompt", item }); }

  point(row, col, positive) {
    const round = (n) => Math.round(n * 100) / 100;
    if (row < -0.5 || col < -0.5 || row > this.view.rows - 0.5 || col > this.view.cols - 0.5) return;
    this.prompt({ kind: "point", row: round(row), col: round(col), positive });
  }

  // While automatic masks are shown, a click rejects one.
  pick(row, col) {
    if (this.state?.everything?.frame !== this.state?.frame?.frame) return false;
    this.ask({ kind: "everything", action: "reject", row, col });
    return true;
  }

  hover(at) {
    if (!this.state?.candidates?.hover || this.readOnly) return;
    this.hoverNext = [at];
    if (this.hovering.size >= MOST_HOVERING) return;
    this.hoverNext = null;
    const frame = this.state.frame.frame;
    const where = at ? { frame, row: at[0] - 0.5, col: at[1] - 0.5 } : {};
    this.hovering.add(this.ask({ kind: "hover", ...where }));
  }

  hint(text) {
    this.onSay({ level: "info", text });
  }

  useTool(name) {
    this.tool = name;
    this.pointer.abandon();
    this.canvas.dataset.tool = name;
    if (this.state) this.bar.update(this.state);
    this.hint(TOOLS.find(([tool]) => tool === name)?.[2] ?? "");
    this.redraw();
  }

  setOpacity(value) {
    this.opacity = value;
    this.recolour();
  }

  labels() { return labelDecoder((id) => this.colourOf(id), this.opacity); }

  recolour() {
    this.layers.labels.redecode(this.labels());
    this.redraw();
  }

  fit() {
    this.view.fit();
    this.moved();
  }

  zoom(factor) {
    this.view.zoom(this.view.width / 2, this.view.height / 2, factor);
    this.moved();
  }

  moved() {
    this.askSoon("region", { kind: "region", region: this.view.region() });
    this.redraw();
  }

  play(axis, size) {
    this.playing = axis;
    if (axis) this.step(axis, size);
    this.frames.update(this.state);
  }

  // The next frame, when this one is drawn and a moment has passed.
  step(axis, size) {
    setTimeout(() => {
      if (this.playing !== axis || this.ended) return;
      if (this.root.dataset.tiles === "ready" && !this.link.soon.get("frame")) {
        const where = { ...this.state.frame.where };
        where[axis] = (where[axis] + 1) % size;
        this.askSoon("frame", { kind: "frame", where });
      }
      this.step(axis, size);
    }, 90);
  }

  keyOf(event) {
    const name = event.key.length === 1 ? event.key.toUpperCase() : event.key;
    const modifiers = [(event.ctrlKey || event.metaKey) && "Control", event.altKey && "Alt", event.shiftKey && "Shift"];
    return [...modifiers.filter(Boolean), name].join("-");
  }

  commandOf(event) {
    return this.readOnly ? null : this.facts?.commands.find((c) => c.key === this.keyOf(event));
  }

  press(event) {
    // Notebooks take the focus away from a control at plain keys that reach them.
    if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
    if (isTyping(event)) return;
    const key = this.keyOf(event);
    if (event.key === "Escape" && this.pointer.abandon()) this.redraw();
    else if (event.target === this.canvas && this.pressOnImage(event, key)) this.redraw();
    else {
      const found = this.commandOf(event);
      if (!found) return;
      if (found.id === "approve" && this.objects.selected().length)
        this.ask({ kind: "object", action: "approve", ids: this.objects.selected() });
      else this.command(found.id);
    }
    event.preventDefault();
    event.stopPropagation();
  }

  pressOnImage(event, key) {
    const far = 60;
    const moves = { ArrowLeft: [far, 0], ArrowRight: [-far, 0], ArrowUp: [0, far], ArrowDown: [0, -far] };
    if (moves[event.key]) {
      this.keyboard = true;
      this.view.pan(...moves[event.key]);
      this.moved();
    } else if (event.key === "+" || event.key === "=") this.zoom(1.5);
    else if (event.key === "-") this.zoom(1 / 1.5);
    else if (key === "0") this.fit();
    else if (event.key === "Enter") this.pressEnter(event.shiftKey);
    else return false;
    return true;
  }

  pressEnter(beside) {
    if (this.tool === "polygon" && this.pointer.line) { this.pointer.finishLine(this.positive() !== beside); return; }
    const [x, y] = this.view.toImage(this.view.width / 2, this.view.height / 2);
    if (!this.pick(y - 0.5, x - 0.5)) this.point(y - 0.5, x - 0.5, this.positive() !== beside);
  }

  colourOf(id) {
    return this.objects?.classColour(id) ?? this.colourByNumber(id);
  }

  colourByNumber(id) {
    const { colours } = this.facts;
    return colours[(id - 1) % colours.length];
  }

  // ---- drawing

  resize() {
    const { clientWidth, clientHeight } = this.stage;
    const dpr = window.devicePixelRatio || 1;
    if (!clientWidth) return;
    const first = this.view.width === 1;
    this.canvas.width = Math.round(clientWidth * dpr);
    this.canvas.height = Math.round(clientHeight * dpr);
    this.view.resize(clientWidth, clientHeight);
    if (first && this.facts.overview) this.view.fit();
    this.moved();
  }

  redraw() {
    if (this.waits || this.ended) return;
    this.waits = true;
    requestAnimationFrame(() => { this.waits = false; this.draw(); });
  }

  draw() {
    if (!this.facts || !this.state?.frame || !this.canvas.isConnected) return;
    const ctx = this.canvas.getContext("2d");
    const dpr = window.devicePixelRatio || 1;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const missing = this.drawTiles(ctx, dpr);
    this.drawOver(ctx, dpr);
    this.root.dataset.tiles = missing ? "waiting" : "ready";
    this.root.dataset.preview = this.masks.preview ? this.masks.preview.area : "";
    this.root.dataset.hover = this.masks.hover ? "shown" : "";
    this.root.dataset.drawn = Number(this.root.dataset.drawn || 0) + 1;
  }

  drawTiles(ctx, dpr) {
    const { frame } = this.state.frame;
    const level = this.view.level(dpr, this.facts.levels);
    const now = performance.now();
    const wants = [];
    let missing = false;
    for (const layer of Object.values(this.layers)) {
      if (layer.name === "found" && this.state.everything.frame !== frame) continue;
      const addresses = layer.inView(frame, level, this.view.region());
      wants.push(...layer.wanted(addresses, now));
      missing ||= layer.missing(addresses);
      layer.draw(ctx, this.view, dpr, addresses, this.facts.levels);
    }
    if (wants.length) this.send({ kind: "tiles", wants });
    return missing;
  }

  drawOver(ctx, dpr) {
    const { frame, prompts } = this.state;
    for (const which of ["hover", "preview"]) {
      const mask = this.masks[which];
      if (mask && mask.frame === frame.frame)
        drawMask(ctx, this.view, dpr, mask, COLOUR[which], which === "preview");
    }
    if (prompts.visible) {
      for (const item of prompts.others) drawPrompt(ctx, this.view, dpr, item, true);
      for (const item of prompts.items) drawPrompt(ctx, this.view, dpr, item, false);
    }
    this.pointer.draw(ctx, dpr);
    if (this.keyboard && this.canvas.getRootNode().activeElement === this.canvas) this.drawCross(ctx, dpr);
  }

  // Where Enter clicks.
  drawCross(ctx, dpr) {
    const [x, y] = [this.view.width / 2, this.view.height / 2];
    ctx.save();
    ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
    for (const [style, width] of [["#000", 4], ["#fff", 2]]) {
      ctx.strokeStyle = style;
      ctx.lineWidth = width;
      ctx.beginPath();
      ctx.moveTo(x - 12, y);
      ctx.lineTo(x + 12, y);
      ctx.moveTo(x, y - 12);
      ctx.lineTo(x, y + 12);
      ctx.stroke();
    }
    ctx.restore();
  }

  // Ask again for what never came, and say so when Python does not answer.
  tick() {
    if (!this.facts) {
      this.waited = (this.waited || 0) + 1;
      if (this.waited % 8 === 0) this.send({ kind: "hello" });
      return;
    }
    if (this.root.dataset.tiles === "waiting") this.redraw();
    this.link.tick();
  }
}

export default {
  render({ model, el }) {
    const Face = model.get("face") === "review" ? Review : App;
    const app = new Face(model, el);
    el.napariSam = app;
    return () => app.end();
  },
};
