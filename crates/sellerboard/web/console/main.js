import { mount } from "../lib/shell.js";
import { session } from "../lib/session.js";
import { html } from "../lib/ui.js";
import { Console } from "./app.js";

const Operator = () => html`<span class="operator" data-testid="operator">${session.get()?.email}</span>`;

mount({ page: "console", content: Console, subtitle: Operator });
