// <file-drop>: a file that is dropped anywhere on it lands in its file input.

class FileDrop extends HTMLElement {
  connectedCallback() {
    const input = this.querySelector('input[type="file"]');
    const mark = (event, isOver) => {
      event.preventDefault();
      this.classList.toggle("over", isOver);
    };
    this.addEventListener("dragover", (event) => mark(event, true));
    this.addEventListener("dragleave", (event) => mark(event, false));
    this.addEventListener("drop", (event) => {
      mark(event, false);
      if (event.dataTransfer.files.length) {
        input.files = event.dataTransfer.files;
        input.dispatchEvent(new Event("change", { bubbles: true }));
      }
    });
  }
}
customElements.define("file-drop", FileDrop);
