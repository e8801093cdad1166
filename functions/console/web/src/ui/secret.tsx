import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../app/context";
import { curl, envFile } from "../core/env";
import { Button, CopyButton } from "./button";
import { Actions, Dialog } from "./dialog";
import { Check } from "./form";
import { Notice } from "./notice";

export interface SecretDialogProps {
  title: string;
  secret: string;
  /** Address to try the secret with; without one there is nothing to try. */
  tryAt?: string;
  /** Text of the file to download; the usual one has the secret for the environment. */
  file?: string;
  children?: ComponentChildren;
  onClose: () => void;
}

/**
 * Shows a secret once. It can be closed only after saying that the secret is stored, and the
 * secret leaves the page with it.
 */
export function SecretDialog(props: SecretDialogProps): JSX.Element {
  const { config } = useApp();
  const [stored, setStored] = useState(false);
  const file = props.file ?? envFile(config, props.secret);
  const commands = props.tryAt ? `export ${envFile(config, props.secret)}${curl(config, props.tryAt)}` : "";
  return (
    <Dialog title={props.title} wide>
      <Notice kind="warning" title="This secret is shown only now.">
        <p>Store it before you close this. It cannot be shown again, only replaced.</p>
      </Notice>
      <div class="secret">
        <code class="mono secret-text" tabIndex={0} aria-label="Secret">
          {props.secret}
        </code>
        <div class="actions start">
          <CopyButton text={props.secret} label="Copy secret" kind="primary" autofocus />
          <Button icon="download" onClick={() => download(`${config.contract}.env`, file)}>
            Download .env
          </Button>
        </div>
      </div>
      {props.children}
      {commands ? (
        <>
          <h3>Try it</h3>
          <pre class="code" tabIndex={0} aria-label="Commands to try the key">
            {commands}
          </pre>
          <div class="actions start">
            <CopyButton text={commands} label="Copy commands" />
          </div>
        </>
      ) : null}
      <div class="divider" />
      <Check label="I have stored it" checked={stored} onChange={setStored} />
      <Actions>
        <Button kind="primary" disabled={!stored} why={stored ? "" : "Say first that you have stored it"} onClick={props.onClose}>
          Done
        </Button>
      </Actions>
    </Dialog>
  );
}

/** Saves a text as a file. */
export function download(name: string, text: string, type = "text/plain"): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
