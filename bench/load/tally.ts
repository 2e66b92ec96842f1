import { errorByCode } from '../../src/protocol/errors.js';
import { Histogram } from './histogram.js';

/** What is timed; the names are those of the report. */
export const timed = [
  'ack',
  'fetch',
  'endToEnd',
  'afterAck',
  'offsetCommit',
  'metadata',
  'listOffsets',
  'createTopics',
  'deleteTopics',
  'timer',
] as const;
export type Timed = (typeof timed)[number];

/** What moved one way. */
export class Flow {
  records = 0;
  /** Keys and values, before compression. */
  payloadBytes = 0;
  batches = 0;
  /** As they travel, headers and all. */
  batchBytes = 0;
  requests = 0;
}

/** Everything that a run counts. */
export class Tally {
  readonly produced = new Flow();
  readonly consumed = new Flow();
  /** Of the consumed records, those that this run has produced. */
  consumedOwnRecords = 0;
  retriedRequests = 0;
  /** Given up: their broker said no for good. */
  failedRecords = 0;
  reconnects = 0;
  readonly times: Readonly<Record<Timed, Histogram>> = Object.fromEntries(
    timed.map((name) => [name, new Histogram()]),
  ) as Record<Timed, Histogram>;
  /** Acknowledgements since somebody last put a new one here. */
  ackInterval = new Histogram();
  /** How often each error came: of a broker by its name, of a connection by its message. */
  readonly errors = new Map<string, number>();

  countError(what: string, code: number | string): void {
    const name = typeof code === 'string' ? code : (errorByCode(code)?.name ?? `error ${code}`);
    const key = `${what}: ${name}`;
    this.errors.set(key, (this.errors.get(key) ?? 0) + 1);
  }
}

/** Where things are counted: a new tally when the warm-up is over. */
export interface Counting {
  tally: Tally;
}
