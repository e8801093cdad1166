import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Icon } from "./icon";

export interface DialogProps {
  title: string;
  children: ComponentChildren;
  /** Called by Escape and by the button in the corner. Without it the dialog has no way to close but its own. */
  onClose?: (() => void) | undefined;
  wide?: boolean;
}

/**
 * A modal dialog. It is in the page only while it is open, so that what it showed leaves the
 * page with it. The focus returns to where it was.
 */
export function Dialog(props: DialogProps): JSX.Element {
  const box = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => {
    const before = document.activeElement;
    if (before instanceof HTMLElement && before !== document.body && !before.closest("dialog")) opener = before;
    const dialog = box.current!;
    if (!dialog.open) dialog.showModal();
    if (!dialog.querySelector("[autofocus]")) dialog.querySelector<HTMLElement>(".dialog-body input, .dialog-body select, .dialog-body textarea")?.focus();
    return () => {
      if (dialog.open) dialog.close();
      restore();
    };
  }, []);
  return (
    <dialog
      ref={box}
      class={props.wide ? "dialog wide" : "dialog"}
      aria-labelledby={title}
      onCancel={(event) => {
        if (event.target !== event.currentTarget) return; // of a file input, for example
        event.preventDefault();
        props.onClose?.();
      }}
      onKeyDown={(event) => {
        // Chromium closes a dialog on the second Escape, even if the first was refused.
        if (event.key === "Escape" && !props.onClose) event.preventDefault();
      }}
    >
      <div class="dialog-head">
        <h2 id={title} tabIndex={-1}>
          {props.title}
        </h2>
        {props.onClose ? (
          <button type="button" class="button quiet square" aria-label="Close" onClick={props.onClose}>
            <Icon name="close" />
          </button>
        ) : null}
      </div>
      <div class="dialog-body">{props.children}</div>
    </dialog>
  );
}

// What had the focus before the first of the dialogs that follow each other, such as the form of
// a key and its secret.
let opener: HTMLElement | null = null;

// What opened the dialog may be gone, such as the row of a revoked key: the view's heading is
// then the best place.
function restore(): void {
  requestAnimationFrame(() => {
    if (document.querySelector("dialog[open]")) return;
    const target = opener?.isConnected ? opener : document.querySelector<HTMLElement>("main h1");
    target?.focus();
  });
}

/** The row of buttons at a dialog's or form's end. */
export function Actions(props: { children: ComponentChildren }): JSX.Element {
  return <div class="actions">{props.children}</div>;
}
