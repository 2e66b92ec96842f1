/** What clients saw. */
export interface Transfer {
  /** Values of records, without keys and headers. */
  readonly bytes: number;
  /** By the generator's own clock: from its first record to the last acknowledged or received. */
  readonly seconds: number;
}

export const RECORD_BYTES = 1024;

/** Several generators that ran side by side. */
export function together(transfers: readonly Transfer[]): Transfer {
  return {
    bytes: transfers.reduce((sum, { bytes }) => sum + bytes, 0),
    seconds: Math.max(...transfers.map(({ seconds }) => seconds)),
  };
}

/** The numbers of a line of output; an error with the output when there is no such line. */
export function numbersOf(output: string, line: RegExp): number[] {
  const found = line.exec(output);
  if (found === null) throw new Error(`no line like ${line} in:\n${output.slice(-2_000)}`);
  return found.slice(1).map(Number);
}
