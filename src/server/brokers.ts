import type { AgentView, MetadataView } from '../metadata/view.js';

/** An agent as a Kafka client sees it: by the address of the listener that the client itself came by. */
export interface Broker {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

/**
 * The agents that clients may be sent to: open, with a listener of this name, by node id. While a leader is known only its
 * agent is one: another agent's commands have no way to the leader yet, and a registration stays open when its process is
 * gone and its name never comes back.
 */
export function brokersOf(view: MetadataView, listener: string): Broker[] {
  const leading = view.leader === undefined ? undefined : view.registrationOf(view.leader.candidate);
  const brokers: Broker[] = [];
  for (const agent of view.agents()) {
    const serves = agent.open && (leading === undefined || leading.agentEpoch === agent.agentEpoch);
    const address = serves ? addressOf(agent, listener) : undefined;
    if (address !== undefined) {
      const { host, port } = address;
      brokers.push({ nodeId: agent.nodeId, host, port, rack: agent.zone === '' ? null : agent.zone });
    }
  }
  return brokers.sort((one, other) => one.nodeId - other.nodeId);
}

function addressOf(agent: AgentView, listener: string): AgentView['listeners'][number] | undefined {
  return agent.listeners.find((candidate) => candidate.name === listener);
}

/**
 * The broker to talk to about `key`: a partition, a group. Any agent could serve it; all agents name the same one, and few
 * keys move when agents come or go (rendezvous hashing). Undefined without brokers.
 */
export function brokerFor(brokers: readonly Broker[], key: string): Broker | undefined {
  let best: Broker | undefined;
  let bestWeight = -1;
  for (const broker of brokers) {
    const weight = brokers.length === 1 ? 0 : hash(`${broker.nodeId}/${key}`);
    if (weight > bestWeight) {
      best = broker;
      bestWeight = weight;
    }
  }
  return best;
}

/** The agent that is named as leader, replicas and in-sync replicas of a partition; undefined without brokers. */
export function leaderOf(brokers: readonly Broker[], topicId: string, partition: number): Broker | undefined {
  return brokerFor(brokers, `${topicId}/${partition}`);
}

/** FNV-1a with a final mix (MurmurHash3's), since FNV alone leaves the last character in the low bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
