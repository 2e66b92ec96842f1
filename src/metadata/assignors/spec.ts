import type { Target } from '../consumer-groups/partitions.js';

/** A member as an assignor sees it. */
export interface MemberSpec {
  readonly memberId: string;
  readonly instanceId: string | undefined;
  /** Ids of existing topics that it subscribes to. */
  readonly topics: ReadonlySet<string>;
  /** What the assignment before gave it. */
  readonly former: Target;
}

export interface GroupSpec {
  readonly members: readonly MemberSpec[];
  /** Of every topic that a member subscribes to. */
  readonly partitionCounts: ReadonlyMap<string, number>;
}

/** Gives every member its partitions, by topic id; every partition of a subscribed topic to exactly one subscriber. */
export type Assignor = (group: GroupSpec) => Assignment;
export type Assignment = ReadonlyMap<string, Target>;

/** Who has which partition while an assignor works: members by their place in the group. */
export class Holdings {
  readonly #owners = new Map<string, Int32Array>();
  /** Partitions of each member. */
  readonly loads: Int32Array;
  readonly #group: GroupSpec;

  constructor(group: GroupSpec) {
    this.#group = group;
    this.loads = new Int32Array(group.members.length);
    for (const [topicId, partitions] of group.partitionCounts) {
      this.#owners.set(topicId, new Int32Array(partitions).fill(-1));
    }
  }

  /** The owner of each partition of a topic, -1 for none. */
  owners(topicId: string): Int32Array {
    return this.#owners.get(topicId)!;
  }

  give(topicId: string, partition: number, member: number): void {
    const owners = this.owners(topicId);
    const former = owners[partition]!;
    if (former !== -1) {
      this.loads[former]!--;
    }
    owners[partition] = member;
    this.loads[member]!++;
  }

  /** Whether a member may keep a partition of its former assignment: the topic is still its own, nobody else has it. */
  mayKeep(member: MemberSpec, topicId: string, partition: number): boolean {
    return member.topics.has(topicId) && this.#owners.get(topicId)?.[partition] === -1;
  }

  assignment(): Assignment {
    const found = this.#group.members.map(() => new Map<string, number[]>());
    for (const [topicId, owners] of this.#owners) {
      for (const [partition, owner] of owners.entries()) {
        if (owner !== -1) {
          const topics = found[owner]!;
          const partitions = topics.get(topicId);
          if (partitions === undefined) {
            topics.set(topicId, [partition]);
          } else {
            partitions.push(partition);
          }
        }
      }
    }
    return new Map(this.#group.members.map(({ memberId }, at) => [memberId, found[at]!]));
  }
}
