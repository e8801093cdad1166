// Testing a key: who am I, with that key.

import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { useApp } from "../app/context";
import { preview } from "../core/format";
import type { Self } from "../core/types";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Field, Form, useSave } from "../ui/form";
import { Notice } from "../ui/notice";
import { Chips, Code, Facts, State, Time, WindowBar } from "../ui/show";

export function TestKey(props: { onClose: () => void }): JSX.Element {
  const { api, config } = useApp();
  const form = useSave();
  const input = useRef<HTMLInputElement>(null);
  const [who, setWho] = useState<Self | null>(null);
  const submit = (): void => {
    const secret = input.current!.value.trim();
    setWho(null);
    if (secret === "") return form.refuse("key", "Paste a key");
    if (/[^\x21-\x7e]/.test(secret)) return form.refuse("key", "This is not a key: it has spaces or other characters that no key has");
    form.save({}, async () => {
      setWho(await api.whoAmI<Self>(secret));
      if (input.current) input.current.value = "";
    });
  };
  return (
    <Dialog title="Test a key" wide onClose={props.onClose}>
      <Form
        state={form}
        fields={["key"]}
        onSubmit={submit}
        actions={
          <>
            <Button onClick={props.onClose}>Close</Button>
            <Button kind="primary" type="submit" busy={form.busy}>
              Who am I?
            </Button>
          </>
        }
      >
        <p>Asks the API what a key is and may do. This costs no quota.</p>
        <Field name="key" label="API key" hint="The key is sent once and kept nowhere.">
          {(control) => <input {...control} ref={input} class="mono" type="password" autocomplete="off" spellcheck={false} autocapitalize="none" placeholder={`${config.secret.prefix}…`} />}
        </Field>
      </Form>
      {who ? (
        <div class="loaded">
          <Notice kind="success" title="The key works" live />
          <Facts
            of={[
              ["Key", <a href={`#/keys/${encodeURIComponent(who.id)}`} onClick={props.onClose}>{who.name}</a>],
              ["Secret", <Code>{preview(who.prefix, who.last_four)}</Code>],
              ["State", <State of={who.state} />],
              ["Role of its owner", who.role],
              ["Scopes", <Chips names={who.scopes} />],
              ["Permissions", <Chips names={who.permissions} />],
              ["This window", <WindowBar of={who.usage.window} />],
              ["This secret ends", <Time at={who.secret_expires_at} none="never" />],
            ]}
          />
          <details class="more">
            <summary>What it may call ({who.operations.length})</summary>
            <Chips names={who.operations} />
          </details>
        </div>
      ) : null}
    </Dialog>
  );
}
