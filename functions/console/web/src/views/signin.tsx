// Signing in: by a link, by an OpenID provider, or by a key that is sent once and kept nowhere.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Config } from "../core/config";
import type { ApiError } from "../core/errors";
import type { Choice, Session, SessionInfo, SignIn } from "../core/session";
import { rememberView, type Arrival } from "../app/arrival";
import { asApiError } from "../app/load";
import { Button } from "../ui/button";
import { Actions, Dialog } from "../ui/dialog";
import { Field, Form, useSave } from "../ui/form";
import { Failure, Notice } from "../ui/notice";
import { Loading } from "../ui/states";

export interface SignInProps {
  config: Config;
  session: Session;
  arrival: Arrival;
  /** Whether a session has just ended by itself. */
  ended: boolean;
  onIn: () => void;
}

type Step = { at: "form" } | { at: "busy"; what: string } | { at: "choice"; choice: Choice } | { at: "replace" };

export function SignInView(props: SignInProps): JSX.Element {
  const { arrival } = props;
  const [step, setStep] = useState<Step>(first(arrival));
  const [error, setError] = useState<ApiError | null>(null);
  const start = async (how: SignIn, what: string): Promise<void> => {
    setStep({ at: "busy", what });
    setError(null);
    try {
      const started = await props.session.start(how);
      if (started.kind === "in") props.onIn();
      else if (started.kind === "choice") setStep({ at: "choice", choice: started.choice });
      else leaveFor(started.url);
    } catch (problem) {
      setError(asApiError(problem));
      setStep({ at: "form" });
    }
  };
  useEffect(() => {
    document.title = `Sign in – ${props.config.product}`;
    if (arrival.oidc && !arrival.oidc.error) void start({ oidc: { code: arrival.oidc.code, state: arrival.oidc.state } }, "Signing in");
    else if (arrival.link && !arrival.instead) void start({ link: arrival.link }, "Signing in");
  }, []);
  return (
    <main class="alone">
      <p class="alone-product">{props.config.product}</p>
      <Heading>{step.at === "choice" ? "Choose an organisation" : "Sign in to the console"}</Heading>
      {props.ended && step.at === "form" && !error ? (
        <Notice kind="warning" live title="Your session has ended">
          <p>Sign in again to go on where you were.</p>
        </Notice>
      ) : null}
      {arrival.oidc?.error && !error ? (
        <Notice kind="error" live title="The sign-in was not completed">
          <p>{arrival.oidc.error === "access_denied" ? "It was cancelled, or your organisation does not let you use this console." : "Your organisation's sign-in reported a problem. Try again."}</p>
        </Notice>
      ) : null}
      {step.at === "busy" ? <Loading what={step.what.toLowerCase()} /> : null}
      {error ? <Refused error={error} how={arrival} /> : null}
      {step.at === "replace" ? <Replace who={arrival.instead!} onStay={props.onIn} onGo={() => void start({ link: arrival.link! }, "Signing in")} /> : null}
      {step.at === "choice" ? <ChooseOrg choice={step.choice} onChoose={(org) => void start({ oidc: { choice: step.choice.choice, org } }, "Signing in")} /> : null}
      {step.at === "form" ? <Ways config={props.config} session={props.session} onIn={props.onIn} onProvider={() => void start({ oidc: {} }, "Going to your provider")} /> : null}
    </main>
  );
}

function first(arrival: Arrival): Step {
  if (arrival.link) return arrival.instead ? { at: "replace" } : { at: "busy", what: "Signing in" };
  return arrival.oidc && !arrival.oidc.error ? { at: "busy", what: "Signing in" } : { at: "form" };
}

// The provider's address comes from the service; anything but a web address is refused.
function leaveFor(url: string): void {
  const to = new URL(url);
  if (to.protocol !== "https:" && to.protocol !== "http:") throw new Error("the provider has no web address");
  rememberView();
  location.assign(to.href);
}

function Heading(props: { children: ComponentChildren }): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (document.activeElement === document.body) heading.current?.focus();
  }, []);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {props.children}
    </h1>
  );
}

function Refused(props: { error: ApiError; how: Arrival }): JSX.Element {
  const { error, how } = props;
  if (error.kind === "forbidden" && how.link) {
    return (
      <Failure error={error} title="This link no longer works" instead>
        <p>A link works once, for a short time. Ask for a new one where you got it.</p>
      </Failure>
    );
  }
  const titles: Partial<Record<typeof error.kind, string>> = { forbidden: "You could not be signed in", limited: "Too many attempts", offline: "No connection" };
  return <Failure error={error} title={titles[error.kind] ?? "You could not be signed in"} />;
}

function Replace(props: { who: SessionInfo; onStay: () => void; onGo: () => void }): JSX.Element {
  return (
    <>
      <p>
        You are signed in already, as {props.who.role}. The link that you opened signs you in as the person that it was made for, and ends the present session in this browser.
      </p>
      <div class="actions start">
        <Button kind="primary" onClick={props.onGo}>
          Use the link
        </Button>
        <Button onClick={props.onStay}>Stay signed in</Button>
      </div>
    </>
  );
}

function ChooseOrg(props: { choice: Choice; onChoose: (org: string) => void }): JSX.Element {
  return (
    <>
      <p>Your address is a member of several organisations.</p>
      <ul class="choices">
        {props.choice.orgs.map((one) => (
          <li key={one.org}>
            <button type="button" class="choice" onClick={() => props.onChoose(one.org)}>
              <span>{one.name}</span>
              <span class="muted small">{one.role}</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

type WaysProps = Pick<SignInProps, "config" | "session" | "onIn"> & { onProvider?: () => void };

function Ways(props: WaysProps): JSX.Element {
  return (
    <>
      {props.config.oidc && props.onProvider ? (
        <>
          <div class="actions start">
            <Button kind="primary" onClick={props.onProvider}>
              Continue with your organisation's sign-in
            </Button>
          </div>
          <p class="or">
            <span>or</span>
          </p>
        </>
      ) : null}
      <KeyForm {...props} />
    </>
  );
}

/**
 * Signs in above a form that would be lost otherwise. Whoever signs in by other means than a
 * key does so in another tab: the tabs share the session.
 */
export function SignInAgain(props: Pick<SignInProps, "config" | "session" | "onIn"> & { onLeave: () => void }): JSX.Element {
  return (
    <Dialog title="Your session has ended">
      <p>What you typed is still here. Sign in as the same member to go on with it.</p>
      <Ways config={props.config} session={props.session} onIn={props.onIn} />
      <p class="muted">
        Or <a href="console" target="_blank" rel="noopener">sign in in another tab</a>, or by a new link: this page notices it.
      </p>
      <Actions>
        <Button kind="quiet" onClick={props.onLeave}>
          Discard what I typed
        </Button>
      </Actions>
    </Dialog>
  );
}

function KeyForm(props: WaysProps): JSX.Element {
  const form = useSave();
  const input = useRef<HTMLInputElement>(null);
  const submit = (): void => {
    const key = input.current!.value.trim();
    if (key === "") {
      form.refuse("key", "Paste a key");
      input.current!.focus();
      return;
    }
    form.save({}, async () => {
      await props.session.start({ key });
      if (input.current) input.current.value = "";
      props.onIn();
    });
  };
  return (
    <Form
      state={form}
      fields={["key"]}
      label="Sign in with a key"
      onSubmit={submit}
      actions={
        <Button type="submit" kind={props.onProvider && props.config.oidc ? "plain" : "primary"} busy={form.busy}>
          Sign in
        </Button>
      }
    >
      <Field name="key" label="API key" hint="The key is sent once and kept nowhere. The session can do what the key can, and no more.">
        {(control) => <input {...control} ref={input} class="mono" type="password" autocomplete="off" spellcheck={false} autocapitalize="none" placeholder={`${props.config.secret.prefix}…`} />}
      </Field>
    </Form>
  );
}
