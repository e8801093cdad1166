// The frame around every view: the navigation, who is signed in, and the view itself.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { match } from "../core/address";
import { Badge } from "../ui/show";
import { Icon } from "../ui/icon";
import { Notice } from "../ui/notice";
import { PageView } from "../ui/page";
import { Empty, Forbidden } from "../ui/states";
import { useApp, type App } from "./context";
import { useOrg } from "./facts";
import { focusHeading, focusIfLost } from "./focus";
import { useOnline } from "./online";
import { link, replace, useAddress, type Place } from "./router";
import { Entering, SeenNotice, SeenOrg } from "./seen";
import { views, type View } from "./views";

function visible(app: App, view: View): boolean {
  const whose = { operator: app.operator, customer: !app.operator, own: !app.seen && !app.entering, any: true }[view.only ?? "any"];
  return whose && view.needs.some(app.can);
}

export function Layout(): JSX.Element {
  const address = useAddress();
  return (
    <SeenOrg org={address.org}>
      <Frame key={address.org} address={address} />
    </SeenOrg>
  );
}

function Frame({ address }: { address: Place }): JSX.Element {
  const app = useApp();
  const [open, setOpen] = useState(false);
  const online = useOnline();
  const shown = views.filter((view) => view.nav && visible(app, view));
  const first = shown[0]?.path ?? "/sessions";
  useEffect(() => {
    if (address.path === "/") replace(first);
    setOpen(false);
  }, [address.path]);
  useFocusOnView(address.path);
  return (
    <div class="frame">
      <a class="skip" href="#main" onClick={skip}>
        Skip to the content
      </a>
      <header class="top">
        <button type="button" class="button quiet square menu-button" aria-label="Navigation" aria-expanded={open} aria-controls="navigation" onClick={() => setOpen(!open)}>
          <Icon name={open ? "close" : "menu"} />
        </button>
        <a class="brand" href={link(first)}>
          {app.config.product}
        </a>
        {app.config.environment ? <Badge>{app.config.environment}</Badge> : null}
        <Who />
      </header>
      <nav id="navigation" class={open ? "side open" : "side"} aria-label="Views">
        <NavList views={shown.filter((view) => view.nav?.group !== "operator")} path={address.path} />
        <NavList views={shown.filter((view) => view.nav?.group === "operator")} path={address.path} title="Operator" />
        <ul class="side-end">
          <li>
            <a href="api-docs">
              <Icon name="code" /> API reference
            </a>
          </li>
        </ul>
      </nav>
      <main id="main" tabIndex={-1}>
        {online ? null : (
          <Notice kind="warning" live title="You are offline">
            <p>What you see may be old. Nothing that you typed is lost.</p>
          </Notice>
        )}
        <SeenNotice />
        <Current address={address} />
      </main>
    </div>
  );
}

function skip(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function NavList(props: { views: View[]; path: string; title?: string }): JSX.Element | null {
  if (props.views.length === 0) return null;
  return (
    <>
      {props.title ? <p class="side-title">{props.title}</p> : null}
      <ul>
        {props.views.map((view) => (
          <li key={view.path}>
            <a href={props.title ? `#${view.path}` : link(view.path)} aria-current={props.path === view.path ? "page" : props.path.startsWith(`${view.path}/`) ? "true" : undefined}>
              <Icon name={view.nav!.icon} /> {view.nav!.label}
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}

function Who(): JSX.Element {
  const app = useApp();
  const org = useOrg();
  return (
    <div class="who">
      <div class="who-text">
        <span class="who-name">{app.self.name}</span>
        <span class="muted small">
          {org ? `${org.name} · ` : ""}
          {app.operator ? "operator" : app.self.role}
        </span>
      </div>
      <button type="button" class="button plain" onClick={app.signOut}>
        <Icon name="out" />
        <span>Sign out</span>
      </button>
    </div>
  );
}

function Current(props: { address: Place }): JSX.Element {
  const app = useApp();
  const { path, query, org } = props.address;
  if (app.entering) return <Entering />;
  if (org && !app.seen) {
    return (
      <PageView title="Not allowed">
        <Forbidden />
      </PageView>
    );
  }
  for (const view of views) {
    const params = match(view.path, path);
    if (!params) continue;
    if (!visible(app, view)) {
      return (
        <PageView title="Not allowed">
          <Forbidden />
        </PageView>
      );
    }
    const Shown = view.view;
    return <Shown key={`${view.path} ${JSON.stringify(params)}`} params={params} query={query} />;
  }
  return (
    <PageView title="Not found">
      <Empty title="There is no such view" icon="search">
        <p>The address may be misspelt, or from another release.</p>
      </Empty>
    </PageView>
  );
}

// A new view begins at its heading, for readers and for the keyboard. So does the first one
// after signing in, when the form that had the focus is gone.
function useFocusOnView(path: string): void {
  const before = useRef("");
  useEffect(() => {
    const first = before.current === "" || before.current === "/";
    before.current = path;
    if (!first) window.scrollTo(0, 0);
    requestAnimationFrame(first ? focusIfLost : focusHeading);
  }, [path]);
}
