// <curve-plot data-url="…">: a line plot that is drawn anew when the run has moved on. Without an
// address it draws the figure that stands in it as JSON.
import { colour, config, FigureSource, layoutOf } from "./plotting.js";

const COLOURS = {
  "series-1": "accent",
  "series-2": "dominated",
  "series-front": "front",
  "series-other": "infeasible",
};

// Roles such as run-3 are names of the style sheet themselves.
const line = (trace) => {
  const own = colour(COLOURS[trace.meta.role] ?? trace.meta.role);
  return {
    ...trace,
    line: { width: 2, ...trace.line, color: own },
    marker: { ...trace.marker, color: own },
  };
};

// From near the page's own ground to its accent, so that it is readable in light and dark; what is
// not there is the ground itself.
const heat = (trace) => ({
  ...trace,
  colorscale: [[0, colour("grid")], [1, colour("accent")]],
  colorbar: { ...trace.colorbar, tickfont: { color: colour("muted"), size: 11 } },
});

class CurvePlot extends HTMLElement {
  connectedCallback() {
    if (!window.Plotly) return;
    this.source = new FigureSource();
    this.box = this.querySelector(".plot");
    this.redraw = () => this.figure && this.draw();
    this.refresh = () => this.load().catch(() => {});
    document.addEventListener("theme-changed", this.redraw);
    document.body.addEventListener("run-moved", this.refresh);
    this.refresh();
  }

  disconnectedCallback() {
    document.removeEventListener("theme-changed", this.redraw);
    document.body.removeEventListener("run-moved", this.refresh);
  }

  async load() {
    const own = this.querySelector("script[type='application/json']");
    const figure = own ? JSON.parse(own.textContent) : await this.source.fetch(this.dataset.url);
    if (figure) {
      this.figure = figure;
      this.draw();
    }
  }

  draw() {
    const wait = this.box.querySelector(".plot-wait");
    const isEmpty = this.figure.data.every((trace) => trace.x.length === 0);
    if (wait) wait.hidden = !isEmpty;
    if (isEmpty) return;
    const data = this.figure.data.map((trace) => (trace.meta.role === "heat" ? heat(trace) : line(trace)));
    Plotly.react(this.box, data, layoutOf(this.figure), config);
  }
}
customElements.define("curve-plot", CurvePlot);
