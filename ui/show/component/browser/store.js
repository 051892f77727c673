// Blobs by the hash of their content, shared by all boards of the page.

/** Bytes of blobs that no element holds any more but that are kept, so that switching pages does not flicker. */
const KEPT_BYTES = 24e6;

function fromBase64(text) {
  // Newer than the types that know the browsers.
  const { fromBase64: own } = /** @type {any} */ (Uint8Array);
  if (own) return own.call(Uint8Array, text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function decodeBlob({ b64, gzip, mime }) {
  let bytes = fromBase64(b64);
  if (gzip) bytes = await inflate(bytes);
  if (!mime) return { bytes, size: bytes.length };
  const url = URL.createObjectURL(new Blob([bytes], { type: mime }));
  const image = new Image();
  image.src = url;
  // A picture that cannot be decoded still counts as arrived: the panel then shows its alternative text.
  await image.decode().catch(() => {});
  return { url, image, size: bytes.length };
}

class BlobStore {
  constructor() {
    this.entries = new Map();
    this.idleBytes = 0;
  }

  entry(id) {
    let entry = this.entries.get(id);
    if (!entry) {
      entry = { users: 0, asked: false, value: null };
      entry.arrived = new Promise((resolve) => { entry.resolve = resolve; });
      this.entries.set(id, entry);
    }
    return entry;
  }

  /** Take a blob into use; decoding starts with the first user. */
  use(blob) {
    const entry = this.entry(blob.id);
    if (entry.users++ === 0 && entry.value) this.idleBytes -= entry.value.size;
    if (entry.asked) return;
    entry.asked = true;
    decodeBlob(blob).then((value) => {
      entry.value = value;
      if (entry.users <= 0) this.rest(blob.id, entry);
      entry.resolve(value);
    });
  }

  release(id) {
    const entry = this.entries.get(id);
    if (entry && --entry.users === 0 && entry.value) this.rest(id, entry);
  }

  /** Put an unused blob at the young end of the queue and drop the oldest beyond the limit. */
  rest(id, entry) {
    this.entries.delete(id);
    this.entries.set(id, entry);
    this.idleBytes += entry.value.size;
    for (const [oldest, candidate] of this.entries) {
      if (this.idleBytes <= KEPT_BYTES) break;
      if (candidate.users > 0 || !candidate.value) continue;
      this.idleBytes -= candidate.value.size;
      this.entries.delete(oldest);
      if (candidate.value.url) URL.revokeObjectURL(candidate.value.url);
    }
  }

  /** The decoded blob, or null while it has not arrived. */
  get(id) {
    return this.entries.get(id)?.value ?? null;
  }

  /** Resolves when all of these blobs are there. */
  when(ids) {
    return Promise.all(ids.map((id) => this.entry(id).arrived));
  }
}

const store = new BlobStore();

/** The blobs that each holder (a store element, or a board for those that ride with it) has in use. */
const holdings = new WeakMap();

function hold(holder, blobs) {
  const before = holdings.get(holder) ?? [];
  holdings.set(holder, blobs.map((blob) => blob.id));
  blobs.forEach((blob) => store.use(blob));
  before.forEach((id) => store.release(id));
}

function keep(parent, data) {
  hold(parent, data.blobs);
  return takeTurn(parent, () => hold(parent, []));
}

/** A frame that has nothing of what a frame may have. */
const PLAIN = {
  label: "", map: null, rows: null, box: null, caption: "", readout: null, values: [], headline: "",
  headlineValues: [], marks: [], lines: false, ofPoint: false, pending: false, colours: null, rings: [],
};

/** A panel with its frames whole: they travel without what they lack, and long lists as places in its words. */
function unpacked(panel) {
  const Places = panel.words.length > 256 ? Uint16Array : Uint8Array;
  const lists = panel.lists.map((b64) => Array.from(new Places(fromBase64(b64).buffer), (at) => panel.words[at]));
  const whole = (list) => (typeof list === "number" ? lists[list] : list);
  const frames = panel.frames.map((sent) => {
    const frame = { ...PLAIN, ...sent };
    return { ...frame, values: whole(frame.values), headlineValues: whole(frame.headlineValues) };
  });
  return { ...panel, frames };
}
