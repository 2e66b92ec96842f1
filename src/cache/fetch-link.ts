import type { Port } from '../threads/threads.js';
import { BlockUnavailable } from './blocks.js';
import type {
  ExtentIndex,
  ExtentPart,
  FromFetchWorker,
  LoadedExtent,
  StoredExtent,
  ToFetchWorker,
} from './messages.js';

/** Starts the fetch worker; called on the first cold read and again after a crash. */
export type SpawnFetchWorker = () => Port & { onExit(run: (error: Error | undefined) => void): void };

type Request = { type: 'load' } & Omit<Extract<ToFetchWorker, { type: 'load' }>, 'id'>;

/** The main thread's calls to the fetch worker. A crash fails what was asked, retriably; the next call starts another worker. */
export class FetchLink {
  readonly #spawn: SpawnFetchWorker;
  readonly #asked = new Map<
    number,
    { readonly answer: (message: FromFetchWorker) => void; readonly fail: (error: Error) => void }
  >();
  #port: ReturnType<SpawnFetchWorker> | undefined;
  #nextId = 1;

  constructor(spawn: SpawnFetchWorker) {
    this.#spawn = spawn;
  }

  async load(request: Omit<Request, 'type'>): Promise<void> {
    await this.#ask((id) => ({ type: 'load', id, ...request }));
  }

  async index(extents: readonly LoadedExtent[]): Promise<readonly (ExtentIndex | { readonly damage: string })[]> {
    const answer = await this.#ask((id) => ({ type: 'index', id, extents }));
    if (answer.type !== 'indexed') throw new Error(`fetch worker answered ${answer.type} to index`);
    return answer.indexes;
  }

  async split(extent: StoredExtent, bytesMax: number): Promise<readonly ExtentPart[]> {
    const answer = await this.#ask((id) => ({ type: 'split', id, extent, bytesMax }));
    if (answer.type !== 'split') throw new Error(`fetch worker answered ${answer.type} to split`);
    return answer.parts;
  }

  async find(
    extent: StoredExtent,
    timestampMs: number | 'max',
    fromOffset: number,
  ): Promise<{ offset: number; timestampMs: number } | undefined> {
    const answer = await this.#ask((id) => ({ type: 'find', id, extent, timestampMs, fromOffset }));
    return answer.type === 'found' ? { offset: answer.offset, timestampMs: answer.timestampMs } : undefined;
  }

  #ask(message: (id: number) => ToFetchWorker): Promise<Exclude<FromFetchWorker, { type: 'failed' | 'ready' }>> {
    const port = this.#open();
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      const answer = (reply: FromFetchWorker): void => {
        if (reply.type === 'failed') reject(new BlockUnavailable(reply.message));
        else if (reply.type !== 'ready') resolve(reply);
      };
      this.#asked.set(id, { answer, fail: reject });
      port.post(message(id));
    });
  }

  #open(): ReturnType<SpawnFetchWorker> {
    if (this.#port !== undefined) return this.#port;
    const port = this.#spawn();
    this.#port = port;
    port.onMessage((message: FromFetchWorker) => {
      if (message.type === 'ready') return;
      const asked = this.#asked.get(message.id);
      this.#asked.delete(message.id);
      asked?.answer(message);
    });
    port.onExit((error) => {
      this.#port = undefined;
      const failed = [...this.#asked.values()];
      this.#asked.clear();
      for (const asked of failed)
        asked.fail(new BlockUnavailable(`the fetch worker ended: ${error?.message ?? 'stopped'}`));
    });
    return port;
  }
}
