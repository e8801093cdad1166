import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./icon";

export interface MenuItem {
  label: string;
  icon?: IconName;
  danger?: boolean;
  onSelect: () => void;
}

/** A button that opens a list of things to do. Arrow keys move in it, Escape closes it. */
export function Menu(props: { label: string; items: MenuItem[]; children?: ComponentChildren }): JSX.Element {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  useEffect(() => {
    if (!open) return;
    place(box.current!);
    box.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    const away = (event: Event): void => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    const scrolled = (): void => setOpen(false);
    document.addEventListener("pointerdown", away);
    window.addEventListener("scroll", scrolled, true);
    return () => {
      document.removeEventListener("pointerdown", away);
      window.removeEventListener("scroll", scrolled, true);
    };
  }, [open]);
  const close = (): void => {
    setOpen(false);
    box.current?.querySelector("button")?.focus();
  };
  const move = (event: KeyboardEvent): void => {
    const items = [...(box.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
    const at = items.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
    if (event.key === "Escape" && open) close();
    else if (event.key === "Tab") setOpen(false);
    else if (open && to !== undefined) items[to % items.length]?.focus();
    else return;
    if (event.key !== "Tab") event.preventDefault();
  };
  return (
    <div class="menu" ref={box} onKeyDown={move}>
      <button type="button" class="button quiet square" aria-haspopup="menu" aria-expanded={open} aria-controls={open ? id : undefined} aria-label={props.label} onClick={() => setOpen(!open)}>
        {props.children ?? <Icon name="more" />}
      </button>
      {open ? (
        <div class="menu-list" role="menu" id={id} aria-label={props.label}>
          {props.items.map((item) => (
            <button
              key={item.label}
              type="button"
              role="menuitem"
              tabIndex={-1}
              class={item.danger ? "danger" : undefined}
              onClick={() => {
                close();
                item.onSelect();
              }}
            >
              {item.icon ? <Icon name={item.icon} /> : null}
              {item.label}
            </button>
          ))}
        </div>
      ) : null}
    </div>
  );
}

// Tables clip what leaves them, so the list stands at a fixed place under its button.
function place(box: HTMLElement): void {
  const list = box.querySelector<HTMLElement>(".menu-list");
  const at = box.getBoundingClientRect();
  if (!list) return;
  list.style.left = `${Math.max(8, at.right - list.offsetWidth)}px`;
  const below = at.bottom + 4 + list.offsetHeight < window.innerHeight;
  list.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - 4 - list.offsetHeight)}px`;
}
