/** `npm run load -- …`: load for any Kafka-compatible broker. The options: `npm run load -- --help`. */
import { writeFileSync } from 'node:fs';
import { readLoadOptions, usage } from './options.js';
import { textOf } from './report.js';
import { type Progress, runLoad } from './run.js';

const PIPED_EVERY_SECONDS = 5;

if (process.argv.includes('--help')) process.stdout.write(usage);
else process.exitCode = await load(process.argv.slice(2));

/** 0: everything that was due is acknowledged; 1: it could not run, or the report has trouble; 2: a wrong command line. */
async function load(args: readonly string[]): Promise<number> {
  let options: ReturnType<typeof readLoadOptions>;
  try {
    options = readLoadOptions(args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
  const abort = new AbortController();
  process.on('SIGINT', () => {
    if (abort.signal.aborted) process.exit(130);
    abort.abort();
  });
  try {
    const report = await runLoad(options, abort.signal, progressLine());
    process.stdout.write(textOf(report));
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
    const { unsentRecords, unansweredRecords, failedRecords } = report.whole;
    return unsentRecords + unansweredRecords + failedRecords === 0 ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

/** A line each second on a terminal, else every five. */
function progressLine(): (progress: Progress) => void {
  let seen = { tally: undefined as Progress['tally'] | undefined, produced: 0, bytes: 0, consumed: 0, at: 0 };
  let seconds = 0;
  return ({ elapsedSeconds, warmingUp, tally }) => {
    seconds += 1;
    if (!process.stdout.isTTY && seconds % PIPED_EVERY_SECONDS !== 0) return;
    if (seen.tally !== tally)
      seen = { tally, produced: 0, bytes: 0, consumed: 0, at: Math.min(seen.at, elapsedSeconds) };
    const { produced, consumed, times } = tally;
    const over = elapsedSeconds - seen.at;
    const rate = (now: number, before: number): string => Math.round((now - before) / over).toLocaleString('en-US');
    const megabytes = ((produced.payloadBytes - seen.bytes) / 1e6 / over).toFixed(1);
    const ack =
      times.ack.count > 0
        ? `, ack p50 ${times.ack.percentile(0.5).toFixed(1)} p99 ${times.ack.percentile(0.99).toFixed(1)} ms`
        : '';
    const read = consumed.requests > 0 ? `, consumed ${rate(consumed.records, seen.consumed)} records/s` : '';
    const when = `${elapsedSeconds.toFixed(0).padStart(4)} s${warmingUp ? ' (warm-up)' : ''}`;
    process.stdout.write(
      `${when}  produced ${rate(produced.records, seen.produced)} records/s, ${megabytes} MB/s${ack}${read}\n`,
    );
    seen = {
      tally,
      produced: produced.records,
      bytes: produced.payloadBytes,
      consumed: consumed.records,
      at: elapsedSeconds,
    };
  };
}
