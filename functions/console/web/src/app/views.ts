// The views of the console. To add one, add a row: see the README beside src.

import type { ComponentType } from "preact";
import type { IconName } from "../ui/icon";
import { KeysView } from "../views/keys";
import { KeyView } from "../views/key";
import { SessionsView } from "../views/sessions";

export interface ViewProps {
  params: Record<string, string>;
  query: Record<string, string>;
}

export interface View {
  /** Pattern of the address, such as "/keys/:key". */
  path: string;
  view: ComponentType<ViewProps>;
  /** Any of these operations is enough to see it. */
  needs: string[];
  /** Its place in the navigation; a view without one is reached from another view. */
  nav?: { label: string; icon: IconName; group?: "operator" };
  /** Whether only operators see it. */
  operator?: boolean;
}

export const views: View[] = [
  { path: "/keys", view: KeysView, needs: ["listKeys"], nav: { label: "API keys", icon: "key" } },
  { path: "/keys/:key", view: KeyView, needs: ["getKey"] },
  { path: "/sessions", view: SessionsView, needs: ["getSelf"], nav: { label: "Sessions", icon: "laptop" } },
];
