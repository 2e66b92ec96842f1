/**
 * Which TLS handshake begins next, and which makes room for it. Hosts take turns, so that one with a thousand connections delays
 * the others by one each; and a host with more than its share of those under way waits for them the less, the more wait.
 */
export const HANDSHAKES_MAX = 256;
/** A client that is served has answered long before: one that has not gives way when all are under way and others wait. */
export const GIVES_WAY_MS = 2_000;
/** However many wait: what a client far away may need. */
export const GIVES_WAY_MS_MIN = 250;

/** Times are of one clock, in milliseconds. */
export class HandshakeQueue<Connection extends { readonly remoteHost: string }> {
  /** By host, in the order of their turns; none is empty. */
  readonly #waiting = new Map<string, Set<Connection>>();
  #waitingCount = 0;
  /** Since when; the oldest first. */
  readonly #underWay = new Map<Connection, number>();
  readonly #underWayOf = new Map<string, number>();

  add(connection: Connection): void {
    const { remoteHost } = connection;
    const ofHost = this.#waiting.get(remoteHost);
    if (ofHost === undefined) this.#waiting.set(remoteHost, new Set([connection]));
    else ofHost.add(connection);
    this.#waitingCount += 1;
  }

  /** Wherever it is; does nothing for one that is not here. */
  remove(connection: Connection): void {
    const { remoteHost } = connection;
    if (this.#underWay.delete(connection)) {
      const left = this.#underWayOf.get(remoteHost)! - 1;
      if (left === 0) this.#underWayOf.delete(remoteHost);
      else this.#underWayOf.set(remoteHost, left);
      return;
    }
    const ofHost = this.#waiting.get(remoteHost);
    if (ofHost?.delete(connection) !== true) return;
    this.#waitingCount -= 1;
    if (ofHost.size === 0) this.#waiting.delete(remoteHost);
  }

  /** Until the next one may begin, as things are; undefined: none waits. */
  delayMs(nowMs: number): number | undefined {
    if (this.#waitingCount === 0) return undefined;
    if (this.#underWay.size < HANDSHAKES_MAX) return 0;
    let delayMs = GIVES_WAY_MS;
    for (const [connection, sinceMs] of this.#underWay) {
      delayMs = Math.min(delayMs, sinceMs + this.#patienceMs(connection) - nowMs);
      if (delayMs <= 0) return 0;
    }
    return delayMs;
  }

  /** Who has to make room for the next one: the oldest of those that were waited for long enough, and how long that is. */
  givesWay(nowMs: number): { readonly connection: Connection; readonly patienceMs: number } | undefined {
    if (this.#underWay.size < HANDSHAKES_MAX) return undefined;
    for (const [connection, sinceMs] of this.#underWay) {
      const patienceMs = this.#patienceMs(connection);
      if (nowMs - sinceMs >= patienceMs) return { connection, patienceMs };
    }
    return undefined;
  }

  /** The next one, which is under way from now on; undefined: none waits. */
  start(nowMs: number): Connection | undefined {
    const [host, ofHost] = this.#waiting.entries().next().value ?? ['', new Set<Connection>()];
    const [connection] = ofHost;
    if (connection === undefined) return undefined;
    this.remove(connection);
    // To the end of the turns.
    if (this.#waiting.delete(host)) this.#waiting.set(host, ofHost);
    this.#underWay.set(connection, nowMs);
    this.#underWayOf.set(host, (this.#underWayOf.get(host) ?? 0) + 1);
    return connection;
  }

  /** So short that all who wait have their turn within `GIVES_WAY_MS`, but for hosts that have no more than their share. */
  #patienceMs({ remoteHost }: Connection): number {
    // One that has some under way and some waiting counts twice: shares are smaller by that, never larger.
    const share = HANDSHAKES_MAX / (this.#underWayOf.size + this.#waiting.size);
    if (this.#underWayOf.get(remoteHost)! <= share) return GIVES_WAY_MS;
    const allMs = (GIVES_WAY_MS * HANDSHAKES_MAX) / this.#waitingCount;
    return Math.max(GIVES_WAY_MS_MIN, Math.min(GIVES_WAY_MS, allMs));
  }
}
