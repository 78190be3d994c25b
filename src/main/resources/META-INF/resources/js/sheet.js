// The sheet at the side: a server's or a pool's history, or a route file's source.

import { byId } from "./dom.js";

export class Sheet {
  constructor() {
    this.dialog = byId("sheet");
    this.leave = () => {};
    byId("sheet-close").addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", () => {
      this.leave();
      this.leave = () => {};
      byId("sheet-body").replaceChildren();
    });
    // A click beside the sheet closes it; Escape does so by itself.
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
  }

  /** Shows nodes under a title; leave is called when they go. */
  open(title, nodes, leave) {
    this.leave();
    byId("sheet-title").textContent = title;
    byId("sheet-body").replaceChildren(...nodes);
    this.leave = leave;
    if (!this.dialog.open) this.dialog.showModal();
    byId("sheet-body").scrollTop = 0;
  }
}
