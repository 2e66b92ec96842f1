/**
 * ConsumerGroupDescribe, v0 and v1, from this agent's replica. v1 tells which protocol each member uses.
 *
 * - A member's assignment is everything that it is still responsible for, what it has yet to give up included, as in Kafka.
 * - No such group, or a classic one: GROUP_ID_NOT_FOUND (69), on which clients ask DescribeGroups. INVALID_GROUP_ID 24.
 */
import type { ConsumerMember } from '../../metadata/consumer-groups/member.js';
import type { ConsumerGroupView, MetadataView } from '../../metadata/view.js';
import { apis } from '../../protocol/apis.js';
import { errors } from '../../protocol/errors.js';
import { GROUP_OPERATIONS, NOT_REQUESTED } from '../authorized-operations.js';
import { describeGroupsInTurns } from '../describe.js';
import { handler, type Services } from '../handler.js';

const CLASSIC = 0;
const CONSUMER = 1;

export const consumerGroupDescribe = (services: Services) =>
  handler(apis.consumerGroupDescribe, async (request, call) => {
    const { view } = services.metadata;
    const authorizedOperations = request.includeAuthorizedOperations ? GROUP_OPERATIONS : NOT_REQUESTED;
    const groups = await describeGroupsInTurns(services, call, request.groupIds, (groupId) => {
      const group = view.consumerGroup(groupId);
      return group === undefined ? absent(view, groupId) : { ...describe(view, group), authorizedOperations };
    });
    return { throttleTimeMs: 0, groups };
  });

function absent(view: MetadataView, groupId: string) {
  const isClassic = view.group(groupId) !== undefined;
  const { errorCode, errorMessage } =
    groupId === ''
      ? { errorCode: errors.INVALID_GROUP_ID.code, errorMessage: null }
      : {
          errorCode: errors.GROUP_ID_NOT_FOUND.code,
          errorMessage: isClassic ? `Group ${groupId} is not a consumer group.` : `Group ${groupId} not found.`,
        };
  return {
    errorCode,
    errorMessage,
    groupId,
    groupState: '',
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: '',
    members: [],
  };
}

function describe(view: MetadataView, group: ConsumerGroupView) {
  return {
    errorCode: errors.NONE.code,
    groupId: group.groupId,
    groupState: group.state,
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.assignmentEpoch,
    assignorName: group.assignor,
    members: Array.from(group.members.values(), (member) => ({
      memberId: member.memberId,
      instanceId: member.instanceId ?? null,
      rackId: member.rackId ?? null,
      memberEpoch: member.epoch,
      clientId: member.clientId,
      clientHost: member.clientHost,
      subscribedTopicNames: [...member.topics].sort(),
      subscribedTopicRegex: member.regex,
      assignment: { topicPartitions: topicPartitions(view, responsibleFor(member)) },
      targetAssignment: { topicPartitions: topicPartitions(view, group.target(member.memberId)) },
      memberType: member.classic === undefined ? CONSUMER : CLASSIC,
    })),
  };
}

function responsibleFor({ assigned, revoking }: ConsumerMember): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const [topicId, partitions] of [...assigned, ...revoking]) {
    found.set(topicId, [...(found.get(topicId) ?? []), ...partitions.keys()]);
  }
  return found;
}

/** Topics that are gone are left out. */
function topicPartitions(view: MetadataView, partitionsByTopic: ReadonlyMap<string, readonly number[]>) {
  return Array.from(partitionsByTopic, ([topicId, partitions]) => ({
    topicId,
    topicName: view.topicById(topicId)?.name ?? '',
    partitions: [...partitions].sort((one, other) => one - other),
  })).filter(({ topicName }) => topicName !== '');
}
