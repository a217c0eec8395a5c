// The list of groups: filter, sort, keys. Only the cards near the window hold anything.

const NEAR = "1200px";

const find = (id) => document.getElementById(id);

data.groups.forEach((group, place) => {
  group.number = place + 1;
  group.text = group.files.map((file) => file.path).join("\n").toLowerCase();
  group.surplus = group.files.slice(1).reduce((sum, file) => sum + (file.stays ? 0 : file.size ?? 0), 0);
  group.certainty = Math.min(1, ...group.pairs.map((pair) => pair.certainty));
  group.relations = new Set(group.pairs.map((pair) => pair.relation));
});
const choices = new Choices(data.run, data.groups);
const cards = data.groups.map((group) => new Card(group, choices, showState));
let listed = cards;

const ORDERS = {
  savings: (a, b) => b.group.surplus - a.group.surplus || a.group.number - b.group.number,
  certainty: (a, b) => a.group.certainty - b.group.certainty || a.group.number - b.group.number,
  files: (a, b) => b.group.files.length - a.group.files.length || a.group.number - b.group.number,
  path: (a, b) => a.group.number - b.group.number,
};

// Which cards hold their pictures.

let isPrinting = false;
const observer = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting, boundingClientRect } of entries) {
    if (isIntersecting && !target.card.isFilled) target.card.fill();
    else if (!isIntersecting && !isPrinting && target.card.isFilled && !target.contains(document.activeElement)) {
      target.card.empty(boundingClientRect.height);
    }
  }
}, { rootMargin: `${NEAR} 0px` });

function list() {
  const words = find("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const relation = find("relation").value;
  listed = cards.filter(({ group }) => {
    const isAsked = relation === "all" || (relation === "chosen" ? choices.touches(group) : group.relations.has(relation));
    return isAsked && words.every((word) => group.text.includes(word));
  });
  listed.sort(ORDERS[find("order").value]);
  observer.disconnect();
  const perRow = Math.max(1, Math.floor(find("groups").clientWidth / 184));
  listed.forEach((card, place) => {
    card.root.setAttribute("aria-posinset", place + 1);
    card.root.setAttribute("aria-setsize", listed.length);
    if (!card.isFilled && !card.root.style.minHeight) {
      const rows = Math.ceil(Math.min(card.group.files.length, TILES) / perRow);
      card.root.style.minHeight = `${70 + 300 * rows}px`;
    }
  });
  find("groups").replaceChildren(...listed.map((card) => card.root));
  for (const card of listed) observer.observe(card.root);
  find("nothing").hidden = listed.length > 0;
  showState();
}

function showState() {
  let surplus = 0;
  let saved = 0;
  let open = 0;
  for (const { group } of listed) {
    if (choices.isOpen(group)) open += 1;
    for (const file of group.files) {
      if (!choices.goes(group, file)) continue;
      surplus += 1;
      saved += file.size ?? 0;
    }
  }
  const parts = [many(listed.length, "group"), `${many(surplus, "file")} surplus`];
  if (saved) parts.push(`${bytes(saved)} to gain`);
  if (open) parts.push(`in ${many(open, "group")} dedup plan will say what goes`);
  parts.push(choices.count ? many(choices.count, "choice") + " of yours" : "no choices yet");
  if (!choices.isStored) parts.push("this browser forgets them on closing: export them");
  find("state").textContent = parts.join(" · ");
  find("export").disabled = !choices.count;
}

function exportChoices() {
  if (!choices.count) return;
  const content = JSON.stringify(choices.exported(), null, 1) + "\n";
  const address = URL.createObjectURL(new Blob([content], { type: "application/json" }));
  element("a", { href: address, download: "choices.json" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

// Dark and light: as the system says, until the person says otherwise.

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("dedup theme", theme);
  } catch { /* a browser that keeps nothing */ }
}

function switchTheme() {
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme ?? (isDark ? "dark" : "light");
  setTheme(now === "dark" ? "light" : "dark");
}

// What is scrolled to stays clear of the bar, however many lines that takes.

const bar = document.querySelector("header");

function clearBar() {
  const isSticky = getComputedStyle(bar).position === "sticky";
  const height = Math.ceil(bar.getBoundingClientRect().height);
  document.documentElement.style.scrollPaddingTop = isSticky ? `${height}px` : "";
}

// Keys.

function focused() {
  const tile = document.activeElement?.closest?.(".tile");
  return tile ? [tile.closest(".card").card, Number(tile.dataset.place)] : [null, 1];
}

/** Go to another group: its first file that is not kept. */
function step(by) {
  const [card] = focused();
  const from = card ? listed.indexOf(card) : by > 0 ? nearestTop() - 1 : nearestTop();
  const to = Math.max(0, Math.min(from + by, listed.length - 1));
  if (listed[to]) {
    listed[to].focus(1);
    listed[to].root.scrollIntoView({ block: "nearest" });
    listed[to].heading.scrollIntoView({ block: "nearest" }); // of a group taller than the window
  }
}

/** The first group that is in view. */
function nearestTop() {
  const top = bar.getBoundingClientRect().bottom;
  const place = listed.findIndex((card) => card.root.getBoundingClientRect().bottom > top + 40);
  return Math.max(0, place);
}

function onTile(act) {
  return () => {
    const [card, place] = focused();
    if (card) act(card, place);
    else step(1);
  };
}

const KEYS = {
  j: () => step(1),
  ArrowDown: () => step(1),
  k: () => step(-1),
  ArrowUp: () => step(-1),
  l: onTile((card, place) => card.focus(place + 1)),
  ArrowRight: onTile((card, place) => card.focus(place + 1)),
  h: onTile((card, place) => card.focus(place - 1)),
  ArrowLeft: onTile((card, place) => card.focus(place - 1)),
  Enter: onTile((card, place) => card.act("keep", place)),
  n: onTile((card, place) => card.act("apart", place)),
  e: onTile((card, place) => card.act("explain", place)),
  u: onTile((card) => card.act("reset")),
  c: onTile((card, place) => card.act("copy", place)),
  m: onTile((card) => card.group.files.length > card.tiles && card.act("more")),
  x: exportChoices,
  t: switchTheme,
  "/": () => find("filter").focus(),
  "?": () => find("help").showModal(),
};

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || find("help").open) return;
  if (target.matches("input, select, textarea")) {
    if (key === "Escape" && target.id === "filter") target.blur();
    return;
  }
  if (key === "Enter" && target.matches("button, a")) return;
  const digit = "123456789".indexOf(key);
  const act = digit >= 0 ? onTile((card) => digit < card.group.files.length && card.act("keep", digit)) : KEYS[key];
  if (!act) return;
  event.preventDefault();
  act();
});

find("groups").addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  const tile = event.target.closest(".tile");
  if (button) button.closest(".card").card.act(button.dataset.act, Number(tile?.dataset.place));
});

let waiting;
find("filter").addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(list, 150);
});
find("relation").addEventListener("change", list);
find("order").addEventListener("change", list);
find("export").addEventListener("click", exportChoices);
find("theme").addEventListener("click", switchTheme);
find("keys").addEventListener("click", () => find("help").showModal());
addEventListener("beforeprint", () => {
  isPrinting = true;
  for (const card of listed) if (!card.isFilled) card.fill();
  for (const section of outside) section.open();
});
addEventListener("afterprint", () => {
  isPrinting = false;
  list(); // the observer looks at all cards again, and empties what is far away
});

try {
  const theme = localStorage.getItem("dedup theme");
  if (theme) setTheme(theme);
} catch { /* a browser that keeps nothing */ }
list();
clearBar();
new ResizeObserver(clearBar).observe(bar);
