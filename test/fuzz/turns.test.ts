import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apiList, apis } from '../../src/protocol/apis.js';
import type { Api } from '../../src/protocol/codec.js';
import { encodeRequestFrame, readRequestHeader } from '../../src/protocol/frames.js';
import { ProtocolError } from '../../src/protocol/protocol-error.js';
import { NAME_BYTES_MAX } from '../../src/protocol/reader.js';
import { LocalAgent } from '../conformance/local-agent.js';
import { framed } from '../processes/wire.js';
import { arbitraryMessage } from '../unit/protocol/arbitrary-messages.js';

/** Of the main thread's own CPU, never of the clock. */
const TURN_MS_MAX = 50;
/** Of the first one the engine compiles, in another it may collect garbage. */
const TRIES = 4;
const FRAME_BYTES_MAX = 4 * 2 ** 20 - 100;

/** The value with the elements of one of its arrays repeated, as often as one request may have them. */
function swollen(value: Record<string, unknown>, field: string, times: number): Record<string, unknown> {
  const elements = value[field] as readonly unknown[];
  return { ...value, [field]: Array.from({ length: times }, (_, n) => elements[n % elements.length]) };
}

function isServed(api: Api, version: number, frame: Uint8Array): boolean {
  try {
    return api.request.elements(version, frame, readRequestHeader(frame).bodyPosition) > 0;
  } catch (failure) {
    if (failure instanceof ProtocolError) return false;
    throw failure;
  }
}

/** The largest request of this kind that is served: of many elements in one array of the top. */
function largest(api: Api, version: number, field: string, value: Record<string, unknown>): Uint8Array | undefined {
  for (let times = api.request.elementsMax; times > 1_000; times = Math.floor(times / 2)) {
    const request = swollen(value, field, times);
    const frame = Buffer.concat(encodeRequestFrame(api, version, 1, 'turns', request as never).slices).subarray(4);
    if (frame.length <= FRAME_BYTES_MAX && isServed(api, version, frame)) return frame;
  }
  return undefined;
}

const cases = apiList
  .filter((api) => api !== (apis.produce as Api))
  .flatMap((api) => {
    const version = api.max;
    const values = fc.sample(arbitraryMessage(api.request, version), { seed: 3, numRuns: 30 }) as Record<
      string,
      unknown
    >[];
    const fields = api.request.fields.map(({ name }) => name);
    return fields.flatMap((field) => {
      const value = values.find((one) => Array.isArray(one[field]) && (one[field] as unknown[]).length > 0);
      const frame = value === undefined ? undefined : largest(api, version, field, value);
      return frame === undefined ? [] : [[`${api.name} v${version}, ${field}`, frame] as const];
    });
  });

/** Its longest turn, in the best of some tries. */
async function longestTurnMs(sent: Uint8Array): Promise<number> {
  let leastMs = Number.POSITIVE_INFINITY;
  for (let left = TRIES; left > 0; left -= 1) {
    const agent = await LocalAgent.start({ frameBytesMax: 8 * 2 ** 20 });
    await agent.connect().call(apis.metadata, 4, { topics: [{ name: 't' }] });
    let worstMs = 0;
    agent.time.onTurn = (cpuMs) => {
      worstMs = Math.max(worstMs, cpuMs);
    };
    const { socket } = agent.connect();
    // What it does at once is a turn, too.
    agent.time.after(0, () => socket.send(sent));
    await agent.pass(20);
    leastMs = Math.min(leastMs, worstMs);
  }
  return leastMs;
}

test.each(cases)(
  '%s: as many elements as a request may have take no turn of 50 ms',
  { timeout: 120_000 },
  async (_name, frame) => {
    expect(await longestTurnMs(framed(frame))).toBeLessThan(TURN_MS_MAX);
  },
);

/** Names of one length, the longest there are, that differ at their end; the first one once more, with many partitions. */
function alike<P>(
  partitions: (count: number) => readonly P[],
): { readonly name: string; readonly partitions: readonly P[] }[] {
  const names = Array.from({ length: 100 }, (_, n) => `${n}`.padStart(NAME_BYTES_MAX, 'n'));
  const each = names.map((name) => ({ name, partitions: partitions(1) }));
  return [...each, { name: names[0]!, partitions: partitions(20_000) }];
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

test.each([
  [
    'Fetch',
    encodeRequestFrame(apis.fetch, 12, 1, 'turns', {
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 1,
      topics: alike((count) =>
        upTo(count).map((partition) => ({ partition, fetchOffset: 0, partitionMaxBytes: 1 })),
      ).map(({ name, partitions }) => ({ topic: name, partitions })),
    }),
  ],
  [
    'DeleteRecords',
    encodeRequestFrame(apis.deleteRecords, 2, 1, 'turns', {
      timeoutMs: 0,
      topics: alike((count) => upTo(count).map((partitionIndex) => ({ partitionIndex, offset: 0 }))),
    }),
  ],
])('%s: names of one length take no turn of 50 ms', { timeout: 120_000 }, async (_name, { slices }) => {
  expect(await longestTurnMs(Buffer.concat(slices))).toBeLessThan(TURN_MS_MAX);
});

const [SET, APPEND] = [0, 2];
const THROTTLED = 'leader.replication.throttled.replicas';

/** As many resources as a frame holds with a value as long as one may be; the topics do not exist. */
function longValues(type: number, name: string, configOperation: number, value: string) {
  const configs = [{ name, configOperation, value }];
  const resources = upTo(125).map((n) => ({ resourceType: type, resourceName: `r${n}`, configs }));
  return encodeRequestFrame(apis.incrementalAlterConfigs, 1, 1, 'turns', { resources, validateOnly: true });
}

test.each([
  ['commas that do not end a list', longValues(2, THROTTLED, APPEND, `${','.repeat(32_766)}a`)],
  [
    'elements to add',
    longValues(
      2,
      THROTTLED,
      APPEND,
      upTo(8_191)
        .map((n) => n.toString(36))
        .join(','),
    ),
  ],
  ['blanks that no comma follows', longValues(16, 'metrics', SET, `a${' '.repeat(32_765)}a`)],
  ['digits of no number', longValues(2, 'min.cleanable.dirty.ratio', SET, `${'1'.repeat(32_766)}x`)],
  ['digits of a number', longValues(2, 'retention.ms', SET, `${'0'.repeat(32_766)}7`)],
])('IncrementalAlterConfigs: %s take no turn of 50 ms', { timeout: 600_000 }, async (_name, { slices }) => {
  expect(await longestTurnMs(Buffer.concat(slices))).toBeLessThan(TURN_MS_MAX);
});

/** One config of each, so that the answers are short. */
function described(type: number, key: string, nameOf: (n: number) => string) {
  const resources = upTo(16_000).map((n) => ({
    resourceType: type,
    resourceName: nameOf(n),
    configurationKeys: [key],
  }));
  return encodeRequestFrame(apis.describeConfigs, 4, 1, 'turns', { resources });
}

test.each([
  ['one broker', described(4, 'num.partitions', () => '1')],
  ['one broker by many names', described(4, 'num.partitions', (n) => '1'.padStart(n % 100, '0'))],
  ['all brokers', described(4, 'num.partitions', () => '')],
  ['one topic', described(2, 'segment.ms', () => 't')],
  ['many groups', described(32, 'share.isolation.level', (n) => `g${n}`)],
  ['many topics that do not exist', described(2, 'segment.ms', (n) => `u${n}`)],
])('DescribeConfigs: %s, 16,000 times, take no turn of 50 ms', { timeout: 600_000 }, async (_name, { slices }) => {
  expect(await longestTurnMs(Buffer.concat(slices))).toBeLessThan(TURN_MS_MAX);
});

/** Each is checked, and described when it is well. */
test('CreateTopics: many topics take no turn of 50 ms', { timeout: 600_000 }, async () => {
  const topics = upTo(8_000).map((n) => ({
    name: `many${n}`,
    numPartitions: 1,
    replicationFactor: 1,
    assignments: [],
    configs: [{ name: 'retention.ms', value: '1000' }],
  }));
  const { slices } = encodeRequestFrame(apis.createTopics, 7, 1, 'turns', { topics, validateOnly: true });
  expect(await longestTurnMs(Buffer.concat(slices))).toBeLessThan(TURN_MS_MAX);
});
