import { expect, test } from 'vitest';
import type { ClientQuotaView } from '../../../src/metadata/view.js';
import type { Call, Services } from '../../../src/server/handler.js';
import { describeClientQuotas } from '../../../src/server/handlers/48-describe-client-quotas.js';

/** The handler over five thousand entities; `turn` lets the event loop go round. */
function described() {
  const rows = Array.from({ length: 5_000 }, (_, i) => ({
    entity: { user: undefined, clientId: `c${i}`, ip: undefined },
    values: new Map([['producer_byte_rate', i + 1]]),
  }));
  const waiting: (() => void)[] = [];
  const services = {
    metadata: { fresh: async () => {}, view: { clientQuotas: (): Iterable<ClientQuotaView> => rows } },
    world: { timers: { soon: (run: () => void) => waiting.push(run) } },
  };
  const handler = describeClientQuotas(services as unknown as Services);
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    rows,
    /** The numbers of the entities that were found; undefined until then. */
    ask(signal = new AbortController().signal) {
      const asked: { found: number[] | 'nobody waits' | undefined } = { found: undefined };
      Promise.resolve(handler.answer({ components: [], strict: false }, { signal } as Call)).then(
        (response) => {
          const entries = (response as { entries: { values: { value: number }[] }[] } | undefined)?.entries;
          asked.found = entries?.map(({ values }) => values[0]!.value) ?? 'nobody waits';
        },
        (error) => {
          throw error;
        },
      );
      return asked;
    },
    async turn() {
      await settle();
      const now = waiting.splice(0);
      for (const run of now) run();
      await settle();
      return now.length;
    },
  };
}

test('many entities are described in turns, one request after the other', async () => {
  const { ask, turn } = described();
  const [one, other] = [ask(), ask()];
  expect([await turn(), one.found]).toEqual([1, undefined]);
  expect(await turn()).toBe(1);
  expect(one.found).toHaveLength(5_000);
  expect(other.found).toBeUndefined();
  expect([await turn(), await turn()]).toEqual([1, 1]);
  expect(other.found).toEqual(one.found);
  expect(await turn()).toBe(0);
});

test('an entity that goes meanwhile is not described, and nothing is when nobody waits any more', async () => {
  const { rows, ask, turn } = described();
  const gone = new AbortController();
  const [one, other] = [ask(), ask(gone.signal)];
  await turn();
  rows[4_999]!.values.clear();
  await turn();
  expect(one.found).toHaveLength(4_999);
  gone.abort();
  await turn();
  expect(other.found).toBe('nobody waits');
});
