// One webhook: its settings, and what was sent to it.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../app/context";
import { useLoad, type Loaded } from "../app/load";
import type { Page } from "../core/client";
import { go, link } from "../app/router";
import type { ViewProps } from "../app/views";
import { answerOf, choicesOf, hasEnded, type CreatedWebhook, type Delivery, type Webhook } from "../core/webhooks";
import { Button } from "../ui/button";
import { Menu } from "../ui/menu";
import { Notice } from "../ui/notice";
import { PageView, Panel } from "../ui/page";
import { Pager } from "../ui/pager";
import { Chips, Code, Facts, State, Time } from "../ui/show";
import { Empty, LoadedView } from "../ui/states";
import { Table, type Column } from "../ui/table";
import { WebhookDialogs, type WebhookAct } from "./webhookacts";
import { SigningSecret } from "./webhookform";
import { WebhookState } from "./webhooks";

export function WebhookView({ params, query }: ViewProps): JSX.Element {
  const { api, can } = useApp();
  const id = params.webhook!;
  const { at = "" } = query;
  const found = useLoad(
    async (signal) => {
      const webhook = await api.call<Webhook>("getWebhook", { params: { webhook: id }, signal });
      const none: Page<Delivery> = { items: [], next: null, total: null };
      return { webhook, deliveries: can("listDeliveries") ? await api.list<Delivery>("listDeliveries", { params: { webhook: id }, signal }, at) : none };
    },
    [id, at],
  );
  const [act, setAct] = useState<WebhookAct | null>(null);
  const [secret, setSecret] = useState<CreatedWebhook | null>(null);
  const shown = found.data?.webhook;
  const watch = useSoon(found.reload);
  const done = (made: CreatedWebhook | null): void => {
    if (act === "test") watch();
    setAct(null);
    setSecret(made);
    found.reload();
  };
  return (
    <PageView title={shown ? hostOf(shown.url) : "Webhook"} back={{ href: link("/webhooks"), label: "Webhooks" }} beside={shown ? <WebhookState of={shown} /> : null} actions={shown ? <Acts of={shown} onAct={setAct} /> : null}>
      <LoadedView of={found} what="the webhook">
        {({ webhook, deliveries }) => (
          <>
            <Remarks of={webhook} />
            <Settings of={webhook} />
            {can("listDeliveries") ? <Deliveries of={deliveries} webhook={webhook} at={at} loaded={found} onSent={watch} /> : null}
          </>
        )}
      </LoadedView>
      {act && shown ? <WebhookDialogs act={act} of={shown} onClose={() => setAct(null)} onDone={done} /> : null}
      {secret ? <SigningSecret of={secret} onClose={() => setSecret(null)} /> : null}
    </PageView>
  );
}

// The answer to a delivery arrives within seconds. Reading it counts as requests for data, so it
// is read again only twice.
const laterMillis = [1500, 6000];

function useSoon(reload: () => void): () => void {
  const [sent, setSent] = useState(0);
  useEffect(() => {
    if (sent === 0) return;
    const timers = laterMillis.map((millis) => setTimeout(reload, millis));
    return () => timers.forEach(clearTimeout);
  }, [sent]);
  return () => setSent((n) => n + 1);
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return "Webhook";
  }
}

function Acts(props: { of: Webhook; onAct: (act: WebhookAct) => void }): JSX.Element {
  const { can } = useApp();
  const { of: webhook, onAct } = props;
  const enabled = webhook.state === "enabled";
  return (
    <>
      {(can("createDelivery") || can("testWebhook")) && enabled ? (
        <Button icon="send" onClick={() => onAct("test")}>
          Send test event
        </Button>
      ) : null}
      {can("updateWebhook") ? (
        <>
          <Button icon="edit" onClick={() => onAct("edit")}>
            Edit
          </Button>
          <Button onClick={() => onAct("state")}>{enabled ? "Disable" : "Enable"}</Button>
        </>
      ) : null}
      {can("rotateWebhook") ? (
        <Button icon="refresh" onClick={() => onAct("rotate")}>
          Rotate
        </Button>
      ) : null}
      {can("deleteWebhook") ? (
        <Button icon="trash" kind="danger" onClick={() => onAct("delete")}>
          Delete
        </Button>
      ) : null}
    </>
  );
}

function Remarks(props: { of: Webhook }): JSX.Element {
  const { of: one } = props;
  return (
    <>
      {one.state === "disabled" ? (
        <Notice kind="warning" title="This webhook is disabled">
          <p>{one.reason ? `Failed deliveries disabled it: ${one.reason}.` : "Nothing is sent to it."} Events that it misses are not sent later.</p>
        </Notice>
      ) : null}
      {one.failing_since && one.state === "enabled" ? (
        <Notice kind="warning" title="Deliveries fail">
          <p>
            None has succeeded since <Time at={one.failing_since} />. They are tried again; the webhook is disabled if this goes on.
          </p>
        </Notice>
      ) : null}
      {one.previous_expires_at && Date.parse(one.previous_expires_at) > Date.now() ? (
        <Notice kind="info" title="Two secrets sign">
          <p>
            The one before the last rotation also signs until <Time at={one.previous_expires_at} />.
          </p>
        </Notice>
      ) : null}
    </>
  );
}

function Settings(props: { of: Webhook }): JSX.Element {
  const { filters } = choicesOf(useApp().config);
  const { of: one } = props;
  return (
    <Panel title="Settings">
      <Facts
        of={[
          ["Address", <span class="break">{one.url}</span>],
          ["Description", one.description || "–"],
          ["Events", <Chips names={one.types} none="all" />],
          ...(filters ? ([["Leagues", <Chips names={one.leagues ?? []} none="all" />], ["Teams", <Chips names={one.teams ?? []} none="all" />]] as [string, JSX.Element][]) : []),
          ["Id", <Code>{one.id}</Code>],
          ["Created", <Time at={one.created_at} />],
          ["Last change", <Time at={one.updated_at} as="relative" />],
          ["Secret rotated", <Time at={one.rotated_at} as="relative" none="never" />],
        ]}
      />
    </Panel>
  );
}

interface DeliveriesProps {
  of: Page<Delivery>;
  webhook: Webhook;
  at: string;
  loaded: Loaded<unknown>;
  /** Called after an event is sent again. */
  onSent: () => void;
}

function Deliveries(props: DeliveriesProps): JSX.Element {
  const { api, can, tell } = useApp();
  const { of: page, webhook, loaded } = props;
  const again = (one: Delivery): void => {
    const sent = can("createDelivery")
      ? api.call("createDelivery", { params: { webhook: webhook.id }, body: { delivery: one.id } })
      : api.call("replayDelivery", { params: { webhook: webhook.id, delivery: one.id } });
    sent.then(
      () => {
        tell("The event is sent again.");
        loaded.reload();
        props.onSent();
      },
      (problem: unknown) => tell(problem instanceof Error ? problem.message : "It could not be sent again."),
    );
  };
  const columns: Column<Delivery>[] = [
    {
      title: "Event",
      cell: (one) => (
        <div class="stack">
          <Code>{one.type}</Code>
          <code class="mono small muted break">{one.event}</code>
        </div>
      ),
    },
    { title: "State", cell: (one) => <State of={one.state} /> },
    { title: "Attempts", numeric: true, cell: (one) => one.attempts },
    {
      title: "Last answer",
      cell: (one) => (
        <div class="stack">
          <span>{answerOf(one)}</span>
          {one.error ? <span class="small break">{one.error}</span> : null}
        </div>
      ),
    },
    { title: "Last attempt", cell: (one) => <Time at={one.tried_at} as="relative" /> },
    { title: "Next attempt", cell: (one) => <Time at={one.next_at} as="relative" /> },
    { title: "Created", cell: (one) => <Time at={one.created_at} /> },
    { title: "Actions", quiet: true, cell: (one) => ((can("createDelivery") || can("replayDelivery")) && hasEnded(one) && webhook.state === "enabled" ? <Menu label={`Actions for ${one.event}`} items={[{ label: "Send again", icon: "send", onSelect: () => again(one) }]} /> : null) },
  ];
  return (
    <Panel
      title="Deliveries"
      flush
      actions={
        <Button kind="quiet" icon="refresh" busy={loaded.busy} onClick={loaded.reload}>
          Refresh
        </Button>
      }
    >
      {page.items.length === 0 ? (
        <Empty title="No deliveries" icon="hook">
          <p>Nothing was sent in the last 15 days. Send a test event to try the receiver.</p>
        </Empty>
      ) : (
        <>
          <Table caption="Deliveries" columns={columns} rows={page.items} id={(one) => one.id} />
          <div class="panel-foot">
            <Pager at={props.at} next={page.next} shown={page.items.length} total={page.total} onGo={(to) => go(`/webhooks/${encodeURIComponent(webhook.id)}`, { at: to })} />
          </div>
        </>
      )}
    </Panel>
  );
}
