// What boards share: the pinned and the hovered point; and how browser and server agree on a value both may set.

/**
 * A value that the browser sets at once and reports, and that the server may set too.
 *
 * The server answers late. An answer that repeats what the browser reported earlier must not undo what the person
 * has done since, so reports are logged, and each listener (board) remembers how far the server has answered it.
 */
class Agreement {
  constructor() {
    this.log = [];
  }

  /** A listener that joins now has nothing to catch up with. */
  join(listener, key) {
    listener.answered = this.log.length - 1;
    listener.known = key;
  }

  report(key) {
    this.log.push(key);
  }

  /** Whether the server, by sending `key`, asks for a change of its own. */
  overrides(listener, key) {
    if (key === listener.known) return false;
    listener.known = key;
    const at = this.log.indexOf(key, listener.answered + 1);
    if (at >= 0) {
      listener.answered = at;
      return false;
    }
    this.report(key);
    listener.answered = this.log.length - 1;
    return true;
  }
}

const pointKey = (point) => (point ? `${point.u.toFixed(4)} ${point.v.toFixed(4)}` : "");

/** All boards of the page that follow one point. Drawing is collected into one animation frame. */
class Link {
  constructor() {
    this.boards = new Set();
    this.pin = null;
    this.hover = null;
    this.agreement = new Agreement();
    this.waiting = false;
    this.moved = 0;
    this.lastRedraw = 0;
  }

  setHover(point, since) {
    this.hover = point;
    if (point) this.moved ||= since;
    this.redraw();
  }

  setPin(point) {
    this.pin = point;
    this.redraw();
  }

  redraw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      const since = this.moved;
      this.moved = 0;
      const start = performance.now();
      this.boards.forEach((board) => board.draw());
      const end = performance.now();
      this.lastRedraw = end - start;
      if (since) recordHover(since, end);
    });
  }
}

const HOVER_MEASURE = "sightlines-hover";
let hovers = 0;

/** From the pointer's event to the drawn frame, for the browser's performance panel and for tests. */
function recordHover(start, end) {
  // The timeline keeps every entry until it is cleared: hours of hovering must not fill the memory.
  if (++hovers % 500 === 0) performance.clearMeasures(HOVER_MEASURE);
  performance.measure(HOVER_MEASURE, { start, end });
}

const links = new Map();

function joinLink(name, board) {
  if (!links.has(name)) links.set(name, new Link());
  const link = links.get(name);
  link.boards.add(board);
  return link;
}

function leaveLink(name, board) {
  const link = links.get(name);
  link?.boards.delete(board);
  if (link && !link.boards.size) links.delete(name);
}
