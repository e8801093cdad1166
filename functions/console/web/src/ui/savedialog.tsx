import type { ComponentChildren, JSX } from "preact";
import { Button } from "./button";
import { Dialog } from "./dialog";
import { Form, type FormState } from "./form";

export interface SaveDialogProps {
  title: string;
  form: FormState;
  /** Names of the fields that it shows. */
  fields: string[];
  /** What the button says. */
  save: string;
  danger?: boolean;
  /** Why the button does nothing; "" if it works. */
  disabled?: string;
  wide?: boolean;
  children: ComponentChildren;
  onClose: () => void;
  onSubmit: () => void;
}

/** A dialog with a form, a button that saves and one that cancels. */
export function SaveDialog(props: SaveDialogProps): JSX.Element {
  const { form, disabled = "" } = props;
  return (
    <Dialog title={props.title} wide={props.wide ?? false} onClose={form.busy ? undefined : props.onClose}>
      <Form
        state={form}
        fields={props.fields}
        onSubmit={props.onSubmit}
        actions={
          <>
            <Button disabled={form.busy} onClick={props.onClose}>
              Cancel
            </Button>
            <Button kind={props.danger ? "danger" : "primary"} type="submit" busy={form.busy} disabled={disabled !== ""} why={disabled}>
              {props.save}
            </Button>
          </>
        }
      >
        {props.children}
      </Form>
    </Dialog>
  );
}
