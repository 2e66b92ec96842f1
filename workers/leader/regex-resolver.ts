import { topicMatcher } from '../../src/cluster/topic-regex.js';
import type { MetadataView } from '../../src/metadata/view.js';
import type { World } from '../../src/world/world.js';

/** Matching gives way to other work after this long; a single name takes as long as it takes (topic-regex.ts). */
const TURN_MS = 5;

interface Pattern {
  /** How many of the known names were looked at. */
  seen: number;
  readonly matching: string[];
  /** Those that exist, ascending; undefined: topics came or went since this was found out. */
  existing: readonly string[] | undefined;
}

/**
 * Which topics match which regular expressions. Every name is matched once a pattern, in small turns, so that neither
 * many topics nor a costly pattern holds up the journal. A compiled pattern can take megabytes: one is there at a time.
 */
export class RegexResolver {
  readonly #world: Pick<World, 'clock' | 'timers'>;
  readonly #topics: () => MetadataView;
  readonly #done: () => void;
  readonly #patterns = new Map<string, Pattern>();
  /** Every name that was ever there, in the order in which it came. A name matches or not, whatever topic bears it. */
  #names: string[] = [];
  #known = new Set<string>();
  #working = false;
  /** Topics came or went since the names were looked through. */
  #stale = true;

  /** `done` runs when a pattern was resolved. */
  constructor(world: Pick<World, 'clock' | 'timers'>, topics: () => MetadataView, done: () => void) {
    this.#world = world;
    this.#topics = topics;
    this.#done = done;
  }

  /** Topics came or went. */
  topicsChanged(): void {
    this.#stale = true;
  }

  /**
   * Names of existing topics that match, ascending: the same array until topics come or go. Undefined when that is not known
   * yet: `done` will tell.
   */
  matching(regex: string): readonly string[] | undefined {
    this.#learnNames();
    const pattern = this.#patterns.get(regex);
    if (pattern !== undefined && pattern.seen === this.#names.length) {
      pattern.existing ??= pattern.matching.filter((name) => this.#topics().topicByName(name) !== undefined).sort();
      return pattern.existing;
    }
    if (pattern === undefined) {
      this.#patterns.set(regex, { seen: 0, matching: [], existing: undefined });
    }
    this.#start();
    return undefined;
  }

  /** Forgets the patterns that nobody subscribes to. */
  keep(regexes: ReadonlySet<string>): void {
    for (const regex of this.#patterns.keys()) {
      if (!regexes.has(regex)) {
        this.#patterns.delete(regex);
      }
    }
  }

  clear(): void {
    this.#patterns.clear();
    this.#names = [];
    this.#known = new Set();
    this.#stale = true;
  }

  #learnNames(): void {
    if (!this.#stale) {
      return;
    }
    this.#stale = false;
    let count = 0;
    for (const { name } of this.#topics().topics()) {
      count++;
      if (!this.#known.has(name)) {
        this.#known.add(name);
        this.#names.push(name);
      }
    }
    for (const pattern of this.#patterns.values()) {
      pattern.existing = undefined;
    }
    if (this.#names.length > 2 * count + 1000) {
      this.clear();
      this.#learnNames();
    }
  }

  #start(): void {
    if (!this.#working) {
      this.#working = true;
      this.#world.timers.after(0, () => this.#next());
    }
  }

  #next(): void {
    for (const [regex, pattern] of this.#patterns) {
      if (pattern.seen < this.#names.length) {
        this.#turn(pattern, topicMatcher(regex));
        return;
      }
    }
    this.#working = false;
  }

  #turn(pattern: Pattern, matches: (name: string) => boolean): void {
    const startedMs = this.#world.clock.monotonicMs();
    const names = this.#names;
    while (pattern.seen < names.length) {
      const name = names[pattern.seen++]!;
      if (matches(name)) {
        pattern.matching.push(name);
      }
      if (this.#world.clock.monotonicMs() - startedMs >= TURN_MS) {
        break;
      }
    }
    const isDone = pattern.seen === names.length;
    this.#world.timers.after(0, () => (isDone || names !== this.#names ? this.#next() : this.#turn(pattern, matches)));
    if (isDone) {
      this.#done();
    }
  }
}
