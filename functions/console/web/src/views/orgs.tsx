// For operators: all organisations.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../app/context";
import { useLoad } from "../app/load";
import { replace } from "../app/router";
import type { ViewProps } from "../app/views";
import { format, into } from "../core/address";
import { count } from "../core/durations";
import type { Org } from "../core/types";
import { Button, ButtonLink } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Menu } from "../ui/menu";
import { Filters, PageView } from "../ui/page";
import { Badge, Time } from "../ui/show";
import { Empty, LoadedView } from "../ui/states";
import { Table, type Column } from "../ui/table";
import { ChangePlan, CreateOrg, type NewOrg } from "./orgacts";

const most = 1000; // that are read
const mostShown = 100;

export function OrgsView({ query }: ViewProps): JSX.Element {
  const { api, can, config } = useApp();
  const { q = "", plan = "" } = query;
  const found = useLoad((signal) => api.all<Org>("listOrgs", { signal }, most), []);
  const [open, setOpen] = useState<"create" | NewOrg | { change: Org } | null>(null);
  const filter = (part: Record<string, string>): void => replace("/orgs", { q, plan, ...part });
  const close = (): void => setOpen(null);
  const wanted = (one: Org): boolean => (plan === "" || one.plan === plan) && `${one.name} ${one.id}`.toLowerCase().includes(q.trim().toLowerCase());
  return (
    <PageView
      title="Organisations"
      intro={<p>The customers of this API, newest first.</p>}
      actions={
        can("createOrg") ? (
          <Button kind="primary" icon="plus" onClick={() => setOpen("create")}>
            Create organisation
          </Button>
        ) : null
      }
    >
      <Filters label="Filter organisations">
        <label class="inline grow">
          <span>Search</span>
          <input type="search" value={q} maxLength={80} placeholder="Name or id" autocomplete="off" spellcheck={false} onInput={(event) => filter({ q: event.currentTarget.value })} />
        </label>
        {config.plans.length > 1 ? (
          <label class="inline">
            <span>Plan</span>
            <select value={plan} onChange={(event) => filter({ plan: event.currentTarget.value })}>
              <option value="">All</option>
              {config.plans.map((one) => (
                <option key={one.name}>{one.name}</option>
              ))}
            </select>
          </label>
        ) : null}
      </Filters>
      <LoadedView of={found} what="organisations">
        {(all) => <OrgTable of={all.filter(wanted)} all={all.length} onChange={(change) => setOpen({ change })} />}
      </LoadedView>
      {open === "create" ? (
        <CreateOrg
          onClose={close}
          onDone={(made) => {
            setOpen(made);
            found.reload();
          }}
        />
      ) : null}
      {open && open !== "create" && "owner" in open ? <Created of={open} onClose={close} /> : null}
      {open && open !== "create" && "change" in open ? (
        <ChangePlan
          of={open.change}
          onClose={close}
          onDone={() => {
            close();
            found.reload();
          }}
        />
      ) : null}
    </PageView>
  );
}

/** The address of a view of an organisation, as its admin sees it. */
const inside = (org: string, path: string): string => format(into(org, path));

function OrgTable(props: { of: Org[]; all: number; onChange: (org: Org) => void }): JSX.Element {
  const { can, self } = useApp();
  const { of: orgs, all } = props;
  if (orgs.length === 0) {
    return (
      <Empty title="No organisation matches" icon="building">
        <p>{all >= most ? `Only the newest ${count(most, "organisation")} are searched.` : "None has this name, id and plan."}</p>
      </Empty>
    );
  }
  const columns: Column<Org>[] = [
    {
      title: "Name",
      cell: (one) => (
        <div class="stack">
          <span class="row">
            <span class="break">{one.name}</span>
            {one.id === self.org ? <Badge kind="accent">yours</Badge> : null}
          </span>
          <code class="mono small muted break">{one.id}</code>
        </div>
      ),
    },
    { title: "Plan", cell: (one) => one.plan },
    { title: "Created", cell: (one) => <Time at={one.created_at} as="date" /> },
    {
      title: "Open",
      cell: (one) => (
        <span class="row">
          <a href={inside(one.id, "/keys")}>
            As its admin<span class="sr-only">: {one.name}</span>
          </a>
          <a href={inside(one.id, "/members")}>
            Members<span class="sr-only"> of {one.name}</span>
          </a>
        </span>
      ),
    },
    { title: "Actions", quiet: true, cell: (one) => (can("updateOrg") ? <Menu label={`Actions for ${one.name}`} items={[{ label: "Change plan", icon: "edit", onSelect: () => props.onChange(one) }]} /> : null) },
  ];
  return (
    <>
      <Table caption="Organisations" columns={columns} rows={orgs.slice(0, mostShown)} id={(one) => one.id} />
      {orgs.length > mostShown || all >= most ? (
        <p class="muted">
          {orgs.length > mostShown ? `The first ${mostShown} of ${count(orgs.length, "organisation")} are shown: search to narrow them. ` : ""}
          {all >= most ? `Only the newest ${count(most, "organisation")} are searched.` : ""}
        </p>
      ) : null}
    </>
  );
}

function Created(props: { of: NewOrg; onClose: () => void }): JSX.Element {
  const { of: org } = props;
  return (
    <Dialog title={`${org.name} is created`} onClose={props.onClose}>
      <p class="break">Its owner is {org.owner.email}. Give them a portal link, or create their first key.</p>
      <div class="actions">
        <Button onClick={props.onClose}>Done</Button>
        <ButtonLink kind="primary" href={inside(org.id, "/members")}>
          Open its members
        </ButtonLink>
      </div>
    </Dialog>
  );
}
