// The organisation's webhooks.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../app/context";
import { useOrg } from "../app/facts";
import { useLoad } from "../app/load";
import { go, link } from "../app/router";
import type { ViewProps } from "../app/views";
import { planOf } from "../core/config";
import { choicesOf, type CreatedWebhook, type Webhook } from "../core/webhooks";
import { Button } from "../ui/button";
import { PageView } from "../ui/page";
import { Pager } from "../ui/pager";
import { Badge, Chips, State, Time } from "../ui/show";
import { Empty, LoadedView } from "../ui/states";
import { Table, type Column } from "../ui/table";
import { SigningSecret, WebhookForm } from "./webhookform";

export function WebhooksView({ query }: ViewProps): JSX.Element {
  const { api, can, config, operator, self } = useApp();
  const org = useOrg();
  const { at = "" } = query;
  const found = useLoad((signal) => api.list<Webhook>("listWebhooks", { signal }, at), [at]);
  const [creating, setCreating] = useState(false);
  const [made, setMade] = useState<CreatedWebhook | null>(null);
  const plan = planOf(config, org?.plan ?? self.plan);
  const create = can("createWebhook") ? (
    <Button kind="primary" icon="plus" onClick={() => setCreating(true)}>
      Create webhook
    </Button>
  ) : null;
  if (plan?.keys === 0 && !operator) {
    return (
      <PageView title="Webhooks">
        <Empty title={`The plan ${plan.name} has no webhooks`} icon="hook">
          <p>It has no keys for data, and webhooks deliver data. Ask for another plan.</p>
        </Empty>
      </PageView>
    );
  }
  return (
    <PageView title="Webhooks" intro={<p>Events are sent to your address by a signed POST within seconds of a change.</p>} actions={create}>
      <LoadedView of={found} what="webhooks">
        {(page) =>
          page.items.length === 0 ? (
            <Empty title="No webhooks yet" icon="hook" action={create}>
              <p>Create one to be told of changes instead of asking for them.</p>
            </Empty>
          ) : (
            <>
              <WebhookTable of={page.items} />
              <Pager at={at} next={page.next} shown={page.items.length} total={page.total} onGo={(to) => go("/webhooks", { at: to })} />
            </>
          )
        }
      </LoadedView>
      {creating ? (
        <WebhookForm
          of={null}
          onClose={() => setCreating(false)}
          onDone={(one) => {
            setCreating(false);
            setMade(one);
            found.reload();
          }}
        />
      ) : null}
      {made ? <SigningSecret of={made} onClose={() => setMade(null)} /> : null}
    </PageView>
  );
}

/** The state of a webhook: failing ones say so. */
export function WebhookState(props: { of: Webhook }): JSX.Element {
  const { of: one } = props;
  return (
    <span class="row">
      <State of={one.state} />
      {one.failing_since && one.state === "enabled" ? <Badge kind="warning">failing</Badge> : null}
    </span>
  );
}

function WebhookTable(props: { of: Webhook[] }): JSX.Element {
  const { filters } = choicesOf(useApp().config);
  const columns: Column<Webhook>[] = [
    {
      title: "Address",
      cell: (one) => (
        <div class="stack">
          <a class="break" href={link(`/webhooks/${encodeURIComponent(one.id)}`)}>
            {one.url}
          </a>
          {one.description ? <span class="muted small break">{one.description}</span> : null}
        </div>
      ),
    },
    { title: "State", cell: (one) => <WebhookState of={one} /> },
    { title: "Events", cell: (one) => <Chips names={one.types} most={3} none="all" /> },
    ...(filters ? [{ title: "Only", cell: (one: Webhook) => <Chips names={[...(one.leagues ?? []), ...(one.teams ?? [])]} most={3} none="–" /> }] : []),
    { title: "Created", cell: (one) => <Time at={one.created_at} as="date" /> },
  ];
  return <Table caption="Webhooks" columns={columns} rows={props.of} id={(one) => one.id} />;
}
