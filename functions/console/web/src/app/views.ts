// The views of the console. To add one, add a row: see the README beside src.

import type { ComponentType } from "preact";
import type { IconName } from "../ui/icon";
import { ApplicationsView, DecisionsView } from "../views/applications";
import { AuditView } from "../views/audit";
import { ConnectionsView } from "../views/connections";
import { KeysView } from "../views/keys";
import { KeyView } from "../views/key";
import { MembersView } from "../views/members";
import { OrgView } from "../views/org";
import { OrgsView } from "../views/orgs";
import { SessionsView } from "../views/sessions";
import { UsageView } from "../views/usage";
import { WebhookView } from "../views/webhook";
import { WebhooksView } from "../views/webhooks";

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
  /** Who sees it, if not everyone: operators; customers; or all, but of their own organisation only. */
  only?: "operator" | "customer" | "own";
}

export const views: View[] = [
  { path: "/keys", view: KeysView, needs: ["listKeys"], nav: { label: "API keys", icon: "key" } },
  { path: "/keys/:key", view: KeyView, needs: ["getKey"] },
  { path: "/usage", view: UsageView, needs: ["getOrgUsage"], nav: { label: "Usage", icon: "chart" } },
  { path: "/webhooks", view: WebhooksView, needs: ["listWebhooks"], nav: { label: "Webhooks", icon: "hook" }, only: "own" },
  { path: "/webhooks/:webhook", view: WebhookView, needs: ["getWebhook"], only: "own" },
  { path: "/audit", view: AuditView, needs: ["listAudit"], nav: { label: "Audit", icon: "list" } },
  { path: "/members", view: MembersView, needs: ["listMembers"], nav: { label: "Members", icon: "people" } },
  { path: "/organisation", view: OrgView, needs: ["getOrg"], nav: { label: "Organisation", icon: "building" } },
  { path: "/applications", view: ApplicationsView, needs: ["listApplications"], nav: { label: "Applications", icon: "shield" }, only: "customer" },
  { path: "/connections", view: ConnectionsView, needs: ["getConnections"], nav: { label: "Connections", icon: "link" }, only: "own" },
  { path: "/sessions", view: SessionsView, needs: ["getSelf"], nav: { label: "Sessions", icon: "laptop" }, only: "own" },
  { path: "/orgs", view: OrgsView, needs: ["listOrgs"], nav: { label: "Organisations", icon: "building", group: "operator" }, only: "operator" },
  { path: "/decisions", view: DecisionsView, needs: ["decideApplication"], nav: { label: "Applications", icon: "shield", group: "operator" }, only: "operator" },
];
