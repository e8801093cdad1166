// The members of an organisation.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../app/context";
import { useLoad } from "../app/load";
import { link } from "../app/router";
import { mayActOn } from "../core/members";
import type { Member } from "../core/types";
import { Button } from "../ui/button";
import { Menu, type MenuItem } from "../ui/menu";
import { PageView } from "../ui/page";
import { Badge, Person, State } from "../ui/show";
import { Empty, LoadedView } from "../ui/states";
import { Table, type Column } from "../ui/table";
import { AddMember, MemberDialogs, type MemberAct } from "./memberacts";

export function MembersView(): JSX.Element {
  const { api, cache, can, self, seen } = useApp();
  const found = useLoad((signal) => api.all<Member>("listMembers", { params: { org: self.org }, signal }), [self.org]);
  const [open, setOpen] = useState<{ act: MemberAct; of: Member } | "add" | null>(null);
  const members = found.data ?? [];
  const done = (): void => {
    setOpen(null);
    cache.drop(`members ${self.org}`);
    found.reload();
  };
  const items = (one: Member): MenuItem[] => {
    const may = mayActOn(self.role, one);
    const choices: (MenuItem | false)[] = [
      can("updateMember") && may && { label: "Edit", icon: "edit", onSelect: () => setOpen({ act: "edit", of: one }) },
      can("createPortalLink") && may && one.state === "active" && { label: "Portal link", icon: "link", onSelect: () => setOpen({ act: "link", of: one }) },
      Boolean(seen) && can("putConnections") && { label: "Linked accounts", icon: "people", onSelect: () => setOpen({ act: "accounts", of: one }) },
      can("updateMember") && may && { label: one.state === "active" ? "Suspend" : "Reinstate", icon: "shield", danger: one.state === "active", onSelect: () => setOpen({ act: "state", of: one }) },
      can("removeMember") && may && { label: "Remove", icon: "trash", danger: true, onSelect: () => setOpen({ act: "remove", of: one }) },
    ];
    return choices.filter((item) => item !== false);
  };
  return (
    <PageView
      title="Members"
      intro={<p>Members own keys. A key never does more than its owner's role allows, and ends with the membership.</p>}
      actions={
        can("addMember") ? (
          <Button kind="primary" icon="plus" onClick={() => setOpen("add")}>
            Add member
          </Button>
        ) : null
      }
    >
      <LoadedView of={found} what="members">
        {(all) =>
          all.length === 0 ? (
            <Empty title="No members" icon="people">
              <p>An organisation without members has no keys that work.</p>
            </Empty>
          ) : (
            <MemberTable of={all} items={items} />
          )
        }
      </LoadedView>
      {open === "add" ? <AddMember onClose={() => setOpen(null)} onDone={done} /> : null}
      {open && open !== "add" ? <MemberDialogs act={open.act} of={open.of} members={members} onClose={() => setOpen(null)} onDone={done} /> : null}
    </PageView>
  );
}

function MemberTable(props: { of: Member[]; items: (of: Member) => MenuItem[] }): JSX.Element {
  const { can, self, seen } = useApp();
  const columns: Column<Member>[] = [
    {
      title: "Address",
      cell: (one) => (
        <div class="stack">
          <Person name={one.email} />
          {one.user === self.user ? <Badge kind="accent">you</Badge> : null}
        </div>
      ),
    },
    { title: "Role", cell: (one) => one.role },
    { title: "State", cell: (one) => <State of={one.state} /> },
    { title: "User id", cell: (one) => <code class="mono small break">{one.user}</code> },
    {
      title: "More",
      cell: (one) => (
        <div class="stack small">
          <a href={link("/keys", { owner: one.user })}>
            Keys<span class="sr-only"> of {one.email}</span>
          </a>
          {can("listAudit") ? (
            <a href={link("/audit", { actor: one.user })}>
              Changes<span class="sr-only"> by {one.email}</span>
            </a>
          ) : null}
          {can("listSessions") && !seen ? (
            <a href={link("/sessions", { user: one.user === self.user ? "" : one.user })}>
              Sessions<span class="sr-only"> of {one.email}</span>
            </a>
          ) : null}
        </div>
      ),
    },
    {
      title: "Actions",
      quiet: true,
      cell: (one) => {
        const items = props.items(one);
        return items.length > 0 ? <Menu label={`Actions for ${one.email}`} items={items} /> : null;
      },
    },
  ];
  return <Table caption="Members" columns={columns} rows={props.of} id={(one) => one.user} />;
}
