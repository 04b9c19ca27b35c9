// What the page does in the browser: sources, quotes in tips, conversations kept in localStorage.
// Python renders everything that comes from questions, answers or documents, and escapes it;
// what is put on the page here is put there as text.
(() => {
  "use strict";
  const PREFIX = "report-assistant:";
  const get = (key) => { try { return localStorage.getItem(PREFIX + key) || ""; } catch { return ""; } };
  const set = (key, value) => {
    try { localStorage.setItem(PREFIX + key, value); return true; } catch { return false; }
  };
  const drop = (key) => { try { localStorage.removeItem(PREFIX + key); } catch { /* nothing kept */ } };
  const parse = (text, otherwise) => { try { return JSON.parse(text) ?? otherwise; } catch { return otherwise; } };
  const words = () => parse(document.getElementById("page-words")?.dataset.words || "{}", {});
  // The chat keeps classes of what it is given, and no data attributes: "turn-3", "act-copy".
  const fact = (element, name) => element.dataset[name] ??
    [...element.classList].find((word) => word.startsWith(`${name}-`))?.slice(name.length + 1) ?? "";
  const press = (id) => document.getElementById(id)?.click();
  const index = () => parse(get("index"), []);

  // The event that is under way: which turn is asked anew, what was clicked.
  let turn = "", given = "", asked = "";

  const ra = window.ra = {
    // [record, language, settings] of the last visit.
    start() {
      applyTheme();
      return [get(`c:${get("open")}`), get("language"), get("settings")];
    },
    ask(question, _turn, ...rest) {
      const anew = turn;
      turn = "";
      asked = JSON.stringify([question, anew]);
      return [question, anew, ...rest];
    },
    suggested(_question, _turn, ...rest) { return ra.ask(given, "", ...rest); },
    again(_question, _turn, ...rest) { turn = given; return ra.ask("", "", ...rest); },
    given(_given, ...rest) { return [given, ...rest]; },
    stopped(_asked, ...rest) { return [asked, ...rest]; },
    keep(record) {
      const conversation = parse(record, null);
      if (!conversation?.id || !conversation.exchanges?.length) { list(); return; }
      const { id, name, created } = conversation;
      if (!set(`c:${id}`, record)) { tell(words().full); return; }
      const others = index().filter((other) => other.id !== id);
      set("index", JSON.stringify([{ id, name, created }, ...others]));
      set("open", id);
      list();
    },
    forget(_given, ui) { drop("open"); list(); return ["", ui]; },
    language(chosen) { set("language", chosen); list(); },
    settings(...values) { set("settings", JSON.stringify(values)); },
    theme() {
      set("theme", document.body.classList.contains("dark") ? "light" : "dark");
      applyTheme();
    },
    download(file) {
      const { name, type, text } = parse(file, {});
      if (!name) return;
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text], { type }));
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    },
    reading() {
      document.body.classList.add("reading");
      // Gradio has put the document there by the next frame.
      setTimeout(() => {
        const place = document.querySelector("#reader [id$='target']");
        (place || document.getElementById("reader")).scrollIntoView({ block: "center" });
        document.querySelector("#reader button")?.focus({ preventScroll: true });
      }, 50);
    },
  };

  function applyTheme() {
    const theme = get("theme");
    if (theme) document.body.classList.toggle("dark", theme === "dark");
  }

  function tell(text) {
    const note = document.getElementById("page-note");
    if (note) note.textContent = text || "";
  }

  // A login that ended while the page was open: without a new one, nothing works.
  const fetched = window.fetch;
  window.fetch = async (...request) => {
    const reply = await fetched(...request);
    if (reply.status === 401) location.assign("/login?next=/");
    return reply;
  };

  // ---- sources and quotes ----

  const sourceOf = (link) => document.getElementById(link.hash.slice(1));

  function openSource(link) {
    const source = sourceOf(link);
    if (!source) return;
    document.body.classList.remove("reading");
    for (const part of document.querySelectorAll("#sources section"))
      part.hidden = !part.contains(source);
    for (const other of document.querySelectorAll(".source.chosen"))
      other.classList.remove("chosen");
    source.classList.add("chosen");
    source.open = true;
    (source.querySelector("mark") || source).scrollIntoView({ block: "center" });
    source.querySelector("summary").focus({ preventScroll: true });
  }

  function showTip(link) {
    const source = sourceOf(link);
    if (!source) return;
    hideTip();
    const tip = document.createElement("div");
    tip.id = "quote-tip";
    tip.setAttribute("role", "tooltip");
    const quotes = [...source.querySelectorAll("mark")].map((mark) => mark.textContent);
    tip.textContent = `“${quotes.join(" … ")}” — ${source.querySelector("summary b").textContent}`;
    document.body.append(tip);
    link.setAttribute("aria-describedby", "quote-tip");
    const at = link.getBoundingClientRect(), size = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(at.left, innerWidth - size.width - 8))}px`;
    tip.style.top = `${at.top > size.height + 12 ? at.top - size.height - 6 : at.bottom + 6}px`;
  }

  function hideTip() { document.getElementById("quote-tip")?.remove(); }

  for (const [on, off] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
    document.addEventListener(on, (event) => {
      const link = event.target.closest?.("a.marker");
      if (link) showTip(link);
    });
    document.addEventListener(off, hideTip);
  }
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });

  // ---- what is clicked ----

  function copy(text) {
    navigator.clipboard?.writeText(text).then(() => tell(words().copied), () => tell(""));
  }

  function copyReply(reply) {
    const said = [...reply.querySelectorAll(".said")].map((part) => part.innerText.trim());
    const cited = [...new Set([...reply.querySelectorAll("a.marker")].map((link) => link.hash))]
      .map((hash) => document.getElementById(hash.slice(1))).filter(Boolean)
      .map((source) => {
        const quotes = [...source.querySelectorAll("mark")].map((mark) => `“${mark.textContent}”`);
        const [number, title, about] = source.querySelector("summary").children;
        return `${number.textContent} ${title.textContent}. ${about.textContent}: ${quotes.join(" … ")}`;
      });
    copy([...said, ...cited].join("\n\n"));
  }

  function edit(button) {
    const box = document.querySelector("#box textarea");
    turn = fact(button, "turn");
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value")
      .set.call(box, button.closest(".asked").querySelector(".words").innerText);
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.focus();
  }

  const acts = {
    copy: (button) => copyReply(button.closest(".reply")),
    edit,
    again: (button) => { given = fact(button, "turn"); press("do-again"); },
    suggest: (button) => { given = button.textContent; press("do-suggest"); },
    read: (button) => { given = button.dataset.read; press("do-read"); },
    address: (button) => copy(new URL(button.dataset.address, location.href).href),
    back: () => document.body.classList.remove("reading"),
    feedback: (button) => {
      for (const other of button.parentElement.querySelectorAll(".act-feedback"))
        other.setAttribute("aria-pressed", other === button);
      given = JSON.stringify([fact(button, "turn"), fact(button, "verdict")]);
      press("do-feedback");
    },
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.marker");
    if (link) { event.preventDefault(); hideTip(); openSource(link); return; }
    const button = event.target.closest?.("button[data-act], .acts button");
    if (button) acts[fact(button, "act")]?.(button);
  }, true);

  // ---- conversations ----

  function list() {
    const place = document.getElementById("conversation-list");
    if (!place) return;
    const say = words(), sought = (document.getElementById("conversation-search")?.value || "").toLowerCase();
    const open = get("open");
    const found = index().filter(({ id, name }) =>
      !sought || name.toLowerCase().includes(sought) || get(`c:${id}`).toLowerCase().includes(sought));
    place.replaceChildren(...found.map(({ id, name }) => {
      const item = document.createElement("li");
      item.classList.toggle("open", id === open);
      item.append(
        button(name, "name", () => show(id), name),
        button("✎", "act rename", () => rename(item, id, name), `${say.rename}: ${name}`),
        button("✕", "act delete", (self) => remove(self, id), `${say.delete}: ${name}`));
      return item;
    }));
    const none = document.getElementById("conversation-none");
    if (none) none.hidden = found.length > 0;
  }

  function button(text, classes, act, label) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = classes;
    made.textContent = text;
    made.title = label;
    made.setAttribute("aria-label", label);
    made.addEventListener("click", () => act(made));
    return made;
  }

  function show(id) {
    set("open", id);
    given = get(`c:${id}`);
    press("do-open");
    list();
  }

  function rename(item, id, name) {
    const field = document.createElement("input");
    field.value = name;
    field.maxLength = 60;
    field.setAttribute("aria-label", words().rename);
    const done = () => {
      const conversation = parse(get(`c:${id}`), null), chosen = field.value.trim();
      if (conversation && chosen) {
        set(`c:${id}`, JSON.stringify({ ...conversation, name: chosen }));
        set("index", JSON.stringify(index().map((e) => (e.id === id ? { ...e, name: chosen } : e))));
        if (id === get("open")) { show(id); return; }
      }
      list();
    };
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") done();
      if (event.key === "Escape") list();
    });
    item.replaceChildren(field);
    field.focus();
  }

  function remove(self, id) {
    if (!self.classList.contains("sure")) {
      self.classList.add("sure");
      self.textContent = words().really;
      return;
    }
    drop(`c:${id}`);
    set("index", JSON.stringify(index().filter((other) => other.id !== id)));
    if (id === get("open")) { drop("open"); press("do-new"); }
    list();
  }

  document.addEventListener("input", (event) => {
    if (event.target.id === "conversation-search") list();
  });
  // A document that was taken out since has no pages to show.
  document.addEventListener("error", (event) => {
    const figure = event.target.closest?.(".page-picture");
    if (figure) figure.hidden = true;
  }, true);
  // Gradio draws the page after this script has run, and may draw parts of it again.
  new MutationObserver(() => {
    const place = document.getElementById("conversation-list");
    if (place && !place.dataset.drawn) { place.dataset.drawn = "yes"; list(); }
    // Gradio names messages by their markup.
    for (const said of document.querySelectorAll('#chat [aria-label*="<"]'))
      said.setAttribute("aria-label", said.querySelector(".reply") ? words().answer : words().asked);
    const language = document.getElementById("page-words")?.dataset.language;
    if (language && document.documentElement.lang !== language)
      document.documentElement.lang = language;
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
