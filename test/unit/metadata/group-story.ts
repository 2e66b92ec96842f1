import type { CommitOffsets, JoinGroup, SyncGroup } from '../../../src/metadata/journal.wire.js';
import type { Outcome } from '../../../src/metadata/outcomes.js';
import type { GroupView } from '../../../src/metadata/view.js';
import { command, JournalMaker } from './journal-maker.js';

export const G = 'readers';

/** A group's life, told in a few words a step. */
export class Story {
  readonly journal = new JournalMaker();
  readonly epoch = this.journal.register();

  join(memberId: string, more: Partial<JoinGroup> = {}): Outcome {
    return this.journal.send(
      this.epoch,
      command('joinGroup', {
        group: G,
        memberId,
        knownMember: false,
        clientId: 'client',
        clientHost: '/127.0.0.1',
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 60_000,
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: Uint8Array.of(1) }],
        requireKnownMember: false,
        initialDelayMs: 0,
        groupSizeMax: 100,
        ...more,
      }),
    );
  }

  sync(memberId: string, generation: number, more: Partial<SyncGroup> = {}): Outcome {
    return this.journal.send(
      this.epoch,
      command('syncGroup', {
        group: G,
        generation,
        memberId,
        protocolType: undefined,
        protocolName: undefined,
        assignments: [],
        ...more,
      }),
    );
  }

  leave(...memberIds: string[]): Outcome {
    const members = memberIds.map((memberId) => ({ memberId }));
    return this.journal.send(this.epoch, command('leaveGroup', { group: G, members }));
  }

  expire(generation: number, ...memberIds: string[]): Outcome {
    return this.journal.bare(command('expireMembers', { group: G, generation, memberIds }));
  }

  complete(joinPhase = this.group.joinPhase): Outcome {
    return this.journal.bare(command('completeJoin', { group: G, joinPhase }));
  }

  commit(generation: number, memberId: string, more: Partial<CommitOffsets> = {}): Outcome {
    return this.journal.send(
      this.epoch,
      command('commitOffsets', {
        group: G,
        generation,
        memberId,
        offsets: [{ topic: 'orders', partition: 0, offset: 5, leaderEpoch: 0, metadata: '' }],
        ...more,
      }),
    );
  }

  joined(memberId: string, more: Partial<JoinGroup> = {}): this {
    this.join(memberId, more);
    return this;
  }

  left(memberId: string): this {
    this.leave(memberId);
    return this;
  }

  get group(): GroupView {
    return this.journal.metadata.group(G)!;
  }

  get summary(): string {
    const { state, generation, leaderId, members } = this.group;
    return `${state} ${generation} ${leaderId ?? '-'} [${[...members.keys()].join(' ')}]`;
  }

  /** Members in a Stable group of generation `members.length`; the first leads. */
  stable(...members: string[]): this {
    for (const [at, member] of members.entries()) {
      this.join(member);
      for (const earlier of members.slice(0, at)) {
        this.join(earlier, { knownMember: true });
      }
    }
    this.sync(members[0]!, this.group.generation, {
      assignments: members.map((memberId, at) => ({ memberId, assignment: Uint8Array.of(at) })),
    });
    for (const member of members.slice(1)) {
      this.sync(member, this.group.generation);
    }
    return this;
  }
}

/** The Kafka error of a refusal, 0 for any other outcome. */
export const error = (outcome: Outcome): number => (outcome.kind === 'refused' ? outcome.error : 0);
