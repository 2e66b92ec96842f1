import { topicMatcher } from '../../src/cluster/topic-regex.js';
import { assignmentCommands } from '../../src/metadata/assignors/compute.js';
import type { Command } from '../../src/metadata/journal.wire.js';
import type { MetadataView } from '../../src/metadata/view.js';

/** What a leader would do at once for the consumer groups: resolve expressions, assign. It is asked until it has nothing. */
export function* leaderCommands(view: MetadataView): Generator<Command> {
  const names = Array.from(view.topics(), ({ name }) => name).sort();
  for (const group of view.consumerGroups()) {
    const regexes = Array.from(group.subscribedRegexes, (regex) => ({
      regex,
      topics: names.filter(topicMatcher(regex)),
    }));
    const stale = regexes.filter(({ regex, topics }) => {
      const known = group.regexes.get(regex);
      return known?.size !== topics.length || topics.some((name) => !known.has(name));
    });
    if (stale.length > 0) {
      yield { kind: { $case: 'resolveRegexes', value: { group: group.groupId, regexes: stale } } };
    }
    if (group.groupEpoch > group.assignmentEpoch && group.members.size > 0) {
      yield* assignmentCommands(group, view);
    }
  }
}
