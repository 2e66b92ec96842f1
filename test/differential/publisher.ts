import { api } from '../../src/protocol/codec.js';
import { array, field } from '../../src/protocol/definition.js';
import { bool, int16, int32, int8, string } from '../../src/protocol/types.js';
import { WireClient } from '../processes/wire.js';

/** A quota's value is a float64, which no other API has: as its two halves. */
const value = [field('high', int32), field('low', int32)] as const;

const describeQuotas = api({
  key: 48,
  name: 'DescribeClientQuotas',
  min: 0,
  max: 0,
  flexibleFrom: 1,
  request: [
    array('components', [
      field('entityType', string),
      field('matchType', int8),
      field('match', string, { nullable: 0 }),
    ]),
    field('strict', bool),
  ],
  response: [
    field('throttleTimeMs', int32),
    field('errorCode', int16),
    field('errorMessage', string, { nullable: 0 }),
    array('entries', { nullable: 0 }, [
      array('entity', [field('entityType', string), field('entityName', string, { nullable: 0 })]),
      array('values', [field('key', string), ...value]),
    ]),
  ],
});

const alterQuotas = api({
  key: 49,
  name: 'AlterClientQuotas',
  min: 0,
  max: 0,
  flexibleFrom: 1,
  request: [
    array('entries', [
      array('entity', [field('entityType', string), field('entityName', string, { nullable: 0 })]),
      array('ops', [field('key', string), ...value, field('remove', bool)]),
    ]),
    field('validateOnly', bool),
  ],
  response: [
    field('throttleTimeMs', int32),
    array('entries', [
      field('errorCode', int16),
      field('errorMessage', string, { nullable: 0 }),
      array('entity', [field('entityType', string), field('entityName', string, { nullable: 0 })]),
    ]),
  ],
});

const USER = '~published';
const KEY = 'consumer_byte_rate';

function halves(number: number): { high: number; low: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, number);
  return { high: view.getInt32(0), low: view.getInt32(4) };
}

/**
 * Kafka acknowledges a change of its metadata before its broker shows it. Changes reach the broker in order, so a mark set
 * behind them that shows says that they show, too: here a quota for a user that does not exist.
 */
export class Publisher {
  readonly #address: string;
  #client: Promise<WireClient> | undefined;
  #mark = 1_000_000_000;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(address: string) {
    this.#address = address;
  }

  /** Resolves when everything acknowledged before the call shows. Calls that wait share the next round. */
  published(): Promise<void> {
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      this.#running = this.#round();
      return this.#running;
    });
    return this.#next;
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
    const mark = halves(this.#mark);
    const entity = [{ entityType: 'user', entityName: USER }];
    const ops = [{ key: KEY, ...mark, remove: false }];
    const { entries } = await client.call(alterQuotas, 0, { entries: [{ entity, ops }], validateOnly: false });
    const { errorCode, errorMessage } = entries[0]!;
    if (errorCode !== 0) throw new Error(`Kafka refused the mark: ${errorCode} ${errorMessage}`);
    const components = [{ entityType: 'user', matchType: 0, match: USER }];
    for (let tries = 0; tries < 5_000; tries += 1) {
      const { entries: shown } = await client.call(describeQuotas, 0, { components, strict: true });
      const found = shown?.[0]?.values[0];
      if (found?.high === mark.high && found.low === mark.low) return;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    throw new Error('Kafka never showed the mark');
  }
}
