import type { MetadataClient } from '../../src/cluster/metadata-client.js';
import { ConsumerGroupEngine } from '../../src/groups/consumer-engine.js';
import { GroupEngine } from '../../src/groups/engine.js';
import type { CommitRequest } from '../../src/groups/requests.js';
import type { Metadata } from '../../src/metadata/metadata.js';
import type { World } from '../../src/world/world.js';
import type { SeededRandom } from './random.js';

const HEARTBEAT_MS = 5_000;
const GIVE_UP_MS_MAX = 3_000;

/** What the members of one group believe and what the cluster says, held against each other (invariant 14). */
export class GroupLedger {
  readonly findings: string[] = [];
  readonly #owners = new Map<string, ModelGroupConsumer>();
  readonly #committed = new Map<string, number>();
  readonly #view: Metadata;
  readonly #group: string;
  /** Times that a partition went to another member. */
  moves = 0;

  constructor(client: MetadataClient & { readonly view: Metadata }, group: string) {
    this.#view = client.view;
    this.#group = group;
    client.onApplied((_revision, changes) => {
      if (changes.groups.has(group)) {
        this.#checkCluster();
      }
    });
  }

  /** A member begins to consume a partition: no other may do so, unless the cluster took it for dead. */
  takes(place: string, member: ModelGroupConsumer): void {
    const former = this.#owners.get(place);
    if (former !== undefined && former !== member) {
      this.moves++;
      if (former.owns(place) && this.#view.consumerGroup(this.#group)?.members.has(former.memberId) === true) {
        this.findings.push(`${place} went to ${member.memberId} while ${former.memberId} consumed it`);
      }
    }
    this.#owners.set(place, member);
  }

  #checkCluster(): void {
    const group = this.#view.consumerGroup(this.#group);
    const owners = new Map<string, string>();
    for (const { memberId, assigned, revoking } of group?.members.values() ?? []) {
      for (const [topicId, partitions] of [...assigned, ...revoking]) {
        for (const partition of partitions.keys()) {
          const place = `${topicId}/${partition}`;
          const other = owners.get(place);
          if (other !== undefined) {
            this.findings.push(`${place} belongs to ${other} and ${memberId}`);
          }
          owners.set(place, memberId);
        }
      }
    }
    for (const { topic, partition, offset } of this.#view.committedOffsets(this.#group)) {
      const place = `${topic}/${partition}`;
      if (offset < (this.#committed.get(place) ?? 0)) {
        this.findings.push(`the offset of ${place} went back from ${this.#committed.get(place)} to ${offset}`);
      }
      this.#committed.set(place, offset);
    }
  }
}

export interface Means {
  readonly client: MetadataClient & { readonly view: Metadata };
  readonly world: World;
  readonly random: SeededRandom;
  readonly ledger: GroupLedger;
  readonly consumers: ConsumerGroupEngine;
  readonly groups: GroupEngine;
}

export function meansOf(
  client: MetadataClient & { readonly view: Metadata },
  world: World,
  random: SeededRandom,
  group: string,
): Means {
  const limits = { initialRebalanceDelayMs: 0, sessionMsMin: 1, sessionMsMax: 100_000, membersMax: 1_000 };
  return {
    client,
    world,
    random,
    ledger: new GroupLedger(client, group),
    consumers: new ConsumerGroupEngine(client, world, { heartbeatMs: HEARTBEAT_MS, membersMax: 1_000 }),
    groups: new GroupEngine(client, world, limits),
  };
}

/**
 * A consumer as KIP-848 wants it: it commits before it gives a partition up, says what it has, and joins again without
 * anything when it is fenced. It may stand still for any time, and then goes on as if nothing had happened.
 */
export class ModelGroupConsumer {
  readonly memberId: string;
  readonly #means: Means;
  readonly #group: string;
  #topics: readonly string[];
  /** Where it stands in each partition, by topic id and number. */
  readonly #positions = new Map<string, number>();
  #epoch = 0;
  #tellTopics = false;
  paused = false;
  #left = false;
  /** Commits that were refused. */
  refused = 0;

  constructor(means: Means, group: string, memberId: string, topics: readonly string[]) {
    this.#means = means;
    this.#group = group;
    this.memberId = memberId;
    this.#topics = topics;
    this.#soon(means.random.between(0, 1_000));
  }

  owns(place: string): boolean {
    return this.#positions.has(place);
  }

  subscribe(topics: readonly string[]): void {
    this.#topics = topics;
    this.#tellTopics = true;
  }

  async leave(): Promise<void> {
    this.#left = true;
    await this.#commit([...this.#positions.keys()]);
    this.#positions.clear();
    await this.#send(-1);
  }

  /** Gone without a word. */
  die(): void {
    this.#left = true;
    this.#positions.clear();
  }

  #soon(delayMs: number): void {
    this.#means.world.timers.after(delayMs, () => {
      if (this.#left) return;
      if (this.paused) {
        this.#soon(500);
        return;
      }
      void this.#turn().then(() => this.#soon(this.#means.random.between(500, HEARTBEAT_MS)));
    });
  }

  async #turn(): Promise<void> {
    for (const [place, position] of this.#positions) {
      this.#positions.set(place, position + this.#means.random.between(0, 3));
    }
    if (this.#means.random.chance(0.5)) {
      await this.#commit([...this.#positions.keys()]);
    }
    if (!this.#left) {
      await this.#beat();
    }
  }

  async #beat(): Promise<void> {
    const answer = await this.#send(this.#epoch);
    if (answer === undefined || this.#left) return;
    if (answer.error === 25 || answer.error === 110) {
      // Fenced: it has nothing any more.
      this.#positions.clear();
      this.#epoch = 0;
      return;
    }
    if (answer.error !== 0) return;
    this.#tellTopics = false;
    if (answer.assignment !== undefined) {
      const assigned = new Set(
        [...answer.assignment].flatMap(([topicId, of]) => of.map((partition) => `${topicId}/${partition}`)),
      );
      const goes = [...this.#positions.keys()].filter((place) => !assigned.has(place));
      // It takes its time to finish with them, and commits at the epoch before: it still answers for them.
      if (goes.length > 0) await this.#sleep(this.#means.random.between(0, GIVE_UP_MS_MAX));
      if (this.#left) return;
      await this.#commit(goes);
      this.#repeatLater(goes);
      for (const place of goes) this.#positions.delete(place);
      this.#epoch = answer.memberEpoch;
      for (const place of assigned) {
        if (!this.#positions.has(place)) this.#take(place);
      }
    }
    this.#epoch = answer.memberEpoch;
  }

  /** The same commit comes a second time, when others may have the partitions: it must change nothing. */
  #repeatLater(places: readonly string[]): void {
    const offsets = this.#offsetsOf(places);
    const epoch = this.#epoch;
    if (offsets.length > 0) {
      this.#means.world.timers.after(this.#means.random.between(5_000, 30_000), () => {
        void this.#commitAt(epoch, offsets);
      });
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#means.world.timers.after(ms, resolve));
  }

  #take(place: string): void {
    const { client, ledger } = this.#means;
    const [topicId, partition] = place.split('/') as [string, string];
    const topic = client.view.topicById(topicId)!.name;
    ledger.takes(place, this);
    this.#positions.set(place, client.view.committedOffset(this.#group, topic, Number(partition))?.offset ?? 0);
  }

  #commit(places: readonly string[]): Promise<void> {
    return this.#commitAt(this.#epoch, this.#offsetsOf(places));
  }

  #offsetsOf(places: readonly string[]): CommitRequest['offsets'] {
    return places.map((place) => {
      const [topicId, partition] = place.split('/') as [string, string];
      const topic = this.#means.client.view.topicById(topicId)!.name;
      return {
        topic,
        partition: Number(partition),
        offset: this.#positions.get(place)!,
        leaderEpoch: -1,
        metadata: '',
      };
    });
  }

  async #commitAt(generation: number, offsets: CommitRequest['offsets']): Promise<void> {
    if (offsets.length === 0) return;
    const codes = await this.#means.groups.commit({
      group: this.#group,
      generation,
      memberId: this.memberId,
      instanceId: undefined,
      memberEpochs: true,
      retentionMs: undefined,
      offsets,
    });
    this.refused += codes.filter((code) => code !== 0).length;
  }

  #send(memberEpoch: number) {
    const joins = memberEpoch === 0;
    const owned = new Map<string, number[]>();
    for (const place of this.#positions.keys()) {
      const [topicId, partition] = place.split('/') as [string, string];
      owned.set(topicId, [...(owned.get(topicId) ?? []), Number(partition)]);
    }
    return this.#means.consumers.heartbeat(
      {
        group: this.#group,
        memberId: this.memberId,
        needsMemberId: true,
        memberEpoch,
        instanceId: undefined,
        rackId: undefined,
        rebalanceTimeoutMs: joins ? 20_000 : undefined,
        topics: joins || this.#tellTopics ? this.#topics : undefined,
        regex: undefined,
        assignor: undefined,
        owned: Array.from(owned, ([topicId, partitions]) => ({ topicId, partitions })),
        clientId: 'model',
        clientHost: '/model',
      },
      new AbortController().signal,
    );
  }
}
