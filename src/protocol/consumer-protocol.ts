import { Message } from './codec.js';
import { array, field, type SomeField, type StructIn, type StructOut } from './definition.js';
import { ProtocolError } from './protocol-error.js';
import { Reader } from './reader.js';
import { bytes, int32, string } from './types.js';
import { type Slices, Writer } from './writer.js';

/**
 * What consumers put into the opaque bytes of JoinGroup (subscription) and SyncGroup (assignment): an int16 version, then
 * the message. Producers of these bytes may be newer than Kafka 4.3; a version above the last one known is read as that
 * one, its added fields ignored, as Kafka's ConsumerProtocol does.
 */

/** Protocol type of consumer groups in JoinGroup. */
export const CONSUMER_PROTOCOL_TYPE = 'consumer';

export const consumerSubscription = new Message(
  { name: 'ConsumerProtocolSubscription', min: 0, max: 3, flexibleFrom: undefined },
  [
    array('topics', string),
    field('userData', bytes, { nullable: 0, default: null }),
    array('ownedPartitions', { since: 1 }, [field('topic', string), array('partitions', int32)]),
    field('generationId', int32, { since: 2, default: -1 }),
    field('rackId', string, { since: 3, nullable: 3, default: null }),
  ],
);

export const consumerAssignment = new Message(
  { name: 'ConsumerProtocolAssignment', min: 0, max: 3, flexibleFrom: undefined },
  [
    array('assignedPartitions', [field('topic', string), array('partitions', int32)]),
    field('userData', bytes, { nullable: 0, default: null }),
  ],
);

/** What decoding opaque bytes of consumers gives. */
export interface Versioned<T> {
  /** As the consumer wrote it, possibly above what is known here. */
  readonly version: number;
  readonly value: T;
}

/** Topics and partitions that one member may subscribe to or own. */
const ELEMENTS_MAX = 0x4_0000;

/** Array elements that may yet be read, be it of several messages. */
export interface ElementsRoom {
  left: number;
}

/**
 * Throws ProtocolError when the bytes are not such a message, or one of more elements than there is room for; bytes after it
 * are ignored.
 */
export function decodeVersioned<F extends SomeField>(
  message: Message<F>,
  bytes: Uint8Array,
  room: ElementsRoom = { left: ELEMENTS_MAX },
): Versioned<StructOut<F>> {
  const reader = new Reader(bytes, 0, bytes.length, room.left);
  const version = reader.int16();
  if (version < message.versions.min) {
    throw new ProtocolError('malformed', `${message.versions.name} has no version ${version}`);
  }
  const value = message.read(Math.min(version, message.versions.max), reader);
  room.left -= reader.elementCount;
  return { version, value };
}

export function encodeVersioned<F extends SomeField>(message: Message<F>, version: number, value: StructIn<F>): Slices {
  const writer = new Writer();
  writer.int16(version);
  message.write(version, writer, value);
  return writer.finish();
}
