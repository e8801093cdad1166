// Entries of the audit trail with what was before and after.

import type { JSX } from "preact";
import { useApp } from "../app/context";
import { useUserName } from "../app/facts";
import { value } from "../core/format";
import type { Entry } from "../core/types";
import { Person, Time } from "../ui/show";
import { Empty } from "../ui/states";
import { Table, type Column } from "../ui/table";

const methods: Record<string, string> = { key: "with a key", session: "in the console", bootstrap: "at the database", recovery: "at the database", command: "at the database", delivery: "by a delivery" };

export function History(props: { entries: Entry[] }): JSX.Element {
  const userName = useUserName();
  if (props.entries.length === 0) return <Empty title="Nothing yet" icon="list" />;
  const columns: Column<Entry>[] = [
    { title: "Time", cell: (one) => <Time at={one.at} /> },
    { title: "Action", cell: (one) => <code class="mono">{one.action}</code> },
    { title: "By", cell: (one) => <Actor of={one} userName={userName} /> },
    { title: "Change", cell: (one) => <Change before={one.before} after={one.after} /> },
  ];
  return <Table caption="History" columns={columns} rows={props.entries} id={(one) => one.id} />;
}

export function Actor(props: { of: Entry; userName: (user: string | null) => string }): JSX.Element {
  const { of: entry } = props;
  const { self } = useApp();
  const who = entry.actor.user ? (entry.actor.user === self.user ? "You" : props.userName(entry.actor.user)) : "The operator";
  return (
    <div class="stack">
      <Person name={who} />
      <span class="muted small">{methods[entry.method] ?? entry.method}</span>
    </div>
  );
}

/** The fields that changed, with their values before and after side by side. */
export function Change(props: { before: Record<string, unknown> | null; after: Record<string, unknown> | null }): JSX.Element {
  const { before, after } = props;
  const userName = useUserName();
  const said = (name: string, of: unknown): string => (name === "user" && typeof of === "string" ? userName(of) : value(of));
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].filter((name) => (before && after) || !isNothing((before ?? after)![name]));
  if (names.length === 0) return <span class="muted">–</span>;
  return (
    <dl class="change">
      {names.map((name) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {before && name in before ? (
              <del>
                <span class="sr-only">before: </span>
                {said(name, before[name])}
              </del>
            ) : null}
            {before && after ? <span aria-hidden="true"> → </span> : null}
            {after && name in after ? (
              <ins>
                <span class="sr-only">after: </span>
                {said(name, after[name])}
              </ins>
            ) : null}
          </dd>
        </div>
      ))}
    </dl>
  );
}

// A new object's empty fields say nothing.
function isNothing(of: unknown): boolean {
  return of === null || of === "" || (typeof of === "object" && Object.keys(of as object).length === 0);
}
