import { expect, test, vi } from 'vitest';
import { type ConsumerHeartbeat, Forwarded } from '../../src/metadata/journal.wire.js';
import type { ConsumerHeartbeatAnswered } from '../../src/metadata/outcomes.js';
import type { ConsumerGroupView } from '../../src/metadata/view.js';
import { ConsumerGroupsClock } from '../../workers/leader/consumer-groups-clock.js';
import { command, JournalMaker, topicId } from '../unit/metadata/journal-maker.js';
import { VirtualTime } from './virtual-time.js';

const SESSION_MS = 45_000;
const REBALANCE_MS = 20_000;

/** A leader's clock over a metadata state of its own. */
class Leading {
  readonly time = new VirtualTime();
  readonly journal = new JournalMaker();
  readonly epoch = this.journal.register();
  readonly proposed: string[] = [];
  readonly clock: ConsumerGroupsClock;

  constructor() {
    this.clock = this.#newClock();
    this.clock.start();
  }

  #newClock(): ConsumerGroupsClock {
    return new ConsumerGroupsClock(
      { clock: { monotonicMs: () => this.time.nowMs, wallMs: () => 0 }, timers: this.time.timersOf(() => true) },
      () => this.journal.metadata,
      async (given) => {
        this.proposed.push(given.kind!.$case);
        const outcome = this.journal.bare(given);
        this.clock.applied(this.journal.lastChanges!);
        return outcome;
      },
      { consumerSessionMs: SESSION_MS, consumerAssignmentIntervalMs: 1_000 },
    );
  }

  topic(name: string, id: number, partitions = 1): void {
    this.journal.createTopic(this.epoch, name, id, partitions);
    this.clock.applied(this.journal.lastChanges!);
  }

  heartbeat(memberId: string, more: Partial<ConsumerHeartbeat> = {}): ConsumerHeartbeatAnswered {
    const outcome = this.journal.send(
      this.epoch,
      command('consumerHeartbeat', {
        group: 'g',
        memberId,
        memberEpoch: 0,
        rebalanceTimeoutMs: REBALANCE_MS,
        topics: { names: ['t'] },
        owned: { topics: [] },
        clientId: 'client',
        clientHost: '/host',
        groupSizeMax: 100,
        ...more,
      }),
    );
    this.clock.applied(this.journal.lastChanges!);
    if (outcome.kind !== 'consumer-heartbeat') throw new Error(JSON.stringify(outcome));
    return outcome;
  }

  get group(): ConsumerGroupView {
    return this.journal.metadata.consumerGroup('g')!;
  }

  async pass(ms: number): Promise<void> {
    let over = false;
    this.time.after(ms, () => {
      over = true;
    });
    await this.time.run(() => over, Number.POSITIVE_INFINITY);
  }

  /** How long it takes until something holds. */
  async when(is: () => boolean, each = () => {}): Promise<number> {
    const startedMs = this.time.nowMs;
    while (!is() && this.time.nowMs - startedMs < 200_000) {
      each();
      await this.pass(100);
    }
    return this.time.nowMs - startedMs;
  }

  alive(...memberIds: string[]): void {
    this.clock.alive([{ group: 'g', memberIds }]);
  }
}

function around(ms: number, expectedMs: number): void {
  expect(ms).toBeGreaterThanOrEqual(expectedMs - 100);
  expect(ms).toBeLessThanOrEqual(expectedMs + 600);
}

test('the first assignment comes at once; what changes within a second goes into the next one', async () => {
  const leading = new Leading();
  leading.topic('t', 1, 4);
  leading.heartbeat('a');
  await leading.pass(1);
  expect(leading.group.assignmentEpoch).toBe(1);
  leading.heartbeat('b');
  leading.heartbeat('c');
  await leading.pass(500);
  expect(leading.group).toMatchObject({ groupEpoch: 3, assignmentEpoch: 1 });
  await leading.pass(1_000);
  expect(leading.group.assignmentEpoch).toBe(3);
  expect(leading.proposed).toEqual(['assignTargets', 'assignTargets']);
});

test('a silent member goes after its session, one that shows life stays', async () => {
  const leading = new Leading();
  leading.topic('t', 1);
  leading.heartbeat('a');
  leading.heartbeat('b');
  around(
    await leading.when(
      () => !leading.group.members.has('a'),
      () => leading.alive('b'),
    ),
    SESSION_MS,
  );
  expect(leading.group.members.has('b')).toBe(true);
});

test('a group may have a session timeout of its own', async () => {
  const leading = new Leading();
  leading.topic('t', 1);
  leading.journal.send(
    leading.epoch,
    command('alterResourceConfigs', {
      resourceType: 32,
      resourceName: 'g',
      expectedRevision: 0,
      configs: [{ name: 'consumer.session.timeout.ms', value: '50000' }],
    }),
  );
  leading.heartbeat('a');
  around(await leading.when(() => leading.group.members.size === 0), 50_000);
});

test('a member that does not give up its partitions goes after its rebalance timeout, however alive', async () => {
  const leading = new Leading();
  leading.topic('t', 1, 2);
  leading.heartbeat('a');
  await leading.pass(1);
  leading.heartbeat('a', { memberEpoch: 0 });
  leading.heartbeat('b');
  await leading.when(() => leading.group.assignmentEpoch === 2);
  const both = { topics: [{ topicId: topicId(1), partitions: [0, 1] }] };
  expect(leading.heartbeat('a', { memberEpoch: 1, owned: both }).assignment!.size).toBe(1);
  expect(leading.group.members.get('a')!.state).toBe('unrevoked-partitions');
  around(
    await leading.when(
      () => !leading.group.members.has('a'),
      () => leading.alive('a', 'b'),
    ),
    REBALANCE_MS,
  );
  // What it kept is free now.
  leading.heartbeat('b', { memberEpoch: leading.group.members.get('b')!.epoch });
  await leading.when(() => leading.group.assignmentEpoch === leading.group.groupEpoch);
  leading.heartbeat('b', { memberEpoch: leading.group.members.get('b')!.epoch });
  expect([...leading.group.members.get('b')!.assigned.values()].map(({ size }) => size)).toEqual([2]);
});

test('a new leader waits a whole session before it lets anyone go', async () => {
  const leading = new Leading();
  leading.topic('t', 1);
  leading.heartbeat('a');
  await leading.pass(SESSION_MS - 5_000);
  leading.clock.stop();
  leading.clock.start();
  around(await leading.when(() => leading.group.members.size === 0), SESSION_MS);
});

test('expressions are resolved, and again when topics come and go; a costly one does not hold up the others', async () => {
  const leading = new Leading();
  for (let id = 1; id <= 50; id += 1) leading.topic(`${'a'.repeat(200)}${id}`, id);
  leading.topic('t-1', 100);
  leading.heartbeat('a', { topics: undefined, regex: '(a?){200}a{200}[0-9]x' });
  leading.heartbeat('b', { topics: undefined, regex: 't-.*' });
  const matching = () => [...(leading.group.regexes.get('t-.*') ?? [])];
  await leading.when(() => leading.group.regexes.size === 2);
  expect(matching()).toEqual(['t-1']);
  leading.topic('t-2', 101);
  await leading.when(() => matching().length === 2);
  expect(matching()).toEqual(['t-1', 't-2']);
  leading.journal.send(leading.epoch, command('deleteTopic', { topicId: topicId(100) }));
  leading.clock.applied(leading.journal.lastChanges!);
  await leading.when(() => matching().length === 1);
  expect(matching()).toEqual(['t-2']);
  await leading.when(() => leading.group.assignmentEpoch === leading.group.groupEpoch);
  expect(leading.group.target('b').size).toBe(1);
});

test('topics that come one by one are resolved together, once an assignment interval', async () => {
  const leading = new Leading();
  leading.topic('t-0', 1);
  leading.heartbeat('a', { topics: undefined, regex: '.*' });
  await leading.when(() => leading.group.regexes.size === 1);
  for (let id = 2; id <= 2_000; id += 1) {
    leading.topic(`t-${id}`, id);
    leading.alive('a');
    await leading.pass(10);
  }
  await leading.when(
    () => leading.group.regexes.get('.*')!.size === 2_000,
    () => leading.alive('a'),
  );
  const resolutions = leading.journal.entries.flatMap(({ commands }) =>
    commands.filter(({ command: given }) => given!.kind!.$case === 'resolveRegexes'),
  );
  const bytes = resolutions.reduce((sum, forwarded) => sum + Forwarded.encode(forwarded).finish().length, 0);
  // Twenty seconds' topics, of nine bytes each: with each of them anew it would be 18 MB.
  expect(resolutions.length).toBeLessThan(30);
  expect(bytes).toBeLessThan(400_000);
});

test('what happens in a group that subscribes by expression looks no topic up again', async () => {
  const leading = new Leading();
  for (let id = 1; id <= 200; id += 1) leading.topic(`t-${id}`, id);
  leading.heartbeat('a', { topics: undefined, regex: 't-.*' });
  await leading.when(() => leading.group.assignmentEpoch > 0 && leading.group.regexes.size === 1);
  await leading.when(() => leading.group.assignmentEpoch === leading.group.groupEpoch);
  const { journal } = leading;
  const lookups = vi.spyOn(journal.metadata, 'topicByName');
  const committed = { topic: 't-1', partition: 0, offset: 1, leaderEpoch: -1, metadata: '' };
  for (let count = 0; count < 10; count += 1) {
    journal.send(
      leading.epoch,
      command('commitOffsets', {
        group: 'g',
        generation: leading.group.members.get('a')!.epoch,
        memberId: 'a',
        memberEpochs: true,
        offsets: [committed],
      }),
    );
    expect(journal.lastChanges!.groups).toContain('g');
    leading.clock.applied(journal.lastChanges!);
  }
  expect(lookups).not.toHaveBeenCalled();
});

test('when the metadata is full an expression matches no more topics than before, until there is room', async () => {
  const leading = new Leading();
  leading.topic('t-1', 1);
  leading.heartbeat('a', { topics: undefined, regex: 't-.*' });
  const matching = () => leading.group.regexes.get('t-.*')?.size;
  await leading.when(() => matching() === 1);
  leading.topic('t-2', 2);
  const limit = (metadataBytesMax: number) => {
    leading.journal.bare({ kind: { $case: 'setLimits', value: { metadataBytesMax, producerRowsMax: 0 } } });
    leading.clock.applied(leading.journal.lastChanges!);
  };
  limit(1);
  await leading.pass(3_000);
  expect(matching()).toBe(1);
  limit(1 << 30);
  await leading.when(() => matching() === 2);
  expect(matching()).toBe(2);
});

test('a large assignment comes in slices that are each small', async () => {
  const leading = new Leading();
  for (let id = 1; id <= 6; id += 1) leading.topic(`t${id}`, id, 4_000);
  const names = Array.from({ length: 6 }, (_, at) => `t${at + 1}`);
  for (let at = 0; at < 40; at += 1) leading.heartbeat(`m${at}`, { topics: { names } });
  await leading.when(() => leading.group.assignmentEpoch === leading.group.groupEpoch);
  const last = leading.journal.entries.filter(({ commands }) => commands[0]!.command!.kind!.$case === 'assignTargets');
  const sizes = last.map(({ commands }) => {
    const kind = commands[0]!.command!.kind!;
    const targets = kind.$case === 'assignTargets' ? kind.value.targets : [];
    return targets.flatMap(({ topics }) => topics.flatMap(({ partitions }) => partitions)).length;
  });
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThanOrEqual(24_000);
  // The very first member had everything: one row is as large as it is.
  expect(sizes.filter((size) => size > 4_096).length).toBeLessThanOrEqual(1);
  expect([...leading.group.targets.values()].map((target) => [...target.values()].flat().length)).toEqual(
    Array.from({ length: 40 }, () => 600),
  );
});
