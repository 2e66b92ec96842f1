import type { ConsumerMember } from './member.js';
import { type Owned, type Reported, sameOwned, type Target } from './partitions.js';

/** What a member is reconciled with. */
export interface Surroundings {
  /** The group's assignment epoch and what it assigns to the member. */
  readonly epoch: number;
  readonly target: Target;
  /** Ids of the existing topics that the member is subscribed to. */
  readonly subscribed: ReadonlySet<string>;
  readonly subscriptionChanged: boolean;
  /** Whether another member of the group still has the partition, be it that it has yet to give it up. */
  isTaken(topicId: string, partition: number): boolean;
  /** What the member says it has; undefined when it did not say. */
  readonly reported: Reported | undefined;
}

/**
 * One step of a member towards the target assignment (KIP-848; Kafka: CurrentAssignmentBuilder). It first gives up what
 * it shall not keep and stays in its epoch until it has said so; then it moves to the assignment epoch and takes what is
 * free. What others still have comes to it in a later step. Gives the same object when nothing changes.
 */
export function reconcile(member: ConsumerMember, around: Surroundings): ConsumerMember {
  switch (member.state) {
    case 'stable':
      if (member.epoch !== around.epoch) {
        return step(member, around);
      }
      return around.subscriptionChanged ? dropUnsubscribed(member, around) : member;
    case 'unrevoked-partitions':
      if (stillHas(around.reported, member.revoking)) {
        return around.subscriptionChanged ? dropUnsubscribed(member, around) : member;
      }
      return step(member, around);
    case 'unreleased-partitions':
      return step(member, around);
  }
}

function step(member: ConsumerMember, around: Surroundings): ConsumerMember {
  const kept = new Map<string, ReadonlyMap<number, number>>();
  const revoking = new Map<string, ReadonlyMap<number, number>>();
  for (const [topicId, partitions] of member.assigned) {
    const wanted = new Set(around.subscribed.has(topicId) ? around.target.get(topicId) : []);
    const stays = new Map<number, number>();
    const goes = new Map<number, number>();
    for (const [partition, epoch] of partitions) {
      (wanted.has(partition) ? stays : goes).set(partition, epoch);
    }
    if (stays.size > 0) {
      kept.set(topicId, stays);
    }
    if (goes.size > 0) {
      revoking.set(topicId, goes);
    }
  }
  if (revoking.size > 0 && stillHas(around.reported, revoking)) {
    return moved(member, { state: 'unrevoked-partitions', epoch: member.epoch, assigned: kept, revoking });
  }
  const { assigned, waits } = takeFree(kept, around);
  return moved(member, {
    state: waits ? 'unreleased-partitions' : 'stable',
    epoch: around.epoch,
    assigned,
    revoking: new Map(),
  });
}

/** Adds what the target wants and nobody has. */
function takeFree(kept: Owned, around: Surroundings): { readonly assigned: Owned; readonly waits: boolean } {
  const assigned = new Map(kept);
  let waits = false;
  for (const [topicId, partitions] of around.target) {
    if (!around.subscribed.has(topicId)) {
      continue;
    }
    const has = kept.get(topicId);
    const taken = new Map(has);
    for (const partition of partitions) {
      if (has?.has(partition) === true) {
        continue;
      }
      if (around.isTaken(topicId, partition)) {
        waits = true;
      } else {
        taken.set(partition, around.epoch);
      }
    }
    if (taken.size > 0) {
      assigned.set(topicId, taken);
    }
  }
  return { assigned, waits };
}

/** Topics that the member no longer subscribes to are given up at once, without waiting for a new target. */
function dropUnsubscribed(member: ConsumerMember, around: Surroundings): ConsumerMember {
  const assigned = new Map(member.assigned);
  const revoking = new Map(member.revoking);
  for (const [topicId, partitions] of member.assigned) {
    if (!around.subscribed.has(topicId)) {
      assigned.delete(topicId);
      revoking.set(topicId, new Map([...(revoking.get(topicId) ?? []), ...partitions]));
    }
  }
  if (assigned.size === member.assigned.size) {
    return member;
  }
  return stillHas(around.reported, revoking)
    ? moved(member, { state: 'unrevoked-partitions', epoch: member.epoch, assigned, revoking })
    : moved(member, { state: member.state, epoch: member.epoch, assigned, revoking: member.revoking });
}

/** A member that does not say what it has may have anything. */
function stillHas(reported: Reported | undefined, revoking: Owned): boolean {
  if (reported === undefined) {
    return true;
  }
  for (const [topicId, partitions] of reported) {
    const given = revoking.get(topicId);
    for (const partition of partitions) {
      if (given?.has(partition) === true) {
        return true;
      }
    }
  }
  return false;
}

function moved(
  member: ConsumerMember,
  { state, epoch, assigned, revoking }: Pick<ConsumerMember, 'state' | 'epoch' | 'assigned' | 'revoking'>,
): ConsumerMember {
  const isSame =
    state === member.state &&
    epoch === member.epoch &&
    member.previousEpoch === member.epoch &&
    sameOwned(assigned, member.assigned) &&
    sameOwned(revoking, member.revoking);
  return isSame ? member : { ...member, state, epoch, previousEpoch: member.epoch, assigned, revoking };
}
