// <front-plot data-url="…">: the scatter of a run's networks.
// Axes come from the form inside and live in the address; limit sliders grey points out at once.
import { colour, config, FigureSource, layoutOf } from "./plotting.js";
import { LimitSliders } from "./limit-sliders.js";
import { pickTrial } from "./trial-links.js";

const LOOKS = {
  front: { size: 9, opacity: 1 },
  dominated: { size: 6.5, opacity: 0.62 },
  infeasible: { size: 6, opacity: 0.6 },
  reduced: { size: 6, opacity: 0.55 },
  fallen: { size: 15, opacity: 1, colour: "text", line: 2.5 },
  full: { size: 10, opacity: 1, colour: "accent", line: 1.5 },
};

class FrontPlot extends HTMLElement {
  connectedCallback() {
    if (!window.Plotly) return;
    this.source = new FigureSource();
    this.box = this.querySelector(".plot");
    this.form = this.querySelector("form");
    this.picked = Number(new URL(location).searchParams.get("trial")) || null;
    this.redraw = () => this.figure && this.draw();
    this.refresh = () => this.load().catch(() => {});
    this.onPicked = (event) => {
      this.picked = event.detail;
      this.redraw();
    };
    this.onTable = () => this.figure && this.limits && this.markRows();
    const sliders = this.querySelector(".limits");
    if (sliders) this.limits = new LimitSliders(sliders, () => this.onLimits());
    this.form?.addEventListener("change", () => this.onAxes());
    document.addEventListener("theme-changed", this.redraw);
    document.body.addEventListener("run-moved", this.refresh);
    document.body.addEventListener("trial-picked", this.onPicked);
    document.body.addEventListener("htmx:afterSwap", this.onTable);
    this.refresh();
  }

  disconnectedCallback() {
    document.removeEventListener("theme-changed", this.redraw);
    document.body.removeEventListener("run-moved", this.refresh);
    document.body.removeEventListener("trial-picked", this.onPicked);
    document.body.removeEventListener("htmx:afterSwap", this.onTable);
  }

  get url() {
    const axes = this.form ? `?${new URLSearchParams(new FormData(this.form))}` : "";
    return this.dataset.url + axes;
  }

  onAxes() {
    const address = new URL(location);
    address.searchParams.delete("log");
    for (const [name, value] of new FormData(this.form)) address.searchParams.set(name, value);
    history.replaceState(null, "", address);
    this.refresh();
  }

  onLimits() {
    this.redraw();
    this.markRows();
    this.countAllowed();
  }

  markRows() {
    const rows = document.querySelectorAll("tr[data-values]");
    for (const row of rows) row.classList.toggle("beyond", !this.limits.allow(JSON.parse(row.dataset.values)));
  }

  countAllowed() {
    const text = this.querySelector(".limits-count");
    const front = this.figure?.data.find((trace) => trace.meta.role === "front");
    if (!text || !front) return;
    const allowed = front.customdata.filter((row) => this.limits.allow(row.slice(1))).length;
    text.textContent = this.limits.areSet
      ? `${allowed} of ${front.customdata.length} networks of the front are within these limits.`
      : "";
  }

  async load() {
    const url = this.url;
    const answer = await this.source.fetch(url);
    if (!answer || url !== this.url) return;
    this.figure = answer.figure;
    this.limits?.update(answer.objectives);
    const note = this.querySelector(".plot-note");
    if (note) note.textContent = answer.note;
    this.draw();
    if (this.limits) this.onLimits();
  }

  draw() {
    const points = this.figure.data.filter((trace) => trace.customdata);
    const isEmpty = points.every((trace) => trace.x.length === 0);
    const wait = this.querySelector(".plot-wait");
    if (wait) wait.hidden = !isEmpty;
    if (isEmpty) return;
    const data = this.figure.data.map((trace) => (trace.customdata ? this.dressed(trace) : this.line(trace)));
    const ring = this.ring(points);
    if (ring) data.push(ring);
    const isNew = !this.box.data;
    Plotly.react(this.box, data, layoutOf(this.figure), config);
    if (isNew) {
      this.box.on("plotly_click", (event) => {
        const point = event.points.find((p) => p.customdata);
        if (point) this.onClick(point.customdata[0]);
      });
    }
    this.dataset.drawn = "true";
  }

  onClick(number) {
    if (!pickTrial(number) && this.dataset.run) location.assign(`${this.dataset.run}?trial=${number}`);
  }

  dressed(trace) {
    const { role } = trace.meta;
    const look = LOOKS[role];
    const own = colour(look.colour ?? role);
    const beyond = colour("beyond");
    const allowed = trace.customdata.map((row) => !this.limits || this.limits.allow(row.slice(1)));
    return {
      ...trace,
      marker: {
        ...trace.marker,
        size: look.size,
        opacity: look.opacity,
        color: allowed.every(Boolean) ? own : allowed.map((isAllowed) => (isAllowed ? own : beyond)),
        line: look.line ? { width: look.line, color: own } : { width: role === "front" ? 1.5 : 0, color: colour("surface") },
      },
    };
  }

  line(trace) {
    return { ...trace, opacity: 0.4, line: { ...trace.line, width: 1.5, color: colour("front") } };
  }

  ring(traces) {
    if (!this.picked) return null;
    for (const trace of traces) {
      const index = trace.customdata.findIndex((row) => row[0] === this.picked);
      if (index >= 0) {
        return {
          type: "scatter", mode: "markers", hoverinfo: "skip",
          x: [trace.x[index]], y: [trace.y[index]],
          marker: { size: 17, color: "rgba(0,0,0,0)", line: { width: 2.5, color: colour("text") } },
        };
      }
    }
    return null;
  }
}
customElements.define("front-plot", FrontPlot);
