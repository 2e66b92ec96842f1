import type { CpuProfile } from './cpu-profile.js';

/** One thread's profile: `main`, or the folder of its worker half. */
export interface ThreadProfile {
  readonly name: string;
  readonly profile: CpuProfile;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly [name: string]: unknown };
  readonly result?: { readonly [name: string]: unknown };
  readonly error?: { readonly message: string };
}

/** Asks one thread: commands out, their results in, events as they come. */
class Session {
  readonly #waiting = new Map<number, PromiseWithResolvers<NonNullable<Message['result']>>>();
  readonly #transmit: (message: string) => void;
  readonly #onEvent: (method: string, params: NonNullable<Message['params']>) => void;
  #last = 0;

  constructor(
    transmit: (message: string) => void,
    onEvent: (method: string, params: NonNullable<Message['params']>) => void,
  ) {
    this.#transmit = transmit;
    this.#onEvent = onEvent;
  }

  ask(method: string, params: object = {}): Promise<NonNullable<Message['result']>> {
    const answer = Promise.withResolvers<NonNullable<Message['result']>>();
    this.#last += 1;
    this.#waiting.set(this.#last, answer);
    this.#transmit(JSON.stringify({ id: this.#last, method, params }));
    return answer.promise;
  }

  receive(text: string): void {
    const { id, method, params, result, error } = JSON.parse(text) as Message;
    if (id === undefined) {
      if (method !== undefined) this.#onEvent(method, params ?? {});
      return;
    }
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result ?? {});
    else waiting?.reject(new Error(error.message));
  }

  end(): void {
    for (const { reject } of this.#waiting.values()) reject(new Error('the thread is gone'));
    this.#waiting.clear();
  }
}

/**
 * Profiles every thread of a process that runs with --inspect, through its WebSocket, from `start` to `stop`; threads that
 * begin between are profiled from their beginning. (`--cpu-prof` would mix in start and stop, and names no thread.)
 */
export class ThreadProfiler {
  readonly #socket: WebSocket;
  readonly #main: Session;
  readonly #workers = new Map<string, Session>();
  readonly #scripts = new Map<Session, string[]>();
  readonly #begun: Promise<unknown>[] = [];
  #intervalUs = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#main = new Session(
      (message) => socket.send(message),
      (method, params) => this.#onEvent(method, params),
    );
    socket.onmessage = ({ data }) => this.#main.receive(String(data));
    socket.onclose = () => this.#main.end();
  }

  /** `url`: what Node prints after "Debugger listening on". */
  static async connect(url: string): Promise<ThreadProfiler> {
    const socket = new WebSocket(url);
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = () => reject(new Error(`no inspector at ${url}`));
    });
    return new ThreadProfiler(socket);
  }

  async start(intervalUs: number): Promise<void> {
    this.#intervalUs = intervalUs;
    await this.#begin(this.#main);
    await this.#main.ask('NodeWorker.enable', { waitForDebuggerOnStart: false });
    await Promise.allSettled(this.#begun);
  }

  /** Main first, workers by name; two of a kind are `ingest` and `ingest-2`. Threads that ended meanwhile took theirs along. */
  async stop(): Promise<ThreadProfile[]> {
    const taken: ThreadProfile[] = [{ name: 'main', profile: await end(this.#main) }];
    const used = new Map<string, number>();
    for (const session of this.#workers.values()) {
      const profile = await end(session);
      const kind = await this.#kindOf(session);
      const count = (used.get(kind) ?? 0) + 1;
      used.set(kind, count);
      taken.push({ name: count === 1 ? kind : `${kind}-${count}`, profile });
    }
    return taken;
  }

  close(): void {
    this.#socket.close();
  }

  async #begin(session: Session): Promise<void> {
    await session.ask('Profiler.enable');
    await session.ask('Profiler.setSamplingInterval', { interval: this.#intervalUs });
    await session.ask('Profiler.start');
  }

  #onEvent(method: string, params: NonNullable<Message['params']>): void {
    const id = String(params['sessionId']);
    if (method === 'NodeWorker.attachedToWorker') {
      const transmit = (message: string): void => {
        void this.#main.ask('NodeWorker.sendMessageToWorker', { sessionId: id, message }).catch(() => {});
      };
      const session: Session = new Session(transmit, (event, { url }) => {
        if (event === 'Debugger.scriptParsed') this.#scripts.get(session)?.push(String(url));
      });
      this.#workers.set(id, session);
      // A thread that ends at once has nothing to tell.
      this.#begun.push(this.#begin(session).catch(() => {}));
    }
    if (method === 'NodeWorker.receivedMessageFromWorker') this.#workers.get(id)?.receive(String(params['message']));
    if (method === 'NodeWorker.detachedFromWorker') {
      this.#workers.get(id)?.end();
      this.#workers.delete(id);
    }
  }

  /** All workers are Piscina's; what tells them apart is the entry that they loaded. Asked for after the profile was taken. */
  async #kindOf(session: Session): Promise<string> {
    const scripts: string[] = [];
    this.#scripts.set(session, scripts);
    await session.ask('Debugger.enable');
    await session.ask('Debugger.disable');
    const entries = scripts.map((url) => /\/workers\/([^/]+)\/entry\.js$/.exec(url)?.[1]);
    return entries.find((kind) => kind !== undefined) ?? 'worker';
  }
}

async function end(session: Session): Promise<CpuProfile> {
  const { profile } = await session.ask('Profiler.stop');
  return profile as CpuProfile;
}
