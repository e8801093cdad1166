import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { idsOf } from "../core/webhooks";
import { Field } from "./form";
import { Button } from "./button";
import { Icon } from "./icon";

export interface IdsProps {
  name: string;
  label: string;
  hint: string;
  value: string[];
  /** Ids to choose from, with their names; others can be typed. */
  known?: { id: string; name: string }[];
  onChange: (value: string[]) => void;
  /** Called when it gets the focus for the first time. */
  onOpen?: () => void;
}

/** A list of ids: each is typed or chosen, added, and can be removed. */
export function IdsField(props: IdsProps): JSX.Element {
  const [text, setText] = useState("");
  const known = props.known ?? [];
  const add = (): void => {
    props.onChange([...new Set([...props.value, ...idsOf(text)])]);
    setText("");
  };
  const list = known.length > 0 ? `known-${props.name}` : undefined;
  return (
    <Field name={props.name} label={props.label} hint={props.hint} optional>
      {(control) => (
        <>
          <div class="beside">
            <input
              {...control}
              class="mono"
              list={list}
              value={text}
              autocomplete="off"
              autocapitalize="none"
              spellcheck={false}
              onFocus={props.onOpen}
              onInput={(event) => setText(event.currentTarget.value)}
              onKeyDown={(event) => {
                if (event.key !== "Enter" || text.trim() === "") return;
                event.preventDefault();
                add();
              }}
              onBlur={() => text.trim() !== "" && add()}
            />
            <Button onClick={add}>Add</Button>
          </div>
          {list ? (
            <datalist id={list}>
              {known.map((one) => (
                <option key={one.id} value={one.id} label={one.name} />
              ))}
            </datalist>
          ) : null}
          {props.value.length > 0 ? (
            <ul class="chips">
              {props.value.map((id) => (
                <li key={id}>
                  {id}{" "}
                  <button type="button" class="chip-remove" aria-label={`Remove ${id}`} onClick={() => props.onChange(props.value.filter((one) => one !== id))}>
                    <Icon name="close" />
                  </button>
                </li>
              ))}
            </ul>
          ) : null}
        </>
      )}
    </Field>
  );
}
