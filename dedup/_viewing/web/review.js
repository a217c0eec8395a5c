// The review in a notebook: draws `view` (see review_widget.py), sends what the person does.

const QUANTITIES = {
  score: (value) => `score ${value} or more`,
  cosine: (value) => `cosine ${value} or more`,
  bits: (value) => `at most ${parseInt(value)} bits differ`,
};
const ACTS = {
  d: { act: "answer", duplicate: true },
  n: { act: "answer", duplicate: false },
  s: { act: "skip" },
  b: { act: "back" },
};

function plural(count, one, several = one + "s") {
  return `${count} ${count === 1 ? one : several}`;
}

function button(label, key, kind = "") {
  const keys = key ? [element("kbd", {}, key)] : [];
  return element("button", { type: "button", class: kind, "aria-keyshortcuts": key }, label, ...keys);
}

class ReviewView {
  constructor(model, root) {
    this.model = model;
    this.isBusy = false;
    this.wanted = null; // a threshold that was asked for while the last one is worked on
    this.slider = element("input", { type: "range", "aria-label": "Threshold" });
    this.said = element("output", {});
    this.counts = element("span", { role: "status" });
    this.groups = element("ul", { class: "review-groups", "aria-label": "The least certain groups" });
    this.pair = element("div", { class: "review-pair" });
    this.buttons = {
      d: button("Duplicate", "d", "review-duplicate"),
      n: button("Not a duplicate", "n", "review-other"),
      s: button("Skip", "s"),
      b: button("Back", "b"),
    };
    this.tune = button("Tune on the answers");
    this.left = element("span", { class: "review-quiet" });
    this.message = element("p", { class: "review-message review-quiet", role: "status" });
    const label = element("span", {}, "Threshold");
    this.root = element(
      "div",
      { class: "dedup-review", tabindex: 0, role: "group", "aria-label": "Review of duplicates" },
      element("div", { class: "review-row" }, label, this.slider, this.said, this.counts, this.tune),
      this.groups,
      this.pair,
      element("div", { class: "review-row" }, ...Object.values(this.buttons), this.left),
      this.message,
    );
    root.append(this.root);
    this.showStored(false);
    this.listen();
    this.draw();
  }

  listen() {
    this.slider.addEventListener("input", () => {
      const value = Number(this.slider.value);
      this.said.textContent = QUANTITIES[this.view.quantity](value);
      this.wanted = value;
      this.sendWanted();
    });
    for (const [key, made] of Object.entries(this.buttons)) {
      made.addEventListener("click", () => this.send(ACTS[key]));
    }
    this.tune.addEventListener("click", () => this.send({ act: "tune" }));
    this.root.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !ACTS[event.key]) return;
      event.preventDefault();
      event.stopPropagation();
      if (!this.buttons[event.key].disabled) this.send(ACTS[event.key]);
    });
    this.onView = () => this.draw();
    this.onMessage = () => {
      this.setBusy(false);
      this.sendWanted();
    };
    this.onLoss = () => this.lose();
    this.model.on("comm_live_update", this.onLoss);
    this.model.on("change:view", this.onView);
    this.model.on("msg:custom", this.onMessage);
  }

  /** Show or hide what the notebook shows without a kernel, see notebook.py. */
  showStored(isShown) {
    for (const stored of document.querySelectorAll(`.dedup-stored-${this.model.get("stored")}`)) {
      stored.hidden = !isShown;
    }
  }

  stop() {
    this.showStored(true);
    this.model.off("comm_live_update", this.onLoss);
    this.model.off("change:view", this.onView);
    this.model.off("msg:custom", this.onMessage);
  }

  get view() {
    return this.model.get("view");
  }

  /** One thing at a time: a pair must not be answered before it is seen. */
  send(content) {
    if (this.isBusy) return;
    this.setBusy(true);
    try {
      this.model.send(content);
    } catch {
      this.lose();
    }
  }

  /** Nobody will say "done" any more. */
  lose() {
    this.setBusy(false);
    this.message.textContent = "The kernel does not answer: run the cell again.";
  }

  setBusy(isBusy) {
    this.isBusy = isBusy;
    this.root.setAttribute("aria-busy", isBusy);
    this.message.textContent = isBusy ? "Working …" : this.view.message;
  }

  sendWanted() {
    if (this.wanted === null || this.isBusy) return;
    this.send({ act: "threshold", value: this.wanted });
    this.wanted = null;
  }

  draw() {
    const { view } = this;
    Object.assign(this.slider, { min: view.low, max: view.high, step: view.step });
    if (this.wanted === null) {
      this.slider.value = view.threshold;
      this.said.textContent = QUANTITIES[view.quantity](view.said);
    }
    this.slider.setAttribute("aria-valuetext", this.said.textContent);
    this.counts.textContent = `${plural(view.groups, "group")}, ${plural(view.surplus, "file")} surplus`;
    this.groups.replaceChildren(...view.shown.map((group) => this.group(group)));
    this.groups.hidden = !view.shown.length;
    this.drawPair();
    for (const key of "dns") this.buttons[key].disabled = !view.pair;
    const answered = view.duplicates + view.others;
    this.left.textContent = `${answered} answered (${plural(view.duplicates, "duplicate")}), ${view.left} left`;
    this.tune.disabled = !answered;
    if (!this.isBusy) this.message.textContent = view.message;
    // JupyterLab's own keys, of which "d d" deletes a cell and arrows leave it, are not for what
    // has the focus here; it looks at nothing around that.
    for (const one of [this.root, ...this.root.querySelectorAll("button, input")]) {
      one.setAttribute("data-lm-suppress-shortcuts", "true");
    }
  }

  group({ files, more, why }) {
    const pictures = files.map((file) => {
      const name = fileName(file.path);
      if (!file.thumbnail) return element("span", {}, name);
      return element("img", { src: pictureSource(file), alt: name, title: shown(file.path) });
    });
    return element("li", {}, ...pictures, ...(more ? [`and ${more} more`] : []), element("span", {}, why && `keep: ${why}`));
  }

  drawPair() {
    const { pair } = this.view;
    if (!pair) {
      this.pair.replaceChildren(element("p", {}, "No pair is left to judge."));
      return;
    }
    const { seen, files, accepted, answer } = pair;
    const said = answer === null ? "" : answer ? "you said: duplicate" : "you said: not a duplicate";
    const words = [accepted ? "Accepted now" : "Rejected now", said, sureness(seen, 3), seen.edit && `from A to B: ${seen.edit}`];
    this.pair.replaceChildren(
      element("p", { class: "pair-words" }, words.filter(Boolean).join(" · ")),
      pairFigure(seen, ...files),
    );
  }
}

function render({ model, el }) {
  const view = new ReviewView(model, el);
  return () => view.stop();
}

export default { render };
