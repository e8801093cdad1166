// Where the keyboard is. A view begins at its heading.

/** Moves the focus to the view's heading, unless a dialog has it. */
export function focusHeading(): void {
  if (!document.querySelector("dialog[open]")) document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
}

/** Moves the focus to the view's heading if nothing has it. */
export function focusIfLost(): void {
  if (document.activeElement === document.body) focusHeading();
}
