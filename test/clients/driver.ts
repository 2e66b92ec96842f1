import type { PlainRecord } from './records.js';

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

export interface ProduceOptions {
  readonly compression: Compression;
  readonly idempotent: boolean;
}

export interface RecordPlace {
  readonly partition: number;
  readonly offset: number;
}

export interface ConsumedRecord extends PlainRecord, RecordPlace {}

/** A running member of a consumer group: a process of its own, which commits what it has read. */
export interface GroupMember {
  /** Partitions that it has now, sorted. */
  assigned(): readonly number[];
  /** What it has read, in order. */
  read(): readonly RecordPlace[];
  /** Leaves the group properly. */
  leave(): Promise<void>;
  /** kill -9. */
  vanish(): Promise<void>;
}

/** One Kafka client library or tool, as the tests use it. */
export interface ClientDriver {
  readonly name: string;
  readonly compressions: readonly Compression[];
  /** Whether it has idempotent producers. */
  readonly idempotence: boolean;
  /**
   * What its API can carry: every record, every one but that it reads empty as null, header values of text only, or text
   * keys and values without headers.
   */
  readonly shapes: 'every' | 'empty is null' | 'text headers' | 'text';
  /** Undefined where the client has no such call. */
  readonly createTopic: ((bootstrap: string, topic: string, partitions: number) => Promise<void>) | undefined;
  /** Sends the records to partition 0 in order and waits for all acknowledgements. */
  produce(bootstrap: string, topic: string, records: readonly PlainRecord[], options: ProduceOptions): Promise<void>;
  /** Reads `count` records of partition 0 from the beginning, or seeks to `from` first. */
  consume(bootstrap: string, topic: string, count: number, from?: number): Promise<readonly ConsumedRecord[]>;
  /** In a group: reads `count` records from the committed offset (or the beginning), commits behind them, leaves. */
  groupRead(bootstrap: string, topic: string, group: string, count: number): Promise<readonly ConsumedRecord[]>;
  join(bootstrap: string, topic: string, group: string): GroupMember;
  /** The offset of the first record of partition 0 at or after a time; -1 or the end when there is none. */
  offsetAt(bootstrap: string, topic: string, timestampMs: number): Promise<number>;
}
