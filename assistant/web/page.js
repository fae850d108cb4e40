// What happens in the browser: footnotes lead to their words, words lead back, quotes show on hover, panels slide, and what
// is clicked is told to the server.
// Runs once the source pane is on the page: `element` is the pane; trigger('show_words', …) asks the server for words that are not in it.

const again = "footnotedListeners" in window;
window.footnotedListeners?.abort();
window.footnotedListeners = new AbortController();
const { signal } = window.footnotedListeners;
const on = (type, listener, options) => document.addEventListener(type, listener, { signal, ...options });
function watch(part, changed, ...attributes) {
  const observer = new MutationObserver(changed);
  observer.observe(part, { childList: true, subtree: true, attributeFilter: attributes });
  signal.addEventListener("abort", () => observer.disconnect());
}

const scroller = element.closest("#fn-pane");
scroller.tabIndex = 0; // so that it can be scrolled from the keyboard
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

// At once: a browser's smooth scroll through a long document takes a second and a half.
function bringIntoView(part) {
  part.scrollIntoView({ block: "center", behavior: "auto" });
}

function showWords(key) {
  const marks = marksOf(key);
  if (marks.length === 0) return false;
  bringIntoView(marks[0]);
  marks[0].querySelector(`[data-back="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
  flash(marks);
  return true;
}

// An answer has arrived: only the pane scrolls, never the page, and the reader's focus stays.
function scrollPane(key) {
  const [first] = marksOf(key);
  if (!first) return;
  const [words, pane] = [first.getBoundingClientRect(), scroller.getBoundingClientRect()];
  scroller.scrollBy({ top: words.top - pane.top - pane.height / 3, behavior: "auto" });
  flash(marksOf(key));
}

let shown = null;
function arrived() {
  const pane = element.querySelector(".fn-document");
  const key = pane?.dataset.goto ?? null;
  if (key === shown) return;
  shown = key;
  if (key === null) scroller.scrollTop = 0;
  else if ("asked" in pane.dataset) {
    slide("fn-source", true);
    showWords(key);
  }
  else scrollPane(key);
}
watch(element, arrived, "data-goto");

on("click", (event) => {
  const link = event.target.closest?.("[data-fn], [data-back]");
  if (!link) return;
  event.preventDefault();
  hideQuote();
  const { fn, back } = link.dataset;
  if (fn) {
    if (marksOf(fn).length) slide("fn-source", true);
    if (!showWords(fn)) trigger("show_words", { key: fn });
    return;
  }
  if (narrow.matches) slide("fn-source", false);
  const note = noteOf(back);
  if (!note) return;
  bringIntoView(note);
  note.focus({ preventScroll: true });
  flash([note]);
});

// From one footnote to the next, in the answer or in the source.
on("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const here = event.target.closest?.(".fn-note, .fn-back");
  if (!step || !here) return;
  const all = [...document.querySelectorAll(here.matches(".fn-note") ? ".fn-note" : ".fn-back")];
  const next = all[all.indexOf(here) + step];
  if (!next) return;
  event.preventDefault();
  bringIntoView(next);
  next.focus({ preventScroll: true });
});

// Panels that can be out of the way: the conversations everywhere, the source where there is no room beside the chat.
const narrow = matchMedia("(max-width: 760px)");
const main = document.getElementById("fn-main");

function slide(id, open) {
  main.toggleAttribute(`data-${id}`, open);
  for (const button of document.querySelectorAll(`[data-toggle="${id}"]`)) button.setAttribute("aria-expanded", open);
  if (id === "fn-side" && !narrow.matches) remember(id, open ? "open" : "");
}

// Where a browser lets no page remember anything, the panel begins closed each time.
function remember(id, value) {
  try {
    if (value === undefined) return localStorage.getItem(id);
    localStorage.setItem(id, value);
  } catch {}
  return null;
}

const isOpen = (id) => main.hasAttribute(`data-${id}`);
slide("fn-side", !narrow.matches && remember("fn-side") === "open");

on("click", (event) => {
  const button = event.target.closest?.("[data-toggle]");
  if (button) slide(button.dataset.toggle, !isOpen(button.dataset.toggle));
});

// A tap beside the open panel closes it, and does nothing to what it happens to hit.
on("click", (event) => {
  if (!narrow.matches || !isOpen("fn-side") || event.target.closest?.("#fn-side, [data-toggle]")) return;
  slide("fn-side", false);
  event.preventDefault();
  event.stopPropagation();
}, { capture: true });

// What can be done: the names of the events that the server hears.
const DONE = [
  "ask_suggested", "suggest", "keep_gold", "keep_marked", "keep_unanswered",
  "open_chat", "delete_chat", "restore_chat", "forget_chats", "save_chat", "like_answer", "ask_again", "edit_question",
  "ask_collection", "delete_collection", "restore_collection", "forget_collections", "forget_documents", "ask_only", "ask_all", "read_again", "view_document", "remove_document", "bring_back",
];

// A button would take the reader's marking away.
on("mousedown", (event) => event.target.closest?.('[data-do="keep_marked"]') && event.preventDefault());

on("click", (event) => {
  const button = event.target.closest?.("[data-do]");
  // With a modifier, a conversation opens in a tab of its own.
  if (!button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const { do: what, ...data } = button.dataset;
  if (what === "rename_chat") return name(document.querySelector(".fn-title"), "Name of the conversation", what);
  if (what === "make_collection") return name(button, "Name of the collection", what, "");
  if (what === "rename_collection") return name(button, "Name of the collection", what, data.title);
  // What can't be had back takes a second click.
  if (what.startsWith("forget_") && !data.sure) {
    button.dataset.sure = "yes";
    button.textContent = "Can’t be had back: really delete?";
    return;
  }
  // What is pressed already is taken back.
  if (what === "like_answer" && button.getAttribute("aria-pressed") === "true") data.liked = "";
  if (what === "keep_marked") Object.assign(data, selected());
  if (DONE.includes(what)) trigger(what, data);
  if (["open_chat", "view_document"].includes(what) && narrow.matches) slide("fn-side", false);
  if (what === "view_document" && narrow.matches) slide("fn-source", true);
  if (what === "edit_question") document.querySelector("#fn-box textarea").focus();
});

// The words of the document that the reader has marked, in code points; nothing where they have marked none.
function selected() {
  const text = element.querySelector(".fn-text");
  const [chosen, before] = [getSelection(), document.createRange()];
  if (!text || chosen.rangeCount === 0 || !text.contains(chosen.getRangeAt(0).commonAncestorContainer)) return {};
  const range = chosen.getRangeAt(0);
  before.setStart(text, 0);
  before.setEnd(range.startContainer, range.startOffset);
  const start = Array.from(before.toString()).length;
  const { document: id } = text.closest("[data-document]").dataset;
  return { document: id, start, end: start + Array.from(range.toString()).length, words: range.toString() };
}

// A field in the place of what is named; Escape leaves all as it was.
function name(shown, label, event, begin = shown.textContent) {
  const field = document.createElement("input");
  field.className = `fn-naming ${shown.className}`;
  field.value = begin;
  field.maxLength = 200;
  field.setAttribute("aria-label", label);
  let over = false;
  const done = (save) => {
    if (over) return;
    over = true; // taking the field away blurs it
    const named = field.value.trim();
    field.replaceWith(shown);
    if (save && named && named !== begin) trigger(event, { title: named });
  };
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" || event.key === "Escape") done(event.key === "Enter");
  });
  // A name that was changed is kept; something new is only made where that is asked for.
  field.addEventListener("blur", () => done(begin !== ""));
  shown.replaceWith(field);
  field.focus();
  field.select();
}

// What is typed while an answer is being written is asked once it is there. Escape takes that back, and so does writing on,
// and whatever leads elsewhere: it was meant for this conversation.
const composer = document.getElementById("fn-composer");
const isShown = (id) => document.getElementById(id)?.checkVisibility() ?? false;
let hint = document.getElementById("fn-next");
if (!hint) {
  hint = composer.appendChild(document.createElement("p"));
  hint.id = "fn-next";
  hint.setAttribute("role", "status");
}
let queued = false;
function queue(next) {
  if (next === queued) return;
  queued = next;
  hint.textContent = next ? "Asked as soon as this answer is there. Esc takes that back." : "";
}

on("keydown", (event) => {
  if (!event.target.matches?.("#fn-box textarea") || event.isComposing) return;
  if (event.key === "Enter" && !event.shiftKey) queue(isShown("fn-stop") && event.target.value.trim() !== "");
  if (event.key === "Escape") queue(false);
});
on("input", (event) => event.target.matches?.("#fn-box textarea") && queue(false));
on("click", (event) => event.target.closest?.("#fn-stop, #fn-new, [data-do]") && queue(false), { capture: true });
function askNext() {
  if (!queued || !isShown("fn-ask")) return;
  queue(false);
  document.getElementById("fn-ask").click();
}
watch(composer, askNext, "class", "style");

// Files that are dropped anywhere are those of the button.
const carried = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
on("dragover", (event) => carried(event) && event.preventDefault());
on("drop", (event) => {
  if (!carried(event)) return;
  event.preventDefault();
  const input = document.querySelector("#fn-adding input[type=file]");
  input.files = event.dataTransfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  slide("fn-side", true);
});

// The address names the conversation, so that it is there again after a reload.
const kept = document.getElementById("fn-kept");
let named = null;
function address() {
  const chat = kept.querySelector("[data-current]")?.dataset.current;
  if (chat === undefined || chat === named) return;
  // What the page shows before the server has answered is no conversation yet.
  if (named === null && chat === "" && location.search.includes("chat=")) return;
  named = chat;
  const url = new URL(location.href);
  if (chat) url.searchParams.set("chat", chat);
  else url.searchParams.delete("chat");
  history.replaceState(null, "", url);
}
watch(kept, address, "data-current");

// A file that the server has made is saved by the browser: none is left for others to fetch.
const file = document.getElementById("fn-file");
let saved = null;
function save() {
  const made = file.querySelector("[data-serial]");
  if (!made || made.dataset.serial === saved) return;
  saved = made.dataset.serial;
  const url = URL.createObjectURL(new Blob([made.dataset.text], { type: "text/plain;charset=utf-8" }));
  const link = Object.assign(document.createElement("a"), { href: url, download: made.dataset.name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
watch(file, save, "data-serial");

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
on("keydown", (event) => {
  if (event.key !== "Escape") return;
  hideQuote();
  if (narrow.matches) for (const id of ["fn-side", "fn-source"]) slide(id, false);
});
// Only where the footnote itself moves: the pane scrolls by itself when an answer arrives.
const scrolled = (event) => event.target !== scroller && hideQuote();
on("scroll", scrolled, { capture: true, passive: true });
