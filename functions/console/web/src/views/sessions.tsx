// Sessions of the console: one's own, and those of other members for who may see them.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../app/context";
import { useMembers, useUserName } from "../app/facts";
import { useLoad } from "../app/load";
import { go, replace } from "../app/router";
import type { ViewProps } from "../app/views";
import type { SessionInfo } from "../core/session";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Form, useSave } from "../ui/form";
import { Filters, PageView } from "../ui/page";
import { Pager } from "../ui/pager";
import { Badge, Time } from "../ui/show";
import { Empty, LoadedView } from "../ui/states";
import { Table, type Column } from "../ui/table";

const methods: Record<string, string> = { key: "API key", link: "Portal link", oidc: "OpenID Connect" };

export function SessionsView({ query }: ViewProps): JSX.Element {
  const { api, can, self, session, signOut } = useApp();
  const { user = "", at = "" } = query;
  const whose = user || self.user;
  const found = useLoad((signal) => api.list<SessionInfo>("listSessions", { query: user ? { user } : {}, signal }, at), [user, at]);
  const [ending, setEnding] = useState<SessionInfo | "all" | null>(null);
  const own = (one: SessionInfo): boolean => one.current || one.id === session.id;
  return (
    <PageView
      title="Sessions"
      intro={<p>A session ends 8 hours after it was last used, and 24 hours after it began. It never does more than what it began with.</p>}
      actions={
        <>
          <Button icon="out" onClick={signOut}>
            Sign out here
          </Button>
          {can("endSessions") ? (
            <Button kind="danger" onClick={() => setEnding("all")}>
              End all
            </Button>
          ) : null}
        </>
      }
    >
      <MemberFilter value={whose} onChange={(to) => replace("/sessions", { user: to === self.user ? "" : to })} />
      <LoadedView of={found} what="sessions">
        {(page) =>
          page.items.length === 0 ? (
            <Empty title="No sessions" icon="laptop">
              <p>This member is not signed in anywhere.</p>
            </Empty>
          ) : (
            <>
              <Table caption="Sessions" columns={columns(own, can("endSession"), setEnding)} rows={page.items} id={(one) => one.id} />
              <Pager at={at} next={page.next} shown={page.items.length} total={page.total} onGo={(to) => go("/sessions", { user, at: to })} />
            </>
          )
        }
      </LoadedView>
      {ending ? (
        <EndSession
          of={ending}
          user={user}
          own={ending === "all" ? user === "" || user === self.user : own(ending)}
          onClose={() => setEnding(null)}
          onDone={() => {
            setEnding(null);
            found.reload();
          }}
        />
      ) : null}
    </PageView>
  );
}

function columns(own: (one: SessionInfo) => boolean, may: boolean, onEnd: (one: SessionInfo) => void): Column<SessionInfo>[] {
  return [
    {
      title: "Where",
      cell: (one) => (
        <div class="stack">
          <span>{one.label ?? "Unknown browser"}</span>
          {own(one) ? <Badge kind="accent">this session</Badge> : null}
        </div>
      ),
    },
    { title: "Signed in by", cell: (one) => (one.key ? <a href={`#/keys/${encodeURIComponent(one.key)}`}>{methods[one.method]}</a> : (methods[one.method] ?? one.method)) },
    { title: "Began", cell: (one) => <Time at={one.created_at} /> },
    { title: "Last renewed", cell: (one) => <Time at={one.renewed_at} as="relative" /> },
    { title: "Ends if unused", cell: (one) => <Time at={one.idle_until} as="relative" /> },
    { title: "Ends at the latest", cell: (one) => <Time at={one.ends_at} /> },
    { title: "Actions", quiet: true, cell: (one) => (may ? <Button onClick={() => onEnd(one)}>End</Button> : null) },
  ];
}

function MemberFilter(props: { value: string; onChange: (user: string) => void }): JSX.Element | null {
  const { self } = useApp();
  const members = useMembers().filter((one) => one.user !== self.user);
  if (members.length === 0) return null;
  return (
    <Filters label="Whose sessions">
      <label class="inline">
        <span>Member</span>
        <select value={props.value} onChange={(event) => props.onChange(event.currentTarget.value)}>
          <option value={self.user}>You</option>
          {members.map((one) => (
            <option key={one.user} value={one.user}>
              {one.email}
            </option>
          ))}
        </select>
      </label>
    </Filters>
  );
}

function EndSession(props: { of: SessionInfo | "all"; user: string; own: boolean; onClose: () => void; onDone: () => void }): JSX.Element {
  const { api, signOut, tell } = useApp();
  const form = useSave();
  const userName = useUserName();
  const { of: what } = props;
  const whose = props.user ? userName(props.user) : "yours";
  const submit = (): void =>
    form.save({}, async () => {
      if (what === "all") await api.call("endSessions", { query: props.user ? { user: props.user } : {} });
      else if (props.own) return signOut();
      else await api.call("endSession", { params: { session: what.id } });
      if (props.own) return signOut();
      tell(what === "all" ? "All sessions are ended." : "The session is ended.");
      props.onDone();
    });
  return (
    <Dialog title={what === "all" ? "End all sessions" : "End this session"} onClose={form.busy ? undefined : props.onClose}>
      <Form
        state={form}
        fields={[]}
        onSubmit={submit}
        actions={
          <>
            <Button onClick={props.onClose}>Cancel</Button>
            <Button kind="danger" type="submit" busy={form.busy}>
              {what === "all" ? "End all" : "End session"}
            </Button>
          </>
        }
      >
        {what === "all" ? <p>{props.user ? `All sessions of ${whose} end at once.` : "All your sessions end at once, this one included. You then sign in again."}</p> : null}
        {what !== "all" ? <p>{props.own ? "This is the session that you use now: ending it signs you out." : `The session in ${what.label ?? "an unknown browser"} ends with its next request.`}</p> : null}
      </Form>
    </Dialog>
  );
}
