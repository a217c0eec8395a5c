// A path into the clipboard.

/** Copy a text; whether it is copied. */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text); // a page from the disk or of plain HTTP may have no clipboard
  }
}

function copySelected(text) {
  const before = document.activeElement;
  const field = element("textarea", { class: "unseen", "aria-hidden": "true" });
  field.value = text;
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  before?.focus({ preventScroll: true });
  return isCopied;
}

/** A button that copies a path as one line: what would act in a terminal is copied as an escape. */
function copyButton(path) {
  const made = element("button", { type: "button", class: "copy" }, "Copy path");
  const label = `Copy path of ${fileName(path)}`;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", async () => {
    const words = (await copyText(shown(path))) ? "Copied" : "Not copied";
    made.textContent = words;
    made.setAttribute("aria-label", words);
    setTimeout(() => {
      made.textContent = "Copy path";
      made.setAttribute("aria-label", label);
    }, 2000);
  });
  return made;
}
