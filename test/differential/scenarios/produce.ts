import { type CodecName, codecNames } from '../../../native-bindings/codecs.js';
import { apis } from '../../../src/protocol/apis.js';
import { type BatchSpec, batches, flawNames } from '../batches.js';
import { type Later, given } from '../script.js';
import { type SendOptions, type Story, topicId, UNKNOWN_ID } from '../story.js';

/** Produce of one partition. */
export function produce(
  story: Story,
  topic: string,
  partition: number,
  records: Later | null,
  options: SendOptions & { readonly acks?: number; readonly transactionalId?: string | null } = {},
): void {
  const { acks = -1, transactionalId = null } = options;
  const topicData = [{ name: topic, topicId: topicId(topic), partitionData: [{ index: partition, records }] }];
  const request = { transactionalId, acks, timeoutMs: 30_000, topicData };
  story.send(apis.produce, request, { ...options, answered: acks !== 0 });
}

/** Reads a partition from an offset. */
export function fetch(
  story: Story,
  topic: string,
  partition: number,
  fetchOffset: number,
  more: Readonly<Record<string, unknown>> = {},
  ofPartition: Readonly<Record<string, unknown>> = {},
): void {
  const partitions = [{ partition, fetchOffset, partitionMaxBytes: 1 << 20, ...ofPartition }];
  const topics = [{ topic, topicId: topicId(topic), partitions }];
  story.send(apis.fetch, { maxWaitMs: 0, minBytes: 0, maxBytes: 1 << 20, topics, ...more });
}

const odd = { key: '\u0000', long: 'x'.repeat(3_000) };

function anyBatch(story: Story): BatchSpec {
  const { random } = story;
  const count = random.pick([1, 1, 2, 5, 40]);
  const values = Array.from({ length: count }, (_, i) => random.pick([`value ${i}`, '', null, odd.long, `${i}`]));
  const keys = random.chance(0.5) ? values.map((_, i) => random.pick([`k${i % 3}`, '', odd.key, 'k'])) : [];
  return {
    values,
    keys,
    codec: random.pick(codecNames),
    stepMs: random.pick([0, 1, -1, 1_000]),
    headers: random.chance(0.3),
  };
}

/** Good batches of every codec and shape; what is read back. */
export function produceGood(story: Story): void {
  const { random } = story;
  story.topic('~a', 2);
  for (let i = 0; i < 8; i += 1) {
    produce(story, '~a', random.between(0, 1), batches(anyBatch(story)), { acks: random.pick([-1, 1]) });
    if (random.chance(0.4)) fetch(story, '~a', random.between(0, 1), random.between(0, 30));
  }
  fetch(story, '~a', 0, 0);
  fetch(story, '~a', 1, 0);
}

/** One flaw in a topic of its own, and what a good batch then comes to. */
export function flawAlone(story: Story, flaw: (typeof flawNames)[number]): void {
  const { random } = story;
  story.topic('~a', 1);
  const values = random.pick([['one'], ['one', 'two', 'three']]);
  const codec: CodecName = flaw.startsWith('record') ? 'gzip' : random.pick(['none', 'none', ...codecNames]);
  produce(story, '~a', 0, batches({ values, codec, flaw }));
  produce(story, '~a', 0, batches({}));
  fetch(story, '~a', 0, 0);
}

/** Batches that are wrong or odd, each alone and beside a good one, in topics with different settings. */
export function produceFlawed(story: Story): void {
  const { random } = story;
  const configs = random.pick<Record<string, string>>([
    {},
    {},
    { 'cleanup.policy': 'compact' },
    { 'message.timestamp.type': 'LogAppendTime' },
    { 'max.message.bytes': '200' },
    { 'message.timestamp.before.max.ms': '1000' },
    { 'message.timestamp.after.max.ms': '1000' },
    { 'cleanup.policy': 'compact,delete', 'message.timestamp.type': 'LogAppendTime' },
  ]);
  story.topic('~a', 2, configs);
  for (let i = 0; i < 10; i += 1) {
    const flaw = random.chance(0.85) ? { flaw: random.pick(flawNames) } : {};
    const keys = random.chance(0.5) ? ['k', 'l', 'm'] : [];
    const values = random.pick([['value'], ['one', 'two'], ['one', null, 'three'], ['y'.repeat(300)]]);
    const codec = random.chance(0.3) ? random.pick(codecNames) : 'none';
    const bad = batches({ values, keys, codec, ...flaw });
    if (random.chance(0.3)) {
      const partitionData = [
        { index: 0, records: bad },
        { index: 1, records: batches({ keys: ['k'] }) },
      ];
      const topicData = [{ name: '~a', topicId: topicId('~a'), partitionData }];
      story.send(apis.produce, { transactionalId: null, acks: -1, timeoutMs: 30_000, topicData });
    } else produce(story, '~a', 0, bad, { acks: random.pick([-1, -1, 1]) });
  }
  fetch(story, '~a', 0, 0);
  fetch(story, '~a', 1, 0);
}

/** Requests of Produce that are wrong around the batch. */
export function produceOdd(story: Story): void {
  const { random } = story;
  story.topic('~a', 2);
  const good = { index: 0, records: batches({}) };
  const named = (name: string, partitionData: readonly unknown[]) => ({ name, topicId: topicId(name), partitionData });
  const request = (topicData: readonly unknown[], more = {}) => ({
    ...{ transactionalId: null, acks: -1, timeoutMs: 30_000, topicData },
    ...more,
  });
  const odds: readonly (() => void)[] = [
    () => story.send(apis.produce, request([])),
    () => story.send(apis.produce, request([named('~a', [])])),
    () => story.send(apis.produce, request([named('~a', [good, good])])),
    () => story.send(apis.produce, request([named('~a', [good]), named('~a', [{ ...good, index: 1 }])])),
    () => story.send(apis.produce, request([named('~missing', [good])])),
    () => story.send(apis.produce, request([named('~missing', [good]), named('~a', [good])])),
    () => story.send(apis.produce, request([{ name: '', topicId: UNKNOWN_ID, partitionData: [good] }])),
    () => story.send(apis.produce, request([{ name: '', topicId: 'AAAAAAAAAAAAAAAAAAAAAA', partitionData: [good] }])),
    () => story.send(apis.produce, request([named('__consumer_offsets', [good])]), { versionMin: 3 }),
    ...[2, 99, -1, 0x7fff_ffff].map(
      (index) => () => story.send(apis.produce, request([named('~a', [{ ...good, index }, good])])),
    ),
    ...[2, -2, 32_767, -32_768].map((acks) => () => story.send(apis.produce, request([named('~a', [good])], { acks }))),
    () => produce(story, '~a', 0, batches({}), { acks: 0 }),
    () => produce(story, '~missing', 0, batches({}), { acks: 0 }),
    () => produce(story, '~a', 9, batches({}), { acks: 0 }),
    () => produce(story, '~a', 0, batches({ flaw: 'wrong CRC' }), { acks: 0 }),
    () => produce(story, '~a', 0, batches({ flaw: 'magic 1' }), { acks: 0 }),
    () => story.send(apis.produce, request([named('~a', [good])], { transactionalId: '~t' })),
    () => story.send(apis.produce, request([named('~a', [good])], { transactionalId: '' })),
    () => produce(story, '~a', 0, batches({}, {})),
    () => produce(story, '~a', 0, batches({ values: ['z'.repeat(1_048_600)] })),
    () => produce(story, '~a', 0, batches({ values: ['z'.repeat(1_048_588 - 61 - 12)] })),
    () => produce(story, '~a', 0, batches({ values: ['z'.repeat(1_200_000)], codec: 'gzip' })),
  ];
  for (let i = 0; i < 9; i += 1) random.pick(odds)();
  fetch(story, '~a', 0, 0, {}, { partitionMaxBytes: 3 << 20 });
  fetch(story, '~a', 1, 0);
}

/** Idempotent producers: sequences that go on, repeat, jump, wrap; epochs that rise and fall. */
export function idempotence(story: Story): void {
  const { random } = story;
  story.topic('~a', 1);
  const real = random.chance(0.3);
  if (real) {
    const request = { transactionalId: null, transactionTimeoutMs: 60_000, producerId: -1, producerEpoch: -1 };
    story.send(apis.initProducerId, request, { keep: { producer: 'producerId' } });
  }
  const id = real ? given('producer', 7_000) : random.between(5_000, 6_000);
  let epoch = 0;
  let sequence = random.pick([0, 0, 0, 5, 2_147_483_640]);
  const sent: { readonly epoch: number; readonly baseSequence: number; readonly count: number }[] = [];
  const send = (of: { readonly epoch: number; readonly baseSequence: number; readonly count: number }): void => {
    const values = Array.from({ length: of.count }, (_, i) => `${of.baseSequence}+${i}`);
    produce(story, '~a', 0, batches({ values, producer: { id, epoch: of.epoch, baseSequence: of.baseSequence } }));
  };
  for (let i = 0; i < 12; i += 1) {
    const count = random.pick([1, 1, 2, 3, 10]);
    const next = { epoch, baseSequence: sequence, count };
    switch (random.between(0, 9)) {
      case 0:
        if (sent.length > 0) send(random.pick(sent));
        break;
      case 1:
        send({ ...next, baseSequence: Math.min(sequence + random.between(1, 3), 0x7fff_ffff) });
        break;
      case 2:
        if (epoch > 0) send({ ...next, epoch: epoch - 1 });
        break;
      case 3:
        if (sent.length > 0) send({ ...random.pick(sent), count });
        break;
      case 4:
        epoch += 1;
        sequence = random.pick([0, 0, 1]);
        send({ epoch, baseSequence: sequence, count });
        if (sequence === 0) {
          sent.push({ epoch, baseSequence: 0, count });
          sequence = count;
        }
        break;
      default:
        send(next);
        sent.push(next);
        sequence = (sequence + count) % 2 ** 31;
    }
  }
  fetch(story, '~a', 0, 0);
}
