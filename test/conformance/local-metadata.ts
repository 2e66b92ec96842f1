import type { MetadataClient } from '../../src/cluster/metadata-client.js';
import { MetadataUnavailable } from '../../src/cluster/metadata-client.js';
import { Command, type Forwarded } from '../../src/metadata/journal.wire.js';
import { Metadata } from '../../src/metadata/metadata.js';
import type { Changes, Outcome } from '../../src/metadata/outcomes.js';
import type { World } from '../../src/world/world.js';
import { leaderCommands } from './local-leader.js';

/**
 * A metadata client without a journal, a leader or threads: every command is an entry of its own, applied to the real
 * state machine a microtask later. `lead` stands for the leader's clock, which tests advance by hand.
 */
export class LocalMetadata implements MetadataClient {
  readonly view = new Metadata();
  readonly self: MetadataClient['self'];
  leaderKnown = true;
  /** While set, `fresh` waits for it. */
  freshGate: Promise<void> | undefined;
  freshReads = 0;
  /** While set, commands wait for it, as for a journal that does not answer. */
  submitGate: Promise<void> | undefined;
  readonly alive: string[] = [];
  /** Consumer groups are assigned at once; otherwise by `assign`. */
  assigns = true;
  readonly #world: World;
  readonly #listeners: ((revision: number, changes: Changes) => void)[] = [];
  readonly #numbers = new Map<number, number>();
  #closed = false;

  constructor(world: World, listeners: readonly { name: string; host: string; port: number }[]) {
    this.#world = world;
    const incarnation = world.random.bytes(16);
    const registration = { name: 'agent', incarnation, zone: 'zone-a', listeners: [...listeners] };
    const outcome = this.#apply({
      agentEpoch: 0,
      stream: 0,
      number: 0,
      confirmed: 0,
      command: { kind: { $case: 'registerAgent', value: registration } },
    });
    if (outcome.kind !== 'registered') {
      throw new Error(`not registered: ${outcome.kind}`);
    }
    this.self = { agentEpoch: outcome.agentEpoch, nodeId: outcome.nodeId, incarnation };
  }

  async submit(command: Command): Promise<Outcome> {
    return this.#send(0, (this.#numbers.get(0) ?? 0) + 1, command);
  }

  async forward(stream: number, number: number, command: Uint8Array): Promise<Outcome> {
    return this.#send(stream, number, Command.decode(command));
  }

  /** A command that only a leader makes. */
  lead(command: Command): Outcome {
    return this.#apply({ agentEpoch: 0, stream: 0, number: 0, confirmed: 0, command });
  }

  /** What the leader's clock does for consumer groups when it is due. */
  assign(): void {
    for (const command of leaderCommands(this.view)) {
      this.lead(command);
    }
  }

  async fresh(): Promise<void> {
    this.freshReads += 1;
    await this.freshGate;
    if (this.#closed) {
      throw new MetadataUnavailable('closed');
    }
  }

  onApplied(listener: (revision: number, changes: Changes) => void): void {
    this.#listeners.push(listener);
  }

  membersAlive(group: string, memberIds: readonly string[]): void {
    this.alive.push(...memberIds.map((memberId) => `${group}/${memberId}`));
  }

  growth(): { readonly hoursLeft: number; readonly extentsPerSecond: number } {
    return { hoursLeft: Number.POSITIVE_INFINITY, extentsPerSecond: 0 };
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  async #send(stream: number, number: number, command: Command): Promise<Outcome> {
    if (this.#closed) {
      throw new MetadataUnavailable('closed');
    }
    this.#numbers.set(stream, number);
    await this.submitGate;
    return this.#apply({ agentEpoch: this.self.agentEpoch, stream, number, confirmed: number - 1, command });
  }

  #apply(forwarded: Forwarded): Outcome {
    const { outcomes, changes } = this.view.apply({
      format: 1,
      revision: this.view.revision + 1,
      previousDigest: new Uint8Array(0),
      token: new Uint8Array(16),
      term: 1,
      timeMs: this.#world.clock.wallMs(),
      commands: [forwarded],
    });
    queueMicrotask(() => {
      for (const listener of this.#listeners) {
        listener(this.view.revision, changes);
      }
      if (this.assigns) {
        this.assign();
      }
    });
    return outcomes[0]!;
  }
}
