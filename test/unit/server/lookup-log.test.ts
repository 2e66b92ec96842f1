import { expect, it } from 'vitest';
import { BlockUnavailable } from '../../../src/cache/blocks.js';
import type { Handler, Services } from '../../../src/server/handler.js';
import { listOffsets } from '../../../src/server/handlers/02-list-offsets.js';
import { LimitedLog } from '../../../src/telemetry/limited-log.js';
import { silentLog } from '../../../src/telemetry/log.js';

it('lookups that a failing store refuses fill no log', async () => {
  const lines: string[] = [];
  let nowMs = 0;
  const log = { ...silentLog, warn: (_fields: object, message: string) => void lines.push(message) };
  const services = {
    metadata: {
      view: { topicByName: () => ({ topicId: 't', partitions: [{}] }) },
      fresh: async () => {},
    },
    fetch: {
      offsetForTimestamp: async () => {
        throw new BlockUnavailable('the store is gone');
      },
    },
    log: new LimitedLog(log, { monotonicMs: () => nowMs }),
  } as unknown as Services;
  const handler: Handler = listOffsets(services);
  const ask = async (): Promise<unknown> =>
    handler.answer({ topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, timestamp: 5 }] }] }, {
      version: 7,
      signal: new AbortController().signal,
    } as never);
  for (let request = 0; request < 1_000; request += 1) {
    expect(await ask()).toMatchObject({ topics: [{ partitions: [{ errorCode: 56 }] }] });
  }
  expect(lines.length).toBe(20);
  nowMs = 10_000;
  await ask();
  expect(lines.length).toBe(21);
  expect(new Set(lines)).toEqual(new Set(['cannot look up a timestamp']));
});
