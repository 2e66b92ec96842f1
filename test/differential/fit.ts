import type { SomeField } from '../../src/protocol/definition.js';
import { defaultOf, isPresent } from '../../src/protocol/struct.js';
import type { AnyField, Type } from '../../src/protocol/types.js';

/**
 * What of a request a version can carry: only its fields, and where it allows no null the field's default. So one template
 * serves all versions of an API.
 */
export function fitted(fields: readonly AnyField[], version: number, value: Record<string, unknown>): never {
  const fit: Record<string, unknown> = {};
  for (const field of fields as readonly SomeField[]) {
    if (!isPresent(field.options, version)) continue;
    const own = value[field.name];
    if (own === undefined) continue;
    const { nullable } = field.options;
    const mayBeNull = nullable !== undefined && version >= nullable;
    fit[field.name] = own === null ? (mayBeNull ? null : notNull(field)) : fittedValue(field.type, version, own);
  }
  return fit as never;
}

function notNull(field: AnyField): unknown {
  return defaultOf(field) ?? field.type.implicitDefault ?? { slices: [], bytes: 0 };
}

function fittedValue(type: Type<unknown>, version: number, value: unknown): unknown {
  const { parts } = type;
  if (parts.kind === 'array')
    return (value as readonly unknown[]).map((one) => fittedValue(parts.element, version, one));
  if (parts.kind === 'struct') return fitted(parts.fields, version, value as Record<string, unknown>);
  return value;
}
