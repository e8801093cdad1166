// The requests of a key, by hour or day and by operation.

import type { JSX } from "preact";
import { useApp } from "../app/context";
import { useLoad } from "../app/load";
import { windowOf } from "../core/config";
import { count, per } from "../core/durations";
import { hourLabel, number, operationWords, utcDay } from "../core/format";
import { periods, spanOf, type Period } from "../core/orgusage";
import type { Key } from "../core/types";
import { buckets, byOperation, quotaOf, type Interval, type Report } from "../core/usage";
import { Bars } from "../ui/bars";
import { Panel } from "../ui/page";
import { Segments } from "../ui/segments";
import { Meter } from "../ui/show";
import { Empty, LoadedView } from "../ui/states";
import { Table } from "../ui/table";

export function KeyUsage(props: { of: Key; period: Period; onPeriod: (period: Period) => void }): JSX.Element | null {
  const { api, can, config } = useApp();
  const { of: key, period } = props;
  const report = useLoad((signal) => api.call<Report>("getKeyUsage", { params: { key: key.id }, query: spanOf(period, Date.now()), signal }), [key.id, key.usage.total, period]);
  if (!can("getKeyUsage")) return null;
  const { limit } = key.usage.window;
  const window = windowOf(config, key.plan);
  return (
    <Panel title="Usage" actions={<PeriodChoice value={period} onChange={props.onPeriod} />}>
      <LoadedView of={report} what="the usage">
        {(found) => (found.total === 0 ? <NoRequests period={period} /> : <Requests of={found} period={period} quota={limit === null ? null : { limit, window }} />)}
      </LoadedView>
    </Panel>
  );
}

export function PeriodChoice(props: { value: Period; onChange: (period: Period) => void }): JSX.Element {
  return <Segments label="Period" value={props.value} options={(Object.keys(periods) as Period[]).map((one) => ({ value: one, label: periods[one].label }))} onChange={props.onChange} />;
}

export function NoRequests(props: { period: Period }): JSX.Element {
  return (
    <Empty title="No requests" icon="chart">
      <p>There were none in {periods[props.period].label}.</p>
    </Empty>
  );
}

/** A report as a picture with the quota's line, and as tables by operation and by time. */
export function Requests(props: { of: Report; period: Period; quota: { limit: number; window: number } | null }): JSX.Element {
  const { of: report, quota } = props;
  const { interval, label } = periods[props.period];
  const bars = buckets(report, interval).map((one) => ({ id: one.at, label: interval === "hour" ? hourLabel(one.at) : utcDay(one.at), value: one.total }));
  const highest = bars.reduce((most, bar) => (bar.value > most.value ? bar : most));
  return (
    <>
      <p class="big">
        {number(report.total)}{" "}
        <span class="muted small">
          {report.total === 1 ? "request" : "requests"} in {label}
          {interval === "day" ? " (UTC)" : ""}
        </span>
      </p>
      <Bars summary={`${count(report.total, "request")} by ${interval}, most in ${highest.label}: ${number(highest.value)}`} bars={bars} line={quota && quotaOf(quota.limit, quota.window, interval)} lineLabel={quota ? quotaWords(quota, interval) : ""} />
      <div class="columns even">
        <ByOperation of={report} />
        <details class="more">
          <summary>By {interval} as a table</summary>
          <Table
            caption={`Requests by ${interval}`}
            columns={[
              { title: interval === "hour" ? "Hour" : "Day (UTC)", cell: (bar) => bar.label },
              { title: "Requests", numeric: true, cell: (bar) => number(bar.value) },
            ]}
            rows={bars.filter((bar) => bar.value > 0).reverse()}
            id={(bar) => bar.id}
          />
        </details>
      </div>
    </>
  );
}

function quotaWords(quota: { limit: number; window: number }, interval: Interval): string {
  const all = quotaOf(quota.limit, quota.window, interval);
  const own = `${number(quota.limit)} per ${per(quota.window)}`;
  if (all === null || all === quota.limit) return `Quota, ${own}`;
  return `Quota, ${number(all)} per ${interval} (${own})`;
}

export function ByOperation(props: { of: Report }): JSX.Element {
  const { config } = useApp();
  const sums = byOperation(props.of);
  const most = sums[0]?.total ?? 1;
  return (
    <Table
      caption="Requests by operation"
      captioned
      columns={[
        { title: "Operation", cell: (one) => <span title={one.operation}>{config.operations[one.operation]?.summary ?? operationWords(one.operation)}</span> },
        { title: "Share", cell: (one) => <Meter plain share={one.total / most} label={`${Math.round((one.total / props.of.total) * 100)} %`} /> },
        { title: "Requests", numeric: true, cell: (one) => number(one.total) },
      ]}
      rows={sums}
      id={(one) => one.operation}
    />
  );
}
