// Choosing scopes in the contract's own style: a list, a grid of verbs and resources, levels
// by category, or none where the owner's role decides.

import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { useApp } from "../app/context";
import { useApplications } from "../app/facts";
import type { Scope } from "../core/config";
import { covers, gridOf, levelGroups, needWords, partition, permissionsOf, reachOf, reachWords, refusedForRole, setLevel, type LevelRow, type Role } from "../core/scopes";
import { Check, FieldSet } from "../ui/form";
import { Icon } from "../ui/icon";

export interface ScopePickerProps {
  value: string[];
  onChange: (scopes: string[]) => void;
  /** Role of the key's owner, which limits the key. */
  role: Role;
  /** Game that the key is bound to. */
  game: string;
}

/** What stands against a scope for this owner; "" for nothing. */
type Refusal = (scope: Scope) => string;

export function ScopePicker(props: ScopePickerProps): JSX.Element {
  const { config } = useApp();
  const refusal = useRefusal(props.role, props.game);
  const { data, management } = partition(config.scopes);
  const style = config.scopes.style;
  const toggle = (name: string, on: boolean): void => props.onChange(on ? [...props.value, name] : props.value.filter((one) => one !== name));
  return (
    <>
      <FieldSet name="scopes" label="Scopes" hint={hints[style]}>
        {style === "list" ? <ScopeList scopes={data} value={props.value} onToggle={toggle} refusal={refusal} /> : null}
        {style === "grid" ? <ScopeGrid value={props.value} onToggle={toggle} role={props.role} /> : null}
        {style === "levels" ? <ScopeLevels value={props.value} onChange={props.onChange} refusal={refusal} /> : null}
      </FieldSet>
      {props.role !== "member" || management.some((one) => props.value.includes(one.name)) ? (
        <details class="more" open={management.some((one) => props.value.includes(one.name))}>
          <summary>Scopes to manage keys, members and the audit trail</summary>
          <FieldSet name="scopes_management" label="Management" hint="A program that only calls the API for data needs none of these.">
            <ScopeList scopes={management} value={props.value} onToggle={toggle} refusal={refusal} />
          </FieldSet>
        </details>
      ) : null}
    </>
  );
}

const hints = {
  list: "Give the key no more than its program needs.",
  grid: "A verb applies to the resources that you choose, or to all if you choose none. A chosen resource can always be read.",
  levels: "Give the key no more than its program needs.",
  role: "Keys have no scopes for data: the role of the key's owner decides what the key can do.",
};

function useRefusal(role: Role, game: string): Refusal {
  const { config, self, can } = useApp();
  const approved = useApplications().filter((one) => one.state === "approved");
  const known = can("listApplications") && self.role !== "operator";
  return (scope) => {
    const limited = refusedForRole(config.scopes, scope.name, role);
    if (limited) return limited;
    const permissions = permissionsOf(config.scopes, scope.name);
    if (partition(config.scopes).management.includes(scope) && !permissions.every((one) => covers(self.permissions, one))) {
      return "Your session does not have it, and cannot give it";
    }
    if (!scope.needs || !known) return "";
    const has = approved.some((one) => (scope.needs === "game" ? one.kind === "game" && (game === "" || one.game === game) : one.kind === "general"));
    return has ? "" : needWords(scope.needs);
  };
}

function ScopeList(props: { scopes: Scope[]; value: string[]; onToggle: (name: string, on: boolean) => void; refusal: Refusal }): JSX.Element {
  return (
    <div class="check-list">
      {props.scopes.map((scope) => {
        const refused = props.refusal(scope);
        const on = props.value.includes(scope.name);
        return (
          <Check
            key={scope.name}
            label={<code class="mono">{scope.name}</code>}
            hint={refused ? `${scope.description ?? ""}${scope.description ? ". " : ""}${refused}.` : scope.description}
            checked={on}
            disabled={refused !== "" && !on}
            onChange={(checked) => props.onToggle(scope.name, checked)}
          />
        );
      })}
    </div>
  );
}

function ScopeGrid(props: { value: string[]; onToggle: (name: string, on: boolean) => void; role: Role }): JSX.Element {
  const { config } = useApp();
  const grid = gridOf(config.scopes);
  const reach = reachOf(config.scopes, props.value);
  return (
    <>
      <div class="table-box">
        <table class="grid">
          <caption class="sr-only">What the key reaches</caption>
          <thead>
            <tr>
              <th scope="col">Resource</th>
              {grid.verbs.map((verb) => (
                <th key={verb.name} scope="col">
                  <GridCheck
                    name={verb.name}
                    hint={verb.description}
                    value={props.value}
                    onToggle={props.onToggle}
                    refused={refusedForRole(config.scopes, verb.name, props.role)}
                  />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {grid.resources.map((resource) => (
              <tr key={resource.name}>
                <th scope="row">
                  <GridCheck name={resource.name} hint={resource.description} value={props.value} onToggle={props.onToggle} refused="" />
                </th>
                {grid.verbs.map((verb) => {
                  const on = reach[resource.name]?.includes(verb.name);
                  return (
                    <td key={verb.name} class={on ? "on" : undefined}>
                      {on ? <Icon name="check" /> : <span aria-hidden="true">–</span>}
                      <span class="sr-only">{on ? `can ${verb.name}` : `cannot ${verb.name}`}</span>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="hint" aria-live="polite">
        {reachWords(config, props.value)}
      </p>
    </>
  );
}

function GridCheck(props: { name: string; hint: string; value: string[]; onToggle: (name: string, on: boolean) => void; refused: string }): JSX.Element {
  const on = props.value.includes(props.name);
  return (
    <label class="grid-check" title={props.refused || props.hint}>
      <input type="checkbox" checked={on} disabled={props.refused !== "" && !on} onChange={(event) => props.onToggle(props.name, event.currentTarget.checked)} />
      <code class="mono">{props.name}</code>
      {props.refused ? <span class="sr-only">{props.refused}</span> : null}
    </label>
  );
}

function ScopeLevels(props: { value: string[]; onChange: (scopes: string[]) => void; refusal: Refusal }): JSX.Element {
  const { config } = useApp();
  return (
    <>
      {levelGroups(config.scopes).map((group) => (
        <section key={group.category} class="level-group">
          <h3>{group.category}</h3>
          {group.rows.map((row) => (
            <Level key={row.id} row={row} value={props.value} onChange={props.onChange} refusal={props.refusal} />
          ))}
        </section>
      ))}
    </>
  );
}

function Level(props: { row: LevelRow; value: string[]; onChange: (scopes: string[]) => void; refusal: Refusal }): JSX.Element {
  const { config } = useApp();
  const id = useId();
  const { row, value } = props;
  const chosen = row.levels.filter((one) => one.grants && value.includes(one.scope)).pop(); // the highest, where a key has several
  const refusals = row.levels.filter((one) => one.grants).map((one) => props.refusal(config.scopes.names.find((scope) => scope.name === one.scope)!));
  const why = refusals.every(Boolean) ? refusals[0]! : "";
  const nothing = row.levels.find((one) => !one.grants)?.scope ?? "";
  return (
    <div class="level">
      <div>
        <label for={id}>
          <code class="mono">{row.id}</code>
        </label>
        <p class="hint" id={`${id}-hint`}>
          {row.description}
          {why || row.needs ? `. ${why || needWords(row.needs)}.` : ""}
        </p>
      </div>
      <select id={id} aria-describedby={`${id}-hint`} value={chosen?.scope ?? nothing} disabled={why !== "" && !chosen} onChange={(event) => props.onChange(setLevel(value, row, event.currentTarget.value))}>
        {nothing === "" ? <option value="">none</option> : null}
        {row.levels.map((one) => (
          <option key={one.scope} value={one.scope}>
            {one.level}
          </option>
        ))}
      </select>
    </div>
  );
}
