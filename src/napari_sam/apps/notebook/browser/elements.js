// Elements of the page that several parts are made of.

let made = 0;

function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

function labelled(words, control, props = {}) {
  control.id ||= `napari-sam-${++made}`;
  return h("div", { class: "ns-field", ...props }, h("label", { for: control.id }, words), control);
}

function slider(min, max, step, value, onInput, props = {}) {
  const control = h("input", { type: "range", min, max, step, value, ...props });
  control.addEventListener("input", () => onInput(Number(control.value)));
  return control;
}

function show(element, visible) {
  element.hidden = !visible;
}

// Does not move a control that a person holds.
function setValue(control, value) {
  if (control !== control.getRootNode().activeElement) control.value = value;
}

function commandButton(app, id, props = {}) {
  const button = h("button", { type: "button", "data-command": id, ...props });
  button.addEventListener("click", () => app.command(id));
  return button;
}

function nameCommands(root, commands) {
  for (const button of root.querySelectorAll("[data-command]")) {
    const found = commands.find((c) => c.id === button.dataset.command);
    if (!found) continue;
    const own = button.dataset.title;
    button.replaceChildren(own || found.title, h("kbd", { "aria-hidden": "true" }, found.shown));
    button.title = `${found.tip} (${found.shown})`;
    button.setAttribute("aria-keyshortcuts", found.key.replaceAll("-", "+"));
  }
}

function section(title, open, ...children) {
  return h("details", { open, class: "ns-section" }, h("summary", {}, title), ...children);
}

function question(words, ...answers) {
  return h("div", { class: "ns-question", role: "group", "aria-label": words }, h("span", {}, words),
    ...answers.map(([text, does]) => h("button", { type: "button", onclick: does }, text)));
}

// A form of settings: fields as Python describes them. `values()` is what is sent back.
function settingsForm(fields, onChange = () => {}) {
  const values = Object.fromEntries(fields.map((f) => [f.name, f.value]));
  const rows = fields.map((f) => {
    const words = f.unit ? `${f.label} (${f.unit})` : f.label;
    const control = fieldOf(f, (v) => { values[f.name] = v; tell(v); onChange(f.name); });
    const row = labelled(words, control, { title: f.tip, class: f.kind === "bool" ? "ns-field ns-check" : "ns-field" });
    const tell = (v) => { if (control.type === "range") row.firstChild.textContent = `${words}: ${v}`; };
    tell(f.value);
    return row;
  });
  return { element: h("div", {}, ...rows), values: () => ({ ...values }) };
}

function fieldOf(f, changed) {
  if (f.choices.length) {
    const control = h("select", { onchange: () => changed(f.choices[control.selectedIndex][0]) },
      ...f.choices.map(([value, words]) => h("option", { selected: value === f.value }, words)));
    return control;
  }
  if (f.kind === "bool")
    return h("input", { type: "checkbox", checked: f.value, onchange: (e) => changed(e.target.checked) });
  const range = { min: f.minimum, max: f.maximum, step: f.step ?? (f.kind === "int" ? 1 : "any") };
  if (f.kind === "float" && !f.optional && f.minimum !== null && f.maximum !== null)
    return slider(f.minimum, f.maximum, 0.01, f.value, changed);
  const control = h("input", { type: "number", placeholder: f.automatic, value: f.value, ...range, onchange: () => {
    if (control.reportValidity()) changed(control.value === "" ? null : Number(control.value));
  } });
  control.required = !f.optional;
  return control;
}

// JupyterLab keeps keys with Control that are none of ours, as to save; its letters
// would cut or move cells while somebody works here. Returns what ends it.
function shareKeys(root, isOurs) {
  const share = (event) => {
    if (!root.contains(event.target)) return;
    const theirs = (event.ctrlKey || event.metaKey) && !isOurs(event);
    if (theirs) root.removeAttribute("data-lm-suppress-shortcuts");
    else root.setAttribute("data-lm-suppress-shortcuts", "true");
  };
  window.addEventListener("keydown", share, true);
  return () => window.removeEventListener("keydown", share, true);
}

function rootElement(...children) {
  return h("div", { class: "ns-root", "data-lm-suppress-shortcuts": "true",
    "data-jp-suppress-context-menu": "true" }, ...children);
}

function isTyping(event) {
  return event.target.matches("input:not([type=range]):not([type=checkbox]), select, textarea");
}
