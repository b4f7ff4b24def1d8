// Limit sliders of a run page: one per objective, over the values that were found.
// The address keeps them as limit.<objective>=<value>.

const STEPS = 200;

export class LimitSliders {
  constructor(box, onChange) {
    this.box = box;
    this.onChange = onChange;
    this.rows = [];
    box.addEventListener("input", (event) => this.onInput(event.target));
  }

  // objectives: [{key, label, direction, min, max, scale, unit, digits}] in the order of the values.
  update(objectives) {
    const wanted = new URL(location).searchParams;
    if (this.rows.length !== objectives.length) this.build(objectives);
    for (const [position, row] of this.rows.entries()) {
      const objective = objectives[position];
      const isSame = row.objective && row.objective.min === objective.min && row.objective.max === objective.max;
      row.objective = objective;
      if (isSame) continue;
      const kept = row.limit ?? (wanted.has(`limit.${objective.key}`) ? Number(wanted.get(`limit.${objective.key}`)) : null);
      this.set(row, kept, kept === null ? this.loose(objective) : this.position(objective, kept));
    }
  }

  build(objectives) {
    this.rows = objectives.map((objective) => {
      const label = document.createElement("label");
      const top = document.createElement("span");
      top.className = "row";
      const name = document.createElement("span");
      name.textContent = objective.label;
      const output = document.createElement("output");
      top.append(name, output);
      const input = document.createElement("input");
      Object.assign(input, { type: "range", min: 0, max: STEPS, step: 1 });
      input.setAttribute("aria-label", `Limit on ${objective.label}`);
      label.append(top, input);
      return { label, input, output, objective: null, limit: null };
    });
    this.box.replaceChildren(...this.rows.map((row) => row.label));
  }

  loose = (objective) => (objective.direction === "max" ? 0 : STEPS);

  position({ min, max }, value) {
    return max > min ? Math.round(((value - min) / (max - min)) * STEPS) : STEPS;
  }

  onInput(input) {
    const row = this.rows.find((candidate) => candidate.input === input);
    if (!row) return;
    const { objective } = row;
    const at = Number(input.value);
    const isLoose = at === this.loose(objective);
    const value = objective.min + (at / STEPS) * (objective.max - objective.min);
    this.set(row, isLoose ? null : Number(value.toPrecision(4)), at);
    const address = new URL(location);
    if (isLoose) address.searchParams.delete(`limit.${objective.key}`);
    else address.searchParams.set(`limit.${objective.key}`, row.limit);
    history.replaceState(null, "", address);
    this.onChange();
  }

  set(row, limit, at) {
    row.limit = limit;
    row.input.value = at;
    const sign = row.objective.direction === "max" ? "≥" : "≤";
    const text = limit === null ? "no limit" : `${sign} ${shown(limit, row.objective)}`;
    row.output.textContent = text;
    row.input.setAttribute("aria-valuetext", text);
  }

  get areSet() {
    return this.rows.some(({ limit }) => limit !== null);
  }

  // values: displayed values of all objectives of one network.
  allow(values) {
    return this.rows.every(({ limit, objective }, position) => {
      if (limit === null) return true;
      const value = values[position];
      return objective.direction === "max" ? value >= limit : value <= limit;
    });
  }
}

const PREFIXES = ["", "k", "M", "G", "T"];

const shown = (value, { unit, isShare, isPlain }) => {
  if (isShare) return `${(100 * value).toFixed(1)} %`;
  if (isPlain) return `${Number(value.toPrecision(4))} ${unit}`.trim();
  if (unit !== "" && unit !== "B") return `${Number(value.toPrecision(3))} ${unit}`;
  let step = 0;
  let scaled = value;
  while (Math.abs(scaled) >= 1000 && step < PREFIXES.length - 1) {
    scaled /= 1000;
    step += 1;
  }
  return `${Number(scaled.toPrecision(3))} ${PREFIXES[step]}${unit}`.trim();
};
