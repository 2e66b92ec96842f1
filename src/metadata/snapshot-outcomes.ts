import { targetOf } from './consumer-groups/partitions.js';
import { targetRow } from './consumer-groups/snapshot.js';
import type { Outcome } from './outcomes.js';
import { DONE, SUPERSEDED } from './outcomes.js';
import type { OutcomeRow } from './snapshot.wire.js';
import { topicIdBytes, topicIdText } from './topic-id.js';

type Row = NonNullable<OutcomeRow['kind']>;

/** A recorded outcome as a snapshot keeps it. Outcomes that spent no number (`notTaken`) are never recorded. */
export function outcomeRow(outcome: Outcome): OutcomeRow {
  return { kind: rowOf(outcome) };
}

function rowOf(outcome: Outcome): Row {
  switch (outcome.kind) {
    case 'refused':
      return { $case: 'refused', value: { error: outcome.error, message: outcome.message } };
    case 'done':
      return { $case: 'done', value: {} };
    case 'superseded':
      return { $case: 'superseded', value: {} };
    case 'registered':
      return { $case: 'registered', value: { agentEpoch: outcome.agentEpoch, nodeId: outcome.nodeId } };
    case 'topic-created':
      return { $case: 'topicCreated', value: { topicId: topicIdBytes(outcome.topicId) } };
    case 'producer-ids-allocated':
      return { $case: 'producerIdsAllocated', value: { first: outcome.first, count: outcome.count } };
    case 'published':
      return {
        $case: 'published',
        value: {
          partitions: outcome.partitions.map(({ baseOffsets, errors, appended, logStartOffset }) => ({
            baseOffsets: [...baseOffsets],
            errors: [...errors],
            appended,
            logStartOffset,
          })),
        },
      };
    case 'joined':
      return {
        $case: 'joined',
        value: {
          error: outcome.error,
          memberId: outcome.memberId,
          joinPhase: outcome.joinPhase,
          replacedLeaderId: outcome.replacedLeaderId,
        },
      };
    case 'synced':
      return { $case: 'synced', value: { assignment: outcome.assignment } };
    case 'members-left':
      return { $case: 'membersLeft', value: { errors: [...outcome.errors] } };
    case 'offsets-committed':
      return { $case: 'offsetsCommitted', value: { errors: [...outcome.errors] } };
    case 'records-deleted':
      return {
        $case: 'recordsDeleted',
        value: { errors: [...outcome.errors], lowWatermarks: [...outcome.lowWatermarks] },
      };
    case 'offsets-deleted':
      return { $case: 'offsetsDeleted', value: { errors: [...outcome.errors] } };
    case 'consumer-heartbeat': {
      const { memberId, epoch, assignment } = outcome;
      return {
        $case: 'consumerHeartbeat',
        value: { memberId, epoch, assignment: assignment && { topics: targetRow(assignment) } },
      };
    }
  }
}

/** The outcome of a row; undefined when the row is none. */
export function outcomeOf({ kind: row }: OutcomeRow): Outcome | undefined {
  switch (row?.$case) {
    case 'refused':
      return { kind: 'refused', error: row.value.error, message: row.value.message };
    case 'done':
      return DONE;
    case 'superseded':
      return SUPERSEDED;
    case 'registered':
      return { kind: 'registered', agentEpoch: row.value.agentEpoch, nodeId: row.value.nodeId };
    case 'topicCreated': {
      const topicId = topicIdText(row.value.topicId);
      return topicId === undefined ? undefined : { kind: 'topic-created', topicId };
    }
    case 'producerIdsAllocated':
      return { kind: 'producer-ids-allocated', first: row.value.first, count: row.value.count };
    case 'published':
      return {
        kind: 'published',
        partitions: row.value.partitions.map(({ baseOffsets, errors, appended, logStartOffset }) => ({
          baseOffsets: Float64Array.from(baseOffsets),
          errors: Int16Array.from(errors),
          appended: new Uint8Array(appended),
          logStartOffset,
        })),
      };
    case 'joined': {
      const { error, memberId, joinPhase, replacedLeaderId } = row.value;
      const joined = { kind: 'joined', error, memberId, joinPhase } as const;
      return replacedLeaderId === undefined ? joined : { ...joined, replacedLeaderId };
    }
    case 'synced': {
      const { assignment } = row.value;
      return { kind: 'synced', assignment: assignment === undefined ? undefined : new Uint8Array(assignment) };
    }
    case 'membersLeft':
      return { kind: 'members-left', errors: row.value.errors };
    case 'offsetsCommitted':
      return { kind: 'offsets-committed', errors: row.value.errors };
    case 'recordsDeleted':
      return { kind: 'records-deleted', errors: row.value.errors, lowWatermarks: row.value.lowWatermarks };
    case 'offsetsDeleted':
      return { kind: 'offsets-deleted', errors: row.value.errors };
    case 'consumerHeartbeat': {
      const { memberId, epoch, assignment } = row.value;
      return {
        kind: 'consumer-heartbeat',
        memberId,
        epoch,
        assignment: assignment && targetOf(assignment.topics),
      };
    }
    case undefined:
      return undefined;
  }
}
