/** Arrays: the only type that may be long, and hence the one that may be read and written in steps. */
import type { Reader } from './reader.js';
import {
  nullOrRefused,
  readLength32,
  readLengthCompact,
  requireNullable,
  type Shape,
  type Steps,
  type Type,
  writeLength32,
  writeLengthCompact,
} from './types.js';
import type { Writer } from './writer.js';

/** Array elements that are read in one step, in less than a millisecond or two. */
const STEP_ELEMENTS = 2_048;

/** Reads an array's count and announces it; a negative one stands for null. */
function readArrayCount(element: Type<unknown>, shape: Shape): (reader: Reader) => number {
  const readCount = shape.flexible ? readLengthCompact : readLength32;
  const elementBytesMin = Math.max(1, element.bytesMin({ ...shape, nullable: false }));
  return (reader) => {
    const count = readCount(reader);
    reader.elements(Math.max(0, count), elementBytesMin);
    return count;
  };
}

/** Writes an array's count; says whether elements follow. */
function writeArrayCount(shape: Shape): <In>(writer: Writer, value: readonly In[] | null) => value is readonly In[] {
  const writeCount = shape.flexible ? writeLengthCompact : writeLength32;
  const nullable = shape.nullable;
  return <In>(writer: Writer, value: readonly In[] | null): value is readonly In[] => {
    if (value === null) {
      requireNullable(nullable, 'array');
      writeCount(writer, -1);
      return false;
    }
    writeCount(writer, value.length);
    return true;
  };
}

/** Every element is read by the same closure; the count must fit the bytes that are left before anything is allocated. */
export function arrayOf<Out, In>(element: Type<Out, In>): Type<readonly Out[], readonly In[]> {
  const empty: readonly never[] = Object.freeze([]);
  return {
    name: `[]${element.name}`,
    parts: { kind: 'array', element: element as Type<unknown> },
    implicitDefault: empty,
    bytesMin: (shape) => (shape.flexible ? 1 : 4),
    read: (shape) => {
      const readElement = element.read({ ...shape, nullable: false });
      const readCount = readArrayCount(element as Type<unknown>, shape);
      const nullable = shape.nullable;
      return (reader) => {
        const count = readCount(reader);
        if (count < 0) {
          return nullOrRefused(nullable, 'array', reader) as unknown as readonly Out[];
        }
        const elements: Out[] = [];
        for (let index = 0; index < count; index++) {
          elements.push(readElement(reader));
        }
        return elements;
      };
    },
    skip: (shape) => {
      const skipElement = element.skip({ ...shape, nullable: false });
      const readCount = readArrayCount(element as Type<unknown>, shape);
      return (reader) => {
        const count = readCount(reader);
        for (let index = 0; index < count; index++) {
          skipElement(reader);
        }
      };
    },
    write: (shape) => {
      const writeElement = element.write({ ...shape, nullable: false });
      const writeCount = writeArrayCount(shape);
      return (writer, value: readonly In[] | null) => {
        if (!writeCount(writer, value)) return;
        for (const one of value) {
          writeElement(writer, one);
        }
      };
    },
    steps: (shape) => arraySteps(element, shape),
    equals: (value: readonly In[] | null, other: readonly In[] | null) =>
      value === other ||
      (value !== null &&
        other !== null &&
        value.length === other.length &&
        value.every((one, index) => element.equals(one, other[index] as In))),
  };
}

function arraySteps<Out, In>(element: Type<Out, In>, shape: Shape): Steps<readonly Out[], readonly In[]> {
  const ofElement = { ...shape, nullable: false };
  const readElement = element.read(ofElement);
  const writeElement = element.write(ofElement);
  const ofElements = element.steps?.(ofElement);
  const readCount = readArrayCount(element as Type<unknown>, shape);
  const writeCount = writeArrayCount(shape);
  return {
    *read(reader) {
      const count = readCount(reader);
      if (count < 0) {
        return nullOrRefused(shape.nullable, 'array', reader) as unknown as readonly Out[];
      }
      const elements: Out[] = [];
      for (let index = 0; index < count; index++) {
        elements.push(ofElements === undefined ? readElement(reader) : yield* ofElements.read(reader));
        reader.elementsRead += 1;
        if (reader.elementsRead % STEP_ELEMENTS === 0) yield;
      }
      return elements;
    },
    *write(writer, value: readonly In[] | null) {
      if (!writeCount(writer, value)) return;
      // A handler's response may hold arrays of names that are the metadata's own, and change from turn to turn.
      const elements = element.steps === undefined ? [...value] : value;
      for (const one of elements) {
        if (ofElements === undefined) writeElement(writer, one);
        else yield* ofElements.write(writer, one);
        if (writer.endsStep()) yield;
      }
    },
  };
}
