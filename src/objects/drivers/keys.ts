import type { GetOptions } from '../store.js';
import { StoreError } from '../store.js';

/**
 * Keys are relative paths of plain parts, none with a dot first (in a folder, such names are not objects); anything else is
 * a mistake of the caller's. Returns the key.
 */
export function checkKey(key: string): string {
  if (!PLAIN.test(key)) throw new RangeError(`'${key}' is not an object key`);
  return key;
}

const PLAIN = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;

/** The part of a whole object that was asked for, copied where it was asked to go. */
export function ranged(key: string, whole: Uint8Array, options: GetOptions): Uint8Array {
  const { range, into } = options;
  if (range !== undefined && range.position + range.length > whole.length) {
    throw new StoreError('not-found', key, `${key} ends at ${whole.length}, before ${range.position + range.length}`);
  }
  const bytes = range === undefined ? whole : whole.subarray(range.position, range.position + range.length);
  if (into === undefined) return bytes.slice();
  if (into.length !== bytes.length) throw new RangeError(`${into.length} bytes cannot take ${bytes.length}`);
  into.set(bytes);
  return into;
}
