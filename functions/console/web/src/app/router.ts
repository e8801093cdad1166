// The current address, and moving to another.

import { useEffect, useState } from "preact/hooks";
import { format, parse, type Address } from "../core/address";

export function useAddress(): Address {
  const [address, setAddress] = useState(() => parse(location.hash));
  useEffect(() => {
    const look = (): void => setAddress(parse(location.hash));
    window.addEventListener("hashchange", look);
    window.addEventListener("popstate", look);
    return () => {
      window.removeEventListener("hashchange", look);
      window.removeEventListener("popstate", look);
    };
  }, []);
  return address;
}

/** Goes to a view; back returns from it. */
export function go(path: string, query: Record<string, string | undefined> = {}): void {
  location.hash = format(path, query);
}

/** Changes the address in place: for filters, which back should not step through. */
export function replace(path: string, query: Record<string, string | undefined> = {}): void {
  history.replaceState(null, "", location.pathname + location.search + format(path, query));
  window.dispatchEvent(new PopStateEvent("popstate"));
}
