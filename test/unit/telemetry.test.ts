import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { attachMeters, bucketBoundsMs } from '../../src/telemetry/counters.js';
import { metricsTable } from '../../src/telemetry/metrics.js';
import { renderMetrics } from '../../src/telemetry/prometheus.js';
import { Telemetry } from '../../src/telemetry/telemetry.js';

function telemetry(seriesMax = 100): Telemetry {
  return new Telemetry({ seriesMax, threadsMax: 8 });
}

test('shares add up', () => {
  const all = telemetry();
  const shares = [all.takeShare(), all.takeShare()];
  for (const share of shares) {
    const meters = attachMeters(share);
    meters.producedRecords.add(2 ** 40);
    meters.producedRecords.add(1);
    meters.fetchedBytes.store.add(7);
    meters.budgetBytes.chunks.set(10);
  }
  all.meters.producedRecords.add(5);
  expect(all.total('producedRecords')).toBe(2 ** 41 + 7);
  expect(all.total('budgetBytes')).toBe(20);
  expect(all.read('fetchedBytes')).toEqual([
    { kind: 'value', labelValue: 'memory', value: 0 },
    { kind: 'value', labelValue: 'block', value: 0 },
    { kind: 'value', labelValue: 'store', value: 14 },
  ]);
});

test('a share given back keeps its counts, loses its gauges and is used again', () => {
  const all = telemetry();
  const share = all.takeShare();
  const meters = attachMeters(share);
  meters.sentBytes.add(3);
  meters.topics.set(9);
  all.giveBackShare(share);
  expect(() => all.giveBackShare(share)).toThrow('twice');
  expect([all.total('sentBytes'), all.total('topics')]).toEqual([3, 0]);
  expect(all.takeShare().index).toBe(share.index);
  attachMeters(share).sentBytes.add(1);
  expect(all.total('sentBytes')).toBe(4);
});

test('threads count without losing anything', async () => {
  const all = telemetry();
  const additions = 200_000;
  const counters = new URL('../../src/telemetry/counters.js', import.meta.url).href;
  const code = `import { workerData } from 'node:worker_threads';
    const { attachMeters } = await import(workerData.counters);
    const meters = attachMeters(workerData.share);
    for (let i = 0; i < ${additions}; i += 1) { meters.producedBytes.add(3); meters.produceStage.upload.observeMs(1); }`;
  await Promise.all(
    [0, 1, 2].map(
      () =>
        new Promise<void>((resolve, reject) => {
          const url = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
          const worker = new Worker(url, { workerData: { share: all.takeShare(), counters } });
          worker.once('error', reject);
          worker.once('exit', () => resolve());
        }),
    ),
  );
  expect(all.total('producedBytes')).toBe(3 * 3 * additions);
  const upload = all.read('produceStage').find((series) => series.labelValue === 'upload');
  expect(upload).toMatchObject({ kind: 'histogram', sumMs: 3 * additions });
});

test.each([
  [0, 0],
  [0.05, 0],
  [0.1, 0],
  [0.11, 1],
  [0.2, 1],
  [0.21, 2],
  [1, 4],
  [100, 10],
  [13_107.2, 17],
  [13_107.3, 18],
  [1e12, 18],
])('%d ms falls into bucket %d', (durationMs, expected) => {
  const all = telemetry();
  all.meters.journalDuration.observeMs(durationMs);
  const [series] = all.read('journalDuration');
  if (series?.kind !== 'histogram') throw new Error('not a histogram');
  expect(series.buckets.indexOf(1)).toBe(expected);
  if (expected < bucketBoundsMs.length) expect(durationMs).toBeLessThanOrEqual(bucketBoundsMs[expected]!);
  if (expected > 0) expect(durationMs).toBeGreaterThan(bucketBoundsMs[expected - 1]!);
});

/** A strict reader of the text format: head lines, then the family's samples, each series once. */
function readPage(page: string): Map<string, number> {
  const samples = new Map<string, number>();
  const families = new Set<string>();
  let family = '';
  let kind = '';
  let helped = '';
  expect(page.endsWith('\n')).toBe(true);
  for (const line of page.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line);
    const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)$/.exec(line);
    if (help !== null) {
      helped = help[1]!;
      expect(help[2]).toMatch(/^(?:[^\\]|\\\\|\\n)*$/);
    } else if (type !== null) {
      [, family = '', kind = ''] = type;
      expect(families.has(family), `${family} appears twice`).toBe(false);
      expect(helped).toBe(family);
      families.add(family);
    } else {
      const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (NaN|[+-]Inf|-?[0-9.e+-]+)$/.exec(line);
      expect(sample, `not a sample: ${line}`).not.toBeNull();
      const [, name = '', labels = '', value = ''] = sample!;
      const suffix = name.slice(family.length);
      expect(
        name.startsWith(family) && (kind === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']).includes(suffix),
      ).toBe(true);
      expect(labels).toMatch(
        /^(\{[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*"(,[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*")*\})?$/,
      );
      expect(samples.has(name + labels), `${name}${labels} appears twice`).toBe(false);
      samples.set(name + labels, value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value));
    }
  }
  return samples;
}

test('the page is valid and cumulative', () => {
  const all = telemetry();
  all.meters.requests.Produce.add(3);
  all.meters.metadataHoursLeft.set(Number.POSITIVE_INFINITY);
  for (const durationMs of [0.05, 0.15, 5, 99_999]) all.meters.requestDuration.Fetch.observeMs(durationMs);
  const samples = readPage(renderMetrics(all));
  expect(samples.get('weft_requests_total{api="Produce"}')).toBe(3);
  expect(samples.get('weft_metadata_left_hours')).toBe(Number.POSITIVE_INFINITY);
  const bucket = (le: string) => samples.get(`weft_request_seconds_bucket{api="Fetch",le="${le}"}`);
  expect([bucket('0.0001'), bucket('0.0002'), bucket('0.0064'), bucket('+Inf')]).toEqual([1, 2, 3, 4]);
  expect(samples.get('weft_request_seconds_count{api="Fetch"}')).toBe(4);
  expect(samples.get('weft_request_seconds_sum{api="Fetch"}')).toBeCloseTo(100.0042);
});

test('collected series are escaped, capped, and the dropped ones counted in the same scrape', () => {
  const all = telemetry(3);
  all.collect(
    { kind: 'counter', name: 'weft_topic_records_total', help: 'A "quoted"\nhelp \\.', labels: ['topic'] },
    (emit) => {
      emit(['a\\b"c\nd'], 1);
      emit(['plain'], 2);
    },
  );
  all.collect({ kind: 'gauge', name: 'weft_lag', help: 'Lag.', labels: ['group', 'partition'] }, (emit) => {
    for (let partition = 0; partition < 4; partition += 1) emit(['g', String(partition)], partition);
  });
  const samples = readPage(renderMetrics(all));
  expect(samples.get('weft_topic_records_total{topic="a\\\\b\\"c\\nd"}')).toBe(1);
  expect(samples.get('weft_lag{group="g",partition="0"}')).toBe(0);
  expect(samples.has('weft_lag{group="g",partition="1"}')).toBe(false);
  expect(samples.get('weft_metrics_series_dropped_total')).toBe(3);
});

test('gauges are set before the page is written', () => {
  const all = telemetry();
  all.beforeScrape(() => all.meters.groups.set(4));
  expect(readPage(renderMetrics(all)).get('weft_groups')).toBe(4);
});

test('names follow the conventions of Prometheus', () => {
  const names = Object.values(metricsTable).map((metric) => metric.name);
  expect(new Set(names).size).toBe(names.length);
  for (const { name, kind } of Object.values(metricsTable)) {
    expect(name).toMatch(/^weft_[a-z_]+$/);
    expect(name.endsWith('_total')).toBe(kind === 'counter');
    if (kind === 'histogram') expect(name).toMatch(/_seconds$/);
  }
});
