// The console: who is signed in, and which view is shown.

import type { JSX } from "preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { callback, linkCode } from "../core/address";
import type { Client } from "../core/client";
import type { Config } from "../core/config";
import { ApiError } from "../core/errors";
import type { Session } from "../core/session";
import type { Self } from "../core/types";
import { Button } from "../ui/button";
import { Loading } from "../ui/states";
import { Failure } from "../ui/notice";
import { SignInView, type Arrival } from "../views/signin";
import { Cache } from "./cache";
import { AppContext, type App } from "./context";
import { Layout } from "./layout";
import { asApiError } from "./load";
import { onBackOnline } from "./online";
import { otherTabs, tellOtherTabs } from "./tabs";

export interface RootProps {
  config: Config;
  session: Session;
  api: Client;
  address: (path: string) => string;
  /** How the page was opened: by a link or by an OpenID provider, which are no longer in the address. */
  arrival: Arrival;
}

type State = { at: "starting" } | { at: "stuck"; error: ApiError } | { at: "out"; ended: boolean; arrival: Arrival } | { at: "in"; self: Self };

export function Root(props: RootProps): JSX.Element {
  const { config, session, api } = props;
  const [state, setState] = useState<State>({ at: "starting" });
  const [message, setMessage] = useState("");

  const enter = useCallback(async () => {
    try {
      setState({ at: "in", self: await api.call<Self>("getSelf") });
    } catch (error) {
      const problem = asApiError(error);
      setState(problem.kind === "expired" ? { at: "out", ended: true, arrival: {} } : { at: "stuck", error: problem });
    }
  }, [api]);

  const begin = useCallback(async () => {
    setState({ at: "starting" });
    if (props.arrival.oidc) {
      setState({ at: "out", ended: false, arrival: props.arrival });
      return;
    }
    try {
      await session.renew();
    } catch (error) {
      const problem = asApiError(error);
      setState(problem.kind === "expired" ? { at: "out", ended: false, arrival: props.arrival } : { at: "stuck", error: problem });
      return;
    }
    if (props.arrival.link) setState({ at: "out", ended: false, arrival: { ...props.arrival, instead: session.info ?? undefined } });
    else await enter();
  }, [enter, session]);

  const leave = useCallback((ended: boolean) => {
    session.forget();
    setState({ at: "out", ended, arrival: {} });
  }, [session]);

  useEffect(() => {
    void begin();
    session.onEnded = () => leave(true);
    return otherTabs(() => leave(true));
  }, []);
  useRenewal(session, state.at === "in");

  const app = useApplication(props, state, {
    reload: () => void enter(),
    tell: setMessage,
    signOut: () => {
      const ended = session.end();
      tellOtherTabs();
      setState({ at: "out", ended: false, arrival: {} });
      ended.catch(() => setMessage("You are signed out here. The session could not be ended at the service: end it in the list of sessions."));
    },
  });

  return (
    <>
      {state.at === "starting" ? <Loading what={config.product} /> : null}
      {state.at === "stuck" ? <Stuck error={state.error} onRetry={() => void begin()} /> : null}
      {state.at === "out" ? <SignInView config={config} session={session} arrival={state.arrival} ended={state.ended} onIn={() => void enter()} /> : null}
      {app ? (
        <AppContext.Provider value={app}>
          <Layout key={app.self.org + app.self.id} />
        </AppContext.Provider>
      ) : null}
      <Message text={message} onGone={() => setMessage("")} />
    </>
  );
}

function useApplication(props: RootProps, state: State, acts: Pick<App, "reload" | "tell" | "signOut">): App | null {
  const latest = useRef(acts);
  latest.current = acts;
  const self = state.at === "in" ? state.self : null;
  const cache = useMemo(() => new Cache(), [self?.id]);
  return useMemo(() => {
    const info = props.session.info;
    if (!self || !info) return null;
    return {
      config: props.config,
      api: props.api,
      self,
      session: info,
      cache,
      address: props.address,
      can: (operation) => operation in props.config.operations && self.operations.includes(operation),
      reload: () => latest.current.reload(),
      tell: (text) => latest.current.tell(text),
      signOut: () => latest.current.signOut(),
    };
  }, [self, cache]);
}

// Renews the token a while before its end, also when nothing is read. A tab in the background
// sleeps; its token is then renewed before the next request.
function useRenewal(session: Session, active: boolean): void {
  useEffect(() => {
    if (!active) return;
    let timer = 0;
    let failures = 0;
    const next = (): void => {
      timer = window.setTimeout(renew, Math.max(5_000, session.renewIn - 40_000) * 2 ** Math.min(failures, 4));
    };
    const renew = (): void => {
      session.renew().then(
        () => {
          failures = 0;
          next();
        },
        (error: unknown) => {
          failures++;
          if (!(error instanceof ApiError && error.kind === "expired")) next();
        },
      );
    };
    next();
    return () => clearTimeout(timer);
  }, [session, active]);
}

function Stuck(props: { error: ApiError; onRetry: () => void }): JSX.Element {
  useEffect(() => onBackOnline(props.onRetry), []);
  return (
    <main class="alone">
      <h1 tabIndex={-1}>The console cannot start</h1>
      <Failure error={props.error} title={props.error.kind === "offline" ? "No connection" : "Something is wrong"} />
      <div class="actions start">
        <Button kind="primary" icon="refresh" onClick={props.onRetry}>
          Try again
        </Button>
      </div>
    </main>
  );
}

/** A message at the bottom for some seconds, which is read out. */
function Message(props: { text: string; onGone: () => void }): JSX.Element {
  useEffect(() => {
    if (!props.text) return;
    const timer = setTimeout(props.onGone, 6000);
    return () => clearTimeout(timer);
  }, [props.text]);
  return (
    <div class="toast-place" role="status" aria-live="polite">
      {props.text ? <div class="toast">{props.text}</div> : null}
    </div>
  );
}

/**
 * Takes what signs in out of the address, before anything else sees it: a link's code, or
 * what an OpenID provider sent.
 */
export function arrive(): Arrival {
  const link = linkCode(location.hash);
  const oidc = callback(location.search);
  if (!link && !oidc) return {};
  let to = "";
  try {
    to = oidc ? (sessionStorage.getItem(returnKey) ?? "") : "";
    sessionStorage.removeItem(returnKey);
  } catch {
    // Without storage, the first view is shown.
  }
  history.replaceState(null, "", location.pathname + (to.startsWith("#/") ? to : "#/"));
  return { link: link || undefined, oidc: oidc ?? undefined };
}

const returnKey = "console-return";

/** Remembers the view to show after the way to an OpenID provider and back. */
export function rememberView(): void {
  try {
    sessionStorage.setItem(returnKey, location.hash);
  } catch {
    // Without storage, the first view is shown.
  }
}
