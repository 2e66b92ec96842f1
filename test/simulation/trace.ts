import { createHash } from 'node:crypto';
import type { AppliedWrite } from './faulty-store.js';
import type { VirtualTime } from './virtual-time.js';

/** Everything that crosses an agent's borders, in its order: frames, writes, deaths. Two runs of a seed agree on the hash. */
export class Trace {
  readonly #time: VirtualTime;
  readonly #print: ((line: string) => void) | undefined;
  readonly #hash = createHash('sha256');
  lines = 0;

  constructor(time: VirtualTime, print?: (line: string) => void) {
    this.#time = time;
    this.#print = print;
  }

  event(what: string): void {
    const line = `${this.#time.nowMs.toFixed(3)} ${what}`;
    this.lines += 1;
    this.#hash.update(`${line}\n`);
    this.#print?.(line);
  }

  bytes(what: string, bytes: Uint8Array): void {
    this.event(`${what} ${bytes.length} B ${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`);
  }

  write({ kind, key, bytes, outcome, late }: AppliedWrite): void {
    this.bytes(`${kind} ${key} ${outcome}${late ? ' late' : ''}`, bytes);
  }

  /** Of everything so far. */
  get digest(): string {
    return this.#hash.copy().digest('hex');
  }
}
