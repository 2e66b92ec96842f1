import { ZERO_UUID } from '../../src/bytes/uuid.js';
import { apis } from '../../src/protocol/apis.js';
import { WireClient } from '../processes/wire.js';
import { type Outcome, ScriptConnection } from './connection.js';
import { type Given, PREFIX_LENGTH, resolved, type Script, type Step, valueAt } from './script.js';
import type { System } from './systems.js';

/** What a script came to on one system: an outcome for each step, and the names of what it gave out. */
export interface Run {
  readonly outcomes: readonly Outcome[];
  /** Every value that the system gave out, to its name: the last of a name is what its steps go on with. */
  readonly names: ReadonlyMap<unknown, string>;
}

const REPEATS_MAX = 200;
const REPEAT_MS = 10;

/** Runs a script on one system. The prefix must not have been used there before. */
export async function runScript(system: System, script: Script, prefix: string): Promise<Run> {
  if (prefix.length !== PREFIX_LENGTH) throw new RangeError(`prefix ${prefix}`);
  const run = new ScriptRun(system, prefix);
  try {
    return await run.all(script);
  } finally {
    run.close();
  }
}

/** The topics that a request may make by asking for them. */
function namesAskedFor({ api, version }: Step, request: unknown): readonly string[] {
  if (api !== apis.metadata) return [];
  const { topics, allowAutoTopicCreation } = request as {
    topics: readonly { readonly name: string | null }[] | null;
    allowAutoTopicCreation?: boolean;
  };
  // Before v4 they cannot forbid it.
  if (topics === null || (version >= 4 && allowAutoTopicCreation === false)) return [];
  return [...new Set(topics.flatMap(({ name }) => name ?? []))];
}

class ScriptRun {
  readonly #system: System;
  readonly #prefix: string;
  readonly #given: Given = new Map();
  readonly #names = new Map<unknown, string>();
  readonly #connections: (ScriptConnection | undefined)[] = [];
  readonly #unanswered: (Promise<void> | undefined)[] = [];

  constructor(system: System, prefix: string) {
    this.#system = system;
    this.#prefix = prefix;
    this.#given.set('node', system.nodeId);
    this.#given.set('node text', String(system.nodeId));
    this.#given.set('other node', system.nodeId + 77);
  }

  async all({ steps }: Script): Promise<Run> {
    const outcomes: Outcome[] = [];
    for (const [index, step] of steps.entries()) {
      await this.#answered([step.connection, ...step.awaits]);
      const done = this.#step(step).then((outcome) => {
        outcomes[index] = outcome;
      });
      if (step.background) this.#unanswered[step.connection] = done;
      else await done;
    }
    await this.#answered([...this.#unanswered.keys()]);
    return { outcomes, names: this.#names };
  }

  close(): void {
    for (const connection of this.#connections) connection?.close();
  }

  async #answered(connections: readonly number[]): Promise<void> {
    for (const connection of connections) {
      await this.#unanswered[connection];
      this.#unanswered[connection] = undefined;
    }
  }

  async #step(step: Step): Promise<Outcome> {
    for (let repeats = 0; ; repeats += 1) {
      const outcome = await this.#once(step);
      if (step.until === undefined || repeats === REPEATS_MAX || outcome.kind !== 'answer') return outcome;
      const [place, value] = step.until;
      if (valueAt(outcome.value, place) === value) return outcome;
      await new Promise((resolve) => setTimeout(resolve, REPEAT_MS));
    }
  }

  async #once(step: Step): Promise<Outcome> {
    const connection = await this.#connection(step.connection);
    const request = resolved(step.request, { prefix: this.#prefix, given: this.#given });
    const outcome = await connection.send(step, request);
    await this.#system.settle(step.api);
    if (outcome.kind === 'answer') {
      this.#keep(step, outcome.value);
      // The id of a topic that is only validated will be no topic's.
      if ((request as { validateOnly?: boolean }).validateOnly !== true) this.#keepTopicIds(outcome.value);
      await this.#askForIds(namesAskedFor(step, request).filter((name) => name.startsWith(this.#prefix)));
    }
    return outcome;
  }

  /** Kafka tells the id of a topic that it makes because it was asked for to those only who ask again. */
  async #askForIds(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const client = await WireClient.connect(this.#system.address);
    const topics = names.map((name) => ({ name, topicId: ZERO_UUID }));
    this.#keepTopicIds(await client.call(apis.metadata, 10, { topics, allowAutoTopicCreation: false }));
    client.reset();
  }

  async #connection(index: number): Promise<ScriptConnection> {
    const open = this.#connections[index];
    if (open !== undefined && !open.isClosed) return open;
    const fresh = await ScriptConnection.open(this.#system.address);
    this.#connections[index] = fresh;
    return fresh;
  }

  #keep(step: Step, answer: Record<string, unknown>): void {
    for (const [name, place] of Object.entries(step.keep)) {
      const value = valueAt(answer, place);
      // What is empty or "none" is no name of anything.
      if (value !== undefined && value !== '' && value !== -1 && value !== 0) this.#give(name, value);
    }
  }

  #give(name: string, value: unknown): void {
    this.#given.set(name, value);
    if (!this.#names.has(value)) this.#names.set(value, name);
  }

  /** Every topic id that an answer tells with its topic's name. */
  #keepTopicIds(at: unknown): void {
    if (Array.isArray(at)) for (const one of at) this.#keepTopicIds(one);
    if (at === null || typeof at !== 'object' || at instanceof Uint8Array) return;
    const { name, topicId, errorCode = 0 } = at as { name?: unknown; topicId?: unknown; errorCode?: unknown };
    const isOwn = typeof name === 'string' && name.startsWith(this.#prefix) && errorCode === 0;
    if (isOwn && typeof topicId === 'string' && !/^A{22}$/.test(topicId)) {
      this.#give(`id of ~${name.slice(PREFIX_LENGTH)}`, topicId);
    }
    for (const one of Object.values(at)) this.#keepTopicIds(one);
  }
}
