import type { JSX } from "preact";
import { number } from "../core/format";
import { top as topOf } from "../core/usage";

export interface Bar {
  id: string;
  /** Name of the bar for people. */
  label: string;
  value: number;
}

export interface BarsProps {
  /** What the picture shows, in a sentence with its sums. */
  summary: string;
  bars: Bar[];
  /** The quota's line; null without one. */
  line: number | null;
  lineLabel: string;
}

const height = 140;

/** Bars over time with the quota as a line. A table with the same numbers belongs beside it. */
export function Bars(props: BarsProps): JSX.Element {
  const highest = Math.max(0, ...props.bars.map((bar) => bar.value));
  const { top, line } = topOf(highest, props.line);
  const step = 1000 / Math.max(1, props.bars.length);
  const y = (value: number): number => height - (value / top) * height;
  const ends = [props.bars[0], props.bars[Math.floor(props.bars.length / 2)], props.bars[props.bars.length - 1]];
  return (
    <div class="chart" role="img" aria-label={props.summary}>
      <div class="chart-scale" aria-hidden="true">
        <span>{number(top)}</span>
        <span>0</span>
      </div>
      <div class="chart-area" aria-hidden="true">
        <svg viewBox={`0 0 1000 ${height}`} preserveAspectRatio="none" class="chart-picture">
          <line class="chart-grid" x1="0" x2="1000" y1="0.5" y2="0.5" />
          <line class="chart-grid" x1="0" x2="1000" y1={height / 2} y2={height / 2} />
          <line class="chart-grid" x1="0" x2="1000" y1={height - 0.5} y2={height - 0.5} />
          {props.bars.map((bar, index) => (
            <g key={bar.id} class="chart-bar">
              <title>{`${bar.label}: ${number(bar.value)}`}</title>
              <rect class="chart-hit" x={index * step} y="0" width={step} height={height} />
              {bar.value > 0 ? <rect x={index * step + step * 0.12} width={step * 0.76} y={Math.min(y(bar.value), height - 2)} height={Math.max(2, height - y(bar.value))} /> : null}
            </g>
          ))}
          {line && props.line !== null ? <line class="chart-line" x1="0" x2="1000" y1={Math.max(1, y(props.line))} y2={Math.max(1, y(props.line))} /> : null}
        </svg>
        <div class="chart-labels">
          {ends.map((bar, index) => (
            <span key={index}>{bar?.label ?? ""}</span>
          ))}
        </div>
      </div>
      {props.line !== null ? (
        <p class="chart-legend small muted" aria-hidden="true">
          {line ? <span class="chart-key" /> : null}
          {props.lineLabel}
          {line ? "" : ", above this picture"}
        </p>
      ) : null}
    </div>
  );
}
