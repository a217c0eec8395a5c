// Two pictures and what was seen of them, drawn from the measurements. `pair` and the files are
// the data of page_data.py.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes, and children that are elements or plain text, never markup. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

function svgElement(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** A path as it can be shown: what is no text, or would turn the line around, as an escape. */
function shown(path) {
  const odd = /[\p{C}\p{Zl}\p{Zp}]/gu;
  return path.replace(odd, (character) => {
    const code = character.codePointAt(0);
    // Python keeps a byte that is not UTF-8 as a lone surrogate.
    if (code >= 0xdc80 && code <= 0xdcff) return "\\x" + (code - 0xdc00).toString(16);
    if (character === "\n") return "\\n";
    return "\\u{" + code.toString(16) + "}";
  });
}

/** Folder and name of a path, as they can be shown. */
function parted(path) {
  const end = path.lastIndexOf(path.includes("/") ? "/" : "\\") + 1;
  return [shown(path.slice(0, end)), shown(path.slice(end))];
}

function fileName(path) {
  return parted(path)[1];
}

function pictureSource(file) {
  return "data:image/jpeg;base64," + file.thumbnail;
}

/** How sure a pair is, in the unit of its search. */
function sureness(pair, digits = 2) {
  if (pair.relation === "exact") return pair.edit;
  const parts = [];
  if (pair.score !== undefined) parts.push("score " + pair.score.toFixed(digits));
  else if (pair.bits !== undefined) parts.push(pair.bits + " bits differ");
  else if (pair.similarity !== undefined) parts.push("cosine " + pair.similarity.toFixed(digits));
  if (pair.probability !== undefined) parts.push(Math.round(100 * pair.probability) + " % likely");
  if (pair.marked) parts.push("marked by hand");
  return parts.join(", ");
}

/** The affine map [t0 .. t5] the other way. */
function inverse([a, b, c, d, e, f]) {
  const det = a * e - b * d;
  return [e / det, -b / det, (b * f - c * e) / det, -d / det, a / det, (c * d - a * f) / det];
}

/** The frame of the other picture, as corners in this one, in its pixels. */
function frame([t0, t1, t2, t3, t4, t5], { width, height }) {
  return [[0, 0], [1, 0], [1, 1], [0, 1]]
    .map(([x, y]) => [(t0 * x + t1 * y + t2) * width, (t3 * x + t4 * y + t5) * height])
    .map((corner) => corner.map((value) => value.toFixed(1)).join(" "))
    .join(" ");
}

function changedBlocks({ block, changed }, { width, height }) {
  const corners = (place) =>
    block.map(([x, y]) => {
      const left = (changed[place] + x) * width;
      const top = (changed[place + 1] + y) * height;
      return left.toFixed(1) + " " + top.toFixed(1);
    });
  let path = "";
  for (let place = 0; place < changed.length; place += 2) path += "M" + corners(place).join("L") + "Z";
  return path;
}

/** A picture in its frame; the file itself takes the thumbnail's place where it can be reached. */
function picture(file, attributes = {}) {
  const image = svgElement("image", {
    width: file.width,
    height: file.height,
    preserveAspectRatio: "none",
    ...attributes,
  });
  if (file.thumbnail) image.setAttribute("href", pictureSource(file));
  if (file.uri) {
    const whole = new Image();
    whole.onload = () => {
      const isUpright = whole.naturalWidth === file.width && whole.naturalHeight === file.height;
      if (isUpright) image.setAttribute("href", file.uri);
    };
    whole.src = file.uri;
  }
  return image;
}

function panel(file, label, caption, ...drawn) {
  const svg = svgElement("svg", {
    viewBox: `0 0 ${file.width} ${file.height}`,
    role: "img",
    "aria-label": label,
  });
  svg.append(...drawn);
  return element("figure", { class: "pair-panel" }, svg, element("figcaption", {}, ...caption));
}

/** Both pictures with their common part outlined, and the second laid over the first. */
function pairFigure(pair, a, b) {
  const size = (file) => `${file.width} × ${file.height}`;
  const panels = element("div", { class: "pair-panels" });
  const figure = element("figure", { class: "pair" }, panels);
  const sheets = [[a, picture(a)], [b, picture(b)]];
  const captions = [a, b].map((file, place) => [`${"AB"[place]}: ${fileName(file.path)}, ${size(file)}`]);
  if (pair.transform) {
    const maps = [inverse(pair.transform), pair.transform];
    sheets.forEach((sheet, place) => {
      const outline = { class: "pair-common", points: frame(maps[place], sheet[0]) };
      sheet.push(svgElement("polygon", outline));
    });
  }
  sheets.forEach(([file, ...drawn], place) => {
    panels.append(panel(file, captions[place][0], captions[place], ...drawn));
  });
  if (pair.transform) panels.append(laidOver(pair, a, b));
  return figure;
}

function laidOver(pair, a, b) {
  const [t0, t1, t2, t3, t4, t5] = inverse(pair.transform);
  // SVG writes matrices by columns; b is drawn in its own pixels.
  const matrix = [
    (t0 * a.width) / b.width, (t3 * a.height) / b.width,
    (t1 * a.width) / b.height, (t4 * a.height) / b.height,
    t2 * a.width, t5 * a.height,
  ];
  const over = picture(b, { transform: `matrix(${matrix.map((value) => value.toFixed(5)).join(" ")})` });
  const drawn = [picture(a, { opacity: 0 }), over];
  const caption = ["B laid over A"];
  if (pair.changed) {
    drawn.push(svgElement("path", { class: "pair-changed", d: changedBlocks(pair, a) }));
    const key = element("span", { class: "pair-key" });
    caption.push("; ", key, "what changed");
  }
  const made = panel(a, `B laid over A. ${pair.edit}`, caption, ...drawn);
  const fade = element("input", { type: "range", min: 0, max: 1, step: 0.05, value: 1 });
  fade.addEventListener("input", () => {
    drawn[0].setAttribute("opacity", fade.value < 1 ? 1 : 0);
    over.setAttribute("opacity", fade.value);
  });
  made.append(element("label", { class: "pair-fade" }, "A", fade, "B"));
  fade.setAttribute("aria-label", "Fade between A and B");
  return made;
}
