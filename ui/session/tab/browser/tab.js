// A tab of the browser: its address line, the look of its boards, and what it remembers for a server that forgot it.

/** Outlives mounts of the component, pages of the app and sessions of the server; a reload ends it. */
const tab = (globalThis.__sightlinesTab ??= {
  session: null, // the server's session that this document talks to
  turn: 0, // of the address that it shows
  query: null, // that it shows, or shall as soon as its page is here
  lost: null, // what it showed when the server forgot it, until the server has heard of it
  unheard: null, // the last address that the server decided on meanwhile
  looks: 0, // links whose look was taken over
  send: () => {},
});

/** Kept by the browser for this tab alone, also when the page is loaded again. */
const OWN = "sightlines.own";

function remembered() {
  try {
    return sessionStorage.getItem(OWN) ?? "";
  } catch {
    return ""; // Storage may be forbidden.
  }
}

function remember(token) {
  try {
    if (token) sessionStorage.setItem(OWN, token);
    else sessionStorage.removeItem(OWN);
  } catch {
    // Then a reload begins with a sample.
  }
}

/** A session that is not the one before means that the server forgot this tab. */
function meet(session) {
  if (tab.session === session) return;
  if (tab.session !== null) tab.lost ??= tab.query;
  Object.assign(tab, { session, turn: 0, looks: 0, unheard: null });
}

function currentPage(pages) {
  const name = location.pathname.replace(/\/+$/, "").split("/").pop();
  return pages.includes(name) ? name : "";
}

const STREAMLITS = ["embed", "embed_options"];

/** Streamlit's own parameters belong to the frame around the page and stay. */
function searchWith(query) {
  const kept = new URLSearchParams();
  for (const [name, value] of new URLSearchParams(location.search)) {
    if (STREAMLITS.includes(name)) kept.append(name, value);
  }
  return "?" + [query, kept.toString()].filter(Boolean).join("&");
}

const PATIENCE = 60;
const PAUSE_MS = 50;

function write(address) {
  const { session, turn, page, pages, query } = address;
  if (turn <= tab.turn) return;
  // A session that has not heard of this tab shows what the page was first opened with.
  if (tab.lost !== null) {
    if (turn > (tab.unheard?.turn ?? 0)) tab.unheard = address;
    return;
  }
  Object.assign(tab, { turn, query, page, pages });
  const attempt = (left) => {
    if (tab.session !== session || tab.turn !== turn) return;
    // The page's name may arrive after its address, and the visitor may have gone back meanwhile.
    if (currentPage(pages) !== page) {
      if (left) setTimeout(attempt, PAUSE_MS, left - 1);
      return;
    }
    const search = searchWith(query);
    if (search !== location.search) history.replaceState(history.state, "", location.pathname + search + location.hash);
  };
  attempt(PATIENCE);
}

/** The server knows again; what it had decided on until then is not what the visitor chose. */
function recover({ turn }) {
  if (tab.lost === null) return;
  const { unheard } = tab;
  Object.assign(tab, { lost: null, unheard: null });
  if (!unheard) return;
  if (unheard.turn > turn) write(unheard);
  else tab.turn = unheard.turn;
}

/** What was written into links, to tell it from what a link has of its own. */
const carried = new WeakMap();

/** The names of the pages are links: opened in another tab they show what this one shows. */
function carry(event) {
  const anchor = event.target.closest?.("a[href]");
  if (!anchor || !tab.query || anchor.origin !== location.origin) return;
  if (!/Nav.*Link/.test(anchor.dataset.testid ?? "")) return;
  if (anchor.search && anchor.search !== carried.get(anchor)) return;
  const shared = new URLSearchParams(tab.query);
  for (const name of [...shared.keys()]) {
    if (tab.pages.some((page) => name.startsWith(page + "-"))) shared.delete(name);
  }
  anchor.search = shared.toString();
  carried.set(anchor, anchor.search);
}

const REST_MS = 200;

/** The boards decide how they look; the server is told, so that the address can say it. */
function agreeOnLook(look, told) {
  if (told.turn > tab.looks) {
    tab.looks = told.turn;
    look.take({ opacity: told.strength / 100, smooth: told.smooth });
  }
  const report = () => {
    const now = { strength: Math.round(100 * look.opacity), smooth: look.smooth };
    if (now.strength !== told.strength || now.smooth !== told.smooth) tab.send("look", now);
  };
  look.listeners.delete(tab.onLook);
  tab.onLook = () => {
    clearTimeout(tab.resting);
    tab.resting = setTimeout(report, REST_MS);
  };
  look.listeners.add(tab.onLook);
  tab.onLook();
}

const AGAIN_MS = 2000;

/** Tell what this session does not know, until it has heard: what is sent while the page changes may be dropped. */
function answer(data) {
  const { keep, ask, heard } = data;
  clearTimeout(tab.telling);
  if (keep !== null) remember(keep);
  if (heard) return;
  const own = remembered();
  if (!ask && tab.lost === null && !(own && keep === null)) return;
  tab.send("found", { query: tab.lost, own });
  tab.telling = setTimeout(answer, AGAIN_MS, data);
}

function show(address) {
  meet(address.session);
  write(address);
}

/** A part of the page may have said its address before the tab listened. */
function hearParts() {
  const parts = (globalThis.__sightlinesParts ??= { said: null });
  parts.write = show;
  if (parts.said) show(parts.said);
  parts.said = null;
}

export default ({ data, setTriggerValue }) => {
  meet(data.address.session);
  if (data.heard) recover(data.address);
  write(data.address);
  hearParts();
  tab.send = inLine(setTriggerValue);
  answer(data);
  const touched = matchMedia("(hover: none)").matches;
  if (data.touched !== touched) tab.send("touch", touched);
  const shared = (globalThis.__sightlines ??= {});
  shared.ready ??= new Promise((resolve) => { shared.resolve = resolve; });
  shared.ready.then(({ look }) => {
    if (tab.lost === null) agreeOnLook(look, data.look);
  });
  if (!tab.carrying) {
    tab.carrying = true;
    for (const event of ["pointerdown", "focusin", "keydown", "contextmenu"]) addEventListener(event, carry, true);
  }
  return () => {};
};
