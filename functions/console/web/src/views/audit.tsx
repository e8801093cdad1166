// The audit trail: who changed what, with the values before and after.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../app/context";
import { useMembers, useUserName } from "../app/facts";
import { useLoad, useSettled } from "../app/load";
import { go, link, replace } from "../app/router";
import type { ViewProps } from "../app/views";
import { auditRows } from "../core/auditfile";
import type { Entry } from "../core/types";
import { Button } from "../ui/button";
import { CsvButton } from "../ui/csv";
import { Filters, PageView } from "../ui/page";
import { Pager } from "../ui/pager";
import { Code, Person, Time } from "../ui/show";
import { Empty, LoadedView } from "../ui/states";
import { Table, type Column } from "../ui/table";
import { SideBySide } from "./sidebyside";
import { Actor } from "./history";

const path = "/audit";

export function AuditView({ query }: ViewProps): JSX.Element {
  const { api, config } = useApp();
  const userName = useUserName();
  const { key = "", actor = "", at = "" } = query;
  const found = useLoad((signal) => api.list<Entry>("listAudit", { query: { key, actor }, signal }, at, 50), [key, actor, at]);
  const filter = (part: Record<string, string>): void => replace(path, { key, actor, ...part });
  const shown = found.data?.items ?? [];
  return (
    <PageView
      title="Audit"
      intro={<p>Every change of keys, members, webhooks and the organisation, newest first. Reading is not recorded, except for visits of operators (org.visit).</p>}
      actions={<CsvButton name={`${config.contract}-audit`} disabled={shown.length === 0} label="Download what is shown" rows={() => auditRows(shown, userName)} />}
    >
      <Filters label="Filter the audit trail">
        <IdField label="Changed object" hint="Id of a key, member, …" value={key} options={[]} onSettle={(text) => filter({ key: text })} />
        <ActorField value={actor} onSettle={(text) => filter({ actor: text })} />
        {key || actor ? <Button onClick={() => replace(path)}>Clear the filters</Button> : null}
      </Filters>
      <LoadedView of={found} what="the audit trail">
        {(page) =>
          page.items.length === 0 ? (
            <Empty title={key || actor ? "No entry matches" : "No entries"} icon="list">
              <p>{key || actor ? "Nothing was changed with these ids." : "Nothing was changed yet."}</p>
            </Empty>
          ) : (
            <>
              <Entries of={page.items} filtered={key} />
              <Pager at={at} next={page.next} shown={page.items.length} total={page.total} onGo={(to) => go(path, { key, actor, at: to })} />
            </>
          )
        }
      </LoadedView>
    </PageView>
  );
}

function ActorField(props: { value: string; onSettle: (text: string) => void }): JSX.Element {
  const { self } = useApp();
  const members = useMembers();
  const options = members.map((one) => ({ value: one.user, label: one.user === self.user ? `You (${one.email})` : one.email }));
  return <IdField label="Changed by" hint="Id of a member or key" value={props.value} options={options} onSettle={props.onSettle} />;
}

function IdField(props: { label: string; hint: string; value: string; options: { value: string; label: string }[]; onSettle: (text: string) => void }): JSX.Element {
  const [text, setText] = useState(props.value);
  const settled = useSettled(text, 400);
  const list = props.options.length > 0 ? `ids-${props.label.replace(" ", "-").toLowerCase()}` : undefined;
  useEffect(() => setText(props.value), [props.value]);
  useEffect(() => {
    if (settled === text && settled.trim() !== props.value) props.onSettle(settled.trim());
  }, [settled]);
  return (
    <label class="inline grow">
      <span>{props.label}</span>
      <input type="search" value={text} list={list} maxLength={100} placeholder={props.hint} autocomplete="off" spellcheck={false} onInput={(event) => setText(event.currentTarget.value)} />
      {list ? (
        <datalist id={list}>
          {props.options.map((one) => (
            <option key={one.value} value={one.value} label={one.label} />
          ))}
        </datalist>
      ) : null}
    </label>
  );
}

function Entries(props: { of: Entry[]; filtered: string }): JSX.Element {
  const userName = useUserName();
  const columns: Column<Entry>[] = [
    {
      title: "Action",
      cell: (one) => (
        <div class="stack">
          <Code>{one.action}</Code>
          <Time at={one.at} />
          <code class="mono small muted break id" title="Id of the request">
            {one.request_id}
          </code>
        </div>
      ),
    },
    { title: "By", cell: (one) => <Actor of={one} userName={userName} /> },
    { title: "Object", cell: (one) => <Target of={one.target} filtered={props.filtered} userName={userName} /> },
    { title: "Before and after", cell: (one) => <SideBySide before={one.before} after={one.after} /> },
  ];
  return <Table caption="Audit entries" columns={columns} rows={props.of} id={(one) => one.id} />;
}

function Target(props: { of: string; filtered: string; userName: (user: string) => string }): JSX.Element {
  const { can, seen } = useApp();
  const { of: id } = props;
  const view = id.startsWith("key_") && can("getKey") ? `/keys/${id}` : id.startsWith("whk_") && can("getWebhook") && !seen ? `/webhooks/${id}` : "";
  const name = id.startsWith("usr_") ? props.userName(id) : id;
  return (
    <div class="stack">
      {name === id ? <span class="mono small break id">{view ? <a href={link(view)}>{id}</a> : id}</span> : <Person name={name} />}
      {props.filtered === id ? null : (
        <a class="small" href={link(path, { key: id })}>
          Its history<span class="sr-only"> ({name})</span>
        </a>
      )}
    </div>
  );
}
