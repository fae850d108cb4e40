// What happens in the browser: footnotes lead to their words, words lead back, quotes show on hover.
// Runs once the source pane is on the page: `element` is the pane; trigger('show', …) asks the server for words that are not in it.

const again = "footnotedListeners" in window;
window.footnotedListeners?.abort();
window.footnotedListeners = new AbortController();
const { signal } = window.footnotedListeners;
const on = (type, listener) => document.addEventListener(type, listener, { signal });

const scroller = element.closest("#fn-pane");
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const marksOf = (key) => [...element.querySelectorAll(`[data-marks~="${CSS.escape(key)}"]`)];
const noteOf = (key) => document.querySelector(`[data-fn="${CSS.escape(key)}"]`);

function flash(parts) {
  for (const part of parts) {
    part.classList.remove("fn-flash");
    void part.offsetWidth; // so that the animation begins again
    part.classList.add("fn-flash");
    part.addEventListener("animationend", () => part.classList.remove("fn-flash"), { once: true });
  }
}

function bringIntoView(part, smooth) {
  part.scrollIntoView({ block: "center", behavior: smooth && !calm() ? "smooth" : "auto" });
}

function showWords(key, { smooth }) {
  const marks = marksOf(key);
  if (marks.length === 0) return false;
  bringIntoView(marks[0], smooth);
  marks[0].querySelector(`[data-back="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
  flash(marks);
  return true;
}

// An answer has arrived: only the pane scrolls, never the page, and the reader's focus stays.
function scrollPane(key) {
  const [first] = marksOf(key);
  if (!first) return;
  const [words, pane] = [first.getBoundingClientRect(), scroller.getBoundingClientRect()];
  scroller.scrollBy({ top: words.top - pane.top - pane.height / 3, behavior: calm() ? "auto" : "smooth" });
  flash(marksOf(key));
}

let shown = null;
function arrived() {
  const pane = element.querySelector(".fn-document");
  const key = pane?.dataset.goto ?? null;
  if (key === shown) return;
  shown = key;
  if (key === null) scroller.scrollTop = 0;
  else if ("asked" in pane.dataset) showWords(key, { smooth: false });
  else scrollPane(key);
}
new MutationObserver(arrived).observe(element, { childList: true, subtree: true, attributeFilter: ["data-goto"] });

on("click", (event) => {
  const link = event.target.closest?.("[data-fn], [data-back]");
  if (!link) return;
  event.preventDefault();
  hideQuote();
  const { fn, back } = link.dataset;
  if (fn) {
    if (!showWords(fn, { smooth: true })) trigger("show", { key: fn });
    return;
  }
  const note = noteOf(back);
  if (!note) return;
  bringIntoView(note, true);
  note.focus({ preventScroll: true });
  flash([note]);
});

// In the style sheet, which Gradio rewrites, this would be dropped.
if (!again) CSS.registerProperty({ name: "--fn-seconds", syntax: "<integer>", initialValue: "0", inherits: false });

let card = document.getElementById("fn-card");
if (!card) {
  card = document.body.appendChild(document.createElement("div"));
  card.id = "fn-card";
  card.setAttribute("aria-hidden", "true"); // a footnote's label says the same
  card.append(document.createElement("q"), document.createElement("span"));
}

function showQuote(note) {
  const [quote, from] = card.children;
  quote.textContent = note.dataset.quote;
  from.textContent = note.dataset.source;
  card.classList.add("fn-open");
  const at = note.getBoundingClientRect();
  const left = Math.min(at.left - 24, innerWidth - card.offsetWidth - 12);
  const above = at.top - card.offsetHeight - 8;
  card.style.left = `${Math.max(12, left)}px`;
  card.style.top = `${above > 8 ? above : at.bottom + 8}px`;
}

function hideQuote() {
  card.classList.remove("fn-open");
}

const quoted = (event) => event.target.closest?.("[data-quote]");
on("pointerover", (event) => event.pointerType !== "touch" && (quoted(event) ? showQuote(quoted(event)) : hideQuote()));
on("focusin", (event) => quoted(event)?.matches(":focus-visible") && showQuote(quoted(event)));
on("focusout", hideQuote);
on("keydown", (event) => event.key === "Escape" && hideQuote());
// Only where the footnote itself moves: the pane scrolls by itself when an answer arrives.
const scrolled = (event) => event.target !== scroller && hideQuote();
document.addEventListener("scroll", scrolled, { capture: true, passive: true, signal });
