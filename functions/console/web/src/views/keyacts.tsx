// What is done with one key: edit, rotate, revoke.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../app/context";
import { useMembers } from "../app/facts";
import { useLoad } from "../app/load";
import { durationWords, overlapChoices, seconds } from "../core/durations";
import { madeBefore } from "../core/errors";
import { expiryBody, expiryProblem } from "../core/expiry";
import { dateTime } from "../core/format";
import { readMetadata, writeMetadata } from "../core/metadata";
import { overlapEnd } from "../core/history";
import type { Changed, Entry, Key, Rotated } from "../core/types";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Check, FieldSet, Form, TextField, useSave } from "../ui/form";
import { Notice } from "../ui/notice";
import { Code, Time } from "../ui/show";
import { LostSecret } from "./createkey";
import { ExpiryField, MetadataField } from "./keyform";
import { ScopePicker } from "./scopepicker";

export type KeyAct = "edit" | "rotate" | "revoke";

export interface ActProps {
  of: Key;
  onClose: () => void;
  /** Called after the change, with the new secret if there is one. */
  onDone: (rotated: Rotated | null) => void;
}

export function KeyDialogs(props: ActProps & { act: KeyAct }): JSX.Element {
  switch (props.act) {
    case "edit":
      return <EditKey {...props} />;
    case "rotate":
      return <RotateKey {...props} />;
    case "revoke":
      return <RevokeKey {...props} />;
  }
}

function EditKey({ of: key, onClose, onDone }: ActProps): JSX.Element {
  const { api, config, self, tell } = useApp();
  const form = useSave();
  const owner = useMembers().find((one) => one.user === key.user);
  const [draft, setDraft] = useState({ name: key.name, scopes: key.scopes, expiry: "keep", at: "", metadata: writeMetadata(key.metadata) });
  const set = (part: Partial<typeof draft>): void => setDraft((now) => ({ ...now, ...part }));
  const submit = (): void => {
    const metadata = readMetadata(draft.metadata);
    const late = expiryProblem(draft.expiry, draft.at, config.keys, Date.now());
    if (draft.name.trim() === "") return form.refuse("name", "Give the key a name");
    if (late) return form.refuse("expires_at", late);
    if (metadata.problem) return form.refuse("metadata", metadata.problem);
    const body: Record<string, unknown> = expiryBody(draft.expiry, draft.at, true);
    if (draft.name.trim() !== key.name) body.name = draft.name.trim();
    if (changed(draft.scopes, key.scopes)) body.scopes = draft.scopes;
    if (JSON.stringify(metadata.value) !== JSON.stringify(key.metadata)) body.metadata = metadata.value;
    if (Object.keys(body).length === 0) return onClose();
    form.save(body, async () => {
      const now = await api.call<Key & Changed>("updateKey", { params: { key: key.id }, body });
      tell(now.effective_by ? `Saved. Wider permissions work everywhere by ${dateTime(now.effective_by)}.` : "Saved. It is in effect now.");
      onDone(null);
    });
  };
  return (
    <Dialog title={`Edit ${key.name}`} wide onClose={form.busy ? undefined : onClose}>
      <Form
        state={form}
        fields={["name", "scopes", "expires_in", "expires_at", "metadata"]}
        onSubmit={submit}
        actions={
          <>
            <Button onClick={onClose}>Cancel</Button>
            <Button kind="primary" type="submit" busy={form.busy}>
              Save
            </Button>
          </>
        }
      >
        <TextField name="name" label="Name" value={draft.name} maxLength={80} onInput={(name) => set({ name })} />
        <ScopePicker value={draft.scopes} role={key.user === self.user ? self.role : (owner?.role ?? self.role)} game={key.game ?? ""} onChange={(scopes) => set({ scopes })} />
        {key.game ? (
          <p class="muted">
            The key is bound to the game <Code>{key.game}</Code>.
          </p>
        ) : null}
        <ExpiryField keep choice={draft.expiry} at={draft.at} onChange={(expiry, at) => set({ expiry, at })} />
        <MetadataField value={draft.metadata} onInput={(metadata) => set({ metadata })} />
      </Form>
    </Dialog>
  );
}

function changed(a: string[], b: string[]): boolean {
  return JSON.stringify([...a].sort()) !== JSON.stringify([...b].sort());
}

function RotateKey({ of: key, onClose, onDone }: ActProps): JSX.Element {
  const { api, config } = useApp();
  const form = useSave();
  const choices = overlapChoices(config.keys.max_overlap);
  const [overlap, setOverlap] = useState("");
  const [custom, setCustom] = useState("");
  const [force, setForce] = useState(false);
  const asked = overlap === "other" ? custom.trim() : overlap;
  const earlier = useEarlierSecret(key.id);
  const refused = form.error?.kind === "conflict" && madeBefore(form.error) === "" ? form.error : null;
  const again = earlier !== "" || refused !== null;
  const submit = (): void => {
    if (overlap === "other" && !(seconds(asked) >= 0)) return form.refuse("overlap", "A whole number and one of m, h, d, such as 36h");
    const body = { ...(asked ? { overlap: asked } : {}), ...(force ? { force: true } : {}) };
    form.save(body, async (once) => onDone(await api.call<Rotated>("rotateKey", { params: { key: key.id }, body, once })));
  };
  const lost = form.error ? madeBefore(form.error) : "";
  return (
    <Dialog title={`Rotate the secret of ${key.name}`} onClose={form.busy ? undefined : onClose}>
      <Form
        state={refused ? { ...form, error: null } : form}
        fields={["overlap"]}
        onSubmit={submit}
        actions={
          <>
            <Button onClick={onClose}>Cancel</Button>
            <Button kind="primary" type="submit" busy={form.busy} disabled={again && !force} why={again && !force ? "Say first that the earlier secret may end now" : ""}>
              Rotate
            </Button>
          </>
        }
      >
        <p>The key gets a new secret, and keeps its name, scopes, quota and history.</p>
        <FieldSet name="overlap" label="The old secret ends">
          <Check type="radio" name="overlap" value="" label="At once" checked={overlap === ""} hint="Programs that still use it are refused from their next request." onChange={() => setOverlap("")} />
          {choices.map((one) => (
            <Check key={one} type="radio" name="overlap" value={one} label={`After ${durationWords(one)}`} checked={overlap === one} hint={<End overlap={one} of={key} />} onChange={() => setOverlap(one)} />
          ))}
          {choices.length > 0 ? <Check type="radio" name="overlap" value="other" label="After another time" checked={overlap === "other"} onChange={() => setOverlap("other")} /> : null}
          {overlap === "other" ? (
            <div class="indent">
              <input class="short mono" aria-label="Overlap" placeholder="36h" value={custom} onInput={(event) => setCustom(event.currentTarget.value)} />
              <p class="hint">{seconds(custom) > 0 ? <End overlap={custom.trim()} of={key} /> : `At most ${durationWords(choices[choices.length - 1]!)}.`}</p>
            </div>
          ) : null}
        </FieldSet>
        {choices.length === 0 ? <p class="muted">This API has no overlap: the old secret ends with the rotation.</p> : null}
        {again ? (
          <Notice kind="warning" title={earlier ? `A secret from an earlier rotation works until ${dateTime(earlier)}` : "A secret from an earlier rotation still works"}>
            <p>{`Rotating again ends it at once${asked ? `, and the present secret after ${durationWords(asked)}` : ", and the present secret as well"}.`}</p>
            <Check label="End the earlier secret now" checked={force} onChange={setForce} />
          </Notice>
        ) : null}
      </Form>
      {lost ? <LostSecret of={lost} onClose={() => onDone(null)} /> : null}
    </Dialog>
  );
}

/** The end of the secret that the last rotation replaced, if it still works; "" if not or not known. */
function useEarlierSecret(key: string): string {
  const { api, can } = useApp();
  const history = useLoad(async (signal) => (can("listAudit") ? (await api.list<Entry>("listAudit", { query: { key }, signal }, "", 50)).items : []), [key]);
  return overlapEnd(history.data ?? []);
}

/** When an old secret ends, which is never after its key. */
function End(props: { overlap: string; of: Key }): JSX.Element {
  const end = Date.now() + seconds(props.overlap) * 1000;
  const { expires_at } = props.of;
  if (expires_at && Date.parse(expires_at) < end) {
    return (
      <>
        With the key itself, <Time at={expires_at} />.
      </>
    );
  }
  return (
    <>
      About <Time at={new Date(end).toISOString()} />.
    </>
  );
}

function RevokeKey({ of: key, onClose, onDone }: ActProps): JSX.Element {
  const { api, tell } = useApp();
  const form = useSave();
  const [typed, setTyped] = useState("");
  const same = typed.trim() === key.name.trim();
  const submit = (): void => {
    if (!same) return form.refuse("name", "This is not the key's name");
    form.save({}, async () => {
      await api.call("revokeKey", { params: { key: key.id } });
      tell(`${key.name} is revoked.`);
      onDone(null);
    });
  };
  return (
    <Dialog title={`Revoke ${key.name}`} onClose={form.busy ? undefined : onClose}>
      <Form
        state={form}
        fields={["name"]}
        onSubmit={submit}
        actions={
          <>
            <Button onClick={onClose}>Cancel</Button>
            <Button kind="danger" type="submit" busy={form.busy} disabled={!same} why={same ? "" : "Type the key's name first"}>
              Revoke key
            </Button>
          </>
        }
      >
        <p>Programs that use the key are refused from their next request. This cannot be undone.</p>
        {key.last_used_at ? <p class="muted">It was last used {dateTime(key.last_used_at)}.</p> : <p class="muted">It was never used.</p>}
        <TextField name="name" label={`Type the key's name to confirm: ${key.name}`} value={typed} onInput={setTyped} />
      </Form>
    </Dialog>
  );
}
