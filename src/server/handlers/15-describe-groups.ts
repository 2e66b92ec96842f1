/**
 * DescribeGroups, v0 to v6, from this agent's replica.
 *
 * - A group that does not exist: GROUP_ID_NOT_FOUND (69) from v6 on, before that a group in state Dead without an error.
 * - A group of the consumer protocol (KIP-848) does not exist here: ConsumerGroupDescribe tells of it.
 * - Protocol and subscriptions are told of a Stable group only; assignments are the last ones, as in Kafka.
 */
import type { GroupView, MemberView } from '../../metadata/view.js';
import { apis } from '../../protocol/apis.js';
import { errors } from '../../protocol/errors.js';
import { GROUP_OPERATIONS, NOT_REQUESTED } from '../authorized-operations.js';
import { describeGroupsInTurns } from '../describe.js';
import { handler, type Services } from '../handler.js';

export const describeGroups = (services: Services) =>
  handler(apis.describeGroups, async (request, call) => {
    const { view } = services.metadata;
    const operations = request.includeAuthorizedOperations ? GROUP_OPERATIONS : NOT_REQUESTED;
    const groups = await describeGroupsInTurns(services, call, request.groups, (groupId) => {
      const group = view.group(groupId);
      return group === undefined
        ? absent(groupId, call.version, operations, view.consumerGroup(groupId) !== undefined)
        : describe(group, operations);
    });
    return { throttleTimeMs: 0, groups };
  });

function absent(groupId: string, version: number, authorizedOperations: number, isConsumer: boolean) {
  const message = isConsumer ? `Group ${groupId} is not a classic group.` : `Group ${groupId} not found.`;
  return {
    errorCode: version >= 6 ? errors.GROUP_ID_NOT_FOUND.code : errors.NONE.code,
    errorMessage: version >= 6 ? message : null,
    groupId,
    groupState: 'Dead',
    protocolType: '',
    protocolData: '',
    members: [],
    authorizedOperations: version >= 6 ? NOT_REQUESTED : authorizedOperations,
  };
}

function describe(group: GroupView, authorizedOperations: number) {
  const isStable = group.state === 'Stable';
  const members = [...group.members.values()].filter((member) => !member.pending);
  return {
    errorCode: errors.NONE.code,
    groupId: group.groupId,
    groupState: group.state,
    protocolType: group.protocolType,
    protocolData: isStable ? (group.protocolName ?? '') : '',
    members: members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.instanceId ?? null,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: isStable ? subscription(group, member) : NOTHING,
      memberAssignment: member.assignment,
    })),
    authorizedOperations,
  };
}

function subscription(group: GroupView, member: MemberView): Uint8Array {
  return member.protocols.find(({ name }) => name === group.protocolName)?.metadata ?? NOTHING;
}

const NOTHING = new Uint8Array(0);
