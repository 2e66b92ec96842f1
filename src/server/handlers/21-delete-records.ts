/**
 * DeleteRecords, v0 to v2: moves log starts up by a command, which sees everything that was acknowledged before it.
 *
 * - Offset -1 is the high watermark; one above it, or below -1: OFFSET_OUT_OF_RANGE (1); one below the log start changes
 *   nothing. The answer is the log start as it is then.
 * - An unknown topic or partition 3, a topic that is compacted and not deleted (by itself or by its brokers' default)
 *   POLICY_VIOLATION (44), one that Kafka keeps for itself INVALID_TOPIC_EXCEPTION (17).
 * - REQUEST_TIMED_OUT (7) after the client's timeout, though it may still happen; NOT_LEADER_OR_FOLLOWER (6), which clients
 *   retry, while this agent cannot reach the metadata leader.
 * - A partition that is named twice is answered once, its last offset counts, and a topic without partitions is left out: as
 *   in Kafka.
 */
import { configured } from '../../config/topic-configs.js';
import { ROWS_PER_ENTRY_MAX } from '../../metadata/limits.js';
import { apis } from '../../protocol/apis.js';
import { errors } from '../../protocol/errors.js';
import { administer } from '../administration.js';
import { handler, type Services } from '../handler.js';
import { topicIdBytes } from '../topic-creation.js';

interface Wanted {
  readonly name: string;
  readonly topicId: string;
  readonly partition: number;
  readonly offset: number;
}

interface Answer {
  readonly partitionIndex: number;
  readonly lowWatermark: number;
  readonly errorCode: number;
}

export const deleteRecords = (services: Services) =>
  handler(apis.deleteRecords, async ({ topics, timeoutMs }) => {
    const { view } = services.metadata;
    const answers = new Map<string, Map<number, Answer>>();
    const wanted = new Map<string, Wanted>();
    for (const { name, partitions } of topics) {
      const topic = view.topicByName(name);
      for (const { partitionIndex: partition, offset } of partitions) {
        const answered = answers.get(name) ?? new Map<number, Answer>();
        answers.set(name, answered.set(partition, answerOf(partition, errors.UNKNOWN_TOPIC_OR_PARTITION.code)));
        if (topic?.partitions[partition] !== undefined) {
          wanted.set(`${topic.topicId}/${partition}`, { name, topicId: topic.topicId, partition, offset });
        }
      }
    }
    const rows = [...wanted.values()];
    const slices = Array.from({ length: Math.ceil(rows.length / ROWS_PER_ENTRY_MAX) }, (_, i) =>
      rows.slice(i * ROWS_PER_ENTRY_MAX, (i + 1) * ROWS_PER_ENTRY_MAX),
    );
    await Promise.all(
      slices.map(async (slice) => {
        for (const [i, answer] of (await deleteAll(services, slice, timeoutMs)).entries()) {
          answers.get(slice[i]!.name)!.set(answer.partitionIndex, answer);
        }
      }),
    );
    return {
      throttleTimeMs: 0,
      topics: Array.from(answers, ([name, partitions]) => ({ name, partitions: [...partitions.values()] })),
    };
  });

/** One answer a row. */
async function deleteAll(services: Services, rows: readonly Wanted[], timeoutMs: number): Promise<Answer[]> {
  // Each broker may have its own default, so the command, which judges, carries it.
  const defaultPolicy = configured(new Map(), 'cleanup.policy', services.configs.now);
  const value = { topics: columnsOf(rows), defaultPolicy };
  const submitted = services.metadata.submit({ kind: { $case: 'deleteRecords', value } });
  const { outcome, error } = await administer(services, timeoutMs, submitted);
  if (outcome?.kind === 'records-deleted') {
    return rows.map(({ partition }, i) => answerOf(partition, outcome.errors[i]!, outcome.lowWatermarks[i]!));
  }
  const { NOT_CONTROLLER, NOT_LEADER_OR_FOLLOWER } = errors;
  const code = error === NOT_CONTROLLER.code ? NOT_LEADER_OR_FOLLOWER.code : error;
  return rows.map(({ partition }) => answerOf(partition, code));
}

/** Rows of one topic that follow one another share its id. */
function columnsOf(rows: readonly Wanted[]) {
  const topics: { topicId: Uint8Array; partitions: number[]; offsets: number[] }[] = [];
  let last = '';
  for (const { topicId, partition, offset } of rows) {
    if (topicId !== last) {
      topics.push({ topicId: topicIdBytes(topicId), partitions: [], offsets: [] });
      last = topicId;
    }
    topics.at(-1)!.partitions.push(partition);
    topics.at(-1)!.offsets.push(offset);
  }
  return topics;
}

function answerOf(partitionIndex: number, errorCode: number, lowWatermark = -1): Answer {
  return { partitionIndex, lowWatermark, errorCode };
}
