import { expect, test } from 'vitest';
import type { MetadataClient } from '../../../src/cluster/metadata-client.js';
import { ConsumerGroupEngine } from '../../../src/groups/consumer-engine.js';
import type { ConsumerHeartbeatRequest } from '../../../src/groups/requests.js';
import type { Command } from '../../../src/metadata/journal.wire.js';
import type { Changes } from '../../../src/metadata/outcomes.js';
import { VirtualWorld } from '../ingest/virtual-world.js';
import { ConsumerStory, G } from '../metadata/consumer-group-story.js';

const LOAD_IN_PROGRESS = 14;

/** An engine before a group that is assigned to only when the test says so. */
class Coordinator {
  readonly world = new VirtualWorld();
  readonly story = new ConsumerStory();
  readonly #client = {
    view: this.story.journal.metadata,
    leaderKnown: true,
    submit: async (command: Command) => {
      const outcome = this.story.journal.send(this.story.epoch, command);
      this.#applied();
      return outcome;
    },
    fresh: async () => {},
    membersAlive: () => {},
    onApplied: (listener: (revision: number, changes: Changes) => void) => {
      this.#listener = listener;
    },
  };
  #listener: (revision: number, changes: Changes) => void = () => {};
  readonly #engine = new ConsumerGroupEngine(this.#client as unknown as MetadataClient, this.world, {
    heartbeatMs: 5_000,
    membersMax: 10,
  });

  set leaderKnown(known: boolean) {
    this.#client.leaderKnown = known;
  }

  get members(): string[] {
    return [...(this.#client.view.consumerGroup(G)?.members.keys() ?? [])];
  }

  assign(): void {
    this.story.assign();
    this.#applied();
  }

  /** A full heartbeat of ConsumerGroupHeartbeat v0, and what was answered within four seconds. */
  async heartbeat(memberId: string, memberEpoch: number, more: Partial<ConsumerHeartbeatRequest> = {}) {
    const answer = this.#engine.heartbeat({ ...FULL, memberId, memberEpoch, ...more }, new AbortController().signal);
    await this.world.pass(4_000);
    return (await answer)!;
  }

  #applied(): void {
    this.#listener(1, this.story.journal.lastChanges!);
  }
}

const FULL = {
  group: G,
  needsMemberId: false,
  instanceId: undefined,
  rackId: undefined,
  rebalanceTimeoutMs: 60_000,
  topics: ['t'],
  regex: undefined,
  assignor: undefined,
  owned: [],
  clientId: 'client',
  clientHost: '/host',
};

for (const instanceId of [undefined, 'static']) {
  test(`a client that has no id yet is given one although no assignment comes, and stays one member (${instanceId ?? 'dynamic'})`, async () => {
    const coordinator = new Coordinator();
    const first = await coordinator.heartbeat('', 0, { instanceId });
    expect(first).toMatchObject({ error: 0, memberEpoch: 0, heartbeatIntervalMs: 5_000, assignment: undefined });
    expect(coordinator.members).toEqual([first.memberId]);

    const again = await coordinator.heartbeat(first.memberId!, 0, { instanceId });
    expect(again.error).toBe(LOAD_IN_PROGRESS);
    coordinator.assign();
    const assigned = await coordinator.heartbeat(first.memberId!, 0, { instanceId });
    expect(assigned).toMatchObject({ error: 0, memberId: first.memberId, memberEpoch: 1 });
    expect([...assigned.assignment!.values()]).toEqual([[0, 1, 2, 3]]);
    expect(coordinator.members).toEqual([first.memberId]);
  });

  test(`it is told its id too when the leader is gone by the time of the assignment (${instanceId ?? 'dynamic'})`, async () => {
    const coordinator = new Coordinator();
    const joining = coordinator.heartbeat('', 0, { instanceId });
    await coordinator.world.pass(1);
    coordinator.leaderKnown = false;
    coordinator.assign();
    const first = await joining;
    expect(first).toMatchObject({ error: 0, memberEpoch: 0, assignment: undefined });
    coordinator.leaderKnown = true;
    const assigned = await coordinator.heartbeat(first.memberId!, 0, { instanceId });
    expect(assigned).toMatchObject({ error: 0, memberId: first.memberId, memberEpoch: 1 });
    expect(coordinator.members).toEqual([first.memberId]);
  });
}

test('a client with an id of its own is to try again while there is no assignment', async () => {
  const coordinator = new Coordinator();
  expect(await coordinator.heartbeat('own', 0)).toMatchObject({ error: LOAD_IN_PROGRESS, memberId: undefined });
  expect(coordinator.members).toEqual(['own']);
});

test('a member that is gone before it is assigned is not told of an id', async () => {
  const coordinator = new Coordinator();
  coordinator.story.join('earlier');
  const joining = coordinator.heartbeat('', 0);
  await coordinator.world.pass(1);
  coordinator.story.beat(coordinator.members[1]!, -1);
  expect(await joining).toMatchObject({ error: 25, memberId: undefined });
});
