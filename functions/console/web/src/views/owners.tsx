import type { JSX } from "preact";
import { useApp } from "../app/context";
import { useMembers } from "../app/facts";

/** Chooses whose keys are listed. */
export function OwnerFilter(props: { value: string; onChange: (user: string) => void }): JSX.Element | null {
  const { self } = useApp();
  const members = useMembers();
  const others = members.filter((one) => one.user !== self.user);
  if (self.role === "member" && props.value === "") return null; // a member sees no keys of others
  const known = props.value === "" || props.value === self.user || others.some((one) => one.user === props.value);
  return (
    <label class="inline">
      <span>Owner</span>
      <select value={props.value} onChange={(event) => props.onChange(event.currentTarget.value)}>
        <option value="">Everyone</option>
        <option value={self.user}>You</option>
        {others.map((one) => (
          <option key={one.user} value={one.user}>
            {one.email}
          </option>
        ))}
        {known ? null : <option value={props.value}>{props.value}</option>}
      </select>
    </label>
  );
}
