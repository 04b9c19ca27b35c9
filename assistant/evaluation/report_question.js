// One question of the run, unpacked and rendered when it is opened. What a run holds reaches the
// page only as text nodes and as values of harmless attributes, never as markup.
// report.py joins this file and report_list.js to one module.
const HAN = /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]/g;
const byId = (id) => document.getElementById(id);
const { questions, texts, failures, scores, labels } = await unpacked(byId("data").textContent);
const partners = pairs();

// ---- small parts ----

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child != null && child !== ""));
  return node;
}

function button(label, attributes, onClick) {
  const node = el("button", { type: "button", ...attributes }, label);
  node.addEventListener("click", onClick);
  return node;
}

// "zh" when the text has more Chinese characters than Latin words, as the assistant decides.
function langOf(text) {
  const han = (text.match(HAN) || []).length;
  return han > (text.match(/[A-Za-z\u00c0-\u024f]+/g) || []).length ? "zh" : null;
}

function said(tag, attributes, text) {
  return el(tag, { ...attributes, lang: langOf(text) }, text);
}

function verdict(q) {
  return q.right === null ? "not judged" : q.right ? "right" : "wrong";
}

// Offsets count code points, as Python does; only astral characters make a difference.
function slicer(text) {
  if (!/[\ud800-\udfff]/.test(text)) return [text.length, (a, b) => text.slice(a, b)];
  const points = Array.from(text);
  return [points.length, (a, b) => points.slice(a, b).join("")];
}

// The text, which starts at `start` of its source, with quotes and gold evidence marked.
function passage(text, start, quotes, gold) {
  const [length, slice] = slicer(text);
  const clip = (offset) => Math.min(Math.max(offset - start, 0), length);
  const spans = [[quotes, "quote"], [gold, "gold"]].flatMap(([list, kind]) =>
    list.map((span) => ({ kind, from: clip(span.start), to: clip(span.end) })));
  const edges = [...new Set([0, length, ...spans.flatMap((s) => [s.from, s.to])])];
  edges.sort((a, b) => a - b);
  const parts = edges.slice(1).map((to, i) => {
    const kinds = new Set(
      spans.filter((s) => s.from <= edges[i] && to <= s.to).map((s) => s.kind));
    const words = slice(edges[i], to);
    const inner = kinds.has("gold") ? el("span", { class: "gold-words" }, words) : words;
    return kinds.has("quote") ? el("mark", {}, inner) : inner;
  });
  return el("blockquote", { class: "passage", lang: langOf(text) }, parts);
}

function pairs() {
  const found = new Map();
  for (const q of questions) {
    if (!q.pair) continue;
    const name = `${q.set}/${q.pair}`;
    found.set(name, [...(found.get(name) || []), q]);
  }
  return found;
}

// ---- one question, opened ----

function body(q) {
  return el("div", { class: "body" },
    el("section", {}, history_(q), answer(q), citations(q), hits(q)),
    el("section", {}, expected(q), marks(q)),
    el("p", { class: "actions wide" }, links(q)));
}

function history_(q) {
  if (!q.history.length) return [];
  const searched = q.answer?.stand_alone && q.answer.stand_alone !== q.question;
  return [
    el("h3", {}, "Asked before"),
    el("ol", { class: "history" }, q.history.map((text) => said("li", {}, text))),
    searched ? said("p", { class: "reason" }, `Understood as: ${q.answer.stand_alone}`) : "",
  ];
}

function answer(q) {
  const nodes = [el("h3", {}, `Answer: ${q.status}`)];
  if (!q.answer) return [...nodes, said("p", { class: "error" }, q.error)];
  const { lead, text, reason, language } = q.answer;
  if (lead) nodes.push(said("p", { class: "lead" }, lead.text));
  const known = new Set(q.answer.citations.map((citation) => citation.number));
  const parts = text.split(/(\[\d+\])/).map((part) => {
    const number = Number(/^\[(\d+)\]$/.exec(part)?.[1]);
    if (!known.has(number)) return part;
    return button(part, { class: "cite", "aria-label": `Citation ${number}` }, (event) =>
      point(event.target.closest(".body"), number));
  });
  nodes.push(el("div", { class: "answer", lang: language === "zh" ? "zh" : null }, parts));
  if (reason) nodes.push(said("p", { class: "reason" }, `Why: ${reason}`));
  return nodes;
}

function point(container, number) {
  for (const node of container.querySelectorAll(".citation")) {
    const chosen = Number(node.dataset.number) === number;
    node.classList.toggle("pointed", chosen);
    if (chosen) node.scrollIntoView({ block: "nearest" });
  }
}

function citationsOf(q) {
  return q.answer ? q.answer.citations : [];
}

function goldIn(q, source) {
  return q.expected.evidence.filter((e) => e.source === source);
}

// The hit that holds all quotes of a citation where they say, best its own passage.
function around(q, citation) {
  const holding = q.answer.hits.filter((hit) => hit.source === citation.source &&
    citation.quotes.every((quote) => hit.start <= quote.start &&
      slicer(texts[hit.text])[1](quote.start - hit.start, quote.end - hit.start) === quote.text));
  return holding.find((hit) => hit.start === citation.passage.start) || holding[0];
}

function overlap(a, b) {
  return a.start < b.end && b.start < a.end;
}

function citations(q) {
  if (!citationsOf(q).length) return [];
  const shown = q.answer.citations.map((c) => {
    const hit = around(q, c);
    const words = hit
      ? [passage(texts[hit.text], hit.start, c.quotes, goldIn(q, c.source))]
      : c.quotes.map((quote) =>
        passage(quote.text, quote.start, [quote], goldIn(q, c.source)));
    return el("div", { class: "citation", "data-number": c.number },
      el("p", { class: "source" }, `[${c.number}] `, said("span", {}, c.title || c.source),
        ` · ${[c.source, c.support].filter(Boolean).join(" · ")}`),
      words,
      c.translations.filter(Boolean).map((text) =>
        el("p", { class: "source" }, "Translated: ", said("span", {}, text))));
  });
  const gold = q.expected.evidence.length
    ? [" and the ", el("span", { class: "gold-words" }, "gold evidence")] : [];
  return [el("h3", {}, "Citations, with their ", el("mark", {}, "quotes"), gold), shown];
}

function expected(q) {
  const { answers = [], answers_all: all = [], evidence, evidence_any: any } = q.expected;
  const list = (texts) =>
    el("ul", { class: "expected" }, texts.map((text) => said("li", {}, text)));
  const nodes = [];
  if (q.answerability !== "answerable") {
    nodes.push(el("h3", {}, "Expected"), el("p", {}, q.answerability === "far"
      ? "No answer: the sources say nothing about it."
      : "No answer: the sources come near, but do not say it."));
  }
  if (all.length) nodes.push(el("h3", {}, "Expected, all of"), list(all));
  nodes.push(...conditions(q));
  if (answers.length) {
    nodes.push(el("h3", {}, answers.length > 1 ? "Expected, any of" : "Expected"), list(answers));
  }
  if (evidence.length) {
    nodes.push(el("h3", {}, any && evidence.length > 1 ? "Evidence, any of" : "Evidence"));
    const once = new Map(evidence.map((gold) => [`${gold.source}\n${gold.text}`, gold]));
    for (const gold of once.values()) {
      nodes.push(said("blockquote", { class: "passage" }, gold.text),
        el("p", { class: "source" }, gold.source));
    }
  }
  return nodes;
}

// What a reply must say, cite and keep to, and which of that it does not.
function conditions(q) {
  const e = q.expected;
  if (!q.unmet) return [];
  const rows = [
    [e.any_k ? `Said, ${e.any_k} of` : "Said, all of", e.all_of.map((group) => group.join(" / "))],
    ["Not said", e.forbid],
    ["Cited, any of", e.cite_any],
    ["Cited, all of", e.cite_all],
    ["Sentences at most", e.max_sentences ? [String(e.max_sentences)] : []],
    ["Language", e.language_of_reply ? [e.language_of_reply] : []],
  ];
  const nodes = rows.filter(([, texts]) => texts.length).flatMap(([title, texts]) => [
    el("h3", {}, title),
    el("ul", { class: "expected" }, texts.map((text) => said("li", {}, text)))]);
  if (q.unmet.length) {
    nodes.push(el("h3", {}, "Not met"), el("p", { class: "error" }, q.unmet.join(", ")));
  }
  return nodes;
}

function marks(q) {
  const cell = (name, value) => {
    if (value == null) return ["undefined", "–"];
    return [value === 0 ? "none" : "", Number.isInteger(value) ? String(value) : value.toFixed(2)];
  };
  const nodes = Object.entries(scores).flatMap(([title, names]) => {
    const defined = names.filter((name) => q.scores[name] != null);
    if (!defined.length) return [];
    return [el("h3", {}, title), el("dl", { class: "scores" }, defined.flatMap((name) => {
      const [kind, text] = cell(name, q.scores[name]);
      return [el("dt", {}, labels[name] || name), el("dd", { class: kind }, text)];
    }))];
  });
  const quotes = q.scores.quotes
    ? [el("p", { class: "source" }, `${q.scores.quotes_valid} of ${q.scores.quotes} quotes valid`)]
    : [];
  const judged = q.scores.judge_reason
    ? [said("p", { class: "source" }, `Judge: ${q.scores.judge_reason}`)] : [];
  return [...nodes, ...quotes, ...judged];
}

function hits(q) {
  const found = q.answer ? q.answer.hits : [];
  if (!found.length) return [];
  const missed = q.failures.includes("not-cited") || q.failures.includes("refused");
  return [el("h3", {}, "Hits"), found.map((hit) => {
    const gold = goldIn(q, hit.source).some((place) => overlap(place, hit));
    const quotes = citationsOf(q)
      .filter((c) => c.source === hit.source).flatMap((c) => c.quotes)
      .filter((quote) => overlap(quote, hit));
    return el("details", { class: "hit", open: gold && missed },
      el("summary", {}, el("b", {}, String(hit.rank)), el("span", {}, hit.source),
        el("span", { class: "quiet" },
          `${hit.start}–${hit.end} · score ${Number(hit.score ?? 0).toFixed(3)}`),
        gold ? el("span", { class: "badge gold" }, "gold evidence") : "",
        quotes.length ? el("span", { class: "badge" }, "quoted") : ""),
      passage(texts[hit.text], hit.start, quotes, goldIn(q, hit.source)));
  })];
}

function links(q) {
  const link = (text, key) => el("a", { href: `#question=${encodeURIComponent(key)}` }, text);
  const others = (q.pair && partners.get(`${q.set}/${q.pair}`) || []).filter((p) => p !== q);
  return [link("Link to this question", q.key),
    ...others.map((other) =>
      link(other.language === "zh" ? "The same in Chinese" : "The same in English", other.key))];
}
