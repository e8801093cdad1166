// Small pieces that show one value.

import type { ComponentChildren, JSX } from "preact";
import { useNow } from "../app/load";
import { count, per } from "../core/durations";
import { countdown, date, dateTime, exactUTC, number, relative } from "../core/format";
import type { Window } from "../core/types";
import { share } from "../core/usage";

export interface TimeProps {
  at: string | null;
  /** relative: "3 hours ago"; date: the day; full: day and time. */
  as?: "relative" | "date" | "full";
  /** What is shown for no time. */
  none?: string;
}

/** A time in the viewer's zone, with the exact one in UTC. */
export function Time(props: TimeProps): JSX.Element {
  const now = useNow(30_000);
  if (!props.at) return <span class="muted">{props.none ?? "–"}</span>;
  const as = props.as ?? "full";
  const text = as === "relative" ? relative(props.at, now) : as === "date" ? date(props.at) : dateTime(props.at);
  return (
    <time dateTime={props.at} title={exactUTC(props.at)}>
      {text}
    </time>
  );
}

export function Badge(props: { kind?: "neutral" | "good" | "warning" | "bad" | "accent"; children: ComponentChildren; title?: string }): JSX.Element {
  return (
    <span class={`badge ${props.kind ?? "neutral"}`} title={props.title}>
      {props.children}
    </span>
  );
}

const stateKinds: Record<string, "good" | "warning" | "bad" | "neutral"> = {
  active: "good",
  enabled: "good",
  approved: "good",
  delivered: "good",
  expired: "warning",
  pending: "warning",
  suspended: "warning",
  revoked: "bad",
  failed: "bad",
  disabled: "neutral",
  withdrawn: "neutral",
};

/** The state of an object, in the API's word. */
export function State(props: { of: string }): JSX.Element {
  return <Badge kind={stateKinds[props.of] ?? "neutral"}>{props.of}</Badge>;
}

/** A name that may be an e-mail address, which may break after its @. */
export function Person(props: { name: string }): JSX.Element {
  const at = props.name.indexOf("@");
  if (at < 0 && /^[a-z]+_\w+$/.test(props.name)) return <span class="mono small break id">{props.name}</span>;
  return (
    <span class="break">
      {props.name.slice(0, at + 1)}
      {at > 0 ? <wbr /> : null}
      {props.name.slice(at + 1)}
    </span>
  );
}

export function Code(props: { children: ComponentChildren }): JSX.Element {
  return <code class="mono">{props.children}</code>;
}

/** Names such as scopes, one beside the other; those beyond most are counted. */
export function Chips(props: { names: string[]; most?: number; none?: string; title?: (name: string) => string | undefined }): JSX.Element {
  const most = props.most ?? 100;
  if (props.names.length === 0) return <span class="muted">{props.none ?? "none"}</span>;
  const hidden = props.names.slice(most);
  return (
    <ul class="chips">
      {props.names.slice(0, most).map((name) => (
        <li key={name} title={props.title?.(name)}>
          {name}
        </li>
      ))}
      {hidden.length > 0 ? (
        <li class="more" title={hidden.join(", ")}>
          {hidden.length} more
        </li>
      ) : null}
    </ul>
  );
}

/** A horizontal bar for a part of a whole. A plain one has one colour, however full it is. */
export function Meter(props: { share: number; label: string; plain?: boolean }): JSX.Element {
  const width = Math.round(props.share * 1000) / 10;
  const kind = props.plain ? "" : props.share >= 1 ? "full" : props.share >= 0.8 ? "high" : "";
  return (
    <svg class={`meter ${kind}`} viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label={props.label}>
      <rect class="meter-back" width="100" height="6" rx="0" />
      <rect class="meter-fill" width={Math.max(props.share > 0 ? 1.5 : 0, width)} height="6" />
    </svg>
  );
}

/** The use of a quota in its current window: a bar and numbers. */
export function WindowBar(props: { of: Window }): JSX.Element {
  const { limit, used } = props.of;
  if (limit === null) return <span class="muted">{number(used)}, no limit</span>;
  return (
    <div class="window-bar">
      <Meter share={share(used, limit)} label={`${number(used)} of ${number(limit)} requests in this window`} />
      <span class="small" aria-hidden="true">
        {number(used)} / {number(limit)}
      </span>
    </div>
  );
}

/** What is left of a quota, with the time until its window ends. */
export function QuotaLeft(props: { of: Window; window?: number; onEnd?: () => void }): JSX.Element {
  const now = useNow(1000);
  const { limit, remaining, resets_at } = props.of;
  if (limit === null || remaining === null) return <p class="big">No limit</p>;
  const left = resets_at ? Date.parse(resets_at) - now : 0;
  return (
    <>
      <p class="big">
        {number(remaining)} <span class="muted small">of {count(limit, "request")} left</span>
      </p>
      <p class="muted small">
        {props.window ? `${number(limit)} per ${per(props.window)}. ` : ""}
        {resets_at && left > 0 ? (
          <>
            New window in <time dateTime={resets_at} title={exactUTC(resets_at)}>{countdown(left)}</time>
          </>
        ) : (
          "A new window begins with the next request."
        )}
      </p>
    </>
  );
}

/** Pairs of a name and a value. */
export function Facts(props: { of: [name: string, value: ComponentChildren][] }): JSX.Element {
  return (
    <dl class="facts">
      {props.of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
