// What every view can use.

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Client } from "../core/client";
import type { Config } from "../core/config";
import type { SessionInfo } from "../core/session";
import type { Self } from "../core/types";
import type { Cache } from "./cache";
import type { Loaded } from "./load";

export interface App {
  config: Config;
  api: Client;
  /** Who is signed in. */
  self: Self;
  /** Whether an operator is signed in. */
  operator: boolean;
  /** Id of the organisation that an operator looks into: self is then an owner of it. */
  seen?: string;
  /** The visit that an operator makes first. Until it is recorded, nothing of the organisation is shown. */
  entering?: Loaded<unknown>;
  session: SessionInfo;
  /** What was read and is used by several views, such as members' addresses. */
  cache: Cache;
  /** Whether the deployment has the operation and the session may call it. */
  can: (operation: string) => boolean;
  /** Reads who is signed in again, such as after a change of the organisation. */
  reload: () => void;
  /** Shows a message for a moment and reads it out. */
  tell: (message: string) => void;
  /** Address of a path of the API, for examples. */
  address: (path: string) => string;
  signOut: () => void;
}

export const AppContext = createContext<App | null>(null);

/** Returns what every view can use. */
export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error("useApp: no session");
  return app;
}
