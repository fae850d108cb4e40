"use strict";
// The page works without this; with it, cases can be filtered, and a link to a case opens it.
const form = document.getElementById("filter");
const cases = [...document.querySelectorAll(".case")];
const texts = new Map();

function textOf(one) {
  if (!texts.has(one)) texts.set(one, one.textContent.toLowerCase());
  return texts.get(one);
}

function filter() {
  const failed = form.elements.which.value === "failed";
  const kind = form.elements.kind.value;
  const words = form.elements.words.value.toLowerCase().trim();
  let shown = 0;
  for (const one of cases) {
    one.hidden = (failed && one.dataset.failed !== "yes")
      || (kind !== "" && one.dataset.kind !== kind)
      || (words !== "" && !textOf(one).includes(words));
    shown += one.hidden ? 0 : 1;
  }
  document.getElementById("shown").textContent = shown === 1 ? "1 case" : `${shown} cases`;
  document.getElementById("none").hidden = shown > 0;
}

function openNamed() {
  const named = document.getElementById(location.hash.slice(1));
  if (named?.matches(".case")) {
    named.hidden = false;
    named.open = true;
    named.scrollIntoView();
  }
}

form.hidden = false;
form.addEventListener("input", filter);
form.addEventListener("submit", event => event.preventDefault());
window.addEventListener("hashchange", openNamed);
filter();
openNamed();
