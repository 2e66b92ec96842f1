/**
 * Every setting, once. Flags, environment, file, `weft agent --help`, docs/SETTINGS.md and the type `Settings` all
 * come from this table. A property's name ends in its unit; its flag does not, since the value carries it.
 */
import { type BucketUrl, bucketUrl } from './bucket-url.js';
import { hostPort, type KafkaListener, kafkaListener, showHostPort } from './addresses.js';
import { choice, count, duration, file, type Kind, name, onOff, size, word } from './kinds.js';

/** What defaults may depend on. */
export interface Machine {
  readonly cores: number;
}

/** The settings that defaults of others may be derived from. They come before those in the table. */
export interface DefaultSources {
  readonly kafka: readonly [KafkaListener, ...KafkaListener[]];
  readonly bucket: BucketUrl;
  readonly memoryBytes: number;
}

/** A default that follows from other settings; `text` says how. */
interface Derived<T> {
  readonly text: string;
  from(settings: DefaultSources, machine: Machine): T;
}

interface Setting<T, Many extends boolean> {
  readonly flag: string;
  readonly kind: Kind<T>;
  /** May be given several times; the value is a list. */
  readonly many: Many;
  /** As a person would write it. undefined: no value unless given. */
  readonly default: string | Derived<T> | undefined;
  /** One sentence for people. */
  readonly sentence: string;
}

type AnySetting = Setting<unknown, boolean>;

function one<T>(flag: string, kind: Kind<T>, fallback: string | Derived<T>, sentence: string): Setting<T, false> {
  return { flag, kind, many: false, default: fallback, sentence };
}

function optional<T>(flag: string, kind: Kind<T>, sentence: string): Setting<T | undefined, false> {
  const show = (value: T | undefined) => (value === undefined ? '' : kind.show(value));
  return { flag, kind: { ...kind, show }, many: false, default: undefined, sentence };
}

function many<T>(flag: string, kind: Kind<T>, fallback: string, sentence: string): Setting<T, true> {
  return { flag, kind, many: true, default: fallback, sentence };
}

const MiB = 2 ** 20;
export const RECEIVE_BUFFER_BYTES_DEFAULT = 512 * 1024;

/** In the order of the help text. */
export const settingsTable = {
  kafka: many(
    'kafka',
    kafkaListener,
    '127.0.0.1:9092',
    'Where Kafka clients connect; each client is answered with the address of the listener it came by.',
  ),
  tlsCertificate: optional(
    'tls-certificate',
    file,
    'The certificate of every tls:// listener in PEM, the chain above it behind it; read again when it changes.',
  ),
  tlsKey: optional('tls-key', file, 'Its private key in PEM, without a passphrase; read again when it changes.'),
  tlsCa: optional(
    'tls-ca',
    file,
    'Certificates in PEM: clients of tls:// listeners must have a certificate of one of these (mTLS); not given, they need none.',
  ),
  http: one('http', hostPort, '127.0.0.1:8080', 'Where metrics, health and the page for people are served.'),
  bucket: one(
    'bucket',
    bucketUrl,
    'file:./weft-data',
    'Where everything is kept: file:FOLDER, s3://BUCKET[/PREFIX][?region=…&endpoint=…&path-style=true] or memory: (gone at the end).',
  ),
  cluster: one(
    'cluster',
    name(100),
    'weft',
    'Agents with the same bucket and cluster name are one cluster, of which one serves at a time so far; objects lie under this name.',
  ),
  agent: one(
    'agent',
    word,
    {
      text: 'HOST:PORT of the first listener',
      from: ({ kafka }) => showHostPort(kafka[0]),
    },
    'The name of this agent, unique in its cluster and kept across restarts: its broker id belongs to it.',
  ),
  zone: optional('zone', name(100), 'The cloud availability zone this agent runs in.'),
  batchWindowMs: one(
    'batch-window',
    duration(1, 60_000),
    {
      text: '250ms on S3, 10ms on S3 Express, 5ms otherwise',
      from: ({ bucket }) => (bucket.kind !== 's3' ? 5 : bucket.express ? 10 : 250),
    },
    'The time between two seals, and so the longest wait of records for the upload of their segment; up to an eighth longer while hedged uploads are paid for, and up to a second when the metadata fill. It runs from the last seal, so after a quiet time nothing waits.',
  ),
  batchBytes: one(
    'batch-bytes',
    size(64 * 1024, 256 * MiB),
    '8MiB',
    'A segment is sealed when it holds this much, or less when --memory and --workers leave less, or 16,384 batches, however small.',
  ),
  memoryBytes: one(
    'memory',
    size(192 * MiB, 1024 * 1024 * MiB),
    '512MiB',
    'The resident memory of the whole process; caches and budgets are cut to it.',
  ),
  workers: one(
    'workers',
    count(1, 64),
    {
      text: 'cores - 1, at most one per 128MiB of --memory, at least 1',
      from: ({ memoryBytes }, machine) =>
        Math.max(1, Math.min(machine.cores - 1, Math.floor(memoryBytes / (128 * MiB)), 64)),
    },
    'Ingest worker threads.',
  ),
  autoCreateTopics: one(
    'auto-create-topics',
    onOff,
    'true',
    'Create a topic when a client asks for one that does not exist.',
  ),
  defaultPartitions: one(
    'default-partitions',
    count(1, 4096),
    '1',
    'Partitions of a topic that is created without a number of them.',
  ),
  messageBytesMax: one(
    'message-bytes-max',
    size(1024, 1024 * MiB),
    '1048588B',
    'The largest record batch accepted where the topic sets no max.message.bytes.',
  ),
  frameBytesMax: one(
    'frame-bytes-max',
    size(64 * 1024, 1024 * MiB),
    '100MiB',
    'The largest Produce request accepted, or less when --memory and --workers leave less; a client that declares more is disconnected.',
  ),
  connectionsMax: one(
    'connections-max',
    count(1, 1_000_000),
    '10000',
    'Kafka connections open at once; further ones are closed at once.',
  ),
  connectionsPerIpMax: one(
    'connections-per-ip-max',
    count(1, 1_000_000),
    '1000000',
    'Kafka connections open at once from one address; further ones are closed at once.',
  ),
  connectionIdleMs: one(
    'connection-idle',
    duration(1000, 7 * 86_400_000),
    '10m',
    'A connection without a request for this long is closed.',
  ),
  groupInitialRebalanceDelayMs: one(
    'group-initial-rebalance-delay',
    duration(0, 300_000),
    '3s',
    'How long an empty consumer group waits for more members before its first assignment.',
  ),
  groupSessionMsMin: one(
    'group-session-min',
    duration(1, 3_600_000),
    '6s',
    'The shortest session timeout a group member may ask for.',
  ),
  groupSessionMsMax: one(
    'group-session-max',
    duration(1, 86_400_000),
    '30m',
    'The longest session timeout a group member may ask for.',
  ),
  offsetsRetentionMs: one(
    'offsets-retention',
    duration(60_000, 3_650 * 86_400_000),
    '7d',
    'How long committed offsets are kept once their group has no members; without a group, or a topic that no member consumes, once they were committed.',
  ),
  groupConsumerSessionMs: one(
    'group-consumer-session',
    duration(1000, 1_800_000),
    '45s',
    'How long a member that uses the consumer protocol may be silent; a group may set consumer.session.timeout.ms.',
  ),
  groupConsumerHeartbeatMs: one(
    'group-consumer-heartbeat',
    duration(100, 60_000),
    '5s',
    'How often such members are told to send heartbeats; a group may set consumer.heartbeat.interval.ms.',
  ),
  groupConsumerAssignmentIntervalMs: one(
    'group-consumer-assignment-interval',
    duration(0, 60_000),
    '1s',
    'The shortest time between two assignments of such a group; a group may set consumer.assignment.interval.ms.',
  ),
  groupMembersMax: one('group-members-max', count(1, 100_000), '5000', 'Members of one consumer group.'),
  metadataBytesMax: one(
    'metadata-bytes-max',
    size(MiB, 64 * 1024 * MiB),
    {
      text: 'an eighth of --memory',
      from: ({ memoryBytes }) => Math.floor(memoryBytes / 8),
    },
    'The largest metadata state; growth beyond it is refused with a retriable error.',
  ),
  journalLeaseMs: one(
    'journal-lease',
    duration(500, 300_000),
    '10s',
    'An agent that leads is taken for dead when the journal has shown no new entry for this long. After a crash a start on another machine waits for it.',
  ),
  journalPutsPerSecondMax: one(
    'journal-puts-per-second',
    count(0, 1_000_000),
    '0',
    'Journal entries written per second at most (each is a request that an object store bills); fewer make acknowledgements wait; 0 for no limit.',
  ),
  journalMayLose: one(
    'journal-may-lose',
    onOff,
    'false',
    'Accept a bucket that lies in a single zone (S3 Express) and can lose acknowledged records with it; refused otherwise.',
  ),
  metricsSeriesMax: one(
    'metrics-series-max',
    count(0, 1_000_000),
    '10000',
    'Metric series per topic, group and partition; further ones are dropped and counted.',
  ),
  logLevel: one(
    'log-level',
    choice(['debug', 'info', 'warn', 'error', 'silent']),
    'info',
    'The least important messages that are logged.',
  ),
  receiveBufferBytes: one(
    'receive-buffer',
    size(4096, 64 * MiB),
    `${RECEIVE_BUFFER_BYTES_DEFAULT / 1024}KiB`,
    'What the system may hold of a Kafka connection before it is read (SO_RCVBUF; Linux allows net.core.rmem_max): more suits far clients, less keeps what an overload leaves behind small. Needs the native part.',
  ),
  socketReads: one(
    'socket-reads',
    choice(['auto', 'direct', 'copied']),
    'auto',
    'How socket bytes reach shared memory: direct, copied, or auto (direct on Linux and macOS).',
  ),
} as const satisfies Readonly<Record<string, AnySetting>>;

export type SettingName = keyof typeof settingsTable;

type ValueOf<S> = S extends Setting<infer T, infer Many> ? (Many extends true ? readonly [T, ...T[]] : T) : never;

/** All settings, valid and with their defaults. */
export type Settings = { readonly [N in SettingName]: ValueOf<(typeof settingsTable)[N]> };

/** The environment variable of a setting. */
export function environmentName(flag: string): string {
  return `WEFT_${flag.toUpperCase().replaceAll('-', '_')}`;
}

/** The rows of the table, for code that treats all settings alike. */
export const settingRows: readonly (AnySetting & { readonly name: SettingName })[] = Object.entries(settingsTable).map(
  ([key, setting]) => ({ ...(setting as AnySetting), name: key as SettingName }),
);

/** What must hold between settings; each returns a sentence when it does not. */
export const settingRules: readonly ((settings: Settings) => string | undefined)[] = [
  ({ kafka, tlsCertificate, tlsKey }) =>
    kafka.some(({ tls }) => tls) && (tlsCertificate === undefined || tlsKey === undefined)
      ? '--kafka: a tls:// listener needs --tls-certificate and --tls-key'
      : undefined,
  ({ kafka, ...settings }) => {
    const given = (
      [
        ['--tls-certificate', settings.tlsCertificate],
        ['--tls-key', settings.tlsKey],
        ['--tls-ca', settings.tlsCa],
      ] as const
    ).find(([, path]) => path !== undefined);
    return given === undefined || kafka.some(({ tls }) => tls)
      ? undefined
      : `${given[0]} is given, but no --kafka NAME=tls://HOST:PORT`;
  },
  ({ groupSessionMsMin, groupSessionMsMax }) =>
    groupSessionMsMin > groupSessionMsMax ? '--group-session-min is above --group-session-max' : undefined,
  ({ groupConsumerHeartbeatMs, groupConsumerSessionMs }) =>
    groupConsumerHeartbeatMs >= groupConsumerSessionMs
      ? '--group-consumer-heartbeat must be below --group-consumer-session'
      : undefined,
  ({ messageBytesMax, frameBytesMax }) =>
    messageBytesMax >= frameBytesMax ? '--message-bytes-max must be below --frame-bytes-max' : undefined,
  ({ batchBytes, memoryBytes }) =>
    batchBytes > memoryBytes / 8 ? '--batch-bytes is above an eighth of --memory' : undefined,
  ({ bucket, journalMayLose }) =>
    bucket.kind === 's3' && bucket.express && !journalMayLose
      ? '--bucket: a directory bucket lies in a single zone and can lose acknowledged records with it; accept that by --journal-may-lose'
      : undefined,
  ({ metadataBytesMax, memoryBytes }) =>
    metadataBytesMax > memoryBytes / 2 ? '--metadata-bytes-max is above half of --memory' : undefined,
  ({ kafka }) => {
    const names = kafka.map((listener) => listener.name);
    const twice = names.find((candidate, index) => names.indexOf(candidate) !== index);
    return twice === undefined ? undefined : `--kafka: two listeners are named '${twice}'`;
  },
];
