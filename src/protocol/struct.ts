import { ProtocolError } from './protocol-error.js';
import type { Reader } from './reader.js';
import type { AnyField, FieldOptions, Read, Shape, Skip, Steps, Type, Write } from './types.js';
import { Writer } from './writer.js';

/** A struct while it is being read. */
type Draft = Record<string, unknown>;

interface TaggedField {
  readonly field: AnyField;
  readonly read: Read<unknown>;
  readonly skip: Skip;
  readonly write: Write<unknown>;
  readonly defaultValue: unknown;
}

export function isPresent(options: FieldOptions<unknown>, version: number): boolean {
  return version >= (options.since ?? 0) && version <= (options.until ?? Number.POSITIVE_INFINITY);
}

/** A field's value when it is not sent. */
export function defaultOf(field: AnyField): unknown {
  return field.options.default !== undefined ? field.options.default : field.type.implicitDefault;
}

function shapeOf(field: AnyField, shape: Shape): Shape {
  return { ...shape, nullable: field.options.nullable !== undefined && shape.version >= field.options.nullable };
}

/**
 * A struct type: its fields in order, then in flexible versions its tag section. Decoded structs have every field of every
 * version, absent ones with their defaults, so all have one hidden class.
 */
export function structOf(fields: readonly AnyField[]): Type<Draft> {
  const defaults: Draft = {};
  for (const field of fields) {
    if (field.name in defaults) {
      throw new TypeError(`two fields are called ${field.name}`);
    }
    defaults[field.name] = defaultOf(field);
  }
  Object.freeze(defaults);
  return {
    name: 'struct',
    parts: { kind: 'struct', fields },
    implicitDefault: defaults,
    bytesMin: (shape) => bytesMin(fields, shape),
    read: (shape) => readStruct(fields, defaults, shape),
    skip: (shape) => skipStruct(fields, shape),
    write: (shape) => writeStruct(fields, shape),
    steps: (shape) => structSteps(fields, defaults, shape),
    equals: (value: Draft | null, other: Draft | null) =>
      value === other ||
      (value !== null &&
        other !== null &&
        fields.every((field) =>
          field.type.equals(value[field.name] ?? defaultOf(field), other[field.name] ?? defaultOf(field)),
        )),
  };
}

/** Fields that are sent in order, and those that go into the tag section, ascending by tag. */
function placed(fields: readonly AnyField[], version: number): { ordered: AnyField[]; tagged: AnyField[] } {
  const present = fields.filter((field) => isPresent(field.options, version));
  return {
    ordered: present.filter((field) => field.options.tag === undefined),
    tagged: present
      .filter((field) => field.options.tag !== undefined)
      .sort((left, right) => (left.options.tag ?? 0) - (right.options.tag ?? 0)),
  };
}

function bytesMin(fields: readonly AnyField[], shape: Shape): number {
  if (shape.nullable) {
    return 1;
  }
  let sum = shape.flexible ? 1 : 0;
  for (const field of placed(fields, shape.version).ordered) {
    sum += field.type.bytesMin(shapeOf(field, shape));
  }
  return sum;
}

function compileTagged(tagged: readonly AnyField[], shape: Shape): TaggedField[] {
  return tagged.map((field) => ({
    field,
    read: field.type.read(shapeOf(field, shape)),
    skip: field.type.skip(shapeOf(field, shape)),
    write: field.type.write(shapeOf(field, shape)),
    defaultValue: defaultOf(field),
  }));
}

/** What reading a struct needs: of its fields in order, by their index, and of its tag section. */
function compileReads(fields: readonly AnyField[], shape: Shape) {
  const { ordered, tagged } = placed(fields, shape.version);
  return {
    names: ordered.map((field) => field.name),
    reads: ordered.map((field) => field.type.read(shapeOf(field, shape))),
    byTag: new Map(compileTagged(tagged, shape).map((one) => [one.field.options.tag, one])),
  };
}

function readStruct(fields: readonly AnyField[], defaults: Draft, shape: Shape): Read<Draft> {
  const { names, reads, byTag } = compileReads(fields, shape);
  const { flexible, nullable } = shape;
  return (reader) => {
    if (nullable && isNull(reader)) return null as unknown as Draft;
    const draft: Draft = { ...defaults };
    for (let index = 0; index < reads.length; index++) {
      draft[names[index]!] = reads[index]!(reader);
    }
    if (flexible) {
      readTags(reader, byTag, draft);
    }
    return draft;
  };
}

function skipStruct(fields: readonly AnyField[], shape: Shape): Skip {
  const { ordered, tagged } = placed(fields, shape.version);
  const skips = ordered.map((field) => field.type.skip(shapeOf(field, shape)));
  const byTag = new Map(compileTagged(tagged, shape).map((one) => [one.field.options.tag, one]));
  const { flexible, nullable } = shape;
  return (reader) => {
    if (nullable && isNull(reader)) return;
    for (let index = 0; index < skips.length; index++) {
      skips[index]!(reader);
    }
    if (flexible) {
      eachTag(reader, byTag, ({ skip }) => skip(reader));
    }
  };
}

/** KIP-893: a nullable struct begins with -1 for null, anything else for a value. */
function isNull(reader: Reader): boolean {
  return reader.int8() < 0;
}

function readTags(reader: Reader, byTag: TagTable, draft: Draft): void {
  eachTag(reader, byTag, ({ field, read }) => {
    draft[field.name] = read(reader);
  });
}

/**
 * The tag section of KIP-482. Unknown tags are skipped; order and repetition are not checked and the last value counts, as in
 * Kafka's generated readers. `known` reads the value of a known tag, which must fill the bytes that its length gave it.
 */
function eachTag(reader: Reader, byTag: TagTable, known: (tagged: TaggedField) => void): void {
  const count = reader.unsignedVarint();
  // Of nearly every struct.
  if (count === 0) return;
  reader.tags(count);
  for (let index = 0; index < count; index++) {
    const tag = reader.unsignedVarint();
    const length = reader.unsignedVarint();
    const start = reader.take(length);
    const tagged = byTag.get(tag);
    if (tagged !== undefined) {
      const { limit } = reader;
      reader.position = start;
      reader.limit = start + length;
      known(tagged);
      if (reader.remaining() > 0) {
        throw new ProtocolError('malformed', `${reader.remaining()} bytes left over in tag ${tagged.field.name}`);
      }
      reader.limit = limit;
    }
  }
}

/** Skips a tag section whose fields nobody knows: the one of request and response headers. */
export function skipTags(reader: Reader): void {
  readTags(reader, NO_TAGS, {});
}

type TagTable = ReadonlyMap<number | undefined, TaggedField>;

const NO_TAGS: TagTable = new Map();

/** What writing a struct needs: of its fields in order, by their index, and of its tag section. */
function compileWrites(fields: readonly AnyField[], shape: Shape) {
  const { ordered, tagged } = placed(fields, shape.version);
  return {
    names: ordered.map((field) => field.name),
    writes: ordered.map((field) => field.type.write(shapeOf(field, shape))),
    defaultValues: ordered.map(defaultOf),
    taggedFields: compileTagged(tagged, shape),
  };
}

function writeStruct(fields: readonly AnyField[], shape: Shape): Write<Draft> {
  const { names, writes, defaultValues, taggedFields } = compileWrites(fields, shape);
  const { flexible, nullable } = shape;
  return (writer, value: Draft | null) => {
    if (!beginStruct(writer, value, nullable)) return;
    for (let index = 0; index < writes.length; index++) {
      const given = value[names[index]!];
      writes[index]!(writer, given === undefined ? defaultValues[index] : given);
    }
    if (flexible) {
      writeTags(writer, taggedFields, value);
    }
  };
}

/**
 * Undefined when no field has steps. Tagged fields are read and written in one: a request has no more tags than it may have
 * elements, and none of them is long.
 */
function structSteps(fields: readonly AnyField[], defaults: Draft, shape: Shape): Steps<Draft> | undefined {
  const { ordered } = placed(fields, shape.version);
  const steps = ordered.map((field) => field.type.steps?.(shapeOf(field, shape)));
  if (steps.every((each) => each === undefined)) return undefined;
  const { names, reads, byTag } = compileReads(fields, shape);
  const { writes, defaultValues, taggedFields } = compileWrites(fields, shape);
  const { flexible, nullable } = shape;
  return {
    *read(reader) {
      if (nullable && isNull(reader)) return null as unknown as Draft;
      const draft: Draft = { ...defaults };
      for (let index = 0; index < reads.length; index++) {
        const fieldSteps = steps[index];
        draft[names[index]!] = fieldSteps === undefined ? reads[index]!(reader) : yield* fieldSteps.read(reader);
      }
      if (flexible) {
        readTags(reader, byTag, draft);
      }
      return draft;
    },
    *write(writer, value: Draft | null) {
      if (!beginStruct(writer, value, nullable)) return;
      for (let index = 0; index < writes.length; index++) {
        const given = value[names[index]!];
        const written = given === undefined ? defaultValues[index] : given;
        const fieldSteps = steps[index];
        if (fieldSteps === undefined) writes[index]!(writer, written);
        else yield* fieldSteps.write(writer, written);
      }
      if (flexible) {
        writeTags(writer, taggedFields, value);
      }
    },
  };
}

/** KIP-893's mark of a nullable struct; says whether fields follow. */
function beginStruct(writer: Writer, value: Draft | null, nullable: boolean): value is Draft {
  if (nullable) {
    writer.int8(value === null ? -1 : 1);
  } else if (value === null) {
    throw new TypeError('null for a struct that may not be null in this version');
  }
  return value !== null;
}

function writeTags(writer: Writer, taggedFields: readonly TaggedField[], value: Draft): void {
  // Of nearly every element of every answer.
  if (taggedFields.length === 0) {
    writer.unsignedVarint(0);
    return;
  }
  const sent = taggedFields.filter(({ field, defaultValue }) => {
    const given = value[field.name];
    return given !== undefined && !field.type.equals(given, defaultValue);
  });
  writer.unsignedVarint(sent.length);
  for (const { field, write } of sent) {
    const inner = new Writer();
    write(inner, value[field.name]);
    const { slices, bytes } = inner.finish();
    writer.unsignedVarint(field.options.tag ?? 0);
    writer.unsignedVarint(bytes);
    for (const slice of slices) {
      writer.raw(slice);
    }
  }
}
