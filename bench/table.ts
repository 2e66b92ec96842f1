import { median } from './measure.js';
import type { Sample } from './run.js';
import type { Row, Section } from './sections.js';

/** Ratios are to the first of these that a section has. */
const BASELINE = 'kafka';

/** A column, left out where no row has it. A figure without a ratio of its own has none. */
interface Column {
  readonly head: string;
  text(row: Row, section: Section): string;
}

const columns: readonly Column[] = [
  { head: 'system', text: ({ system }) => system },
  { head: 'variant', text: ({ variant }) => variant ?? '' },
  {
    head: 'ratio to',
    text: (row, section) => (row.variant === undefined ? '' : (baseOf(row, section)?.variant ?? '')),
  },
  { head: 'MB/s', text: (row) => spread(row, (sample) => sample.megabytesPerSecond, 0) },
  {
    head: 'ratio',
    text: (row, section) =>
      section.rate === 'fixed' ? '' : ratio(row, section, (sample) => sample.megabytesPerSecond),
  },
  { head: 'CPU-s/GB', text: (row) => spread(row, (sample) => sample.cpuSecondsPerGigabyte, 2) },
  { head: 'ratio', text: (row, section) => ratio(row, section, (sample) => sample.cpuSecondsPerGigabyte) },
  { head: 'cores', text: (row) => spread(row, (sample) => sample.cores, 2) },
  { head: 'MB/s per core', text: (row) => one(row, (sample) => sample.megabytesPerSecond / sample.cores, 0) },
  { head: 'store CPU-s/GB', text: (row) => one(row, (sample) => sample.storeCpuSecondsPerGigabyte, 2) },
  ...(['p50', 'p95', 'p99', 'p999'] as const).map(
    (quantile): Column => ({
      head: `ack ${quantile === 'p999' ? 'p99.9' : quantile} ms`,
      // Flat out it tells how long the generator's own queue is.
      text: (row, { rate }) => (rate === 'fixed' ? spread(row, ({ ackMs }) => ackMs?.[quantile], 1) : ''),
    }),
  ),
  { head: 'end to end p50 ms', text: (row) => one(row, ({ endToEndMs }) => endToEndMs?.p50, 1) },
  { head: 'end to end p99 ms', text: (row) => one(row, ({ endToEndMs }) => endToEndMs?.p99, 1) },
  {
    head: 'end to end − ack, p99 ms',
    text: (row) => one(row, ({ afterAckMs }) => afterAckMs?.p99, 1),
  },
  { head: 'window ms', text: (row) => one(row, ({ windowMs }) => windowMs, 0) },
  { head: 'data PUT/s', text: (row) => one(row, ({ requests }) => requests?.dataPutsPerSecond, 1) },
  { head: 'journal PUT/s', text: (row) => one(row, ({ requests }) => requests?.journalPutsPerSecond, 1) },
  { head: '$/GB', text: (row) => one(row, ({ requests }) => requests?.dollarsPerGigabyte, 4) },
  { head: 'peak MB', text: ({ peakBytes }) => megabytes(peakBytes) },
];

/** A section as a Markdown table: medians with least and greatest, and ratios to Kafka of the same run. */
export function tableOf(section: Section): string {
  const cells = columns.map(({ head, text }) => ({ head, texts: section.rows.map((row) => text(row, section)) }));
  const used = cells.filter(({ texts }) => texts.some((text) => text !== ''));
  return markdown(
    used.map(({ head }) => head),
    section.rows.map((_row, i) => used.map(({ texts }) => texts[i]!)),
  );
}

/** Start and idle memory of each system: medians over its starts, one in each section. */
export function startTableOf(sections: readonly Section[]): string {
  const rows = sections.flatMap(({ rows: all }) => [...new Map(all.map((row) => [row.system, row])).values()]);
  return markdown(
    ['system', 'first start, s', 'resident idle, MB'],
    [...new Set(rows.map(({ system }) => system))].map((name) => {
      const own = rows.filter(({ system }) => system === name);
      const ready = median(own.map(({ secondsToReady }) => secondsToReady)).toFixed(2);
      return [name, ready, megabytes(median(own.map(({ idleBytes }) => idleBytes)))];
    }),
  );
}

export function markdown(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, heads.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

type Figure = (sample: Sample) => number | undefined;

/** Undefined where no sample has it. */
export function medianOf({ samples }: Row, figure: Figure): number | undefined {
  const values = valuesOf(samples, figure);
  return values.length === 0 ? undefined : median(values);
}

function valuesOf(samples: readonly Sample[], figure: Figure): number[] {
  return samples.map(figure).filter((value) => value !== undefined);
}

function one(row: Row, figure: Figure, digits: number): string {
  return medianOf(row, figure)?.toFixed(digits) ?? '';
}

function spread(row: Row, figure: Figure, digits: number): string {
  const values = valuesOf(row.samples, figure);
  if (values.length === 0) return '';
  const shown = (value: number): string => value.toFixed(digits);
  return `${shown(median(values))} (${shown(Math.min(...values))}–${shown(Math.max(...values))})`;
}

function ratio(row: Row, section: Section, figure: Figure): string {
  const base = baseOf(row, section);
  if (base === undefined || base === row) return '';
  return (medianOf(row, figure)! / medianOf(base, figure)!).toFixed(2);
}

/** The baseline; of variants the fastest of those that the row names, on the same system. */
function baseOf(row: Row, { rows }: Section): Row | undefined {
  if (row.variant === undefined) return rows.find(({ system }) => system === BASELINE);
  const named = [row.against ?? []].flat();
  const speed = (of: Row): number => medianOf(of, ({ megabytesPerSecond }) => megabytesPerSecond)!;
  return rows
    .filter(({ system, variant }) => system === row.system && named.includes(variant!))
    .sort((one, other) => speed(other) - speed(one))[0];
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
