// The organisation: its name, its plan, and what another plan would allow.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../app/context";
import { useLoad } from "../app/load";
import { link } from "../app/router";
import { planOf, type Plan } from "../core/config";
import { count } from "../core/durations";
import { number } from "../core/format";
import { compared, limitNames, limitWords } from "../core/plans";
import { onlyManages } from "../core/scopes";
import type { Key, Org } from "../core/types";
import { share } from "../core/usage";
import { Button } from "../ui/button";
import { TextField, useSave } from "../ui/form";
import { Notice } from "../ui/notice";
import { PageView, Panel } from "../ui/page";
import { SaveDialog } from "../ui/savedialog";
import { Badge, Code, Facts, Meter, Time } from "../ui/show";
import { LoadedView } from "../ui/states";
import { Table, type Column } from "../ui/table";
import { ChangePlan } from "./orgacts";

export function OrgView(): JSX.Element {
  const { api, cache, can, config, operator, self, reload } = useApp();
  const found = useLoad(
    async (signal) => ({
      org: await api.call<Org>("getOrg", { params: { org: self.org }, signal }),
      active: can("listKeys") && self.role !== "member" ? await api.all<Key>("listKeys", { query: { state: "active" }, signal }) : null,
    }),
    [self.org],
  );
  const [open, setOpen] = useState<"" | "name" | "plan">("");
  const org = found.data?.org;
  const done = (): void => {
    setOpen("");
    cache.drop(`org ${self.org}`);
    found.reload();
    reload();
  };
  return (
    <PageView
      title="Organisation"
      actions={
        org && can("updateOrg") ? (
          <>
            <Button icon="edit" onClick={() => setOpen("name")}>
              Rename
            </Button>
            {operator ? <Button onClick={() => setOpen("plan")}>Change plan</Button> : null}
          </>
        ) : null
      }
    >
      <LoadedView of={found} what="the organisation">
        {({ org: one, active }) => (
          <>
            <div class="columns even">
              <Panel title="Details">
                <Facts
                  of={[
                    ["Name", <span class="break">{one.name}</span>],
                    ["Id", <Code>{one.id}</Code>],
                    ["Plan", one.plan],
                    ["Created", <Time at={one.created_at} as="date" />],
                  ]}
                />
              </Panel>
              <KeysUsed plan={planOf(config, one.plan)} active={active} />
            </div>
            <Plans now={planOf(config, one.plan)} />
          </>
        )}
      </LoadedView>
      {open === "name" && org ? <Rename of={org} onClose={() => setOpen("")} onDone={done} /> : null}
      {open === "plan" && org ? <ChangePlan of={org} onClose={() => setOpen("")} onDone={done} /> : null}
    </PageView>
  );
}

function KeysUsed(props: { plan: Plan | undefined; active: Key[] | null }): JSX.Element | null {
  const { config } = useApp();
  const { plan, active } = props;
  if (!plan || !active) return null;
  const used = active.filter((key) => !onlyManages(config.scopes, key.scopes)).length;
  const managing = active.length - used;
  return (
    <Panel title="Active keys">
      {plan.keys === 0 ? (
        <Notice kind="info" title={`The plan ${plan.name} has no keys for data.`}>
          <p>Keys that only manage can be made. For data, ask for another plan.</p>
        </Notice>
      ) : (
        <>
          <p class="big">
            {number(used)} <span class="muted small">of {count(plan.keys, "key")} for data</span>
          </p>
          <Meter share={share(used, plan.keys)} label={`${used} of ${plan.keys} keys`} />
          {used >= plan.keys ? <p>The plan is full: revoke a key before you create another.</p> : null}
        </>
      )}
      {managing > 0 ? <p class="muted">{managing === 1 ? "1 more key only manages, and does not count." : `${number(managing)} more keys only manage, and do not count.`}</p> : null}
      <p>
        <a href={link("/keys", { state: "active" })}>All active keys</a>
      </p>
    </Panel>
  );
}

function Plans(props: { now: Plan | undefined }): JSX.Element {
  const { config, operator } = useApp();
  const { now } = props;
  const columns: Column<Plan>[] = [
    {
      title: "Plan",
      cell: (one) => (
        <span class="row">
          {one.name}
          {one.name === now?.name ? <Badge kind="accent">yours</Badge> : null}
        </span>
      ),
    },
    { title: "Active keys", cell: (one) => (one.keys === 0 ? "none for data" : number(one.keys)) },
    ...limitNames(config.plans).map((name) => ({ title: `${name[0]!.toUpperCase()}${name.slice(1)}`, cell: (one: Plan) => limitWords(one.limits[name]) })),
    { title: "Compared with yours", cell: (one) => (!now || one.name === now.name ? <span class="muted">–</span> : compared(now, one)) },
  ];
  return (
    <Panel title="Plans" flush>
      <Table caption="Plans" columns={config.plans.length > 1 ? columns : columns.slice(0, -1)} rows={config.plans} id={(one) => one.name} />
      <p class="panel-foot muted">Limits of requests are of each key, not of all together. {operator || config.plans.length < 2 ? "" : "To change the plan, ask the operator of this API."}</p>
    </Panel>
  );
}

function Rename(props: { of: Org; onClose: () => void; onDone: () => void }): JSX.Element {
  const { api, tell } = useApp();
  const form = useSave();
  const [name, setName] = useState(props.of.name);
  const submit = (): void => {
    if (name.trim() === "") return form.refuse("name", "Give the organisation a name");
    if (name.trim() === props.of.name) return props.onClose();
    form.save({ name }, async () => {
      await api.call("updateOrg", { params: { org: props.of.id }, body: { name: name.trim() } });
      tell("The name is saved.");
      props.onDone();
    });
  };
  return (
    <SaveDialog title="Rename the organisation" form={form} fields={["name"]} save="Save" onClose={props.onClose} onSubmit={submit}>
      <TextField name="name" label="Name" value={name} maxLength={80} onInput={setName} />
    </SaveDialog>
  );
}
