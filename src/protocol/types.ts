import { utf8Bytes } from '../bytes/utf8.js';
import { ZERO_UUID } from '../bytes/uuid.js';
import { ProtocolError } from './protocol-error.js';
import { NAME_BYTES_MAX, type Reader, type RecordsPosition, STRING_BYTES_MAX } from './reader.js';
import type { Slices, Writer } from './writer.js';

/** Reads one value and moves the reader past it. */
export type Read<Out> = (reader: Reader) => Out;
/**
 * Moves the reader past one value and makes nothing of it, but for announcing array elements to the reader: what a message
 * will cost to decode is known before any of it is.
 */
export type Skip = (reader: Reader) => void;
/** Writes one value. Declared as a method, so that the writer of one type may stand where the type is not known. */
export type Write<In> = { write(writer: Writer, value: In): void }['write'];
/** `Read` and `Write` that stop after every so many array elements or bytes, so that the caller may let others run. */
export interface Steps<Out, In = Out> {
  read(reader: Reader): Generator<void, Out>;
  write(writer: Writer, value: In): Generator<void, void>;
}

/** What a compiled type depends on. */
export interface Shape {
  readonly version: number;
  /** Whether this version uses the compact encodings and tag sections of KIP-482. */
  readonly flexible: boolean;
  readonly nullable: boolean;
}

/**
 * A type of the schema language: how it is read and written in one version. `Out` is what decoding gives; `In` is what
 * encoding takes.
 */
export interface Type<Out, In = Out> {
  /** As in Kafka's definitions: `int32`, `string`, `struct`, … */
  readonly name: string;
  /** For arrays and structs: the element's type, the fields. */
  readonly parts: TypeParts;
  /** The value of a field that was not sent and whose definition names no other. */
  readonly implicitDefault: Out & In;
  /** Fewest bytes that a value takes: bounds the count of an array before anything is read. */
  bytesMin(shape: Shape): number;
  read(shape: Shape): Read<Out>;
  skip(shape: Shape): Skip;
  write(shape: Shape): Write<In>;
  /** Undefined for what is never long: it has no array. */
  steps?(shape: Shape): Steps<Out, In> | undefined;
  /** Whether `value` equals `other`: a tagged field equal to its default is not sent. */
  equals(value: In, other: In): boolean;
}

export type TypeParts =
  | { readonly kind: 'primitive' }
  | { readonly kind: 'array'; readonly element: Type<unknown> }
  | { readonly kind: 'struct'; readonly fields: readonly AnyField[] };

/** The fields of a struct, seen without their types. */
export interface AnyField {
  readonly name: string;
  readonly type: Type<unknown>;
  readonly options: FieldOptions<unknown>;
}

/** All versions are of the API and inclusive. */
export interface FieldOptions<T> {
  /** First version with this field; the API's first when absent. */
  readonly since?: number;
  /** Last version with this field; the API's last when absent. */
  readonly until?: number;
  /** First version in which null may be sent. */
  readonly nullable?: number;
  /** Number of the field in the struct's tag section (KIP-482): sent only when it differs from its default. */
  readonly tag?: number;
  /** Value when not sent; 0, '', false, [], the zero uuid, or for records null when absent. */
  readonly default?: T;
}

const PRIMITIVE: TypeParts = { kind: 'primitive' };

function fixed<T>(name: string, bytes: number, implicitDefault: T, read: Read<T>, write: Write<T>): Type<T> {
  const skip: Skip = (reader) => {
    reader.take(bytes);
  };
  return {
    name,
    parts: PRIMITIVE,
    implicitDefault,
    bytesMin: () => bytes,
    read: () => read,
    skip: () => skip,
    write: () => write,
    equals: (value, other) => value === other,
  };
}

export const bool = fixed<boolean>(
  'bool',
  1,
  false,
  (r) => r.bool(),
  (w, v) => w.bool(v),
);
export const int8 = fixed<number>(
  'int8',
  1,
  0,
  (r) => r.int8(),
  (w, v) => w.int8(v),
);
export const int16 = fixed<number>(
  'int16',
  2,
  0,
  (r) => r.int16(),
  (w, v) => w.int16(v),
);
export const int32 = fixed<number>(
  'int32',
  4,
  0,
  (r) => r.int32(),
  (w, v) => w.int32(v),
);
/** A number, exact within ±(2^53 - 1) and saturated beyond when decoded. */
export const int64 = fixed<number>(
  'int64',
  8,
  0,
  (r) => r.int64(),
  (w, v) => w.int64(v),
);
export const float64 = fixed<number>(
  'float64',
  8,
  0,
  (r) => r.float64(),
  (w, v) => w.float64(v),
);
/** 22 characters of base64url (src/bytes/uuid.ts). */
export const uuid = fixed<string>(
  'uuid',
  16,
  ZERO_UUID,
  (r) => r.uuid(),
  (w, v) => w.uuid(v),
);

/** The largest int64, as decoding gives it. */
export const INT64_MAX = Number.MAX_SAFE_INTEGER;

type ReadLength = (reader: Reader) => number;
type WriteLength = (writer: Writer, length: number) => void;

const readLength16: ReadLength = (reader) => reader.int16();
export const readLength32: ReadLength = (reader) => reader.int32();
export const readLengthCompact: ReadLength = (reader) => reader.compactLength();
const writeLength16: WriteLength = (writer, length) => writer.int16(length);
export const writeLength32: WriteLength = (writer, length) => writer.int32(length);
export const writeLengthCompact: WriteLength = (writer, length) => writer.unsignedVarint(length + 1);

/** A type with a length before it, any negative length being null: as Kafka's readers have it. */
function sized<Out, In>(
  name: string,
  lengthBytes: 2 | 4,
  implicitDefault: Out & In,
  readBody: (reader: Reader, length: number) => Out,
  writeBody: (writer: Writer, value: In, writeLength: WriteLength) => void,
  equals: (value: In, other: In) => boolean,
): Type<Out, In> {
  return {
    name,
    parts: PRIMITIVE,
    implicitDefault,
    bytesMin: (shape) => (shape.flexible ? 1 : lengthBytes),
    read: (shape) => {
      const readLength = shape.flexible ? readLengthCompact : lengthBytes === 2 ? readLength16 : readLength32;
      const nullable = shape.nullable;
      return (reader) => {
        const length = readLength(reader);
        // Null stands for itself only where the field's type says that it may.
        return length < 0 ? (nullOrRefused(nullable, name, reader) as Out) : readBody(reader, length);
      };
    },
    skip: (shape) => {
      const readLength = shape.flexible ? readLengthCompact : lengthBytes === 2 ? readLength16 : readLength32;
      return (reader) => {
        reader.take(Math.max(0, readLength(reader)));
      };
    },
    write: (shape) => {
      const writeLength = shape.flexible ? writeLengthCompact : lengthBytes === 2 ? writeLength16 : writeLength32;
      const nullable = shape.nullable;
      return (writer, value) => {
        if (value !== null) {
          writeBody(writer, value, writeLength);
        } else {
          requireNullable(nullable, name);
          writeLength(writer, -1);
        }
      };
    },
    equals,
  };
}

export function nullOrRefused(nullable: boolean, name: string, reader: Reader): null {
  if (!nullable) {
    throw new ProtocolError('malformed', `null ${name} before ${reader.position} where none may be`);
  }
  return null;
}

export function requireNullable(nullable: boolean, name: string): void {
  if (!nullable) {
    throw new TypeError(`null for a ${name} that may not be null in this version`);
  }
}

/** Kafka's string, of at most so many bytes when it is read. */
function stringOf(bytesMax: number): Type<string> {
  return sized<string, string>(
    'string',
    2,
    '',
    (reader, length) => reader.string(length, bytesMax),
    (writer, value, writeLength) => {
      const length = utf8Bytes(value);
      if (length > STRING_BYTES_MAX) {
        throw new RangeError(`a string of ${length} bytes is longer than 32,767`);
      }
      writeLength(writer, length);
      writer.text(value, length);
    },
    (value, other) => value === other,
  );
}

/** The name of something, which may become a key. */
export const string = stringOf(NAME_BYTES_MAX);

/** A string that is nobody's name and never a key, as long as Kafka's may be. */
export const text = stringOf(STRING_BYTES_MAX);

/** A string for people to read: one that is too long, because it repeats names that a client sent, is cut when written. */
export const sentence: typeof text = {
  ...text,
  write: (shape) => {
    const write = text.write(shape);
    return (writer, value) => write(writer, value === null ? value : cut(value));
  },
};

function cut(text: string): string {
  if (utf8Bytes(text) <= STRING_BYTES_MAX) {
    return text;
  }
  // A character that is cut becomes U+FFFD: three bytes where at least one was.
  return Buffer.from(text)
    .subarray(0, STRING_BYTES_MAX - 2)
    .toString();
}

/** Decodes to a copy, so that it outlives the memory that was decoded. Long ones are spliced in when they are encoded. */
export const bytes = sized<Uint8Array, Uint8Array>(
  'bytes',
  4,
  new Uint8Array(0),
  (reader, length) => reader.copied(length),
  (writer, value, writeLength) => {
    writeLength(writer, value.length);
    writer.raw(value);
  },
  (value, other) => value === other || (value !== null && other !== null && Buffer.compare(value, other) === 0),
);

/** Record batches. Decodes to a position in the decoded bytes; encodes from slices, which are spliced in uncopied. */
export const records = sized<RecordsPosition | null, Slices | null>(
  'records',
  4,
  null,
  (reader, length) => reader.records(length),
  (writer, value, writeLength) => {
    if (value !== null) {
      writeLength(writer, value.bytes);
      writer.splice(value);
    }
  },
  (value, other) => value === other,
);
