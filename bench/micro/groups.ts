/**
 * What one group's members cost as they grow in number: each step of a rebalance a member, and the slowest apply. A step that
 * costs more a member in a large group than in a small one is quadratic. Run: node dist/bench/micro/groups.js
 */
import { GroupWaiters } from '../../src/groups/waiters.js';
import type { Command } from '../../src/metadata/journal.wire.js';
import type { Outcome } from '../../src/metadata/outcomes.js';
import { GroupsClock } from '../../workers/leader/groups-clock.js';
import { Replica } from './replica.js';

const SIZES = [200, 1000, 5000];
const GROUP = 'g';

/** One replica and, beside it, what looks at every entry: the leader's clock and the requests that wait. */
class Group {
  readonly #replica = new Replica();
  readonly metadata = this.#replica.metadata;
  readonly #clock = new GroupsClock(
    {
      clock: { monotonicMs: () => this.#nowMs, wallMs: () => 0 },
      timers: { after: (_ms, run) => this.#after(run), soon: () => {} },
    },
    () => this.metadata,
    () => new Promise<Outcome>(() => {}),
  );
  readonly #waiters = new GroupWaiters(() => {
    const { state, generation, joinPhase, departures } = this.metadata.group(GROUP)!;
    return `${state} ${generation} ${joinPhase} ${departures}`;
  });
  readonly #nobodyLeaves = new AbortController().signal;
  readonly members: readonly string[];
  #nowMs = 0;

  constructor(members: number) {
    this.members = Array.from({ length: members }, (_, i) => `member-${i}-0123456789012345678901`);
    this.#clock.start();
  }

  #apply(command: Command, agentEpoch = 1): number {
    const { took, changes } = this.#replica.applied(command, agentEpoch);
    this.#nowMs += 1;
    if (this.#nowMs % 20 === 0) this.#timer?.();
    this.#clock.applied(changes.groups);
    this.#waiters.changed(changes.groups);
    return took;
  }

  #timer: (() => void) | undefined;

  /** Virtual time: an entry a millisecond, the clock's timer every 20. */
  #after(run: () => void) {
    this.#timer = run;
    return {
      cancel: () => {
        this.#timer = undefined;
      },
    };
  }

  join(memberId: string, knownMember: boolean, initialDelayMs: number): number {
    const value = {
      group: GROUP,
      memberId,
      knownMember,
      clientId: 'client',
      clientHost: '/192.0.2.1',
      sessionTimeoutMs: 45_000,
      rebalanceTimeoutMs: 300_000,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: new Uint8Array(40) }],
      requireKnownMember: false,
      initialDelayMs,
      groupSizeMax: 0,
    };
    const took = this.#apply({ kind: { $case: 'joinGroup', value } });
    this.#wait('PreparingRebalance');
    return took;
  }

  /** As the engine does: looks again after each entry until the group has moved on. */
  #wait(while_: string): void {
    void this.#waiters.wait(GROUP, this.#nobodyLeaves, () =>
      this.metadata.group(GROUP)!.state === while_ ? undefined : true,
    );
  }

  complete(): number {
    const { joinPhase, state } = this.metadata.group(GROUP)!;
    if (state !== 'PreparingRebalance') return 0;
    return this.#apply({ kind: { $case: 'completeJoin', value: { group: GROUP, joinPhase } } }, 0);
  }

  sync(memberId: string): number {
    const { generation, leaderId } = this.metadata.group(GROUP)!;
    const assignments =
      memberId === leaderId ? this.members.map((each) => ({ memberId: each, assignment: new Uint8Array(20) })) : [];
    const took = this.#apply({
      kind: { $case: 'syncGroup', value: { group: GROUP, generation, memberId, assignments } },
    });
    if (memberId !== leaderId) this.#wait('CompletingRebalance');
    return took;
  }

  leave(memberId: string): number {
    return this.#apply({ kind: { $case: 'leaveGroup', value: { group: GROUP, members: [{ memberId }] } } });
  }
}

function spentMs(before: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

function step(name: string, size: number, steps: readonly (() => number)[]): void {
  const before = process.threadCpuUsage();
  const applies = steps.map((run) => run());
  const all = spentMs(before);
  const slowest = Math.max(...applies).toFixed(2);
  const micros = ((all * 1000) / steps.length).toFixed(0);
  console.log(`${String(size).padStart(5)} members, ${name}: ${micros} µs each, slowest apply ${slowest} ms`);
}

for (const size of SIZES) {
  const group = new Group(size);
  const [first, ...others] = group.members;
  step(
    'first joins',
    size,
    group.members.map((member) => () => group.join(member, false, 3000)),
  );
  step('end of the join phase', size, [() => group.complete()]);
  step(
    'syncs of followers',
    size,
    others.map((member) => () => group.sync(member)),
  );
  step('sync of the leader', size, [() => group.sync(first!)]);
  step(
    'joins again',
    size,
    [...group.members].map((member) => () => group.join(member, true, 3000)),
  );
  step(
    'syncs',
    size,
    [...others, first!].map((member) => () => group.sync(member)),
  );
  step('one leaves, all others join again', size, [
    () => group.leave(others.at(-1)!),
    ...group.members.slice(0, -1).map((member) => () => group.join(member, true, 3000)),
  ]);
}
