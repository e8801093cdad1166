// An operator looks into an organisation: the same views as its admin has, for what the API
// lets operators name the organisation of. The visit is recorded in that organisation's audit
// trail before anything of it is shown. So is each change.

import type { ComponentChildren, JSX } from "preact";
import { useMemo } from "preact/hooks";
import { forOrg } from "../core/client";
import { newOnce } from "../core/once";
import type { Visit } from "../core/types";
import { Notice } from "../ui/notice";
import { PageView } from "../ui/page";
import { LoadedView } from "../ui/states";
import { AppContext, useApp, type App } from "./context";
import { useOrg } from "./facts";
import { useLoad } from "./load";

/** Gives what it contains the view of an organisation; "" is the session's own. */
export function SeenOrg(props: { org: string; children: ComponentChildren }): JSX.Element {
  const app = useApp();
  const { org, children } = props;
  if (!org || !app.operator) return <>{children}</>;
  return (
    <Visited key={org} org={org}>
      {children}
    </Visited>
  );
}

// Another session, after signing in again, makes a visit of its own.
function Visited(props: { org: string; children: ComponentChildren }): JSX.Element {
  const app = useApp();
  const { org } = props;
  const { data, error, busy, reload } = useLoad((signal) => app.api.call<Visit>("visitOrg", { params: { org }, once: newOnce(), signal }), [app.self.id]);
  const recorded = data !== null && error === null;
  const seen = useMemo<App>(() => {
    if (!recorded) return { ...app, entering: { data: null, error, busy, reload } };
    return { ...app, seen: org, self: { ...app.self, org, role: "owner" }, api: forOrg(app.api, org) };
  }, [app, org, recorded, recorded ? null : error, recorded || busy]);
  return (
    <AppContext.Provider key={recorded ? "in" : "entering"} value={seen}>
      {props.children}
    </AppContext.Provider>
  );
}

/** The place of each view of an organisation until the visit is recorded, or why it is not. */
export function Entering(): JSX.Element | null {
  const { entering } = useApp();
  if (!entering) return null;
  return (
    <PageView title="Organisation" back={{ href: "#/orgs", label: "Organisations" }}>
      <LoadedView of={entering} what="the organisation">
        {() => null}
      </LoadedView>
    </PageView>
  );
}

/** Says whose organisation it is, what is recorded, and how to leave it. */
export function SeenNotice(): JSX.Element | null {
  const { seen } = useApp();
  const org = useOrg();
  if (!seen) return null;
  return (
    <Notice kind="warning" title={`You are in ${org?.name ?? seen}, as its admin sees it`}>
      <p>
        Your visit is recorded in their audit trail. What you change here is changed for them, and is recorded there as done by you. <a href="#/orgs">Back to organisations</a>
      </p>
    </Notice>
  );
}
