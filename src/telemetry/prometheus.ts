/** /metrics: the Prometheus text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). */
import { bucketBoundsMs, type MetricName, type SeriesReading } from './counters.js';
import { type Metric, metricsTable } from './metrics.js';
import type { Telemetry } from './telemetry.js';

export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8';

export function renderMetrics(telemetry: Telemetry): string {
  telemetry.refresh();
  const lines: string[] = [];
  // Before the fixed metrics, since it counts the series that were dropped.
  for (const { family, series } of telemetry.collected()) {
    pushHead(lines, family.name, family.help, family.kind);
    for (const { labelValues, value } of series) {
      const labels = family.labels.map((label, index) => [label, labelValues[index]!] as const);
      lines.push(`${family.name}${showLabels(labels)} ${showNumber(value)}`);
    }
  }
  for (const [name, metric] of Object.entries(metricsTable) as [MetricName, Metric][]) {
    pushHead(lines, metric.name, metric.help, metric.kind);
    for (const series of telemetry.read(name)) pushSeries(lines, metric, series);
  }
  return `${lines.join('\n')}\n`;
}

function pushHead(lines: string[], name: string, help: string, kind: string): void {
  lines.push(`# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`, `# TYPE ${name} ${kind}`);
}

type Labels = readonly (readonly [string, string])[];

function pushSeries(lines: string[], metric: Metric, series: SeriesReading): void {
  const labels: Labels =
    metric.label === undefined || series.labelValue === undefined ? [] : [[metric.label.name, series.labelValue]];
  if (series.kind === 'value') {
    lines.push(`${metric.name}${showLabels(labels)} ${showNumber(series.value)}`);
    return;
  }
  let below = 0;
  for (const [index, count] of series.buckets.entries()) {
    below += count;
    const boundMs = bucketBoundsMs[index];
    const bound = boundMs === undefined ? '+Inf' : String(boundMs / 1000);
    lines.push(`${metric.name}_bucket${showLabels([...labels, ['le', bound]])} ${below}`);
  }
  lines.push(`${metric.name}_sum${showLabels(labels)} ${showNumber(series.sumMs / 1000)}`);
  lines.push(`${metric.name}_count${showLabels(labels)} ${below}`);
}

function showLabels(labels: Labels): string {
  if (labels.length === 0) return '';
  return `{${labels.map(([label, value]) => `${label}="${escapeLabel(value)}"`).join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function showNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}
