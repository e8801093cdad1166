import { createContext, type ComponentChildren, type JSX } from "preact";
import { useContext, useEffect, useId, useRef, useState } from "preact/hooks";
import { AppContext } from "../app/context";
import { asApiError } from "../app/load";
import { fingerprint, newOnce } from "../core/once";
import type { ApiError } from "../core/errors";
import { Failure, Notice } from "./notice";

// A form keeps what was typed when saving fails, shows the API's problems beside their
// fields and the others above the buttons, and sends the same Idempotency-Key as long as
// its content is the same.

export interface FormState {
  error: ApiError | null;
  busy: boolean;
  /** Problems of a field, by the API's name. */
  problems: (field: string) => string[];
  /** Problems of fields that the form does not show. */
  others: (shown: string[]) => string[];
  /** Runs the save. The content decides whether the Idempotency-Key is a new one. */
  save: (content: unknown, run: (once: string) => Promise<void>) => void;
  /** Shows a problem that the form found itself. */
  refuse: (field: string, problem: string) => void;
  clear: () => void;
}

export function useSave(): FormState {
  const [error, setError] = useState<ApiError | null>(null);
  const [own, setOwn] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const once = useRef({ print: "", key: "" });
  const alive = useRef(true);
  useEffect(() => () => void (alive.current = false), []);
  const self = useContext(AppContext)?.self;
  useEffect(() => setError((now) => (now?.kind === "expired" ? null : now)), [self]); // signed in again
  return {
    error,
    busy,
    problems: (field) => [...(own[field] ? [own[field]] : []), ...(error?.fields[field] ?? [])],
    others: (shown) => Object.entries(error?.fields ?? {}).flatMap(([field, problems]) => (shown.includes(field) ? [] : problems.map((one) => `${field}: ${one}`))),
    refuse: (field, problem) => setOwn({ [field]: problem }),
    clear: () => {
      setError(null);
      setOwn({});
    },
    save: (content, run) => {
      if (busy) return;
      const print = fingerprint(content);
      if (once.current.print !== print) once.current = { print, key: newOnce() };
      setBusy(true);
      setError(null);
      setOwn({});
      run(once.current.key).then(
        () => {
          once.current = { print: "", key: "" };
          if (alive.current) setBusy(false);
        },
        (problem: unknown) => {
          if (!alive.current) return;
          setBusy(false);
          setError(asApiError(problem));
        },
      );
    },
  };
}

const FormContext = createContext<FormState | null>(null);

export interface FormProps {
  state: FormState;
  /** Names of the fields that the form shows. */
  fields: string[];
  onSubmit: () => void;
  children: ComponentChildren;
  /** The buttons. */
  actions: ComponentChildren;
  label?: string;
}

export function Form(props: FormProps): JSX.Element {
  const form = useRef<HTMLFormElement>(null);
  const { error } = props.state;
  const wrong = props.fields.some((field) => props.state.problems(field).length > 0);
  useEffect(() => {
    if (wrong) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
    else if (error) form.current?.querySelector("[role=alert]")?.scrollIntoView({ block: "nearest" });
  }, [error, wrong]);
  const others = props.state.others(props.fields);
  return (
    <form
      ref={form}
      noValidate
      aria-label={props.label}
      onSubmit={(event) => {
        event.preventDefault();
        props.onSubmit();
      }}
    >
      <FormContext.Provider value={props.state}>{props.children}</FormContext.Provider>
      {error && (!wrong || others.length > 0 || error.form.length > 0) ? <Failure error={error} problems={[...others, ...error.form]} /> : null}
      {error && wrong ? (
        <Notice kind="error" live>
          Check the marked fields.
        </Notice>
      ) : null}
      <div class="actions">{props.actions}</div>
    </form>
  );
}

export interface FieldProps {
  /** The API's name of the field. */
  name: string;
  label: string;
  hint?: ComponentChildren;
  optional?: boolean;
  /** The control gets the ids and states. */
  children: (control: { id: string; name: string; "aria-describedby": string | undefined; "aria-invalid": boolean | undefined }) => ComponentChildren;
}

/** A labelled control with its hint and its problems. */
export function Field(props: FieldProps): JSX.Element {
  const id = useId();
  const problems = useContext(FormContext)?.problems(props.name) ?? [];
  const described = [props.hint ? `${id}-hint` : "", problems.length > 0 ? `${id}-problem` : ""].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id}>
        {props.label}
        {props.optional ? <span class="muted"> (optional)</span> : null}
      </label>
      {props.children({ id, name: props.name, "aria-describedby": described || undefined, "aria-invalid": problems.length > 0 || undefined })}
      {props.hint ? (
        <p class="hint" id={`${id}-hint`}>
          {props.hint}
        </p>
      ) : null}
      <Problems id={`${id}-problem`} problems={problems} />
    </div>
  );
}

function Problems(props: { id: string; problems: string[] }): JSX.Element | null {
  if (props.problems.length === 0) return null;
  return (
    <p class="problem" id={props.id} role="alert">
      {props.problems.join(". ")}
    </p>
  );
}

/** A group of controls under one label, such as the choices of one field. */
export function FieldSet(props: { name: string; label: string; hint?: ComponentChildren; children: ComponentChildren }): JSX.Element {
  const id = useId();
  const problems = useContext(FormContext)?.problems(props.name) ?? [];
  const described = [props.hint ? `${id}-hint` : "", problems.length > 0 ? `${id}-problem` : ""].filter(Boolean).join(" ");
  return (
    <fieldset class="field" aria-describedby={described || undefined} aria-invalid={problems.length > 0 || undefined} tabIndex={problems.length > 0 ? -1 : undefined}>
      <legend>{props.label}</legend>
      {props.hint ? (
        <p class="hint" id={`${id}-hint`}>
          {props.hint}
        </p>
      ) : null}
      {props.children}
      <Problems id={`${id}-problem`} problems={problems} />
    </fieldset>
  );
}

export interface TextProps {
  name: string;
  label: string;
  value: string;
  onInput: (value: string) => void;
  hint?: ComponentChildren;
  optional?: boolean;
  type?: "text" | "email" | "url" | "password" | "datetime-local" | "number" | "search";
  placeholder?: string;
  maxLength?: number;
  autofocus?: boolean;
  /** Rows, for texts of several lines. */
  rows?: number;
  mono?: boolean;
}

export function TextField(props: TextProps): JSX.Element {
  return (
    <Field name={props.name} label={props.label} hint={props.hint} optional={props.optional ?? false}>
      {(control) =>
        props.rows ? (
          <textarea
            {...control}
            class={props.mono ? "mono" : undefined}
            rows={props.rows}
            value={props.value}
            placeholder={props.placeholder}
            spellcheck={!props.mono}
            onInput={(event) => props.onInput(event.currentTarget.value)}
          />
        ) : (
          <input
            {...control}
            class={props.mono ? "mono" : undefined}
            type={(props.type ?? "text") as "text"}
            value={props.value}
            placeholder={props.placeholder}
            maxLength={props.maxLength}
            autofocus={props.autofocus}
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            onInput={(event) => props.onInput(event.currentTarget.value)}
          />
        )
      }
    </Field>
  );
}

export interface SelectProps {
  name: string;
  label: string;
  value: string;
  onChange: (value: string) => void;
  options: { value: string; label: string; disabled?: boolean }[];
  hint?: ComponentChildren;
}

export function SelectField(props: SelectProps): JSX.Element {
  return (
    <Field name={props.name} label={props.label} hint={props.hint}>
      {(control) => (
        <select {...control} value={props.value} onChange={(event) => props.onChange(event.currentTarget.value)}>
          {props.options.map((one) => (
            <option key={one.value} value={one.value} disabled={one.disabled}>
              {one.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export interface CheckProps {
  label: ComponentChildren;
  checked: boolean;
  onChange: (checked: boolean) => void;
  hint?: ComponentChildren;
  disabled?: boolean;
  name?: string;
  type?: "checkbox" | "radio";
  value?: string;
}

/** A checkbox or radio button with its label and hint. */
export function Check(props: CheckProps): JSX.Element {
  const id = useId();
  return (
    <div class="check">
      <input
        id={id}
        type={props.type ?? "checkbox"}
        name={props.name}
        value={props.value}
        checked={props.checked}
        disabled={props.disabled}
        aria-describedby={props.hint ? `${id}-hint` : undefined}
        onChange={(event) => props.onChange(event.currentTarget.checked)}
      />
      <div>
        <label for={id}>{props.label}</label>
        {props.hint ? (
          <p class="hint" id={`${id}-hint`}>
            {props.hint}
          </p>
        ) : null}
      </div>
    </div>
  );
}
