// Where the image lies on the screen. Coordinates (x, y) are of pixel edges: the first
// pixel reaches from 0 to 1. Positions that Python is told are of pixel centres.

class Viewport {
  constructor() {
    Object.assign(this, { scale: 1, x: 0, y: 0, width: 1, height: 1, rows: 1, cols: 1 });
  }

  get least() {
    return Math.min(this.width / this.cols, this.height / this.rows) / 2;
  }

  resize(width, height) {
    const [x, y] = this.toImage(this.width / 2, this.height / 2);
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    this.centreOn(x, y);
  }

  fit() {
    this.scale = Math.min(this.width / this.cols, this.height / this.rows) * 0.98;
    this.centreOn(this.cols / 2, this.rows / 2);
  }

  centreOn(x, y) {
    this.x = x - this.width / 2 / this.scale;
    this.y = y - this.height / 2 / this.scale;
  }

  // Zooms out if it has to; only if `close`, also in.
  show(top, left, bottom, right, close = false) {
    const room = close ? 3 : 1.6;
    const largest = Math.max((right - left) / this.width, (bottom - top) / this.height);
    const fits = Math.min(64, 1 / (largest * room));
    this.scale = close ? fits : Math.min(this.scale, fits);
    this.centreOn((left + right) / 2, (top + bottom) / 2);
  }

  zoom(px, py, factor) {
    const [x, y] = this.toImage(px, py);
    this.scale = Math.min(64, Math.max(this.least, this.scale * factor));
    this.x = x - px / this.scale;
    this.y = y - py / this.scale;
    this.keepNear();
  }

  pan(dx, dy) {
    this.x -= dx / this.scale;
    this.y -= dy / this.scale;
    this.keepNear();
  }

  // Some of the image stays in view, so that nobody is lost beside it.
  keepNear() {
    const w = this.width / this.scale, h = this.height / this.scale;
    this.x = Math.min(this.cols - w * 0.1, Math.max(-w * 0.9, this.x));
    this.y = Math.min(this.rows - h * 0.1, Math.max(-h * 0.9, this.y));
  }

  toImage(px, py) {
    return [this.x + px / this.scale, this.y + py / this.scale];
  }

  toScreen(x, y) {
    return [(x - this.x) * this.scale, (y - this.y) * this.scale];
  }

  // [top, left, bottom, right] of the pixels in view.
  region() {
    const [left, top] = this.toImage(0, 0);
    const [right, bottom] = this.toImage(this.width, this.height);
    const clip = (n, most) => Math.min(most, Math.max(0, n));
    return [
      clip(Math.floor(top), this.rows), clip(Math.floor(left), this.cols),
      clip(Math.ceil(bottom), this.rows), clip(Math.ceil(right), this.cols),
    ];
  }

  level(dpr, levels) {
    const level = Math.floor(Math.log2(1 / (this.scale * dpr)) + 0.5);
    return Math.min(levels - 1, Math.max(0, level));
  }
}
