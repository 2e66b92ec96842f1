import type { PlainRecord } from './records.js';

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

export interface ProduceOptions {
  readonly compression: Compression;
  readonly idempotent: boolean;
}

export interface ConsumedRecord extends PlainRecord {
  readonly partition: number;
  readonly offset: number;
}

/** One Kafka client library or tool, as the tests use it: every one writes to one partition and reads from the beginning. */
export interface ClientDriver {
  readonly name: string;
  readonly compressions: readonly Compression[];
  /** Sends the records to partition 0 in order and waits for all acknowledgements. */
  produce(bootstrap: string, topic: string, records: readonly PlainRecord[], options: ProduceOptions): Promise<void>;
  /** Reads `count` records of partition 0 from the beginning, in a group of its own where the client knows no other way. */
  consume(bootstrap: string, topic: string, count: number): Promise<readonly ConsumedRecord[]>;
}
