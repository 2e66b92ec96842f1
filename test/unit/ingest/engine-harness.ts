import { HotSegments } from '../../../src/cache/hot-segments.js';
import { BrokerLayers } from '../../../src/cluster/broker-layers.js';
import { IngestEngine, type IngestSettings } from '../../../src/ingest/engine.js';
import type { Extent } from '../../../src/metadata/view.js';
import { apis } from '../../../src/protocol/apis.js';
import { decodeResponse } from '../../../src/protocol/frames.js';
import { silentLog } from '../../../src/telemetry/log.js';
import { Telemetry } from '../../../src/telemetry/telemetry.js';
import { Chunks } from '../../../src/threads/chunks.js';
import type { Threads } from '../../../src/threads/threads.js';
import { run } from '../../../workers/ingest/run.js';
import { LocalThreads, type LocalWorker } from '../../simulation/local-threads.js';
import { HeldStore } from './held-store.js';
import { ReplicaClient } from './replica-client.js';
import { VirtualWorld } from './virtual-world.js';

export const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ';

export const LANE_TIMES = { look: 20, quiet: 400, rest: 1_000 };

export interface Sent {
  released: number;
  answers: { readonly error: number | undefined; readonly baseOffset: number | undefined; readonly close: boolean }[];
}

/** The real engine and real lanes on one thread and virtual time. */
export class EngineHarness {
  readonly world = new VirtualWorld();
  readonly store = new HeldStore();
  readonly metadata = new ReplicaClient(this.world);
  readonly hot = new HotSegments();
  readonly telemetry = new Telemetry({ seriesMax: 0 });
  readonly chunks = new Chunks(new SharedArrayBuffer(8 * 1024 * 1024), 1024 * 1024);
  readonly workers: LocalWorker[] = [];
  readonly engine: IngestEngine;

  constructor(settings: Partial<IngestSettings> = {}) {
    const local = new LocalThreads(this.world, {
      ingest: (world, init, port) => run(world, init, port, this.store),
    });
    const threads: Threads = {
      spawn: (name, init) => {
        const worker = local.spawn(name, init);
        this.workers.push(worker);
        return worker;
      },
      close: () => local.close(),
    };
    this.engine = new IngestEngine({
      world: this.world,
      threads,
      metadata: this.metadata,
      configs: new BrokerLayers(this.metadata.view, this.metadata.self.nodeId, new Map()),
      hot: this.hot,
      telemetry: this.telemetry,
      log: silentLog,
      bucket: { kind: 'memory' },
      cluster: 'test',
      chunks: this.chunks.memory,
      settings: {
        lanesMax: 2,
        batchWindowMs: 50,
        batchBytes: 10_000,
        laneBytes: 256 * 1024,
        uploadsMax: 2,
        laneTimes: LANE_TIMES,
        ...settings,
      },
    });
  }

  createTopic(name: string, configs: Record<string, string> = {}, topicId = TOPIC_ID) {
    return this.metadata.submit({
      kind: {
        $case: 'createTopic',
        value: {
          name,
          topicId: Buffer.from(topicId, 'base64url'),
          partitions: 2,
          configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
        },
      },
    });
  }

  produce(connection: number, batch: Uint8Array, topic = 'orders', index = 0, timeoutMs = 30_000, acks = -1): Sent {
    const { slices } = apis.produce.request.encode(9, {
      transactionalId: null,
      acks,
      timeoutMs,
      topicData: [{ name: topic, partitionData: [{ index, records: { slices: [batch], bytes: batch.length } }] }],
    });
    const body = Buffer.concat(slices);
    const position = this.chunks.reserveSmall(body.length)!;
    this.chunks.bytes.set(body, position);
    const sent: Sent = { released: 0, answers: [] };
    this.engine.produce({
      connection,
      correlationId: connection,
      apiVersion: 9,
      receivedMs: this.world.clock.monotonicMs(),
      pieces: [{ position, length: body.length }],
      released: () => {
        sent.released += 1;
        this.chunks.release(position);
      },
      answered: (frame, close) => {
        const partition =
          frame === undefined
            ? undefined
            : decodeResponse(apis.produce, 9, frame, 4).response.responses[0]!.partitionResponses[0]!;
        sent.answers.push({ error: partition?.errorCode, baseOffset: partition?.baseOffset, close });
      },
    });
    return sent;
  }

  extent(offset: number): Extent {
    const found: Extent[] = [];
    this.metadata.view.scanExtents(TOPIC_ID, 0, offset, (extent) => found.push(extent) < 1);
    return found[0]!;
  }
}
