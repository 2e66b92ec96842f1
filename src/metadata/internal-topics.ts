/** The topics that Kafka keeps for itself (org.apache.kafka.common.internals.Topic). Weft has none, but clients may make them. */
const INTERNAL: ReadonlySet<string> = new Set(['__consumer_offsets', '__transaction_state', '__share_group_state']);

export function isInternalTopic(name: string): boolean {
  return INTERNAL.has(name);
}
