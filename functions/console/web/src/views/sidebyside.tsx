import type { JSX } from "preact";
import { useUserName } from "../app/facts";
import { changedFields } from "../core/auditfile";
import { value } from "../core/format";

type Values = Record<string, unknown> | null;

/** The fields of a change in two columns: before and after. */
export function SideBySide(props: { before: Values; after: Values }): JSX.Element {
  const { before, after } = props;
  const userName = useUserName();
  const said = (name: string, of: Values): string => (!of || !(name in of) ? "" : name === "user" && typeof of[name] === "string" ? userName(of[name]) : value(of[name]));
  const names = changedFields(before, after);
  if (names.length === 0) return <span class="muted">–</span>;
  return (
    <div class={before && after ? "diff three" : "diff"} role="table" aria-label="Fields">
      <div role="row">
        <span role="columnheader">Field</span>
        {before ? <span role="columnheader">Before</span> : null}
        {after ? <span role="columnheader">{before ? "After" : "New"}</span> : null}
      </div>
      {names.map((name) => (
        <div key={name} role="row">
          <span role="rowheader">{name}</span>
          {before ? (
            <span role="cell" class="was">
              {said(name, before)}
            </span>
          ) : null}
          {after ? (
            <span role="cell" class="is">
              {said(name, after)}
            </span>
          ) : null}
        </div>
      ))}
    </div>
  );
}
