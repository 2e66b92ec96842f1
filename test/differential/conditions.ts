import type { Step } from './script.js';

/** A tag section that claims 2^32 - 1 tags. */
export const claimsAllTags = ({ damage }: Step): boolean =>
  damage.some((each) => each.kind === 'tags' && each.bytes[0] === 0xff && each.bytes[4] === 0x0f);

/** A tag section of the header with two tags that nobody knows, of one number. */
export const claimsATagTwice = ({ damage }: Step): boolean =>
  damage.some(
    (each) => each.kind === 'tags' && each.of === 'header' && each.bytes[0] === 2 && each.bytes[1] === each.bytes[4],
  );

export const oddIsolation = ({ request }: Step): boolean =>
  ![0, 1].includes((request as { isolationLevel: number }).isolationLevel);

export function namesLastEpoch({ request }: Step): boolean {
  const { topics } = request as { topics: readonly { partitions: readonly { lastFetchedEpoch?: number }[] }[] };
  return topics.some(({ partitions }) => partitions.some(({ lastFetchedEpoch = -1 }) => lastFetchedEpoch !== -1));
}

export function asksForMaxTimestamp({ request }: Step): boolean {
  const { topics } = request as { topics: readonly { partitions: readonly { timestamp: number }[] }[] };
  return topics.some(({ partitions }) => partitions.some(({ timestamp }) => timestamp === -3));
}

export function asksForBrokers({ request }: Step): boolean {
  const { resources } = request as { resources: readonly { resourceType: number }[] };
  return resources.some(({ resourceType }) => resourceType === 4 || resourceType === 8);
}

export function namesNothing({ request }: Step): boolean {
  const { topics } = request as { topics: readonly { name: string }[] };
  return topics.some(({ name }) => name === '');
}

export function namesTwice({ request }: Step): boolean {
  const { topicData } = request as {
    topicData: readonly { name?: unknown; topicId?: unknown; partitionData: readonly { index: number }[] }[];
  };
  const named = topicData.flatMap(({ name, topicId, partitionData }) =>
    partitionData.map(({ index }) => JSON.stringify([name ?? topicId, index])),
  );
  return new Set(named).size < named.length;
}

/** Two names of which "." and "_" make the only difference. */
export function collidesWithin({ request }: Step): boolean {
  const { topics } = request as { topics: readonly { name: string }[] };
  const names = new Set(topics.map(({ name }) => name));
  return new Set(Array.from(names, (name) => name.replaceAll('.', '_'))).size < names.size;
}
