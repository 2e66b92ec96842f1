import { median } from './measure.js';
import type { Result, Sample } from './run.js';

type Figure = 'megabytesPerSecond' | 'cpuSecondsPerGigabyte' | 'cores';

/** The loads as a Markdown table: medians with least and greatest, and ratios to `baseline` of the same run. */
export function tableOf(results: readonly Result[], baseline: string): string {
  const lines = [
    '| load | system | MB/s | ratio | CPU-s/GB | ratio | cores | store CPU-s/GB | peak MB | fsync ms |',
    '|---|---|---|---|---|---|---|---|---|---|',
  ];
  for (const result of results) {
    const { load, system, samples } = result;
    const base = results.find((other) => other.load === load && other.system.name === baseline);
    const ratio = (figure: Figure): string =>
      base === undefined || base === result
        ? ''
        : (medianOf(samples, figure) / medianOf(base.samples, figure)).toFixed(2);
    const store = samples.flatMap(({ storeCpuSecondsPerGigabyte: seconds }) =>
      seconds === undefined ? [] : [seconds],
    );
    const columns = [
      load.name,
      system.name,
      spread(samples, 'megabytesPerSecond', 0),
      load.rate === 'fixed' ? '' : ratio('megabytesPerSecond'),
      spread(samples, 'cpuSecondsPerGigabyte', 2),
      ratio('cpuSecondsPerGigabyte'),
      medianOf(samples, 'cores').toFixed(2),
      store.length === 0 ? '' : median(store).toFixed(2),
      megabytes(result.peakBytes),
      system.name === 'weft-s3' ? '' : result.fsyncMs.toFixed(2),
    ];
    lines.push(`| ${columns.join(' | ')} |`);
  }
  return lines.join('\n');
}

/** Start and idle memory of each system: medians over its starts. */
export function startTableOf(results: readonly Result[]): string {
  const lines = ['| system | start to ready, s | resident idle, MB |', '|---|---|---|'];
  for (const name of new Set(results.map(({ system }) => system.name))) {
    const own = results.filter(({ system }) => system.name === name);
    const ready = median(own.map(({ secondsToReady }) => secondsToReady)).toFixed(2);
    lines.push(`| ${name} | ${ready} | ${megabytes(median(own.map(({ idleBytes }) => idleBytes)))} |`);
  }
  return lines.join('\n');
}

export function medianOf(samples: readonly Sample[], figure: Figure): number {
  return median(samples.map((sample) => sample[figure]));
}

function spread(samples: readonly Sample[], figure: Figure, digits: number): string {
  const values = samples.map((sample) => sample[figure]);
  const shown = (value: number): string => value.toFixed(digits);
  return `${shown(median(values))} (${shown(Math.min(...values))}–${shown(Math.max(...values))})`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
