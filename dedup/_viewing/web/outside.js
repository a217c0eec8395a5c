// The files that are in no group for a reason: a link in the header, and a section for each kind.

class Outside {
  /**
   * @param {string} id - Of the section.
   * @param {Array} rows - Path, reason and full path of each.
   * @param {string} said - How many there are, in words.
   */
  constructor(id, rows, said) {
    this.rows = rows;
    this.section = document.getElementById(id);
    const link = document.querySelector(`header [href="#${id}"]`);
    link.textContent = `${said}: why`;
    this.section.querySelector("summary").textContent = said;
    link.hidden = this.section.hidden = !rows.length;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      this.open();
      reach(this.section);
    });
    this.section.addEventListener("toggle", () => this.fill());
  }

  open() {
    if (!this.rows.length) return;
    this.section.open = true;
    this.fill();
  }

  /** Thousands of rows are drawn when somebody asks for them. */
  fill() {
    if (this.section.querySelector("table")) return;
    const rows = this.rows.map(([path, reason, full]) =>
      element("tr", {}, element("td", {}, shown(path), " ", copyButton(full)), element("td", {}, shown(reason))));
    const head = element("tr", {}, element("th", {}, "File"), element("th", {}, "Why"));
    const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
    this.section.append(table);
  }
}

/** Scroll to a section: the groups before it are drawn, and grow, as they come near. */
function reach(section, frames = 20) {
  section.scrollIntoView();
  if (frames) requestAnimationFrame(() => reach(section, frames - 1));
  else section.querySelector("summary").focus({ preventScroll: true });
}

const resembles = ([path, count, full]) => [path, `resembles ${many(count, "other")}`, full];
const outside = [
  new Outside("skipped", data.skipped, `${many(data.skipped.length, "file")} skipped`),
  new Outside("uncertain", data.uncertain.map(resembles), `${many(data.uncertain.length, "picture")} uncertain`),
];
