// What many views need to know: the organisation and its members. Each is read once.

import { useEffect, useState } from "preact/hooks";
import type { Application, Member, Org } from "../core/types";
import { useApp } from "./context";

/** The organisation of the session; null until it is read, or if the session may not. */
export function useOrg(): Org | null {
  const { api, cache, can, self } = useApp();
  return useKept<Org | null>(null, () => (can("getOrg") ? cache.get(`org ${self.org}`, () => api.call<Org>("getOrg", { params: { org: self.org } })) : null));
}

/** The members of the session's organisation; empty if the session may not read them. */
export function useMembers(): Member[] {
  const { api, cache, can, self } = useApp();
  return useKept<Member[]>([], () => (can("listMembers") ? cache.get(`members ${self.org}`, () => api.all<Member>("listMembers", { params: { org: self.org } })) : null));
}

/** The organisation's applications for approval; empty where the contract has none. */
export function useApplications(): Application[] {
  const { api, cache, can, self } = useApp();
  return useKept<Application[]>([], () => (can("listApplications") ? cache.get(`applications ${self.org}`, () => api.all<Application>("listApplications")) : null));
}

/** Returns a function that names a user: by address where it may be read, else by id. */
export function useUserName(): (user: string | null) => string {
  const { self } = useApp();
  const members = useMembers();
  return (user) => {
    if (!user) return "–";
    const found = members.find((one) => one.user === user);
    if (found) return found.email;
    return user === self.user ? "You" : user;
  };
}

function useKept<T>(start: T, read: () => Promise<T> | null): T {
  const { self } = useApp();
  const [value, setValue] = useState(start);
  useEffect(() => {
    let alive = true;
    read()?.then(
      (found) => alive && setValue(found),
      () => {}, // a view that needs it says so itself
    );
    return () => void (alive = false);
  }, [self]);
  return value;
}
