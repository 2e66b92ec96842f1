import { apis } from '../../src/protocol/apis.js';
import { WireClient } from '../processes/wire.js';
import { Rounds } from './rounds.js';

/** Whose quota is the mark. */
export const PUBLISHED_USER = 'the-mark-of-what-is-published';
const KEY = 'consumer_byte_rate';

/**
 * Kafka acknowledges a change of its metadata before its broker shows it. Changes reach the broker in order, so a mark set
 * behind them that shows says that they show, too: here a quota for a user that does not exist.
 */
export class Publisher {
  readonly #address: string;
  readonly #rounds = new Rounds(() => this.#round());
  #client: Promise<WireClient> | undefined;
  #mark = 1_000_000_000;

  constructor(address: string) {
    this.#address = address;
  }

  /** Resolves when everything acknowledged before the call shows. Calls that wait share the next round. */
  published(): Promise<void> {
    return this.#rounds.next();
  }

  close(): void {
    void this.#client?.then((client) => client.reset());
  }

  /** Twice: the first mark may be taken in together with what came before it, whose partitions are then not yet made. */
  async #round(): Promise<void> {
    await this.#once();
    await this.#once();
  }

  async #once(): Promise<void> {
    this.#client ??= WireClient.connect(this.#address);
    const client = await this.#client;
    this.#mark += 1;
    const value = this.#mark;
    const entity = [{ entityType: 'user', entityName: PUBLISHED_USER }];
    const ops = [{ key: KEY, value, remove: false }];
    const { entries } = await client.call(apis.alterClientQuotas, 1, {
      entries: [{ entity, ops }],
      validateOnly: false,
    });
    const { errorCode, errorMessage } = entries[0]!;
    if (errorCode !== 0) throw new Error(`Kafka refused the mark: ${errorCode} ${errorMessage}`);
    const components = [{ entityType: 'user', matchType: 0, match: PUBLISHED_USER }];
    for (let tries = 0; tries < 20_000; tries += 1) {
      const { entries: shown } = await client.call(apis.describeClientQuotas, 1, { components, strict: true });
      if (shown?.[0]?.values[0]?.value === value) return;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    throw new Error('Kafka never showed the mark');
  }
}
