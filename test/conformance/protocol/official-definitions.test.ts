import { describe, expect, test } from 'vitest';
import { apiList } from '../../../src/protocol/apis.js';
import type { Message, Versions } from '../../../src/protocol/codec.js';
import { consumerAssignment, consumerSubscription } from '../../../src/protocol/consumer-protocol.js';
import type { SomeField } from '../../../src/protocol/definition.js';
import { defaultOf } from '../../../src/protocol/struct.js';
import type { AnyField, Type } from '../../../src/protocol/types.js';
import { JAR, type OfficialField, type OfficialMessage, officialMessages } from './official-messages.js';

/** First and last version, both inclusive. */
type Range = readonly [number, number];

/** A field in the form in which ours and Kafka's are compared. */
interface Row {
  readonly path: string;
  readonly type: string;
  readonly versions: Range;
  readonly nullable: Range | 'never';
  readonly tag: number | 'none';
  readonly default: unknown;
}

const official = officialMessages();
if (official === undefined) throw new Error(`${JAR} is missing; npm run setup`);

/** Versions of Kafka 4.3.1 that are left out on purpose: the last one of these APIs is marked unstable. */
const UNSTABLE = new Set(['InitProducerIdRequest', 'InitProducerIdResponse']);

const messages: readonly { name: string; message: Message<SomeField>; key: number | undefined }[] = [
  ...apiList.flatMap(({ key, request, response }) =>
    [request, response].map((message) => ({ name: message.versions.name, message, key })),
  ),
  ...[consumerSubscription, consumerAssignment].map((message) => ({
    name: message.versions.name,
    message: message as Message<SomeField>,
    key: undefined,
  })),
];

describe('definitions equal those of Kafka 4.3.1', () => {
  test.each(messages)('$name', ({ name, message, key }) => {
    const theirs = official.get(name)!;
    expect(theirs.apiKey).toBe(key);
    expect(versionsOf(message.versions)).toEqual(officialVersions(theirs));
    const served: Range = [message.versions.min, message.versions.max];
    expect(ourRows(message.fields, served, '')).toEqual(officialRows(theirs.fields, served, ''));
  });

  test('headers are as frames.ts writes them', () => {
    const fields = (name: string) => official.get(name)!.fields.map((field) => `${field.name} ${field.type}`);
    expect(fields('RequestHeader')).toEqual([
      'RequestApiKey int16',
      'RequestApiVersion int16',
      'CorrelationId int32',
      'ClientId string',
    ]);
    expect(fields('ResponseHeader')).toEqual(['CorrelationId int32']);
    expect(official.get('RequestHeader')!.flexibleVersions).toBe('2+');
    expect(official.get('ResponseHeader')!.flexibleVersions).toBe('1+');
  });
});

function versionsOf({ name, min, max, flexibleFrom }: Versions): object {
  return { name, versions: [min, max], flexible: flexibleFrom ?? 'none' };
}

function officialVersions(message: OfficialMessage): object {
  const [min, max] = rangeOf(message.validVersions);
  return {
    name: message.name,
    versions: [min, UNSTABLE.has(message.name) ? max - 1 : max],
    flexible: message.flexibleVersions === 'none' ? 'none' : rangeOf(message.flexibleVersions)[0],
  };
}

function rangeOf(text: string): Range {
  const [first, last] = text.split(/[-+]/);
  const until = last === undefined ? first : last;
  return [Number(first), until === '' ? Number.POSITIVE_INFINITY : Number(until)];
}

function within([first, last]: Range, outer: Range): Range | 'never' {
  const both: Range = [Math.max(first, outer[0]), Math.min(last, outer[1])];
  return both[0] > both[1] ? 'never' : both;
}

function ourRows(fields: readonly AnyField[], outer: Range, parent: string): Row[] {
  return fields.flatMap((field): Row[] => {
    const { since = 0, until = Number.POSITIVE_INFINITY, nullable, tag } = field.options;
    const versions = within([since, until], outer);
    if (versions === 'never') {
      throw new Error(`${parent}${field.name} is in no version that is served`);
    }
    const path = parent + field.name;
    const row: Row = {
      path,
      type: field.type.name,
      versions,
      nullable: nullable === undefined ? 'never' : within([nullable, Number.POSITIVE_INFINITY], versions),
      tag: tag ?? 'none',
      default: structDefault(field),
    };
    return [row, ...ourRows(fieldsOf(field.type), versions, `${path}.`)];
  });
}

/** The default of a struct follows from its fields' defaults, which have rows of their own. */
function structDefault(field: AnyField): unknown {
  const value = defaultOf(field);
  return field.type.name === 'struct' && value !== null ? 'struct' : value;
}

function fieldsOf(type: Type<unknown>): readonly AnyField[] {
  switch (type.parts.kind) {
    case 'array':
      return fieldsOf(type.parts.element);
    case 'struct':
      return type.parts.fields;
    case 'primitive':
      return [];
  }
}

/** What the comparison knows of a field; a definition that says more needs a look. */
const KNOWN_KEYS = new Set(
  'name type versions nullableVersions taggedVersions tag default fields about ignorable mapKey entityType zeroCopy'.split(
    ' ',
  ),
);

function officialRows(fields: readonly OfficialField[], outer: Range, parent: string): Row[] {
  return fields.flatMap((field): Row[] => {
    const path = parent + field.name[0]!.toLowerCase() + field.name.slice(1);
    expect([...Object.keys(field)].filter((key) => !KNOWN_KEYS.has(key))).toEqual([]);
    const versions = within(rangeOf(field.versions), outer);
    if (versions === 'never') {
      return [];
    }
    if (field.taggedVersions !== undefined) {
      expect(within(rangeOf(field.taggedVersions), versions), `${path} is tagged wherever it is`).toEqual(versions);
    }
    const row: Row = {
      path,
      type: officialType(field),
      versions,
      nullable: field.nullableVersions === undefined ? 'never' : within(rangeOf(field.nullableVersions), versions),
      tag: field.tag ?? 'none',
      default: officialDefault(field),
    };
    return [row, ...officialRows(field.fields ?? [], versions, `${path}.`)];
  });
}

function officialType({ type, fields }: OfficialField): string {
  if (fields === undefined) {
    return type;
  }
  return type.startsWith('[]') ? '[]struct' : 'struct';
}

function officialDefault({ type, fields, default: given }: OfficialField): unknown {
  if (given === 'null') {
    return null;
  }
  if (type.startsWith('[]')) {
    return [];
  }
  if (fields !== undefined) {
    return 'struct';
  }
  switch (type) {
    case 'string':
      return given ?? '';
    case 'bool':
      return given === 'true';
    case 'uuid':
      return 'A'.repeat(22);
    case 'bytes':
      return new Uint8Array(0);
    case 'records':
      return null;
    default:
      return Math.min(Number(given ?? 0), Number.MAX_SAFE_INTEGER);
  }
}
