/**
 * Kafka's wire protocol, both directions.
 *
 * - `schema/NN-name.ts`   one definition per API (request, response, all versions), in the language of `definition.ts`
 * - `apis.ts`             `apis.produce` … and `apiByKey(key)`: {@link Api} = key, name, versions, request, response
 * - `Api.request`, `Api.response`: {@link Message} with `decode(version, bytes, position?, limit?)`, `encode(version, value)`
 * - `RequestOf<typeof apis.fetch>`, `ResponseOf<…>`: decoded types; `RequestIn<…>`, `ResponseIn<…>`: what encoding takes
 * - `frames.ts`           `readFrameLength`, `readRequestHeader`, `encodeResponseFrame`, `encodeApiVersionsFallback`,
 *                         `joined`; for clients `encodeRequestFrame`, `decodeResponse`
 * - `errors.ts`           `errors.NOT_COORDINATOR.code`; `errorByCode(code)`
 * - `consumer-protocol.ts` what consumers put into JoinGroup and SyncGroup
 * - `protocol-error.ts`   {@link ProtocolError}, the only thing that decoding throws
 * - `too-long-error.ts`   what encoding throws when a bound was set and is passed
 *
 * ```ts
 * const header = readRequestHeader(frame, 4);                            // frame: length prefix and all
 * const api = apiByKey(header.apiKey);                                   // undefined: close the connection
 * const request = apis.metadata.request.decodeLeading(header.apiVersion, frame, header.bodyPosition);
 * const answer: ResponseIn<typeof apis.metadata> = { brokers, topics };  // fields with defaults may be left out
 * const { slices, bytes } = encodeResponseFrame(apis.metadata, header.apiVersion, header.correlationId, answer);
 * ```
 *
 * Rules of decoded values: every field of every version is there, an absent one with its default; int64 are numbers, exact
 * within ±(2^53 - 1) and saturated beyond; a uuid is 22 characters of base64url; `bytes` are copies; `records` are a
 * position in the decoded bytes, or null. Encoding takes `records` as {@link Slices} and splices them in uncopied, and long
 * `bytes` as well.
 */

import type { SomeField, StructIn, StructOut } from './definition.js';
import { ProtocolError } from './protocol-error.js';
import { Reader } from './reader.js';
import { structOf } from './struct.js';
import type { AnyField, Read, Shape, Skip, Steps, Write } from './types.js';
import { type Slices, Writer } from './writer.js';

/** The versions of a message. */
export interface Versions {
  readonly name: string;
  /** First and last version that can be decoded and encoded. */
  readonly min: number;
  readonly max: number;
  /** First version with compact types and tag sections (KIP-482); undefined when none has them. */
  readonly flexibleFrom: number | undefined;
}

interface Codec {
  readonly read: Read<unknown>;
  readonly skip: Skip;
  readonly write: Write<unknown>;
}

/** A message in all its versions. A version's codec is compiled into closures when it is first used. */
export class Message<F extends SomeField> {
  readonly versions: Versions;
  readonly fields: readonly AnyField[];
  /** Array elements that a decoded message may have in all: bounds the memory and the time that a peer can claim. */
  readonly elementsMax: number;
  readonly #codecs: (Codec | undefined)[] = [];
  /** By version, as the codecs; null: it has none. */
  readonly #steps: (Steps<unknown> | null | undefined)[] = [];

  constructor(versions: Versions, fields: readonly F[], elementsMax = Number.POSITIVE_INFINITY) {
    this.versions = versions;
    this.fields = fields;
    this.elementsMax = elementsMax;
  }

  supports(version: number): boolean {
    return version >= this.versions.min && version <= this.versions.max;
  }

  isFlexible(version: number): boolean {
    return this.versions.flexibleFrom !== undefined && version >= this.versions.flexibleFrom;
  }

  /**
   * The message that fills `bytes` from `position` to `limit`. Positions of records count from the start of `bytes`.
   * Throws ProtocolError when the bytes are not such a message, are too few or too many, or the version is not served.
   */
  decode(version: number, bytes: Uint8Array, position = 0, limit: number = bytes.length): StructOut<F> {
    const reader = new Reader(bytes, position, limit, this.elementsMax);
    const value = this.read(version, reader);
    if (reader.remaining() > 0) {
      throw new ProtocolError('malformed', `${reader.remaining()} bytes after ${this.versions.name} v${version}`);
    }
    return value;
  }

  /**
   * As `decode`, but bytes behind the message are ignored, as Kafka's brokers do with requests: librdkafka 2.12 sends
   * three behind Metadata v13.
   */
  decodeLeading(version: number, bytes: Uint8Array, position = 0, limit: number = bytes.length): StructOut<F> {
    return this.read(version, new Reader(bytes, position, limit, this.elementsMax));
  }

  /** As `decodeLeading`, in steps of bounded length: a message of many elements need not hold up everybody else. */
  *decodeSteps(
    version: number,
    bytes: Uint8Array,
    position = 0,
    limit: number = bytes.length,
  ): Generator<void, StructOut<F>> {
    this.#demand(version);
    const reader = new Reader(bytes, position, limit, this.elementsMax);
    const steps = this.#stepsOf(version);
    return (steps === null ? this.read(version, reader) : yield* steps.read(reader)) as StructOut<F>;
  }

  /**
   * How many array elements the message in `bytes` has: what it costs to decode, for little. Throws ProtocolError where
   * `decodeLeading` would for want of bytes or for too many elements.
   */
  elements(version: number, bytes: Uint8Array, position = 0, limit: number = bytes.length): number {
    this.#demand(version);
    const reader = new Reader(bytes, position, limit, this.elementsMax);
    this.#codec(version).skip(reader);
    return reader.elementCount;
  }

  /** As `decode`, from where the reader is; what follows the message is left to the caller. */
  read(version: number, reader: Reader): StructOut<F> {
    this.#demand(version);
    return this.#codec(version).read(reader) as StructOut<F>;
  }

  /** Throws RangeError or TypeError for a value that the version cannot carry: a mistake of the caller's. */
  encode(version: number, value: StructIn<F>): Slices {
    const writer = new Writer();
    this.write(version, writer, value);
    return writer.finish();
  }

  /** As `encode`, behind what the writer already holds. */
  write(version: number, writer: Writer, value: StructIn<F>): void {
    this.#requireVersion(version);
    this.#codec(version).write(writer, value);
  }

  /** As `write`, in steps as those of `decodeSteps`. */
  *writeSteps(version: number, writer: Writer, value: StructIn<F>): Generator<void, void> {
    this.#requireVersion(version);
    const steps = this.#stepsOf(version);
    if (steps === null) this.#codec(version).write(writer, value);
    else yield* steps.write(writer, value);
  }

  #requireVersion(version: number): void {
    if (!this.supports(version)) {
      throw new RangeError(`${this.versions.name} has no version ${version}`);
    }
  }

  #demand(version: number): void {
    if (!this.supports(version)) {
      throw new ProtocolError('malformed', `${this.versions.name} has no version ${version}`);
    }
  }

  #shape(version: number): Shape {
    return { version, flexible: this.isFlexible(version), nullable: false };
  }

  #codec(version: number): Codec {
    const index = version - this.versions.min;
    let codec = this.#codecs[index];
    if (codec === undefined) {
      const type = structOf(this.fields);
      const shape = this.#shape(version);
      codec = { read: type.read(shape), skip: type.skip(shape), write: type.write(shape) as Write<unknown> };
      this.#codecs[index] = codec;
    }
    return codec;
  }

  /** Compiled when first asked for: most versions of most messages are never long. */
  #stepsOf(version: number): Steps<unknown> | null {
    const index = version - this.versions.min;
    if (this.#steps[index] === undefined) {
      const steps = structOf(this.fields).steps?.(this.#shape(version));
      this.#steps[index] = (steps as Steps<unknown> | undefined) ?? null;
    }
    return this.#steps[index] ?? null;
  }
}

/** One Kafka API. */
export interface Api<Q extends SomeField = SomeField, P extends SomeField = SomeField> extends Versions {
  readonly key: number;
  /** What ApiVersions says; below `min` only where old clients look for it although no such request is served. */
  readonly advertisedMin: number;
  readonly request: Message<Q>;
  readonly response: Message<P>;
}

interface ApiDefinition<Q, P> {
  readonly key: number;
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly advertisedMin?: number;
  /** Undefined: no version is. */
  readonly flexibleFrom: number | undefined;
  /** Of a request; REQUEST_ELEMENTS_MAX when absent. */
  readonly elementsMax?: number;
  readonly request: readonly Q[];
  readonly response: readonly P[];
}

/**
 * Array elements in one request, which becomes objects and is answered on the main thread, at a microsecond or less for
 * each element and step. A partition is an element or two; Kafka's advice is 4,000 partitions a broker.
 */
export const REQUEST_ELEMENTS_MAX = 0x8000;

/** The API of a definition file. */
export function api<Q extends SomeField, P extends SomeField>(definition: ApiDefinition<Q, P>): Api<Q, P> {
  const { key, name, min, max, flexibleFrom } = definition;
  return {
    key,
    name,
    min,
    max,
    flexibleFrom,
    advertisedMin: definition.advertisedMin ?? min,
    request: new Message(
      { name: `${name}Request`, min, max, flexibleFrom },
      definition.request,
      definition.elementsMax ?? REQUEST_ELEMENTS_MAX,
    ),
    response: new Message({ name: `${name}Response`, min, max, flexibleFrom }, definition.response),
  };
}

interface Coded {
  decode(version: number, bytes: Uint8Array): unknown;
  encode(version: number, value: never): Slices;
}

/** What decoding a message gives, and what encoding it takes. */
export type Decoded<M extends Coded> = ReturnType<M['decode']>;
export type Encodable<M extends Coded> = Parameters<M['encode']>[1];

export type RequestOf<A extends { readonly request: Coded }> = Decoded<A['request']>;
export type RequestIn<A extends { readonly request: Coded }> = Encodable<A['request']>;
export type ResponseOf<A extends { readonly response: Coded }> = Decoded<A['response']>;
export type ResponseIn<A extends { readonly response: Coded }> = Encodable<A['response']>;
