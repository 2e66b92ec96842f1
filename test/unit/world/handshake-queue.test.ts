import { expect, test } from 'vitest';
import { GIVES_WAY_MS, GIVES_WAY_MS_MIN, HANDSHAKES_MAX, HandshakeQueue } from '../../../src/world/handshake-queue.js';

interface Client {
  readonly remoteHost: string;
}

/** A queue, and a clock that goes from one event to the next. */
class Door {
  readonly queue = new HandshakeQueue<Client>();
  nowMs = 0;
  readonly begun: string[] = [];
  readonly gaveWay: string[] = [];

  knock(remoteHost: string, count = 1): void {
    for (let index = 0; index < count; index += 1) this.queue.add({ remoteHost });
    this.#open();
  }

  has(remoteHost: string): boolean {
    return this.begun.includes(remoteHost);
  }

  /** Runs as long as `until` does not hold, and returns how long that was. */
  pass(until: () => boolean): number {
    const fromMs = this.nowMs;
    for (let step = 0; !until(); step += 1) {
      if (step > 100_000) throw new Error('it does not come');
      const delayMs = this.queue.delayMs(this.nowMs);
      if (delayMs === undefined) throw new Error('none waits, and it has not come');
      this.nowMs += delayMs;
      this.#open(1);
    }
    return this.nowMs - fromMs;
  }

  /** As many as may begin now; who has to give way for them is gone at once, and comes again when it is hostile. */
  #open(count = Number.POSITIVE_INFINITY): void {
    for (let index = 0; index < count && this.queue.delayMs(this.nowMs) === 0; index += 1) {
      const slow = this.queue.givesWay(this.nowMs);
      if (slow !== undefined) {
        this.queue.remove(slow.connection);
        this.gaveWay.push(slow.connection.remoteHost);
        if (slow.connection.remoteHost.startsWith('hostile')) this.queue.add({ ...slow.connection });
      }
      this.begun.push(this.queue.start(this.nowMs)!.remoteHost);
    }
  }
}

test('nobody waits while there is room, and then for the oldest', () => {
  const door = new Door();
  expect(door.queue.delayMs(0)).toBeUndefined();
  expect(door.queue.start(0)).toBeUndefined();
  door.knock('oldest');
  door.nowMs = 100;
  door.knock('a', HANDSHAKES_MAX - 1);
  expect(door.begun.length).toBe(HANDSHAKES_MAX);
  door.nowMs = 200;
  door.knock('b');
  expect(door.queue.delayMs(door.nowMs)).toBe(GIVES_WAY_MS - 200);
  expect(door.queue.givesWay(door.nowMs)).toBeUndefined();
  door.pass(() => door.has('b'));
  expect(door.gaveWay).toEqual(['oldest']);
});

test('hosts take turns, however many connections each has waiting', () => {
  const door = new Door();
  door.knock('a', HANDSHAKES_MAX + 4);
  door.knock('b', 3);
  door.knock('c');
  door.pass(() => door.begun.length === HANDSHAKES_MAX + 8);
  expect(door.begun.slice(HANDSHAKES_MAX).join('')).toBe('abcababa');
});

test('of 1,600 silent connections of one host, another host waits a fraction of a second, and keeps its two', () => {
  const door = new Door();
  door.knock('hostile', 1_600);
  door.nowMs += 10_000;
  door.pass(() => door.begun.length === 20_000);
  door.knock('honest');
  expect(door.pass(() => door.has('honest'))).toBeLessThan(400);
  const sinceMs = door.nowMs;
  door.pass(() => door.gaveWay.includes('honest'));
  expect(door.nowMs - sinceMs).toBeGreaterThanOrEqual(GIVES_WAY_MS);
  // One behind the same address waits for all that came before it, which is bounded as well.
  const count = door.begun.length;
  expect(door.pass(() => door.begun.length === count + 1_344)).toBeLessThanOrEqual(1.2 * GIVES_WAY_MS);
});

test('when they have a host each, all have their turn within two seconds or so', () => {
  const door = new Door();
  for (let host = 0; host < 1_600; host += 1) door.knock(`hostile ${host}`);
  door.pass(() => door.begun.length === 20_000);
  door.knock('honest');
  expect(door.pass(() => door.has('honest'))).toBeLessThanOrEqual(1.2 * GIVES_WAY_MS);
});

test('however many wait, each has a quarter of a second', () => {
  const door = new Door();
  door.knock('hostile', 100_000);
  expect(door.queue.delayMs(door.nowMs)).toBe(GIVES_WAY_MS_MIN);
});

test('one that is gone has no turn, and makes room where it was under way', () => {
  const queue = new HandshakeQueue<Client>();
  const clients = Array.from({ length: HANDSHAKES_MAX + 3 }, (_, index) => ({ remoteHost: `${index % 2}` }));
  for (const client of clients) queue.add(client);
  const begun = Array.from({ length: HANDSHAKES_MAX }, () => queue.start(0)!);
  const waiting = clients.filter((client) => !begun.includes(client));
  queue.remove(waiting[0]!);
  queue.remove(waiting[0]!);
  queue.remove({ remoteHost: 'unknown' });
  expect(queue.delayMs(0)).toBe(GIVES_WAY_MS);
  queue.remove(begun[7]!);
  expect(queue.delayMs(0)).toBe(0);
  expect(queue.givesWay(GIVES_WAY_MS)).toBeUndefined();
  expect([queue.start(0), queue.start(0), queue.start(0)].filter((client) => client !== undefined).length).toBe(2);
  expect(queue.delayMs(0)).toBeUndefined();
});
