"use strict";

// The page's text and pictures are already in the document; this makes them searchable and lets them be looked at closely.

(() => {
  const ZH = {
    "Find a name": "查找名字",
    "Names found": "找到的名字",
    "Page before": "上一页",
    "Next page": "下一页",
    "Smaller": "缩小",
    "Larger": "放大",
    "Whole page": "显示整页",
    "Plus and minus zoom, 0 shows the whole page, arrows move it, Page Up and Page Down turn pages.":
      "加号和减号缩放，0 显示整页，方向键移动画面，Page Up 和 Page Down 翻页。",
    "{count} names are here. Type yours.": "这里有 {count} 个名字，输入你的名字。",
    "One name is here. Type yours.": "这里有 1 个名字，输入你的名字。",
    "One name found.": "找到 1 个名字。",
    "{count} names found.": "找到 {count} 个名字。",
    "{count} names found. The first {shown} are listed; type more of the name.":
      "找到 {count} 个名字，只列出前 {shown} 个，请多输入几个字。",
    "No name is written like this. Try a part of it.": "没有这样的名字，试试只输入其中几个字。",
    "This link leads to nobody here.": "这个链接对应的名字不在这里。",
    "{name}: page {page} of {pages}, row {row}, name {place}.": "{name}：第 {page} 页，共 {pages} 页，第 {row} 行，第 {place} 个。",
    "{name}: row {row}, name {place}.": "{name}：第 {row} 行，第 {place} 个。",
    "page {page}, row {row}": "第 {page} 页第 {row} 行",
    "row {row}": "第 {row} 行",
    "Picture of page {page} of {pages}": "第 {page} 页的画面，共 {pages} 页",
    "Picture of the names": "名字的画面",
    "Names on page {page} as text ({count})": "第 {page} 页的名字，文字版（{count} 个）",
    "Names as text ({count})": "名字，文字版（{count} 个）",
  };
  const LISTED = 60;
  const CLOSEST = 8; // px of the reader's screen for one of the picture
  const PIXELS_SHOW_FROM = 3;
  const STEP = 1.4;
  const FLIGHT_MS = 600;
  const TALL_ENOUGH = 34; // px at which a found name is easily read

  const places = JSON.parse(document.getElementById("places").textContent);
  const sections = [...document.querySelectorAll(".page")];
  const pictures = sections.map((section) => section.querySelector("img"));
  const texts = sections.map((section) => section.querySelector(".names").textContent.split("\n"));
  const starts = texts.reduce((sums, some) => [...sums, sums[sums.length - 1] + some.length], [0]);
  const count = starts[starts.length - 1];
  const field = document.getElementById("name");
  const status = document.getElementById("status");
  const results = document.getElementById("results");
  const stage = document.querySelector(".stage");
  const tools = document.querySelector(".tools");
  const ring = document.querySelector(".ring");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const wide = matchMedia("(min-width: 56rem)");

  // ---------------------------------------------------------------- words

  const asked = new URLSearchParams(location.search).get("lang") || parameters().get("lang") || navigator.language || "";
  const chinese = /^zh\b/i.test(asked);
  const numbers = new Intl.NumberFormat(chinese ? "zh-Hans" : "en");

  function say(sentence, values = {}) {
    const words = (chinese && ZH[sentence]) || sentence;
    return words.replace(/\{(\w+)\}/g, (_, key) =>
      typeof values[key] === "number" ? numbers.format(values[key]) : `\u2068${values[key]}\u2069`);
  }

  function translate() {
    document.documentElement.lang = chinese ? "zh-Hans" : "en";
    for (const one of document.querySelectorAll("[data-say]")) one.textContent = say(one.dataset.say);
    for (const one of document.querySelectorAll("[data-label]")) one.setAttribute("aria-label", say(one.dataset.label));
    sections.forEach((section, page) => {
      const sentence = several() ? "Names on page {page} as text ({count})" : "Names as text ({count})";
      section.querySelector("summary").textContent = say(sentence, { page: page + 1, count: texts[page].length });
    });
  }

  function several() {
    return sections.length > 1;
  }

  // ---------------------------------------------------------------- names

  let folded = null;

  function fold(text) {
    return text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ").trim();
  }

  /** What a name is found by: as it is shown and, where that was changed, as its owner wrote it. */
  function foldedNames() {
    if (folded === null) {
      folded = texts.flat().map(fold);
      for (const [index, given] of Object.entries(places.given)) folded[index] += `\n${fold(given)}`;
    }
    return folded;
  }

  function nameAt(index) {
    const page = starts.findIndex((start) => start > index) - 1;
    const place = index - starts[page];
    const { rows, x, w, height } = places.pages[page];
    let row = 0;
    let first = 0;
    while (first + rows[row][1] <= place) first += rows[row++][1];
    return {
      text: texts[page][place], id: places.pages[page].ids[place], page, row: row + 1, place: place - first + 1,
      box: { x: x[place], y: rows[row][0], width: w[place], height },
    };
  }

  /** Indexes of the names that hold this text: the same ones first, then those that begin so. */
  function search(text) {
    const wanted = fold(text);
    const found = [[], [], []];
    if (wanted) {
      foldedNames().forEach((name, index) => {
        const at = name.indexOf(wanted);
        if (at >= 0) found[name === wanted ? 0 : Math.min(at + 1, 2)].push(index);
      });
    }
    return found.flat();
  }

  function indexOfId(id) {
    for (let page = 0; page < sections.length; page += 1) {
      const place = places.pages[page].ids.indexOf(id);
      if (place >= 0) return starts[page] + place;
    }
    return -1;
  }

  // ---------------------------------------------------------------- the picture

  let page = -1;
  let view = { scale: 1, x: 0, y: 0 }; // of the picture, in px of the stage
  let lit = null; // the box of the found name
  let flight = 0;
  let atWhole = true;
  let room = { width: 0, height: 0 };

  function turnTo(number) {
    if (number === page || number < 0 || number >= sections.length) return;
    sections.forEach((section, index) => { section.hidden = index !== number; });
    if (page >= 0) pictures[page].remove();
    page = number;
    lit = null;
    stage.prepend(pictures[page]);
    stage.setAttribute("aria-label",
      say(several() ? "Picture of page {page} of {pages}" : "Picture of the names", { page: page + 1, pages: sections.length }));
    document.getElementById("number").textContent = `${page + 1} / ${sections.length}`;
    document.getElementById("before").disabled = page === 0;
    document.getElementById("after").disabled = page === sections.length - 1;
    show(wholePage());
  }

  function wholePage() {
    const foot = wide.matches ? 0 : tools.offsetHeight + 24; // where little room is, the tools hide nothing
    const scale = Math.min(stage.clientWidth / places.screen[0], (stage.clientHeight - foot) / places.screen[1]);
    const whole = centred(scale, places.screen[0] / 2, places.screen[1] / 2);
    return { ...whole, y: whole.y - foot / 2 };
  }

  /** The view in which a point of the picture is in the middle. */
  function centred(scale, x, y) {
    return { scale, x: stage.clientWidth / 2 - x * scale, y: stage.clientHeight / 2 - y * scale };
  }

  function kept(next) {
    const least = wholePage().scale;
    const scale = Math.min(Math.max(next.scale, least), Math.max(CLOSEST, least * 2));
    if (scale === least) return wholePage();
    const inside = (at, room, length) => Math.min(room / 2, Math.max(room / 2 - length * scale, at));
    return {
      scale,
      x: inside(next.x, stage.clientWidth, places.screen[0]),
      y: inside(next.y, stage.clientHeight, places.screen[1]),
    };
  }

  function show(next) {
    view = kept(next);
    atWhole = view.scale === wholePage().scale;
    const picture = pictures[page];
    picture.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
    picture.classList.toggle("close", view.scale * devicePixelRatio >= PIXELS_SHOW_FROM);
    ring.hidden = lit === null;
    if (lit) {
      const around = Math.max(5, (lit.height * view.scale) / 6);
      ring.style.transform =
        `translate(${view.x + lit.x * view.scale - around}px, ${view.y + lit.y * view.scale - around}px)`;
      ring.style.width = `${lit.width * view.scale + 2 * around}px`;
      ring.style.height = `${lit.height * view.scale + 2 * around}px`;
    }
  }

  /** A look by the reader's own hand: the light on the found name no longer hides the others. */
  function look(next) {
    cancelAnimationFrame(flight);
    ring.classList.add("calm");
    show(next);
  }

  /** Makes it larger, and brings what is at one point of the stage to another. */
  function pull(factor, from, to) {
    const { scale } = kept({ ...view, scale: view.scale * factor });
    const grown = scale / view.scale;
    look({ scale, x: to.x - (from.x - view.x) * grown, y: to.y - (from.y - view.y) * grown });
  }

  function zoom(factor, at = { x: stage.clientWidth / 2, y: stage.clientHeight / 2 }) {
    pull(factor, at, at);
  }

  function move(right, down) {
    look({ ...view, x: view.x + right, y: view.y + down });
  }

  function flyTo(target) {
    cancelAnimationFrame(flight);
    const from = view;
    const to = kept(target);
    if (calm.matches) return show(to);
    const begun = performance.now();
    const middle = { x: stage.clientWidth / 2, y: stage.clientHeight / 2 };
    const step = (now) => {
      const part = Math.min(1, Math.max(0, (now - begun) / FLIGHT_MS));
      const eased = part < 0.5 ? 4 * part ** 3 : 1 - (2 - 2 * part) ** 3 / 2;
      const scale = from.scale * (to.scale / from.scale) ** eased;
      const point = (axis) => {
        const start = (middle[axis] - from[axis]) / from.scale;
        const end = (middle[axis] - to[axis]) / to.scale;
        return middle[axis] - (start + (end - start) * eased) * scale;
      };
      show(part < 1 ? { scale, x: point("x"), y: point("y") } : to);
      if (part < 1) flight = requestAnimationFrame(step);
    };
    flight = requestAnimationFrame(step);
    return undefined;
  }

  /** Turns to a name, lights it up and says where it stands. */
  function goTo(index) {
    const name = nameAt(index);
    turnTo(name.page);
    lit = name.box;
    ring.classList.remove("lit", "calm");
    void ring.offsetWidth; // begins the ring's motion anew
    ring.classList.add("lit");
    const fits = Math.min((stage.clientWidth * 0.8) / lit.width, (stage.clientHeight * 0.5) / lit.height);
    const scale = Math.max(wholePage().scale, Math.min(fits, Math.max(TALL_ENOUGH / lit.height, view.scale)));
    flyTo(centred(scale, lit.x + lit.width / 2, lit.y + lit.height / 2));
    const sentence = several() ? "{name}: page {page} of {pages}, row {row}, name {place}." : "{name}: row {row}, name {place}.";
    status.textContent = say(sentence, { ...where(name), name: name.text, pages: sections.length });
    history.replaceState(null, "", `#id=${encodeURIComponent(name.id)}`);
  }

  function where({ page: number, row, place }) {
    return { page: number + 1, row, place };
  }

  // ---------------------------------------------------------------- the list of results

  let found = [];
  let chosen = -1;

  function list(indexes) {
    found = indexes.slice(0, LISTED);
    chosen = -1;
    results.replaceChildren(...found.map(option));
    open(found.length > 0);
    if (!field.value.trim()) status.textContent = say(count === 1 ? "One name is here. Type yours." : "{count} names are here. Type yours.", { count });
    else if (indexes.length === 0) status.textContent = say("No name is written like this. Try a part of it.");
    else if (indexes.length === 1) status.textContent = say("One name found.");
    else {
      const more = indexes.length > LISTED ? " The first {shown} are listed; type more of the name." : "";
      status.textContent = say(`{count} names found.${more}`, { count: indexes.length, shown: LISTED });
    }
  }

  function option(index, number) {
    const name = nameAt(index);
    const item = document.createElement("li");
    item.id = `found-${number}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    const text = document.createElement("bdi");
    text.textContent = name.text;
    text.translate = false;
    const place = document.createElement("small");
    place.textContent = say(several() ? "page {page}, row {row}" : "row {row}", where(name));
    item.append(text, " ", place);
    return item;
  }

  function open(yes) {
    results.hidden = !yes;
    field.setAttribute("aria-expanded", String(yes));
    if (!yes) field.removeAttribute("aria-activedescendant");
  }

  function choose(number) {
    if (chosen >= 0) results.children[chosen].setAttribute("aria-selected", "false");
    chosen = (number + found.length) % found.length;
    const item = results.children[chosen];
    item.setAttribute("aria-selected", "true");
    item.scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", item.id);
  }

  function take(number) {
    choose(number);
    if (!wide.matches) open(false);
    goTo(found[number]);
  }

  // ---------------------------------------------------------------- hands and keys

  field.addEventListener("input", () => list(search(field.value)));

  field.addEventListener("keydown", (event) => {
    if (event.isComposing || found.length === 0) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (results.hidden) open(true);
      const down = event.key === "ArrowDown";
      choose(chosen < 0 && !down ? found.length - 1 : chosen + (down ? 1 : -1));
    } else if (event.key === "Enter") take(Math.max(chosen, 0));
    else if (event.key === "Escape" && !results.hidden) open(false);
    else return;
    event.preventDefault();
  });

  results.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
  results.addEventListener("click", (event) => {
    const item = event.target.closest("li");
    if (item) take([...results.children].indexOf(item));
  });

  document.addEventListener("pointerdown", (event) => {
    if (!wide.matches && !event.target.closest(".finder")) open(false);
  });

  const MOVES = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

  document.addEventListener("keydown", (event) => {
    if (event.target === field || event.ctrlKey || event.metaKey || event.altKey) return;
    const inStage = stage.contains(event.target);
    if (event.key === "+" || event.key === "=") zoom(STEP);
    else if (event.key === "-") zoom(1 / STEP);
    else if (event.key === "0") look(wholePage());
    else if (event.key === "/") field.focus();
    else if (inStage && event.key === "PageDown") turnTo(page + 1);
    else if (inStage && event.key === "PageUp") turnTo(page - 1);
    else if (inStage && MOVES[event.key]) move(...MOVES[event.key].map((way) => way * 80));
    else return;
    event.preventDefault();
  });

  document.getElementById("before").addEventListener("click", () => turnTo(page - 1));
  document.getElementById("after").addEventListener("click", () => turnTo(page + 1));
  document.getElementById("smaller").addEventListener("click", () => zoom(1 / STEP));
  document.getElementById("larger").addEventListener("click", () => zoom(STEP));
  document.getElementById("whole").addEventListener("click", () => look(wholePage()));

  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    zoom(Math.exp((-event.deltaY * lines) / (event.ctrlKey ? 120 : 400)), onStage(event));
  }, { passive: false });

  function onStage(event) {
    const edge = stage.getBoundingClientRect();
    return { x: event.clientX - edge.left, y: event.clientY - edge.top };
  }

  const fingers = new Map();

  stage.addEventListener("pointerdown", (event) => {
    if (event.target.closest(".tools") || event.button > 0) return;
    stage.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, onStage(event));
    stage.classList.add("held");
  });

  stage.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return undefined;
    const now = onStage(event);
    fingers.set(event.pointerId, now);
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (!other) return void move(now.x - before.x, now.y - before.y);
    const apart = (one) => Math.hypot(one.x - other.x, one.y - other.y) || 1;
    const between = (one) => ({ x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 });
    return void pull(apart(now) / apart(before), between(before), between(now));
  });

  for (const end of ["pointerup", "pointercancel"]) {
    stage.addEventListener(end, (event) => {
      fingers.delete(event.pointerId);
      stage.classList.toggle("held", fingers.size > 0);
    });
  }

  stage.addEventListener("dblclick", (event) => {
    if (!event.target.closest(".tools")) zoom(STEP * STEP, onStage(event));
  });

  /** Once a page's text is opened its names are buttons that lead to their place; there are as many as the page has. */
  sections.forEach((section, number) => {
    section.querySelector("details").addEventListener("toggle", () => {
      if (section.querySelector("ol")) return;
      const ordered = document.createElement("ol");
      ordered.className = "names";
      ordered.append(...texts[number].map(nameButton));
      section.querySelector(".names").replaceWith(ordered);
      ordered.addEventListener("click", (event) => {
        const item = event.target.closest("li");
        if (item) goTo(starts[number] + [...ordered.children].indexOf(item));
      });
    });
  });

  function nameButton(text) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.dir = "auto";
    button.translate = false;
    button.textContent = text;
    item.append(button);
    return item;
  }

  // ---------------------------------------------------------------- links

  function parameters() {
    return new URLSearchParams(location.hash.slice(1).replaceAll("+", "%2B"));
  }

  function follow() {
    const wanted = parameters();
    if (wanted.has("id")) {
      const index = indexOfId(wanted.get("id"));
      if (index >= 0) goTo(index);
      else status.textContent = say("This link leads to nobody here.");
    } else if (wanted.has("n")) {
      field.value = wanted.get("n");
      list(search(field.value));
      if (found.length > 0) take(0);
    }
  }

  /** After the window changed the same part stays in the middle: the found name, the whole page, or what was there. */
  new ResizeObserver(() => {
    if (page < 0) return;
    if (lit) show(centred(view.scale, lit.x + lit.width / 2, lit.y + lit.height / 2));
    else if (atWhole) show(wholePage());
    else show({ ...view, x: view.x + (stage.clientWidth - room.width) / 2, y: view.y + (stage.clientHeight - room.height) / 2 });
    room = { width: stage.clientWidth, height: stage.clientHeight };
  }).observe(stage);

  translate();
  pictures.forEach((picture) => picture.remove());
  document.querySelector(".finder").hidden = false;
  stage.hidden = false;
  document.querySelector(".turn").hidden = !several();
  turnTo(0);
  list([]);
  window.addEventListener("hashchange", follow);
  follow();
})();
