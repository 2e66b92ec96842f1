import { errors } from '../protocol/errors.js';
import type { CloseAgentEpoch, Listener, RegisterAgent } from './journal.wire.js';
import type { Ledger } from './limits.js';
import { LISTENERS_MAX, SIZE, textBytes } from './limits.js';
import type { Outcome } from './outcomes.js';
import { DONE, refused } from './outcomes.js';
import type { Streams } from './streams.js';
import { dropStreams } from './streams.js';
import type { AgentView } from './view.js';

/** One registration of an agent; its epoch is open until closed. */
export class Agent implements AgentView {
  readonly name: string;
  readonly nodeId: number;
  readonly agentEpoch: number;
  readonly incarnation: Uint8Array;
  readonly zone: string;
  readonly listeners: readonly Listener[];
  readonly streams: Streams = new Map();
  /** Numbers of the segments that this epoch published: bit n % 4096 of page n / 4096. */
  readonly published = new Map<number, Uint32Array>();
  open = true;

  constructor(
    command: Pick<RegisterAgent, 'name' | 'incarnation' | 'zone' | 'listeners'>,
    nodeId: number,
    agentEpoch: number,
  ) {
    this.name = command.name;
    this.nodeId = nodeId;
    this.agentEpoch = agentEpoch;
    this.incarnation = new Uint8Array(command.incarnation);
    this.zone = command.zone;
    this.listeners = command.listeners;
  }

  hasPublished(segment: number): boolean {
    const page = this.published.get(Math.floor(segment / PAGE_BITS));
    const bit = segment % PAGE_BITS;
    return page !== undefined && (page[bit >>> 5]! & (1 << (bit & 31))) !== 0;
  }

  notePublished(segment: number, ledger: Ledger): void {
    const key = Math.floor(segment / PAGE_BITS);
    let page = this.published.get(key);
    if (page === undefined) {
      page = new Uint32Array(PAGE_BITS / 32);
      this.published.set(key, page);
      ledger.bytes += SIZE.page;
    }
    const bit = segment % PAGE_BITS;
    page[bit >>> 5]! |= 1 << (bit & 31);
  }

  get ownBytes(): number {
    let bytes = SIZE.agent + textBytes(this.zone);
    for (const listener of this.listeners) {
      bytes += 64 + textBytes(listener.name) + textBytes(listener.host);
    }
    return bytes;
  }
}

export const PAGE_BITS = 4096;
export const PAGE_WORDS = PAGE_BITS / 32;

/** Registrations: the newest of every name, open or closed, and the node id of every name that ever was. */
export class Agents {
  readonly #ledger: Ledger;
  readonly nodeIds = new Map<string, number>();
  readonly byName = new Map<string, Agent>();
  readonly byEpoch = new Map<number, Agent>();
  readonly #byIncarnation = new Map<string, Agent>();
  lastAgentEpoch = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** The registration whose epoch is open, or undefined. */
  open(agentEpoch: number): Agent | undefined {
    const agent = this.byEpoch.get(agentEpoch);
    return agent?.open === true ? agent : undefined;
  }

  ofIncarnation(incarnation: Uint8Array): Agent | undefined {
    return this.#byIncarnation.get(incarnationKey(incarnation));
  }

  /** A repeat of an open registration gets what the first one got. */
  register(command: RegisterAgent): Outcome {
    if (command.name === '' || command.name.length > 255 || command.incarnation.length !== 16) {
      return refused(
        errors.INVALID_REQUEST.code,
        'an agent needs a name of 1 to 255 characters and 16 bytes of incarnation',
      );
    }
    if (command.listeners.length > LISTENERS_MAX) {
      return refused(errors.INVALID_REQUEST.code, `more than ${LISTENERS_MAX} listeners`);
    }
    const same = this.ofIncarnation(command.incarnation);
    if (same?.open === true) {
      return same.name === command.name
        ? { kind: 'registered', agentEpoch: same.agentEpoch, nodeId: same.nodeId }
        : refused(errors.INVALID_REQUEST.code, 'this incarnation is registered under another name');
    }
    const former = this.byName.get(command.name);
    if (former !== undefined) {
      this.#close(former);
      this.#unlink(former);
    }
    if (same !== undefined && same !== former) {
      this.#byIncarnation.delete(incarnationKey(command.incarnation));
    }
    let nodeId = this.nodeIds.get(command.name);
    if (nodeId === undefined) {
      nodeId = this.nodeIds.size + 1;
      this.linkName(command.name, nodeId);
    }
    const agent = new Agent(command, nodeId, ++this.lastAgentEpoch);
    this.link(agent);
    const { digest } = this.#ledger;
    digest.text(agent.name);
    digest.bytes(agent.incarnation);
    digest.text(agent.zone);
    for (const listener of agent.listeners) {
      digest.text(listener.name);
      digest.text(listener.host);
      digest.number(listener.port);
    }
    return { kind: 'registered', agentEpoch: agent.agentEpoch, nodeId };
  }

  close(command: CloseAgentEpoch): Outcome {
    if (command.agentEpoch < 1 || command.agentEpoch > this.lastAgentEpoch) {
      return refused(errors.NOT_LEADER_OR_FOLLOWER.code, 'there never was such an agent epoch');
    }
    const agent = this.byEpoch.get(command.agentEpoch);
    if (agent !== undefined) {
      this.#close(agent);
    }
    return DONE;
  }

  linkName(name: string, nodeId: number): void {
    this.nodeIds.set(name, nodeId);
    this.#ledger.bytes += SIZE.agentName + textBytes(name);
  }

  link(agent: Agent): void {
    this.byName.set(agent.name, agent);
    this.byEpoch.set(agent.agentEpoch, agent);
    this.#byIncarnation.set(incarnationKey(agent.incarnation), agent);
    this.#ledger.bytes += agent.ownBytes;
  }

  #unlink(agent: Agent): void {
    this.byName.delete(agent.name);
    this.byEpoch.delete(agent.agentEpoch);
    if (this.ofIncarnation(agent.incarnation) === agent) {
      this.#byIncarnation.delete(incarnationKey(agent.incarnation));
    }
    this.#ledger.bytes -= agent.ownBytes;
  }

  #close(agent: Agent): void {
    if (agent.open) {
      agent.open = false;
      dropStreams(agent.streams, this.#ledger);
      this.#ledger.bytes -= agent.published.size * SIZE.page;
      agent.published.clear();
      this.#ledger.digest.number(agent.agentEpoch);
    }
  }
}

/** One character a byte. */
function incarnationKey(incarnation: Uint8Array): string {
  return String.fromCharCode(...incarnation.subarray(0, 16));
}
