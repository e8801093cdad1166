// What is done with one webhook: edit, disable, rotate its secret, test, delete.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../app/context";
import { go } from "../app/router";
import { durationWords, overlapChoices, secondsWords } from "../core/durations";
import { dateTime } from "../core/format";
import { choicesOf, isOverlap, longestOverlap, type CreatedWebhook, type Delivery, type Webhook } from "../core/webhooks";
import { Check, FieldSet, TextField, useSave } from "../ui/form";
import { Notice } from "../ui/notice";
import { SaveDialog } from "../ui/savedialog";
import { LostSecret, WebhookForm, webhookMade } from "./webhookform";

export type WebhookAct = "edit" | "state" | "rotate" | "test" | "delete";

export interface WebhookActProps {
  of: Webhook;
  onClose: () => void;
  /** Called after the change, with the new secret if there is one. */
  onDone: (made: CreatedWebhook | null) => void;
}

export function WebhookDialogs(props: WebhookActProps & { act: WebhookAct }): JSX.Element {
  switch (props.act) {
    case "edit":
      return <WebhookForm {...props} />;
    case "state":
      return <ChangeState {...props} />;
    case "rotate":
      return <RotateWebhook {...props} />;
    case "test":
      return <SendTest {...props} />;
    case "delete":
      return <DeleteWebhook {...props} />;
  }
}

function ChangeState({ of: webhook, onClose, onDone }: WebhookActProps): JSX.Element {
  const { api, tell } = useApp();
  const form = useSave();
  const disable = webhook.state === "enabled";
  const submit = (): void =>
    form.save({}, async () => {
      await api.call("updateWebhook", { params: { webhook: webhook.id }, body: { state: disable ? "disabled" : "enabled" } });
      tell(disable ? "The webhook is disabled." : "The webhook is enabled.");
      onDone(null);
    });
  return (
    <SaveDialog title={disable ? "Disable webhook" : "Enable webhook"} form={form} fields={[]} save={disable ? "Disable" : "Enable"} danger={disable} onClose={onClose} onSubmit={submit}>
      <p>{disable ? "Nothing is sent to it until it is enabled. Events that it misses are not sent later, and pending deliveries are canceled." : "Events from now on are sent to it. Those that it missed are not."}</p>
    </SaveDialog>
  );
}

function RotateWebhook(props: WebhookActProps): JSX.Element {
  const { overlap } = choicesOf(useApp().config);
  return overlap > 0 ? <RotateNow {...props} seconds={overlap} /> : <RotateWithChoice {...props} />;
}

/** Rotates with the overlap that the product has. */
function RotateNow({ of: webhook, onClose, onDone, seconds }: WebhookActProps & { seconds: number }): JSX.Element {
  const { api } = useApp();
  const form = useSave();
  const two = webhook.previous_expires_at !== null && Date.parse(webhook.previous_expires_at) > Date.now();
  const lost = form.error ? webhookMade(form.error) : "";
  const submit = (): void =>
    form.save({}, async (once) => {
      const made = await api.call<CreatedWebhook>("rotateWebhook", { params: { webhook: webhook.id }, once });
      const now = Date.now();
      onDone({ rotated_at: new Date(now).toISOString(), previous_expires_at: new Date(now + seconds * 1000).toISOString(), ...made });
    });
  return (
    <SaveDialog title="Rotate the signing secret" form={form} fields={[]} save="Rotate" onClose={onClose} onSubmit={submit}>
      <p>Deliveries are signed with a new secret. For {secondsWords(seconds)} they also have the signature of the old one, so that your receiver can change over.</p>
      {two ? (
        <Notice kind="warning" title="A secret from an earlier rotation still signs">
          <p>It would sign until {dateTime(webhook.previous_expires_at!)}. Rotating again ends it at once.</p>
        </Notice>
      ) : null}
      {lost ? <LostSecret of={lost} onClose={onClose} /> : null}
    </SaveDialog>
  );
}

function RotateWithChoice({ of: webhook, onClose, onDone }: WebhookActProps): JSX.Element {
  const { api } = useApp();
  const form = useSave();
  const [overlap, setOverlap] = useState("24h");
  const [custom, setCustom] = useState("");
  const [force, setForce] = useState(false);
  const two = webhook.previous_expires_at !== null && Date.parse(webhook.previous_expires_at) > Date.now();
  const again = two || (form.error?.kind === "conflict" && webhookMade(form.error) === "");
  const asked = overlap === "other" ? custom.trim() : overlap;
  const lost = form.error ? webhookMade(form.error) : "";
  const submit = (): void => {
    if (overlap === "other" && !isOverlap(asked)) return form.refuse("overlap", "A whole number and one of m, h, d, such as 36h; at most 7d");
    const body = { ...(asked ? { overlap: asked } : {}), ...(force ? { force: true } : {}) };
    form.save(body, async (once) => onDone(await api.call<CreatedWebhook>("rotateWebhook", { params: { webhook: webhook.id }, body, once })));
  };
  return (
    <SaveDialog title="Rotate the signing secret" form={form} fields={["overlap"]} save="Rotate" disabled={again && !force ? "Say first that the earlier secret may end now" : ""} onClose={onClose} onSubmit={submit}>
      <p>Deliveries are signed with a new secret. During an overlap they have both signatures, so that your receiver can change over.</p>
      <FieldSet name="overlap" label="The old secret ends">
        <Check type="radio" name="overlap" value="" label="At once" hint="A receiver that knows only the old secret refuses the next delivery." checked={overlap === ""} onChange={() => setOverlap("")} />
        {overlapChoices(longestOverlap).map((one) => (
          <Check key={one} type="radio" name="overlap" value={one} label={`After ${durationWords(one)}`} checked={overlap === one} onChange={() => setOverlap(one)} />
        ))}
        <Check type="radio" name="overlap" value="other" label="After another time" checked={overlap === "other"} onChange={() => setOverlap("other")} />
        {overlap === "other" ? (
          <div class="indent">
            <input class="short mono" aria-label="Overlap" placeholder="36h" value={custom} onInput={(event) => setCustom(event.currentTarget.value)} />
          </div>
        ) : null}
      </FieldSet>
      {again ? (
        <Notice kind="warning" title="A secret from an earlier rotation still signs">
          <p>{two ? `It would sign until ${dateTime(webhook.previous_expires_at!)}. ` : ""}Rotating again ends it at once.</p>
          <Check label="End the earlier secret now" checked={force} onChange={setForce} />
        </Notice>
      ) : null}
      {lost ? <LostSecret of={lost} onClose={onClose} /> : null}
    </SaveDialog>
  );
}

function SendTest({ of: webhook, onClose, onDone }: WebhookActProps): JSX.Element {
  const { api, can, tell } = useApp();
  const form = useSave();
  const submit = (): void =>
    form.save({}, async () => {
      if (can("createDelivery")) {
        await api.call<Delivery>("createDelivery", { params: { webhook: webhook.id }, body: {} });
        tell("The test event is on its way.");
      } else {
        const { delivered } = await api.call<{ delivered: boolean }>("testWebhook", { params: { webhook: webhook.id } });
        tell(delivered ? "The endpoint accepted the test event." : "The endpoint did not accept the test event.");
      }
      onDone(null);
    });
  return (
    <SaveDialog title="Send a test event" form={form} fields={[]} save="Send" onClose={onClose} onSubmit={submit}>
      <p>
        An event of the type <code class="mono">webhook.test</code> is sent to:
      </p>
      <p class="mono break">{webhook.url}</p>
    </SaveDialog>
  );
}

function DeleteWebhook({ of: webhook, onClose }: WebhookActProps): JSX.Element {
  const { api, tell } = useApp();
  const form = useSave();
  const [typed, setTyped] = useState("");
  const host = webhook.url.replace(/^https?:\/\//i, "").split(/[/?#]/)[0]!;
  const same = typed.trim().toLowerCase() === host.toLowerCase();
  const submit = (): void => {
    if (!same) return form.refuse("host", "This is not the webhook's host");
    form.save({}, async () => {
      await api.call("deleteWebhook", { params: { webhook: webhook.id } });
      tell("The webhook is deleted.");
      go("/webhooks");
    });
  };
  return (
    <SaveDialog title="Delete webhook" form={form} fields={["host"]} danger disabled={same ? "" : "Type the host first"} save="Delete webhook" onClose={onClose} onSubmit={submit}>
      <p>Nothing more is sent to it, and its deliveries are no longer listed. This cannot be undone.</p>
      <TextField name="host" label={`Type the host to confirm: ${host}`} value={typed} onInput={setTyped} />
    </SaveDialog>
  );
}
