import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from '../../src/protocol/codec.js';
import { apis } from '../../src/protocol/apis.js';
import { WireClient } from '../processes/wire.js';
import { GroupHistory } from '../simulation/group-history.js';
import { commitsOfThePresentGeneration } from '../simulation/invariants/13-commits-of-the-present-generation.js';
import { oneOwnerInAGeneration } from '../simulation/invariants/14-one-owner-in-a-generation.js';
import {
  type Caller,
  Lost,
  type MemberWorld,
  type Mischief,
  ModelMember,
  wellBehaved,
} from '../simulation/model-member.js';
import { SeededRandom } from '../simulation/random.js';

export interface StormPlan {
  readonly address: string;
  readonly groups: number;
  readonly membersPerGroup: number;
  /** Of the one topic that all consume. */
  readonly partitions: number;
  readonly mischief: Mischief;
  readonly sessionMs: number;
  readonly stormMs: number;
  /** Runs beside the members, from the beginning of the storm. */
  readonly meanwhile?: () => Promise<void>;
}

/** Generous: a machine may be busy. A group that gets on at all is through in a few sessions. */
const STUCK_MS_MAX = 120_000;
const TOPIC = 'storm';

export interface StormResult {
  readonly violations: readonly string[];
  readonly generations: number;
  readonly commits: number;
}

/** Members of real connections come, go, pause and die; then they behave, and every group must get on. */
export async function groupStorm(plan: StormPlan): Promise<StormResult> {
  const history = new GroupHistory();
  const violations: string[] = [];
  await createTopic(plan);
  let isCalm = false;
  let isOver = false;
  const random = new SeededRandom(1);
  const groups = Array.from({ length: plan.groups }, (_, i) => `storm-${i}`);
  const members = groups.flatMap((group) =>
    Array.from({ length: plan.membersPerGroup }, (_, i) => {
      const world: MemberWorld = {
        connect: () => connect(plan.address),
        pause: (ms) => sleep(ms),
        random: random.fork(),
        history,
        violation: (sentence) => violations.push(sentence),
      };
      const member = new ModelMember(
        {
          name: `${group}-${i}`,
          group,
          instanceId: i % 10 === 9 ? `${group}-${i}` : undefined,
          topics: [{ name: TOPIC, partitions: plan.partitions }],
          sessionMs: plan.sessionMs,
          rebalanceMs: 2 * plan.sessionMs,
          joinVersion: i % 10 !== 9 && i % 3 === 0 ? 3 : 9,
        },
        world,
      );
      return member.run(
        () => isOver,
        () => (isCalm ? wellBehaved : plan.mischief),
      );
    }),
  );
  await Promise.all([sleep(plan.stormMs), plan.meanwhile?.()]);
  isCalm = true;
  violations.push(...(await stuckGroups(history, groups, plan.partitions)));
  isOver = true;
  await Promise.all(members);
  violations.push(...commitsOfThePresentGeneration(history), ...oneOwnerInAGeneration(history));
  return { violations, ...history.counts };
}

/** Waits until each partition was committed in each group by a request sent from now on. */
async function stuckGroups(history: GroupHistory, groups: readonly string[], partitions: number): Promise<string[]> {
  const moment = history.now();
  const names = Array.from({ length: partitions }, (_, partition) => `${TOPIC}-${partition}`);
  let stuck = groups;
  for (let leftMs = STUCK_MS_MAX; leftMs > 0 && stuck.length > 0; leftMs -= 250) {
    await sleep(250);
    stuck = stuck.filter((group) => !history.isCommittedSince(moment, group, names));
  }
  return stuck.map((group) => `${group} is stuck`);
}

async function createTopic({ address, partitions }: StormPlan): Promise<void> {
  const client = await WireClient.connect(address);
  const topic = { name: TOPIC, numPartitions: partitions, replicationFactor: -1, assignments: [], configs: [] };
  const { topics } = await client.call(apis.createTopics, 6, { topics: [topic], timeoutMs: 30_000 });
  client.socket.destroy();
  if (topics[0]!.errorCode !== 0) throw new Error(`no topic: ${topics[0]!.errorCode}`);
}

async function connect(address: string): Promise<Caller | undefined> {
  let client: WireClient;
  try {
    client = await WireClient.connect(address);
  } catch {
    await sleep(100);
    return undefined;
  }
  return {
    async call<A extends Api>(api: A, version: number, request: Parameters<A['request']['encode']>[1]) {
      try {
        return await client.call(api, version, request);
      } catch (error) {
        throw client.isClosed ? new Lost() : error;
      }
    },
    close: () => client.socket.destroy(),
  };
}
