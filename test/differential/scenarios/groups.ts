import { apis } from '../../../src/protocol/apis.js';
import { consumerSubscription, encodeVersioned } from '../../../src/protocol/consumer-protocol.js';
import { joined } from '../../../src/protocol/frames.js';
import { given, Later, prefixed } from '../script.js';
import { type SendOptions, type Story, topicId, UNKNOWN_ID } from '../story.js';

export function subscription(topics: readonly string[], version = 1): Later {
  return new Later(`subscription v${version} of ${topics.join()}`, ({ prefix }) =>
    joined(encodeVersioned(consumerSubscription, version, { topics: topics.map((topic) => prefixed(topic, prefix)) })),
  );
}

const text = (value: string): Uint8Array => Buffer.from(value);

export interface JoinOptions extends SendOptions {
  readonly as?: string;
  readonly group?: string;
  readonly memberId?: string | Later;
  readonly more?: Readonly<Record<string, unknown>>;
}

/** A member joins, and with a version that asks for it a second time, under the id that it was given. */
export function join(story: Story, options: JoinOptions = {}): void {
  const { as = 'a', group = '~g', memberId = given(`member ${as}`, ''), more = {} } = options;
  const request = {
    groupId: group,
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 30_000,
    memberId,
    groupInstanceId: null,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: subscription(['~a']) }],
    reason: 'joining',
    ...more,
  };
  const keep = { [`member ${as}`]: 'memberId', [`generation ${as}`]: 'generationId' };
  story.send(apis.joinGroup, request, { ...options, keep });
}

/** Joins until it is a member: before v4 at once, later with the id of the first answer. */
export function joined2(story: Story, options: JoinOptions = {}): void {
  const version = options.version ?? story.version(apis.joinGroup);
  join(story, { ...options, version });
  join(story, { ...options, version });
}

export const generation = (as = 'a') => given(`generation ${as}`, 1);
export const member = (as = 'a') => given(`member ${as}`, 'nobody');

function sync(story: Story, as: string, more: Readonly<Record<string, unknown>> = {}, options: SendOptions = {}): void {
  const assignments = [{ memberId: member(as), assignment: text(`for ${as}`) }];
  const own = { groupId: '~g', generationId: generation(as), memberId: member(as), groupInstanceId: null };
  const request = { ...own, protocolType: 'consumer', protocolName: 'range', assignments, ...more };
  story.send(apis.syncGroup, request, options);
}

function heartbeat(
  story: Story,
  as: string,
  more: Readonly<Record<string, unknown>> = {},
  options: SendOptions = {},
): void {
  const own = { groupId: '~g', generationId: generation(as), memberId: member(as), groupInstanceId: null };
  story.send(apis.heartbeat, { ...own, ...more }, options);
}

function commit(story: Story, more: Readonly<Record<string, unknown>> = {}, partitionMore = {}): void {
  const partition = { partitionIndex: 0, committedOffset: 5, committedLeaderEpoch: -1, committedMetadata: 'note' };
  const topics = [{ name: '~a', topicId: topicId('~a'), partitions: [{ ...partition, ...partitionMore }] }];
  const own = { groupId: '~g', generationIdOrMemberEpoch: generation(), memberId: member(), groupInstanceId: null };
  story.send(apis.offsetCommit, { ...own, retentionTimeMs: -1, topics, ...more });
}

export function offsetsOf(story: Story, group: string, topics: readonly string[] | null, partitions = [0, 1]): void {
  const named = topics?.map((name) => ({ name, topicId: topicId(name), partitionIndexes: partitions })) ?? null;
  const groups = [{ groupId: group, memberId: null, memberEpoch: -1, topics: named }];
  const request = { groupId: group, topics: named, groups, requireStable: false };
  story.send(apis.offsetFetch, request, { versionMin: topics === null ? 2 : 1 });
}

function describe(story: Story, groups: readonly string[]): void {
  story.send(apis.describeGroups, { groups, includeAuthorizedOperations: story.random.chance(0.3) });
}

function leave(story: Story, more: Readonly<Record<string, unknown>>): void {
  story.send(apis.leaveGroup, { groupId: '~g', memberId: member(), members: [{ memberId: member() }], ...more });
}

/** One member's whole life, with wrong requests on the way. */
export function groupOfOne(story: Story): void {
  const { random } = story;
  story.topic('~a', 2);
  joined2(story);
  if (random.chance(0.3)) heartbeat(story, 'a');
  if (random.chance(0.3)) commit(story);
  sync(story, 'a', random.chance(0.3) ? { assignments: [] } : {});
  const odd: readonly (() => void)[] = [
    () => heartbeat(story, 'a'),
    () => heartbeat(story, 'a', { generationId: random.pick([0, -1, 5, 0x7fff_ffff]) }),
    () => heartbeat(story, 'a', { memberId: random.pick(['', 'nobody']) }),
    () => heartbeat(story, 'a', { groupId: random.pick(['', '~unknown']) }),
    () => heartbeat(story, 'a', { groupInstanceId: '~i' }, { versionMin: 3 }),
    () => sync(story, 'a'),
    () => sync(story, 'a', { generationId: 9 }),
    () => sync(story, 'a', { memberId: 'nobody' }),
    () => sync(story, 'a', { protocolType: 'connect' }),
    () => sync(story, 'a', { protocolName: 'roundrobin' }),
    () => sync(story, 'a', { groupId: '' }),
    () => join(story),
    () => join(story, { more: { protocolType: 'connect' } }),
    () => join(story, { more: { protocols: [{ name: 'other', metadata: text('x') }] } }),
    () => join(story, { more: { protocols: [] } }),
    () => commit(story),
    () => commit(story, { generationIdOrMemberEpoch: random.pick([-1, 7, 0x7fff_ffff]) }),
    () => commit(story, { memberId: random.pick(['', 'nobody']) }),
    () => commit(story, {}, { committedMetadata: random.pick([null, '', 'm'.repeat(4_096), 'm'.repeat(4_097)]) }),
    () => commit(story, {}, { committedOffset: random.pick([-1, -2, 0, Number.MAX_SAFE_INTEGER]) }),
    () => commit(story, {}, { partitionIndex: random.pick([1, 9, -1]) }),
    () => offsetsOf(story, '~g', ['~a']),
    () => offsetsOf(story, '~g', null),
    () => describe(story, ['~g']),
    () => story.send(apis.deleteGroups, { groupsNames: ['~g'] }),
  ];
  for (let i = 0; i < 8; i += 1) random.pick(odd)();
  if (random.chance(0.3)) leave(story, { memberId: 'nobody', members: [{ memberId: 'nobody' }] });
  leave(story, {});
  heartbeat(story, 'a');
  describe(story, ['~g', '~unknown', '']);
  offsetsOf(story, '~g', ['~a', '~missing']);
  story.send(apis.listGroups, { statesFilter: random.pick([[], ['Empty'], ['Stable', 'Dead'], ['nonsense']]) });
  story.send(apis.deleteGroups, { groupsNames: random.pick([['~g'], ['~g', '~unknown', ''], ['~g', '~g']]) });
  offsetsOf(story, '~g', ['~a']);
}

/** Two members: a rebalance that the first learns of by its heartbeat. */
export function groupOfTwo(story: Story): void {
  const { random } = story;
  story.topic('~a', 2);
  const versionMin = random.pick([0, 0, 5]);
  const version = () => story.version(apis.joinGroup, versionMin);
  const statics = versionMin === 5;
  const more = (instance: string) => (statics ? { more: { groupInstanceId: instance } } : {});
  const [first, second] = [version(), version()];
  joined2(story, { as: 'a', version: first, ...more('~one') });
  sync(story, 'a', statics ? { groupInstanceId: '~one' } : {});
  // From v4 on a member without an instance first gets its id, then joins under it.
  if (!statics && second >= 4) join(story, { as: 'b', version: second, connection: 1 });
  join(story, { as: 'b', version: second, connection: 1, background: true, ...more('~two') });
  heartbeat(story, 'a', {}, { until: ['errorCode', 27] });
  if (random.chance(0.5)) commit(story);
  if (random.chance(0.5)) describe(story, ['~g']);
  join(story, { as: 'a', version: first, ...more('~one') });
  const assignments = [
    { memberId: member('a'), assignment: text('for a') },
    { memberId: member('b'), assignment: text('for b') },
  ];
  heartbeat(story, 'a', {}, { awaits: [1] });
  sync(story, 'b', { assignments: [] }, { connection: 1, background: true });
  sync(story, 'a', { assignments });
  heartbeat(story, 'b', {}, { connection: 1 });
  describe(story, ['~g']);
  if (statics) {
    const instance = random.pick(['~one', '~two', '~three']);
    const members = [{ memberId: random.pick(['', 'nobody', member('a')]), groupInstanceId: instance }];
    story.send(apis.leaveGroup, { groupId: '~g', memberId: member('b'), members }, { versionMin: 3 });
  } else leave(story, { memberId: member('b'), members: [{ memberId: member('b') }, { memberId: 'nobody' }] });
  heartbeat(story, 'a');
  heartbeat(story, 'b');
  describe(story, ['~g']);
}

/** Joins that are refused or odd, each in a group of its own. */
export function joinsOdd(story: Story): void {
  const { random } = story;
  const odds: readonly Readonly<Record<string, unknown>>[] = [
    { groupId: '' },
    { sessionTimeoutMs: random.pick([0, -1, 5_999, 6_000, 1_800_000, 1_800_001, 0x7fff_ffff]) },
    { memberId: 'made-up' },
    { protocolType: '' },
    { protocols: [] },
    { protocols: [{ name: '', metadata: text('') }] },
    { groupInstanceId: '' },
    { groupInstanceId: '~i' },
    { groupInstanceId: 'not good' },
    { groupInstanceId: 'n'.repeat(250) },
    { reason: 'r'.repeat(300) },
    { protocolType: 'connect' },
  ];
  for (let i = 0; i < 9; i += 1) {
    const as = `${i}`;
    join(story, { as, group: `~g${i}`, more: random.pick(odds) });
    if (random.chance(0.3)) join(story, { as, group: `~g${i}` });
    if (random.chance(0.3)) describe(story, [`~g${i}`]);
  }
  story.send(apis.listGroups, { statesFilter: [], typesFilter: random.pick([[], ['classic'], ['consumer'], ['x']]) });
}

/** Offsets committed and read without members, the coordinator asked for, groups and offsets deleted. */
export function offsetsAlone(story: Story): void {
  const { random } = story;
  story.topic('~a', 2);
  const outside = { generationIdOrMemberEpoch: -1, memberId: '' };
  const forms: readonly (() => void)[] = [
    () => commit(story, outside),
    () => commit(story, outside, { partitionIndex: random.pick([0, 1, 2, -1]) }),
    () => commit(story, { ...outside, groupId: '~h' }),
    () => commit(story, { ...outside, topics: [] }),
    () => commit(story, { ...outside, groupInstanceId: '~i' }),
    () => {
      const partitions = [{ partitionIndex: 0, committedOffset: 3, committedMetadata: null }];
      const missing = { name: '~missing', topicId: UNKNOWN_ID, partitions };
      const known = { name: '~a', topicId: topicId('~a'), partitions };
      commit(story, { ...outside, topics: random.pick([[missing], [missing, known], [known, known]]) });
    },
    () => commit(story, { ...outside, memberId: 'somebody' }),
    () => commit(story, { ...outside, generationIdOrMemberEpoch: 3 }),
    () => commit(story, { ...outside, retentionTimeMs: 1_000 }),
    () => commit(story, outside, { committedLeaderEpoch: random.pick([0, 5, -1]) }),
    () => offsetsOf(story, '~g', ['~a']),
    () => offsetsOf(story, '~g', null),
    () => offsetsOf(story, '~g', []),
    () => offsetsOf(story, '~g', ['~a', '~a']),
    () => offsetsOf(story, '~g', ['~missing', '']),
    () => offsetsOf(story, '~g', ['~a'], [0, 0, -1, 7]),
    () => offsetsOf(story, '~g', ['~a'], []),
    () => offsetsOf(story, '~unknown', ['~a']),
    () => offsetsOf(story, '~unknown', null),
    () => offsetsOf(story, '', ['~a']),
    () => {
      const topics = [{ name: '~a', topicId: topicId('~a'), partitionIndexes: [0] }];
      const [memberId, memberEpoch] = random.pick<readonly [string | null, number]>([
        ['nobody', 1],
        ['', 0],
        [null, 5],
        ['nobody', -1],
      ]);
      const groups = [
        { groupId: '~g', memberId, memberEpoch, topics },
        ...random.pick([[], [{ groupId: '~h', topics }]]),
      ];
      story.send(apis.offsetFetch, { groups }, { versionMin: 8 });
    },
    () => story.send(apis.offsetFetch, { groups: [] }, { versionMin: 8 }),
    () => describe(story, random.pick([['~g'], ['~g', '~g'], [], ['']])),
    () => story.send(apis.listGroups, {}),
    () => story.send(apis.deleteGroups, { groupsNames: random.pick([[], ['~unknown'], ['']]) }),
    () => story.send(apis.findCoordinator, { key: '~g', keyType: 0, coordinatorKeys: ['~g'] }),
    () => story.send(apis.findCoordinator, { key: '', keyType: 0, coordinatorKeys: ['', '~g', '~g'] }),
    () => {
      const keyType = random.pick([1, 2, 3, -1, 127]);
      story.send(apis.findCoordinator, { key: '~t', keyType, coordinatorKeys: random.pick([['~t'], []]) });
    },
    () =>
      leave(story, { memberId: 'nobody', members: random.pick([[], [{ memberId: 'nobody' }], [{ memberId: '' }]]) }),
    () => leave(story, { groupId: '' }),
  ];
  for (let i = 0; i < 14; i += 1) random.pick(forms)();
}
