import type { Api } from '../../src/protocol/codec.js';
import { apis } from '../../src/protocol/apis.js';
import { decodeResponse, encodeRequestFrame, joined } from '../../src/protocol/frames.js';
import { ProtocolError } from '../../src/protocol/protocol-error.js';
import { WireClient } from '../processes/wire.js';
import { fitted } from './fit.js';
import type { Damage, Step } from './script.js';

/** What a request came to. */
export type Outcome =
  | { readonly kind: 'answer'; readonly version: number; readonly value: Record<string, unknown> }
  /** No answer, and the connection goes on. */
  | { readonly kind: 'silence' }
  | { readonly kind: 'closed' }
  /** Neither an answer nor the end of the connection in time. */
  | { readonly kind: 'nothing' }
  /** An answer that is not one of this API and version. */
  | { readonly kind: 'garbled'; readonly why: string };

/** A request that takes longer is an outcome of its own. */
const ANSWER_MS_MAX = 10_000;
const PROBE_ID = 0x7f00_0000;

/** One connection to one system: sends requests, whole or damaged, and says what each came to. */
export class ScriptConnection {
  readonly #client: WireClient;
  #correlationId = 0;

  private constructor(client: WireClient) {
    this.#client = client;
  }

  static async open(address: string): Promise<ScriptConnection> {
    return new ScriptConnection(await WireClient.connect(address));
  }

  get isClosed(): boolean {
    return this.#client.isClosed;
  }

  close(): void {
    this.#client.reset();
  }

  async send(step: Step, request: unknown): Promise<Outcome> {
    this.#correlationId += 1;
    const correlationId = this.#correlationId;
    await this.#client.raw(requestBytes(step, request, correlationId));
    if (!step.answered) await this.#client.raw(probe());
    const frame = await this.#frame();
    if (frame === 'nothing') return { kind: 'nothing' };
    if (frame === undefined) return { kind: 'closed' };
    if (!step.answered && frame.readInt32BE() === PROBE_ID) return { kind: 'silence' };
    return decoded(step, frame, correlationId);
  }

  async #frame(): Promise<Buffer | undefined | 'nothing'> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'nothing'>((resolve) => {
      timer = setTimeout(() => resolve('nothing'), ANSWER_MS_MAX);
    });
    const frame = await Promise.race([this.#client.frame(), late]);
    clearTimeout(timer);
    if (frame === 'nothing') this.close();
    return frame;
  }
}

function probe(): Uint8Array {
  return joined(encodeRequestFrame(apis.apiVersions, 0, PROBE_ID, null, {}));
}

function decoded(step: Step, frame: Buffer, correlationId: number): Outcome {
  const answeredId = frame.length >= 4 ? frame.readInt32BE() : undefined;
  if (answeredId !== correlationId) return { kind: 'garbled', why: `correlation id ${answeredId}` };
  const [api, version] = answerOf(step);
  try {
    const { response } = decodeResponse(api, version, frame);
    return { kind: 'answer', version, value: withRecords(response as Record<string, unknown>, frame) };
  } catch (error) {
    if (error instanceof ProtocolError) return { kind: 'garbled', why: error.message };
    throw error;
  }
}

/** ApiVersions of a version that nobody serves is answered in v0 (KIP-511). */
function answerOf({ api, version, damage }: Step): [Api, number] {
  const set = damage.find((each) => each.kind === 'set' && each.position === 2);
  if (set?.kind !== 'set') return [api, version];
  const claimed = (((set.bytes[0] ?? 0) << 24) >> 16) | (set.bytes[1] ?? 0);
  return [api, api.response.supports(claimed) ? claimed : 0];
}

/** Positions of records replaced by the records. */
function withRecords(value: Record<string, unknown>, frame: Buffer): Record<string, unknown> {
  const walk = (at: unknown, name: string): unknown => {
    if (Array.isArray(at)) return at.map((one) => walk(one, name));
    if (at === null || typeof at !== 'object' || at instanceof Uint8Array) return at;
    if (name === 'records' && 'position' in at && 'length' in at) {
      const { position, length } = at as { position: number; length: number };
      return frame.subarray(position, position + length);
    }
    return Object.fromEntries(Object.entries(at).map(([key, one]) => [key, walk(one, key)]));
  };
  return walk(value, '') as Record<string, unknown>;
}

/** The frame of a step, length and all. */
export function requestBytes(step: Step, request: unknown, correlationId: number): Uint8Array {
  const { api, version, clientId, damage } = step;
  const body = fitted(api.request.fields, version, request as Record<string, unknown>);
  let bytes = Buffer.from(joined(encodeRequestFrame(api, version, correlationId, clientId, body))).subarray(4);
  const headerEnd = 10 + (clientId === null ? 0 : Buffer.byteLength(clientId));
  let length: number | undefined;
  for (const each of damage) {
    if (each.kind === 'length') length = each.value;
    else bytes = damaged(bytes, each, headerEnd);
  }
  const frame = Buffer.concat([Buffer.alloc(4), bytes]);
  frame.writeInt32BE(length ?? bytes.length);
  return frame;
}

function damaged(bytes: Buffer, damage: Exclude<Damage, { kind: 'length' }>, headerEnd: number): Buffer<ArrayBuffer> {
  switch (damage.kind) {
    case 'set': {
      const copy = Buffer.from(bytes);
      copy.set(
        damage.bytes.slice(0, Math.max(0, copy.length - damage.position)),
        Math.min(damage.position, copy.length),
      );
      return copy;
    }
    case 'cut':
      return Buffer.from(bytes.subarray(0, Math.max(0, bytes.length - damage.count)));
    case 'append':
      return Buffer.concat([bytes, Buffer.from(damage.bytes)]);
    case 'tags': {
      const at = damage.of === 'header' ? headerEnd : bytes.length - 1;
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(damage.bytes), bytes.subarray(at + 1)]);
    }
  }
}
