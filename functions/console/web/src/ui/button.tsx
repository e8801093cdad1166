import type { ComponentChildren, JSX, TargetedMouseEvent } from "preact";
import { useState } from "preact/hooks";
import { Icon, type IconName } from "./icon";

export interface ButtonProps {
  children: ComponentChildren;
  kind?: "primary" | "plain" | "danger" | "quiet";
  type?: "button" | "submit";
  icon?: IconName;
  /** Whether what it began is under way: it then does nothing. */
  busy?: boolean;
  disabled?: boolean;
  /** Why it does nothing; shown as its description. */
  why?: string;
  autofocus?: boolean;
  onClick?: (event: TargetedMouseEvent<HTMLButtonElement>) => void;
  id?: string;
}

/**
 * A button. While it is busy or disabled it keeps the focus and says so, but does nothing.
 */
export function Button(props: ButtonProps): JSX.Element {
  const { kind = "plain", type = "button", busy = false, disabled = false } = props;
  return (
    <button
      id={props.id}
      type={type}
      class={`button ${kind}`}
      aria-disabled={busy || disabled || undefined}
      aria-busy={busy || undefined}
      title={props.why || undefined}
      autofocus={props.autofocus}
      onClick={(event) => {
        if (busy || disabled) {
          event.preventDefault();
          return;
        }
        props.onClick?.(event);
      }}
    >
      {busy ? <span class="spinner" aria-hidden="true" /> : props.icon ? <Icon name={props.icon} /> : null}
      <span>{props.children}</span>
    </button>
  );
}

/** A link that looks like a button. */
export function ButtonLink(props: { href: string; children: ComponentChildren; kind?: "primary" | "plain" | "quiet"; icon?: IconName }): JSX.Element {
  return (
    <a class={`button ${props.kind ?? "plain"}`} href={props.href}>
      {props.icon ? <Icon name={props.icon} /> : null}
      <span>{props.children}</span>
    </a>
  );
}

/** Copies a text and says whether that worked. The text is not in the page. */
export function CopyButton(props: { text: string; label?: string; kind?: "primary" | "plain" | "quiet"; autofocus?: boolean }): JSX.Element {
  const [state, setState] = useState<"" | "copied" | "failed">("");
  const copy = (): void => {
    copyText(props.text).then(
      () => setState("copied"),
      () => setState("failed"),
    );
    setTimeout(() => setState(""), 3000);
  };
  return (
    <>
      <Button kind={props.kind ?? "plain"} icon={state === "copied" ? "check" : "copy"} autofocus={props.autofocus ?? false} onClick={copy}>
        {state === "copied" ? "Copied" : state === "failed" ? "Copy it by hand" : (props.label ?? "Copy")}
      </Button>
      <span class="sr-only" role="status">
        {state === "copied" ? "Copied" : state === "failed" ? "The browser did not allow copying" : ""}
      </span>
    </>
  );
}

async function copyText(text: string): Promise<void> {
  if (!navigator.clipboard) throw new Error("no clipboard");
  await navigator.clipboard.writeText(text);
}
