/**
 * The header of a record batch, magic 2 (KIP-98). Byte positions within the batch; offset, length, leader epoch and magic
 * lie outside of the CRC, so an agent stamps final offsets without touching it.
 */
export const BATCH_OVERHEAD_BYTES = 61;
/** Bytes before the part that the length field counts. */
export const LENGTH_END = 12;

const BASE_OFFSET = 0;
const LENGTH = 8;
const LEADER_EPOCH = 12;
const MAGIC = 16;
const CRC = 17;
/** The CRC covers everything from here on. */
export const CRC_START = 21;
const ATTRIBUTES = 21;
const LAST_OFFSET_DELTA = 23;
const BASE_TIMESTAMP = 27;
const MAX_TIMESTAMP = 35;
const PRODUCER_ID = 43;
const PRODUCER_EPOCH = 51;
const BASE_SEQUENCE = 53;
const RECORD_COUNT = 57;

export const CODEC_MASK = 0x07;
export const LOG_APPEND_TIME = 0x08;
export const TRANSACTIONAL = 0x10;
export const CONTROL = 0x20;
const DELETE_HORIZON = 0x40;
const KNOWN_ATTRIBUTES = CODEC_MASK | LOG_APPEND_TIME | TRANSACTIONAL | CONTROL | DELETE_HORIZON;

/** The CRC that a batch's header holds: a field read by itself, without a view of the memory. */
export function crcOf(bytes: Uint8Array, position: number): number {
  const at = position + CRC;
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Reads and writes the header fields of the batch at a position. int64 are numbers, saturated at ±(2^53 - 1). */
export class BatchHeader {
  readonly #view: DataView;
  position: number;

  constructor(bytes: Uint8Array, position = 0) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = position;
  }

  get baseOffset(): number {
    return this.#int64(BASE_OFFSET);
  }

  /** The whole batch, header and all. */
  get bytes(): number {
    return this.#view.getInt32(this.position + LENGTH) + LENGTH_END;
  }

  get leaderEpoch(): number {
    return this.#view.getInt32(this.position + LEADER_EPOCH);
  }

  get magic(): number {
    return this.#view.getInt8(this.position + MAGIC);
  }

  get crc(): number {
    return this.#view.getUint32(this.position + CRC);
  }

  get attributes(): number {
    return this.#view.getInt16(this.position + ATTRIBUTES);
  }

  get lastOffsetDelta(): number {
    return this.#view.getInt32(this.position + LAST_OFFSET_DELTA);
  }

  get baseTimestamp(): number {
    return this.#int64(BASE_TIMESTAMP);
  }

  get maxTimestamp(): number {
    return this.#int64(MAX_TIMESTAMP);
  }

  get producerId(): number {
    return this.#int64(PRODUCER_ID);
  }

  get producerEpoch(): number {
    return this.#view.getInt16(this.position + PRODUCER_EPOCH);
  }

  get baseSequence(): number {
    return this.#view.getInt32(this.position + BASE_SEQUENCE);
  }

  get recordCount(): number {
    return this.#view.getInt32(this.position + RECORD_COUNT);
  }

  /** Final offsets: the same for every reader, so they are written once, in place. */
  stamp(baseOffset: number, leaderEpoch: number): void {
    this.#setInt64(BASE_OFFSET, baseOffset);
    this.#view.setInt32(this.position + LEADER_EPOCH, leaderEpoch);
  }

  /** Turns the batch to LogAppendTime; the CRC must be set anew afterwards. */
  setAppendTime(timeMs: number): void {
    this.#setAttributes(this.attributes | LOG_APPEND_TIME);
    this.#setInt64(MAX_TIMESTAMP, timeMs);
  }

  /** The CRC must be set anew afterwards. */
  setMaxTimestamp(timestampMs: number): void {
    this.#setAttributes(this.attributes);
    this.#setInt64(MAX_TIMESTAMP, timestampMs);
  }

  /** Records of another codec follow the header, the whole batch has `bytes`; the CRC must be set anew afterwards. */
  setCodec(codec: number, bytes: number): void {
    this.#setAttributes((this.attributes & ~CODEC_MASK) | codec);
    this.#view.setInt32(this.position + LENGTH, bytes - LENGTH_END);
  }

  /** Bits that mean nothing yet are dropped where a header is written anew, as in Kafka (DefaultRecordBatch.computeAttributes). */
  #setAttributes(attributes: number): void {
    this.#view.setInt16(this.position + ATTRIBUTES, attributes & KNOWN_ATTRIBUTES);
  }

  setCrc(crc: number): void {
    this.#view.setUint32(this.position + CRC, crc);
  }

  #int64(field: number): number {
    const high = this.#view.getInt32(this.position + field);
    const value = high * 2 ** 32 + this.#view.getUint32(this.position + field + 4);
    return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value));
  }

  #setInt64(field: number, value: number): void {
    this.#view.setInt32(this.position + field, Math.floor(value / 2 ** 32));
    this.#view.setUint32(this.position + field + 4, value >>> 0);
  }
}
