import type { JSX } from "preact";

/** A choice of a few, of which one is always taken. */
export function Segments(props: { label: string; value: string; options: { value: string; label: string }[]; onChange: (value: string) => void }): JSX.Element {
  return (
    <div class="segments" role="group" aria-label={props.label}>
      {props.options.map((one) => (
        <button key={one.value} type="button" aria-pressed={props.value === one.value} onClick={() => props.onChange(one.value)}>
          {one.label}
        </button>
      ))}
    </div>
  );
}
