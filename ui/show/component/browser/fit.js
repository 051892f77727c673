// How large the pictures of a board may be: as large as lets them stand on the screen together with its slider.

/** Below this height pictures teach nothing; whoever has so small a screen scrolls. */
const LEAST = 190;
/** What the bar with the pages covers of the top. */
const COVERED = 60;
/** The line under a picture that names what it shows, and the window's edge. */
const BENEATH = 36;

class Fit {
  constructor(board) {
    this.board = board;
    this.onResize = () => this.later();
    window.addEventListener("resize", this.onResize);
    const host = board.parent.host ?? board.parent;
    this.scroller = host.closest('[data-testid="stMain"]');
    // What stands above a board arrives in pieces, and moves it.
    this.watcher = new ResizeObserver(() => this.later());
    if (this.scroller?.firstElementChild) this.watcher.observe(this.scroller.firstElementChild);
  }

  later() {
    if (this.asked || !this.scroller) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = 0;
      this.measure();
    });
  }

  measure() {
    const stages = [...this.board.panels.values()].map((panel) => panel.stage.getBoundingClientRect());
    if (!stages.some((stage) => stage.height)) return;
    const { top } = this.board.root.getBoundingClientRect();
    // Heads, and a slider where there is one: none of it depends on how large the pictures are.
    const above = Math.min(...stages.map((stage) => stage.top)) - top;
    const scrolled = top - this.scroller.getBoundingClientRect().top + this.scroller.scrollTop;
    const left = innerHeight - above - BENEATH;
    const room = Math.round(Math.max(LEAST, left - scrolled >= LEAST ? left - scrolled : left - COVERED));
    if (room === this.room) return;
    this.room = room;
    this.board.root.style.setProperty("--room", `${room}px`);
  }

  remove() {
    cancelAnimationFrame(this.asked);
    this.watcher.disconnect();
    window.removeEventListener("resize", this.onResize);
  }
}
