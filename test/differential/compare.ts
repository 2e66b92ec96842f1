import { identities, ordered } from './field-meanings.js';
import type { Plain } from './normalise.js';

/** One place at which two answers differ. */
export interface Difference {
  /** Names of fields, arrays passed through without a trace: `topics.partitions.errorCode`. */
  readonly field: string;
  /** The same with what tells the elements apart. */
  readonly place: string;
  /** ABSENT for an element that only the other has. */
  readonly weft: Plain | typeof ABSENT;
  readonly kafka: Plain | typeof ABSENT;
}

export const ABSENT = 'ABSENT';

export function differencesOf(api: string, weft: Plain, kafka: Plain): Difference[] {
  const found: Difference[] = [];
  const compare = (left: Plain, right: Plain, field: string, place: string): void => {
    if (Array.isArray(left) && Array.isArray(right)) compareLists(left, right, field, place);
    else if (isStruct(left) && isStruct(right)) {
      for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
        const path = field === '' ? name : `${field}.${name}`;
        compare(left[name] ?? null, right[name] ?? null, path, place === '' ? name : `${place}.${name}`);
      }
    } else if (left !== right) found.push({ field, place, weft: left, kafka: right });
  };
  const compareLists = (left: readonly Plain[], right: readonly Plain[], field: string, place: string): void => {
    const byIdentity = !ordered.has(`${api}.${field}`);
    const [ours, theirs] = [keyed(left, byIdentity), keyed(right, byIdentity)];
    for (const key of new Set([...ours.keys(), ...theirs.keys()])) {
      const at = `${place}[${key}]`;
      const [mine, other] = [ours.get(key), theirs.get(key)];
      if (mine === undefined) found.push({ field, place: at, weft: ABSENT, kafka: other! });
      else if (other === undefined) found.push({ field, place: at, weft: mine, kafka: ABSENT });
      else compare(mine, other, field, at);
    }
  };
  // What a request came to at all tells more than the fields of the one answer that there is.
  if (isStruct(weft) && isStruct(kafka) && weft['outcome'] !== kafka['outcome']) {
    return [{ field: 'outcome', place: 'outcome', weft: brief(weft), kafka: brief(kafka) }];
  }
  compare(weft, kafka, '', '');
  return found;
}

function brief(plain: { readonly [name: string]: Plain }): Plain {
  return plain['outcome'] === 'answer' ? plain : plain['outcome']!;
}

export function isStruct(plain: Plain): plain is { readonly [name: string]: Plain } {
  return plain !== null && typeof plain === 'object' && !Array.isArray(plain);
}

/** Elements under what tells them apart, those of one identity counted. */
function keyed(given: readonly Plain[], byIdentity: boolean): Map<string, Plain> {
  const elements = new Map<string, Plain>();
  const list = byIdentity ? given.toSorted(byText) : given;
  for (const [index, element] of list.entries()) {
    const name = byIdentity ? identityOf(element) : `${index}`;
    let key = name ?? `${index}`;
    for (let again = 2; elements.has(key); again += 1) key = `${name}, again ${again}`;
    elements.set(key, element);
  }
  return elements;
}

function identityOf(element: Plain): string | undefined {
  if (!isStruct(element)) return JSON.stringify(element);
  // Once a thing is known by its name, its id is something said of it.
  const isNamed = ['name', 'topic'].some((name) => typeof element[name] === 'string' && element[name] !== '');
  const telling = isNamed ? identities.filter((name) => name !== 'topicId') : identities;
  const parts = telling.flatMap((name) => (name in element ? [`${name}=${textOf(element[name]!)}`] : []));
  return parts.length === 0 ? undefined : parts.join(',');
}

/** An identity of several parts does not depend on their order. */
function textOf(value: Plain): string {
  if (!Array.isArray(value)) return JSON.stringify(value);
  return `[${value
    .map((one) => JSON.stringify(one))
    .sort()
    .join()}]`;
}

function byText(one: Plain, other: Plain): number {
  const [left, right] = [JSON.stringify(one), JSON.stringify(other)];
  return left < right ? -1 : left > right ? 1 : 0;
}
