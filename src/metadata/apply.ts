import { errors } from '../protocol/errors.js';
import type { Agent } from './agents.js';
import { leaveByRequest, syncAsClassic } from './consumer-groups/classic-members.js';
import { assignTargets, expireConsumerMembers, heartbeat, resolveRegexes } from './consumer-groups/rules.js';
import { deleteRecords } from './delete-records.js';
import type { Digest } from './digest.js';
import { EntryRefused } from './entry.js';
import { join } from './join.js';
import type { Command, Entry, Forwarded } from './journal.wire.js';
import { ROWS_PER_ENTRY_MAX } from './limits.js';
import { expireOffsets } from './offset-expiry.js';
import { commitOffsets, deleteOffsets, dropOffsets, forgetOffsets } from './offsets.js';
import type { NotTaken, Outcome } from './outcomes.js';
import { DONE, refused } from './outcomes.js';
import { publish } from './publish.js';
import type { State } from './state.js';
import { ChangeLog } from './state.js';
import { place, record } from './streams.js';
import { topicIdText } from './topic-id.js';

/** What a command's rule may touch besides the state. */
interface Context {
  readonly revision: number;
  readonly timeMs: number;
  /** The agent whose stream the command came on; undefined for agent epoch 0. */
  readonly agent: Agent | undefined;
  readonly changes: ChangeLog;
}

type Kinds = NonNullable<Command['kind']>;
type Kind = Kinds['$case'];
type Value<K extends Kind> = Extract<Kinds, { $case: K }>['value'];
type Rules = { readonly [K in Kind]: Rule<Value<K>> };
type Rule<V> = (state: State, command: V, context: Context) => Outcome;

/** Every command's rule. The hub: rules live with their tables. */
const RULES: Rules = {
  registerAgent: (state, command, { changes }) => {
    const outcome = state.agents.register(command);
    changes.agentsChanged ||= outcome.kind !== 'refused';
    return outcome;
  },
  closeAgentEpoch: (state, command, { changes }) => {
    const outcome = state.agents.close(command);
    changes.agentsChanged ||= outcome.kind !== 'refused';
    return outcome;
  },
  becomeLeader: (state, command, { revision, changes }) => {
    state.leader = { ...command, candidate: new Uint8Array(command.candidate) };
    state.term = revision;
    changes.leaderChanged = true;
    state.ledger.digest.bytes(command.candidate);
    return DONE;
  },
  resignLeader: (state, _command, { changes }) => {
    state.leader = undefined;
    changes.leaderChanged = true;
    return DONE;
  },
  createTopic: (state, command, { changes }) =>
    changingTopic(state, command.name, changes, state.topics.create(command)),
  deleteTopic: (state, command, { changes }) => {
    const outcome = changingTopic(state, nameOf(state, command.topicId), changes, state.topics.delete(command));
    if (outcome === DONE) {
      changes.deletedTopics.push(topicIdText(command.topicId)!);
    }
    return outcome;
  },
  createPartitions: (state, command, { changes }) =>
    changingTopic(state, nameOf(state, command.topicId), changes, state.topics.createPartitions(command)),
  alterTopicConfigs: (state, command, { revision, changes }) => {
    const outcome = state.topics.alterConfigs(command, revision);
    changes.topicsChanged ||= outcome === DONE;
    return outcome;
  },
  alterResourceConfigs: (state, command, { revision, changes }) => {
    const outcome = state.configs.alter(command, revision);
    changes.resourceConfigsChanged ||= outcome === DONE;
    return outcome;
  },
  deleteRecords: (state, command) => deleteRecords(state.topics, command),
  alterClientQuotas: (state, command, { changes }) =>
    state.clientQuotas.alter(command, (row) => changes.clientQuotas.push(row)),
  allocateProducerIds: (state, command) => state.producers.allocate(command),
  publishSegment: (state, command, { agent, timeMs, changes }) =>
    agent === undefined
      ? refused(errors.INVALID_REQUEST.code, 'only an agent publishes')
      : publish(state, agent, command, timeMs, (partition) => changes.advance(partition)),
  skipNumber: () => DONE,
  setLimits: (state, command) => {
    state.ledger.set(command);
    return DONE;
  },
  joinGroup: (state, command, { timeMs, changes }) => touching(command.group, changes, join(state, command, timeMs)),
  syncGroup: (state, command, { changes }) => {
    const consumer = state.groups.consumer(command.group);
    return touching(
      command.group,
      changes,
      consumer === undefined ? state.groups.sync(command) : syncAsClassic(state, consumer, command),
    );
  },
  leaveGroup: (state, command, { timeMs, changes }) => {
    const consumer = state.groups.consumer(command.group);
    return touching(
      command.group,
      changes,
      consumer === undefined ? state.groups.leave(command, timeMs) : leaveByRequest(state, consumer, command, timeMs),
    );
  },
  commitOffsets: (state, command, { timeMs, changes }) =>
    touching(command.group, changes, commitOffsets(state.groups, state.topics, state.ledger, command, timeMs)),
  expireMembers: (state, command, { timeMs, changes }) =>
    touching(command.group, changes, state.groups.expire(command, timeMs)),
  completeJoin: (state, command, { timeMs, changes }) =>
    touching(command.group, changes, state.groups.completeJoin(command, timeMs)),
  deleteGroup: (state, command, { changes }) =>
    touching(
      command.group,
      changes,
      state.groups.delete(command, (group) => forgetOffsets(group, state.topics, state.ledger)),
    ),
  deleteOffsets: (state, command, { changes }) =>
    touching(command.group, changes, deleteOffsets(state.groups, state.topics, state.ledger, command)),
  expireOffsets: (state, command, { changes }) =>
    expireOffsets(state.groups, state.topics, state.ledger, command, (groupId) => changes.groups.add(groupId)),
  consumerHeartbeat: (state, command, { timeMs, changes }) =>
    touching(command.group, changes, heartbeat(state, command, timeMs)),
  assignTargets: (state, command, { changes }) => touching(command.group, changes, assignTargets(state, command)),
  expireConsumerMembers: (state, command, { timeMs, changes }) =>
    touching(command.group, changes, expireConsumerMembers(state, command, timeMs)),
  resolveRegexes: (state, command, { changes }) => touching(command.group, changes, resolveRegexes(state, command)),
};

/** Commands that come without an agent epoch: a process without one yet, and the leader's own. */
const WITHOUT_EPOCH: ReadonlySet<Kind> = new Set<Kind>([
  'registerAgent',
  'closeAgentEpoch',
  'becomeLeader',
  'resignLeader',
  'setLimits',
  'expireMembers',
  'completeJoin',
  'expireOffsets',
  'assignTargets',
  'expireConsumerMembers',
  'resolveRegexes',
]);

/** Applies an entry: one outcome a command, in order. Each command is applied whole or not at all. */
export function applyEntry(state: State, entry: Entry): { readonly outcomes: Outcome[]; readonly changes: ChangeLog } {
  if (entry.format !== 1) {
    throw new EntryRefused(`journal entry of format ${entry.format}; this agent knows format 1`);
  }
  if (entry.revision !== state.revision + 1) {
    throw new EntryRefused(`journal entry ${entry.revision} after revision ${state.revision}`);
  }
  for (const { command } of entry.commands) {
    if (command?.kind === undefined) {
      throw new EntryRefused(`journal entry ${entry.revision} holds a command that this agent does not know`);
    }
  }
  state.revision = entry.revision;
  state.timeMs = Math.max(state.timeMs, entry.timeMs);
  const { digest } = state.ledger;
  digest.number(state.revision);
  digest.number(state.timeMs);
  const changes = new ChangeLog(entry.revision);
  const outcomes: Outcome[] = [];
  for (const forwarded of entry.commands) {
    const outcome = applyForwarded(state, forwarded, changes);
    mixOutcome(digest, outcome);
    outcomes.push(outcome);
  }
  const left = state.topics.retire(ROWS_PER_ENTRY_MAX, (groupId, topicId) => {
    const group = state.groups.byId.get(groupId);
    if (group !== undefined) {
      dropOffsets(group, topicId, state.ledger);
    }
  });
  state.topics.trim(left);
  state.producers.trim(ROWS_PER_ENTRY_MAX);
  digest.number(state.ledger.bytes);
  return { outcomes, changes };
}

function applyForwarded(state: State, forwarded: Forwarded, changes: ChangeLog): Outcome {
  const kind = forwarded.command!.kind!;
  const { revision, timeMs } = state;
  if (forwarded.agentEpoch === 0) {
    return WITHOUT_EPOCH.has(kind.$case)
      ? applyKind(state, kind, { revision, timeMs, agent: undefined, changes })
      : refused(errors.INVALID_REQUEST.code, 'this command needs an agent epoch');
  }
  const agent = state.agents.open(forwarded.agentEpoch);
  if (agent === undefined) {
    return notTaken('closed');
  }
  const position = place(agent.streams, forwarded.stream, forwarded.number, forwarded.confirmed, state.ledger);
  switch (position.kind) {
    case 'refused':
      return notTaken(position.notTaken);
    case 'repeat':
      return position.outcome;
    case 'next': {
      const outcome = applyKind(state, kind, { revision, timeMs, agent, changes });
      // A command may have closed its own epoch; then there is no one left to ask for its outcome.
      if (agent.open) {
        record(position.stream, outcome, state.ledger);
      }
      return outcome;
    }
  }
}

function nameOf(state: State, topicId: Uint8Array): string {
  return state.topics.byId.get(topicIdText(topicId) ?? '')?.name ?? '';
}

/** A topic came, went or has other partitions: consumer groups that subscribe to it are assigned anew. */
function changingTopic(state: State, name: string, changes: ChangeLog, outcome: Outcome): Outcome {
  if (outcome.kind !== 'refused') {
    changes.topicsChanged = true;
    for (const groupId of state.groups.topicChanged(name)) {
      changes.groups.add(groupId);
    }
  }
  return outcome;
}

function touching(groupId: string, changes: ChangeLog, outcome: Outcome): Outcome {
  if (outcome.kind !== 'refused') {
    changes.groups.add(groupId);
  }
  return outcome;
}

function applyKind(state: State, kind: Kinds, context: Context): Outcome {
  state.ledger.weigh();
  return (RULES[kind.$case] as Rule<unknown>)(state, kind.value, context);
}

/** Retriable for every client: the agent registers anew, or sends the command again in its place. */
function notTaken(reason: NotTaken): Outcome {
  return {
    kind: 'refused',
    error: errors.NOT_LEADER_OR_FOLLOWER.code,
    message: `stream position: ${reason}`,
    notTaken: reason,
  };
}

function mixOutcome(digest: Digest, outcome: Outcome): void {
  digest.text(outcome.kind);
  switch (outcome.kind) {
    case 'refused':
      digest.number(outcome.error);
      break;
    case 'registered':
      digest.number(outcome.agentEpoch);
      digest.number(outcome.nodeId);
      break;
    case 'topic-created':
      digest.text(outcome.topicId);
      break;
    case 'producer-ids-allocated':
      digest.number(outcome.first);
      digest.number(outcome.count);
      break;
    case 'published':
      for (const { baseOffsets, errors } of outcome.partitions) {
        for (let at = 0; at < errors.length; at++) {
          digest.number(baseOffsets[at]!);
          digest.number(errors[at]!);
        }
      }
      break;
    case 'joined':
      digest.number(outcome.error);
      digest.text(outcome.memberId);
      digest.number(outcome.joinPhase ?? -1);
      break;
    case 'synced':
      digest.number(outcome.assignment?.length ?? -1);
      break;
    case 'members-left':
    case 'offsets-committed':
    case 'offsets-deleted':
      for (const error of outcome.errors) {
        digest.number(error);
      }
      break;
    case 'consumer-heartbeat':
      digest.text(outcome.memberId);
      digest.number(outcome.epoch);
      digest.number(outcome.assignment?.size ?? -1);
      break;
    case 'records-deleted':
      for (const [at, error] of outcome.errors.entries()) {
        digest.number(error);
        digest.number(outcome.lowWatermarks[at]!);
      }
      break;
    case 'done':
    case 'superseded':
      break;
  }
}
