import type { World } from '../../src/world/world.js';

/** Resolves after `delayMs`, at once when `stop` is or becomes aborted. */
export function pause(world: World, delayMs: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted || delayMs <= 0) {
      resolve();
      return;
    }
    const end = () => {
      timer.cancel();
      stop.removeEventListener('abort', end);
      resolve();
    };
    const timer = world.timers.after(delayMs, end);
    stop.addEventListener('abort', end);
  });
}

/** One waiter that is woken by whoever has something for it, or by time. A wake while nobody waits is kept. */
export class Wake {
  readonly #world: World;
  #kept = false;
  #end: (() => void) | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  notify(): void {
    this.#kept = true;
    this.#end?.();
  }

  /** Resolves when woken, or after `delayMs` at the latest. */
  async wait(delayMs: number): Promise<void> {
    if (!this.#kept && delayMs > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#world.timers.after(delayMs, () => this.#end?.());
        this.#end = () => {
          timer.cancel();
          this.#end = undefined;
          resolve();
        };
      });
    }
    this.#kept = false;
  }
}
