// What a caller may do with members. The service decides; this only hides what it refuses.

import type { Role } from "./scopes";
import type { Member } from "./types";

/** Whether the role may change, suspend or remove the member: only owners act on owners. */
export function mayActOn(role: Role, member: Member): boolean {
  return role !== "member" && (role !== "admin" || member.role !== "owner");
}

/** The roles that the caller may give. */
export function givenRoles(role: Role, roles: string[]): string[] {
  return role === "admin" ? roles.filter((one) => one !== "owner") : roles;
}

/** Whether no other active owner is left if the member is suspended, removed or given another role. */
export function isLastOwner(member: Member, members: Member[]): boolean {
  const owns = (one: Member): boolean => one.role === "owner" && one.state === "active";
  return owns(member) && !members.some((one) => one.user !== member.user && owns(one));
}

export const roleWords: Record<string, string> = {
  owner: "Manages keys, members and the organisation. Only owners add or change owners.",
  admin: "Manages keys, members and the organisation, but not owners.",
  member: "Has keys of their own, which only read data.",
};

/** A link that signs a member in once. */
export interface PortalLink {
  url: string;
  expires_at: string;
}

/** A member's account on another platform. */
export interface Account {
  platform: string;
  id: string;
  name: string;
}

/** The platforms of a contract, from the permissions to read accounts: "connections.github:read". */
export function platformsOf(permissions: string[]): string[] {
  return permissions.flatMap((one) => /^connections\.(\w+):read$/.exec(one)?.[1] ?? []);
}
