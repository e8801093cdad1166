import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Loaded } from "../app/load";
import { focusIfLost } from "../app/focus";
import { sentence, type ApiError } from "../core/errors";
import { Button } from "./button";
import { Icon, type IconName } from "./icon";
import { Failure } from "./notice";

/** A view's place while it is read. */
export function Loading(props: { what?: string }): JSX.Element {
  return (
    <div class="state" role="status" aria-busy="true">
      <span class="spinner large" aria-hidden="true" />
      <p>Loading {props.what ?? ""}…</p>
    </div>
  );
}

/** A view's place when there is nothing to show. */
export function Empty(props: { title: string; children?: ComponentChildren; icon?: IconName; action?: ComponentChildren }): JSX.Element {
  return (
    <div class="state">
      {props.icon ? <Icon name={props.icon} /> : null}
      <p class="state-title">{props.title}</p>
      {props.children ? <div class="muted">{props.children}</div> : null}
      {props.action}
    </div>
  );
}

/** A view's place when the session may not see it. */
export function Forbidden(props: { error?: ApiError }): JSX.Element {
  return (
    <Empty title="You may not see this" icon="shield">
      <p>{props.error?.message ?? "Your role, or the key that you signed in with, does not allow it."}</p>
      {props.error?.requestId ? (
        <p class="small">
          Request <code>{props.error.requestId}</code>
        </p>
      ) : null}
    </Empty>
  );
}

/** A view's place when reading it failed. */
export function Failed(props: { error: ApiError; onRetry: () => void }): JSX.Element {
  const { error, onRetry } = props;
  if (error.kind === "forbidden") return <Forbidden error={error} />;
  if (error.kind === "missing") {
    return (
      <Empty title="Not found" icon="search">
        <p>{sentence(error.message)}</p>
      </Empty>
    );
  }
  if (error.kind === "expired") return <Loading />; // the sign-in view takes over
  return (
    <div class="state">
      <Failure error={error} title={error.kind === "offline" ? "No connection" : "This could not be loaded"} />
      <Button icon="refresh" onClick={onRetry}>
        Try again
      </Button>
    </div>
  );
}

export interface LoadedViewProps<T> {
  of: Loaded<T>;
  what: string;
  children: (data: T) => ComponentChildren;
}

/** Shows what was read, or that it is being read, or why it could not be. */
export function LoadedView<T>(props: LoadedViewProps<T>): JSX.Element {
  const { data, error, busy, reload } = props.of;
  const had = useRef(false);
  useEffect(() => {
    if (had.current) focusIfLost(); // what had it, such as a button of a key, may be gone
    had.current = data !== null;
  }, [data]);
  if (data === null) {
    if (error && !busy) return <Failed error={error} onRetry={reload} />;
    return <Loading what={props.what} />;
  }
  return (
    <div aria-busy={busy || undefined} class={busy ? "loaded stale" : "loaded"}>
      {error ? <Failure error={error} title="This could not be brought up to date" /> : null}
      {props.children(data)}
    </div>
  );
}
