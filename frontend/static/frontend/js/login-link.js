// <login-link><form>: goes on by itself once a person really looks at the page.
// A fetched preview runs no script; a page that a browser loads ahead is prerendered or hidden.

class LoginLink extends HTMLElement {
  connectedCallback() {
    const go = () => {
      if (document.prerendering || document.visibilityState !== "visible") return;
      document.removeEventListener("visibilitychange", go);
      document.removeEventListener("prerenderingchange", go);
      this.querySelector("form").requestSubmit();
    };
    document.addEventListener("visibilitychange", go);
    document.addEventListener("prerenderingchange", go);
    go();
  }
}
customElements.define("login-link", LoginLink);
