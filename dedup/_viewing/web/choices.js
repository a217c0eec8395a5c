// What the person at the page has decided. It survives a reload, where the browser keeps things
// for pages, and is exported as the file that `dedup plan --choices` applies.

class Choices {
  /**
   * @param {string} run - The result that the page shows.
   * @param {Array} groups - Its groups; `files` of each.
   */
  constructor(run, groups) {
    this.run = run;
    this.groups = groups;
    this.place = "dedup choices " + run;
    this.kept = new Map(); // the path to keep, by the group's first
    this.apart = new Set(); // paths that are no duplicates
    this.isStored = this.load();
  }

  keeper(group) {
    return this.kept.get(group.files[0].path) ?? group.files[0].path;
  }

  isApart(file) {
    return this.apart.has(file.path);
  }

  /** Whether another file is chosen, of other pixels: what it shows of the rest, the page can't know. */
  isOpen(group) {
    const place = group.files.findIndex((file) => file.path === this.keeper(group));
    return place > 0 && group.pairs[place - 1].relation !== "exact";
  }

  /** Whether the group would lose this file. */
  goes(group, file) {
    if (this.isApart(file) || file.path === this.keeper(group) || this.isOpen(group)) return false;
    return !file.stays;
  }

  keep(group, file) {
    const first = group.files[0].path;
    if (file.path === first) this.kept.delete(first);
    else this.kept.set(first, file.path);
    this.apart.delete(file.path);
    this.save();
  }

  /** Mark a file as no duplicate of its group, or take that back. The file to keep can't be. */
  toggleApart(group, file) {
    if (file.path === this.keeper(group)) return;
    if (!this.apart.delete(file.path)) this.apart.add(file.path);
    this.save();
  }

  reset(group) {
    this.kept.delete(group.files[0].path);
    for (const file of group.files) this.apart.delete(file.path);
    this.save();
  }

  touches(group) {
    return this.kept.has(group.files[0].path) || group.files.some((file) => this.isApart(file));
  }

  get count() {
    return this.kept.size + this.apart.size;
  }

  /** The content of the file: a marked file is told apart from all that stay in its group. */
  exported() {
    const pairs = [];
    for (const group of this.groups) {
      const together = group.files.filter((file) => !this.isApart(file));
      for (const file of group.files.filter((one) => this.isApart(one))) {
        for (const other of together) pairs.push([other.path, file.path]);
      }
    }
    const keep = Object.fromEntries(this.kept);
    return { format: "dedup choices 1", run: this.run, keep, not_duplicates: pairs };
  }

  save() {
    const content = { keep: [...this.kept], apart: [...this.apart] };
    try {
      localStorage.setItem(this.place, JSON.stringify(content));
    } catch {
      this.isStored = false; // a browser that keeps nothing: the page says so
    }
  }

  load() {
    try {
      const content = JSON.parse(localStorage.getItem(this.place) ?? "{}");
      const groupOf = new Map();
      for (const group of this.groups) for (const file of group.files) groupOf.set(file.path, group);
      // Not what is in another group by now.
      const fits = ([first, path]) => groupOf.get(path)?.files[0].path === first;
      this.kept = new Map((content.keep ?? []).filter(fits));
      this.apart = new Set((content.apart ?? []).filter((path) => groupOf.has(path)));
      return true;
    } catch {
      return false;
    }
  }
}
