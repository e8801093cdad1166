// The organisation's keys.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../app/context";
import { useOrg, useUserName } from "../app/facts";
import { useLoad, useSettled } from "../app/load";
import { go, link, replace } from "../app/router";
import type { ViewProps } from "../app/views";
import { preview } from "../core/format";
import { planOf } from "../core/config";
import { count } from "../core/durations";
import type { Key, Minted, Rotated } from "../core/types";
import { Button } from "../ui/button";
import { Menu, type MenuItem } from "../ui/menu";
import { Filters, PageView } from "../ui/page";
import { Pager } from "../ui/pager";
import { Badge, Chips, Code, Person, State, Time, WindowBar } from "../ui/show";
import { Empty, LoadedView } from "../ui/states";
import { Table, type Column } from "../ui/table";
import { CreateKey } from "./createkey";
import { KeyDialogs, type KeyAct } from "./keyacts";
import { OwnerFilter } from "./owners";
import { NewSecret } from "./newsecret";
import { TestKey } from "./testkey";

const path = "/keys";

type Open = { what: "create" } | { what: "test" } | { what: "secret"; key: Minted | Rotated } | { what: KeyAct; key: Key };

export function KeysView({ query }: ViewProps): JSX.Element {
  const { api, can } = useApp();
  const [open, setOpen] = useState<Open | null>(query.new ? { what: "create" } : null);
  const { state = "", owner = "", q = "", at = "" } = query;
  const found = useLoad((signal) => api.list<Key>("listKeys", { query: { state, owner, q }, signal }, at), [state, owner, q, at]);
  const filter = (part: Record<string, string>): void => replace(path, { state, owner, q, ...part, at: part.at ?? "" });
  const close = (): void => setOpen(null);
  const done = (key: Minted | Rotated | null): void => {
    found.reload();
    setOpen(key ? { what: "secret", key } : null);
  };
  return (
    <PageView
      title="API keys"
      intro={<Cap keys={found.data?.items ?? []} />}
      actions={
        <>
          <Button icon="search" onClick={() => setOpen({ what: "test" })}>
            Test a key
          </Button>
          {can("createKey") ? (
            <Button kind="primary" icon="plus" onClick={() => setOpen({ what: "create" })}>
              Create key
            </Button>
          ) : null}
        </>
      }
    >
      <Filters label="Filter keys">
        <Search value={q} onSettle={(text) => text !== q && filter({ q: text })} />
        <label class="inline">
          <span>State</span>
          <select value={state} onChange={(event) => filter({ state: event.currentTarget.value })}>
            <option value="">All</option>
            <option value="active">Active</option>
            <option value="expired">Expired</option>
            <option value="revoked">Revoked</option>
          </select>
        </label>
        <OwnerFilter value={owner} onChange={(user) => filter({ owner: user })} />
      </Filters>
      <LoadedView of={found} what="keys">
        {(page) =>
          page.items.length === 0 && page.next === null ? (
            <NoKeys filtered={Boolean(state || owner || q)} onCreate={() => setOpen({ what: "create" })} onClear={() => replace(path)} />
          ) : (
            <>
              <KeyTable keys={page.items} onAct={(what, key) => setOpen({ what, key })} />
              <Pager at={at} next={page.next} shown={page.items.length} total={page.total} onGo={(to) => go(path, { state, owner, q, at: to })} />
            </>
          )
        }
      </LoadedView>
      {open?.what === "create" ? <CreateKey onClose={close} onMade={done} /> : null}
      {open?.what === "test" ? <TestKey onClose={close} /> : null}
      {open?.what === "secret" ? <NewSecret of={open.key} onClose={close} /> : null}
      {open && "key" in open && open.what !== "secret" ? <KeyDialogs act={open.what} of={open.key} onClose={close} onDone={done} /> : null}
    </PageView>
  );
}

function Search(props: { value: string; onSettle: (text: string) => void }): JSX.Element {
  const [text, setText] = useState(props.value);
  const settled = useSettled(text, 300);
  useEffect(() => setText(props.value), [props.value]);
  useEffect(() => {
    if (settled === text) props.onSettle(settled.trim());
  }, [settled]);
  return (
    <label class="inline grow">
      <span>Search</span>
      <input type="search" value={text} maxLength={80} placeholder="Name, prefix or last characters" autocomplete="off" spellcheck={false} onInput={(event) => setText(event.currentTarget.value)} />
    </label>
  );
}

/** What the plan allows. A plan without keys says so, instead of a button that does nothing. */
function Cap(props: { keys: Key[] }): JSX.Element | null {
  const { config, self } = useApp();
  const org = useOrg();
  const plan = planOf(config, org?.plan ?? props.keys[0]?.plan ?? self.plan);
  if (!plan || self.role === "operator") return null;
  if (plan.keys === 0) return <p>The plan {plan.name} has no keys for data. Ask for another plan to get some.</p>;
  return (
    <p>
      The plan {plan.name} allows {count(plan.keys, "active key")} for data.
    </p>
  );
}

function NoKeys(props: { filtered: boolean; onCreate: () => void; onClear: () => void }): JSX.Element {
  const { can } = useApp();
  if (props.filtered) {
    return (
      <Empty title="No key matches" icon="search" action={<Button onClick={props.onClear}>Clear the filters</Button>}>
        <p>No key has this name, prefix, state and owner.</p>
      </Empty>
    );
  }
  const create = can("createKey") ? (
    <Button kind="primary" icon="plus" onClick={props.onCreate}>
      Create key
    </Button>
  ) : null;
  return (
    <Empty title="No keys yet" icon="key" action={create}>
      <p>A key is how a program calls the API.</p>
    </Empty>
  );
}

function KeyTable(props: { keys: Key[]; onAct: (what: KeyAct, key: Key) => void }): JSX.Element {
  const { can, config } = useApp();
  const userName = useUserName();
  const columns: Column<Key>[] = [
    { title: "Name and secret", cell: (key) => <KeyName of={key} /> },
    { title: "State", cell: (key) => <State of={key.state} /> },
    ...(config.scopes.style === "role" ? [] : [{ title: "Scopes", cell: (key: Key) => <Chips names={key.scopes} most={3} /> }]),
    { title: "Owner", cell: (key) => <Person name={userName(key.user)} /> },
    { title: "This window", cell: (key) => (key.state === "active" ? <WindowBar of={key.usage.window} /> : <span class="muted">–</span>) },
    { title: "Last used", cell: (key) => <Time at={key.last_used_at} as="relative" none="never" /> },
    { title: "Created", cell: (key) => <Time at={key.created_at} as="date" /> },
    { title: "Expires", cell: (key) => <Time at={key.expires_at} as={key.state === "active" ? "relative" : "date"} none="never" /> },
    { title: "Actions", quiet: true, cell: (key) => <RowMenu of={key} can={can} onAct={props.onAct} /> },
  ];
  return <Table caption="API keys" columns={columns} rows={props.keys} id={(key) => key.id} />;
}

function KeyName(props: { of: Key }): JSX.Element {
  const { of: key } = props;
  return (
    <div class="stack">
      <a href={link(`/keys/${encodeURIComponent(key.id)}`)}>{key.name}</a>
      <span class="nowrap muted small">
        <Code>{preview(key.prefix, key.last_four)}</Code>
      </span>
      {key.rotate_recommended ? (
        <Badge kind="warning" title="The secret is more than 90 days old">
          rotate recommended
        </Badge>
      ) : null}
      {key.hash === "sha256" ? (
        <Badge title="Imported by its hash, and not used since: the secret was never seen here">hash only</Badge>
      ) : null}
    </div>
  );
}

function RowMenu(props: { of: Key; can: (operation: string) => boolean; onAct: (what: KeyAct, key: Key) => void }): JSX.Element | null {
  const { of: key, can, onAct } = props;
  if (key.state === "revoked") return null;
  const items: MenuItem[] = [];
  if (can("updateKey")) items.push({ label: "Edit", icon: "edit", onSelect: () => onAct("edit", key) });
  if (can("rotateKey") && key.state === "active") items.push({ label: "Rotate secret", icon: "refresh", onSelect: () => onAct("rotate", key) });
  if (can("revokeKey")) items.push({ label: "Revoke", icon: "trash", danger: true, onSelect: () => onAct("revoke", key) });
  return items.length > 0 ? <Menu label={`Actions for ${key.name}`} items={items} /> : null;
}
