import { JournalUnavailable, type MetadataClient, MetadataUnavailable } from '../cluster/metadata-client.js';
import { errors } from '../protocol/errors.js';

/** As in Kafka: ids are allocated to an agent by the thousand and never given out twice. */
const BLOCK = 1_000;

/** Ids for producers without a transactional id, handed out from a block of this agent's. */
export class ProducerIds {
  readonly #metadata: MetadataClient;
  #next = 0;
  #end = 0;
  #allocation: Promise<number> | undefined;

  constructor(metadata: MetadataClient) {
    this.#metadata = metadata;
  }

  /** An id, or the Kafka error why there is none now: a retriable one. */
  async take(): Promise<{ readonly error: number; readonly producerId: number }> {
    while (this.#next === this.#end) {
      this.#allocation ??= this.#allocate().finally(() => {
        this.#allocation = undefined;
      });
      const error = await this.#allocation;
      if (error !== errors.NONE.code) {
        return { error, producerId: -1 };
      }
    }
    this.#next += 1;
    return { error: errors.NONE.code, producerId: this.#next - 1 };
  }

  async #allocate(): Promise<number> {
    try {
      if (!this.#metadata.leaderKnown) {
        return errors.COORDINATOR_LOAD_IN_PROGRESS.code;
      }
      const outcome = await this.#metadata.submit({ kind: { $case: 'allocateProducerIds', value: { count: BLOCK } } });
      if (outcome.kind === 'refused') {
        return outcome.error;
      }
      if (outcome.kind !== 'producer-ids-allocated') {
        throw new Error(`outcome ${outcome.kind} for allocated producer ids`);
      }
      this.#next = outcome.first;
      this.#end = outcome.first + outcome.count;
      return errors.NONE.code;
    } catch (failure) {
      if (failure instanceof MetadataUnavailable || failure instanceof JournalUnavailable) {
        // What Kafka answers while it cannot allocate: Java repeats the request, without looking for a coordinator.
        return errors.COORDINATOR_LOAD_IN_PROGRESS.code;
      }
      throw failure;
    }
  }
}
