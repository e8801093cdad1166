// Applications for approval as a developer: an organisation's own, and for operators all.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../app/context";
import { useUserName } from "../app/facts";
import { useLoad } from "../app/load";
import { go, replace } from "../app/router";
import type { ViewProps } from "../app/views";
import { hasGames } from "../core/scopes";
import { dateTime } from "../core/format";
import { format, into } from "../core/address";
import type { Application, Changed, Org } from "../core/types";
import { Button } from "../ui/button";
import { Check, FieldSet, TextField, useSave } from "../ui/form";
import { Filters, PageView } from "../ui/page";
import { Pager } from "../ui/pager";
import { SaveDialog } from "../ui/savedialog";
import { Chips, Code, State, Time } from "../ui/show";
import { Empty, LoadedView } from "../ui/states";
import { Table, type Column } from "../ui/table";

export function ApplicationsView({ query }: ViewProps): JSX.Element {
  const { api, cache, can, self } = useApp();
  const userName = useUserName();
  const { at = "" } = query;
  const found = useLoad((signal) => api.list<Application>("listApplications", { signal }, at), [at]);
  const [applying, setApplying] = useState(false);
  const apply = can("createApplication") ? (
    <Button kind="primary" icon="plus" onClick={() => setApplying(true)}>
      Apply
    </Button>
  ) : null;
  const columns: Column<Application>[] = [
    { title: "Approval", cell: (one) => <Approval of={one} /> },
    { title: "State", cell: (one) => <State of={one.state} /> },
    { title: "Reason", cell: (one) => <span class="break lines">{one.reason || "–"}</span> },
    { title: "Applied", cell: (one) => <><Time at={one.created_at} as="date" /> <span class="break">by {userName(one.created_by)}</span></> },
    { title: "Decided", cell: (one) => <Time at={one.decided_at} as="date" none="not yet" /> },
  ];
  return (
    <PageView title="Applications" intro={<Unlocks />} actions={apply}>
      <LoadedView of={found} what="applications">
        {(page) =>
          page.items.length === 0 ? (
            <Empty title="No applications" icon="shield" action={apply}>
              <p>Apply where a scope needs it. The operator decides.</p>
            </Empty>
          ) : (
            <>
              <Table caption="Applications" columns={columns} rows={page.items} id={(one) => one.id} />
              <Pager at={at} next={page.next} shown={page.items.length} total={page.total} onGo={(to) => go("/applications", { at: to })} />
            </>
          )
        }
      </LoadedView>
      {applying ? (
        <Apply
          onClose={() => setApplying(false)}
          onDone={() => {
            setApplying(false);
            cache.drop(`applications ${self.org}`);
            found.reload();
          }}
        />
      ) : null}
    </PageView>
  );
}

function Approval(props: { of: Application }): JSX.Element {
  const { of: one } = props;
  return (
    <span>
      {one.kind}
      {one.game ? (
        <>
          {" "}
          <Code>{one.game}</Code>
        </>
      ) : null}
    </span>
  );
}

/** Which scopes grant nothing without an approval. */
function Unlocks(): JSX.Element | null {
  const { config } = useApp();
  const of = (needs: string): string[] => config.scopes.names.filter((one) => one.needs === needs && one.permissions.length > 0).map((one) => one.name);
  const rows = [
    ["general", "as a developer"],
    ["game", "as the developer of the key's game"],
  ].filter(([needs]) => of(needs!).length > 0);
  if (rows.length === 0) return null;
  return (
    <div class="stack">
      {rows.map(([needs, words]) => (
        <div key={needs} class="row">
          <span>Only for organisations that are approved {words}:</span>
          <Chips names={of(needs!)} />
        </div>
      ))}
    </div>
  );
}

function Apply(props: { onClose: () => void; onDone: () => void }): JSX.Element {
  const { api, config, tell } = useApp();
  const form = useSave();
  const general = config.scopes.names.some((one) => one.needs === "general");
  const games = hasGames(config.scopes);
  const [kind, setKind] = useState(general ? "general" : "game");
  const [game, setGame] = useState("");
  const [reason, setReason] = useState("");
  const submit = (): void => {
    if (kind === "game" && !/^[a-z0-9-]{1,64}$/.test(game.trim())) return form.refuse("game", "Lower-case letters, digits and -, at most 64");
    const body = { kind, ...(kind === "game" ? { game: game.trim() } : {}), ...(reason.trim() ? { reason: reason.trim() } : {}) };
    form.save(body, async () => {
      await api.call("createApplication", { body });
      tell("The application is sent.");
      props.onDone();
    });
  };
  return (
    <SaveDialog title="Apply for approval" form={form} fields={["kind", "game", "reason"]} save="Apply" onClose={props.onClose} onSubmit={submit}>
      <FieldSet name="kind" label="Approval">
        {general ? <Check type="radio" name="kind" value="general" label="As a developer" checked={kind === "general"} onChange={() => setKind("general")} /> : null}
        {games ? <Check type="radio" name="kind" value="game" label="As the developer of a game" checked={kind === "game"} onChange={() => setKind("game")} /> : null}
      </FieldSet>
      {kind === "game" ? <TextField name="game" label="Game" mono value={game} maxLength={64} placeholder="rocket-rally" hint="Id of the game." onInput={setGame} /> : null}
      <TextField name="reason" label="Reason" optional rows={4} value={reason} maxLength={500} hint="The operator reads it. At most 500 characters." onInput={setReason} />
    </SaveDialog>
  );
}

/** For operators: the applications of all organisations, to decide. */
export function DecisionsView({ query }: ViewProps): JSX.Element {
  const { api, can } = useApp();
  const { state = "pending", at = "" } = query;
  const found = useLoad(
    async (signal) => {
      const page = await api.list<Application>("listApplications", { signal }, at, 100);
      const orgs = can("listOrgs") ? await api.all<Org>("listOrgs", { signal }) : [];
      return { page, names: new Map(orgs.map((one) => [one.id, one.name])) };
    },
    [at],
  );
  const [deciding, setDeciding] = useState<{ of: Application; state: "approved" | "withdrawn" } | null>(null);
  return (
    <PageView title="Applications" intro={<p>Approvals that organisations ask for. The API lists all, newest first; the filter is of the page that is shown.</p>}>
      <Filters label="Filter applications">
        <label class="inline">
          <span>State</span>
          <select value={state} onChange={(event) => replace("/decisions", { state: event.currentTarget.value, at })}>
            {["pending", "approved", "withdrawn", "all"].map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      </Filters>
      <LoadedView of={found} what="applications">
        {({ page, names }) => (
          <>
            <DecisionTable of={page.items.filter((one) => state === "all" || one.state === state)} names={names} more={page.next !== null} onDecide={(one, to) => setDeciding({ of: one, state: to })} />
            <Pager at={at} next={page.next} shown={page.items.length} total={page.total} onGo={(to) => go("/decisions", { state, at: to })} />
          </>
        )}
      </LoadedView>
      {deciding ? (
        <Decide
          {...deciding}
          org={found.data?.names.get(deciding.of.org) ?? deciding.of.org}
          onClose={() => setDeciding(null)}
          onDone={() => {
            setDeciding(null);
            found.reload();
          }}
        />
      ) : null}
    </PageView>
  );
}

function DecisionTable(props: { of: Application[]; names: Map<string, string>; more: boolean; onDecide: (of: Application, state: "approved" | "withdrawn") => void }): JSX.Element {
  if (props.of.length === 0) {
    return (
      <Empty title="Nothing to decide" icon="shield">
        <p>{props.more ? "No application on this page has this state." : "No application has this state."}</p>
      </Empty>
    );
  }
  const columns: Column<Application>[] = [
    { title: "Organisation", cell: (one) => <a class="break" href={format(into(one.org, "/organisation"))}>{props.names.get(one.org) ?? one.org}</a> },
    { title: "Approval", cell: (one) => <Approval of={one} /> },
    { title: "State", cell: (one) => <State of={one.state} /> },
    { title: "Reason", cell: (one) => <span class="break lines">{one.reason || "–"}</span> },
    { title: "Applied", cell: (one) => <Time at={one.created_at} as="relative" /> },
    {
      title: "Decision",
      cell: (one) => (
        <div class="actions start">
          {one.state === "approved" ? null : <Button onClick={() => props.onDecide(one, "approved")}>Approve</Button>}
          {one.state === "withdrawn" ? null : (
            <Button kind="danger" onClick={() => props.onDecide(one, "withdrawn")}>
              {one.state === "pending" ? "Decline" : "Withdraw"}
            </Button>
          )}
        </div>
      ),
    },
  ];
  return <Table caption="Applications" columns={columns} rows={props.of} id={(one) => one.id} />;
}

function Decide(props: { of: Application; state: "approved" | "withdrawn"; org: string; onClose: () => void; onDone: () => void }): JSX.Element {
  const { api, tell } = useApp();
  const form = useSave();
  const { of: one, state } = props;
  const approve = state === "approved";
  const verb = approve ? "Approve" : one.state === "pending" ? "Decline" : "Withdraw";
  const submit = (): void =>
    form.save({ state }, async () => {
      const now = await api.call<Application & Changed>("decideApplication", { params: { application: one.id }, body: { state } });
      tell(now.effective_by ? `Approved. Keys of the organisation may do more everywhere by ${dateTime(now.effective_by)}.` : "Decided. It is in effect now.");
      props.onDone();
    });
  return (
    <SaveDialog title={`${verb} the application of ${props.org}`} form={form} fields={[]} danger={!approve} save={verb} onClose={props.onClose} onSubmit={submit}>
      <p>
        <Approval of={one} />
      </p>
      <p>{approve ? "Keys with scopes that need this approval then work." : "Scopes that need this approval grant nothing from the next request of the organisation's keys."}</p>
    </SaveDialog>
  );
}
