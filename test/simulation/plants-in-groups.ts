import { Group } from '../../src/metadata/group.js';
import { Groups } from '../../src/metadata/groups.js';
import { Metadata } from '../../src/metadata/metadata.js';
import { DONE } from '../../src/metadata/outcomes.js';
import { type PlantedBug, replace } from './plant.js';

/** Faults in consumer groups. */
export const plantedInGroups: readonly PlantedBug[] = [
  {
    name: 'commit-of-an-old-generation',
    what: 'a commit of a generation that is over is taken',
    make: () => ({
      patch: () =>
        replace(
          Metadata.prototype,
          'apply',
          (apply) =>
            function (this: Metadata, entry) {
              for (const { command } of entry.commands) {
                if (command?.kind?.$case === 'commitOffsets') {
                  const commit = command.kind.value;
                  const group = this.group(commit.group);
                  commit.generation = group?.generation ?? -1;
                  commit.memberId = group?.leaderId ?? '';
                  commit.instanceId = group?.members.get(commit.memberId)?.instanceId;
                }
              }
              return apply.call(this, entry);
            },
        ),
    }),
  },
  {
    name: 'assignment-of-the-last-generation',
    what: 'a member that syncs before the leader is given what it had before',
    make: () => ({
      patch: () => {
        const keep = replace(Group.prototype, 'clearAssignments', () => () => {});
        const give = replace(
          Groups.prototype,
          'sync',
          (sync) =>
            function (this: Groups, command) {
              const outcome = sync.call(this, command);
              const former = this.classic(command.group)?.member(command.memberId)?.assignment;
              return outcome.kind === 'synced' ? { ...outcome, assignment: outcome.assignment ?? former } : outcome;
            },
        );
        return () => {
          keep();
          give();
        };
      },
    }),
  },
  {
    name: 'generation-used-twice',
    what: 'a rebalance after a member is gone keeps the number of its generation',
    make: () => ({
      patch: () =>
        replace(
          Group.prototype,
          'rebalanceWithoutRemoved',
          (rebalance) =>
            function (this: Group, timeMs) {
              rebalance.call(this, timeMs);
              this.generation -= this.generation > 1 && this.state === 'PreparingRebalance' ? 1 : 0;
            },
        ),
    }),
  },
  {
    name: 'dead-members-stay',
    what: 'a member whose session ran out is not removed, and its partitions belong to nobody',
    make: () => ({ patch: () => replace(Groups.prototype, 'expire', () => () => DONE) }),
  },
];
