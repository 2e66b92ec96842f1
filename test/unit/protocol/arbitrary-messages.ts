import fc from 'fast-check';
import { UUID_BYTES, uuidFromBytes } from '../../../src/bytes/uuid.js';
import type { Message } from '../../../src/protocol/codec.js';
import type { SomeField } from '../../../src/protocol/definition.js';
import type { RecordsPosition } from '../../../src/protocol/reader.js';
import { defaultOf, isPresent } from '../../../src/protocol/struct.js';
import type { AnyField, Type } from '../../../src/protocol/types.js';
import type { Slices } from '../../../src/protocol/writer.js';

/** Any value that a version of a message can carry; a field that the version lacks has its default. */
export function arbitraryMessage(message: Message<SomeField>, version: number): fc.Arbitrary<Record<string, unknown>> {
  return arbitraryStruct(message.fields, version);
}

function arbitraryStruct(fields: readonly AnyField[], version: number): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(Object.fromEntries(fields.map((field) => [field.name, arbitraryField(field, version)])));
}

function arbitraryField(field: AnyField, version: number): fc.Arbitrary<unknown> {
  if (!isPresent(field.options, version)) {
    return fc.constant(defaultOf(field));
  }
  const { nullable } = field.options;
  const value = arbitraryValue(field.type, version);
  return nullable !== undefined && version >= nullable ? fc.option(value, { nil: null, freq: 3 }) : value;
}

function integer(bits: number): fc.Arbitrary<number> {
  return fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
}

const primitives: Record<string, fc.Arbitrary<unknown>> = {
  bool: fc.boolean(),
  int8: integer(8),
  int16: integer(16),
  int32: integer(32),
  int64: fc.maxSafeInteger(),
  float64: fc.double({ noNaN: true }).map((value) => value + 0),
  uuid: fc.uint8Array({ minLength: UUID_BYTES, maxLength: UUID_BYTES }).map((bytes) => uuidFromBytes(bytes)),
  string: fc.string({ unit: 'binary', maxLength: 40 }),
  bytes: fc.uint8Array({ maxLength: 300 }),
  records: fc
    .array(fc.uint8Array({ maxLength: 200 }), { maxLength: 3 })
    .map((slices): Slices => ({ slices, bytes: slices.reduce((sum, slice) => sum + slice.length, 0) })),
};

function arbitraryValue(type: Type<unknown>, version: number): fc.Arbitrary<unknown> {
  switch (type.parts.kind) {
    case 'array':
      return fc.array(arbitraryValue(type.parts.element, version), { maxLength: 3 });
    case 'struct':
      return arbitraryStruct(type.parts.fields, version);
    case 'primitive':
      return primitives[type.name]!;
  }
}

/**
 * A copy of a struct in which `records` replaces every value of records. Brings what was encoded and what was decoded to
 * one form, and what was decoded to what can be encoded.
 */
export function withRecords(
  fields: readonly AnyField[],
  struct: Record<string, unknown>,
  records: (value: Slices | RecordsPosition) => unknown,
): Record<string, unknown> {
  const replaced = (type: Type<unknown>, value: unknown): unknown => {
    if (value === null) {
      return null;
    }
    const { parts } = type;
    switch (parts.kind) {
      case 'array':
        return (value as readonly unknown[]).map((one) => replaced(parts.element, one));
      case 'struct':
        return withRecords(parts.fields, value as Record<string, unknown>, records);
      case 'primitive':
        return type.name === 'records' ? records(value as Slices | RecordsPosition) : value;
    }
  };
  return Object.fromEntries(fields.map((field) => [field.name, replaced(field.type, struct[field.name])]));
}
