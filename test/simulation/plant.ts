import type { Journal } from '../../src/journal/journal.js';
import type { Store } from '../../src/objects/store.js';
import type { Port, WorkerName } from '../../src/threads/threads.js';
import type { World } from '../../src/world/world.js';
import type { Scenario } from './scenario.js';

/**
 * A deliberate fault, put in from the test's side at a seam of the product, which itself knows nothing of it. Every part
 * is optional: the empty plant is the product as it is.
 */
export interface Plant {
  /** Between a thread and its bucket. */
  store?(store: Store, thread: 'main' | WorkerName): Store;
  /** Between the leader and its journal. */
  journal?(journal: Journal): Journal;
  /** Between a worker half and the main thread. */
  port?(thread: WorkerName, port: Port, world: World): Port;
  /** Changes the product's own objects; returns how to change them back. */
  patch?(): () => void;
  /** fsyncs that do nothing. */
  readonly ignoredSync?: 'file' | 'folder';
}

export const nothingPlanted: Plant = {};

export interface PlantedBug {
  readonly name: string;
  /** What it breaks, as docs/SIMULATION.md says it. */
  readonly what: string;
  /** The only mode in which it can show, where that is so: seeds of other modes are run in it. */
  readonly mode?: Scenario['mode'];
  /** A fresh one for each run: some remember what they have seen. */
  make(): Plant;
}

/** Puts another method in a method's place; returns how to put it back. */
export function replace<T extends object, K extends keyof T>(on: T, name: K, make: (former: T[K]) => T[K]): () => void {
  const former = on[name];
  on[name] = make(former);
  return () => {
    on[name] = former;
  };
}
