import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { number } from "../core/format";
import { Button } from "./button";

export interface PagerProps {
  /** Position of the page that is shown; "" for the first. */
  at: string;
  next: string | null;
  /** How many rows the page has, and how many there are in all if that is known. */
  shown: number;
  total?: number | null;
  onGo: (at: string) => void;
}

/** Goes through the pages of a list. Cursors only go on, so the way back is remembered. */
export function Pager(props: PagerProps): JSX.Element | null {
  const before = useRef<string[]>([]);
  if (props.at === "") before.current = [];
  if (props.at === "" && props.next === null) return null;
  return (
    <nav class="pager" aria-label="Pages">
      <p class="muted">
        {number(props.shown)} {props.total ? `of ${number(props.total)} ` : ""}shown
      </p>
      <div class="actions">
        <Button disabled={props.at === ""} onClick={() => props.onGo(before.current.pop() ?? "")}>
          Previous
        </Button>
        <Button
          disabled={props.next === null}
          onClick={() => {
            if (props.next === null) return;
            before.current.push(props.at);
            props.onGo(props.next);
          }}
        >
          Next
        </Button>
      </div>
    </nav>
  );
}
