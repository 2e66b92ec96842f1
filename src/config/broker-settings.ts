import { type HostPort, showHostPort } from './addresses.js';
import { brokerConfigs } from './broker-configs.js';
import type { Settings } from './settings.js';

/** The settings of an agent that Kafka's broker configs speak of. */
export type BrokerSettings = Pick<
  Settings,
  | 'autoCreateTopics'
  | 'connectionIdleMs'
  | 'connectionsMax'
  | 'connectionsPerIpMax'
  | 'defaultPartitions'
  | 'frameBytesMax'
  | 'groupConsumerAssignmentIntervalMs'
  | 'groupConsumerHeartbeatMs'
  | 'groupConsumerSessionMs'
  | 'groupInitialRebalanceDelayMs'
  | 'groupMembersMax'
  | 'groupSessionMsMax'
  | 'groupSessionMsMin'
  | 'logLevel'
  | 'messageBytesMax'
  | 'offsetsRetentionMs'
  | 'receiveBufferBytes'
  | 'zone'
>;

/** What only a running agent knows. */
export interface BrokerFacts {
  readonly nodeId: number;
  /** As `listenerText` writes them. */
  readonly listeners: readonly string[];
  readonly advertisedListeners: readonly string[];
  /** The bucket, as people write it. */
  readonly bucket: string;
}

/**
 * A listener as Kafka writes it: NAME://HOST:PORT. One that was given no name has its address for a name (addresses.ts), which
 * tools could not take apart; in Kafka it would go by its protocol.
 */
export function listenerText({ name, ...address }: HostPort & { readonly name: string }): string {
  return `${name.includes(':') ? 'PLAINTEXT' : name}://${showHostPort(address)}`;
}

/** What Kafka would find in its file of properties: facts, and settings that are not Kafka's defaults. */
export function settingsAsConfigs(settings: BrokerSettings, facts: BrokerFacts): ReadonlyMap<string, string> {
  const all: Readonly<Record<string, string | undefined>> = {
    'advertised.listeners': facts.advertisedListeners.join(','),
    'auto.create.topics.enable': `${settings.autoCreateTopics}`,
    'broker.id': `${facts.nodeId}`,
    'broker.rack': settings.zone,
    'connections.max.idle.ms': `${settings.connectionIdleMs}`,
    'group.consumer.assignment.interval.ms': `${settings.groupConsumerAssignmentIntervalMs}`,
    'group.consumer.heartbeat.interval.ms': `${settings.groupConsumerHeartbeatMs}`,
    'group.consumer.session.timeout.ms': `${settings.groupConsumerSessionMs}`,
    'group.initial.rebalance.delay.ms': `${settings.groupInitialRebalanceDelayMs}`,
    'group.max.session.timeout.ms': `${settings.groupSessionMsMax}`,
    'group.max.size': `${settings.groupMembersMax}`,
    'group.min.session.timeout.ms': `${settings.groupSessionMsMin}`,
    listeners: facts.listeners.join(','),
    'log.dirs': facts.bucket,
    'max.connections': `${settings.connectionsMax}`,
    'max.connections.per.ip': `${settings.connectionsPerIpMax}`,
    'message.max.bytes': `${settings.messageBytesMax}`,
    'node.id': `${facts.nodeId}`,
    'num.partitions': `${settings.defaultPartitions}`,
    'offsets.retention.minutes': `${Math.ceil(settings.offsetsRetentionMs / 60_000)}`,
    'process.roles': 'broker',
    'socket.receive.buffer.bytes': `${settings.receiveBufferBytes}`,
    'socket.request.max.bytes': `${settings.frameBytesMax}`,
  };
  const configs = new Map<string, string>();
  for (const [name, value] of Object.entries(all)) {
    if (value !== undefined && value !== brokerConfigs[name]!.default) {
      configs.set(name, value);
    }
  }
  return configs;
}
