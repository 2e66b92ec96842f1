import { NO_TARGET, sameTarget, targetRows } from '../consumer-groups/partitions.js';
import type { AssignTargets, Command, TargetRow } from '../journal.wire.js';
import { ROWS_PER_ENTRY_MAX } from '../limits.js';
import type { ConsumerGroupView, MetadataView } from '../view.js';
import { range } from './range.js';
import type { Assignor, GroupSpec, MemberSpec } from './spec.js';
import { uniform } from './uniform.js';

/** By name; the first is the default. */
export const ASSIGNORS: ReadonlyMap<string, Assignor> = new Map([
  ['uniform', uniform],
  ['range', range],
]);

type Topics = Pick<MetadataView, 'topicByName'>;

/**
 * The commands that bring a group's target assignment up to its epoch: what differs from the present one, in slices that
 * are each applied in well under 5 ms. Takes time in proportion to the group's partitions and members.
 */
export function assignmentCommands(group: ConsumerGroupView, topics: Topics): Command[] {
  const assignor = ASSIGNORS.get(group.assignor) ?? uniform;
  const assignment = assignor(specOf(group, topics));
  const slices: TargetRow[][] = [[]];
  let left = ROWS_PER_ENTRY_MAX;
  for (const { memberId, instanceId } of group.members.values()) {
    const target = assignment.get(memberId) ?? NO_TARGET;
    const former = group.targets.get(memberId);
    if (former !== undefined && sameTarget(former, target)) {
      continue;
    }
    const topicRows = targetRows(target);
    const rows = topicRows.reduce((sum, { partitions }) => sum + partitions.length, 1);
    if (rows > left && left < ROWS_PER_ENTRY_MAX) {
      slices.push([]);
      left = ROWS_PER_ENTRY_MAX;
    }
    slices.at(-1)!.push({ memberId, instanceId, topics: topicRows });
    left -= rows;
  }
  return slices.map((targets, at) => {
    const value: AssignTargets = {
      group: group.groupId,
      epoch: group.groupEpoch,
      first: at === 0,
      last: at === slices.length - 1,
      targets,
    };
    return { kind: { $case: 'assignTargets', value } };
  });
}

function specOf(group: ConsumerGroupView, topics: Topics): GroupSpec {
  const partitionCounts = new Map<string, number>();
  /** Members with the same names share one set of ids. */
  const idsOf = new Map<ReadonlySet<string>, ReadonlySet<string>>();
  const members: MemberSpec[] = [];
  for (const member of group.members.values()) {
    const names = group.subscribedTopics(member);
    let topicIds = idsOf.get(names);
    if (topicIds === undefined) {
      const found = new Set<string>();
      for (const name of names) {
        const topic = topics.topicByName(name);
        if (topic !== undefined) {
          found.add(topic.topicId);
          partitionCounts.set(topic.topicId, topic.partitions.length);
        }
      }
      topicIds = found;
      idsOf.set(names, topicIds);
    }
    members.push({
      memberId: member.memberId,
      instanceId: member.instanceId,
      topics: topicIds,
      former: group.target(member.memberId),
    });
  }
  return { members, partitionCounts };
}
