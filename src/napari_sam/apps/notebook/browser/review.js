// The review of a labelled data set: one object after another, by buttons and keys. What
// is wrong is clicked anew in an annotation that opens below.

const DIGITS = 9;
const IMPROVE = "Improve with my corrections";

class Review {
  constructor(model, el) {
    this.link = new Link(model, (message, buffers) => this.take(message, buffers),
      (level, text) => this.say({ level, text }));
    this.pictures = new Map();
    this.page = null;
    this.makeControls();
    this.root = rootElement(this.counts, h("div", { class: "ns-review" }, this.answers, this.next),
      this.place, h("div", { class: "ns-group" }, this.improve, this.learnt), this.status);
    this.root.classList.add("ns-review-root");
    this.root.tabIndex = 0;
    this.root.setAttribute("role", "application");
    this.root.setAttribute("aria-label", "Review of a labelled data set");
    el.append(this.root);
    this.root.addEventListener("keydown", (e) => this.press(e));
    this.unshareKeys = shareKeys(this.root, () => false);
    this.clock = setInterval(() => this.tick(), 250);
    this.link.send({ kind: "hello" });
  }

  end() {
    this.endCorrection();
    this.link.end();
    this.unshareKeys();
    clearInterval(this.clock);
  }

  tick() {
    this.link.tick();
    if (!this.page && (this.waited = (this.waited || 0) + 1) % 8 === 0) this.link.send({ kind: "hello" });
  }

  makeControls() {
    this.counts = h("div", { class: "ns-activity", role: "status" }, "Waiting for Python …");
    this.large = h("canvas", { class: "ns-large", role: "img", "aria-label": "The object, with its outline" });
    this.about = h("div", { class: "ns-hint" });
    const answer = (action, words, key, title, props = {}) =>
      h("button", { type: "button", title, "aria-keyshortcuts": key, onclick: () => this.answer(action), ...props },
        words, h("kbd", { "aria-hidden": "true" }, key));
    this.buttons = [
      answer("accept", "Accept", "A", "It is right", { class: "ns-main" }),
      answer("reject", "Reject", "R", "It is no object: it is taken out of the labels"),
      answer("correct", "Correct", "C", "Click on it anew: another mask replaces it"),
      answer("skip", "Later", "N", "Leave it, go on to the next"),
      answer("undo", "Undo", "Z", "Take back the last decision"),
    ];
    this.category = h("input", { type: "text", placeholder: "another class, and Enter",
      onkeydown: (e) => { if (e.key === "Enter") this.byName(); } });
    [this.only, this.where] = [0, 1].map(() => h("select", { onchange: () => this.show() }));
    this.digits = h("div", { class: "ns-group", role: "group", "aria-label": "Classes" });
    this.answers = h("div", { class: "ns-answers" }, this.large, this.about,
      h("div", { class: "ns-group" }, ...this.buttons), this.digits,
      labelled("Class", this.category), labelled("Show", this.only), labelled("On", this.where));
    this.next = h("ul", { class: "ns-next", "aria-label": "The next objects" });
    this.place = h("div", { class: "ns-correction" });
    this.improve = h("button", { type: "button", onclick: () => this.link.ask({ kind: "improve" }),
      title: "Train the model on what you accepted or corrected, in the background" }, IMPROVE);
    this.learnt = h("span", { class: "ns-hint ns-learnt", role: "status" });
    this.words = h("span", { role: "status", "aria-live": "polite" });
    this.status = h("div", { class: "ns-status" }, this.words);
  }

  take(message, buffers) {
    const doing = { page: "onPage", say: "say", correcting: "onCorrecting", annotation: "onAnnotation",
      improving: "onImproving" }[message.kind];
    if (doing) this[doing](message, buffers);
  }

  onPage(page, buffers) {
    this.page = page;
    page.fresh.forEach((key, i) =>
      this.pictures.set(key, decodeImage({ shape: [page.side, page.side], depth: 3 }, buffers[i])));
    this.counts.textContent = page.text;
    const [first, ...others] = page.objects;
    this.drawInto(this.large, first);
    this.about.textContent = first ? first.words : "Nothing is left to review here.";
    this.next.replaceChildren(...others.map((one) => {
      const canvas = h("canvas", { role: "img", "aria-label": one.words });
      this.drawInto(canvas, one);
      return h("li", { title: one.words }, canvas, h("span", {}, one.category || "no class"));
    }));
    this.offerDigits(page.classes);
    this.offer(this.only, "all classes", page.classes, page.only[0]);
    this.offer(this.where, "all images", page.images, page.only[1]);
    this.enable();
    this.root.dataset.left = page.objects.length;
    this.root.dataset.text = page.text;
  }

  drawInto(canvas, one) {
    const picture = one && this.pictures.get(one.key);
    canvas.width = canvas.height = this.page.side;
    if (picture) canvas.getContext("2d").drawImage(picture, 0, 0);
  }

  show() {
    const [category, image] = [this.only, this.where].map((one) => (one.selectedIndex ? one.value : null));
    this.link.ask({ kind: "show", category, image });
  }

  offerDigits(classes) {
    this.digits.replaceChildren(...classes.slice(0, DIGITS).map((name, i) =>
      h("button", { type: "button", title: `It is right, and of the class ${name}`, "aria-keyshortcuts": String(i + 1),
        onclick: () => this.give(name) }, name, h("kbd", { "aria-hidden": "true" }, String(i + 1)))));
  }

  offer(select, all, names, chosen) {
    select.replaceChildren(h("option", {}, all), ...names.map((name) => h("option", { value: name }, name)));
    select.selectedIndex = chosen === null ? 0 : 1 + names.indexOf(chosen);
  }

  enable() {
    const there = this.page?.objects.length > 0 && !this.annotation;
    for (const one of [...this.buttons.slice(0, 4), this.category, ...this.digits.children]) one.disabled = !there;
    this.buttons[4].disabled = this.improve.disabled = !this.page?.open || Boolean(this.annotation);
  }

  answer(action) {
    if (!this.annotation) this.link.ask({ kind: "answer", action });
  }

  give(category) {
    if (!this.annotation) this.link.ask({ kind: "class", category });
  }

  byName() {
    if (this.category.value.trim()) this.give(this.category.value.trim());
    this.category.value = "";
    this.root.focus({ preventScroll: true });
  }

  press(event) {
    if (event.defaultPrevented || this.place.contains(event.target)) return;
    if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    const button = this.buttons.find((one) => one.getAttribute("aria-keyshortcuts") === event.key.toUpperCase());
    const digit = this.digits.children[Number(event.key) - 1];
    const found = button || digit;
    if (!found) return;
    if (!found.disabled) found.click();
    event.preventDefault();
  }

  onImproving({ on, words }) {
    this.improve.textContent = on ? "Stop" : IMPROVE;
    this.learnt.textContent = words;
  }

  say({ level, text }) {
    this.words.textContent = text;
    this.words.className = `ns-${level}`;
  }

  // ---- the annotation in which one object gets another mask

  onCorrecting({ on, words }) {
    this.endCorrection();
    if (on) this.beginCorrection(words);
    this.enable();
    this.root.dataset.correcting = on;
  }

  beginCorrection(words) {
    const listeners = new Set();
    this.tell = (message, buffers) => listeners.forEach((one) => one(message, buffers));
    const end = (action, text, title, props) => h("button", { type: "button", title,
      onclick: () => this.link.ask({ kind: "correction", action }), ...props }, text);
    const inside = h("div", {});
    this.place.replaceChildren(h("div", { class: "ns-question", role: "group", "aria-label": "Correction" },
      h("span", {}, words), end("use", "Use this mask", "It replaces the object's pixels", { class: "ns-main" }),
      end("back", "Leave it as it is", "Back to the review")), inside);
    this.annotation = new App({
      get: () => false,
      on: (event, listener) => { if (event === "msg:custom") listeners.add(listener); },
      off: (_, listener) => listeners.delete(listener),
      send: (message) => this.link.send({ kind: "annotation", message }),
    }, inside);
    inside.napariSam = this.annotation;
    this.annotation.canvas.focus({ preventScroll: true });
  }

  endCorrection() {
    this.annotation?.end();
    this.annotation = null;
    this.place.replaceChildren();
    if (this.root.contains(document.activeElement) || document.activeElement === document.body)
      this.root.focus({ preventScroll: true });
  }

  onAnnotation({ message }, buffers) {
    if (this.annotation) this.tell(message, buffers);
  }
}
