// What pages do beyond links and forms: times of this computer, live updates that can be paused, keys. All optional.
import { install } from "./vendor/hotkey.js";

const parts = { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" };
const near = new Intl.DateTimeFormat(undefined, parts);
const far = new Intl.DateTimeFormat(undefined, { ...parts, year: "numeric" });

/** A moment in the zone of this computer; the year stands there when it is another one. */
const written = (at) => (at.getFullYear() === new Date().getFullYear() ? near : far).format(at);

const every = (selector) => document.querySelectorAll(selector);
const by = (id) => document.getElementById(id);
const on = document.addEventListener.bind(document);

/** Does to new content what a page needs, at the start and after every swap. */
function prepare() {
  for (const time of every("time[data-local]")) {
    time.textContent = written(new Date(time.dateTime));
    time.removeAttribute("data-local");
  }
  for (const box of every("[name=pick]")) box.checked ||= picked.has(box.value);
  for (const list of every("[data-most]")) while (list.rows.length > list.dataset.most) list.deleteRow(-1);
  for (const block of every("[data-rows]")) block.style.setProperty("--rows", block.dataset.rows);
  for (const element of every("[data-hotkey]")) install(element);
  for (const chart of every("[data-series]:not([data-drawn])")) draw(chart);
  for (const dialog of every("dialog[data-open]:not([open])")) dialog.showModal();
}

const picked = new Set();

/** What is picked stays so when its row is drawn anew, and is counted. */
function pick() {
  for (const box of every("[name=pick]")) picked[box.checked ? "add" : "delete"](box.value);
  for (const told of every("[data-picked]")) told.textContent = `${picked.size} picked:`;
}

on("change", pick);

/** Charts need a library of their own, which only pages with charts load. */
async function draw(chart) {
  chart.dataset.drawn = "";
  (await import("./charts.js")).draw(chart);
}

// -- live

const live = by("live");
const stream = document.querySelector("[hx-sse\\:connect]");
let missed = 0;

const listening = () => sessionStorage.getItem("live") !== "off";

if (live && stream) {
  const show = () => live.setAttribute("aria-pressed", listening());
  live.hidden = false;
  show();
  live.addEventListener("click", () => {
    sessionStorage.setItem("live", listening() ? "off" : "on");
    show();
    if (listening() && missed) location.reload();
  });
  on("htmx:sse:before:message", (event) => {
    if (listening()) return;
    missed += event.detail.message.data.split("<hx-partial").length - 1;
    live.lastChild.data = ` ${missed} new`;
    document.documentElement.dataset.missed = missed;
    event.preventDefault();
  });
  on("htmx:sse:error", () => tell(`Live updates stopped at ${written(new Date())}; trying again.`));
  on("behind", () => {
    if (by("behind")) return;
    const note = document.createElement("p");
    note.id = "behind";
    note.className = "banner";
    note.append("More has changed than is shown here one by one. ", Object.assign(document.createElement("a"), { href: "", textContent: "Show it anew" }));
    by("main").prepend(note);
  });
}

let told = 0;

/** Says something to whoever listens to a page, at most every two seconds. */
function tell(text) {
  const now = Date.now();
  if (now - told < 2000) return;
  told = now;
  by("told").textContent = text;
}

// -- keys

function rows() {
  return [...every("main tbody tr")].filter((row) => row.querySelector("a[href], input"));
}

function go(step) {
  const all = rows();
  const at = all.findIndex((row) => row.classList.contains("at"));
  const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  if (!next) return;
  all[at]?.classList.remove("at");
  next.classList.add("at");
  next.scrollIntoView({ block: "nearest" });
  (next.querySelector("a[href]") ?? next.querySelector("input")).focus({ preventScroll: true });
}

on("keydown", (event) => {
  const typing = event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, dialog");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "j") go(1);
  else if (event.key === "k") go(-1);
  else if (event.key === "x") document.querySelector("tr.at input[type=checkbox]")?.click();
  else if (event.key === "?") by("help").showModal();
  else return;
  event.preventDefault();
});

on("click", (event) => {
  if (event.target.closest("[data-dismiss]")) event.target.closest(".note").remove();
  const all = event.target.closest("input[data-all]");
  if (all) for (const box of every(`input[name="${all.dataset.all}"]`)) box.checked = all.checked;
  if (all) pick();
  const open = event.target.closest("[data-dialog]");
  if (open) by(open.dataset.dialog).showModal();
});

// A form that was sent is not sent again by an impatient second click; coming back to the page frees it.
on("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  setTimeout(() => event.target.querySelectorAll("button").forEach((button) => (button.disabled = true)));
});
addEventListener("pageshow", (event) => event.persisted && location.reload());

if (matchMedia("(max-width: 48rem)").matches) document.querySelector(".side details")?.removeAttribute("open");
on("htmx:after:swap", () => prepare());
prepare();
