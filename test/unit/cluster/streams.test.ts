import { expect, test } from 'vitest';
import { MetadataUnavailable } from '../../../src/cluster/metadata-client.js';
import { Streams } from '../../../src/cluster/streams.js';
import { DONE, refused } from '../../../src/metadata/outcomes.js';

const bytes = new Uint8Array([1]);

/** Streams of an epoch with so many commands on stream 0 whose outcomes nobody waits for. */
function filled(count: number): Streams {
  const streams = new Streams(1);
  for (let number = 1; number <= count; number++) {
    streams.add(0, number, bytes).catch(() => {});
  }
  return streams;
}

test('numbers count within a stream, and what is confirmed rises with the outcomes', async () => {
  const streams = new Streams(7);
  const first = streams.add(0, undefined, bytes);
  const others = [streams.add(0, undefined, bytes), streams.add(3, 1, bytes)];
  expect(streams.takeUnsent().map(({ stream, number, confirmed }) => [stream, number, confirmed])).toEqual([
    [0, 1, 0],
    [0, 2, 0],
    [3, 1, 0],
  ]);
  expect(streams.takeUnsent()).toEqual([]);
  streams.settle(0, 1, DONE);
  expect(await first).toBe(DONE);
  others.push(streams.add(0, undefined, bytes));
  expect(streams.takeUnsent()).toEqual([{ agentEpoch: 7, stream: 0, number: 3, confirmed: 1, command: bytes }]);
});

test('a new leader is sent everything that has no outcome, in order', () => {
  const streams = filled(4);
  streams.takeUnsent();
  streams.settle(0, 1, DONE);
  streams.forgetSent();
  expect(streams.takeUnsent().map(({ number }) => number)).toEqual([2, 3, 4]);
});

test('a stream has a bounded number of commands on their way', () => {
  const streams = filled(3000);
  expect(streams.takeUnsent()).toHaveLength(1024);
  for (let number = 1; number <= 10; number++) {
    streams.settle(0, number, DONE);
  }
  expect(streams.takeUnsent().map(({ number }) => number)).toEqual(Array.from({ length: 10 }, (_, at) => 1025 + at));
});

test('repeats and refused repeats settle nothing twice; a gap is sent again', async () => {
  const streams = new Streams(1);
  const first = streams.add(0, undefined, bytes);
  streams.add(0, undefined, bytes).catch(() => {});
  streams.takeUnsent();
  streams.settle(0, 1, DONE);
  streams.settle(0, 1, refused(1, 'never seen'));
  streams.settle(0, 1, { ...refused(6, 'forgotten'), notTaken: 'forgotten' });
  streams.settle(0, 2, { ...refused(6, 'gap'), notTaken: 'gap' });
  expect(await first).toBe(DONE);
  expect(streams.takeUnsent().map(({ number }) => number)).toEqual([2]);
});

test('when the epoch is closed everything is rejected, then and later', async () => {
  const streams = new Streams(1);
  const outcome = streams.add(0, undefined, bytes);
  streams.settle(0, 1, { ...refused(6, 'closed'), notTaken: 'closed' });
  await expect(outcome).rejects.toThrow(MetadataUnavailable);
  await expect(streams.add(1, 1, bytes)).rejects.toThrow(MetadataUnavailable);
  expect(streams.takeUnsent()).toEqual([]);
});

test('a lane that miscounts is a programmer error', () => {
  expect(() => new Streams(1).add(1, 2, bytes)).toThrow('stream 1: number 2 after 0');
});

test('a turn to send is asked for exactly when there is something to send', () => {
  const streams = filled(1025);
  expect(streams.hasUnsent).toBe(true);
  streams.takeUnsent();
  // The last one may not be sent before another is settled.
  expect(streams.hasUnsent).toBe(false);
  streams.settle(0, 1, DONE);
  expect(streams.hasUnsent).toBe(true);
  expect(streams.takeUnsent()).toHaveLength(1);
  expect(streams.hasUnsent).toBe(false);
  streams.forgetSent();
  expect(streams.hasUnsent).toBe(true);
  streams.close(new MetadataUnavailable('the epoch was closed'));
  expect(streams.hasUnsent).toBe(false);
});

test('what the control stream keeps is counted until it has an outcome; what lanes publish is not', () => {
  const streams = new Streams(1);
  const add = (command: Uint8Array) => streams.addControl(command).catch(() => {});
  expect(streams.controlBytes).toBe(0);
  add(new Uint8Array(5_000));
  const one = streams.controlBytes;
  expect(one).toBeGreaterThan(5_000);
  add(new Uint8Array(5_000));
  streams.add(1, 1, new Uint8Array(5_000)).catch(() => {});
  expect(streams.controlBytes).toBe(2 * one);
  streams.settle(0, 1, DONE);
  streams.settle(0, 1, DONE);
  expect(streams.controlBytes).toBe(one);
  streams.close(new MetadataUnavailable('closed'));
  expect(streams.controlBytes).toBe(0);
});
