import { createRequire } from 'node:module';

/** Loaded with the first pattern: its tables take 3 MB a thread. */
const require = createRequire(import.meta.url);
let loaded: typeof import('re2js') | undefined;

function re2js(): typeof import('re2js') {
  loaded ??= require('re2js') as typeof import('re2js');
  return loaded;
}

/**
 * Regular expressions that consumers subscribe to topics with (KIP-848): RE2's syntax, matched against whole names in
 * linear time. A pattern comes from any client, so what it may cost is bounded: compiling one takes at most some tens of
 * milliseconds, matching one name at most some tens in the worst case that is known, and far less in any usual one.
 */
const PATTERN_LENGTH_MAX = 1024;
const PROGRAM_SIZE_MAX = 1024;
/** Large tables are merged for each; topic names are ASCII anyway. */
const UNICODE_CLASSES_MAX = 16;

/** What is wrong with a pattern, in a few words; undefined when it may be subscribed to. */
export function topicRegexFlaw(pattern: string): string | undefined {
  if (pattern.length > PATTERN_LENGTH_MAX) {
    return `it is longer than ${PATTERN_LENGTH_MAX} characters`;
  }
  if ((pattern.match(/\\p/gi)?.length ?? 0) > UNICODE_CLASSES_MAX) {
    return `it has more than ${UNICODE_CLASSES_MAX} Unicode classes`;
  }
  const { RE2JS, RE2JSException } = re2js();
  try {
    const size = RE2JS.compile(pattern).programSize();
    return size > PROGRAM_SIZE_MAX ? `it compiles to more than ${PROGRAM_SIZE_MAX} steps` : undefined;
  } catch (error) {
    if (error instanceof RE2JSException) {
      return error.message;
    }
    throw error;
  }
}

/** Whether a name matches, as a whole. A pattern that may not be subscribed to matches nothing. */
export function topicMatcher(pattern: string): (name: string) => boolean {
  if (topicRegexFlaw(pattern) !== undefined) {
    return () => false;
  }
  const compiled = re2js().RE2JS.compile(pattern);
  return (name) => compiled.matches(name);
}
