// One key: its use, what is left of its quota, and its history.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../app/context";
import { useUserName } from "../app/facts";
import { useLoad, type Loaded } from "../app/load";
import { link, replace } from "../app/router";
import type { ViewProps } from "../app/views";
import { windowOf } from "../core/config";
import { preview } from "../core/format";
import { overlapEnd, tokensEnd } from "../core/history";
import type { Entry, Key, Minted, Rotated } from "../core/types";
import { Button } from "../ui/button";
import { Notice } from "../ui/notice";
import { PageView, Panel } from "../ui/page";
import { Badge, Chips, Code, Facts, Person, QuotaLeft, State, Time } from "../ui/show";
import { LoadedView } from "../ui/states";
import { History } from "./history";
import { KeyDialogs, type KeyAct } from "./keyacts";
import { KeyUsage } from "./keyusage";
import { NewSecret } from "./newsecret";

export function KeyView({ params, query }: ViewProps): JSX.Element {
  const id = params.key!;
  const { api, can } = useApp();
  const key = useLoad((signal) => api.call<Key>("getKey", { params: { key: id }, signal }), [id]);
  const history = useLoad(async (signal) => (can("listAudit") ? (await api.list<Entry>("listAudit", { query: { key: id }, signal }, "", 100)).items : []), [id]);
  const [act, setAct] = useState<KeyAct | null>(null);
  const [secret, setSecret] = useState<Minted | Rotated | null>(null);
  const done = (rotated: Rotated | null): void => {
    setAct(null);
    setSecret(rotated);
    key.reload();
    history.reload();
  };
  const shown = key.data;
  return (
    <PageView
      title={shown?.name ?? "API key"}
      back={{ href: link("/keys"), label: "API keys" }}
      beside={shown ? <State of={shown.state} /> : null}
      actions={shown ? <Acts of={shown} onAct={setAct} /> : null}
    >
      <LoadedView of={key} what="the key">
        {(found) => (
          <>
            <Remarks of={found} history={history.data ?? []} />
            <div class="columns">
              <KeyFacts of={found} history={history.data ?? []} />
              <Quota of={key} />
            </div>
            <KeyUsage of={found} interval={query.interval === "day" ? "day" : "hour"} onInterval={(interval) => replace(`/keys/${encodeURIComponent(id)}`, { interval: interval === "day" ? "day" : "" })} />
            {can("listAudit") ? (
              <Panel title="History" flush>
                <LoadedView of={history} what="the history">
                  {(entries) => <History entries={entries} />}
                </LoadedView>
              </Panel>
            ) : null}
          </>
        )}
      </LoadedView>
      {act && shown ? <KeyDialogs act={act} of={shown} onClose={() => setAct(null)} onDone={done} /> : null}
      {secret ? <NewSecret of={secret} onClose={() => setSecret(null)} /> : null}
    </PageView>
  );
}

function Acts(props: { of: Key; onAct: (act: KeyAct) => void }): JSX.Element | null {
  const { can } = useApp();
  const { of: key, onAct } = props;
  if (key.state === "revoked") return null;
  return (
    <>
      {can("updateKey") ? (
        <Button icon="edit" onClick={() => onAct("edit")}>
          Edit
        </Button>
      ) : null}
      {can("rotateKey") && key.state === "active" ? (
        <Button icon="refresh" onClick={() => onAct("rotate")}>
          Rotate
        </Button>
      ) : null}
      {can("revokeKey") ? (
        <Button icon="trash" kind="danger" onClick={() => onAct("revoke")}>
          Revoke
        </Button>
      ) : null}
    </>
  );
}

function Remarks(props: { of: Key; history: Entry[] }): JSX.Element {
  const { of: key, history } = props;
  const old = key.state === "active" ? overlapEnd(history) : "";
  const left = key.expires_at ? Date.parse(key.expires_at) - Date.now() : Infinity;
  return (
    <>
      {key.state === "revoked" ? (
        <Notice kind="info" title="This key is revoked">
          <p>
            It was revoked <Time at={key.revoked_at} />, and cannot be used again.
          </p>
        </Notice>
      ) : null}
      {key.state === "expired" ? (
        <Notice kind="warning" title="This key has expired">
          <p>
            It ended <Time at={key.expires_at} />. Edit it to give it a later expiry.
          </p>
        </Notice>
      ) : null}
      {key.state === "active" && left < 14 * 86_400_000 ? (
        <Notice kind="warning" title="This key expires soon">
          <p>
            It ends <Time at={key.expires_at} as="relative" />, on <Time at={key.expires_at} />.
          </p>
        </Notice>
      ) : null}
      {key.rotate_recommended ? (
        <Notice kind="warning" title="Rotate the secret">
          <p>The secret is more than 90 days old.</p>
        </Notice>
      ) : null}
      {old ? (
        <Notice kind="info" title="Two secrets work">
          <p>
            The one before the last rotation works until <Time at={old} />.
          </p>
        </Notice>
      ) : null}
    </>
  );
}

function KeyFacts(props: { of: Key; history: Entry[] }): JSX.Element {
  const { config } = useApp();
  const userName = useUserName();
  const { of: key, history } = props;
  const tokens = tokensEnd(history);
  const facts: [string, JSX.Element | string][] = [
    ["Secret", <Code>{preview(key.prefix, key.last_four)}</Code>],
    ["Id", <Code>{key.id}</Code>],
    ["Scopes", config.scopes.style === "role" && key.scopes.length === 0 ? "The owner's role decides" : <Chips names={key.scopes} title={(name) => config.scopes.names.find((one) => one.name === name)?.description} />],
    ["Owner", <Person name={userName(key.user)} />],
    ["Created", <><Time at={key.created_at} />{key.created_by && key.created_by !== key.user ? <> by <Person name={userName(key.created_by)} /></> : null}</>],
    ["Last used", <Time at={key.last_used_at} as="relative" none="never" />],
    ["Expires", <Time at={key.expires_at} none="never" />],
  ];
  if (key.hash === "sha256") facts.push(["Stored", <Badge title="The secret was never seen here">imported hash, not used since</Badge>]);
  if (key.game) facts.push(["Game", <Code>{key.game}</Code>]);
  if (tokens) facts.push(["Tokens", <>the last one ends <Time at={tokens} /></>]);
  if (Object.keys(key.metadata).length > 0) facts.push(["Metadata", <pre class="code small" tabIndex={0} aria-label="Metadata">{JSON.stringify(key.metadata, null, 2)}</pre>]);
  return (
    <Panel title="Details">
      <Facts of={facts} />
    </Panel>
  );
}

function Quota(props: { of: Loaded<Key> }): JSX.Element {
  const { config } = useApp();
  const key = props.of.data!;
  const window = windowOf(config, key.plan);
  return (
    <Panel
      title="Quota"
      actions={
        <Button kind="quiet" icon="refresh" busy={props.of.busy} onClick={props.of.reload}>
          Refresh
        </Button>
      }
    >
      <QuotaLeft of={key.usage.window} window={window} onEnd={props.of.reload} />
      <p class="muted small">Plan {key.plan}. The quota is the key's own; requests that manage keys do not count.</p>
    </Panel>
  );
}
