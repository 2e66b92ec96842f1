import { type Assignment, type GroupSpec, Holdings } from './spec.js';

/** Rounds of balancing at most: members whose topics overlap in part come closer with each, not always to the optimum. */
const ROUNDS_MAX = 16;

/**
 * Members subscribe to different topics. Everyone keeps what it had and still wants; what is left goes to the least
 * loaded subscribers, scarce topics first; then partitions move from the most to the least loaded subscribers of each
 * topic until those differ by one at most.
 */
export function uniformMixed(group: GroupSpec): Assignment {
  const holdings = new Holdings(group);
  const subscribers = new Map<string, number[]>();
  for (const [at, member] of group.members.entries()) {
    for (const topicId of member.topics) {
      const others = subscribers.get(topicId);
      if (others === undefined) {
        subscribers.set(topicId, [at]);
      } else {
        others.push(at);
      }
    }
    for (const [topicId, partitions] of member.former) {
      for (const partition of partitions) {
        if (holdings.mayKeep(member, topicId, partition)) {
          holdings.give(topicId, partition, at);
        }
      }
    }
  }
  const topics = [...subscribers].sort(([oneId, one], [otherId, other]) => {
    const [ofOne, ofOther] = [group.partitionCounts.get(oneId)!, group.partitionCounts.get(otherId)!];
    return (
      ofOther / other.length - ofOne / one.length ||
      one.length - other.length ||
      (oneId < otherId ? -1 : oneId > otherId ? 1 : 0)
    );
  });
  for (const [topicId, members] of topics) {
    const least = new LoadOrder(members, holdings.loads, 1);
    for (const [partition, owner] of holdings.owners(topicId).entries()) {
      if (owner === -1) {
        const member = least.take()!;
        holdings.give(topicId, partition, member);
        least.put(member);
      }
    }
  }
  const shared = topics.filter(([, members]) => members.length > 1);
  for (let round = 0; round < ROUNDS_MAX; round++) {
    let moved = 0;
    for (const [topicId, members] of shared) {
      moved += balance(holdings, topicId, members);
    }
    if (moved === 0) {
      break;
    }
  }
  return holdings.assignment();
}

/** Moves partitions of one topic between its subscribers; gives how many. */
function balance(holdings: Holdings, topicId: string, members: readonly number[]): number {
  const { loads } = holdings;
  const had = new Map<number, number[]>();
  for (const [partition, owner] of holdings.owners(topicId).entries()) {
    const partitions = had.get(owner);
    if (partitions === undefined) {
      had.set(owner, [partition]);
    } else {
      partitions.push(partition);
    }
  }
  const least = new LoadOrder(members, loads, 1);
  const most = new LoadOrder([...had.keys()], loads, -1);
  let moved = 0;
  for (;;) {
    const giver = most.take();
    const taker = least.take();
    if (giver === undefined || taker === undefined || loads[giver]! - loads[taker]! <= 1) {
      return moved;
    }
    holdings.give(topicId, had.get(giver)!.pop()!, taker);
    moved++;
    least.put(taker);
    least.put(giver);
    if (had.get(giver)!.length > 0) {
      most.put(giver);
    }
  }
}

/** Members by load, least first (or most first): a heap whose entries count only while the load they name is the member's. */
class LoadOrder {
  readonly #loads: Int32Array;
  readonly #sign: 1 | -1;
  /** Pairs of load and member. */
  readonly #heap: (readonly [load: number, member: number])[] = [];

  constructor(members: readonly number[], loads: Int32Array, sign: 1 | -1) {
    this.#loads = loads;
    this.#sign = sign;
    for (const member of members) {
      this.put(member);
    }
  }

  /** Enters a member at its present load. */
  put(member: number): void {
    const heap = this.#heap;
    let at = heap.push([this.#loads[member]!, member]) - 1;
    for (let above = (at - 1) >> 1; at > 0 && this.#before(at, above); above = (at - 1) >> 1) {
      this.#swap(at, above);
      at = above;
    }
  }

  /** Takes out the first member. */
  take(): number | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined) {
        return undefined;
      }
      this.#removeFirst();
      if (this.#loads[first[1]] === first[0]) {
        return first[1];
      }
    }
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) {
      return;
    }
    heap[0] = last;
    for (let at = 0; ; ) {
      let next = 2 * at + 1;
      if (next + 1 < heap.length && this.#before(next + 1, next)) {
        next++;
      }
      if (next >= heap.length || !this.#before(next, at)) {
        return;
      }
      this.#swap(at, next);
      at = next;
    }
  }

  #before(one: number, other: number): boolean {
    const [oneLoad, oneMember] = this.#heap[one]!;
    const [otherLoad, otherMember] = this.#heap[other]!;
    return oneLoad === otherLoad ? oneMember < otherMember : (oneLoad - otherLoad) * this.#sign < 0;
  }

  #swap(one: number, other: number): void {
    const heap = this.#heap;
    [heap[one], heap[other]] = [heap[other]!, heap[one]!];
  }
}
