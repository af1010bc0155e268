// What the pointer does to the image: prompts are drawn, or the view is moved.

// What moves no more was a click; a finger is less exact than a mouse.
const CLICK_PX = 4, TAP_PX = 12;
const TOOLS = [
  ["point", "Point", "Click on the object; right-click or Alt-click beside it. Drag to move the image."],
  ["box", "Box", "Drag a box around the object"],
  ["polygon", "Polygon", "Click around the object; double-click or Enter to end"],
  ["lasso", "Lasso", "Draw around the object with the button held down"],
  ["scribble", "Scribble", "Draw a line along the object"],
  ["pan", "Move", "Drag to move the image"],
];
const exact = (n) => Math.round(n * 100) / 100;

class Pointer {
  // `host` has: view, canvas, tool, positive(), prompt(item), redraw(), hover(at), pick(at),
  // root, moved(), hint(words), point(row, col, positive)
  constructor(host) {
    this.host = host;
    this.down = new Map();
    this.line = null;
    this.moving = false;
    const { canvas } = host;
    canvas.addEventListener("pointerdown", (e) => this.press(e));
    canvas.addEventListener("pointermove", (e) => this.move(e));
    canvas.addEventListener("pointerup", (e) => this.release(e));
    canvas.addEventListener("pointercancel", (e) => this.drop(e));
    canvas.addEventListener("pointerleave", () => host.hover(null));
    canvas.addEventListener("dblclick", (e) => this.doubled(e));
    canvas.addEventListener("contextmenu", (e) => {
      e.preventDefault();
      e.stopPropagation(); // JupyterLab has a menu of its own
    });
    canvas.addEventListener("wheel", (e) => this.wheel(e), { passive: false });
  }

  at(event) {
    const box = this.host.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  edges(event) {
    const [x, y] = this.host.view.toImage(...this.at(event));
    return [y, x];
  }

  press(event) {
    const { canvas, tool } = this.host;
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    this.down.set(event.pointerId, this.at(event));
    this.start = this.at(event);
    this.button = event.button;
    this.moving = this.down.size > 1 || event.button === 1 || tool === "pan";
    const drags = ["box", "lasso", "scribble"].includes(tool);
    if (this.moving) this.line = tool === "polygon" ? this.line : null;
    else if (drags) this.line = [this.edges(event)];
    event.preventDefault();
  }

  move(event) {
    const at = this.at(event);
    const last = this.down.get(event.pointerId);
    if (!last) {
      if (this.host.tool === "polygon" && this.line) this.end = this.edges(event);
      if (this.host.tool === "point") this.host.hover(this.edges(event));
      if (this.line) this.host.redraw();
      return;
    }
    if (this.down.size > 1) this.pinch(event.pointerId, at);
    else this.drag(event, at, last);
    this.down.set(event.pointerId, at);
    this.host.redraw();
  }

  drag(event, at, last) {
    const { tool, view } = this.host;
    const most = event.pointerType === "touch" ? TAP_PX : CLICK_PX;
    const far = Math.hypot(at[0] - this.start[0], at[1] - this.start[1]) > most;
    if (tool === "point" && far && this.button === 0 && !this.moving) {
      this.moving = true;
      view.pan(at[0] - this.start[0], at[1] - this.start[1]);
      this.host.moved();
    } else if (this.moving) {
      view.pan(at[0] - last[0], at[1] - last[1]);
      this.host.moved();
    } else if (tool === "box" && this.line) this.line = [this.line[0], this.edges(event)];
    else if (this.line && tool !== "polygon") this.line.push(this.edges(event));
  }

  pinch(id, at) {
    const [other] = [...this.down].filter(([key]) => key !== id).map(([, p]) => p);
    const last = this.down.get(id);
    const apart = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]) || 1;
    const middle = [(at[0] + other[0]) / 2, (at[1] + other[1]) / 2];
    this.moving = true;
    this.host.view.zoom(...middle, apart(at) / apart(last));
    this.host.view.pan((at[0] - last[0]) / 2, (at[1] - last[1]) / 2);
    this.host.moved();
  }

  release(event) {
    if (!this.down.delete(event.pointerId)) return;
    if (this.down.size || this.moving) {
      if (!this.down.size) this.moving = false;
      return;
    }
    this.finish(event);
    this.host.redraw();
  }

  drop(event) {
    this.down.delete(event.pointerId);
    this.line = null;
    this.moving = false;
  }

  isPositive(event) {
    const opposite = event.button === 2 || event.altKey || event.shiftKey;
    return this.host.positive() !== opposite;
  }

  finish(event) {
    const { host } = this;
    const positive = this.isPositive(event);
    const [row, col] = this.edges(event);
    if (host.tool === "point") {
      if (!host.pick(row - 0.5, col - 0.5)) host.point(row - 0.5, col - 0.5, positive);
    } else if (host.tool === "polygon") this.line = [...(this.line || []), [row, col]];
    else this.finishLine(positive);
  }

  finishLine(positive) {
    const line = this.line || [];
    this.line = this.end = null;
    const { tool } = this.host;
    const centres = line.map(([row, col]) => [exact(row - 0.5), exact(col - 0.5)]);
    if (tool === "box" && line.length === 2) {
      const [rows, cols] = [0, 1].map((i) => line.map((p) => exact(p[i])).sort((a, b) => a - b));
      if (rows[1] - rows[0] >= 1 && cols[1] - cols[0] >= 1)
        this.host.prompt({ kind: "box", top: rows[0], left: cols[0], bottom: rows[1], right: cols[1] });
    } else if (tool === "scribble" && line.length > 1)
      this.host.prompt({ kind: "scribble", path: thinned(centres), positive });
    else if (["lasso", "polygon"].includes(tool) && line.length > 2)
      this.host.prompt({ kind: "polygon", vertices: thinned(centres), positive });
  }

  doubled(event) {
    if (this.host.tool !== "polygon" || !this.line) return;
    this.line.pop(); // the second click of the two
    this.finishLine(this.isPositive(event));
    this.host.redraw();
  }

  // Escape: whether anything was being drawn.
  abandon() {
    const drew = this.line !== null;
    this.line = this.end = null;
    return drew;
  }

  wheel(event) {
    const { host } = this;
    const pinched = event.ctrlKey || event.metaKey;
    if (!pinched && !host.root.contains(host.root.getRootNode().activeElement)) {
      host.hint("Click the image first, or hold Ctrl, to zoom with the wheel.");
      return;
    }
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    const sideways = event.shiftKey || (!pinched && Math.abs(event.deltaX) > Math.abs(event.deltaY));
    if (sideways) host.view.pan(-(event.deltaX || event.deltaY) * lines, 0);
    else host.view.zoom(...this.at(event), Math.exp(-event.deltaY * lines * (pinched ? 0.01 : 0.0015)));
    host.moved();
  }

  draw(ctx, dpr) {
    if (!this.line || !this.line.length) return;
    const { tool, view } = this.host;
    let line = this.end && tool === "polygon" ? [...this.line, this.end] : this.line;
    if (tool === "box" && line.length === 2) {
      const [[top, left], [bottom, right]] = line;
      line = [[top, left], [top, right], [bottom, right], [bottom, left]];
    }
    ctx.save();
    ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
    ctx.setLineDash([6, 4]);
    const colour = this.host.positive() ? COLOUR.positive : COLOUR.negative;
    drawLine(ctx, line.map(([r, c]) => view.toScreen(c, r)), colour, tool !== "scribble");
    ctx.restore();
  }
}

// A hand-drawn line without the positions that add nothing: at most some hundred.
function thinned(line) {
  const step = Math.max(1, Math.ceil(line.length / 300));
  return line.filter((_, i) => i % step === 0 || i === line.length - 1)
    .filter((p, i, all) => !i || p[0] !== all[i - 1][0] || p[1] !== all[i - 1][1]);
}
