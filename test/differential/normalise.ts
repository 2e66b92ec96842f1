import { errorByCode } from '../../src/protocol/errors.js';
import { isPresent } from '../../src/protocol/struct.js';
import type { AnyField, Type } from '../../src/protocol/types.js';
import { OWN_GROUP } from './committer.js';
import type { Outcome } from './connection.js';
import { listings, type Meaning, meanings, pieces } from './field-meanings.js';
import { plainRecords } from './plain-records.js';
import { PUBLISHED_USER } from './publisher.js';
import { PREFIX_LENGTH, type Step } from './script.js';
import type { System } from './systems.js';

/** An outcome with everything replaced that two systems give out differently. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [name: string]: Plain };

interface Context {
  readonly api: string;
  readonly version: number;
  readonly system: System;
  readonly prefix: string;
  /** Value to name of what the system gave out. */
  readonly names: ReadonlyMap<unknown, string>;
}

export function normalised(
  outcome: Outcome,
  step: Step,
  system: System,
  prefix: string,
  names: ReadonlyMap<unknown, string>,
): Plain {
  if (outcome.kind !== 'answer') return { outcome: outcome.kind, ...('why' in outcome ? { why: outcome.why } : {}) };
  const context = { api: step.api.name, version: outcome.version, system, prefix, names };
  return { outcome: 'answer', ...plainStruct(step.api.response.fields, outcome.value, context, '') };
}

function plainStruct(
  fields: readonly AnyField[],
  value: Record<string, unknown>,
  context: Context,
  path: string,
): Record<string, Plain> {
  const plain: Record<string, Plain> = {};
  for (const field of fields) {
    if (!isPresent(field.options, context.version)) continue;
    const fieldPath = path === '' ? field.name : `${path}.${field.name}`;
    const meaning = meanings[`${context.api}.${fieldPath}`] ?? meanings[field.name];
    if (meaning === 'not compared') continue;
    plain[field.name] = plainValue(field.type, value[field.name], context, fieldPath, meaning);
  }
  return plain;
}

function plainValue(
  type: Type<unknown>,
  value: unknown,
  context: Context,
  path: string,
  meaning: Meaning | undefined,
): Plain {
  const { parts } = type;
  if (meaning === 'records') return plainRecords(value as Uint8Array | null, context.names);
  if (value === null || value === undefined) return null;
  if (parts.kind === 'array') {
    const all = own(value as readonly unknown[], context, path);
    const plain = all.map((one) => plainValue(parts.element, one, context, path, meaning));
    const inner = pieces[`${context.api}.${path}`];
    return inner === undefined ? plain : together(plain, inner);
  }
  if (parts.kind === 'struct') return plainStruct(parts.fields, value as Record<string, unknown>, context, path);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (meaning !== undefined) return plainMeaning(meaning, value, context);
  return typeof value === 'string' ? unprefixed(value, context.prefix) : (value as Plain);
}

/** What begins the names of every script. */
const SCRIPT_NAME = /\bd[0-9a-z]{6}-/g;
/** Groups that belong to no script: the test's own, and the one without a name, which is everybody's. */
const OWN_NAMES: ReadonlySet<string> = new Set([JSON.stringify(OWN_GROUP), '""']);

function own(list: readonly unknown[], { api, prefix }: Context, path: string): readonly unknown[] {
  const name = listings[`${api}.${path}`];
  if (name === undefined) return list;
  return list.filter((one) => {
    const text = JSON.stringify((one as Record<string, unknown>)[name]);
    const isOther = [...text.matchAll(SCRIPT_NAME)].some(([found]) => found !== prefix);
    return !isOther && !OWN_NAMES.has(text) && !text.includes(PUBLISHED_USER);
  });
}

/** Elements that are alike but for their inner list as one, with all that their lists have. */
function together(elements: readonly Plain[], inner: string): Plain {
  const whole = new Map<string, Record<string, Plain>>();
  for (const element of elements as readonly Record<string, Plain>[]) {
    if ((element[inner] as readonly Plain[]).length === 0) continue;
    const key = JSON.stringify({ ...element, [inner]: [] });
    const first = whole.get(key) ?? { ...element, [inner]: [] };
    first[inner] = [...(first[inner] as readonly Plain[]), ...(element[inner] as readonly Plain[])];
    whole.set(key, first);
  }
  return [...whole.values()];
}

function plainMeaning(meaning: Meaning, value: unknown, { system, names, prefix }: Context): Plain {
  switch (meaning) {
    case 'text':
      return value === '' ? null : '<text>';
    case 'node':
      return value === system.nodeId ? '<node>' : (value as number) < 0 ? (value as number) : '<other node>';
    case 'host':
    case 'port': {
      const [host, port] = system.address.split(':');
      return value === host || value === Number(port) ? `<${meaning}>` : (value as Plain);
    }
    case 'time':
      return value === -1 ? -1 : '<time>';
    case 'error':
      return `${errorByCode(value as number)?.name ?? 'UNKNOWN'} (${value})`;
    default: {
      const name = names.get(value);
      if (name !== undefined) return `<${name}>`;
      if (typeof value === 'number') return value < 0 || (value === 0 && meaning === 'session') ? value : '<number>';
      return plainId(unprefixed(value as string, prefix));
    }
  }
}

/** Ids that a script made up are short; those that a system gives out are or end with a UUID, in one of its two forms. */
function plainId(text: string): string {
  if (/^A{22}$/.test(text)) return '<zero>';
  const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$|(?<=^|-)[\w-]{22}$/.exec(text);
  return uuid === null ? text : `${text.slice(0, uuid.index)}<uuid>`;
}

function unprefixed(text: string, prefix: string): string {
  return text.startsWith(prefix) ? `~${text.slice(PREFIX_LENGTH)}` : text;
}
