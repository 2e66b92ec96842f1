import { Agent, PAGE_WORDS } from './agents.js';
import { quotaEntityOf } from './client-quotas.js';
import { Digest } from './digest.js';
import { restoreConsumerGroup } from './consumer-groups/snapshot.js';
import type { Group } from './group.js';
import type { AnyGroup, Groups } from './groups.js';
import type { Ledger } from './limits.js';
import { SIZE } from './limits.js';
import { Member } from './members.js';
import { putOffset } from './offsets.js';
import type { Partition } from './partition.js';
import { WINDOW } from './producers.js';
import type {
  AgentRow,
  ExtentColumns,
  GroupRow,
  MemberRow,
  PartitionRow,
  ProducerColumns,
  TopicRow,
} from './snapshot.wire.js';
import { Snapshot } from './snapshot.wire.js';
import { GROUP_STATES, must, SNAPSHOT_FORMAT, SnapshotRefused } from './snapshot-format.js';
import { outcomeOf } from './snapshot-outcomes.js';
import { STATE_VERSION, State } from './state.js';
import { record } from './streams.js';
import { topicIdText } from './topic-id.js';
import { Topic } from './topics.js';

/** The state that `encodeSnapshot` wrote. Throws `SnapshotRefused` for anything else. */
export function decodeSnapshot(bytes: Uint8Array): State {
  const snapshot = parse(bytes);
  must(snapshot.format === SNAPSHOT_FORMAT, `format ${snapshot.format}, this agent knows ${SNAPSHOT_FORMAT}`);
  must(snapshot.stateVersion === STATE_VERSION, `state version ${snapshot.stateVersion}, this agent knows 1`);
  must(snapshot.digest.length === 8, 'digest');
  const state = new State();
  const { ledger } = state;
  state.revision = snapshot.revision;
  state.timeMs = snapshot.timeMs;
  state.term = snapshot.term;
  state.leader = snapshot.leader && { ...snapshot.leader, candidate: new Uint8Array(snapshot.leader.candidate) };
  ledger.bytesMax = snapshot.metadataBytesMax;
  ledger.full = snapshot.full;
  // Rows over the cap are there while a lowered one is being met; nothing may go while they are put back.
  ledger.producerRowsMax = Number.POSITIVE_INFINITY;
  state.producers.nextProducerId = snapshot.nextProducerId;
  restoreAgents(state, snapshot);
  const groups = snapshot.groups.map((row) => restoreGroup(state, row));
  const rows = restoreSegments(state, snapshot);
  const producerRows: number[] = [];
  for (const row of snapshot.topics) {
    const topic = topicOf(row, groups);
    must(!state.topics.byId.has(topic.topicId) && !state.topics.byName.has(topic.name), 'a topic is there twice');
    state.topics.link(topic);
    restorePartitions(state, topic, row, rows, producerRows);
  }
  restoreTrimming(state, snapshot.trimming);
  for (const row of snapshot.retiring) {
    const topic = topicOf(row, groups);
    state.topics.linkRetiring(topic);
    restorePartitions(state, topic, row, rows, producerRows);
  }
  for (const row of rows) {
    must(state.segments.liveExtents(row) > 0, 'a segment without extents');
  }
  must(
    snapshot.producersByUse.length === producerRows.length &&
      new Set(snapshot.producersByUse).size === producerRows.length &&
      snapshot.producersByUse.every((number) => number < producerRows.length),
    'order of producers',
  );
  for (const { configs, ...resource } of snapshot.resourceConfigs) {
    must(
      configs.length > 0 && state.configs.find(resource.resourceType, resource.resourceName) === undefined,
      'configs',
    );
    state.configs.link({ ...resource, configs: new Map(configs.map(({ name, value }) => [name, value])) });
  }
  for (const { values, ...named } of snapshot.clientQuotas) {
    const entity = quotaEntityOf(named);
    must(values.length > 0 && !state.clientQuotas.has(entity), 'client quotas');
    state.clientQuotas.link({ entity, values: new Map(values.map(({ key, value }) => [key, value])) });
  }
  state.producers.restoreOrder(snapshot.producersByUse.map((number) => producerRows[number]!));
  ledger.producerRowsMax = snapshot.producerRowsMax;
  must(ledger.bytes === snapshot.bytes, `it counts ${snapshot.bytes} bytes, its rows ${ledger.bytes}`);
  ledger.digest = Digest.of(snapshot.digest);
  return state;
}

function parse(bytes: Uint8Array): Snapshot {
  try {
    return Snapshot.decode(bytes);
  } catch (error) {
    throw new SnapshotRefused(`not a snapshot: ${(error as Error).message}`);
  }
}

function restoreAgents({ agents, ledger }: State, snapshot: Snapshot): void {
  agents.lastAgentEpoch = snapshot.lastAgentEpoch;
  for (const { name, nodeId } of snapshot.names) {
    must(!agents.nodeIds.has(name), 'an agent name is there twice');
    agents.linkName(name, nodeId);
  }
  for (const row of snapshot.agents) {
    must(!agents.byName.has(row.name) && !agents.byEpoch.has(row.agentEpoch), 'an agent is there twice');
    const agent = new Agent(row, row.nodeId, row.agentEpoch);
    agent.open = row.open;
    agents.link(agent);
    must(row.open || (row.streams.length === 0 && row.published.length === 0), 'a closed epoch with streams');
    restoreStreams(agent, row);
    for (const { page, words } of row.published) {
      must(words.length === PAGE_WORDS && !agent.published.has(page), 'published segments');
      agent.published.set(page, Uint32Array.from(words));
      ledger.bytes += SIZE.page;
    }
    for (const stream of agent.streams.values()) {
      stream.last -= stream.outcomes.length;
      for (const outcome of stream.outcomes.splice(0)) {
        record(stream, outcome, ledger);
      }
      ledger.bytes += SIZE.stream;
    }
  }
}

function restoreStreams(agent: Agent, row: AgentRow): void {
  for (const { stream, last, outcomes } of row.streams) {
    must(!agent.streams.has(stream) && outcomes.length <= last, 'streams');
    const restored = outcomes.map(outcomeOf).filter((outcome) => outcome !== undefined);
    must(restored.length === outcomes.length, 'an outcome of no kind');
    agent.streams.set(stream, { last, outcomes: restored });
  }
}

/** Row numbers by the segments' places in the snapshot. */
function restoreSegments({ segments }: State, { segments: columns }: Snapshot): number[] {
  const { agentEpochs, numbers, bytes } = columns ?? { agentEpochs: [], numbers: [], bytes: [] };
  must(agentEpochs.length === numbers.length && numbers.length === bytes.length, 'columns of segments');
  return numbers.map((number, place) => segments.add(agentEpochs[place]!, number, bytes[place]!));
}

function topicOf(row: TopicRow, groups: readonly AnyGroup[]): Topic {
  const topicId = topicIdText(row.topicId);
  must(topicId !== undefined, 'topic id');
  const configs = new Map(row.configs.map(({ name, value }) => [name, value]));
  const topic = new Topic(topicId, row.name, row.partitions.length, configs);
  topic.configsRevision = row.configsRevision;
  for (const place of row.committedBy) {
    must(place < groups.length, 'a topic with offsets of no group');
    topic.committedBy.add(groups[place]!.groupId);
  }
  return topic;
}

function restorePartitions(
  state: State,
  topic: Topic,
  { partitions }: TopicRow,
  rows: readonly number[],
  producerRows: number[],
): void {
  for (const [index, row] of partitions.entries()) {
    const partition = topic.partitions[index]!;
    if (row.extents !== undefined) {
      restoreExtents(state, partition, row.extents, rows);
    }
    if (row.producers !== undefined) {
      restoreProducers(state, partition, row.producers, producerRows);
    }
    restoreEnds(partition, row);
  }
}

/** The queue holds just the partitions that have something to drop. */
function restoreTrimming({ topics }: State, numbers: readonly number[]): void {
  const partitions = Array.from(topics.byId.values(), (topic) => topic.partitions).flat();
  for (const number of numbers) {
    const partition = partitions[number];
    must(partition?.hasExtentBelowLogStart === true && !topics.trimming.has(partition), 'a partition to trim');
    topics.trimming.add(partition);
  }
  const due = partitions.filter((partition) => partition.hasExtentBelowLogStart);
  must(due.length === topics.trimming.size, 'partitions to trim');
}

function restoreEnds(partition: Partition, { logStartOffset, highWatermark }: PartitionRow): void {
  must(logStartOffset <= highWatermark && partition.highWatermark <= highWatermark, 'ends of a partition');
  partition.logStartOffset = logStartOffset;
  partition.highWatermark = highWatermark;
}

function restoreExtents(state: State, partition: Partition, columns: ExtentColumns, rows: readonly number[]): void {
  const { baseOffsets, records, maxTimestamps, segments, positions, lengths } = columns;
  must(
    [records, maxTimestamps, segments, positions, lengths].every(({ length }) => length === baseOffsets.length),
    'columns of extents',
  );
  for (const [index, baseOffset] of baseOffsets.entries()) {
    const row = rows[segments[index]!];
    must(row !== undefined && baseOffset >= partition.highWatermark, 'an extent out of place');
    partition.highWatermark = baseOffset;
    const [count, timestamp, position, length] = [
      records[index]!,
      maxTimestamps[index]!,
      positions[index]!,
      lengths[index]!,
    ];
    state.topics.addExtent(partition, count, timestamp, row, position, length);
  }
}

function restoreProducers(state: State, partition: Partition, columns: ProducerColumns, producerRows: number[]): void {
  const { producerIds, epochs, usedMs, lastTimestamps, windows, firstSequences, lastSequences, baseOffsets } = columns;
  must(
    [epochs, usedMs, lastTimestamps, windows].every(({ length }) => length === producerIds.length) &&
      [lastSequences, baseOffsets].every(({ length }) => length === firstSequences.length),
    'columns of producers',
  );
  let at = 0;
  for (const [index, producerId] of producerIds.entries()) {
    const end = at + windows[index]!;
    must(
      end > at && end <= at + WINDOW && end <= firstSequences.length && !partition.producers.has(producerId),
      'a window of a producer',
    );
    producerRows.push(
      state.producers.restore({
        owner: partition,
        producerId,
        epoch: epochs[index]!,
        usedMs: usedMs[index]!,
        lastTimestamp: lastTimestamps[index]!,
        firstSequences: firstSequences.slice(at, end),
        lastSequences: lastSequences.slice(at, end),
        baseOffsets: baseOffsets.slice(at, end),
      }),
    );
    at = end;
  }
  must(at === firstSequences.length, 'windows of producers');
}

function restoreGroup({ groups, ledger }: State, row: GroupRow): AnyGroup {
  must(!groups.byId.has(row.group), 'a group is there twice');
  const group =
    row.consumer === undefined
      ? restoreClassicGroup(groups, row)
      : restoreConsumerGroup(groups, row.group, row.consumer);
  restoreOffsets(group, row, ledger);
  return group;
}

function restoreClassicGroup(groups: Groups, row: GroupRow): Group {
  const group = groups.create(row.group);
  for (const member of row.members) {
    must(!group.members.has(member.memberId), 'a member is there twice');
    group.add(memberOf(member));
  }
  must(row.leaderId === undefined || group.member(row.leaderId) !== undefined, 'leader of a group');
  const state = GROUP_STATES[row.state];
  must(state !== undefined, 'state of a group');
  group.state = state;
  group.generation = row.generation;
  group.joinPhase = row.joinPhase;
  group.protocolType = row.protocolType;
  group.protocolName = row.protocolName;
  group.leaderId = row.leaderId;
  group.joinStartedMs = row.joinStartedMs;
  group.inInitialDelay = row.inInitialDelay;
  group.initialDelayMs = row.initialDelayMs;
  group.emptySinceMs = row.emptySinceMs;
  return group;
}

function restoreOffsets(group: AnyGroup, row: GroupRow, ledger: Ledger): void {
  for (const { topicId, partitions, offsets, leaderEpochs, metadata, committedMs, expireMs } of row.offsets) {
    const id = topicIdText(topicId);
    must(id !== undefined, 'topic id of offsets');
    must(
      [offsets, leaderEpochs, metadata, committedMs].every(({ length }) => length === partitions.length),
      'columns of offsets',
    );
    must(expireMs.length === 0 || expireMs.length === partitions.length, 'expiry of offsets');
    for (const [index, partition] of partitions.entries()) {
      const committed = {
        offset: offsets[index]!,
        leaderEpoch: leaderEpochs[index]!,
        metadata: metadata[index]!,
        committedMs: committedMs[index]!,
        ...((expireMs[index] ?? -1) < 0 ? {} : { expireMs: expireMs[index]! }),
      };
      putOffset(group, id, partition, committed, ledger);
    }
  }
}

function memberOf(row: MemberRow): Member {
  const member = new Member(row.memberId, row.instanceId, row);
  member.update(row);
  member.assignment = new Uint8Array(row.assignment);
  member.joined = row.joined;
  member.synced = row.synced;
  member.pending = row.pending;
  member.isNew = row.isNew;
  return member;
}
