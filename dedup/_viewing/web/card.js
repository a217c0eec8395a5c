// One group on the report page: its files as tiles, the buttons, and the explanation of a pair.

const data = JSON.parse(document.getElementById("data").textContent);
const TILES = 12; // shown at first; a group may have thousands
const TILES_MORE = 60;
const TILES_SMALL = 3;
const STATES = { keep: "keep", apart: "not a duplicate", goes: "surplus", stays: "stays", open: "plan decides" };

function bytes(count) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let power = 0;
  while (count >= 1000 && power < units.length - 1) {
    count /= 1000;
    power += 1;
  }
  return `${power && count < 100 ? count.toFixed(1) : Math.round(count)} ${units[power]}`;
}

function many(count, one, several = one + "s") {
  return `${count.toLocaleString("en")} ${count === 1 ? one : several}`;
}

/** What a person reads of a pair: what happened, seen from the file that is compared with. */
function pairWords(pair, place) {
  const words = pair.edit || pair.relation;
  return pair.b === place || pair.relation === "exact" ? words : "seen from here: " + words;
}

/** The folder that all files are in, which no tile needs to name. */
const COMMON = commonFolder(data.groups.flatMap((group) => group.files.map((file) => parted(file.path)[0])));

function commonFolder(folders) {
  let common = folders[0] ?? "";
  for (const folder of folders) {
    while (!folder.startsWith(common)) common = common.replace(/[^\\/]*[\\/]?$/, "");
  }
  return common;
}

class Card {
  /**
   * @param {object} group - `files` and `pairs`, a pair for each file but the first.
   * @param {Choices} choices
   * @param {function} changed - Called after a choice.
   */
  constructor(group, choices, changed) {
    this.group = group;
    this.choices = choices;
    this.changed = changed;
    this.explained = 0; // the place of the file whose pair is explained; 0 for none
    this.tiles = TILES;
    const isSmall = group.files.length <= TILES_SMALL;
    this.root = element("article", { class: isSmall ? "card small" : "card" });
    this.root.card = this;
  }

  get isFilled() {
    return this.root.childElementCount > 0;
  }

  fill() {
    const { group } = this;
    const list = element("ul", { class: "tiles" });
    group.files.slice(0, this.tiles).forEach((file, place) => list.append(this.tile(file, place)));
    const hidden = group.files.length - this.tiles;
    if (hidden > 0) {
      const more = element("button", { type: "button", "data-act": "more" }, many(hidden, "more file"));
      list.append(element("li", { class: "more" }, more));
    }
    this.heading = element("h2", { id: `group-${group.number}` });
    const reset = element("button", { type: "button", class: "quiet", "data-act": "reset" }, "Undo choices");
    const head = element("div", { class: "card-head" }, this.heading, reset);
    this.explanation = element("li", { class: "explanation" });
    this.root.setAttribute("aria-labelledby", this.heading.id);
    this.root.style.minHeight = "";
    this.root.replaceChildren(head, list);
    this.update();
    if (this.explained) this.explain(this.explained);
  }

  /** Let go of the pictures of a card that is far away; its height stays. */
  empty(height) {
    this.root.style.minHeight = `${height}px`;
    this.root.replaceChildren();
  }

  tile(file, place) {
    const picture = element("button", { type: "button", class: "picture", "data-act": "explain" });
    if (file.thumbnail) {
      picture.append(element("img", { alt: "", src: pictureSource(file) }));
    } else {
      picture.append(element("span", {}, file.problem ?? "no picture"));
    }
    picture.disabled = place === 0;
    if (place) picture.append(element("span", { class: "hint" }, "explain ▾"));
    const [folder, name] = parted(file.path);
    const facts = [`${file.width} × ${file.height}`, ...(file.size ? [bytes(file.size)] : [])].join(", ");
    const pair = place ? this.group.pairs[place - 1] : undefined;
    const lines = [
      element("span", { class: "name" }, name),
      element("span", { class: "folder" }, folder.slice(COMMON.length).replace(/[\\/]$/, "")),
      element("span", { class: "facts" }, facts),
    ];
    if (file.why) lines.push(element("span", { class: "why" }, "why: " + file.why));
    if (place) {
      lines.push(element("span", { class: "edit" }, pairWords(pair, place)));
      if (file.stays) lines.push(element("span", { class: "stays" }, "stays: " + file.stays));
      lines.push(element("span", { class: "facts" }, pair.relation === "exact" ? "" : sureness(pair)));
    }
    const copy = "size" in file ? [copyButton(file.full ?? file.path)] : []; // not of pictures in memory
    const keep = element("button", { type: "button", "data-act": "keep" }, "Keep");
    const apart = element("button", { type: "button", "data-act": "apart" }, "Not a duplicate");
    return element(
      "li",
      { class: "tile", tabindex: -1, "data-place": place, title: shown(file.path) },
      element("div", { class: "tile-head" }, element("span", { class: "badge" }), ...copy),
      picture,
      element("div", { class: "lines" }, ...lines),
      element("div", { class: "acts" }, keep, apart),
    );
  }

  /** Show what was chosen. */
  update() {
    const { group, choices } = this;
    if (!this.isFilled) return;
    const keeper = choices.keeper(group);
    const isOpen = choices.isOpen(group);
    for (const tile of this.root.querySelectorAll(".tile")) {
      const file = group.files[tile.dataset.place];
      const isKept = file.path === keeper;
      const isApart = choices.isApart(file);
      const goesOrStays = isOpen ? "open" : choices.goes(group, file) ? "goes" : "stays";
      const state = isKept ? "keep" : isApart ? "apart" : goesOrStays;
      tile.dataset.state = state;
      const says = STATES[state];
      tile.querySelector(".badge").textContent = says;
      const pair = tile.dataset.place > 0 ? group.pairs[tile.dataset.place - 1] : undefined;
      const words = tile.dataset.place > 0 ? pairWords(pair, +tile.dataset.place) : "";
      tile.setAttribute("aria-label", [says, fileName(file.path), words].filter(Boolean).join(": "));
      const [keep, apart] = tile.querySelectorAll(".acts button");
      keep.setAttribute("aria-pressed", isKept);
      apart.setAttribute("aria-pressed", isApart);
      apart.hidden = isKept;
      const name = fileName(file.path);
      keep.setAttribute("aria-label", `Keep ${name}`);
      apart.setAttribute("aria-label", `${name} is not a duplicate`);
      tile.querySelector(".picture").setAttribute("aria-label", `Explain ${name}`);
    }
    const surplus = group.files.filter((file) => choices.goes(group, file));
    const saved = surplus.reduce((sum, file) => sum + (file.size ?? 0), 0);
    const counts = isOpen ? "dedup plan will say what goes" : `${surplus.length} surplus`;
    const parts = [many(group.files.length, "file"), counts];
    if (saved) parts.push(`${bytes(saved)} to gain`);
    this.heading.textContent = parts.join(", ");
    this.root.querySelector("[data-act=reset]").hidden = !choices.touches(group);
  }

  act(name, place) {
    const file = this.group.files[place];
    if (name === "keep") this.choices.keep(this.group, file);
    else if (name === "apart") this.choices.toggleApart(this.group, file);
    else if (name === "reset") this.choices.reset(this.group);
    else if (name === "explain") return this.explain(this.explained === place ? 0 : place);
    else if (name === "copy") return this.root.querySelectorAll(".tile")[place].querySelector(".copy")?.click();
    else if (name === "more") return this.showMore();
    this.update();
    this.changed();
  }

  showMore() {
    const first = this.tiles;
    this.tiles += TILES_MORE;
    this.fill();
    this.focus(first);
  }

  /** Open the explanation of a file's pair beside it; 0 closes it. */
  explain(place) {
    const pair = this.group.pairs[place - 1];
    this.explained = pair ? place : 0;
    this.explanation.remove();
    for (const tile of this.root.querySelectorAll(".tile .picture")) {
      const isOpen = +tile.closest(".tile").dataset.place === this.explained;
      tile.setAttribute("aria-expanded", isOpen);
      tile.querySelector(".hint")?.replaceChildren(isOpen ? "close ▴" : "explain ▾");
    }
    if (!this.explained) return;
    const [a, b] = [this.group.files[pair.a], this.group.files[pair.b]];
    const words = pair.relation === "exact" ? pair.edit : `From A to B: ${pair.edit || pair.relation}`;
    const sure = pair.relation === "exact" ? "" : ` (${sureness(pair)})`;
    this.explanation.replaceChildren(
      element("p", { class: "pair-words" }, words + sure),
      pairFigure(pair, a, b),
    );
    this.root.querySelectorAll(".tile")[place].after(this.explanation);
    this.explanation.scrollIntoView({ block: "nearest" });
  }

  focus(place) {
    if (!this.isFilled) this.fill();
    const tiles = [...this.root.querySelectorAll(".tile")];
    const tile = tiles[Math.max(0, Math.min(place, tiles.length - 1))];
    tile.focus({ preventScroll: true });
    tile.scrollIntoView({ block: "nearest" });
  }
}
