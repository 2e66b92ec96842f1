import { expect, test } from 'vitest';
import { Rounds } from '../../differential/rounds.js';

test('who asks while a round runs waits for the next, which all share; a round that nobody asks for is not run', async () => {
  const ends: (() => void)[] = [];
  const rounds = new Rounds(() => new Promise((end) => ends.push(end)));
  const over: string[] = [];
  const ask = (who: string) => rounds.next().then(() => over.push(who));
  const turn = () => new Promise((next) => setImmediate(next));

  const first = ask('first');
  await turn();
  const others = [ask('second'), ask('third')];
  await turn();
  expect(ends).toHaveLength(1);

  ends[0]!();
  await first;
  await turn();
  expect(over).toEqual(['first']);
  expect(ends).toHaveLength(2);

  ends[1]!();
  await Promise.all(others);
  await turn();
  expect(over).toEqual(['first', 'second', 'third']);
  expect(ends).toHaveLength(2);
});
