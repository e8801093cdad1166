// Creating a key.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../app/context";
import { useApplications, useMembers, useOrg } from "../app/facts";
import { useLoad } from "../app/load";
import { link } from "../app/router";
import { planOf } from "../core/config";
import { count } from "../core/durations";
import { madeBefore } from "../core/errors";
import { expiryBody, expiryOptions, expiryProblem } from "../core/expiry";
import { readMetadata } from "../core/metadata";
import { hasGames, needsGame, onlyManages, type Role } from "../core/scopes";
import type { Key, Minted } from "../core/types";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Form, SelectField, TextField, useSave, type FormState } from "../ui/form";
import { Notice } from "../ui/notice";
import { ExpiryField, MetadataField } from "./keyform";
import { ScopePicker } from "./scopepicker";

interface Draft {
  name: string;
  scopes: string[];
  user: string;
  game: string;
  expiry: string;
  at: string;
  metadata: string;
}

export interface CreateKeyProps {
  onClose: () => void;
  /** Called with the key and its secret, or with null if a key was made whose secret is lost. */
  onMade: (key: Minted | null) => void;
}

export function CreateKey(props: CreateKeyProps): JSX.Element {
  const { api, config, self } = useApp();
  const form = useSave();
  const [draft, setDraft] = useState<Draft>(() => ({
    name: "",
    scopes: config.scopes.default ?? [],
    user: self.user,
    game: "",
    expiry: expiryOptions(config.keys, false)[0]!.value,
    at: "",
    metadata: "",
  }));
  const set = (part: Partial<Draft>): void => setDraft((now) => ({ ...now, ...part }));
  const role = useRoleOf(draft.user);
  const submit = (): void => {
    const body = bodyOf(draft, form, config.keys, self.user, needsGame(config.scopes, draft.scopes));
    if (!body) return;
    form.save(body, async (once) => props.onMade(await api.call<Minted>("createKey", { body, once })));
  };
  const lost = form.error ? madeBefore(form.error) : "";
  return (
    <Dialog title="Create key" wide onClose={form.busy ? undefined : props.onClose}>
      <Form
        state={form}
        fields={["name", "scopes", "user", "game", "expires_in", "expires_at", "metadata"]}
        onSubmit={submit}
        actions={
          <>
            <Button onClick={props.onClose}>Cancel</Button>
            <Button kind="primary" type="submit" busy={form.busy}>
              Create key
            </Button>
          </>
        }
      >
        <PlanRoom scopes={draft.scopes} />
        <TextField name="name" label="Name" value={draft.name} maxLength={80} placeholder="Dashboard bot" hint="What tells it from the others." onInput={(name) => set({ name })} />
        <OwnerField value={draft.user} onChange={(user) => set({ user })} />
        <ScopePicker value={draft.scopes} role={role} game={draft.game} onChange={(scopes) => set({ scopes })} />
        <GameField draft={draft} onChange={(game) => set({ game })} />
        <ExpiryField choice={draft.expiry} at={draft.at} onChange={(expiry, at) => set({ expiry, at })} />
        <MetadataField value={draft.metadata} onInput={(metadata) => set({ metadata })} />
      </Form>
      {lost ? <LostSecret of={lost} onClose={() => props.onMade(null)} /> : null}
    </Dialog>
  );
}

/** Says that a key exists whose secret did not arrive, and how to get another. */
export function LostSecret(props: { of: string; onClose: () => void }): JSX.Element {
  return (
    <Notice kind="warning" live title="An earlier attempt did this already">
      <p>Its answer with the secret did not arrive here, and the secret cannot be shown again.</p>
      <p>
        <a href={link(`/keys/${encodeURIComponent(props.of)}`)} onClick={props.onClose}>
          Open the key
        </a>{" "}
        and rotate it to get a new secret.
      </p>
    </Notice>
  );
}

// Returns the body of the request, or null after marking what is wrong with the draft.
function bodyOf(draft: Draft, form: FormState, rules: ReturnType<typeof useApp>["config"]["keys"], self: string, game: boolean): Record<string, unknown> | null {
  const metadata = readMetadata(draft.metadata);
  const late = expiryProblem(draft.expiry, draft.at, rules, Date.now());
  if (draft.name.trim() === "") form.refuse("name", "Give the key a name");
  else if (game && draft.game.trim() === "") form.refuse("game", "Is needed for these scopes");
  else if (late) form.refuse("expires_at", late);
  else if (metadata.problem) form.refuse("metadata", metadata.problem);
  else {
    return {
      name: draft.name.trim(),
      scopes: draft.scopes,
      ...(draft.user === self ? {} : { user: draft.user }),
      ...(draft.game.trim() && game ? { game: draft.game.trim() } : {}),
      ...expiryBody(draft.expiry, draft.at, false),
      ...(draft.metadata.trim() === "" ? {} : { metadata: metadata.value }),
    };
  }
  return null;
}

function useRoleOf(user: string): Role {
  const { self } = useApp();
  const members = useMembers();
  if (user === self.user) return self.role;
  return members.find((one) => one.user === user)?.role ?? self.role;
}

function OwnerField(props: { value: string; onChange: (user: string) => void }): JSX.Element | null {
  const { self, seen } = useApp();
  const members = useMembers().filter((one) => one.state === "active" && one.user !== self.user);
  if (self.role === "member" || members.length === 0) return null;
  const options = [{ value: self.user, label: seen ? "The organisation's owner" : "You" }, ...members.map((one) => ({ value: one.user, label: `${one.email} (${one.role})` }))];
  return <SelectField name="user" label="Owner" value={props.value} options={options} hint="The owner's role limits the key, and the key ends with the owner's membership." onChange={props.onChange} />;
}

function GameField(props: { draft: Draft; onChange: (game: string) => void }): JSX.Element | null {
  const { config } = useApp();
  const games = useApplications().flatMap((one) => (one.state === "approved" && one.game ? [one.game] : []));
  if (!hasGames(config.scopes) || !needsGame(config.scopes, props.draft.scopes)) return null;
  if (games.length === 0) return <TextField name="game" label="Game" value={props.draft.game} hint="Id of the game that the key is for." onInput={props.onChange} />;
  const options = [{ value: "", label: "Choose a game" }, ...games.map((one) => ({ value: one, label: one }))];
  return <SelectField name="game" label="Game" value={props.draft.game} options={options} hint="The key is bound to this game." onChange={props.onChange} />;
}

/** How many keys the plan still allows. */
function PlanRoom(props: { scopes: string[] }): JSX.Element | null {
  const { api, config, self } = useApp();
  const org = useOrg();
  const active = useLoad((signal) => api.all<Key>("listKeys", { query: { state: "active" }, signal }), []);
  const plan = planOf(config, org?.plan ?? active.data?.[0]?.plan ?? self.plan);
  if (!plan || self.role === "operator" || onlyManages(config.scopes, props.scopes)) return null;
  if (plan.keys === 0) {
    return (
      <Notice kind="warning" title={`The plan ${plan.name} has no keys for data.`}>
        <p>Keys that only manage can be made. For data, ask for another plan.</p>
      </Notice>
    );
  }
  if (!active.data) return null;
  // Keys of others may be hidden from members, so this is the least that is used.
  const used = active.data.filter((key) => !onlyManages(config.scopes, key.scopes)).length;
  if (used < plan.keys) return <p class="muted">{`${used} of ${count(plan.keys, "active key")} of the plan ${plan.name} are in use.`}</p>;
  return (
    <Notice kind="warning" title="The plan is full">
      <p>
        All {count(plan.keys, "active key")} of the plan {plan.name} are in use. Revoke one first, or ask for a larger plan.
      </p>
    </Notice>
  );
}
