import type { Address, Connection, Listening, Net, ReadSink } from '../../src/world/world.js';
import type { SeededRandom } from './random.js';
import type { VirtualTime } from './virtual-time.js';

/** The client's end of a simulated connection. */
export interface ClientSocket {
  send(bytes: Uint8Array): void;
  onData(receive: (bytes: Uint8Array) => void): void;
  onClose(run: () => void): void;
  close(): void;
}

/** TCP in memory: bytes arrive in order, late, and cut anywhere. Drops break a connection with bytes under way. */
export class SimulatedNet {
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #listeners = new Map<string, { accept: (connection: Connection) => void; alive: () => boolean }>();
  readonly #open = new Set<Pair>();
  #nextPort = 40_000;
  #connections = 0;
  /** Sees what reaches either end of a connection, when it does. */
  onBytes: (connection: number, to: 'client' | 'server', bytes: Uint8Array) => void = () => {};

  constructor(time: VirtualTime, random: SeededRandom) {
    this.#time = time;
    this.#random = random;
  }

  netOf(alive: () => boolean): Net {
    return {
      listen: async (address: Address, accept): Promise<Listening> => {
        const port = address.port === 0 ? this.#nextPort++ : address.port;
        const key = `${address.host}:${port}`;
        if (this.#listeners.get(key)?.alive() === true)
          throw Object.assign(new Error('EADDRINUSE'), { code: 'EADDRINUSE' });
        this.#listeners.set(key, { accept, alive });
        return {
          address: { host: address.host, port },
          close: async () => {
            if (this.#listeners.get(key)?.accept === accept) this.#listeners.delete(key);
          },
        };
      },
      // The simulator looks at frames; what lies around them has its contract on real sockets (test/contract/tls.test.ts).
      listenTls: async () => {
        throw new Error('simulated agents have no TLS');
      },
      checkTls: async () => {
        throw new Error('simulated agents have no TLS');
      },
      serveHttp: async (address) => ({ address, close: async () => {} }),
    };
  }

  /** Resolves with a connection, or undefined when nobody listens. */
  connect(host: string, port: number): Promise<ClientSocket | undefined> {
    return new Promise((resolve) => {
      this.#time.after(this.#delayMs(), () => {
        const listener = this.#listeners.get(`${host}:${port}`);
        if (listener === undefined || !listener.alive()) return resolve(undefined);
        this.#connections += 1;
        const number = this.#connections;
        const pair = new Pair(
          this.#time,
          this.#random,
          listener.alive,
          () => this.#open.delete(pair),
          (to, bytes) => this.onBytes(number, to, bytes),
        );
        this.#open.add(pair);
        listener.accept(pair.server);
        resolve(pair.client);
      });
    });
  }

  /** The address goes to whoever listens next; half of the open connections stay with their process. */
  moveAddress(host: string, port: number): void {
    this.#listeners.delete(`${host}:${port}`);
    for (const pair of [...this.#open]) if (this.#random.chance(0.5)) pair.break();
  }

  /** Breaks every connection of a process that died. */
  sweep(): void {
    for (const pair of [...this.#open]) if (!pair.alive()) pair.break();
  }

  /** Breaks one connection at random. */
  dropOne(): void {
    const pairs = [...this.#open];
    if (pairs.length > 0) this.#random.pick(pairs).break();
  }

  #delayMs(): number {
    return 0.05 + this.#random.unit() * 0.5;
  }
}

class Pair {
  readonly alive: () => boolean;
  readonly client: ClientSocket;
  readonly server: Connection;
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #forget: () => void;
  readonly #note: (to: 'client' | 'server', bytes: Uint8Array) => void;
  #broken = false;
  #sink: ReadSink | undefined;
  #paused = false;
  readonly #toServer: Uint8Array[] = [];
  #delivering = false;
  #queuedBytes = 0;
  #receive: (bytes: Uint8Array) => void = () => {};
  readonly #closed: { client: (() => void)[]; server: ((failure: undefined) => void)[] } = { client: [], server: [] };
  readonly #unsent: { readonly slices: readonly Uint8Array[]; readonly bytes: number; readonly done: () => void }[] =
    [];
  readonly #arriving: Uint8Array[] = [];

  constructor(
    time: VirtualTime,
    random: SeededRandom,
    alive: () => boolean,
    forget: () => void,
    note: (to: 'client' | 'server', bytes: Uint8Array) => void,
  ) {
    this.#time = time;
    this.#random = random;
    this.alive = alive;
    this.#forget = forget;
    this.#note = note;
    this.client = {
      send: (bytes) => {
        if (this.#broken) return;
        this.#toServer.push(bytes.slice());
        this.#pump();
      },
      onData: (receive) => {
        this.#receive = receive;
      },
      onClose: (run) => this.#closed.client.push(run),
      close: () => this.break(),
    };
    const pair = this;
    this.server = {
      encrypted: false,
      remoteHost: '127.0.0.1',
      remotePort: random.between(30_000, 60_000),
      readInto: (sink) => {
        this.#sink = sink;
        this.#pump();
      },
      pause: () => {
        this.#paused = true;
      },
      resume: () => {
        this.#paused = false;
        this.#pump();
      },
      write: (slices, done) => this.#write(slices, done ?? (() => {})),
      get queuedBytes() {
        return pair.#queuedBytes;
      },
      heldBytes: 0,
      end: () => {
        time.after(5, () => this.break());
      },
      destroy: () => this.break(),
      onClose: (run) => this.#closed.server.push(run),
    };
  }

  break(): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#forget();
    for (const { done } of this.#unsent.splice(0)) if (this.alive()) done();
    this.#time.after(0.1, () => {
      for (const run of this.#closed.client) run();
      if (this.alive()) for (const run of this.#closed.server) run(undefined);
    });
  }

  /** Hands the server what has come, in pieces of random length. */
  #pump(): void {
    if (this.#delivering || this.#sink === undefined) return;
    this.#delivering = true;
    this.#time.after(0.02 + this.#random.unit() * 0.3, () => {
      this.#delivering = false;
      const first = this.#toServer[0];
      if (first === undefined || this.#paused || this.#broken || !this.alive()) return;
      const target = this.#sink!.next();
      const wanted = this.#random.chance(0.2) ? this.#random.between(1, first.length) : first.length;
      const count = Math.min(wanted, target.length);
      target.set(first.subarray(0, count));
      this.#note('server', first.subarray(0, count));
      if (count === first.length) this.#toServer.shift();
      else this.#toServer[0] = first.subarray(count);
      this.#sink!.landed(count);
      if (this.#toServer.length > 0) this.#pump();
    });
  }

  /** Slices leave in their order, each write a while after the one before it. */
  #write(slices: readonly Uint8Array[], done: () => void): void {
    if (this.#broken) {
      done();
      return;
    }
    const bytes = slices.reduce((sum, slice) => sum + slice.length, 0);
    this.#queuedBytes += bytes;
    this.#unsent.push({ slices, bytes, done });
    if (this.#unsent.length === 1) this.#sendNext();
  }

  #sendNext(): void {
    const next = this.#unsent[0];
    if (next === undefined) return;
    this.#time.after(0.05 + this.#random.unit() * 0.3, () => {
      if (this.#broken) return;
      this.#unsent.shift();
      this.#queuedBytes -= next.bytes;
      // Copied when it leaves, not when it was queued: memory reused too early shows as wrong bytes.
      const copy = new Uint8Array(next.bytes);
      let at = 0;
      for (const slice of next.slices) {
        copy.set(slice, at);
        at += slice.length;
      }
      if (this.alive()) next.done();
      this.#deliver(copy);
      this.#sendNext();
    });
  }

  /** What has left arrives even when the process is dead. */
  #deliver(bytes: Uint8Array): void {
    this.#arriving.push(bytes);
    if (this.#arriving.length === 1) this.#arriveNext();
  }

  #arriveNext(): void {
    const bytes = this.#arriving[0];
    if (bytes === undefined) return;
    this.#time.after(0.05 + this.#random.unit() * 0.3, () => {
      this.#arriving.shift();
      if (this.#broken) return;
      this.#note('client', bytes);
      this.#receive(bytes);
      this.#arriveNext();
    });
  }
}
