// What an organisation's keys requested: by time, by operation and by key.

import type { JSX } from "preact";
import { useApp } from "../app/context";
import { useUserName } from "../app/facts";
import { useLoad } from "../app/load";
import { link, replace } from "../app/router";
import type { ViewProps } from "../app/views";
import { number, preview } from "../core/format";
import { joined, keyRows, periodOf, spanOf, timeRows, type KeyUse, type OrgUsage, type Period } from "../core/orgusage";
import { CsvButton } from "../ui/csv";
import { Notice } from "../ui/notice";
import { PageView, Panel } from "../ui/page";
import { Code, Meter, Person, State, Time, WindowBar } from "../ui/show";
import { Empty, LoadedView } from "../ui/states";
import { Table, type Column } from "../ui/table";
import { NoRequests, PeriodChoice, Requests } from "./keyusage";

const mostPages = 10; // of 100 keys

export function UsageView({ query }: ViewProps): JSX.Element {
  const { api, self } = useApp();
  const period = periodOf(query.period);
  const report = useLoad(
    async (signal) => {
      const pages: OrgUsage[] = [];
      const span = spanOf(period, Date.now());
      let cursor: string | null = null;
      do {
        const page: OrgUsage = await api.call<OrgUsage>("getOrgUsage", { params: { org: self.org }, query: { ...span, limit: 100, cursor }, signal });
        pages.push(page);
        cursor = page.next_cursor;
      } while (cursor !== null && pages.length < mostPages);
      return joined(pages);
    },
    [self.org, period],
  );
  return (
    <PageView
      title="Usage"
      intro={<p>{self.role === "member" ? "The requests of your keys." : "The requests of all keys of the organisation, revoked ones included."}</p>}
      actions={
        <PeriodChoice value={period} onChange={(to) => replace("/usage", { period: to === "24h" ? "" : to })} />
      }
    >
      <LoadedView of={report} what="the usage">
        {(found) => <Report of={found} period={period} />}
      </LoadedView>
    </PageView>
  );
}

function Report(props: { of: OrgUsage; period: Period }): JSX.Element {
  const { of: report, period } = props;
  const { contract } = useApp().config;
  const userName = useUserName();
  if (report.keys.length === 0) {
    return (
      <Empty title="No keys" icon="chart">
        <p>Requests are made with keys, and there is none yet.</p>
      </Empty>
    );
  }
  return (
    <>
      {report.next_cursor ? (
        <Notice kind="warning" title={`Only the newest ${number(report.keys.length)} keys are counted`}>
          <p>The API has the others on further pages.</p>
        </Notice>
      ) : null}
      <Panel title="Requests" actions={<CsvButton name={`${contract}-usage-${period}`} disabled={report.total === 0} rows={() => timeRows(report)} />}>
        {report.total === 0 ? <NoRequests period={period} /> : <Requests of={report} period={period} quota={null} />}
      </Panel>
      <Panel title="By key" flush actions={<CsvButton name={`${contract}-usage-${period}-keys`} rows={() => keyRows(report, userName)} />}>
        <Keys of={report} />
      </Panel>
    </>
  );
}

function Keys(props: { of: OrgUsage }): JSX.Element {
  const { can, self } = useApp();
  const userName = useUserName();
  const most = Math.max(1, props.of.keys[0]!.total);
  const share = (one: KeyUse): number => (props.of.total > 0 ? Math.round((one.total / props.of.total) * 100) : 0);
  const columns: Column<KeyUse>[] = [
    {
      title: "Key",
      cell: (one) => (
        <div class="stack">
          {can("getKey") ? <a href={link(`/keys/${encodeURIComponent(one.key)}`)}>{one.name}</a> : <span>{one.name}</span>}
          <span class="nowrap muted small">
            <Code>{preview(one.prefix, one.last_four)}</Code>
          </span>
        </div>
      ),
    },
    { title: "State", cell: (one) => <State of={one.state} /> },
    ...(self.role === "member" ? [] : [{ title: "Owner", cell: (one: KeyUse) => <Person name={userName(one.user)} /> }]),
    { title: "Share", cell: (one) => <Meter plain share={one.total / most} label={`${share(one)} %`} /> },
    { title: "Requests", numeric: true, cell: (one) => number(one.total) },
    { title: "This window", cell: (one) => (one.state === "active" ? <WindowBar of={one.window} /> : <span class="muted">–</span>) },
    { title: "Last used", cell: (one) => <Time at={one.last_used_at} as="relative" none="never" /> },
  ];
  return <Table caption="Requests by key" columns={columns} rows={props.of.keys} id={(one) => one.key} />;
}
