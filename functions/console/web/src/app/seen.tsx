// An operator looks into an organisation: the same views as its admin has, for what the API
// lets operators name the organisation of. Changes are in that organisation's audit trail.

import type { ComponentChildren, JSX } from "preact";
import { useMemo } from "preact/hooks";
import { forOrg } from "../core/client";
import { Notice } from "../ui/notice";
import { AppContext, useApp, type App } from "./context";
import { useOrg } from "./facts";

/** Gives what it contains the view of an organisation; "" is the session's own. */
export function SeenOrg(props: { org: string; children: ComponentChildren }): JSX.Element {
  const app = useApp();
  const { org } = props;
  const seen = useMemo<App>(() => (org && app.operator ? { ...app, seen: org, self: { ...app.self, org, role: "owner" }, api: forOrg(app.api, org) } : app), [app, org]);
  return <AppContext.Provider value={seen}>{props.children}</AppContext.Provider>;
}

/** Says whose organisation it is, and how to leave it. */
export function SeenNotice(): JSX.Element | null {
  const { seen } = useApp();
  const org = useOrg();
  if (!seen) return null;
  return (
    <Notice kind="warning" title={`You are in ${org?.name ?? seen}, as its admin sees it`}>
      <p>
        What you change here is changed for them, and is in their audit trail as done by you. <a href="#/orgs">Back to organisations</a>
      </p>
    </Notice>
  );
}
