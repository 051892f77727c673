// Maps as numbers, and maps as pixels.

/**
 * Colour tables as 256 RGBA words in the byte order of ImageData.
 *
 * What is weak is also fainter: where there is nothing to show, the picture beneath shows itself.
 */
const tables = {};
const FAINTEST = 0.12;
const OPAQUE = new Uint32Array(new Uint8Array([0, 0, 0, 255]).buffer)[0];

function strength(name, index) {
  const share = name === "diverging" ? Math.min(Math.abs(index - 128) / 127, 1) : index / 255;
  return Math.round(255 * (FAINTEST + (1 - FAINTEST) * share));
}

function loadTables(encoded) {
  for (const [name, b64] of Object.entries(encoded)) {
    const rgb = fromBase64(b64);
    const bytes = new Uint8Array(1024);
    for (let i = 0; i < 256; i++) {
      bytes.set([rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2], strength(name, i)], 4 * i);
    }
    tables[name] = new Uint32Array(bytes.buffer);
  }
}

/** The map of a frame: {cells, h, w, min, max, scale, unit, limit}, or null while its blob is on its way. */
function mapField(map) {
  const value = store.get(map.blob);
  if (!value) return null;
  const [h, w] = map.shape;
  return { ...map, cells: value.bytes, h, w };
}

/** The map of one cell of a frame with rows; the maxima precede the rows in the blob. */
function rowField(rows, cell) {
  const value = store.get(rows.blob);
  if (!value) return null;
  const [h, w] = rows.shape;
  const at = 4 * rows.count + cell * h * w;
  const max = new DataView(value.bytes.buffer, value.bytes.byteOffset).getFloat32(4 * cell, true);
  const min = rows.scale === "signed" ? -max : 0;
  return { ...rows, cells: value.bytes.subarray(at, at + h * w), h, w, min, max };
}

/** A map whose colours mean themselves: the RGBA words of a picture, one a cell; without a scale. */
function coloursField(blob) {
  const value = store.get(blob);
  if (!value) return null;
  value.field ??= readPixels(value.image);
  return value.field;
}

function readPixels(image) {
  const [w, h] = [Math.max(image.naturalWidth, 1), Math.max(image.naturalHeight, 1)];
  const context = Object.assign(document.createElement("canvas"), { width: w, height: h }).getContext("2d");
  if (image.naturalWidth) context.drawImage(image, 0, 0);
  return { cells: new Uint32Array(context.getImageData(0, 0, w, h).data.buffer), h, w };
}

function fieldValue(field, index) {
  const coded = field.cells[index];
  if (field.scale === "signed") return ((coded - 128) / 127) * field.max;
  return field.min + (coded / 255) * (field.max - field.min);
}

/** The range of the colour scale, which several panels may share. */
function fieldRange(field) {
  const high = field.limit ?? field.max;
  return [field.scale === "signed" ? -high : field.min, high];
}

const tableOf = (field, magnitude) => tables[field.scale === "signed" ? "diverging" : magnitude];

/** The colours of the 256 codes of this map: the table itself, unless the scale ends elsewhere than the map. */
function codeColours(field, table) {
  if (field.limit == null || field.limit === field.max || !(field.limit > 0)) return table;
  const colours = new Uint32Array(256);
  const [low, high] = fieldRange(field);
  for (let code = 0; code < 256; code++) {
    const value = field.scale === "signed"
      ? ((code - 128) / 127) * field.max
      : field.min + (code / 255) * (field.max - field.min);
    const at = field.scale === "signed" ? 128 + (127 * value) / high : (255 * (value - low)) / (high - low);
    colours[code] = table[clamp(Math.round(at), 0, 255)];
  }
  return colours;
}

/**
 * Draw the map, one pixel a cell; CSS enlarges the canvas, as cells or bilinearly.
 *
 * `bare` is a map that covers no picture: nothing needs to show through it, and its colours are the legend's.
 */
function paint(canvas, field, magnitude, bare) {
  const { h, w, cells } = field;
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const context = canvas.getContext("2d");
  const image = context.createImageData(w, h);
  const pixels = new Uint32Array(image.data.buffer);
  const colours = field.scale && codeColours(field, tableOf(field, magnitude));
  const cover = bare && field.scale ? OPAQUE : 0;
  for (let i = 0; i < pixels.length; i++) pixels[i] = (colours ? colours[cells[i]] : cells[i]) | cover;
  context.putImageData(image, 0, 0);
}

/** A CSS gradient of a colour table, for the legend: as faint as the map where it is weak, unless `bare`. */
function gradient(table, bare) {
  const bytes = new Uint8Array(table.buffer);
  const stops = [];
  for (let i = 0; i <= 16; i++) {
    const at = 4 * Math.round((255 * i) / 16);
    const cover = bare ? 1 : bytes[at + 3] / 255;
    stops.push(`rgb(${bytes[at]} ${bytes[at + 1]} ${bytes[at + 2]} / ${cover.toFixed(3)})`);
  }
  return `linear-gradient(to right,${stops.join(",")})`;
}
