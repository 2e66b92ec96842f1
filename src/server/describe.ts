import type { Call, Services } from './handler.js';
import { inTurns, timedFor } from './turns.js';

/** What `make` makes of a key, made once: a request may name one thing many times. */
export function once<K, V>(make: (key: K) => V): (key: K) => V {
  const made = new Map<K, V>();
  return (key) => {
    const known = made.get(key);
    if (known !== undefined) return known;
    const value = make(key);
    made.set(key, value);
    return value;
  };
}

/** Members that are described in one turn. */
const TURN_MEMBERS = 500;

interface Described {
  readonly members: readonly unknown[];
}

/** The groups of a request, each described at one moment; others have their turn in between. */
export function describeGroupsInTurns<T extends Described>(
  { world }: Services,
  { account }: Call,
  groupIds: readonly string[],
  describe: (groupId: string) => T,
): Promise<T[]> {
  return inTurns(described(groupIds, describe), world.timers, timedFor(account));
}

function* described<T extends Described>(
  groupIds: readonly string[],
  describe: (groupId: string) => T,
): Generator<void, T[]> {
  let members = 0;
  const describeOnce = once((groupId: string) => {
    const group = describe(groupId);
    members += 1 + group.members.length;
    return group;
  });
  const groups: T[] = [];
  for (const groupId of groupIds) {
    groups.push(describeOnce(groupId));
    if (members < TURN_MEMBERS) continue;
    members = 0;
    yield;
  }
  return groups;
}
