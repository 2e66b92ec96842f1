import type { GroupHistory } from '../group-history.js';

/** In one generation of a group a partition is given to one member only. */
export function* oneOwnerInAGeneration({ owned }: GroupHistory): Generator<string> {
  const owners = new Map<string, string>();
  for (const { group, generation, owner, partition } of owned) {
    const key = `${partition} in generation ${generation} of ${group}`;
    const former = owners.get(key);
    if (former !== undefined && former !== owner) {
      yield `invariant 14: ${former} and ${owner} were both given ${key}`;
    }
    owners.set(key, owner);
  }
}
