import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { kafkaClassPath } from '../../test/servers/kafka.js';
import { versitygwProgram } from '../parts.js';
import { kafkaSystem } from './kafka.js';
import { kafscale, klite } from './peers.js';
import { type ProxyArguments, startSlowly } from './slow-store.js';
import type { StartStore } from './store.js';
import type { System } from './system.js';
import { startVersitygw } from './versitygw.js';
import { type WeftOptions, weftOnDisk, weftOnDiskByTls, weftOnS3 } from './weft.js';

export interface CatalogOptions {
  /** Where all of them keep their data. */
  readonly folder: string;
  readonly weft: WeftOptions;
  /** Of the latency models at a system's first start; one more at each further one. */
  readonly seed: number;
  /** Programs of peers. */
  readonly klite: string | undefined;
  readonly kafscale: string | undefined;
}

export interface Catalog {
  readonly systems: readonly System[];
  /** One line for each system that cannot run here. */
  readonly missing: readonly string[];
}

/**
 * What a load is run on unless it has systems of its own, in this order, the baseline first; klite and KafScale only when
 * they were given. kafka-flush acknowledges, as Weft does, only what was fsynced.
 */
export const usualSystems = ['kafka', 'kafka-flush', 'klite', 'kafscale', 'weft-disk', 'weft-s3'];
/** The same for producers that are idempotent: KafScale has none of that, and Java's stock producer ends with an error. */
export const idempotentSystems = usualSystems.filter((name) => name !== 'kafscale');
/** The same for reads, to which Kafka's fsync is nothing. */
export const readSystems = usualSystems.filter((name) => name !== 'kafka-flush');

export function catalogOf(options: CatalogOptions): Catalog {
  const systems: System[] = [];
  const missing: string[] = [];
  kafkaSystems(options, systems, missing);
  systems.push(
    weftOnDisk(
      {
        name: 'weft-disk',
        setup: 'Weft, a folder as the bucket: it acknowledges after fsync of data and journal',
      },
      options.folder,
      options.weft,
    ),
  );
  systems.push(
    weftOnDiskByTls(
      { name: 'weft-disk-tls', setup: 'the same by TLS (TLS 1.3, ECDSA P-256), for loads by librdkafka' },
      options.folder,
      options.weft,
    ),
  );
  const versitygw = versitygwProgram();
  if (versitygw === undefined) missing.push('NOT RUN: what needs an S3 server (versitygw 1.8.0; npm run setup)');
  else s3Systems(options, versitygw, systems, missing);
  if (options.klite !== undefined) systems.push(klite(options.klite, options.folder));
  return { systems, missing };
}

function kafkaSystems({ folder }: CatalogOptions, systems: System[], missing: string[]): void {
  const java = kafkaClassPath();
  if (java === undefined) {
    missing.push('NOT RUN: kafka and kafka-flush (they need JDK 17 and the jars of Kafka 4.3.1; npm run setup)');
    return;
  }
  const node = 'Apache Kafka 4.3.1, one KRaft node, 1 GiB heap';
  systems.push(
    kafkaSystem('kafka', `${node}, default settings: it acknowledges before any fsync`, java, folder, {}),
    kafkaSystem('kafka-flush', `${node}, flush.messages=1: it acknowledges after fsync`, java, folder, {
      'log.flush.interval.messages': 1,
    }),
  );
}

function s3Systems(options: CatalogOptions, versitygw: string, systems: System[], missing: string[]): void {
  const { folder, weft, seed } = options;
  const store =
    (scheme: 'http' | 'https'): StartStore =>
    (base) =>
      startVersitygw(versitygw, base, scheme);
  const slowStore = (proxyArguments: ProxyArguments): StartStore => {
    let starts = 0;
    return (base) => startSlowly(store('http'), [...proxyArguments, '--seed', String(seed + starts++)], base);
  };
  const on = 'Weft on versitygw 1.8.0 over a folder of the same file system (which never fsyncs)';
  systems.push(weftOnS3({ name: 'weft-s3', setup: `${on}, window 250 ms` }, store('http'), folder, weft));
  if (programOnPath('openssl') === undefined) missing.push('NOT RUN: weft-s3-https (openssl makes its certificate)');
  else
    systems.push(
      weftOnS3({ name: 'weft-s3-https', setup: `${on}, over HTTPS, window 250 ms` }, store('https'), folder, weft),
    );
  const etcd = options.kafscale === undefined ? undefined : programOnPath('etcd');
  if (options.kafscale !== undefined && etcd === undefined)
    missing.push('NOT RUN: kafscale (it needs etcd on the PATH)');
  const addKafscale = (suffix: string, behind: string, startStore: StartStore): void => {
    if (options.kafscale === undefined || etcd === undefined) return;
    const setup = `KafScale, default settings (it acknowledges after the upload), etcd and versitygw 1.8.0 on the same file system${behind}`;
    systems.push(kafscale({ name: `kafscale${suffix}`, setup }, options.kafscale, etcd, startStore, folder));
  };
  addKafscale('', '', store('http'));
  for (const [model, window] of [
    ['express', '10ms'],
    ['standard', '250ms'],
  ] as const) {
    for (const slow of [false, true]) {
      const suffix = `-${model}${slow ? '-slow' : ''}`;
      const behind = ` behind the latency proxy: model ${model}, seed ${seed} and one more each start${slow ? ', 2 s in every 60 three times as slow' : ''}`;
      const setup = `${on}${behind}; window ${window}, journal in the bucket`;
      const proxied = (): StartStore => slowStore(['--model', model, ...(slow ? ['--slow'] : [])]);
      const flags = ['--batch-window', window, ...weft.flags];
      systems.push(weftOnS3({ name: `weft${suffix}`, setup }, proxied(), folder, { ...weft, flags }));
      if (!slow) addKafscale(suffix, `, the store${behind}`, proxied());
    }
  }
}

function programOnPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
