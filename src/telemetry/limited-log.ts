import type { Log, LogFields } from './log.js';

/** Lines of one kind that are written in one window; the others are counted. */
const LINES_MAX = 20;
const WINDOW_MS = 10_000;

interface MonotonicClock {
  monotonicMs(): number;
}

interface Kind {
  windowStartMs: number;
  lines: number;
  untold: number;
}

/**
 * For lines that clients, or a store that fails, can cause any number of: of each kind so many a window are written, and
 * the first line of the next window says how many there were besides. Kinds are constants of the code, so they are few.
 */
export class LimitedLog {
  readonly #log: Log;
  readonly #clock: MonotonicClock;
  readonly #kinds = new Map<string, Kind>();

  constructor(log: Log, clock: MonotonicClock) {
    this.#log = log;
    this.#clock = clock;
  }

  warn(kind: string, fields: LogFields, message: string): void {
    const all = this.#passing(kind, fields);
    if (all !== undefined) this.#log.warn(all, message);
  }

  error(kind: string, fields: LogFields, message: string): void {
    const all = this.#passing(kind, fields);
    if (all !== undefined) this.#log.error(all, message);
  }

  /** The fields of a line that may be written; undefined: it is counted instead. */
  #passing(name: string, fields: LogFields): LogFields | undefined {
    const nowMs = this.#clock.monotonicMs();
    const kind = this.#kinds.get(name) ?? { windowStartMs: nowMs, lines: 0, untold: 0 };
    this.#kinds.set(name, kind);
    if (nowMs - kind.windowStartMs >= WINDOW_MS) {
      kind.windowStartMs = nowMs;
      kind.lines = 0;
    }
    if (kind.lines === LINES_MAX) {
      kind.untold += 1;
      return undefined;
    }
    kind.lines += 1;
    const { untold } = kind;
    kind.untold = 0;
    return untold === 0 ? fields : { ...fields, linesLeftOut: untold };
  }
}
