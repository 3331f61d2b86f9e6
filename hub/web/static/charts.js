// Charts by uPlot: series as JSON beside the canvas, and the same numbers in a table below for whoever cannot see it.
const library = new URL("./vendor/uplot.js", import.meta.url).href;
const sheet = new URL("./vendor/uplot.css", import.meta.url).href;

let loading;

function loaded() {
  loading ??= new Promise((resolve, reject) => {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: sheet });
    const script = Object.assign(document.createElement("script"), { src: library, onload: resolve, onerror: reject });
    document.head.append(link, script);
  });
  return loading;
}

/** A colour of the present theme, as a canvas can read it: a custom property holds two. */
function colour(name) {
  const probe = document.createElement("span");
  probe.className = `ink-${name}`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** Draws the chart of an element: `data-series` is the id of a JSON script {times, series: [{title, tone, values}]}. */
export async function draw(element) {
  await loaded();
  const { times, series } = JSON.parse(document.getElementById(element.dataset.series).textContent);
  let plot;
  const make = () => {
    plot?.destroy();
    const axis = { stroke: colour("quiet"), grid: { stroke: colour("line") }, ticks: { stroke: colour("line") } };
    plot = new uPlot(
      {
        width: element.clientWidth,
        height: 190,
        cursor: { drag: { x: false, y: false } },
        axes: [axis, { ...axis, size: 60 }],
        series: [{}, ...series.map(({ title, tone, dash }) => ({ label: title, stroke: colour(tone), width: 2, dash }))],
      },
      [times, ...series.map(({ values }) => values)],
      element,
    );
  };
  make();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", make);
  new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: 190 })).observe(element);
}
