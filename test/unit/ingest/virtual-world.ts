import type { Files, Net, World } from '../../../src/world/world.js';

/** Time that passes only when every promise has settled; no sockets, no disk. */
export class VirtualWorld implements World {
  #nowMs = 0;
  #order = 0;
  #events: { readonly atMs: number; readonly order: number; run: (() => void) | undefined }[] = [];

  readonly clock = { monotonicMs: () => this.#nowMs, wallMs: () => 1_700_000_000_000 + Math.floor(this.#nowMs) };
  readonly timers = {
    after: (delayMs: number, run: () => void) => {
      const event = { atMs: this.#nowMs + delayMs, order: this.#order, run: run as (() => void) | undefined };
      this.#order += 1;
      this.#events.push(event);
      return {
        cancel: () => {
          event.run = undefined;
        },
      };
    },
    soon: (run: () => void) => {
      this.timers.after(0, run);
    },
  };
  readonly random = { bytes: (count: number) => new Uint8Array(count), uint32: () => 0 };

  get net(): Net {
    throw new Error('no net here');
  }

  get files(): Files {
    throw new Error('no files here');
  }

  /** Lets `durationMs` pass, and everything happen that is due in it. */
  async pass(durationMs: number): Promise<void> {
    const endMs = this.#nowMs + durationMs;
    await settle();
    for (;;) {
      this.#events.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      const next = this.#events[0];
      if (next === undefined || next.atMs > endMs) {
        break;
      }
      this.#events.shift();
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run?.();
      await settle();
    }
    this.#nowMs = endMs;
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
