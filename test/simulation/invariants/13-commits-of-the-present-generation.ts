import type { GroupHistory } from '../group-history.js';

/**
 * A commit counts only in the generation that made it: none is taken that was sent after a later generation had begun, and
 * what was taken is never found undone (owners go on from what they find, so offsets never go back).
 */
export function* commitsOfThePresentGeneration(history: GroupHistory): Generator<string> {
  yield* takenTooLate(history);
  yield* goneBack(history);
}

function* takenTooLate({ announced, commits }: GroupHistory): Generator<string> {
  const taken = commits.filter(({ takenAt }) => takenAt !== undefined).sort((a, b) => a.sentAt - b.sentAt);
  const newest = new Map<string, number>();
  let next = 0;
  for (const { group, generation, partition, sentAt } of taken) {
    for (; next < announced.length && announced[next]!.at < sentAt; next += 1) {
      const { group: told, generation: begun } = announced[next]!;
      newest.set(told, Math.max(newest.get(told) ?? 0, begun));
    }
    const begun = newest.get(group) ?? 0;
    if (begun > generation) {
      yield `invariant 13: a commit of ${group} generation ${generation} for ${partition} was taken after ${begun} had begun`;
    }
  }
}

function* goneBack({ commits, fetches }: GroupHistory): Generator<string> {
  const taken = commits.filter(({ takenAt }) => takenAt !== undefined).sort((a, b) => a.takenAt! - b.takenAt!);
  const greatest = new Map<string, number>();
  let next = 0;
  for (const { group, partition, beganAt, offset } of [...fetches].sort((a, b) => a.beganAt - b.beganAt)) {
    for (; next < taken.length && taken[next]!.takenAt! < beganAt; next += 1) {
      const commit = taken[next]!;
      const key = `${commit.group} ${commit.partition}`;
      greatest.set(key, Math.max(greatest.get(key) ?? -1, commit.offset));
    }
    const committed = greatest.get(`${group} ${partition}`) ?? -1;
    if (offset < committed) {
      yield `invariant 13: ${group} had committed ${committed} of ${partition}, and ${offset} was found`;
    }
  }
}
