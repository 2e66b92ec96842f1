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

/** Requests whose change Kafka's broker shows only later. */
const changes: ReadonlySet<number> = new Set([3, 19, 20, 21, 33, 37, 44, 45, 49]);

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
    if (changes.has(step.api.key)) await this.#system.settle();
    if (outcome.kind === 'answer') this.#keep(step, outcome.value);
    return outcome;
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
    this.#keepTopicIds(answer);
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
