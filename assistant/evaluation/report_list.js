// The list of questions: filtered, and rendered a piece at a time. The filters stand in the
// address, so that what is shown can be linked.
const ROWS_AT_ONCE = 100;
const CHOICES = [
  // [name in the address, label, what it reads of a question, names of its values]
  ["lang", "Language", (q) => q.language, { en: "English", zh: "Chinese" }],
  ["set", "Set", (q) => q.set, {}],
  ["kind", "Kind", (q) => q.kind || "no kind", {}],
  ["sources", "Sources", (q) => q.answerability, {}],
  ["outcome", "Outcome", (q) => q.status, {}],
  ["verdict", "Verdict", (q) => verdict(q), {}],
];
const keys = new Set(questions.map((question) => question.key));
let state, found = [], rendered = 0;

// ---- state, in the address ----

function read() {
  const given = new URLSearchParams(location.hash.slice(1));
  const now = { q: given.get("q") || "", question: given.get("question") || "" };
  for (const [name] of CHOICES) now[name] = given.get(name) || "";
  now.fail = new Set((given.get("fail") || "").split(",").filter((name) => name in failures));
  return now;
}

function write() {
  const given = new URLSearchParams();
  for (const [name] of CHOICES) if (state[name]) given.set(name, state[name]);
  if (state.fail.size) given.set("fail", [...state.fail].join(","));
  if (state.q) given.set("q", state.q);
  if (state.question) given.set("question", state.question);
  const hash = String(given) && `#${given}`;
  history.replaceState(null, "", location.pathname + location.search + hash);
}

function words(q) {
  q.words ??= [
    q.key, q.question, ...q.history, q.answer?.text, q.answer?.reason, q.error,
    ...(q.expected.answers || []), ...(q.expected.answers_all || []),
  ].join("\n").toLowerCase();
  return q.words;
}

function matches(q, wanted) {
  return wanted.every((word) => words(q).includes(word)) &&
    CHOICES.every(([name, , value]) => !state[name] || value(q) === state[name]);
}

// ---- filters ----

function choices() {
  for (const [name, label, value, names] of CHOICES) {
    const counts = new Map();
    for (const q of questions) counts.set(value(q), (counts.get(value(q)) || 0) + 1);
    const options = [...counts].sort(([a], [b]) => a.localeCompare(b)).map(([key, count]) =>
      el("option", { value: key }, `${names[key] || key} (${count})`));
    const select = el("select", { name }, el("option", { value: "" }, "All"), options);
    select.addEventListener("change", () => apply({ [name]: select.value }));
    const field = el("label", {}, label, select);
    field.hidden = counts.size < 2;
    byId("choices").append(field);
  }
}

function chips(candidates) {
  const focused = document.activeElement?.dataset?.failure;
  const nodes = Object.entries(failures).map(([name, label]) => {
    const count = candidates.filter((q) => q.failures.includes(name)).length;
    const pressed = state.fail.has(name);
    const node = button([label, el("b", {}, String(count))], {
      "aria-pressed": String(pressed), "data-failure": name, disabled: !count && !pressed,
    }, () => {
      const fail = new Set(state.fail);
      if (!fail.delete(name)) fail.add(name);
      apply({ fail });
    });
    return node;
  });
  byId("chips").replaceChildren(...nodes);
  nodes.find((node) => node.dataset.failure === focused)?.focus();
}

function apply(changes) {
  Object.assign(state, { question: "" }, changes);
  write();
  render();
}

// ---- the list ----

function render() {
  byId("search").value = state.q;
  for (const select of byId("choices").querySelectorAll("select")) {
    select.value = state[select.name];
  }
  const wanted = state.q.toLowerCase().split(/\s+/).filter(Boolean);
  const candidates = questions.filter((q) => matches(q, wanted));
  chips(candidates);
  found = candidates.filter((q) => !state.fail.size || q.failures.some((f) => state.fail.has(f)));
  const all = questions.length;
  byId("count").textContent =
    found.length === all ? `${all} questions` : `${found.length} of ${all} questions`;
  byId("shown").querySelector("button").hidden = found.length === all;
  byId("list").replaceChildren();
  rendered = 0;
  if (!found.length) {
    byId("list").append(el("li", { class: "empty" }, "No question matches these filters."));
  }
  more();
}

function more() {
  const next = found.slice(rendered, rendered + ROWS_AT_ONCE);
  byId("list").append(...next.map(row));
  rendered += next.length;
  const left = found.length - rendered;
  byId("more").hidden = !left;
  byId("more").textContent = `Show ${Math.min(left, ROWS_AT_ONCE)} more of ${left}`;
}

function row(q) {
  const mark = { right: "✓", wrong: "✗", "not judged": "–" }[verdict(q)];
  const ms = q.scores.latency_ms;
  const byline = [q.set, q.kind, q.answerability, ms == null ? "" : `${Math.round(ms)}\u00a0ms`];
  const summary = el("summary", {},
    el("span", { class: `mark ${verdict(q)}`, "aria-hidden": "true" }, mark),
    el("span", {},
      el("span", { class: "unseen" }, `${verdict(q)}: `),
      el("span", { class: "asked", lang: q.language === "zh" ? "zh" : null }, q.question),
      el("span", { class: "byline" },
        el("span", { class: "id" }, q.id), ` · ${byline.filter(Boolean).join(" · ")}`)),
    el("span", { class: "badges" },
      el("span", { class: `badge ${q.status}` }, q.status),
      q.failures.filter((name) => name !== q.status).map((name) =>
        el("span", { class: "badge failure" }, failures[name]))));
  const details = el("details", { class: "question", "data-key": q.key }, summary);
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) details.append(body(q));
    if (details.open) state.question = q.key;
    else if (state.question === q.key) state.question = "";
    write();
  });
  return el("li", {}, details);
}

// Opens the question that the address names, however far down it stands.
function openNamed() {
  const place = found.findIndex((q) => q.key === state.question);
  if (place < 0) return;
  while (rendered <= place) more();
  const details = byId("list").children[place].firstElementChild;
  details.open = true;
  details.scrollIntoView({ block: "start" });
  details.firstElementChild.focus({ preventScroll: true });
}

// ---- start ----

function start() {
  state = read();
  // A question that the filters of the same link would hide is worth more than the filters.
  if (state.question && keys.has(state.question)) {
    render();
    if (!found.some((q) => q.key === state.question)) {
      state = { ...read(), ...Object.fromEntries(CHOICES.map(([name]) => [name, ""])),
        q: "", fail: new Set() };
      render();
    }
    openNamed();
  } else render();
}

choices();
byId("filters").hidden = false;
byId("filters").addEventListener("submit", (event) => event.preventDefault());
byId("filters").addEventListener("reset", (event) => {
  event.preventDefault();
  apply({ ...Object.fromEntries(CHOICES.map(([name]) => [name, ""])), q: "", fail: new Set() });
  byId("search").focus();
});
byId("search").addEventListener("input", (event) => apply({ q: event.target.value }));
byId("more").addEventListener("click", () => {
  const first = rendered;
  more();
  byId("list").children[first]?.querySelector("summary")?.focus();
});
window.addEventListener("hashchange", () => {
  // "#questions" is a place on the page, not a state.
  if (location.hash && !location.hash.includes("=")) write();
  else start();
});
start();
