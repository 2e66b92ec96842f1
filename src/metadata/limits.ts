import { Digest } from './digest.js';
import type { SetLimits } from './journal.wire.js';

/**
 * The account of the state: how many bytes it takes, by fixed rules (not measured: every replica must count the same),
 * and the digest of what was done to it. Every table writes to it. At `bytesMax` growth is refused retriably.
 */
export class Ledger {
  digest: Digest;
  bytes = 0;
  bytesMax = METADATA_BYTES_MAX_DEFAULT;
  /** Producer rows of all partitions; above it the one used longest ago goes. */
  producerRowsMax = PRODUCER_ROWS_MAX_DEFAULT;
  /**
   * No room for more rows; what exists may still change. As `weigh` last found it. It ends only when a sixteenth is free:
   * outcomes and members come and go all the time, and if every row less made room, a producer's first batch would be
   * refused and its second one, sent before it knew, would be the first to be accepted.
   */
  full = false;

  constructor(digest: Digest = new Digest()) {
    this.digest = digest;
  }

  /** Before everything that may grow. */
  weigh(): void {
    this.full = this.bytes >= (this.full ? this.bytesMax - this.#slackBytes : this.bytesMax);
  }

  /** Whether there is room for a member that says so many bytes of itself; undefined before: it is new. */
  hasRoomFor(bytes: number, formerBytes: number | undefined): boolean {
    return formerBytes === undefined ? !this.full : this.mayGrow(bytes - formerBytes);
  }

  /**
   * Whether a group that is there may take so many bytes more: it may go a sixteenth beyond the limit, since one whose members
   * come and go would stand still otherwise, with nobody to read.
   */
  mayGrow(grownBytes: number): boolean {
    return grownBytes <= 0 || this.bytes + grownBytes <= this.bytesMax + this.#slackBytes;
  }

  get #slackBytes(): number {
    return Math.floor(this.bytesMax / 16);
  }

  /** Lower budgets than what is already there refuse growth and let rows go, a set number an entry. */
  set(command: SetLimits): void {
    this.bytesMax = command.metadataBytesMax || this.bytesMax;
    this.full = false;
    this.producerRowsMax = command.producerRowsMax || this.producerRowsMax;
    this.digest.number(this.bytesMax);
    this.digest.number(this.producerRowsMax);
  }
}

/** Until a `SetLimits` command says otherwise. */
export const METADATA_BYTES_MAX_DEFAULT = 512 * 1024 * 1024;
export const PRODUCER_ROWS_MAX_DEFAULT = 100_000;

/** Rows that one entry may retire of deleted topics, and partitions of one topic: keeps every apply below 5 ms. */
export const ROWS_PER_ENTRY_MAX = 4096;
export const PARTITIONS_PER_TOPIC_MAX = ROWS_PER_ENTRY_MAX;
export const TOPIC_CONFIGS_MAX = 256;
export const STREAMS_PER_EPOCH_MAX = 1024;
/** Outcomes that a stream may leave unconfirmed. */
export const UNCONFIRMED_MAX = 4096;
/** Names of topics that one member of a consumer group subscribes to, and that those of a group that becomes one have in all, each counted once. */
export const SUBSCRIBED_NAMES_MAX = 16_384;
/** Names, and partitions owned or assigned, that one command reads in the opaque bytes of a group's members. */
export const OPAQUE_ELEMENTS_MAX = 0x1_0000;
/** Names that are read to know what the members of a classic group subscribe to. They are not kept one by one. */
export const NAMES_READ_MAX = 0x1_8000;
/** A member's metadata for one protocol, and its assignment. Kafka has about as much for a whole group: a record. */
export const OPAQUE_BYTES_MAX = 1024 * 1024;
/** Segments are addressed by 32-bit positions. */
export const SEGMENT_BYTES_MAX = 0xffff_ffff;
export const LISTENERS_MAX = 64;

/**
 * Bytes of memory counted for each kind of row: payload, its share of the columns' slack, and the engine's overhead
 * (map entries, object headers) as measured once on Node 24 and rounded up.
 */
export const SIZE = {
  /** 32 bytes of columns and at most 8 of slack and array headers once a partition has a few hundred. */
  extent: 40,
  /** 24 bytes of columns, its bit in the epoch's map, slack. */
  segment: 32,
  /** 136 bytes of columns, 40 of its partition's map. */
  producer: 176,
  partition: 400,
  topic: 600,
  config: 80,
  resourceConfigs: 240,
  clientQuota: 320,
  agent: 800,
  agentName: 120,
  stream: 200,
  outcome: 80,
  /** A page of published segment numbers. */
  page: 640,
  group: 800,
  member: 700,
  groupProtocol: 120,
  offset: 120,
  /** A topic that a consumer group's member or expression names, with its share of the index by topic. */
  subscribedName: 200,
  /** A topic of which a member owns or shall own partitions. */
  ownedTopic: 250,
  /** A partition in its member's map and in its group's table of owners. */
  ownedPartition: 80,
  targetPartition: 16,
  stagedTarget: 200,
} as const;

/** A string as the engine keeps it, at most two bytes a character. */
export function textBytes(text: string): number {
  return 16 + 2 * text.length;
}
