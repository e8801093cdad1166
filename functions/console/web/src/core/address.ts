// Addresses of views. They are in the fragment: "#/keys/key_1?tab=usage".

export interface Address {
  path: string;
  query: Record<string, string>;
}

/** Reads a fragment; anything else than "#/…" is the first view. */
export function parse(fragment: string): Address {
  const text = fragment.replace(/^#/, "");
  if (!text.startsWith("/")) return { path: "/", query: {} };
  const [path, query] = text.split("?", 2) as [string, string?];
  return { path, query: Object.fromEntries(new URLSearchParams(query ?? "")) };
}

/** Writes a fragment. Empty parts of the query are left out. */
export function format(path: string, query: Record<string, string | undefined> = {}): string {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) parts.set(name, value);
  const text = parts.toString();
  return `#${path}${text ? `?${text}` : ""}`;
}

/** Matches a path with a pattern such as "/keys/:key"; null if it does not match. */
export function match(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split("/");
  const parts = path.split("/");
  if (wanted.length !== parts.length) return null;
  const found: Record<string, string> = {};
  for (let i = 0; i < wanted.length; i++) {
    const name = wanted[i]!;
    if (!name.startsWith(":")) {
      if (name !== parts[i]) return null;
      continue;
    }
    try {
      found[name.slice(1)] = decodeURIComponent(parts[i]!);
    } catch {
      return null;
    }
    if (found[name.slice(1)] === "") return null;
  }
  return found;
}

/**
 * Splits the path of an organisation that an operator looks into, "/as/org_1/keys", from the
 * view's own. org is "" for the session's own organisation.
 */
export function within(path: string): { org: string; path: string } {
  const found = /^\/as\/([\w-]+)(\/.*)?$/.exec(path);
  return found ? { org: found[1]!, path: found[2] ?? "/" } : { org: "", path };
}

/** The path of a view of an organisation; of the session's own for "". */
export function into(org: string, path: string): string {
  return org ? `/as/${org}${path}` : path;
}

/** The code of a portal link in a fragment, "#/link/CODE"; "" without one. */
export function linkCode(fragment: string): string {
  return /^#\/link\/([^/?#]+)$/.exec(fragment)?.[1] ?? "";
}

export interface Callback {
  code: string;
  state: string;
  /** The provider's code of an error, such as access_denied; "" without one. */
  error: string;
}

/** What an OpenID provider put into the address; null if it is no callback. */
export function callback(search: string): Callback | null {
  const query = new URLSearchParams(search);
  const state = query.get("state");
  if (!state || (!query.has("code") && !query.has("error"))) return null;
  return { code: query.get("code") ?? "", state, error: query.get("error") ?? "" };
}

/** The address of a path below the API's base or beside the page, seen from the page at …/console. */
export function beside(page: string, path: string): string {
  const at = new URL(page);
  const folder = at.pathname.replace(/\/[^/]*\/?$/, "");
  return at.origin + folder + (path.startsWith("/") ? path : `/${path}`);
}
