import { apis } from '../../src/protocol/apis.js';
import { WireClient } from '../processes/wire.js';
import { Rounds } from './rounds.js';

/** The group of the test itself: it belongs to no script. */
export const OWN_GROUP = 'warm-up';

/**
 * Kafka answers the first join of a group before the group is committed, and lists and describes only what is. Its one
 * partition of offsets is committed in order and an OffsetCommit is answered once it is, so an answered one says that what
 * was answered before it shows, too. Offsets of that partition itself: it is there already.
 */
export class Committer {
  readonly #address: string;
  readonly #rounds = new Rounds(() => this.#once());
  #client: Promise<WireClient> | undefined;
  #mark = 0;

  constructor(address: string) {
    this.#address = address;
  }

  /** Resolves when every group that was answered before the call shows. Calls that wait share the next round. */
  committed(): Promise<void> {
    return this.#rounds.next();
  }

  close(): void {
    void this.#client?.then((client) => client.reset());
  }

  async #once(): Promise<void> {
    this.#client ??= WireClient.connect(this.#address);
    const client = await this.#client;
    this.#mark += 1;
    const partitions = [{ partitionIndex: 0, committedOffset: this.#mark, committedMetadata: '' }];
    const { topics } = await client.call(apis.offsetCommit, 8, {
      groupId: OWN_GROUP,
      memberId: '',
      topics: [{ name: '__consumer_offsets', partitions }],
    });
    const { errorCode } = topics[0]!.partitions[0]!;
    if (errorCode !== 0) throw new Error(`Kafka refused the offset that marks what is committed: ${errorCode}`);
  }
}
