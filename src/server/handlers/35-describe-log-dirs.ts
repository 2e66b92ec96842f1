/**
 * DescribeLogDirs, v1 to v5: the bucket as the one log directory of this agent, though no byte lies on a disk of its own.
 *
 * - Tools ask every broker and add up, so each partition's bytes are told by one agent only: the one that Metadata names
 *   as its leader. Bytes are those of the extents that are not deleted, as stored (compressed, without footers).
 * - Null topics are all of them. What is not here (unknown topics and partitions, other agents') is left out, as in Kafka.
 * - Lag 0, no future replicas, never cordoned; v4+ total and usable bytes are -1: a bucket has no size.
 */
import { type BucketUrl, bucketUrl } from '../../config/bucket-url.js';
import { apis } from '../../protocol/apis.js';
import { errors } from '../../protocol/errors.js';
import { brokersOf, leaderOf } from '../brokers.js';
import { handler, type Services } from '../handler.js';

export const describeLogDirs = (services: Services) =>
  handler(apis.describeLogDirs, (request, call) => {
    const { view, self } = services.metadata;
    const brokers = brokersOf(view, call.listener);
    const wanted = request.topics === null ? allPartitions(services) : askedPartitions(request.topics);
    const topics = [];
    for (const [name, indexes] of wanted) {
      const topic = view.topicByName(name);
      if (topic === undefined) continue;
      const partitions = [];
      for (const partitionIndex of indexes) {
        const partition = topic.partitions[partitionIndex];
        if (partition === undefined || leaderOf(brokers, topic.topicId, partitionIndex)?.nodeId !== self.nodeId)
          continue;
        partitions.push({ partitionIndex, partitionSize: partition.bytes, offsetLag: 0, isFutureKey: false });
      }
      if (partitions.length > 0) topics.push({ name, partitions });
    }
    const logDir = directoryOf(services.settings.bucket);
    return {
      throttleTimeMs: 0,
      errorCode: errors.NONE.code,
      results: [{ errorCode: errors.NONE.code, logDir, topics, totalBytes: -1, usableBytes: -1, isCordoned: false }],
    };
  });

function allPartitions({ metadata }: Services): Map<string, Iterable<number>> {
  return new Map(Array.from(metadata.view.topics(), ({ name, partitions }) => [name, partitions.keys()]));
}

/** Each partition once, however often it was asked for. */
function askedPartitions(
  topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
): Map<string, Set<number>> {
  const asked = new Map<string, Set<number>>();
  for (const { topic, partitions } of topics) {
    const indexes = asked.get(topic) ?? new Set();
    for (const index of partitions) indexes.add(index);
    asked.set(topic, indexes);
  }
  return asked;
}

/** The bucket's URL without options: where they differ it is the same place all the same. */
function directoryOf(bucket: BucketUrl): string {
  return bucketUrl.show(bucket).replace(/\?.*$/s, '');
}
