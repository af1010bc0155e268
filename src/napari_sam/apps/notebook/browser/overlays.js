// What is drawn over the image: masks that are not committed yet, and prompts.

const COLOUR = { positive: "#009e73", negative: "#d55e00" };

// A mask of run lengths as its fill and its outline, in pixels of its own.
function maskOf(message, buffer) {
  if (!message.shape) return null;
  const [rows, cols] = message.shape;
  const runs = wordsOf(buffer);
  const inside = new Uint8Array(rows * cols);
  let area = 0;
  for (let i = 0, at = 0; i < runs.length; at += runs[i], i++)
    if (i % 2) {
      inside.fill(1, at, at + runs[i]);
      area += runs[i];
    }
  return { ...message, area, outline: outlineOf(inside, rows, cols), fill: inside };
}

// Edges between pixels inside and outside, joined along rows and columns.
function outlineOf(inside, rows, cols) {
  const path = new Path2D();
  const at = (row, col) =>
    row >= 0 && row < rows && col >= 0 && col < cols ? inside[row * cols + col] : 0;
  for (let row = 0; row <= rows; row++)
    for (let col = 0, from = -1; col <= cols; col++) {
      const edge = col < cols && at(row, col) !== at(row - 1, col);
      if (edge && from < 0) from = col;
      if (!edge && from >= 0) {
        path.moveTo(from, row);
        path.lineTo(col, row);
        from = -1;
      }
    }
  for (let col = 0; col <= cols; col++)
    for (let row = 0, from = -1; row <= rows; row++) {
      const edge = row < rows && at(row, col) !== at(row, col - 1);
      if (edge && from < 0) from = row;
      if (!edge && from >= 0) {
        path.moveTo(col, from);
        path.lineTo(col, row);
        from = -1;
      }
    }
  return path;
}

function fillOf(mask, colour) {
  if (mask.picture) return mask.picture;
  const [rows, cols] = mask.shape;
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
  const out = new Uint32Array(rows * cols);
  const packed = (50 << 24) | (b << 16) | (g << 8) | r;
  for (let i = 0; i < out.length; i++) if (mask.fill[i]) out[i] = packed;
  mask.picture = pictureOf(out, cols, rows);
  return mask.picture;
}

function drawMask(ctx, view, dpr, mask, colour, filled) {
  const size = view.scale * dpr;
  ctx.save();
  ctx.setTransform(
    size * mask.step, 0, 0, size * mask.step,
    (mask.left - view.x) * size, (mask.top - view.y) * size,
  );
  ctx.imageSmoothingEnabled = false;
  if (filled) ctx.drawImage(fillOf(mask, colour), 0, 0);
  for (const [style, width] of [["rgba(0,0,0,.65)", 4], [colour, 2]]) {
    ctx.strokeStyle = style;
    ctx.lineWidth = (width * dpr) / (size * mask.step);
    ctx.lineCap = "square";
    ctx.stroke(mask.outline);
  }
  ctx.restore();
}

// Corners of a prompt as [row, col] of pixel edges; a point has one.
function cornersOf(item) {
  switch (item.kind) {
    case "point": return [[item.row + 0.5, item.col + 0.5]];
    case "box": return [
      [item.top, item.left], [item.top, item.right],
      [item.bottom, item.right], [item.bottom, item.left],
    ];
    case "polygon": return item.vertices.map(([r, c]) => [r + 0.5, c + 0.5]);
    default: return item.path.map(([r, c]) => [r + 0.5, c + 0.5]);
  }
}

function drawPrompt(ctx, view, dpr, item, faint) {
  const colour = item.positive === false ? COLOUR.negative : COLOUR.positive;
  const at = cornersOf(item).map(([row, col]) => view.toScreen(col, row));
  ctx.save();
  ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
  ctx.globalAlpha = faint ? 0.45 : 1;
  if (item.kind === "point") drawPoint(ctx, at[0], colour, item.positive !== false);
  else drawLine(ctx, at, colour, item.kind !== "scribble");
  ctx.restore();
}

function drawPoint(ctx, [x, y], colour, positive) {
  ctx.beginPath();
  ctx.arc(x, y, 6, 0, 7);
  ctx.fillStyle = colour;
  ctx.fill();
  ctx.lineWidth = 2;
  ctx.strokeStyle = "#fff";
  ctx.stroke();
  ctx.beginPath();
  ctx.moveTo(x - 3, y);
  ctx.lineTo(x + 3, y);
  if (positive) {
    ctx.moveTo(x, y - 3);
    ctx.lineTo(x, y + 3);
  }
  ctx.stroke();
}

function drawLine(ctx, at, colour, closed) {
  if (!at.length) return;
  ctx.beginPath();
  ctx.moveTo(...at[0]);
  for (const corner of at.slice(1)) ctx.lineTo(...corner);
  if (closed) ctx.closePath();
  ctx.lineJoin = "round";
  for (const [style, width] of [["#fff", 4], [colour, 2]]) {
    ctx.strokeStyle = style;
    ctx.lineWidth = width;
    ctx.stroke();
  }
}
