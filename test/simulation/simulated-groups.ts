import type { Api } from '../../src/protocol/codec.js';
import { apis } from '../../src/protocol/apis.js';
import type { Ledger } from './ledger.js';
import { insist } from './model-admin.js';
import { type Caller, Lost, type MemberWorld, ModelMember, wellBehaved } from './model-member.js';
import { SeededRandom } from './random.js';
import type { Scenario } from './scenario.js';
import type { SimulatedNet } from './simulated-net.js';
import type { VirtualTime } from './virtual-time.js';
import { Disconnected, WireClient } from './wire-client.js';

interface Around {
  readonly net: SimulatedNet;
  readonly time: VirtualTime;
  readonly ledger: Ledger;
  readonly host: string;
  readonly port: number;
}

/** No group may be stuck for longer, in virtual time, once its members behave and nothing goes wrong any more. */
const STUCK_MS_MAX = 30_000;

/** The consumer groups of a run: members that come, go, pause and die until they are to calm down. */
export class SimulatedGroups {
  readonly #scenario: Scenario;
  readonly #around: Around;
  /** A stream of their own: a seed without groups plays as if there were none at all. */
  readonly #random: SeededRandom;
  #running: readonly Promise<void>[] = [];
  #isCalm = false;
  #isOver = false;

  private constructor(scenario: Scenario, around: Around) {
    this.#scenario = scenario;
    this.#around = around;
    this.#random = new SeededRandom(scenario.seed + 2 ** 42);
  }

  /** Members come from now on. */
  static begin(scenario: Scenario, around: Around): SimulatedGroups {
    const groups = new SimulatedGroups(scenario, around);
    groups.#begin();
    return groups;
  }

  /** Lets members calm down, and leave once no group is stuck. */
  async finish(): Promise<void> {
    await this.#settle();
    await this.#end();
  }

  #begin(): void {
    const { groups, topics } = this.#scenario;
    this.#running = groups.flatMap(({ group, mischief, members }) =>
      members.map((member) =>
        new ModelMember({ ...member, group, topics }, this.#world(member.name)).run(
          () => this.#isOver,
          () => (this.#isCalm ? wellBehaved : mischief),
        ),
      ),
    );
  }

  /** Members only consume from now on. Resolves when each partition was committed since in each group: none is stuck. */
  async #settle(): Promise<void> {
    this.#isCalm = true;
    const history = this.#around.ledger.groups;
    const { time, ledger } = this.#around;
    const moment = history.now();
    const startedMs = time.nowMs;
    const partitions = this.#partitions();
    const stuck = () =>
      this.#scenario.groups.filter(({ group }) => !history.isCommittedSince(moment, group, partitions));
    while (stuck().length > 0) {
      if (time.nowMs - startedMs > STUCK_MS_MAX) {
        const names = stuck().map(({ group }) => group);
        ledger.violation(`liveness: ${names.length} groups are stuck for ${STUCK_MS_MAX} ms, ${names[0]} first`);
        return;
      }
      await this.#pause(250);
    }
  }

  /** Everyone leaves; what the groups committed is read once more. */
  async #end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
    const { net, host, port, time, ledger } = this.#around;
    const history = ledger.groups;
    for (const { group } of this.#scenario.groups) {
      await insist(net, host, port, time, async (client) => {
        const beganAt = history.now();
        const topics = this.#scenario.topics.map(({ name, partitions }) => ({
          name,
          partitionIndexes: Array.from({ length: partitions }, (_, partition) => partition),
        }));
        const { response } = await client.call(apis.offsetFetch, 7, { groupId: group, topics, requireStable: true });
        if (response.errorCode !== 0) return undefined;
        for (const { name, partitions } of response.topics) {
          for (const { partitionIndex, committedOffset } of partitions) {
            history.fetched(group, `${name}-${partitionIndex}`, beganAt, committedOffset);
          }
        }
        return true;
      });
    }
  }

  #partitions(): string[] {
    return this.#scenario.topics.flatMap(({ name, partitions }) =>
      Array.from({ length: partitions }, (_, partition) => `${name}-${partition}`),
    );
  }

  #world(name: string): MemberWorld {
    const { net, host, port, ledger } = this.#around;
    return {
      random: this.#random.fork(),
      history: ledger.groups,
      violation: (sentence) => ledger.violation(sentence),
      pause: (ms) => this.#pause(ms),
      async connect() {
        const client = await WireClient.connect(net, host, port, name);
        return client === undefined ? undefined : callerOf(client);
      },
    };
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resume) => void this.#around.time.after(ms, resume));
  }
}

function callerOf(client: WireClient): Caller {
  return {
    async call<A extends Api>(api: A, version: number, request: Parameters<A['request']['encode']>[1]) {
      try {
        return (await client.call(api, version, request)).response;
      } catch (error) {
        throw error instanceof Disconnected ? new Lost() : error;
      }
    },
    close: () => client.close(),
  };
}
