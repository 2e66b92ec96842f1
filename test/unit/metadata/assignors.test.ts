import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { range } from '../../../src/metadata/assignors/range.js';
import type { Assignment, Assignor, GroupSpec, MemberSpec } from '../../../src/metadata/assignors/spec.js';
import { uniform } from '../../../src/metadata/assignors/uniform.js';
import type { Target } from '../../../src/metadata/consumer-groups/partitions.js';

const TOPICS = ['t0', 't1', 't2', 't3'];
const counts = fc
  .tuple(...TOPICS.map(() => fc.integer({ min: 1, max: 12 })))
  .map((sizes) => new Map(TOPICS.map((topic, at) => [topic, sizes[at]!])));

/** Former targets are anything: topics that are gone, partitions that two members had, beyond the topic's size. */
const former: fc.Arbitrary<Target> = fc
  .dictionary(fc.constantFrom(...TOPICS, 'gone'), fc.uniqueArray(fc.integer({ min: 0, max: 14 }), { maxLength: 8 }))
  .map(
    (topics) => new Map(Object.entries(topics).map(([topic, partitions]) => [topic, partitions.sort((a, b) => a - b)])),
  );

const membersOf = (subscription: fc.Arbitrary<readonly string[]>) =>
  fc.array(fc.tuple(subscription, former, fc.boolean()), { minLength: 1, maxLength: 8 }).map((drawn) =>
    drawn.map(
      ([topics, had, isStatic], at): MemberSpec => ({
        memberId: `m${at}`,
        instanceId: isStatic ? `i${9 - at}` : undefined,
        topics: new Set(topics),
        former: had,
      }),
    ),
  );

const specOf = (members: readonly MemberSpec[], sizes: ReadonlyMap<string, number>): GroupSpec => {
  const subscribed = TOPICS.filter((topic) => members.some(({ topics }) => topics.has(topic)));
  return { members, partitionCounts: new Map(subscribed.map((topic) => [topic, sizes.get(topic)!])) };
};

/** All members have the same topics. */
const uniformGroups = fc
  .tuple(fc.subarray(TOPICS, { minLength: 1 }), membersOf(fc.constant([])), counts)
  .map(([topics, members, sizes]) =>
    specOf(
      members.map((member) => ({ ...member, topics: new Set(topics) })),
      sizes,
    ),
  );
const mixedGroups = fc.tuple(membersOf(fc.subarray(TOPICS)), counts).map(([members, sizes]) => specOf(members, sizes));
const anyGroup = fc.oneof(uniformGroups, mixedGroups);

function owners(assignment: Assignment): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [memberId, topics] of assignment) {
    for (const [topic, partitions] of topics) {
      for (const partition of partitions) {
        const place = `${topic}/${partition}`;
        found.set(place, [...(found.get(place) ?? []), memberId]);
      }
    }
  }
  return found;
}

const load = (target: Target | undefined) => [...(target?.values() ?? [])].flat().length;

/** What every member keeps of what it had, at most once a partition. */
function kept({ members, partitionCounts }: GroupSpec, assignment: Assignment): number {
  let count = 0;
  const places = owners(assignment);
  for (const { memberId, former: had, topics } of members) {
    for (const [topic, partitions] of had) {
      for (const partition of partitions) {
        if (topics.has(topic) && partition < partitionCounts.get(topic)!) {
          count += places.get(`${topic}/${partition}`)![0] === memberId ? 1 : 0;
        }
      }
    }
  }
  return count;
}

const again = (group: GroupSpec, assignment: Assignment): GroupSpec => ({
  ...group,
  members: group.members.map((member) => ({ ...member, former: assignment.get(member.memberId)! })),
});

describe.each<[string, Assignor]>([
  ['uniform', uniform],
  ['range', range],
])('%s', (_name, assignor) => {
  test('gives every partition to exactly one subscriber, and every member an ascending list a topic', () => {
    fc.assert(
      fc.property(anyGroup, (group) => {
        const assignment = assignor(group);
        expect([...assignment.keys()].sort()).toEqual(group.members.map(({ memberId }) => memberId).sort());
        const places = owners(assignment);
        let total = 0;
        for (const [topic, count] of group.partitionCounts) {
          total += count;
          for (let partition = 0; partition < count; partition++) {
            const of = places.get(`${topic}/${partition}`);
            expect(of).toHaveLength(1);
            expect(group.members.find(({ memberId }) => memberId === of![0])!.topics.has(topic)).toBe(true);
          }
        }
        expect(places.size).toBe(total);
        for (const target of assignment.values()) {
          for (const partitions of target.values()) {
            expect(partitions.length).toBeGreaterThan(0);
            expect(partitions).toEqual([...partitions].sort((a, b) => a - b));
          }
        }
      }),
    );
  });

  test('changes nothing when nothing changed', () => {
    fc.assert(
      fc.property(anyGroup, (group) => {
        const assignment = assignor(group);
        expect(assignor(again(group, assignment))).toEqual(assignment);
      }),
    );
  });

  it('has nothing to give to nobody', () => {
    expect(assignor({ members: [], partitionCounts: new Map() }).size).toBe(0);
  });
});

describe('uniform, members with the same topics', () => {
  test('shares differ by one at most', () => {
    fc.assert(
      fc.property(uniformGroups, (group) => {
        const loads = [...uniform(group).values()].map(load);
        expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('nobody loses a partition but for the balance: each keeps all that fits into the larger share', () => {
    fc.assert(
      fc.property(uniformGroups, (group) => {
        // Former targets of one assignment: no partition twice.
        const before = uniform(group);
        const joined: MemberSpec = { ...group.members[0]!, memberId: 'new', instanceId: undefined, former: new Map() };
        const bigger = again(group, before);
        const after = uniform({ ...bigger, members: [...bigger.members, joined] });
        const loads = [...after.values()].map(load);
        let least = 0;
        const total = loads.reduce((sum, each) => sum + each, 0);
        const share = Math.floor(total / loads.length);
        let larger = total % loads.length;
        for (const had of [...before.values()].map(load).sort((a, b) => b - a)) {
          const most = had > share && larger > 0 ? share + 1 : share;
          larger -= most - share;
          least += Math.min(had, most);
        }
        expect(kept({ ...bigger, members: bigger.members }, after)).toBe(least);
      }),
    );
  });

  test('when a member leaves, the others keep everything', () => {
    fc.assert(
      fc.property(uniformGroups, (group) => {
        fc.pre(group.members.length > 1);
        const before = uniform(group);
        const members = again(group, before).members.slice(1);
        const after = uniform({ ...group, members });
        for (const { memberId, former: had } of members) {
          for (const [topic, partitions] of had) {
            expect(after.get(memberId)!.get(topic)).toEqual(expect.arrayContaining([...partitions]));
          }
        }
      }),
    );
  });
});

describe('uniform, members with different topics', () => {
  test('no partition could move to a subscriber that has two less', () => {
    fc.assert(
      fc.property(mixedGroups, (group) => {
        const assignment = uniform(group);
        for (const [place, [owner]] of owners(assignment)) {
          const topic = place.split('/')[0]!;
          for (const { memberId, topics } of group.members) {
            if (topics.has(topic)) {
              expect(load(assignment.get(owner!)) - load(assignment.get(memberId))).toBeLessThanOrEqual(1);
            }
          }
        }
      }),
    );
  });

  test('a member that nobody competes with keeps everything', () => {
    const alone: MemberSpec = { memberId: 'a', instanceId: undefined, topics: new Set(['t0']), former: new Map() };
    const other: MemberSpec = { memberId: 'b', instanceId: undefined, topics: new Set(['t1']), former: new Map() };
    const group = {
      members: [alone, other],
      partitionCounts: new Map([
        ['t0', 9],
        ['t1', 1],
      ]),
    };
    expect(load(uniform(group).get('a'))).toBe(9);
  });
});

describe('range', () => {
  test('each topic is cut into neighbouring ranges whose sizes differ by one at most', () => {
    fc.assert(
      fc.property(anyGroup, (group) => {
        const assignment = range(group);
        for (const [topic] of group.partitionCounts) {
          const subscribers = group.members.filter(({ topics }) => topics.has(topic));
          const sizes = subscribers.map(({ memberId }) => assignment.get(memberId)!.get(topic)?.length ?? 0);
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
          for (const { memberId } of subscribers) {
            const partitions = assignment.get(memberId)!.get(topic) ?? [];
            partitions.forEach((partition, at) => {
              expect(partition).toBe(partitions[0]! + at);
            });
          }
        }
      }),
    );
  });

  test('topics of one size and with the same subscribers are co-partitioned', () => {
    fc.assert(
      fc.property(uniformGroups, fc.integer({ min: 1, max: 12 }), (group, size) => {
        const partitionCounts = new Map([...group.partitionCounts.keys()].map((topic) => [topic, size]));
        for (const target of range({ ...group, partitionCounts }).values()) {
          const lists = [...target.values()].map(String);
          expect(new Set(lists).size).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('static members come first, by instance id, and keep their range under another member id', () => {
    const member = (memberId: string, instanceId?: string): MemberSpec => {
      return { memberId, instanceId, topics: new Set(['t0']), former: new Map() };
    };
    const partitionCounts = new Map([['t0', 3]]);
    const before = range({ members: [member('a'), member('z', 'i1'), member('y', 'i2')], partitionCounts });
    expect([...before].map(([id, target]) => [id, target.get('t0')])).toEqual([
      ['a', [2]],
      ['z', [0]],
      ['y', [1]],
    ]);
    const after = range({ members: [member('a'), member('b', 'i1'), member('y', 'i2')], partitionCounts });
    expect(after.get('b')).toEqual(before.get('z'));
  });
});
