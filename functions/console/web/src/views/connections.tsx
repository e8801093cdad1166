// The member's own accounts on other platforms.

import type { JSX } from "preact";
import { useApp } from "../app/context";
import { useLoad } from "../app/load";
import { platformsOf, type Account } from "../core/members";
import { PageView } from "../ui/page";
import { Code } from "../ui/show";
import { LoadedView } from "../ui/states";
import { Table } from "../ui/table";

export function ConnectionsView(): JSX.Element {
  const { api, config, self } = useApp();
  const found = useLoad((signal) => api.call<{ connections: Account[] }>("getConnections", { signal }), []);
  const platforms = platformsOf(config.operations.getConnections?.permissions ?? []);
  const readable = (platform: string): boolean => self.permissions.includes(`connections.${platform}:read`);
  const none = <span class="muted">not linked</span>;
  return (
    <PageView title="Connections" intro={<p>Your accounts on other platforms. Keys that you own can read them with the scopes of connections. The operator links them, once they are proven to be yours.</p>}>
      <LoadedView of={found} what="connections">
        {({ connections }) => {
          const of = (platform: string): Account | undefined => connections.find((one) => one.platform === platform);
          return (
            <Table
              caption="Linked accounts"
              columns={[
                { title: "Platform", cell: (one) => one },
                { title: "Name", cell: (one) => (readable(one) ? of(one)?.name || (of(one) ? "–" : none) : <span class="muted">not readable with this session</span>) },
                { title: "Account id", cell: (one) => (of(one) ? <Code>{of(one)!.id}</Code> : <span class="muted">–</span>) },
              ]}
              rows={platforms}
              id={(one) => one}
            />
          );
        }}
      </LoadedView>
    </PageView>
  );
}
