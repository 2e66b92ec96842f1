import type { Agent } from './agents.js';
import { namedEntity } from './client-quotas.js';
import { consumerGroupRow } from './consumer-groups/snapshot.js';
import type { Group } from './group.js';
import type { AnyGroup } from './groups.js';
import type { Partition } from './partition.js';
import type { Producers } from './producers.js';
import type {
  AgentRow,
  ConfigRow,
  ExtentColumns,
  GroupRow,
  PartitionRow,
  ProducerColumns,
  TopicOffsetsRow,
  TopicRow,
} from './snapshot.wire.js';
import { Snapshot } from './snapshot.wire.js';
import { GROUP_STATES, SNAPSHOT_FORMAT } from './snapshot-format.js';
import { outcomeRow } from './snapshot-outcomes.js';
import type { State } from './state.js';
import { STATE_VERSION } from './state.js';
import { topicIdBytes } from './topic-id.js';
import type { Topic, Topics } from './topics.js';

/** The state as bytes (proto/snapshot.proto). Equal states give equal bytes. */
export function encodeSnapshot(state: State): Uint8Array {
  const { ledger, agents, segments, producers, topics, groups, configs, clientQuotas } = state;
  const ordered = segments.ordered();
  /** By row: its place in the snapshot. */
  const places = new Uint32Array(segments.rowLimit);
  for (const [place, row] of ordered.entries()) {
    places[row] = place;
  }
  const groupPlaces = new Map([...groups.byId.keys()].map((groupId, place) => [groupId, place]));
  const topicRows = (of: Iterable<Topic>) => Array.from(of, (topic) => topicRow(topic, places, groupPlaces, producers));
  const rows = Array.from(ordered);
  return Snapshot.encode({
    format: SNAPSHOT_FORMAT,
    stateVersion: STATE_VERSION,
    revision: state.revision,
    timeMs: state.timeMs,
    digest: ledger.digest.bytesValue,
    bytes: ledger.bytes,
    metadataBytesMax: ledger.bytesMax,
    full: ledger.full,
    producerRowsMax: ledger.producerRowsMax,
    lastAgentEpoch: agents.lastAgentEpoch,
    nextProducerId: producers.nextProducerId,
    term: state.term,
    leader: state.leader,
    names: Array.from(agents.nodeIds, ([name, nodeId]) => ({ name, nodeId })),
    agents: Array.from(agents.byName.values(), agentRow),
    segments: {
      agentEpochs: rows.map((row) => segments.agentEpoch(row)),
      numbers: rows.map((row) => segments.number(row)),
      bytes: rows.map((row) => segments.bytes(row)),
    },
    topics: topicRows(topics.byId.values()),
    retiring: topicRows(topics.retiring),
    producersByUse: producersByUse(state),
    groups: Array.from(groups.byId.values(), anyGroupRow),
    resourceConfigs: Array.from(configs.byResource.values(), ({ configs: set, ...resource }) => ({
      ...resource,
      configs: configRows(set),
    })),
    trimming: trimming(topics),
    clientQuotas: Array.from(clientQuotas.byEntity.values(), ({ entity, values }) => ({
      ...namedEntity(entity),
      values: Array.from(values, ([key, value]) => ({ key, value })),
    })),
  }).finish();
}

function configRows(configs: ReadonlyMap<string, string>): ConfigRow[] {
  return Array.from(configs, ([name, value]) => ({ name, value }));
}

function producersByUse({ topics, producers }: State): number[] {
  const numbers = new Map<number, number>();
  for (const topic of [...topics.byId.values(), ...topics.retiring]) {
    for (const partition of topic.partitions) {
      for (const row of partition.producers.values()) {
        numbers.set(row, numbers.size);
      }
    }
  }
  return Array.from(producers.byUse(), (row) => numbers.get(row)!);
}

function trimming({ byId, trimming: queue }: Topics): number[] {
  if (queue.size === 0) {
    return [];
  }
  const numbers = new Map<Partition, number>();
  for (const topic of byId.values()) {
    for (const partition of topic.partitions) {
      numbers.set(partition, numbers.size);
    }
  }
  return Array.from(queue, (partition) => numbers.get(partition)!);
}

function agentRow(agent: Agent): AgentRow {
  return {
    name: agent.name,
    nodeId: agent.nodeId,
    agentEpoch: agent.agentEpoch,
    incarnation: agent.incarnation,
    zone: agent.zone,
    listeners: [...agent.listeners],
    open: agent.open,
    streams: Array.from(agent.streams, ([stream, { last, outcomes }]) => ({
      stream,
      last,
      outcomes: outcomes.map(outcomeRow),
    })),
    published: Array.from(agent.published, ([page, words]) => ({ page, words: [...words] })),
  };
}

function topicRow(
  topic: Topic,
  places: Uint32Array,
  groupPlaces: ReadonlyMap<string, number>,
  producers: Producers,
): TopicRow {
  return {
    topicId: topicIdBytes(topic.topicId),
    name: topic.name,
    configs: configRows(topic.configs),
    configsRevision: topic.configsRevision,
    partitions: topic.partitions.map((partition) => partitionRow(partition, places, producers)),
    committedBy: Array.from(topic.committedBy, (groupId) => groupPlaces.get(groupId)!),
  };
}

function partitionRow(partition: Partition, places: Uint32Array, producers: Producers): PartitionRow {
  return {
    logStartOffset: partition.logStartOffset,
    highWatermark: partition.highWatermark,
    extents: partition.extents.count === 0 ? undefined : extentColumns(partition, places),
    producers: partition.producers.size === 0 ? undefined : producerColumns(partition, producers),
  };
}

function extentColumns({ extents }: Partition, places: Uint32Array): ExtentColumns {
  const column = (value: (index: number) => number) =>
    Array.from({ length: extents.count }, (_, index) => value(index));
  return {
    baseOffsets: column((index) => extents.baseOffset(index)),
    records: column((index) => extents.records(index)),
    maxTimestamps: column((index) => extents.maxTimestamp(index)),
    segments: column((index) => places[extents.segment(index)]!),
    positions: column((index) => extents.position(index)),
    lengths: column((index) => extents.length(index)),
  };
}

function producerColumns(partition: Partition, producers: Producers): ProducerColumns {
  const rows = Array.from(partition.producers.values(), (row) => producers.read(row));
  return {
    producerIds: rows.map(({ producerId }) => producerId),
    epochs: rows.map(({ epoch }) => epoch),
    usedMs: rows.map(({ usedMs }) => usedMs),
    lastTimestamps: rows.map(({ lastTimestamp }) => lastTimestamp),
    windows: rows.map(({ firstSequences }) => firstSequences.length),
    firstSequences: rows.flatMap(({ firstSequences }) => firstSequences),
    lastSequences: rows.flatMap(({ lastSequences }) => lastSequences),
    baseOffsets: rows.flatMap(({ baseOffsets }) => baseOffsets),
  };
}

/** Fields of classic groups, as a group of another kind has them. */
const NOT_CLASSIC: Omit<GroupRow, 'group' | 'offsets' | 'consumer'> = {
  state: 0,
  generation: 0,
  joinPhase: 0,
  protocolType: '',
  protocolName: undefined,
  leaderId: undefined,
  joinStartedMs: 0,
  inInitialDelay: false,
  initialDelayMs: 0,
  members: [],
  emptySinceMs: 0,
};

function anyGroupRow(group: AnyGroup): GroupRow {
  return group.kind === 'classic'
    ? groupRow(group)
    : { ...NOT_CLASSIC, group: group.groupId, offsets: offsetRows(group), consumer: consumerGroupRow(group) };
}

function groupRow(group: Group): GroupRow {
  return {
    group: group.groupId,
    state: GROUP_STATES.indexOf(group.state),
    generation: group.generation,
    joinPhase: group.joinPhase,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leaderId: group.leaderId,
    joinStartedMs: group.joinStartedMs,
    inInitialDelay: group.inInitialDelay,
    initialDelayMs: group.initialDelayMs,
    emptySinceMs: group.emptySinceMs,
    members: Array.from(group.members.values(), (member) => ({
      memberId: member.memberId,
      instanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      sessionTimeoutMs: member.sessionTimeoutMs,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      protocols: [...member.protocols],
      assignment: member.assignment,
      joined: member.joined,
      synced: member.synced,
      pending: member.pending,
      isNew: member.isNew,
    })),
    offsets: offsetRows(group),
    consumer: undefined,
  };
}

function offsetRows(group: AnyGroup): TopicOffsetsRow[] {
  return Array.from(group.offsets, ([topicId, { partitions }]) => {
    const committed = [...partitions.values()];
    return {
      topicId: topicIdBytes(topicId),
      partitions: [...partitions.keys()],
      offsets: committed.map(({ offset }) => offset),
      leaderEpochs: committed.map(({ leaderEpoch }) => leaderEpoch),
      metadata: committed.map(({ metadata }) => metadata),
      committedMs: committed.map(({ committedMs }) => committedMs),
      expireMs: committed.some(({ expireMs }) => expireMs !== undefined)
        ? committed.map(({ expireMs }) => expireMs ?? -1)
        : [],
    };
  });
}
