import { CONSUMER_PROTOCOL_TYPE, consumerSubscription } from '../protocol/consumer-protocol.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { Reader } from '../protocol/reader.js';
import { NAMES_READ_MAX } from './limits.js';
import type { ConsumerGroupView, GroupState, GroupView, MemberView } from './view.js';

/** The topics that a group's members consume, by name; 'all' when it cannot be known, so that none is taken for unused. */
export type Subscription = ReadonlySet<string> | 'all';

export function includes(subscription: Subscription, topic: string): boolean {
  return subscription === 'all' || subscription.has(topic);
}

export type AnyGroupView = GroupView | ConsumerGroupView;

export function isConsumer(group: AnyGroupView): group is ConsumerGroupView {
  return 'groupEpoch' in group;
}

/** What rises whenever the group's members may consume other topics than before. */
export function generationOf(group: AnyGroupView): number {
  return isConsumer(group) ? group.groupEpoch : group.generation;
}

/** Whether members consume the topic, or it cannot be known that they do not. */
export function consumes(group: AnyGroupView, topic: string): boolean {
  return isConsumer(group) ? group.isSubscribed(topic) : includes(group.subscription, topic);
}

/** What of a classic group its subscription follows from. */
interface Members {
  readonly protocolType: string;
  readonly protocolName: string | undefined;
  readonly state: GroupState;
  readonly generation: number;
  readonly members: ReadonlyMap<string, MemberView>;
}

const NOTHING: Subscription = new Set();

/**
 * What the members of a classic group told when they joined (Kafka: ClassicGroup.computeSubscribedTopics). Only groups of
 * protocol type "consumer" tell; before its first generation such a group may consume anything, and so may one whose members
 * tell more than an apply can read.
 */
export function subscriptionOf(group: Members): Subscription {
  const { protocolType, protocolName, state, generation } = group;
  if (protocolType !== CONSUMER_PROTOCOL_TYPE || state === 'Empty') {
    return NOTHING;
  }
  if (protocolName === undefined) {
    return generation === 0 ? 'all' : NOTHING;
  }
  const all = new Set<string>();
  let left = NAMES_READ_MAX;
  for (const { pending, protocols } of group.members.values()) {
    if (!pending) {
      const topics = topicsOf(protocols.find(({ name }) => name === protocolName)?.metadata, left);
      if (topics === undefined) {
        return 'all';
      }
      left -= topics.length;
      for (const topic of topics) {
        all.add(topic);
      }
    }
  }
  return all;
}

/** Every version of a subscription begins as v0 does; no more than that is read. Undefined: the bytes are none, or too many topics. */
function topicsOf(metadata: Uint8Array | undefined, topicsMax: number): readonly string[] | undefined {
  try {
    const reader = new Reader(metadata ?? new Uint8Array(0), 0, metadata?.length ?? 0, topicsMax);
    return reader.int16() < 0 ? undefined : consumerSubscription.read(0, reader).topics;
  } catch (error) {
    if (error instanceof ProtocolError) {
      return undefined;
    }
    throw error;
  }
}
