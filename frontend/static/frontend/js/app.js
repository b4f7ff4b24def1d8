// All custom elements; each does nothing on pages that do not use it.
import "./theme-toggle.js";
import "./login-link.js";
import "./copy-button.js";
import "./front-plot.js";
import "./curve-plot.js";
import "./trial-links.js";
import "./file-drop.js";
import "./fitting-choices.js";
