// What all plots share: colours of the page's style sheet for figures that carry none.

const probe = document.createElement("span");
probe.hidden = true;

// Computed through a real element: custom properties may hold light-dark().
export const colour = (name) => {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
};

const axis = (own) => ({
  gridcolor: colour("grid"),
  linecolor: colour("line-strong"),
  tickcolor: colour("line-strong"),
  tickfont: { size: 11.5 },
  showline: false,
  ...own,
  title: { ...own?.title, font: { size: 12, color: colour("muted") }, standoff: 10 },
});

export const layoutOf = (figure) => {
  const layout = {
    ...figure.layout,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 12.5, color: colour("muted") },
    hoverlabel: {
      bgcolor: colour("surface"),
      bordercolor: colour("line-strong"),
      font: { color: colour("text"), size: 12.5 },
      align: "left",
    },
    xaxis: axis(figure.layout.xaxis),
    yaxis: axis(figure.layout.yaxis),
  };
  if (figure.layout.yaxis2) {
    layout.yaxis2 = axis(figure.layout.yaxis2);
    layout.yaxis.title.font.color = colour("accent");
    layout.yaxis2.title.font.color = colour("dominated");
  }
  return layout;
};

export const config = {
  responsive: true,
  displaylogo: false,
  displayModeBar: "hover",
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "toggleSpikelines"],
};

// Fetches a figure; null when nothing has changed since the last time.
export class FigureSource {
  constructor() {
    this.tags = new Map();
  }

  async fetch(url) {
    const headers = this.tags.has(url) ? { "If-None-Match": this.tags.get(url) } : {};
    const response = await fetch(url, { headers, credentials: "same-origin", cache: "no-store" });
    if (response.status === 304) return null;
    if (!response.ok) throw new Error(`${url}: ${response.status}`);
    this.tags.clear();
    if (response.headers.get("ETag")) this.tags.set(url, response.headers.get("ETag"));
    return response.json();
  }
}
