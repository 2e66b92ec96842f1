import type { Clock, Timer, Timers } from '../../src/world/world.js';

interface Event {
  readonly atMs: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/**
 * Time that passes only when nothing is left to do. Events run one by one, in the order of their time and then of their
 * making; between two of them every promise that can settle does.
 */
export class VirtualTime {
  #nowMs = 0;
  #order = 0;
  readonly #heap: Event[] = [];
  /** Events run so far: two runs of a seed agree on it. */
  eventCount = 0;
  /** Told the CPU time of this thread that an event took, with every promise that it settled. */
  onTurn: ((cpuMs: number) => void) | undefined;

  get nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const event: Event = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order, run };
    this.#order += 1;
    push(this.#heap, event);
    return {
      cancel: () => {
        event.run = undefined;
      },
    };
  }

  /** Runs until `until` is true or nothing is left or `limitMs` of virtual time is reached; says which. */
  async run(until: () => boolean, limitMs: number): Promise<'done' | 'idle' | 'limit'> {
    await settle();
    for (;;) {
      if (until()) return 'done';
      const next = pop(this.#heap);
      if (next === undefined) return 'idle';
      if (next.run === undefined) continue;
      if (next.atMs > limitMs) {
        push(this.#heap, next);
        return 'limit';
      }
      this.#nowMs = next.atMs;
      this.eventCount += 1;
      const { onTurn } = this;
      const before = onTurn === undefined ? undefined : process.threadCpuUsage();
      next.run();
      await settle();
      if (before !== undefined) {
        const { user, system } = process.threadCpuUsage(before);
        onTurn?.((user + system) / 1_000);
      }
    }
  }

  /** What an agent sees: its own clock may be off, its timers end with it. */
  clockOf(wallOffsetMs: number): Clock {
    const start = Date.UTC(2026, 0, 1);
    return {
      monotonicMs: () => this.#nowMs,
      wallMs: () => Math.floor(start + wallOffsetMs + this.#nowMs),
    };
  }

  /** Timers that fall silent once `alive` is false: a killed process runs nothing any more. */
  timersOf(alive: () => boolean): Timers {
    return {
      after: (delayMs, run) => this.after(delayMs, () => alive() && run()),
      soon: (run) => {
        this.after(0, () => alive() && run());
      },
    };
  }
}

/** Every promise that can settle has settled when this resolves: Node empties its microtasks before the next macrotask. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function before(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function push(heap: Event[], event: Event): void {
  let i = heap.length;
  heap.push(event);
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (!before(event, heap[parent]!)) break;
    heap[i] = heap[parent]!;
    i = parent;
  }
  heap[i] = event;
}

function pop(heap: Event[]): Event | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (top === undefined || last === undefined || heap.length === 0) return top;
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
    if (!before(heap[child]!, last)) break;
    heap[i] = heap[child]!;
    i = child;
  }
  heap[i] = last;
  return top;
}
