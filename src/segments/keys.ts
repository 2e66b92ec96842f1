/** The object key of a segment: numbers as they are, since nothing relies on the order of names. */
export function segmentKey(cluster: string, agentEpoch: number, segment: number): string {
  return `${cluster}/data/${agentEpoch}/${segment}`;
}
