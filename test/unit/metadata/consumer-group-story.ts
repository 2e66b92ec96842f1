import { expect } from 'vitest';
import { assignmentCommands } from '../../../src/metadata/assignors/compute.js';
import type { CommitOffsets, ConsumerHeartbeat, JoinGroup } from '../../../src/metadata/journal.wire.js';
import type { Outcome } from '../../../src/metadata/outcomes.js';
import type { ConsumerGroupView, GroupView } from '../../../src/metadata/view.js';
import { consumerAssignment, consumerSubscription, encodeVersioned } from '../../../src/protocol/consumer-protocol.js';
import { command, JournalMaker } from './journal-maker.js';

export const G = 'g';

export function subscription(
  topics: string[],
  ownedPartitions: { topic: string; partitions: number[] }[] = [],
): Uint8Array {
  const { slices } = encodeVersioned(consumerSubscription, 1, { topics, userData: null, ownedPartitions });
  return new Uint8Array(Buffer.concat(slices));
}

export function assignment(partitions: number[], userData: Uint8Array | null = null): Uint8Array {
  const { slices } = encodeVersioned(consumerAssignment, 1, {
    assignedPartitions: [{ topic: 't', partitions }],
    userData,
  });
  return new Uint8Array(Buffer.concat(slices));
}

/** A consumer group's life, told in a few words a step. Topic `t` has 4 partitions. */
export class ConsumerStory {
  readonly journal = new JournalMaker();
  readonly epoch = this.journal.register();

  constructor() {
    this.journal.createTopic(this.epoch, 't', 1, 4);
  }

  beat(memberId: string, memberEpoch: number, more: Partial<ConsumerHeartbeat> = {}): Outcome {
    return this.journal.send(
      this.epoch,
      command('consumerHeartbeat', {
        group: G,
        memberId,
        memberEpoch,
        topics: undefined,
        owned: undefined,
        clientId: 'client',
        clientHost: '/host',
        groupSizeMax: 5,
        ...more,
      }),
    );
  }

  /** Joins, is assigned and reconciled, as the leader and the engine have it. */
  join(memberId: string, more: Partial<ConsumerHeartbeat> = {}): Outcome {
    const joining = {
      rebalanceTimeoutMs: 100,
      topics: { names: ['t'] },
      owned: { topics: [] },
      ...more,
    };
    const outcome = this.beat(memberId, 0, joining);
    if (outcome.kind === 'refused') return outcome;
    this.assign();
    return this.beat(memberId, this.group.members.get(memberId)!.epoch, joining);
  }

  assign(): void {
    if (this.group.groupEpoch > this.group.assignmentEpoch) {
      for (const each of assignmentCommands(this.group, this.journal.metadata)) this.journal.bare(each);
    }
  }

  classicJoin(memberId: string, more: Partial<JoinGroup> = {}): Outcome {
    return this.journal.send(
      this.epoch,
      command('joinGroup', {
        group: G,
        memberId,
        knownMember: false,
        clientId: 'client',
        clientHost: '/host',
        sessionTimeoutMs: 10,
        rebalanceTimeoutMs: 20,
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: subscription(['t']) }],
        requireKnownMember: false,
        initialDelayMs: 0,
        groupSizeMax: 5,
        ...more,
      }),
    );
  }

  sync(memberId: string, generation: number, plan: Readonly<Record<string, Uint8Array>> = {}): Outcome {
    const assignments = Object.entries(plan).map(([id, bytes]) => ({ memberId: id, assignment: bytes }));
    return this.journal.send(this.epoch, command('syncGroup', { group: G, generation, memberId, assignments }));
  }

  commit(memberId: string, generation: number, more: Partial<CommitOffsets> = {}): Outcome {
    return this.journal.send(
      this.epoch,
      command('commitOffsets', {
        group: G,
        generation,
        memberId,
        memberEpochs: true,
        offsets: [0, 3].map((partition) => ({ topic: 't', partition, offset: 5, leaderEpoch: 0, metadata: '' })),
        ...more,
      }),
    );
  }

  get group(): ConsumerGroupView {
    return this.journal.metadata.consumerGroup(G)!;
  }
  get classic(): GroupView {
    return this.journal.metadata.group(G)!;
  }

  owned(memberId: string): number[] {
    return [...this.group.members.get(memberId)!.assigned.values()]
      .flatMap((partitions) => [...partitions.keys()])
      .sort();
  }

  /** Two classic members, stable in generation 1. */
  stableClassic(): this {
    this.classicJoin('c1');
    this.classicJoin('c2');
    this.classicJoin('c1', { knownMember: true });
    this.sync('c1', this.classic.generation, { c1: assignment([0, 1]), c2: assignment([2, 3]) });
    this.sync('c2', this.classic.generation);
    expect(this.classic).toMatchObject({ state: 'Stable', generation: 2 });
    return this;
  }
}
