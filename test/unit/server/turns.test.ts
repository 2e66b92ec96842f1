import { expect, test } from 'vitest';
import { QuotaAccount } from '../../../src/server/quota-account.js';
import { type InTurn, turnsOf } from '../../../src/server/turns.js';
import { VirtualTime } from '../../simulation/virtual-time.js';

const ROWS_IN_TURN_MAX = 8;

function started(account?: QuotaAccount) {
  const time = new VirtualTime();
  return {
    time,
    inTurn: turnsOf(
      time.timersOf(() => true),
      { account },
    ),
  };
}

/** What of `count` rows starts in each turn. */
async function turnsWith(run: (inTurn: InTurn, work: (row: number) => () => number) => Promise<unknown>) {
  const { time, inTurn } = started();
  const turns: number[][] = [];
  let turn = -1;
  const work = (row: number) => () => {
    if (turn !== time.eventCount) turns.push([]);
    turn = time.eventCount;
    turns.at(-1)!.push(row);
    return row;
  };
  const answered = run(inTurn, work);
  await time.run(() => false, 1_000);
  return { turns, answers: await answered };
}

const rows = Array.from({ length: 100 }, (_, n) => n);

test.each<[string, (inTurn: InTurn, work: (row: number) => () => number) => Promise<unknown>]>([
  ['at once', (inTurn, work) => Promise.all(rows.map((row) => inTurn(work(row))))],
  [
    'one after another',
    async (inTurn, work) => {
      const answers: number[] = [];
      for (const row of rows) answers.push(await inTurn(work(row)));
      return answers;
    },
  ],
])('rows given %s start in their order, a few in a turn', async (_name, run) => {
  const { turns, answers } = await turnsWith(run);
  expect(turns.flat()).toEqual(rows);
  expect(answers).toEqual(rows);
  expect(Math.max(...turns.map(({ length }) => length))).toBe(ROWS_IN_TURN_MAX);
});

test('a row that waits holds up no other', async () => {
  const { time, inTurn } = started();
  const begun: number[] = [];
  for (const row of rows) {
    void inTurn(() => {
      begun.push(row);
      return row === 0 ? new Promise<void>(() => {}) : undefined;
    });
  }
  await time.run(() => false, 1_000);
  expect(begun).toEqual(rows);
});

test('a row that fails fails alone', async () => {
  const { time, inTurn } = started();
  const settled = Promise.allSettled(
    rows.map((row) =>
      inTurn(() => {
        if (row === 50) throw new Error('ours');
        return row;
      }),
    ),
  );
  await time.run(() => false, 1_000);
  expect((await settled).flatMap(({ status }, row) => (status === 'rejected' ? [row] : []))).toEqual([50]);
});

test("the time of every turn counts for the client's quota", async () => {
  const noted: number[] = [];
  let nowMs = 0;
  const request = { use: (percent: number) => noted.push(percent) && 0 };
  const account = new QuotaAccount({ request } as never, { monotonicMs: () => nowMs, wallMs: () => nowMs });
  const { time, inTurn } = started(account);
  const answered = Promise.all(
    rows.map((row) =>
      inTurn(() => {
        nowMs += 10;
        return row;
      }),
    ),
  );
  await time.run(() => false, 1_000);
  await answered;
  account.settle();
  expect(noted).toEqual([100]);
});
