import type { JSX } from "preact";
import { csv } from "../core/csv";
import { Button } from "./button";
import { download } from "./secret";

/** Saves rows as a CSV file; the rows are made when it is pressed. */
export function CsvButton(props: { name: string; rows: () => (string | number | null)[][]; label?: string; disabled?: boolean }): JSX.Element {
  return (
    <Button icon="download" disabled={props.disabled ?? false} onClick={() => download(`${props.name}.csv`, csv(props.rows()), "text/csv")}>
      {props.label ?? "Download CSV"}
    </Button>
  );
}
