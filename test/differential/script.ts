import type { Api } from '../../src/protocol/codec.js';

/**
 * A script: requests over a few connections, the same for both systems. What each system gives out by itself (ids of
 * topics, members, producers, sessions, its node id) is put in from that system's earlier answers. Names that begin with
 * "~" get a prefix of the script's own, so that scripts run side by side and may be run again.
 */
export interface Script {
  readonly name: string;
  readonly steps: readonly Step[];
}

export interface Step {
  readonly api: Api;
  readonly version: number;
  /** The request, with {@link Later} and "~" names in it; fields that the version lacks are left out. */
  readonly request: unknown;
  /** Which of the script's connections; opened when first used, and again when it was closed. */
  readonly connection: number;
  readonly clientId: string | null;
  /** Changes to the frame after encoding. */
  readonly damage: readonly Damage[];
  /** Names for values of the answer, by their place in it such as `topics.0.topicId`. */
  readonly keep: Readonly<Record<string, string>>;
  /** Do not wait for the answer: other connections go on, and their steps may `await` this connection. */
  readonly background: boolean;
  /** Wait for the answers of these connections before sending. */
  readonly awaits: readonly number[];
  /** Send again until the answer has this value at this place: for what another connection's request brings about. */
  readonly until: readonly [place: string, value: unknown] | undefined;
  /** Whether an answer is due; without one, a request sent behind shows whether the connection still stands. */
  readonly answered: boolean;
}

/** Bytes of a frame, counted from behind its length. */
export type Damage =
  | { readonly kind: 'set'; readonly position: number; readonly bytes: readonly number[] }
  /** From the end. */
  | { readonly kind: 'cut'; readonly count: number }
  | { readonly kind: 'append'; readonly bytes: readonly number[] }
  /** A tag section of the header (0) or of the body (1) that was empty. */
  | { readonly kind: 'tags'; readonly of: 'header' | 'body'; readonly bytes: readonly number[] }
  /** The declared length, whatever follows. */
  | { readonly kind: 'length'; readonly value: number };

/** What one system has given out so far: name to value. */
export type Given = Map<string, unknown>;

export interface Place {
  readonly prefix: string;
  readonly given: Given;
}

/** A value that is known only when the request is sent. */
export class Later {
  readonly text: string;
  readonly resolve: (place: Place) => unknown;

  constructor(text: string, resolve: (place: Place) => unknown) {
    this.text = text;
    this.resolve = resolve;
  }

  toJSON(): string {
    return `<${this.text}>`;
  }
}

/** What an earlier answer gave under this name; `otherwise` when there is none. */
export function given(name: string, otherwise: unknown): Later {
  return new Later(name, (place) => place.given.get(name) ?? otherwise);
}

/** The length of every prefix, so that names have the same length in every run. */
export const PREFIX_LENGTH = 8;

export function prefixed(text: string, prefix: string): string {
  return text.startsWith('~') ? prefix + text.slice(1) : text;
}

/** The template with everything put in. */
export function resolved(template: unknown, place: Place): unknown {
  if (template instanceof Later) return template.resolve(place);
  if (typeof template === 'string') return prefixed(template, place.prefix);
  if (Array.isArray(template)) return template.map((one) => resolved(one, place));
  if (template === null || typeof template !== 'object' || template instanceof Uint8Array) return template;
  return Object.fromEntries(Object.entries(template).map(([name, value]) => [name, resolved(value, place)]));
}

/** The value at a place such as `topics.0.topicId`; undefined when there is none. */
export function valueAt(value: unknown, place: string): unknown {
  let at = value;
  for (const name of place.split('.')) {
    if (at === null || typeof at !== 'object') return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}
