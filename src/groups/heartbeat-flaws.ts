import { ASSIGNORS } from '../metadata/assignors/compute.js';
import type { Refused } from '../metadata/outcomes.js';
import { refused } from '../metadata/outcomes.js';
import { errors } from '../protocol/errors.js';
import type { ConsumerHeartbeatRequest } from './requests.js';

/**
 * What is wrong with a ConsumerGroupHeartbeat in itself, whatever the group (Kafka:
 * GroupCoordinatorService.throwIfConsumerGroupHeartbeatRequestIsInvalid, with its order and words).
 */
export function heartbeatFlaw(request: ConsumerHeartbeatRequest): Refused | undefined {
  const { memberId, memberEpoch, assignor } = request;
  if (memberId.trim() === '' && (request.needsMemberId || memberEpoch > 0 || memberEpoch === -1)) {
    return invalid("MemberId can't be empty.");
  }
  const empty = [
    ['GroupId', request.group],
    ['InstanceId', request.instanceId],
    ['RackId', request.rackId],
  ].find(([, value]) => value?.trim() === '');
  if (empty !== undefined) {
    return invalid(`${empty[0]} can't be empty.`);
  }
  const flaw = memberEpoch === 0 ? joinFlaw(request) : undefined;
  if (flaw !== undefined) {
    return invalid(flaw);
  }
  if (memberEpoch === -2 && request.instanceId === undefined) {
    return invalid("InstanceId can't be null.");
  }
  if (memberEpoch < -2) {
    return invalid('MemberEpoch is invalid.');
  }
  if (assignor !== undefined && !ASSIGNORS.has(assignor)) {
    return refused(
      errors.UNSUPPORTED_ASSIGNOR.code,
      `ServerAssignor ${assignor} is not supported. Supported assignors: ${[...ASSIGNORS.keys()].join(', ')}.`,
    );
  }
  return undefined;
}

function joinFlaw({ rebalanceTimeoutMs, owned, topics, regex }: ConsumerHeartbeatRequest): string | undefined {
  if (rebalanceTimeoutMs === undefined) {
    return 'RebalanceTimeoutMs must be provided in first request.';
  }
  if (owned === undefined || owned.length > 0) {
    return 'TopicPartitions must be empty when (re-)joining.';
  }
  return topics === undefined && regex === undefined
    ? 'Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.'
    : undefined;
}

function invalid(message: string): Refused {
  return refused(errors.INVALID_REQUEST.code, message);
}
