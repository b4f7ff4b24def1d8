// <fitting-choices>: when another target or data set is chosen, what does not fit it gives way to
// the first choice of its group that does. The page's style hides it. data-targets: the targets
// that a choice is for; data-of: the hash of the table of known results that it belongs to.

class FittingChoices extends HTMLElement {
  connectedCallback() {
    const form = this.closest("form");
    // Before htmx, which asks for the preview on the same event, collects the fields.
    form.addEventListener(
      "change",
      (event) => {
        if (["target", "dataset"].includes(event.target.name)) this.choose(form);
      },
      true,
    );
  }

  choose(form) {
    const inputs = [...form.querySelectorAll("[data-targets] input[type=radio]")];
    for (const name of new Set(inputs.map((input) => input.name))) {
      const fitting = inputs.filter((input) => input.name === name && this.fits(input, form));
      if (fitting.length && !fitting.some((input) => input.checked)) fitting[0].checked = true;
    }
  }

  fits(input, form) {
    const { targets, of } = input.closest("[data-targets]").dataset;
    const target = form.querySelector("input[name=target]:checked")?.value;
    const table = form.querySelector("[data-hash]:has(input:checked)")?.dataset.hash;
    return targets.split(" ").includes(target) && (of === undefined || of === table);
  }
}
customElements.define("fitting-choices", FittingChoices);
