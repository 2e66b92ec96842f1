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
    const broker = serves ? brokerOf(agent, listener) : undefined;
    if (broker !== undefined) {
      brokers.push(broker);
    }
  }
  return brokers.sort((one, other) => one.nodeId - other.nodeId);
}

/** Agents with an address by this listener that are no brokers at present: what Kafka calls fenced. */
export function fencedOf(view: MetadataView, listener: string, brokers: readonly Broker[]): Broker[] {
  const serving = new Set(brokers.map(({ nodeId }) => nodeId));
  const fenced: Broker[] = [];
  for (const agent of view.agents()) {
    const broker = serving.has(agent.nodeId) ? undefined : brokerOf(agent, listener);
    if (broker !== undefined) fenced.push(broker);
  }
  return fenced.sort((one, other) => one.nodeId - other.nodeId);
}

/** Any agent can do what a controller does, if clients are told of it; -1 when they are told of none. */
export function controllerOf(brokers: readonly Broker[], self: number): number {
  return brokers.some(({ nodeId }) => nodeId === self) ? self : (brokers[0]?.nodeId ?? -1);
}

function brokerOf(agent: AgentView, listener: string): Broker | undefined {
  const address = agent.listeners.find(({ name }) => name === listener);
  if (address === undefined) {
    return undefined;
  }
  return { nodeId: agent.nodeId, host: address.host, port: address.port, rack: agent.zone === '' ? null : agent.zone };
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
