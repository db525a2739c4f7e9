// Who is signed in. The token lives in this tab's session storage and nowhere else, and ends with the tab.

import { store } from "./ui.js";

const TOKEN = "sellerboard.token";
/** The longest delay that a browser's timer keeps. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** The session: `{token, tenant, email, scopes, endsAt}`, or null. */
export const session = store(read(sessionStorage.getItem(TOKEN)));

/** Why the last session ended, for the sign-in page: `expired`, `refused`, or null. */
export const endReason = store(null);

let endTimer = null;
watchEnd();

/** Starts a session. Returns what is wrong with the token, or null; whether it is valid is the service's to say. */
export function signIn(token) {
  const next = read(token.trim());
  if (!next) return "This is not a token. It has three parts with dots between.";
  if (next.endsAt <= Date.now()) return "This token has ended. Ask for a new one.";
  sessionStorage.setItem(TOKEN, next.token);
  endReason.set(null);
  session.set(next);
  watchEnd();
  return null;
}

/** Ends the session and forgets its token. */
export function signOut(reason = null) {
  sessionStorage.removeItem(TOKEN);
  clearTimeout(endTimer);
  endReason.set(reason);
  session.set(null);
}

function watchEnd() {
  clearTimeout(endTimer);
  const current = session.get();
  if (!current) return;
  const wait = current.endsAt - Date.now();
  if (wait <= 0) signOut("expired");
  else endTimer = setTimeout(watchEnd, Math.min(wait, TIMER_MS_MAX));
}

/** What a token says of itself, unverified: for display, and to know when it ends. */
function read(token) {
  try {
    const [, payload] = token.split(".");
    const base64 = payload.replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return {
      token,
      tenant: String(claims.tenant_id),
      email: String(claims.email ?? ""),
      scopes: String(claims.scope ?? "").split(" ").filter(Boolean),
      endsAt: Number(claims.exp) * 1000,
    };
  } catch {
    return null;
  }
}
