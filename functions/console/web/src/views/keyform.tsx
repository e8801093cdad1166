// Fields that creating and editing a key share.

import type { JSX } from "preact";
import { useApp } from "../app/context";
import { expiryHint, expiryOptions } from "../core/expiry";
import { Check, FieldSet, TextField } from "../ui/form";

export interface ExpiryProps {
  choice: string;
  at: string;
  keep?: boolean;
  onChange: (choice: string, at: string) => void;
}

export function ExpiryField(props: ExpiryProps): JSX.Element {
  const { config } = useApp();
  const name = props.choice === "at" ? "expires_at" : "expires_in";
  return (
    <>
      <FieldSet name={name === "expires_at" ? "expires_in_choice" : name} label="Expires" hint={expiryHint(config.keys)}>
        <div class="radio-row">
          {expiryOptions(config.keys, props.keep ?? false).map((option) => (
            <Check
              key={option.value}
              type="radio"
              name="expiry"
              value={option.value}
              label={option.label}
              checked={props.choice === option.value}
              onChange={() => props.onChange(option.value, props.at)}
            />
          ))}
        </div>
      </FieldSet>
      {props.choice === "at" ? <TextField name="expires_at" label="Expiry" type="datetime-local" value={props.at} hint={`In your time zone, ${Intl.DateTimeFormat().resolvedOptions().timeZone}.`} onInput={(at) => props.onChange("at", at)} /> : null}
    </>
  );
}

export function MetadataField(props: { value: string; onInput: (value: string) => void }): JSX.Element {
  return <TextField name="metadata" label="Metadata" optional mono rows={4} value={props.value} placeholder={'{"team": "scores"}'} hint="Notes of your own as a JSON object, at most 1 KB. Do not put secrets here." onInput={props.onInput} />;
}
