import { parseArgs } from 'node:util';
import { type CodecName, codecNames } from '../../native-bindings/codecs.js';
import { type Keys, meanSize, parseKeys, parseSizes, type Sizes } from './distributions.js';

export interface LoadOptions {
  readonly bootstrap: readonly string[];
  readonly topic: string;
  readonly partitions: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** How long after its end the schedule may still be sent. */
  readonly graceSeconds: number;
  readonly seed: number;
  readonly producers: number;
  /** Records a second of all producers; 0: flat out. */
  readonly rate: number;
  readonly arrivals: 'even' | 'poisson';
  readonly sizes: Sizes;
  readonly keys: Keys;
  readonly batchBytes: number;
  readonly batchRecords: number;
  readonly lingerMs: number;
  readonly requestBytes: number;
  readonly inFlight: number;
  readonly acks: number;
  readonly idempotent: boolean;
  readonly codec: CodecName;
  readonly consumers: number;
  readonly from: 'tail' | 'earliest';
  /** Consumers are members of it; undefined: each reads its share of the partitions. */
  readonly group: string | undefined;
  /** 0: never. */
  readonly commitMs: number;
  readonly fetchBytes: number;
  readonly fetchPartitionBytes: number;
  readonly fetchMinBytes: number;
  readonly fetchWaitMs: number;
  /** 0: none. */
  readonly adminMs: number;
  readonly idle: number;
  readonly pid: number | undefined;
  readonly metrics: string | undefined;
  readonly prices: 'standard' | 'express';
  readonly json: string | undefined;
  readonly tls: boolean;
  readonly caFile: string | undefined;
}

export const usage = `npm run load -- [options]: load for any Kafka-compatible broker, and what it felt like

  --bootstrap HOST:PORT,…  brokers to ask first (127.0.0.1:9092)
  --tls, --tls-ca FILE     over TLS; FILE has the authority's certificate (PEM)
  --topic NAME             made when absent (load)
  --partitions N           of a topic that is made (64)
  --seconds N              what is measured (10); Ctrl-C ends earlier, with the report
  --warmup N               seconds before, not counted (0)
  --grace N                seconds after, for what was due in time and not sent (5)
  --seed N                 sizes, keys, partitions and arrivals follow from it (1)

producers
  --producers N            connections that produce (1; 0: none)
  --rate N | NMB           records, or MB (1e6 bytes) of values, a second of all of them; without it flat out
  --arrivals even|poisson  how records are spread over time (even)
  --size SIZES             bytes of a value: N, uniform:MIN-MAX, lognormal:MEDIAN,P99 (1024)
  --keys KEYS              none, uniform:COUNT, zipf:COUNT,EXPONENT (none)
  --batch-bytes N          a batch is full with so many bytes before compression (16384)
  --batch-records N        or so many records
  --linger MS              how long a batch waits to fill (5)
  --request-bytes N        the most that a request holds, one batch of a partition (1048576)
  --in-flight N            requests of a connection that wait for their answers (5)
  --acks all|1|0           (all)
  --not-idempotent         without producer ids and sequences
  --compression NAME       none, gzip, snappy, lz4 or zstd (none)

consumers
  --consumers N            connections that fetch, each its share of the partitions (0)
  --from tail|earliest     where they begin (tail)
  --group NAME             they are members of this group instead
  --commit MS              each commits its offsets so often (0: never)
  --fetch-bytes N, --fetch-partition-bytes N, --fetch-min-bytes N, --fetch-wait MS
                           (52428800, 1048576, 1, 500)
and beside them
  --admin MS               every MS one of Metadata, ListOffsets, CreateTopics, DeleteTopics in turns (0: none)
  --idle N                 connections that do nothing (0)

what it cost
  --pid PID                the broker's process: its CPU and memory, from /proc
  --metrics URL            a Weft agent's /metrics: PUTs, GETs and dollars
  --prices standard|express  S3's, for those dollars (standard)
  --json FILE              the report as JSON (bench/README.md says what is in it)
`;

/** Throws an error with one sentence for a wrong command line. */
export function readLoadOptions(args: readonly string[]): LoadOptions {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      bootstrap: { ...text, default: '127.0.0.1:9092' },
      tls: { type: 'boolean', default: false },
      'tls-ca': text,
      topic: { ...text, default: 'load' },
      partitions: { ...text, default: '64' },
      seconds: { ...text, default: '10' },
      warmup: { ...text, default: '0' },
      grace: { ...text, default: '5' },
      seed: { ...text, default: '1' },
      producers: { ...text, default: '1' },
      rate: text,
      arrivals: { ...text, default: 'even' },
      size: { ...text, default: '1024' },
      keys: { ...text, default: 'none' },
      'batch-bytes': { ...text, default: '16384' },
      'batch-records': { ...text, default: '1000000' },
      linger: { ...text, default: '5' },
      'request-bytes': { ...text, default: '1048576' },
      'in-flight': { ...text, default: '5' },
      acks: { ...text, default: 'all' },
      'not-idempotent': { type: 'boolean', default: false },
      compression: { ...text, default: 'none' },
      consumers: { ...text, default: '0' },
      from: { ...text, default: 'tail' },
      group: text,
      commit: { ...text, default: '0' },
      'fetch-bytes': { ...text, default: '52428800' },
      'fetch-partition-bytes': { ...text, default: '1048576' },
      'fetch-min-bytes': { ...text, default: '1' },
      'fetch-wait': { ...text, default: '500' },
      admin: { ...text, default: '0' },
      idle: { ...text, default: '0' },
      pid: text,
      metrics: text,
      prices: { ...text, default: 'standard' },
      json: text,
    },
  });
  const sizes = parseSizes(values.size);
  const acks = { all: -1, '-1': -1, '1': 1, '0': 0 }[values.acks];
  if (acks === undefined) throw new Error(`--acks is all, 1 or 0, not ${values.acks}`);
  return {
    bootstrap: values.bootstrap.split(','),
    topic: values.topic,
    partitions: whole('partitions', values.partitions, 1),
    seconds: number('seconds', values.seconds),
    warmUpSeconds: number('warmup', values.warmup),
    graceSeconds: number('grace', values.grace),
    seed: whole('seed', values.seed, 0),
    producers: whole('producers', values.producers, 0),
    rate: values.rate === undefined ? 0 : recordsPerSecond(values.rate, meanSize(sizes)),
    arrivals: oneOf('arrivals', values.arrivals, ['even', 'poisson']),
    sizes,
    keys: parseKeys(values.keys),
    batchBytes: whole('batch-bytes', values['batch-bytes'], 1),
    batchRecords: whole('batch-records', values['batch-records'], 1),
    lingerMs: number('linger', values.linger),
    requestBytes: whole('request-bytes', values['request-bytes'], 1),
    inFlight: whole('in-flight', values['in-flight'], 1),
    acks,
    // Kafka's own producers refuse idempotence with fewer acks.
    idempotent: !values['not-idempotent'] && acks === -1,
    codec: oneOf('compression', values.compression, codecNames),
    consumers: whole('consumers', values.consumers, 0),
    from: oneOf('from', values.from, ['tail', 'earliest']),
    group: values.group,
    commitMs: number('commit', values.commit),
    fetchBytes: whole('fetch-bytes', values['fetch-bytes'], 1),
    fetchPartitionBytes: whole('fetch-partition-bytes', values['fetch-partition-bytes'], 1),
    fetchMinBytes: whole('fetch-min-bytes', values['fetch-min-bytes'], 0),
    fetchWaitMs: whole('fetch-wait', values['fetch-wait'], 0),
    adminMs: number('admin', values.admin),
    idle: whole('idle', values.idle, 0),
    pid: values.pid === undefined ? undefined : whole('pid', values.pid, 1),
    metrics: values.metrics,
    prices: oneOf('prices', values.prices, ['standard', 'express']),
    json: values.json,
    tls: values.tls || values['tls-ca'] !== undefined,
    caFile: values['tls-ca'],
  };
}

function number(flag: string, text: string): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value) || value < 0) throw new Error(`--${flag} is a number from 0, not ${text}`);
  return value;
}

function whole(flag: string, text: string, min: number): number {
  const value = number(flag, text);
  if (!Number.isSafeInteger(value) || value < min)
    throw new Error(`--${flag} is a whole number from ${min}, not ${text}`);
  return value;
}

function oneOf<T extends string>(flag: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((value) => value === text);
  if (found === undefined) throw new Error(`--${flag} is one of ${allowed.join(', ')}, not ${text}`);
  return found;
}

function recordsPerSecond(text: string, meanBytes: number): number {
  const [, digits, unit] = /^([\d.]+)(MB)?$/.exec(text) ?? [];
  const value = Number(digits);
  if (!(value > 0)) throw new Error(`--rate is records a second, or MB of values as in 25MB: not ${text}`);
  return unit === undefined ? value : (value * 1e6) / Math.max(1, meanBytes);
}
