import type { JSX } from "preact";
import { useApp } from "../app/context";
import { trial } from "../core/env";
import { covers, permissionsOf } from "../core/scopes";
import type { Minted, Rotated } from "../core/types";
import { SecretDialog } from "../ui/secret";
import { Time } from "../ui/show";

/** Shows the secret of a new or rotated key. */
export function NewSecret(props: { of: Minted | Rotated; onClose: () => void }): JSX.Element {
  const { config, api, address } = useApp();
  const { of: key } = props;
  const patterns = key.scopes.flatMap((scope) => permissionsOf(config.scopes, scope));
  const operation = trial(config, (needed) => config.scopes.style === "role" || needed.some((one) => covers(patterns, one)));
  const at = address(api.request(operation, {}).path);
  const rotated = "previous_expires_at" in key;
  return (
    <SecretDialog title={rotated ? `New secret of ${key.name}` : `${key.name} is ready`} secret={key.secret} tryAt={at} onClose={props.onClose}>
      {rotated ? (
        <p>
          {key.previous_expires_at ? (
            <>
              The old secret works until <Time at={key.previous_expires_at} />.
            </>
          ) : (
            "The old secret has ended."
          )}
        </p>
      ) : null}
    </SecretDialog>
  );
}
