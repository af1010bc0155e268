// Tiles of one layer: what is in view is asked for, kept for a while, and drawn. Until a
// tile is here, a coarser one or that of the frame before stands in for it.

const MOST_TILES = 400;
const MOST_ASKED = 48;
const ASK_AGAIN_MS = 8000;

class TileLayer {
  constructor(name, side, decode, who) {
    Object.assign(this, { name, side, decode, who, version: 0, frame: 0, before: 0 });
    this.tiles = new Map();
    this.asked = new Map();
  }

  // Sent with a request and back: replies to others, or from before a change, are known.
  get token() {
    return `${this.who}/${this.version}`;
  }

  forget(frame, region, side = this.side) {
    this.version += 1;
    this.asked.clear();
    for (const tile of this.tiles.values()) {
      const [f, level, row, col] = tile.at;
      const size = side * 2 ** level;
      const touches = !region || (f === frame
        && row * size < region[2] && (row + 1) * size > region[0]
        && col * size < region[3] && (col + 1) * size > region[1]);
      if (touches) tile.old = true;
    }
  }

  take(message, buffer) {
    const key = message.tile.join("/");
    const was = this.asked.get(key);
    if (was === undefined) return;
    this.asked.delete(key);
    this.tiles.delete(key);
    const picture = this.decode(message, buffer);
    this.tiles.set(key, { at: message.tile, picture, old: false });
    for (const oldest of this.tiles.keys()) {
      if (this.tiles.size <= MOST_TILES) break;
      this.tiles.delete(oldest);
    }
  }

  redecode(decode) {
    this.decode = decode;
    this.forget();
  }

  // Addresses of the tiles in view at a level, the nearest to the middle last.
  inView(frame, level, region) {
    const size = this.side * 2 ** level;
    const [top, left, bottom, right] = region;
    const found = [];
    for (let row = Math.floor(top / size); row * size < bottom; row++)
      for (let col = Math.floor(left / size); col * size < right; col++)
        found.push([frame, level, row, col]);
    const away = ([, , row, col]) =>
      ((row + 0.5) * size - (top + bottom) / 2) ** 2
      + ((col + 0.5) * size - (left + right) / 2) ** 2;
    return found.sort((a, b) => away(b) - away(a));
  }

  // Tiles of a list that are missing or old, and are not on their way.
  wanted(addresses, now) {
    const found = [];
    for (const at of addresses) {
      const key = at.join("/");
      const tile = this.tiles.get(key);
      const since = this.asked.get(key);
      const waits = since !== undefined && now - since < ASK_AGAIN_MS;
      if ((!tile || tile.old) && !waits && this.asked.size < MOST_ASKED) {
        this.asked.set(key, now);
        found.push([this.name, at, this.token]);
      }
    }
    return found;
  }

  missing(addresses) {
    return addresses.some((at) => {
      const tile = this.tiles.get(at.join("/"));
      return !tile || tile.old;
    });
  }

  draw(ctx, view, dpr, addresses, levels) {
    for (const at of addresses) {
      const tile = this.tiles.get(at.join("/"));
      if (tile) this.touch(tile);
      if (tile) this.paint(ctx, view, dpr, tile, at);
      else this.standIn(ctx, view, dpr, at, levels);
    }
  }

  touch(tile) {
    const key = tile.at.join("/");
    this.tiles.delete(key);
    this.tiles.set(key, tile);
  }

  standIn(ctx, view, dpr, [frame, level, row, col], levels) {
    const before = this.tiles.get([this.before, level, row, col].join("/"));
    if (before && this.before !== frame) {
      this.paint(ctx, view, dpr, before, [frame, level, row, col]);
      return;
    }
    for (let up = 1; level + up < levels; up++) {
      const tile = this.tiles.get([frame, level + up, row >> up, col >> up].join("/"));
      if (tile) {
        this.paint(ctx, view, dpr, tile, [frame, level, row, col]);
        return;
      }
    }
  }

  // Draw the part of a tile that shows what the tile at an address would.
  paint(ctx, view, dpr, tile, [, level, row, col]) {
    if (!tile.picture) return;
    const size = this.side * 2 ** level;
    const own = 2 ** tile.at[1];
    const sx = (col * size) / own - tile.at[3] * this.side;
    const sy = (row * size) / own - tile.at[2] * this.side;
    const sw = Math.min(size / own, tile.picture.width - sx);
    const sh = Math.min(size / own, tile.picture.height - sy);
    if (sw <= 0 || sh <= 0) return;
    const edge = (at, from) => Math.round((at - from) * view.scale * dpr);
    const x0 = edge(col * size, view.x), x1 = edge(col * size + sw * own, view.x);
    const y0 = edge(row * size, view.y), y1 = edge(row * size + sh * own, view.y);
    ctx.imageSmoothingEnabled = view.scale * dpr * own < 1.5;
    ctx.drawImage(tile.picture, sx, sy, sw, sh, x0, y0, x1 - x0, y1 - y0);
  }
}

function bytesOf(buffer) {
  if (!buffer) return new Uint8Array(0);
  return buffer.buffer
    ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : new Uint8Array(buffer);
}

function wordsOf(buffer) {
  const bytes = bytesOf(buffer);
  return new Uint32Array(bytes.slice().buffer);
}

function pictureOf(pixels, width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(new Uint8ClampedArray(pixels.buffer), width, height);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function decodeImage(message, buffer) {
  const [height, width] = message.shape;
  const bytes = bytesOf(buffer);
  const out = new Uint32Array(width * height);
  if (message.depth === 1)
    for (let i = 0; i < out.length; i++) out[i] = 0xff000000 | (bytes[i] * 0x010101);
  else
    for (let i = 0, j = 0; i < out.length; i++, j += 3)
      out[i] = 0xff000000 | (bytes[j + 2] << 16) | (bytes[j + 1] << 8) | bytes[j];
  return pictureOf(out, width, height);
}

// Runs of numbers become coloured areas with an outline; nothing becomes null.
function labelDecoder(colourOf, fill) {
  const known = new Map();
  const packed = (number) => {
    if (!known.has(number)) {
      const [r, g, b] = colourOf(number);
      known.set(number, (b << 16) | (g << 8) | r);
    }
    return known.get(number);
  };
  return (message, buffer) => {
    const [height, width] = message.shape;
    const runs = wordsOf(buffer);
    if (!runs.length) return null;
    const numbers = new Uint32Array(width * height);
    for (let i = 0, at = 0; i < runs.length; i += 2) {
      if (runs[i]) numbers.fill(runs[i], at, at + runs[i + 1]);
      at += runs[i + 1];
    }
    const out = new Uint32Array(width * height);
    const inside = Math.round(fill * 255) << 24;
    for (let row = 0, i = 0; row < height; row++)
      for (let col = 0; col < width; col++, i++) {
        const number = numbers[i];
        if (!number) continue;
        const edge = (col && numbers[i - 1] !== number)
          || (col < width - 1 && numbers[i + 1] !== number)
          || (row && numbers[i - width] !== number)
          || (row < height - 1 && numbers[i + width] !== number);
        out[i] = (edge ? 0xff000000 : inside) | packed(number);
      }
    return pictureOf(out, width, height);
  };
}
