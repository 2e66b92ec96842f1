import { type MetadataClient, MetadataUnavailable } from '../../../src/cluster/metadata-client.js';
import { Command } from '../../../src/metadata/journal.wire.js';
import { Metadata } from '../../../src/metadata/metadata.js';
import type { Changes, Outcome } from '../../../src/metadata/outcomes.js';
import type { World } from '../../../src/world/world.js';

/** A metadata client whose leader is the replica itself: each command is an entry, applied a while after it was sent. */
export class ReplicaClient implements MetadataClient {
  readonly view = new Metadata();
  readonly self = { agentEpoch: 1, nodeId: 1, incarnation: new Uint8Array(16).fill(1) };
  readonly leaderKnown = true;
  readonly #world: World;
  readonly #listeners: ((revision: number, changes: Changes) => void)[] = [];
  #controlNumber = 0;
  /** Until a forwarded command is applied. */
  delayMs = 5;
  /** While true, forwarded commands fail: the epoch is closed. */
  unavailable = false;
  /** Every forwarded command: its stream, number and kind. */
  readonly forwarded: (readonly [number, number, string])[] = [];

  constructor(world: World) {
    this.#world = world;
    const { incarnation } = this.self;
    this.#apply(0, 0, 0, {
      kind: { $case: 'registerAgent', value: { name: 'a', incarnation, zone: '', listeners: [] } },
    });
  }

  submit(command: Command): Promise<Outcome> {
    this.#controlNumber += 1;
    return Promise.resolve(this.#apply(1, 0, this.#controlNumber, command));
  }

  forward(stream: number, number: number, command: Uint8Array): Promise<Outcome> {
    const decoded = Command.decode(command);
    this.forwarded.push([stream, number, decoded.kind!.$case]);
    return new Promise((resolve, reject) => {
      this.#world.timers.after(this.delayMs, () => {
        if (this.unavailable) {
          reject(new MetadataUnavailable('the epoch is closed'));
        } else {
          resolve(this.#apply(1, stream, number, decoded));
        }
      });
    });
  }

  fresh(): Promise<void> {
    return Promise.resolve();
  }

  onApplied(listener: (revision: number, changes: Changes) => void): void {
    this.#listeners.push(listener);
  }

  membersAlive(): void {}

  growth(): { readonly hoursLeft: number; readonly extentsPerSecond: number } {
    return { hoursLeft: Number.POSITIVE_INFINITY, extentsPerSecond: 0 };
  }

  async close(): Promise<void> {}

  #apply(agentEpoch: number, stream: number, number: number, command: Command): Outcome {
    const { outcomes, changes } = this.view.apply({
      format: 1,
      revision: this.view.revision + 1,
      previousDigest: new Uint8Array(0),
      token: new Uint8Array(16),
      term: 1,
      timeMs: this.#world.clock.wallMs(),
      commands: [{ agentEpoch, stream, number, confirmed: Math.max(0, number - 1), command }],
    });
    for (const listener of this.#listeners) {
      listener(this.view.revision, changes);
    }
    return outcomes[0]!;
  }
}
