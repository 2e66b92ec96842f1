import { utf8Bytes } from '../bytes/utf8.js';
import { apiByKey, apis } from './apis.js';
import type { Api, ResponseIn } from './codec.js';
import { errors } from './errors.js';
import { NAME_BYTES_MAX, Reader } from './reader.js';
import { skipTags } from './struct.js';
import { TooLongError } from './too-long-error.js';
import { type Slices, STEP_BYTES, Writer } from './writer.js';

/**
 * Frames: an int32 length, a header, a body. Header versions: a flexible API version has request header v2 and response
 * header v1, any other v1 and v0; the ApiVersions response always has v0 (KIP-511).
 */

/** Bytes of the length that precedes a frame; the length does not count itself. */
export const FRAME_LENGTH_BYTES = 4;

/** Kafka's clients send none. */
const HEADER_TAGS_MAX = 64;

/** The frame's declared length: a claim of the peer's, possibly negative or huge. Throws ProtocolError before four bytes are there. */
export function readFrameLength(bytes: Uint8Array, position = 0, limit = bytes.length): number {
  return new Reader(bytes, position, limit).int32();
}

export interface RequestHeader {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  /** Where the body starts; for an API or version that is not served, where its header's first version would end. */
  readonly bodyPosition: number;
}

/**
 * The header of the request that begins at `position`, after the frame's length. Of a key or version that is not served
 * only the part that every header has is read, so that ApiVersions can be answered (see `encodeApiVersionsFallback`).
 * Throws ProtocolError, of kind `truncated` when more bytes of the same frame could mend it.
 */
export function readRequestHeader(bytes: Uint8Array, position = 0, limit = bytes.length): RequestHeader {
  const reader = new Reader(bytes, position, limit, HEADER_TAGS_MAX);
  const apiKey = reader.int16();
  const apiVersion = reader.int16();
  const correlationId = reader.int32();
  const clientIdBytes = reader.int16();
  const clientId = clientIdBytes < 0 ? null : reader.string(clientIdBytes, NAME_BYTES_MAX);
  const request = apiByKey(apiKey)?.request;
  if (request?.supports(apiVersion) && request.isFlexible(apiVersion)) {
    skipTags(reader);
  }
  return { apiKey, apiVersion, correlationId, clientId, bodyPosition: reader.position };
}

/** A whole request frame, as a client sends it. */
export function encodeRequestFrame<A extends Api>(
  api: A,
  version: number,
  correlationId: number,
  clientId: string | null,
  request: Parameters<A['request']['encode']>[1],
): Slices {
  const writer = new Writer();
  writer.int32(0);
  writer.int16(api.key);
  writer.int16(version);
  writer.int32(correlationId);
  if (clientId === null) {
    writer.int16(-1);
  } else {
    const bytes = utf8Bytes(clientId);
    writer.int16(bytes);
    writer.text(clientId, bytes);
  }
  if (api.request.isFlexible(version)) {
    writer.unsignedVarint(0);
  }
  api.request.write(version, writer, request);
  return withLength(writer.finish());
}

function hasFlexibleResponseHeader(api: Api, version: number): boolean {
  return api.key !== apis.apiVersions.key && api.response.isFlexible(version);
}

/** A whole response frame. Records in it are the caller's slices, uncopied. `bytesMax` as of the writer. */
export function encodeResponseFrame<A extends Api>(
  api: A,
  version: number,
  correlationId: number,
  response: Parameters<A['response']['encode']>[1],
  bytesMax?: number,
): Slices {
  const writer = responseWriter(api, version, correlationId, bytesMax);
  api.response.write(version, writer, response);
  return withLength(writer.finish());
}

/** As `encodeResponseFrame`, but undefined when it takes more bytes than should be written in one step. */
export function encodeShortResponse<A extends Api>(
  api: A,
  version: number,
  correlationId: number,
  response: Parameters<A['response']['encode']>[1],
): Slices | undefined {
  try {
    return encodeResponseFrame(api, version, correlationId, response, STEP_BYTES);
  } catch (failure) {
    if (failure instanceof TooLongError) return undefined;
    throw failure;
  }
}

/** As `encodeResponseFrame`, in steps of bounded length, each of which tells how many bytes there are now. */
export function* encodeResponseSteps<A extends Api>(
  api: A,
  version: number,
  correlationId: number,
  response: Parameters<A['response']['encode']>[1],
  bytesMax?: number,
): Generator<number, Slices> {
  const writer = responseWriter(api, version, correlationId, bytesMax);
  for (const _step of api.response.writeSteps(version, writer, response)) yield writer.bytes;
  return withLength(writer.finish());
}

/** Holds the frame's place for its length, and its header. */
function responseWriter(api: Api, version: number, correlationId: number, bytesMax?: number): Writer {
  const writer = new Writer(undefined, bytesMax);
  writer.int32(0);
  writer.int32(correlationId);
  if (hasFlexibleResponseHeader(api, version)) {
    writer.unsignedVarint(0);
  }
  return writer;
}

/** The response in `bytes`, which begin after the frame's length: what a client does with an answer. */
export function decodeResponse<A extends Api>(
  api: A,
  version: number,
  bytes: Uint8Array,
  position = 0,
  limit: number = bytes.length,
): { readonly correlationId: number; readonly response: ReturnType<A['response']['decode']> } {
  const reader = new Reader(bytes, position, limit);
  const correlationId = reader.int32();
  if (hasFlexibleResponseHeader(api, version)) {
    skipTags(reader);
  }
  const response = api.response.decode(version, bytes, reader.position, limit);
  return { correlationId, response: response as ReturnType<A['response']['decode']> };
}

/**
 * The answer to an ApiVersions request of a version that is not served: v0, error 35, and the range of ApiVersions itself,
 * so that the client comes again at once with one that is (KIP-511, since Kafka 2.4 with the entry).
 */
export function encodeApiVersionsFallback(correlationId: number): Slices {
  const { key, advertisedMin, max } = apis.apiVersions;
  const response: ResponseIn<typeof apis.apiVersions> = {
    errorCode: errors.UNSUPPORTED_VERSION.code,
    apiKeys: [{ apiKey: key, minVersion: advertisedMin, maxVersion: max }],
  };
  return encodeResponseFrame(apis.apiVersions, 0, correlationId, response);
}

/** Sets the length that the first slice begins with. */
function withLength(frame: Slices): Slices {
  const length = frame.bytes - FRAME_LENGTH_BYTES;
  const first = frame.slices[0]!;
  first[0] = length >> 24;
  first[1] = length >> 16;
  first[2] = length >> 8;
  first[3] = length;
  if (length > 0x7fff_ffff) {
    throw new RangeError(`a frame of ${length} bytes`);
  }
  return frame;
}

/** The slices as one array in memory of its own, fit for a transfer to another thread. */
export function joined({ slices, bytes }: Slices): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(bytes);
  let position = 0;
  for (const slice of slices) {
    whole.set(slice, position);
    position += slice.length;
  }
  return whole;
}
