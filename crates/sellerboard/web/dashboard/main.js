import { mount } from "../lib/shell.js";
import { session } from "../lib/session.js";
import { html } from "../lib/ui.js";
import { Dashboard } from "./app.js";

const Shop = () => html`<span class="shop-name" data-testid="tenant">${session.get()?.tenant}</span>`;

mount({ page: "dashboard", content: Dashboard, subtitle: Shop });
