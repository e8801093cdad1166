// The current address, and moving to another.

import { useEffect, useState } from "preact/hooks";
import { format, into, parse, within, type Address } from "../core/address";

export interface Place extends Address {
  /** The organisation that an operator looks into; "" for the session's own. */
  org: string;
}

function here(): Place {
  const at = parse(location.hash);
  return { ...at, ...within(at.path) };
}

export function useAddress(): Place {
  const [address, setAddress] = useState(here);
  useEffect(() => {
    const look = (): void => setAddress(here());
    window.addEventListener("hashchange", look);
    window.addEventListener("popstate", look);
    look(); // a view within may have changed it already
    return () => {
      window.removeEventListener("hashchange", look);
      window.removeEventListener("popstate", look);
    };
  }, []);
  return address;
}

/** The address of a view for links. It stays in the organisation that is shown. */
export function link(path: string, query: Record<string, string | undefined> = {}): string {
  return format(into(here().org, path), query);
}

/** Goes to a view; back returns from it. */
export function go(path: string, query: Record<string, string | undefined> = {}): void {
  location.hash = link(path, query);
}

/** Changes the address in place: for filters, which back should not step through. */
export function replace(path: string, query: Record<string, string | undefined> = {}): void {
  history.replaceState(null, "", location.pathname + location.search + link(path, query));
  window.dispatchEvent(new PopStateEvent("popstate"));
}
