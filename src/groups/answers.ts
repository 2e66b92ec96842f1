/** Answers from a group's state, and those that only say what went wrong. */
import type { GroupView, MemberView } from '../metadata/view.js';
import { errors } from '../protocol/errors.js';
import type { JoinAnswer, SyncAnswer } from './requests.js';

export function joinAnswer(
  group: GroupView,
  member: MemberView,
  asLeader: boolean,
  skipAssignment: boolean,
): JoinAnswer {
  const metadataOf = (each: MemberView): Uint8Array =>
    each.protocols.find((protocol) => protocol.name === group.protocolName)?.metadata ?? NOTHING;
  const members = asLeader ? [...group.members.values()].filter((each) => !each.pending) : [];
  return {
    error: errors.NONE.code,
    memberId: member.memberId,
    generation: group.generation,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leaderId: group.leaderId ?? '',
    skipAssignment,
    members: members.map((each) => ({
      memberId: each.memberId,
      instanceId: each.instanceId,
      metadata: metadataOf(each),
    })),
  };
}

const NOTHING = new Uint8Array(0);

export function joinError(error: number, memberId: string): JoinAnswer {
  return {
    error,
    memberId,
    generation: -1,
    protocolType: undefined,
    protocolName: undefined,
    leaderId: '',
    skipAssignment: false,
    members: [],
  };
}

export function syncAnswer(
  group: Pick<SyncAnswer, 'protocolType' | 'protocolName'> | undefined,
  assignment: Uint8Array,
): SyncAnswer {
  return {
    error: errors.NONE.code,
    protocolType: group?.protocolType,
    protocolName: group?.protocolName,
    assignment,
  };
}

export function syncError(error: number): SyncAnswer {
  return { error, protocolType: undefined, protocolName: undefined, assignment: NOTHING };
}
