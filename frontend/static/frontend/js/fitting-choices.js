// <fitting-choices>: when another target is chosen, what does not fit it (data-targets) gives way
// to the first choice of its group that does. The page's style hides it.

class FittingChoices extends HTMLElement {
  connectedCallback() {
    const form = this.closest("form");
    // Before htmx, which asks for the preview on the same event, collects the fields.
    form.addEventListener(
      "change",
      (event) => {
        if (event.target.name === "target") this.choose(form, event.target.value);
      },
      true,
    );
  }

  choose(form, target) {
    const inputs = [...form.querySelectorAll("[data-targets] input")];
    for (const name of new Set(inputs.map((input) => input.name))) {
      const fitting = inputs.filter((input) => input.name === name && this.fits(input, target));
      if (fitting.length && !fitting.some((input) => input.checked)) fitting[0].checked = true;
    }
  }

  fits(input, target) {
    return input.closest("[data-targets]").dataset.targets.split(" ").includes(target);
  }
}
customElements.define("fitting-choices", FittingChoices);
