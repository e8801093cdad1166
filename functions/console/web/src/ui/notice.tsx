import type { ComponentChildren, JSX } from "preact";
import type { ApiError } from "../core/errors";
import { sentence } from "../core/errors";
import { Icon } from "./icon";

export interface NoticeProps {
  kind?: "info" | "success" | "warning" | "error";
  title?: string;
  children?: ComponentChildren;
  /** Whether it is read out when it appears. */
  live?: boolean;
}

/** A message in the page. */
export function Notice(props: NoticeProps): JSX.Element {
  const kind = props.kind ?? "info";
  return (
    <div class={`notice ${kind}`} role={props.live ? (kind === "error" ? "alert" : "status") : undefined}>
      {kind === "warning" || kind === "error" ? <Icon name="warn" /> : null}
      <div>
        {props.title ? <p class="notice-title">{props.title}</p> : null}
        {props.children}
      </div>
    </div>
  );
}

export interface FailureProps {
  error: ApiError;
  problems?: string[];
  title?: string;
  children?: ComponentChildren;
  /** Whether the title and the children say all, so that the API's message is left out. */
  instead?: boolean;
}

/** An error of the API with what helps to find it again. */
export function Failure(props: FailureProps): JSX.Element {
  const { error, problems = [] } = props;
  return (
    <Notice kind="error" live title={props.title ?? sentence(error.message)}>
      {props.title && !props.instead ? <p>{sentence(error.message)}</p> : null}
      {problems.length > 0 ? (
        <ul>
          {problems.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      ) : null}
      {props.children}
      {error.retryAfter > 0 ? <p>Try again in {error.retryAfter} s.</p> : null}
      {error.requestId ? (
        <p class="muted small">
          Request <code>{error.requestId}</code>
        </p>
      ) : null}
    </Notice>
  );
}
