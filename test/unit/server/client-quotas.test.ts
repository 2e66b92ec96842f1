import { describe, expect, test } from 'vitest';
import type { MetadataClient } from '../../../src/cluster/metadata-client.js';
import type { ClientQuotaView } from '../../../src/metadata/view.js';
import { ClientQuotas } from '../../../src/server/client-quotas.js';
import { QuotaAccount } from '../../../src/server/quota-account.js';

interface Names {
  readonly user?: string | null;
  readonly clientId?: string | null;
  readonly ip?: string | null;
}

type Rows = readonly (readonly [Names, Readonly<Record<string, number>>])[];

const viewOf = ([{ user, clientId, ip }, values]: Rows[number]): ClientQuotaView => {
  return { entity: { user, clientId, ip }, values: new Map(Object.entries(values)) };
};

/** Quotas over a metadata that `set` and `alter` change. */
function quotasOf(rows: Rows, openAgents = 1) {
  const state = { rows, openAgents, looks: 0 };
  let changed = (_changes: object): void => {};
  const metadata = {
    view: {
      *clientQuotas() {
        for (const row of state.rows) {
          state.looks += 1;
          yield viewOf(row);
        }
      },
      agents: () => Array.from({ length: state.openAgents + 1 }, (_, i) => ({ open: i < state.openAgents })),
    },
    onApplied: (listener: (revision: number, changes: object) => void) => {
      changed = (changes) => listener(1, changes);
    },
  };
  const quotas = new ClientQuotas(metadata as unknown as MetadataClient);
  return {
    quotas,
    /** An entry that sets these rows, or takes away those without values. */
    alter: (...altered: Rows) => changed({ clientQuotas: altered.map(viewOf), agentsChanged: false }),
    setAgents(open: number) {
      state.openAgents = open;
      changed({ clientQuotas: [], agentsChanged: true });
    },
    get looks() {
      return state.looks;
    },
    limit: (clientId: string) => quotas.of(clientId, 0)?.produce?.limit,
  };
}

const rate = (value: number) => ({ producer_byte_rate: value });
const ME = 'ANONYMOUS';

describe('which quota binds a client', () => {
  const all: Rows = [
    [{ user: ME, clientId: 'c' }, rate(1)],
    [{ user: ME, clientId: null }, rate(2)],
    [{ user: ME }, rate(3)],
    [{ user: null, clientId: 'c' }, rate(4)],
    [{ user: null, clientId: null }, rate(5)],
    [{ user: null }, rate(6)],
    [{ clientId: 'c' }, rate(7)],
    [{ clientId: null }, rate(8)],
  ];

  test("the most specific one, in Kafka's order", () => {
    for (let from = 0; from < all.length; from += 1) {
      expect(quotasOf(all.slice(from)).limit('c')).toBe(from + 1);
    }
    expect(quotasOf([]).limit('c')).toBeUndefined();
  });

  test('another client is bound by the defaults, and by what is for the user', () => {
    expect(all.map((_, from) => quotasOf(all.slice(from)).limit('d'))).toEqual([2, 2, 3, 5, 5, 6, 8, 8]);
  });

  test('nobody else is bound: neither another user nor another kind of quota', () => {
    const { quotas, limit } = quotasOf([
      [{ user: 'alice' }, rate(1)],
      [{ user: 'alice', clientId: 'c' }, rate(1)],
      [{ ip: '10.0.0.1' }, { connection_creation_rate: 1 }],
      [{ clientId: 'c' }, { consumer_byte_rate: 9 }],
    ]);
    expect(limit('c')).toBeUndefined();
    expect(quotas.of('c', 0)!.fetch!.limit).toBe(9);
    expect(quotas.of('d', 0)).toBeUndefined();
  });

  test('each kind of quota is looked up by itself', () => {
    const { quotas } = quotasOf([
      [{ user: ME, clientId: 'c' }, { consumer_byte_rate: 1 }],
      [{ clientId: null }, { producer_byte_rate: 2, request_percentage: 3, controller_mutation_rate: 4 }],
    ]);
    const { produce, fetch, request, mutation } = quotas.of('c', 0)!;
    expect([produce, fetch, request, mutation].map((bound) => bound!.limit)).toEqual([2, 1, 3, 4]);
  });

  test('a client without an id has the quotas of its user only', () => {
    expect(all.map((_, from) => quotasOf(all.slice(from)).limit(''))).toEqual([3, 3, 3, 6, 6, 6, undefined, undefined]);
  });

  test('a quota is for the cluster: each open agent gives its part, also after their number changed', () => {
    const { limit, setAgents } = quotasOf([[{ clientId: 'c' }, rate(12)]], 3);
    expect(limit('c')).toBe(4);
    setAgents(2);
    expect(limit('c')).toBe(6);
  });

  test('changes hold at once and what was used stays used', () => {
    const { quotas, limit, alter } = quotasOf([[{ clientId: 'c' }, rate(100)]]);
    expect(quotas.of('c', 0)!.produce!.use(2_000, 0)).toBe(10_000);
    alter([{ clientId: 'c' }, rate(200)]);
    expect(limit('c')).toBe(200);
    expect(quotas.of('c', 0)!.produce!.use(0, 0)).toBe(0);
    expect(quotas.of('c', 0)!.produce!.use(1, 0)).toBeGreaterThan(0);
    alter([{ clientId: 'c' }, {}]);
    expect(quotas.of('c', 0)).toBeUndefined();
    expect(quotas.count).toBe(0);
  });

  test('of a hundred thousand rows an alteration looks at those that it alters, a change of agents at none', () => {
    const rows = Array.from({ length: 100_000 }, (_, i) => [{ clientId: `c${i}` }, rate(i + 1)] as const);
    const all = quotasOf(rows);
    expect([all.looks, all.limit('c70000')]).toEqual([100_000, 70_001]);
    all.alter([{ clientId: 'c70000' }, rate(5)], [{ clientId: 'c70001' }, {}]);
    all.setAgents(2);
    expect(all.looks).toBe(100_000);
    expect(['c69999', 'c70000', 'c70001'].map((id) => all.limit(id))).toEqual([35_000, 2.5, undefined]);
  });

  test('an entity that is altered twice in an entry has what came last', () => {
    const { limit, alter } = quotasOf([[{ clientId: 'c' }, rate(1)]]);
    alter([{ clientId: 'c' }, {}], [{ clientId: 'c' }, rate(2)]);
    expect(limit('c')).toBe(2);
    alter([{ clientId: 'c' }, rate(3)], [{ clientId: 'c' }, {}]);
    expect(limit('c')).toBeUndefined();
  });
});

describe('who shares an allowance', () => {
  test('clients of one user do, clients bound by their ids do not', () => {
    const used = (rows: Rows) => {
      const { quotas } = quotasOf(rows);
      quotas.of('a', 0)!.produce!.use(5_000, 0);
      return quotas.of('b', 0)!.produce!.use(1, 0);
    };
    expect(used([[{ user: ME }, rate(100)]])).toBeGreaterThan(0);
    expect(used([[{ user: null }, rate(100)]])).toBeGreaterThan(0);
    expect(used([[{ clientId: null }, rate(100)]])).toBe(0);
    expect(used([[{ user: null, clientId: null }, rate(100)]])).toBe(0);
  });

  test('a hundred thousand client ids take bounded memory, and who is active keeps what it used', () => {
    const { quotas } = quotasOf([[{ clientId: null }, rate(100)]]);
    for (let i = 0; i < 100_000; i += 1) {
      quotas.of(`hostile-${i}`, i)!.produce!.use(1, i);
      if (i % 100 === 0) quotas.of('active', i)!.produce!.use(50, i);
    }
    expect(quotas.count).toBeLessThanOrEqual(10_000);
    expect(quotas.of('active', 100_000)!.produce!.use(0, 100_000)).toBeGreaterThan(0);
  });

  test('very long ids share one allowance by id', () => {
    const { quotas } = quotasOf([[{ clientId: null }, rate(100)]]);
    quotas.of('x'.repeat(257), 0)!.produce!.use(5_000, 0);
    expect(quotas.of('y'.repeat(30_000), 0)!.produce!.use(1, 0)).toBeGreaterThan(0);
    expect(quotas.of('x'.repeat(256), 0)!.produce!.use(1, 0)).toBe(0);
  });

  test('what nobody used for an hour is forgotten', () => {
    const { quotas } = quotasOf([[{ clientId: null }, rate(100)]]);
    for (let i = 0; i < 50; i += 1) quotas.of(`c${i}`, 0);
    expect(quotas.count).toBe(50);
    quotas.of('late', 3_600_001);
    expect(quotas.count).toBe(1);
  });
});

describe('connections of an address', () => {
  const rows: Rows = [
    [{ ip: '10.0.0.1' }, { connection_creation_rate: 2 }],
    [{ ip: null }, { connection_creation_rate: 1 }],
  ];

  test('ten seconds worth may come at once; then each is too much, for a second at most, and is not counted', () => {
    const { quotas } = quotasOf(rows);
    const come = (host: string, count: number, nowMs: number) =>
      Array.from({ length: count }, () => quotas.connectionExcessMs(host, nowMs));
    expect(come('10.0.0.1', 20, 0)).toEqual(new Array(20).fill(0));
    expect(come('::ffff:10.0.0.1', 3, 0)).toEqual([500, 500, 500]);
    expect(come('::ffff:10.0.0.1', 1, 500)).toEqual([0]);
    expect(come('10.9.9.9', 10, 0)).toEqual(new Array(10).fill(0));
    expect(come('10.9.9.9', 1, 0)).toEqual([1_000]);
    expect(come('10.9.9.8', 1, 0)).toEqual([0]);
  });

  test('each open agent gives its part', () => {
    const { quotas } = quotasOf(rows, 2);
    for (let i = 0; i < 10; i += 1) expect(quotas.connectionExcessMs('10.0.0.1', 0)).toBe(0);
    expect(quotas.connectionExcessMs('10.0.0.1', 0)).toBe(1_000);
  });

  test('of two names of an address the last counts, and the other once it is gone', () => {
    const { quotas, alter } = quotasOf([
      [{ ip: '10.0.0.1' }, { connection_creation_rate: 2 }],
      [{ ip: '::ffff:10.0.0.1' }, { connection_creation_rate: 1 }],
    ]);
    const excess = (count: number) =>
      Array.from({ length: count }, () => quotas.connectionExcessMs('10.0.0.1', 0)).filter((ms) => ms > 0).length;
    expect(excess(12)).toBe(2);
    alter([{ ip: '::ffff:10.0.0.1' }, {}]);
    expect(excess(12)).toBe(2);
    alter([{ ip: '10.0.0.1' }, {}]);
    expect(excess(12)).toBe(0);
  });

  test('without a default nobody else is bound', () => {
    const { quotas } = quotasOf(rows.slice(0, 1));
    for (let i = 0; i < 100; i += 1) expect(quotas.connectionExcessMs('10.9.9.9', 0)).toBe(0);
    expect(quotas.count).toBe(0);
  });
});

describe('the account of a request', () => {
  function account(values: Readonly<Record<string, number>>) {
    const { quotas } = quotasOf([[{ clientId: 'c' }, values]]);
    const clock = { nowMs: 0, monotonicMs: () => clock.nowMs, wallMs: () => 0 };
    return { clock, open: () => new QuotaAccount(quotas.of('c', clock.nowMs)!, clock) };
  }

  test('a produce that is too much is held from when it came: of the time until its answer nothing is said', () => {
    const { clock, open } = account(rate(100));
    const one = open();
    expect(one.produced(2_000)).toEqual({ throttleMs: 10_000, kind: 'produce' });
    clock.nowMs = 250;
    expect(one.settle()).toEqual({ throttleMs: 9_750, kind: 'produce' });
    clock.nowMs = 20_000;
    expect(one.settle().throttleMs).toBe(0);
  });

  test('a fetch that is too much is not counted, and one within the limit is', () => {
    const { clock, open } = account({ consumer_byte_rate: 100 });
    expect(open().fetchBytesMax).toBe(1_000);
    expect(open().mayFetch(900)).toBe(true);
    const over = open();
    expect(over.mayFetch(200)).toBe(false);
    expect(over.settle()).toEqual({ throttleMs: 1_000, kind: 'fetch' });
    expect(open().mayFetch(100)).toBe(true);
    clock.nowMs = 1_999;
    expect(open().mayFetch(99)).toBe(true);
    expect(open().mayFetch(2)).toBe(false);
  });

  test('time is percent of a thread, held back a second at most, counted once; what comes after it is noted', () => {
    const { clock, open } = account({ request_percentage: 10 });
    const spend = (ms: number) => {
      const one = open();
      one.run(() => {
        clock.nowMs += ms;
      });
      return one;
    };
    // 10 % of the ten seconds that count at least.
    expect(spend(1_000).settle().throttleMs).toBe(0);
    const over = spend(300);
    expect(over.settle()).toEqual({ throttleMs: 1_000, kind: 'request' });
    expect(over.settle().throttleMs).toBe(1_000);
    clock.nowMs += 12_000;
    expect(spend(0).settle().throttleMs).toBe(0);
    over.run(() => {
      clock.nowMs += 1_200;
    });
    expect(spend(0).settle().throttleMs).toBeGreaterThan(0);
  });

  test('time spent elsewhere counts too, and one who used too much time may not fetch', () => {
    const { open } = account({ request_percentage: 1, consumer_byte_rate: 1_000_000 });
    const one = open();
    one.busy(105);
    expect(one.mayFetch(10)).toBe(false);
    expect(one.settle()).toEqual({ throttleMs: 500, kind: 'request' });
  });

  test('strict mutations are refused while some are owed; others go through and are held back', () => {
    const { clock, open } = account({ controller_mutation_rate: 1 });
    const strict = open();
    expect([strict.mayMutate(11, true), strict.mayMutate(5, true), strict.mayMutate(1, true)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(strict.settle()).toEqual({ throttleMs: 5_000, kind: 'mutation' });
    clock.nowMs = 5_000;
    const exhausting = open();
    expect(exhausting.mayMutate(2, true)).toBe(true);
    expect(exhausting.settle().throttleMs).toBe(0);
    const lenient = open();
    expect(lenient.mayMutate(1, false)).toBe(true);
    expect(lenient.settle()).toEqual({ throttleMs: 3_000, kind: 'mutation' });
  });

  test('of several holds the longest counts, and no quota means no hold', () => {
    const { open } = account({ producer_byte_rate: 100, request_percentage: 1 });
    const one = open();
    one.produced(1_010);
    one.busy(200);
    expect(one.settle()).toEqual({ throttleMs: 1_000, kind: 'request' });
    const free = account({ consumer_byte_rate: 1 }).open();
    expect(free.produced(1e9).throttleMs).toBe(0);
    expect(free.mayMutate(1e9, true)).toBe(true);
    expect(free.settle().throttleMs).toBe(0);
  });
});
