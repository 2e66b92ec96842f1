import { arrayOf } from './arrays.js';
import { structOf } from './struct.js';
import type { AnyField, FieldOptions, Type } from './types.js';

/**
 * The schema language: one file per API under `schema/` lists the fields of its request and response, for all versions that
 * Weft serves, in the order of the wire. Names are Kafka's, beginning with a small letter. The TypeScript types of messages
 * are inferred from the same lists.
 */

/** A field of a struct. `Out` is its decoded type, `In` what the encoder takes; an optional one may be left out there. */
export interface Field<Name extends string, Out, In, Optional extends boolean> extends AnyField {
  readonly name: Name;
  readonly optional: Optional;
  /** Types only, never set. */
  readonly out?: Out;
  readonly in?: In;
}

/** Any field, its types unknown. */
export type SomeField = Field<string, unknown, unknown, boolean>;

/** What decoding a struct of these fields gives: all of them, absent ones with their defaults. */
export type StructOut<F extends SomeField> = { readonly [X in F as X['name']]: Exclude<X['out'], undefined> };

/**
 * What encoding takes. A field that some version lacks, or that has a default of its own, may be left out and then has its
 * default; a value for a field that the version at hand lacks is ignored.
 */
export type StructIn<F extends SomeField> = {
  readonly [X in F as X['optional'] extends true ? never : X['name']]: Exclude<X['in'], undefined>;
} & {
  readonly [X in F as X['optional'] extends true ? X['name'] : never]?: X['in'];
};

type OrNull<T, O> = O extends { readonly nullable: number } ? T | null : T;
type IsOptional<O> = keyof O & ('since' | 'until' | 'tag' | 'default') extends never ? false : true;
type None = Record<never, never>;

function isOptional(options: FieldOptions<never>): boolean {
  return ['since', 'until', 'tag', 'default'].some((key) => key in options);
}

/** A field of a primitive type. */
export function field<
  const Name extends string,
  Out,
  In,
  const O extends FieldOptions<NoInfer<(Out & In) | null>> = None,
>(name: Name, type: Type<Out, In>, options?: O): Field<Name, OrNull<Out, O>, OrNull<In, O>, IsOptional<O>> {
  return made(name, type, options);
}

/** An array of structs (given its fields) or of a primitive type. */
export function array<const Name extends string, F extends SomeField>(
  name: Name,
  fields: readonly F[],
): Field<Name, readonly StructOut<F>[], readonly StructIn<F>[], false>;
export function array<const Name extends string, F extends SomeField, const O extends FieldOptions<null>>(
  name: Name,
  options: O,
  fields: readonly F[],
): Field<Name, OrNull<readonly StructOut<F>[], O>, OrNull<readonly StructIn<F>[], O>, IsOptional<O>>;
export function array<const Name extends string, Out, In, const O extends FieldOptions<null> = None>(
  name: Name,
  type: Type<Out, In>,
  options?: O,
): Field<Name, OrNull<readonly Out[], O>, OrNull<readonly In[], O>, IsOptional<O>>;
export function array(
  name: string,
  second: readonly AnyField[] | Type<unknown> | FieldOptions<null>,
  third?: readonly AnyField[] | FieldOptions<null>,
): SomeField {
  if (Array.isArray(second)) {
    return made(name, arrayOf(structOf(second)), undefined);
  }
  if (Array.isArray(third)) {
    return made(name, arrayOf(structOf(third)), second as FieldOptions<null>);
  }
  return made(name, arrayOf(second as Type<unknown>), third as FieldOptions<null> | undefined);
}

/** A struct in its own right. */
export function struct<const Name extends string, F extends SomeField, const O extends FieldOptions<null>>(
  name: Name,
  options: O,
  fields: readonly F[],
): Field<Name, OrNull<StructOut<F>, O>, OrNull<StructIn<F>, O>, IsOptional<O>> {
  return made(name, structOf(fields), options);
}

function made<F extends SomeField>(name: string, type: Type<unknown>, options: unknown): F {
  const given = (options ?? {}) as FieldOptions<never>;
  return { name, type, options: given, optional: isOptional(given) } as unknown as F;
}
