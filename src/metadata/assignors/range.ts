import type { Target } from '../consumer-groups/partitions.js';
import type { Assignment, GroupSpec, MemberSpec } from './spec.js';

/**
 * Each topic by itself: its subscribers, in order, get neighbouring partitions, the first ones one more when it does not
 * come out even. Topics with as many partitions and the same subscribers are co-partitioned. Static members come first,
 * by instance id, so that they keep their ranges when they return under another member id.
 */
export function range({ members, partitionCounts }: GroupSpec): Assignment {
  const inOrder = [...members].sort(byStanding);
  const given = new Map<string, Map<string, readonly number[]>>(members.map(({ memberId }) => [memberId, new Map()]));
  for (const [topicId, count] of partitionCounts) {
    const subscribers = inOrder.filter(({ topics }) => topics.has(topicId));
    let next = 0;
    for (const [at, { memberId }] of subscribers.entries()) {
      const share = Math.floor(count / subscribers.length) + (at < count % subscribers.length ? 1 : 0);
      if (share > 0) {
        const start = next;
        given.get(memberId)!.set(
          topicId,
          Array.from({ length: share }, (_, index) => start + index),
        );
      }
      next += share;
    }
  }
  return given satisfies ReadonlyMap<string, Target>;
}

function byStanding(one: MemberSpec, other: MemberSpec): number {
  if (one.instanceId !== undefined && other.instanceId !== undefined) {
    return compare(one.instanceId, other.instanceId);
  }
  if (one.instanceId !== undefined || other.instanceId !== undefined) {
    return one.instanceId === undefined ? 1 : -1;
  }
  return compare(one.memberId, other.memberId);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
