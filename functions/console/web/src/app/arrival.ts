// How the page was opened: what signs in leaves the address before anything else sees it.

import { callback, linkCode, type Callback } from "../core/address";
import type { SessionInfo } from "../core/session";

export interface Arrival {
  /** Code of a portal link. */
  link?: string | undefined;
  /** What an OpenID provider sent back. */
  oidc?: Callback | undefined;
  /** The session that the link would replace. */
  instead?: SessionInfo | undefined;
}

/**
 * Takes what signs in out of the address, before anything else sees it: a link's code, or
 * what an OpenID provider sent.
 */
export function arrive(): Arrival {
  const link = linkCode(location.hash);
  const oidc = callback(location.search);
  if (!link && !oidc) return {};
  let to = "";
  try {
    to = oidc ? (sessionStorage.getItem(returnKey) ?? "") : "";
    sessionStorage.removeItem(returnKey);
  } catch {
    // Without storage, the first view is shown.
  }
  history.replaceState(null, "", location.pathname + (to.startsWith("#/") ? to : "#/"));
  return { link: link || undefined, oidc: oidc ?? undefined };
}

const returnKey = "console-return";

/** Remembers the view to show after the way to an OpenID provider and back. */
export function rememberView(): void {
  try {
    sessionStorage.setItem(returnKey, location.hash);
  } catch {
    // Without storage, the first view is shown.
  }
}
