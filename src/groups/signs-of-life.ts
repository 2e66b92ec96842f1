import type { MetadataClient } from '../cluster/metadata-client.js';
import type { Timers } from '../world/world.js';

/** How often members with a request under way are reported alive: well below any session timeout. */
const REPORT_INTERVAL_MS = 1_000;

interface Speaking {
  readonly group: string;
  readonly memberId: string;
}

/**
 * A member with a request here is alive, however long the journal or the group's other members take: what it sends behind
 * that request on the same connection, its heartbeats too, waits for the answer.
 */
export class SignsOfLife {
  readonly #metadata: Pick<MetadataClient, 'membersAlive'>;
  readonly #timers: Timers;
  readonly #speaking = new Set<Speaking>();
  #reporting = false;

  constructor(metadata: Pick<MetadataClient, 'membersAlive'>, timers: Timers) {
    this.#metadata = metadata;
    this.#timers = timers;
  }

  /** Reports the member alive from now until `work` is done, and gives what that gives. */
  async during<T>(group: string, memberId: string, work: Promise<T>): Promise<T> {
    const speaking = { group, memberId };
    this.#speaking.add(speaking);
    this.#metadata.membersAlive(group, [memberId]);
    this.#report();
    try {
      return await work;
    } finally {
      this.#speaking.delete(speaking);
    }
  }

  #report(): void {
    if (this.#reporting || this.#speaking.size === 0) {
      return;
    }
    this.#reporting = true;
    this.#timers.after(REPORT_INTERVAL_MS, () => {
      this.#reporting = false;
      for (const { group, memberId } of this.#speaking) {
        this.#metadata.membersAlive(group, [memberId]);
      }
      this.#report();
    });
  }
}
