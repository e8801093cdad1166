// The console: who is signed in, and which view is shown.

import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Client } from "../core/client";
import type { Config } from "../core/config";
import type { ApiError } from "../core/errors";
import type { Session } from "../core/session";
import type { Self } from "../core/types";
import { Button } from "../ui/button";
import { Loading } from "../ui/states";
import { Failure } from "../ui/notice";
import { SignInAgain, SignInView } from "../views/signin";
import { arrive, type Arrival } from "./arrival";
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

type State =
  | { at: "starting" }
  | { at: "stuck"; error: ApiError }
  | { at: "out"; ended: boolean; arrival: Arrival }
  // The session of a locked page has ended, but a form has something that would be lost.
  | { at: "in"; self: Self; locked: boolean };

export function Root(props: RootProps): JSX.Element {
  const { config, session } = props;
  const [message, setMessage] = useState("");
  const { state, enter, begin, leave } = useSignedIn(props, setMessage);
  const app = useApplication(props, state, {
    reload: () => void enter(),
    tell: setMessage,
    signOut: () => {
      const ended = session.end();
      tellOtherTabs("ended");
      leave(false);
      ended.catch(() => setMessage("You are signed out here. The session could not be ended at the service: end it in the list of sessions."));
    },
  });
  const entered = (): void => {
    tellOtherTabs("began");
    void enter();
  };
  return (
    <>
      {state.at === "starting" ? <Loading what={config.product} /> : null}
      {state.at === "stuck" ? <Stuck error={state.error} onRetry={() => void begin()} /> : null}
      {state.at === "out" ? <SignInView key={state.arrival.link ?? ""} config={config} session={session} arrival={state.arrival} ended={state.ended} onIn={entered} /> : null}
      {app ? (
        <AppContext.Provider value={app}>
          <Layout key={`${app.self.org} ${app.self.user}`} />
        </AppContext.Provider>
      ) : null}
      {state.at === "in" && state.locked ? <SignInAgain config={config} session={session} onIn={entered} onLeave={() => leave(false)} /> : null}
      <Message text={message} onGone={() => setMessage("")} />
    </>
  );
}

interface SignedIn {
  state: State;
  /** Shows the views of the session, or reads again who is signed in. */
  enter: () => Promise<void>;
  /** Looks for a session, and shows its views or the sign-in. */
  begin: () => Promise<void>;
  leave: (ended: boolean) => void;
}

function useSignedIn(props: RootProps, tell: (message: string) => void): SignedIn {
  const { session, api } = props;
  const [state, setState] = useState<State>({ at: "starting" });
  const out = (arrival: Arrival): State => ({ at: "out", ended: false, arrival });
  const enter = async (): Promise<void> => {
    try {
      const self = await api.call<Self>("getSelf");
      setState({ at: "in", self, locked: false });
    } catch (error) {
      const problem = asApiError(error);
      if (problem.kind === "expired") return; // leave has seen to it
      setState((now) => (now.at === "in" ? now : { at: "stuck", error: problem }));
    }
  };
  const begin = async (arrival: Arrival = {}): Promise<void> => {
    if (arrival.oidc) return setState(out(arrival));
    try {
      await session.renew();
    } catch (error) {
      const problem = asApiError(error);
      return setState(problem.kind === "expired" ? out(arrival) : { at: "stuck", error: problem });
    }
    if (arrival.link) setState(out({ ...arrival, instead: session.info ?? undefined }));
    else await enter();
  };
  const leave = (ended: boolean): void => {
    session.forget();
    setState((now) => (ended && now.at === "in" && document.querySelector("dialog[open] form") ? { ...now, locked: true } : { at: "out", ended, arrival: {} }));
  };
  useEffect(() => {
    session.onEnded = () => leave(true);
    session.onOther = () => {
      tell("Somebody else signed in in this browser. You now see what they may see.");
      void enter();
    };
    const stop = [otherTabs((what) => (what === "ended" ? leave(true) : void begin())), onLink((link) => void begin({ link }))];
    void begin(props.arrival);
    return () => stop.forEach((one) => one());
  }, []);
  useRenewal(session, state.at === "in" && !state.locked);
  return { state, enter, begin, leave };
}

// A link that is pasted into an open page changes only the fragment.
function onLink(call: (code: string) => void): () => void {
  const look = (): void => {
    const { link } = arrive();
    if (link) call(link);
  };
  window.addEventListener("hashchange", look);
  return () => window.removeEventListener("hashchange", look);
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
      operator: self.role === "operator",
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

/** Minutes after which a page that nobody uses stops renewing, so that its session can end unused. */
const unused = 15;

// Renews the token a while before its end as long as somebody uses the page. A page that
// comes back into view looks whether its session still exists.
function useRenewal(session: Session, active: boolean): void {
  useEffect(() => {
    if (!active) return;
    let used = performance.now();
    const use = (): void => void (used = performance.now());
    const renew = (): void => void session.renew().catch(() => {}); // an end is told by onEnded; after anything else, the next request tries again
    const timer = setInterval(() => {
      if (session.renewIn < 40_000 && performance.now() - used < unused * 60_000) renew();
    }, 10_000);
    const look = (): void => {
      if (document.visibilityState !== "visible") return;
      use();
      if (session.renewIn === 0) renew();
    };
    const events = ["pointerdown", "keydown", "wheel"] as const;
    events.forEach((one) => window.addEventListener(one, use, { passive: true }));
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      events.forEach((one) => window.removeEventListener(one, use));
      document.removeEventListener("visibilitychange", look);
    };
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
