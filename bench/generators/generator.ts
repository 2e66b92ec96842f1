/** What clients saw. */
export interface Transfer {
  /** Values of records, without keys and headers. */
  readonly bytes: number;
  /** By the generator's own clock: from its first record to the last acknowledged or received. */
  readonly seconds: number;
  /** From a record given to its producer to its acknowledgement, milliseconds. */
  readonly ackMs?: Percentiles;
  /** From a record given to its producer to its consumer, milliseconds. */
  readonly endToEndMs?: Percentiles;
  /** From a batch's acknowledgement to its consumer, milliseconds: 0 for one that was there before. */
  readonly afterAckMs?: Percentiles;
  /** Of the server in these seconds, where the generator measured it; else it is measured around the generator's process. */
  readonly server?: ServerUse;
  /** With what was not measured, before and after; else `bytes`. */
  readonly allBytes?: number;
}

export interface ServerUse {
  readonly cpuSeconds: number;
  /** Of a Weft agent. */
  readonly store: StoreUse | undefined;
}

export interface StoreUse {
  readonly dataPuts: number;
  readonly journalPuts: number;
  readonly dollars: number;
}

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
}

export const RECORD_BYTES = 1024;
/** Of one producer; two of them are the everyday load of 25 MB/s. */
export const EVERYDAY_RECORDS_PER_SECOND = Math.round(12_500_000 / RECORD_BYTES);

/** Several generators side by side; of their percentiles the worst of each. */
export async function sideBySide(count: number, one: () => Promise<Transfer>): Promise<Transfer> {
  const transfers = await Promise.all(Array.from({ length: count }, one));
  const acks = transfers.flatMap(({ ackMs }) => ackMs ?? []);
  const worst = (of: keyof Percentiles): number => Math.max(...acks.map((ackMs) => ackMs[of]));
  return {
    bytes: transfers.reduce((sum, { bytes }) => sum + bytes, 0),
    seconds: Math.max(...transfers.map(({ seconds }) => seconds)),
    ...(acks.length > 0 && { ackMs: { p50: worst('p50'), p95: worst('p95'), p99: worst('p99'), p999: worst('p999') } }),
  };
}

/** The numbers of a line of output; an error with the output when there is no such line. */
export function numbersOf(output: string, line: RegExp): number[] {
  const found = line.exec(output);
  if (found === null) throw new Error(`no line like ${line} in:\n${output.slice(-2_000)}`);
  return found.slice(1).map(Number);
}
