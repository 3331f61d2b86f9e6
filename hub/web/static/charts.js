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

/** Dashed lines at the moments at which something was changed. */
function lines({ ctx, bbox, valToPos }, marks, ink) {
  ctx.save();
  ctx.strokeStyle = ink;
  ctx.setLineDash([4, 4]);
  for (const mark of marks) {
    const x = valToPos(Date.parse(mark) / 1000, "x", true);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

/** Draws the chart of an element: `data-series` is the id of a JSON script {times, series: [{title, tone, values}], marks: [ISO 8601]}; a mark is a dashed line. */
export async function draw(element) {
  await loaded();
  const { times, series, marks = [] } = JSON.parse(document.getElementById(element.dataset.series).textContent);
  let plot;
  const make = () => {
    plot?.destroy();
    const axis = { stroke: colour("quiet"), grid: { stroke: colour("line") }, ticks: { stroke: colour("line") } };
    plot = new uPlot(
      {
        width: element.clientWidth,
        height: 190,
        cursor: { drag: { x: false, y: false } },
        hooks: { draw: [(it) => lines(it, marks, colour("quiet"))] },
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
