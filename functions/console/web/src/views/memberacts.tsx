// What is done with members: add, edit, suspend, remove, sign in by a link, link accounts.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../app/context";
import { useNow } from "../app/load";
import { countdown, dateTime, exactUTC } from "../core/format";
import { givenRoles, isLastOwner, platformsOf, roleWords, type Account, type PortalLink } from "../core/members";
import type { Changed, Member } from "../core/types";
import { Button, CopyButton } from "../ui/button";
import { Actions, Dialog } from "../ui/dialog";
import { Check, FieldSet, TextField, useSave } from "../ui/form";
import { Notice } from "../ui/notice";
import { SaveDialog } from "../ui/savedialog";

export type MemberAct = "edit" | "link" | "accounts" | "state" | "remove";

export interface MemberActProps {
  of: Member;
  /** All members, as far as they were read. */
  members: Member[];
  onClose: () => void;
  onDone: () => void;
}

export function MemberDialogs(props: MemberActProps & { act: MemberAct }): JSX.Element {
  switch (props.act) {
    case "edit":
      return <EditMember {...props} />;
    case "link":
      return <CreateLink {...props} />;
    case "accounts":
      return <LinkAccounts {...props} />;
    case "state":
      return <ChangeState {...props} />;
    case "remove":
      return <RemoveMember {...props} />;
  }
}

const isAddress = (text: string): boolean => /^[^\s@]+@[^\s@]+$/.test(text.trim());

export function AddMember(props: { onClose: () => void; onDone: () => void }): JSX.Element {
  const { api, self, tell } = useApp();
  const form = useSave();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState("member");
  const submit = (): void => {
    if (!isAddress(email)) return form.refuse("email", "An e-mail address, such as ada@example.com");
    const body = { email: email.trim(), role };
    form.save(body, async () => {
      await api.call("addMember", { params: { org: self.org }, body });
      tell(`${body.email} is a member now.`);
      props.onDone();
    });
  };
  return (
    <SaveDialog title="Add member" form={form} fields={["email", "role"]} save="Add member" onClose={props.onClose} onSubmit={submit}>
      <TextField name="email" label="E-mail address" type="email" value={email} maxLength={254} placeholder="ada@example.com" hint="Nothing is sent to it. Give the member a portal link, or let them sign in with OpenID Connect where it is set up." onInput={setEmail} />
      <RoleField value={role} onChange={setRole} />
    </SaveDialog>
  );
}

function RoleField(props: { value: string; disabled?: boolean; onChange: (role: string) => void }): JSX.Element {
  const { config, self } = useApp();
  const roles = givenRoles(self.role, config.members?.roles ?? ["owner", "admin", "member"]);
  return (
    <FieldSet name="role" label="Role">
      {roles.map((one) => (
        <Check key={one} type="radio" name="role" value={one} label={one} hint={roleWords[one]} checked={props.value === one} disabled={props.disabled ?? false} onChange={() => props.onChange(one)} />
      ))}
    </FieldSet>
  );
}

function EditMember({ of: member, members, onClose, onDone }: MemberActProps): JSX.Element {
  const { api, self, tell, reload } = useApp();
  const form = useSave();
  const [email, setEmail] = useState(member.email);
  const [role, setRole] = useState<string>(member.role);
  const last = isLastOwner(member, members);
  const own = member.user === self.user;
  const submit = (): void => {
    if (!isAddress(email)) return form.refuse("email", "An e-mail address, such as ada@example.com");
    const body = { ...(email.trim() === member.email ? {} : { email: email.trim() }), ...(role === member.role ? {} : { role }) };
    if (Object.keys(body).length === 0) return onClose();
    form.save(body, async () => {
      const now = await api.call<Member & Changed>("updateMember", { params: { org: self.org, user: member.user }, body });
      tell(now.effective_by ? `Saved. Wider permissions work everywhere by ${dateTime(now.effective_by)}.` : "Saved. It is in effect now.");
      onDone();
      if (own) reload();
    });
  };
  return (
    <SaveDialog title={`Edit ${member.email}`} form={form} fields={["email", "role"]} save="Save" onClose={onClose} onSubmit={submit}>
      <TextField name="email" label="E-mail address" type="email" value={email} maxLength={254} onInput={setEmail} />
      <RoleField value={role} disabled={last} onChange={setRole} />
      {last ? <p class="muted">This is the only active owner. Make another member an owner before you change the role.</p> : null}
      {own && role !== member.role ? <Notice kind="warning" title="This is you: you may then do less in this console." /> : null}
    </SaveDialog>
  );
}

function ChangeState({ of: member, members, onClose, onDone }: MemberActProps): JSX.Element {
  const { api, self, tell } = useApp();
  const form = useSave();
  const suspend = member.state === "active";
  const last = suspend && isLastOwner(member, members);
  const submit = (): void =>
    form.save({}, async () => {
      await api.call("updateMember", { params: { org: self.org, user: member.user }, body: { state: suspend ? "suspended" : "active" } });
      tell(suspend ? `${member.email} is suspended.` : `${member.email} is active again.`);
      onDone();
    });
  return (
    <SaveDialog title={`${suspend ? "Suspend" : "Reinstate"} ${member.email}`} form={form} fields={[]} danger={suspend} disabled={last ? "The last active owner stays" : ""} save={suspend ? "Suspend" : "Reinstate"} onClose={onClose} onSubmit={submit}>
      <p>{suspend ? "Their keys are refused from the next request, and their sessions end. Reinstate them later, and the keys work again." : "Their keys that have not expired work again from the next request."}</p>
      {last ? <LastOwner /> : null}
      {suspend && member.user === self.user ? <Notice kind="warning" title="This is you: you are signed out and cannot undo it yourself." /> : null}
    </SaveDialog>
  );
}

function RemoveMember({ of: member, members, onClose, onDone }: MemberActProps): JSX.Element {
  const { api, self, tell } = useApp();
  const form = useSave();
  const [typed, setTyped] = useState("");
  const last = isLastOwner(member, members);
  const same = typed.trim().toLowerCase() === member.email.toLowerCase();
  const submit = (): void => {
    if (!same) return form.refuse("email", "This is not the member's address");
    form.save({}, async () => {
      await api.call("removeMember", { params: { org: self.org, user: member.user } });
      tell(`${member.email} is removed.`);
      onDone();
    });
  };
  return (
    <SaveDialog title={`Remove ${member.email}`} form={form} fields={["email"]} danger disabled={last ? "The last active owner stays" : same ? "" : "Type the address first"} save="Remove member" onClose={onClose} onSubmit={submit}>
      <p>All their keys are revoked at once, and their sessions end. This cannot be undone: a member who is added again has no keys.</p>
      {last ? <LastOwner /> : <TextField name="email" label={`Type the address to confirm: ${member.email}`} value={typed} onInput={setTyped} />}
      {member.user === self.user ? <Notice kind="warning" title="This is you: you lose access to this organisation." /> : null}
    </SaveDialog>
  );
}

function LastOwner(): JSX.Element {
  return (
    <Notice kind="warning" title="This is the only active owner">
      <p>Make another member an owner first.</p>
    </Notice>
  );
}

function CreateLink({ of: member, onClose }: MemberActProps): JSX.Element {
  const { api, self } = useApp();
  const form = useSave();
  const [made, setMade] = useState<PortalLink | null>(null);
  const submit = (): void => form.save({}, async () => setMade(await api.call<PortalLink>("createPortalLink", { params: { org: self.org, user: member.user }, body: {} })));
  const title = `Portal link for ${member.email}`;
  if (made) return <ShownLink title={title} of={made} onClose={onClose} />;
  return (
    <SaveDialog title={title} form={form} fields={[]} save="Create link" onClose={onClose} onSubmit={submit}>
      <p>The link opens this console as {member.email}, once, within 15 minutes.</p>
      <p class="muted">Whoever opens it acts as this member. Send it to nobody else.</p>
    </SaveDialog>
  );
}

function ShownLink(props: { title: string; of: PortalLink; onClose: () => void }): JSX.Element {
  const left = Date.parse(props.of.expires_at) - useNow(1000);
  return (
    <Dialog title={props.title} wide onClose={props.onClose}>
      {left > 0 ? (
        <Notice kind="warning" title="This link is shown only now.">
          <p>
            It works once, for{" "}
            <time dateTime={props.of.expires_at} title={exactUTC(props.of.expires_at)}>
              {countdown(left)}
            </time>{" "}
            from now.
          </p>
        </Notice>
      ) : (
        <Notice kind="error" live title="This link has expired">
          <p>Close this, and create another one.</p>
        </Notice>
      )}
      <div class="secret">
        <code class="mono secret-text" tabIndex={0} aria-label="Link">
          {props.of.url}
        </code>
        <div class="actions start">
          <CopyButton text={props.of.url} label="Copy link" kind="primary" />
        </div>
      </div>
      <Actions>
        <Button onClick={props.onClose}>Done</Button>
      </Actions>
    </Dialog>
  );
}

// The API shows an operator nobody's accounts but their own, so the form begins empty.
function LinkAccounts({ of: member, onClose, onDone }: MemberActProps): JSX.Element {
  const { api, config, self, tell } = useApp();
  const form = useSave();
  const platforms = platformsOf(config.operations.getConnections?.permissions ?? []);
  const [accounts, setAccounts] = useState<Account[]>(() => platforms.map((platform) => ({ platform, id: "", name: "" })));
  const set = (platform: string, part: Partial<Account>): void => setAccounts(accounts.map((one) => (one.platform === platform ? { ...one, ...part } : one)));
  const submit = (): void => {
    const wrong = accounts.find((one) => one.name.trim() !== "" && one.id.trim() === "");
    if (wrong) return form.refuse(`${wrong.platform}-id`, "An account needs its id");
    const connections = accounts.filter((one) => one.id.trim() !== "").map((one) => ({ platform: one.platform, id: one.id.trim(), name: one.name.trim() }));
    form.save(connections, async () => {
      await api.call("putConnections", { params: { org: self.org, user: member.user }, body: { connections } });
      tell(`The linked accounts of ${member.email} are saved.`);
      onDone();
    });
  };
  return (
    <SaveDialog title={`Linked accounts of ${member.email}`} form={form} fields={platforms.map((one) => `${one}-id`)} save="Replace accounts" onClose={onClose} onSubmit={submit}>
      <Notice kind="warning" title="This replaces all linked accounts">
        <p>The present ones are not shown here. A platform that you leave empty is unlinked.</p>
      </Notice>
      {accounts.map((one) => (
        <div key={one.platform} class="pair">
          <TextField name={`${one.platform}-id`} label={`${one.platform}: account id`} value={one.id} maxLength={100} onInput={(id) => set(one.platform, { id })} />
          <TextField name={`${one.platform}-name`} label={`${one.platform}: name`} optional value={one.name} maxLength={100} onInput={(name) => set(one.platform, { name })} />
        </div>
      ))}
    </SaveDialog>
  );
}
