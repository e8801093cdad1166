// What operators do with organisations.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../app/context";
import { planOf } from "../core/config";
import { compared, limitNames, limitWords } from "../core/plans";
import { count } from "../core/durations";
import type { Member, Org } from "../core/types";
import { SelectField, TextField, useSave } from "../ui/form";
import { Notice } from "../ui/notice";
import { SaveDialog } from "../ui/savedialog";

export type NewOrg = Org & { owner: Member };

export function CreateOrg(props: { onClose: () => void; onDone: (org: NewOrg) => void }): JSX.Element {
  const { api, config } = useApp();
  const form = useSave();
  const [draft, setDraft] = useState({ name: "", owner: "", plan: config.default_plan });
  const submit = (): void => {
    if (draft.name.trim() === "") return form.refuse("name", "Give the organisation a name");
    if (!/^[^\s@]+@[^\s@]+$/.test(draft.owner.trim())) return form.refuse("owner", "An e-mail address, such as ada@example.com");
    const body = { name: draft.name.trim(), owner: draft.owner.trim(), plan: draft.plan };
    form.save(body, async () => props.onDone(await api.call<NewOrg>("createOrg", { body })));
  };
  return (
    <SaveDialog title="Create organisation" form={form} fields={["name", "owner", "plan"]} save="Create organisation" onClose={props.onClose} onSubmit={submit}>
      <TextField name="name" label="Name" value={draft.name} maxLength={80} onInput={(name) => setDraft({ ...draft, name })} />
      <TextField name="owner" label="First owner's e-mail address" type="email" value={draft.owner} maxLength={254} hint="Nothing is sent to it." onInput={(owner) => setDraft({ ...draft, owner })} />
      <PlanField value={draft.plan} onChange={(plan) => setDraft({ ...draft, plan })} />
    </SaveDialog>
  );
}

function PlanField(props: { value: string; onChange: (plan: string) => void }): JSX.Element {
  const { config } = useApp();
  const plan = planOf(config, props.value);
  const words = plan ? [count(plan.keys, "key"), ...limitNames([plan]).map((name) => `${name} ${limitWords(plan.limits[name])}`)].join(", ") : "";
  return <SelectField name="plan" label="Plan" value={props.value} options={config.plans.map((one) => ({ value: one.name, label: one.name }))} hint={words} onChange={props.onChange} />;
}

export function ChangePlan(props: { of: Org; onClose: () => void; onDone: () => void }): JSX.Element {
  const { api, config, tell } = useApp();
  const { of: org } = props;
  const form = useSave();
  const [plan, setPlan] = useState(org.plan);
  const now = planOf(config, org.plan);
  const then = planOf(config, plan);
  const submit = (): void => {
    if (plan === org.plan) return props.onClose();
    form.save({ plan }, async () => {
      await api.call("updateOrg", { params: { org: org.id }, body: { plan } });
      tell(`${org.name} has the plan ${plan} now.`);
      props.onDone();
    });
  };
  return (
    <SaveDialog title={`Plan of ${org.name}`} form={form} fields={["plan"]} save="Change plan" onClose={props.onClose} onSubmit={submit}>
      <PlanField value={plan} onChange={setPlan} />
      {now && then && now !== then ? (
        <Notice kind={then.keys < now.keys ? "warning" : "info"} title={`Compared with ${now.name}: ${compared(now, then)}`}>
          <p>It applies to all keys from their next request. {then.keys < now.keys ? "Keys beyond the smaller plan stay, and no further ones can be made." : ""}</p>
        </Notice>
      ) : null}
    </SaveDialog>
  );
}
