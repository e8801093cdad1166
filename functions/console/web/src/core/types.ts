// Objects of the public API, as far as the console uses them.

export interface Window {
  limit: number | null;
  used: number;
  remaining: number | null;
  resets_at: string | null;
}

export interface Usage {
  total: number;
  window: Window;
}

export interface Key {
  id: string;
  name: string;
  prefix: string;
  last_four: string;
  hash: "hmac" | "sha256";
  environment: string;
  scopes: string[];
  plan: string;
  state: "active" | "expired" | "revoked";
  user: string;
  created_by: string | null;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
  metadata: Record<string, unknown>;
  game: string | null;
  rotate_recommended: boolean;
  usage: Usage;
}

export interface Minted extends Key {
  secret: string;
}

export interface Rotated extends Key {
  secret: string;
  previous_expires_at: string | null;
}

export interface Changed {
  effective_by: string | null;
}

export interface Self extends Key {
  org: string;
  role: "operator" | "owner" | "admin" | "member";
  permissions: string[];
  operations: string[];
  token: boolean;
  secret_expires_at: string | null;
  /** Id of the session; null for a key. */
  session?: string | null;
}

export interface Org {
  id: string;
  name: string;
  plan: string;
  created_at: string;
}

export interface Visit {
  org: string;
  visited_at: string;
  ends_at: string;
}

export interface Member {
  user: string;
  email: string;
  role: "owner" | "admin" | "member";
  state: "active" | "suspended";
}

export interface Entry {
  id: string;
  at: string;
  actor: { key: string | null; user: string | null; created_by: string | null; session?: string | null };
  method: string;
  action: string;
  target: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  request_id: string;
}

export interface Application {
  id: string;
  org: string;
  kind: "general" | "game";
  game: string | null;
  reason: string;
  state: "pending" | "approved" | "withdrawn";
  created_at: string;
  created_by: string;
  decided_at: string | null;
}
