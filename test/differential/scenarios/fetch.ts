import { apis } from '../../../src/protocol/apis.js';
import { BASE_TIME, batches } from '../batches.js';
import { type Story, topicId, UNKNOWN_ID } from '../story.js';
import { fetch, produce } from './produce.js';

/** Batches at known offsets: five of two records each in partition 0, one in partition 1, none in partition 2. */
function filled(story: Story): void {
  story.topic('~a', 3);
  for (let i = 0; i < 5; i += 1) {
    const values = [`first of ${i}`, 'second'.repeat(30)];
    produce(story, '~a', 0, batches({ values, timestampMs: BASE_TIME + i * 1_000, stepMs: 10 }));
  }
  produce(story, '~a', 1, batches({ values: ['only'] }));
}

const offsets = [0, 1, 2, 3, 9, 10, 11, 1_000, -1, -2, Number.MAX_SAFE_INTEGER];
const epochs = [-1, 0, 1, 7, -2, 0x7fff_ffff];

/** Where reads begin and what limits them. */
export function fetchAnywhere(story: Story): void {
  const { random } = story;
  filled(story);
  for (let i = 0; i < 10; i += 1) {
    const more = {
      maxBytes: random.pick([1 << 20, 1, 0, -1, 300, 700, 0x7fff_ffff]),
      minBytes: random.pick([0, 1, 1, -1]),
      maxWaitMs: random.pick([0, 0, 10, -1]),
      isolationLevel: random.pick([0, 1, 0, 2, -1]),
      rackId: random.pick(['', 'zone-b']),
    };
    const ofPartition = {
      partitionMaxBytes: random.pick([1 << 20, 1 << 20, 1, 0, -1, 400]),
      currentLeaderEpoch: random.chance(0.3) ? random.pick(epochs) : -1,
      lastFetchedEpoch: random.chance(0.2) ? random.pick(epochs) : -1,
      logStartOffset: random.pick([-1, 0, 5]),
    };
    fetch(story, '~a', random.pick([0, 0, 0, 1, 2, 3, -1]), random.pick(offsets), more, ofPartition);
  }
}

/** Several partitions and topics at once, known and unknown. */
export function fetchSeveral(story: Story): void {
  const { random } = story;
  filled(story);
  story.topic('~b', 1);
  produce(story, '~b', 0, batches({ values: ['of b'] }));
  for (let i = 0; i < 8; i += 1) {
    const topics = random.pick([['~a', '~b'], ['~b', '~missing', '~a'], ['~a', '~a'], ['~missing'], [''], []]);
    const partitionLists = [[0, 1, 2], [1, 0], [0, 0], [7, 0], []];
    const request = {
      maxWaitMs: random.pick([0, 5]),
      minBytes: 1,
      maxBytes: random.pick([1 << 20, 500, 250]),
      topics: topics.map((topic) => ({
        topic,
        topicId: topic === '' ? 'AAAAAAAAAAAAAAAAAAAAAA' : topicId(topic),
        partitions: random
          .pick(partitionLists)
          .map((partition) => ({ partition, fetchOffset: random.pick([0, 0, 1, 2, 10, 50]), partitionMaxBytes: 300 })),
      })),
    };
    story.send(apis.fetch, request);
  }
}

/** ListOffsets by every special time and around the records' own; OffsetForLeaderEpoch. */
export function offsetsByTime(story: Story): void {
  const { random } = story;
  filled(story);
  const times = [-1, -2, -3, -4, -5, -6, -7, 0, 1, BASE_TIME, BASE_TIME + 5, BASE_TIME + 10, BASE_TIME + 11];
  const later = [BASE_TIME + 1_001, BASE_TIME + 4_010, BASE_TIME + 4_011, BASE_TIME * 2, Number.MAX_SAFE_INTEGER];
  for (let i = 0; i < 10; i += 1) {
    const name = random.pick(['~a', '~a', '~a', '~a', '~missing', '']);
    const partitions = Array.from({ length: random.pick([1, 1, 2, 3, 0]) }, () => ({
      partitionIndex: random.pick([0, 0, 0, 1, 2, 3, -1]),
      currentLeaderEpoch: random.chance(0.25) ? random.pick(epochs) : -1,
      timestamp: random.pick([...times, ...later]),
    }));
    const replicaId = random.pick([-1, -1, -1, -2]);
    const request = {
      replicaId,
      isolationLevel: random.pick([0, 1]),
      topics: [{ name, partitions }],
      timeoutMs: 5_000,
    };
    story.send(apis.listOffsets, request);
  }
  for (let i = 0; i < 5; i += 1) {
    const topic = random.pick(['~a', '~a', '~missing', '']);
    const partitions = Array.from({ length: random.pick([1, 1, 2, 0]) }, () => ({
      partition: random.pick([0, 1, 2, 3, -1]),
      currentLeaderEpoch: random.pick(epochs),
      leaderEpoch: random.pick(epochs),
    }));
    story.send(apis.offsetForLeaderEpoch, { replicaId: random.pick([-1, -2]), topics: [{ topic, partitions }] });
  }
}

/** Sessions of Fetch (KIP-227): begun, carried on, ended, forgotten, with wrong ids and epochs. */
export function fetchOutOfSession(story: Story): void {
  const { random } = story;
  filled(story);
  const partitions = [{ partition: 0, fetchOffset: 8, partitionMaxBytes: 1 << 20 }];
  const topics = [{ topic: '~a', topicId: topicId('~a'), partitions }];
  for (let i = 0; i < 6; i += 1) {
    const request = {
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 1 << 20,
      topics: random.pick([topics, [], [{ topic: '~missing', topicId: UNKNOWN_ID, partitions }]]),
      sessionId: random.pick([0, 0, 77, -1]),
      sessionEpoch: random.pick([-1, -1, 1, 5, -2, 0x7fff_ffff]),
    };
    story.send(apis.fetch, request, { versionMin: 7 });
  }
}
