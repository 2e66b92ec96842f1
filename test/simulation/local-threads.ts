import type { Port, Threads, WorkerName, WorkerThread } from '../../src/threads/threads.js';
import type { World } from '../../src/world/world.js';

/** A worker half: lives until its promise settles. `isAlive` turns false when its thread has ended. */
export type WorkerHalf = (world: World, init: never, port: Port, isAlive: () => boolean) => Promise<void>;

/**
 * Threads that are none: worker halves run on the caller's thread. A message is cloned when posted, as between threads
 * (SharedArrayBuffers stay shared, transferred buffers are detached), and delivered in a later macrotask of the world, or
 * `lateMs` later, so that a seed decides the order of everything; messages of one channel stay in order.
 */
export class LocalThreads implements Threads {
  readonly #world: World;
  readonly #halves: Partial<Readonly<Record<WorkerName, WorkerHalf>>>;
  readonly #lateMs: () => number;
  readonly #running = new Set<LocalWorker>();

  constructor(world: World, halves: Partial<Readonly<Record<WorkerName, WorkerHalf>>>, lateMs: () => number = () => 0) {
    this.#world = world;
    this.#halves = halves;
    this.#lateMs = lateMs;
  }

  spawn(worker: WorkerName, init: unknown): LocalWorker {
    const half = this.#halves[worker];
    if (half === undefined) {
      throw new Error(`no worker half for ${worker}`);
    }
    const local = new LocalWorker(this.#world, half, init, this.#lateMs, () => this.#running.delete(local));
    this.#running.add(local);
    return local;
  }

  async close(): Promise<void> {
    for (const worker of this.#running) {
      await worker.terminate();
    }
  }
}

/** One worker on the caller's thread; `crash` ends it as a dying thread would, in the middle of whatever it does. */
export class LocalWorker implements WorkerThread {
  readonly #channel: LocalChannel;
  readonly #listeners: ((error: Error | undefined) => void)[] = [];
  readonly #gone: () => void;
  #exit: { readonly error: Error | undefined } | undefined;

  constructor(world: World, half: WorkerHalf, init: unknown, lateMs: () => number, gone: () => void) {
    this.#channel = new LocalChannel(world, lateMs);
    this.#gone = gone;
    const copy = structuredClone(init) as never;
    const isAlive = () => this.#exit === undefined;
    const mortal = mortalWorld(world, isAlive);
    world.timers.soon(() => {
      if (isAlive()) {
        half(mortal, copy, this.#channel.inner, isAlive).then(
          () => this.#end(undefined),
          (error: unknown) => this.#end(error instanceof Error ? error : new Error(String(error))),
        );
      }
    });
  }

  post(message: unknown, transfer?: readonly ArrayBuffer[]): void {
    this.#channel.outer.post(message, transfer);
  }

  onMessage(receive: (message: never) => void): void {
    this.#channel.outer.onMessage(receive);
  }

  close(): void {
    this.#channel.outer.close();
  }

  onExit(run: (error: Error | undefined) => void): void {
    if (this.#exit === undefined) {
      this.#listeners.push(run);
    } else {
      run(this.#exit.error);
    }
  }

  /** As a test or a scenario has it: virtual time counts none. */
  busy: number | (() => number) = 0;

  busyMs(): number {
    return typeof this.busy === 'number' ? this.busy : this.busy();
  }

  crash(error: Error): void {
    this.#end(error);
  }

  async terminate(): Promise<void> {
    this.#end(undefined);
  }

  #end(error: Error | undefined): void {
    if (this.#exit !== undefined) {
      return;
    }
    this.#exit = { error };
    this.#channel.close();
    this.#gone();
    for (const run of this.#listeners) {
      run(error);
    }
  }
}

/** A world whose timers fall silent when the worker has ended: a dead thread runs nothing. */
function mortalWorld(world: World, isAlive: () => boolean): World {
  const guard = (run: () => void) => () => {
    if (isAlive()) {
      run();
    }
  };
  return {
    clock: world.clock,
    random: world.random,
    get net() {
      return world.net;
    },
    get files() {
      return world.files;
    },
    timers: {
      after: (delayMs, run) => world.timers.after(delayMs, guard(run)),
      soon: (run) => world.timers.soon(guard(run)),
    },
  };
}

/** Two ports; nothing is delivered once it is closed. */
export class LocalChannel {
  readonly outer: Port;
  readonly inner: Port;
  #closed = false;

  constructor(world: World, lateMs: () => number) {
    const toOuter = new Inbox(world, lateMs, () => this.#closed);
    const toInner = new Inbox(world, lateMs, () => this.#closed);
    this.outer = this.#end(toInner, toOuter);
    this.inner = this.#end(toOuter, toInner);
  }

  close(): void {
    this.#closed = true;
  }

  #end(to: Inbox, from: Inbox): Port {
    return {
      post: (message, transfer) => to.deliver(structuredClone(message, { transfer: [...(transfer ?? [])] })),
      onMessage: (receive) => from.listen(receive as (message: unknown) => void),
      close: () => this.close(),
    };
  }
}

/** Messages in order, one macrotask each. */
class Inbox {
  readonly #world: World;
  readonly #lateMs: () => number;
  readonly #isClosed: () => boolean;
  readonly #waiting: unknown[] = [];
  #receive: ((message: unknown) => void) | undefined;

  constructor(world: World, lateMs: () => number, isClosed: () => boolean) {
    this.#world = world;
    this.#lateMs = lateMs;
    this.#isClosed = isClosed;
  }

  deliver(message: unknown): void {
    this.#waiting.push(message);
    if (this.#receive !== undefined) {
      this.#schedule();
    }
  }

  listen(receive: (message: unknown) => void): void {
    this.#receive = receive;
    for (let i = 0; i < this.#waiting.length; i += 1) {
      this.#schedule();
    }
  }

  #schedule(): void {
    const deliver = () => {
      if (!this.#isClosed()) {
        this.#receive!(this.#waiting.shift());
      }
    };
    const lateMs = this.#lateMs();
    if (lateMs > 0) this.#world.timers.after(lateMs, deliver);
    else this.#world.timers.soon(deliver);
  }
}
