import { expect, test } from 'vitest';
import { producerOrder } from './invariants/06-producer-order.js';
import { Ledger } from './ledger.js';

const plan = { name: 'p', topic: 't', partition: 0, idempotent: false };

function ledgerOf(log: readonly string[], lost: readonly (readonly string[])[]): Ledger {
  const ledger = new Ledger();
  ledger.sending(plan, ['a', 'b', 'c', 'd']);
  for (const [offset, value] of log.entries()) ledger.saw('t', 0, offset, value);
  for (const values of lost) ledger.unknown(values);
  return ledger;
}

const violationsOf = (...given: Parameters<typeof ledgerOf>) => [...producerOrder(ledgerOf(...given))].length;

test('values of one connection lie in the order of sending, answered or not', () => {
  expect(violationsOf(['a', 'b', 'c', 'd'], [])).toBe(0);
  expect(violationsOf(['a', 'c', 'b', 'd'], [])).toBe(1);
  expect(violationsOf(['a', 'c', 'b', 'd'], [['b', 'c', 'd']])).toBe(1);
});

test('what a lost connection left unanswered may come after what the next one brought', () => {
  expect(violationsOf(['c', 'd', 'a', 'b'], [['a', 'b']])).toBe(0);
  expect(
    violationsOf(
      ['d', 'c', 'a', 'b'],
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ),
  ).toBe(1);
});

test('what was sent after an answer never lies before it', () => {
  expect(violationsOf(['b', 'a', 'c', 'd'], [['b']])).toBe(1);
});
