import { Agents } from './agents.js';
import { ClientQuotas } from './client-quotas.js';
import { Configs } from './configs.js';
import { Groups } from './groups.js';
import type { BecomeLeader } from './journal.wire.js';
import { Ledger } from './limits.js';
import type { Changes } from './outcomes.js';
import type { Partition } from './partition.js';
import { Producers } from './producers.js';
import { Segments } from './segments.js';
import { Topics } from './topics.js';
import type { ClientQuotaView } from './view.js';

/** What the rules of `apply` mean. A change of any rule is a new version, which a command will switch on for all replicas at once. */
export const STATE_VERSION = 1;

/** The tables of the state machine and what stands beside them. Written only by `apply`. */
export class State {
  readonly ledger: Ledger;
  readonly agents: Agents;
  readonly segments: Segments;
  readonly producers: Producers;
  readonly topics: Topics;
  readonly groups: Groups;
  readonly configs: Configs;
  readonly clientQuotas: ClientQuotas;
  revision = 0;
  /** Of the newest entry; never goes back. */
  timeMs = 0;
  /** The revision of the newest `BecomeLeader`; 0 before the first. */
  term = 0;
  /** Who leads since `term`; undefined after a resignation. */
  leader: BecomeLeader | undefined = undefined;

  constructor(ledger: Ledger = new Ledger()) {
    this.ledger = ledger;
    this.agents = new Agents(ledger);
    this.segments = new Segments(ledger);
    this.producers = new Producers(ledger);
    this.topics = new Topics(ledger, this.segments, this.producers);
    this.groups = new Groups(ledger);
    this.configs = new Configs(ledger);
    this.clientQuotas = new ClientQuotas(ledger);
  }
}

/** Gathers what one entry touched. */
export class ChangeLog implements Changes {
  readonly #revision: number;
  readonly advanced: Partition[] = [];
  readonly deletedTopics: string[] = [];
  readonly groups = new Set<string>();
  readonly clientQuotas: ClientQuotaView[] = [];
  topicsChanged = false;
  resourceConfigsChanged = false;
  agentsChanged = false;
  leaderChanged = false;

  constructor(revision: number) {
    this.#revision = revision;
  }

  advance(partition: Partition): void {
    if (partition.advancedAt !== this.#revision) {
      partition.advancedAt = this.#revision;
      this.advanced.push(partition);
    }
  }
}
