import { type Assignment, type GroupSpec, Holdings } from './spec.js';
import { uniformMixed } from './uniform-mixed.js';

/** Balanced first, then sticky: as few partitions as possible change hands. */
export function uniform(group: GroupSpec): Assignment {
  const [first, ...others] = group.members;
  if (first === undefined) {
    return new Map();
  }
  const isSame = others.every(
    ({ topics }) => topics.size === first.topics.size && [...topics].every((topicId) => first.topics.has(topicId)),
  );
  return isSame ? uniformSame(group) : uniformMixed(group);
}

/** All members subscribe to the same topics: their shares differ by one partition at most. */
function uniformSame(group: GroupSpec): Assignment {
  const { members, partitionCounts } = group;
  let total = 0;
  for (const count of partitionCounts.values()) {
    total += count;
  }
  const share = Math.floor(total / members.length);
  let larger = total % members.length;
  const holdings = new Holdings(group);
  // Members keep what they had up to their share; the larger shares go to those who had more, as long as there are any.
  const shares = members.map((member, at) => {
    let most = share;
    for (const [topicId, partitions] of member.former) {
      for (const partition of partitions) {
        if (!holdings.mayKeep(member, topicId, partition)) {
          continue;
        }
        if (holdings.loads[at]! === most && most === share && larger > 0) {
          most++;
          larger--;
        }
        if (holdings.loads[at]! < most) {
          holdings.give(topicId, partition, at);
        }
      }
    }
    return most;
  });
  for (let at = 0; larger > 0; at++) {
    if (shares[at] === share) {
      shares[at] = share + 1;
      larger--;
    }
  }
  let at = 0;
  for (const topicId of partitionCounts.keys()) {
    for (const [partition, owner] of holdings.owners(topicId).entries()) {
      if (owner === -1) {
        while (holdings.loads[at]! >= shares[at]!) {
          at++;
        }
        holdings.give(topicId, partition, at);
      }
    }
  }
  return holdings.assignment();
}
