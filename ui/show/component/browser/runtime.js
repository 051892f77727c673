// The library's face: what the stubs of boards and stores call, and what tests look at.

const boards = new Map();

function mount({ parentElement, data, setTriggerValue }) {
  let board = boards.get(parentElement);
  if (!board) {
    parentElement.adoptedStyleSheets = [sheet];
    board = new Board(parentElement);
    boards.set(parentElement, board);
  }
  board.receive(data, inLine(setTriggerValue));
  return takeTurn(parentElement, () => {
    boards.delete(parentElement);
    board.remove();
  });
}

function debug(key) {
  return [...boards.values()].find((board) => board.data?.key === key)?.debug() ?? null;
}

const sheet = new CSSStyleSheet();

export default ({ data }) => {
  const shared = (globalThis.__sightlines ??= {});
  // Every page of the app mounts the runtime anew; the first one on this document stays.
  if (!shared.debug) {
    sheet.replaceSync(data.css);
    loadTables(data.tables);
    shared.ready ??= new Promise((resolve) => { shared.resolve = resolve; });
    shared.debug = debug;
    shared.tell = () => boards.forEach((board) => board.redraw());
    shared.resolve({ mount, keep, look: view });
  }
  return () => {};
};
