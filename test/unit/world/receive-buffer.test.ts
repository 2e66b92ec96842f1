import { expect, test } from 'vitest';
import { tuneReceiveBuffer } from '../../../src/world/receive-buffer.js';

function tune(set: ((fd: number, bytes: number) => number) | undefined, asked: boolean) {
  const warnings: string[] = [];
  const tuner = tuneReceiveBuffer({ set, bytes: 4096, asked, warn: (_, sentence) => warnings.push(sentence) });
  tuner?.(7);
  return warnings;
}

test('a receive buffer that is set is nothing to speak of', () => {
  const calls: number[][] = [];
  const set = (...call: [number, number]) => {
    calls.push(call);
    return 131_072;
  };
  expect(tune(set, true)).toEqual([]);
  expect(calls).toEqual([[7, 4096]]);
});

test('one that the system refuses is a warning', () => {
  expect(tune(() => -1, false)).toEqual([expect.stringContaining('the system refuses it')]);
});

test('without the native part it is a warning to those who asked for one', () => {
  expect(tune(undefined, true)).toEqual([expect.stringContaining('needs the native part')]);
  expect(tune(undefined, false)).toEqual([]);
});
