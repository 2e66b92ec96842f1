import { parseSettings } from '../../src/config/parse.js';
import { type MemberPlan, type Mischief, wellBehaved } from './model-member.js';
import type { AgentSizes } from './simulated-agent.js';
import { SeededRandom } from './random.js';

/** What may go wrong beside requests to the bucket. */
export type Mishap =
  | 'drop connection'
  | 'kill'
  | 'stop'
  | 'power cut'
  | 'usurp'
  | 'crash ingest'
  | 'crash leader'
  | 'crash fetch'
  | 'crash maintenance'
  | 'clock jump'
  | 'full';

export interface TopicSize {
  readonly name: string;
  readonly partitions: number;
  /** compression.type; undefined: as the producers compress. */
  readonly compression?: string;
}

export interface ProducerSize {
  readonly topic: string;
  readonly partition: number;
  readonly idempotent: boolean;
  readonly inFlightMax: number;
  readonly batches: number;
  readonly thinkMsMax: number;
  readonly valueBytesMax: number;
}

export interface GroupSize {
  readonly group: string;
  readonly mischief: Mischief;
  readonly members: readonly Omit<MemberPlan, 'group' | 'topics'>[];
}

/** Everything that a seed decides before time begins to pass. */
export interface Scenario {
  readonly seed: number;
  /**
   * calm: nothing goes wrong, and no client is told otherwise. storm: faults, then all processes die and a new one must
   * have everything. liveness: faults, then they stop, and those that live must finish everything.
   */
  readonly mode: 'calm' | 'storm' | 'liveness';
  readonly bucket: 'objects' | 'folder';
  readonly sizes: AgentSizes;
  readonly topics: readonly TopicSize[];
  readonly producers: readonly ProducerSize[];
  readonly consumers: number;
  /** Before each poll, that a consumer begins again at 0. */
  readonly restartChance: number;
  readonly groups: readonly GroupSize[];
  /** After which a request to the bucket has no answer. */
  readonly requestMsMax: number;
  readonly stormMs: number;
  /** Requests to the bucket fare badly, too, for most of a storm. */
  readonly weather: boolean;
  readonly mishaps: readonly Mishap[];
  /** The mean time between two mishaps. */
  readonly mishapMs: number;
  /** The mean time between two deletions of records; undefined: nothing is deleted. */
  readonly deletionMs: number | undefined;
}

const KiB = 1024;

export function drawScenario(seed: number): Scenario {
  const random = new SeededRandom(seed);
  const mode = random.pick([
    'calm',
    'storm',
    'storm',
    'storm',
    'storm',
    'storm',
    'liveness',
    'liveness',
    'liveness',
  ] as const);
  const bucket = random.chance(0.3) ? 'folder' : 'objects';
  const leaseMs = random.pick([500, 500, 2_000, 10_000]);
  const requestMsMax = random.pick([100, 300, 1_000]);
  const stormMs = requestMsMax * random.pick([5, 15, 40]);
  const topics = Array.from({ length: random.between(1, 2) }, (_, i) => ({
    name: `topic-${i}`,
    partitions: random.between(1, 3),
  }));
  const valueBytesMax = random.pick([20, 1_000, 6_000, 6_000]);
  const producers = Array.from({ length: random.between(3, 7) }, () => {
    const { name, partitions } = random.pick(topics);
    const batches = random.between(5, 25);
    return {
      topic: name,
      partition: random.between(0, partitions - 1),
      idempotent: random.chance(0.7),
      inFlightMax: random.pick([1, 5, 5]),
      batches,
      // Most have something to send from the beginning of a storm to its end.
      thinkMsMax: random.pick([
        0,
        20,
        ...(mode === 'calm' ? [] : [1, 2, 4].map((times) => (times * stormMs) / batches)),
      ]),
      valueBytesMax,
    };
  });
  const possible: readonly Mishap[] = [
    'drop connection',
    'kill',
    'stop',
    'crash ingest',
    'crash leader',
    'crash fetch',
    'crash maintenance',
    'clock jump',
    'full',
    // A folder is locked by one process; only a bucket can have two that think that they are the same agent.
    bucket === 'folder' ? 'power cut' : 'usurp',
  ];
  const chance = random.pick([0.2, 0.5, 0.8]);
  return {
    seed,
    mode,
    bucket,
    sizes: { ...drawSizes(random, leaseMs), ...drawLanes(new SeededRandom(seed + 2 ** 43)) },
    topics: drawCompressions(topics, new SeededRandom(seed + 2 ** 42)),
    producers,
    consumers: random.between(1, 3),
    restartChance: random.pick([0.01, 0.1]),
    groups: drawGroups(random.between(0, 2), new SeededRandom(seed + 2 ** 41)),
    requestMsMax,
    stormMs,
    weather: true,
    mishaps: mode === 'calm' ? [] : possible.filter(() => random.chance(chance)),
    mishapMs: random.pick([0.05, 0.2, 0.6]) * stormMs,
    deletionMs: random.chance(0.35) ? random.pick([0.05, 0.2]) * Math.min(stormMs, 2_000) : undefined,
  };
}

/** A third of the topics compresses anew what comes in another codec. */
function drawCompressions(topics: readonly TopicSize[], random: SeededRandom): TopicSize[] {
  return topics.map((topic) =>
    random.chance(1 / 3)
      ? { ...topic, compression: random.pick(['uncompressed', 'gzip', 'snappy', 'lz4', 'zstd']) }
      : topic,
  );
}

function drawGroups(count: number, random: SeededRandom): GroupSize[] {
  return Array.from({ length: count }, (_, i) => {
    // Below and above what mishaps and takeovers last.
    const sessionMs = random.pick([300, 1_000, 3_000]);
    const rebalanceMs = random.pick([500, 2_000, 5_000]);
    const joinVersion = random.pick([3, 5, 9, 9]);
    const members = Array.from({ length: random.between(1, 4) }, (__, j) => {
      const name = `g${i}m${j}`;
      const instanceId = joinVersion >= 5 && random.chance(0.3) ? name : undefined;
      return { name, instanceId, sessionMs, rebalanceMs, joinVersion };
    });
    const mischief = random.chance(0.2) ? wellBehaved : { pause: 0.05, leave: 0.03, vanish: 0.03 };
    return { group: `group-${i}`, mischief, members };
  });
}

/** Lanes that come and go within seconds. */
function drawLanes(random: SeededRandom): Pick<AgentSizes, 'laneTimes' | 'busyMs'> {
  const look = random.pick([5, 20, 100]);
  return {
    laneTimes: { look, quiet: look * random.pick([2, 20]), rest: look * random.pick([1, 40]) },
    busyMs: look * random.pick([4, 20, 1_000]),
  };
}

function drawSizes(random: SeededRandom, leaseMs: number): Omit<AgentSizes, 'laneTimes' | 'busyMs'> {
  const workers = random.between(1, 2);
  const parsed = parseSettings({
    flags: [
      ...['--bucket', 'memory:', '--cluster', 'c', '--agent', 'a', '--workers', String(workers)],
      ...['--batch-window', `${random.pick([1, 5, 20, 100])}ms`, '--batch-bytes', '64KiB'],
      ...['--journal-lease', `${leaseMs}ms`, '--group-initial-rebalance-delay', '0ms'],
      ...['--group-session-min', '1ms', '--auto-create-topics=false'],
    ],
    environment: {},
    machine: { cores: 2 },
  });
  if (!parsed.ok) throw new Error(parsed.mistakes.join('\n'));
  const chunksBytes = 256 * KiB;
  return {
    settings: { ...parsed.settings, batchBytes: random.pick([400, 4 * KiB, 64 * KiB]) },
    memory: {
      chunksBytes,
      chunkBytes: 16 * KiB,
      laneBytes: random.pick([64 * KiB, 128 * KiB, 1024 * KiB]),
      blocksBytes: random.pick([256 * KiB, 1024 * KiB]),
      blockBytes: random.pick([4 * KiB, 64 * KiB]),
      blockPieceBytesMin: 2 * KiB,
      frameBytesMax: 32 * KiB,
      decodedBytes: 64 * KiB,
      commandsBytes: 1024 * KiB,
      answersBytes: 16 * KiB,
      backlogBytes: 1024 * KiB,
      fetchSessionsBytesMax: 64 * KiB,
    },
    leader: {
      followPollMs: random.pick([20, 250]),
      entryCommandsMax: random.pick([1, 3, 1024]),
      snapshotTailBytes: random.pick([3, 6, 15, 60]) * 4 * KiB,
      trimSliceEntries: random.pick([1, 4, 64]),
    },
  };
}
