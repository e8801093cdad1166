// The use of a key by hour or day, and by operation.

import type { JSX } from "preact";
import { useApp } from "../app/context";
import { useLoad } from "../app/load";
import { windowOf } from "../core/config";
import { count, per } from "../core/durations";
import { hourLabel, number, operationWords, utcDay } from "../core/format";
import type { Key } from "../core/types";
import { buckets, byOperation, quotaOf, type Interval, type Report } from "../core/usage";
import { Bars } from "../ui/bars";
import { Panel } from "../ui/page";
import { Meter } from "../ui/show";
import { Empty, LoadedView } from "../ui/states";
import { Table } from "../ui/table";

const spans: Record<Interval, number> = { hour: 24 * 3_600_000, day: 30 * 86_400_000 };

export function KeyUsage(props: { of: Key; interval: Interval; onInterval: (interval: Interval) => void }): JSX.Element | null {
  const { api, can } = useApp();
  const { of: key, interval } = props;
  const report = useLoad(
    (signal) => {
      const now = Date.now();
      const query = { from: new Date(now - spans[interval]).toISOString(), to: new Date(now).toISOString(), ...(interval === "day" ? { interval } : {}) };
      return api.call<Report>("getKeyUsage", { params: { key: key.id }, query, signal });
    },
    [key.id, key.usage.total, interval],
  );
  if (!can("getKeyUsage")) return null;
  return (
    <Panel title="Usage" actions={<IntervalChoice value={interval} onChange={props.onInterval} />}>
      <LoadedView of={report} what="the usage">
        {(found) => <Usage of={found} owner={key} interval={interval} />}
      </LoadedView>
    </Panel>
  );
}

export function IntervalChoice(props: { value: Interval; onChange: (interval: Interval) => void }): JSX.Element {
  const labels: Record<Interval, string> = { hour: "24 hours", day: "30 days" };
  return (
    <div class="segments" role="group" aria-label="Period">
      {(["hour", "day"] as const).map((one) => (
        <button key={one} type="button" aria-pressed={props.value === one} onClick={() => props.onChange(one)}>
          {labels[one]}
        </button>
      ))}
    </div>
  );
}

function Usage(props: { of: Report; owner: Key; interval: Interval }): JSX.Element {
  const { config } = useApp();
  const { of: report, interval } = props;
  const limit = props.owner.usage.window.limit;
  const window = windowOf(config, props.owner.plan);
  const quota = quotaOf(limit, window, interval);
  const bars = buckets(report, interval).map((one) => ({ id: one.at, label: interval === "hour" ? hourLabel(one.at) : utcDay(one.at), value: one.total }));
  const highest = bars.reduce((most, bar) => (bar.value > most.value ? bar : most), { id: "", label: "", value: 0 });
  const summary = `${count(report.total, "request")} by ${interval}${highest.value > 0 ? `, most in ${highest.label}: ${number(highest.value)}` : ""}`;
  if (report.total === 0) {
    return (
      <Empty title="No requests" icon="chart">
        <p>The key made none in this time.</p>
      </Empty>
    );
  }
  return (
    <>
      <p class="big">
        {number(report.total)} <span class="muted small">requests in {interval === "hour" ? "24 hours" : "30 days (UTC)"}</span>
      </p>
      <Bars summary={summary} bars={bars} line={quota} lineLabel={quota === null ? "" : `Quota, ${number(quota)} per ${interval}${window < (interval === "hour" ? 3600 : 86400) ? ` (${number(limit!)} per ${per(window)})` : ""}`} />
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

/** The requests of a report by operation, most used first. */
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
