/** What members of groups were told, in the order in which they heard it. The checkers 13 and 14 of invariants/ read it. */
export class GroupHistory {
  readonly announced: Announced[] = [];
  readonly owned: Owned[] = [];
  readonly commits: Commit[] = [];
  readonly fetches: OffsetFetched[] = [];
  #moment = 0;

  /** A moment later than every one before. */
  now(): number {
    this.#moment += 1;
    return this.#moment;
  }

  /** A JoinGroup answer: the group is in this generation. */
  announce(group: string, generation: number): void {
    this.announced.push({ at: this.now(), group, generation });
  }

  /** A SyncGroup answer. `owner` is the member, or the instance of a static one. */
  own(group: string, generation: number, owner: string, partitions: Iterable<string>): void {
    for (const partition of partitions) this.owned.push({ group, generation, owner, partition });
  }

  /** A commit is on its way; call `acknowledge` when it was taken. */
  commit(group: string, generation: number, partition: string, offset: number): Commit {
    const commit = { group, generation, partition, offset, sentAt: this.now(), takenAt: undefined };
    this.commits.push(commit);
    return commit;
  }

  acknowledge(commit: Commit): void {
    commit.takenAt = this.now();
  }

  /** An OffsetFetch that began at `beganAt` found this; -1: nothing. */
  fetched(group: string, partition: string, beganAt: number, offset: number): void {
    this.fetches.push({ group, partition, beganAt, offset });
  }

  get counts(): { readonly generations: number; readonly commits: number } {
    const generations = new Set(this.announced.map(({ group, generation }) => `${group} ${generation}`));
    return { generations: generations.size, commits: this.commits.length };
  }

  /** Whether each of these partitions was committed by a request sent after this moment. */
  isCommittedSince(moment: number, group: string, partitions: readonly string[]): boolean {
    const left = new Set(partitions);
    for (let i = this.commits.length - 1; i >= 0 && left.size > 0; i -= 1) {
      const commit = this.commits[i]!;
      if (commit.sentAt < moment) break;
      if (commit.group === group && commit.takenAt !== undefined) left.delete(commit.partition);
    }
    return left.size === 0;
  }
}

interface Announced {
  readonly at: number;
  readonly group: string;
  readonly generation: number;
}

interface Owned {
  readonly group: string;
  readonly generation: number;
  readonly owner: string;
  readonly partition: string;
}

export interface Commit {
  readonly group: string;
  readonly generation: number;
  readonly partition: string;
  readonly offset: number;
  readonly sentAt: number;
  /** Undefined: it was refused, or nobody knows. */
  takenAt: number | undefined;
}

interface OffsetFetched {
  readonly group: string;
  readonly partition: string;
  readonly beganAt: number;
  readonly offset: number;
}
