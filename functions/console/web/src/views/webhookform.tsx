// Creating and editing a webhook, and its signing secret.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../app/context";
import { link } from "../app/router";
import { variableName } from "../core/config";
import { isObject } from "../core/answers";
import type { ApiError } from "../core/errors";
import { choicesOf, type CreatedWebhook, type Webhook } from "../core/webhooks";
import { Check, FieldSet, TextField, useSave } from "../ui/form";
import { IdsField } from "../ui/ids";
import { Notice } from "../ui/notice";
import { SaveDialog } from "../ui/savedialog";
import { SecretDialog } from "../ui/secret";
import { Time } from "../ui/show";

interface Draft {
  url: string;
  description: string;
  all: boolean;
  types: string[];
  leagues: string[];
  teams: string[];
}

export interface WebhookFormProps {
  /** The webhook to edit; null for a new one. */
  of: Webhook | null;
  onClose: () => void;
  /** Called with a new webhook and its secret, else with null. */
  onDone: (made: CreatedWebhook | null) => void;
}

export function WebhookForm(props: WebhookFormProps): JSX.Element {
  const { api, can, config, tell } = useApp();
  const { of: webhook } = props;
  const form = useSave();
  const { explicit, filters } = choicesOf(config);
  const [draft, setDraft] = useState<Draft>(() => ({
    url: webhook?.url ?? "",
    description: webhook?.description ?? "",
    all: !explicit && (!webhook || webhook.types.length === 0),
    types: webhook?.types ?? [],
    leagues: webhook?.leagues ?? [],
    teams: webhook?.teams ?? [],
  }));
  const [leagues, setLeagues] = useState<{ id: string; name: string }[] | null>(null);
  const set = (part: Partial<Draft>): void => setDraft((now) => ({ ...now, ...part }));
  const readLeagues = (): void => {
    if (leagues || !can("listLeagues")) return;
    setLeagues([]);
    api.list<{ id: string; name: string }>("listLeagues", {}, "", 100).then(
      (page) => setLeagues(page.items),
      () => {}, // ids can be typed
    );
  };
  const submit = (): void => {
    if (!/^https?:\/\/./i.test(draft.url.trim())) return form.refuse("url", "An address that begins with https://");
    if (!draft.all && draft.types.length === 0) return form.refuse("types", explicit ? "Choose at least one event" : "Choose at least one event, or all");
    const chosen = filters ? { leagues: draft.leagues, teams: draft.teams } : {};
    const body = { url: draft.url.trim(), description: draft.description.trim(), types: draft.all ? [] : draft.types, ...chosen };
    form.save(body, async (once) => {
      if (webhook) {
        await api.call("updateWebhook", { params: { webhook: webhook.id }, body });
        tell("Saved.");
        return props.onDone(null);
      }
      props.onDone(await api.call<CreatedWebhook>("createWebhook", { body, once }));
    });
  };
  const lost = form.error ? webhookMade(form.error) : "";
  return (
    <SaveDialog title={webhook ? "Edit webhook" : "Create webhook"} wide form={form} fields={["url", "description", "types", "leagues", "teams"]} save={webhook ? "Save" : "Create webhook"} onClose={props.onClose} onSubmit={submit}>
      <TextField name="url" label="Address" type="url" mono value={draft.url} maxLength={2048} placeholder="https://example.com/events" hint="Receives a POST for each event. It must be on the public internet; redirects are not followed." onInput={(url) => set({ url })} />
      <TextField name="description" label="Description" optional value={draft.description} maxLength={200} rows={2} onInput={(description) => set({ description })} />
      <FieldSet name="types" label="Events">
        {explicit ? null : <Check label="All, also those that come later" checked={draft.all} onChange={(all) => set({ all })} />}
        {draft.all ? null : (
          <div class="check-list indent">
            {(config.events ?? []).map((one) => (
              <Check key={one.type} label={<code class="mono">{one.type}</code>} checked={draft.types.includes(one.type)} onChange={(on) => set({ types: on ? [...draft.types, one.type] : draft.types.filter((type) => type !== one.type) })} />
            ))}
          </div>
        )}
      </FieldSet>
      {filters ? (
        <>
          <IdsField name="leagues" label="Only these leagues" hint="Ids of leagues. Without any, events of all leagues are sent." value={draft.leagues} known={leagues ?? []} onOpen={readLeagues} onChange={(ids) => set({ leagues: ids })} />
          <IdsField name="teams" label="Only these teams" hint="Ids of teams. Without any, events of all teams are sent." value={draft.teams} onChange={(ids) => set({ teams: ids })} />
        </>
      ) : null}
      {lost ? <LostSecret of={lost} onClose={props.onClose} /> : null}
    </SaveDialog>
  );
}

/** Id of the webhook that an earlier attempt made or rotated, if the error says so; else "". */
export function webhookMade(error: ApiError): string {
  return error.kind === "conflict" && isObject(error.details) && typeof error.details.webhook === "string" ? error.details.webhook : "";
}

export function LostSecret(props: { of: string; onClose: () => void }): JSX.Element {
  return (
    <Notice kind="warning" live title="An earlier attempt did this already">
      <p>Its answer with the signing secret did not arrive here, and the secret cannot be shown again.</p>
      <p>
        <a href={link(`/webhooks/${encodeURIComponent(props.of)}`)} onClick={props.onClose}>
          Open the webhook
        </a>{" "}
        and rotate its secret to get a new one.
      </p>
    </Notice>
  );
}

/** Shows the signing secret of a new webhook, or a new one of a webhook. */
export function SigningSecret(props: { of: CreatedWebhook; onClose: () => void }): JSX.Element {
  const { config } = useApp();
  const { of: webhook } = props;
  const name = variableName(config).replace(/API_KEY$/, "WEBHOOK_SECRET");
  return (
    <SecretDialog title={webhook.rotated_at ? "New signing secret" : "The webhook is ready"} secret={webhook.signing_secret} file={`${name}=${webhook.signing_secret}\n`} onClose={props.onClose}>
      <p>Your receiver checks the signature of each delivery with this secret (Standard Webhooks).</p>
      {webhook.rotated_at && webhook.previous_expires_at ? (
        <p>
          The old secret also signs until <Time at={webhook.previous_expires_at} />.
        </p>
      ) : null}
    </SecretDialog>
  );
}
