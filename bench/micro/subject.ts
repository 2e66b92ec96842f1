/** One thing that is measured again and again: a row of the table. */
export interface Task {
  readonly name: string;
  run(): void;
  /** Bytes that a run handles (MB are 1e6 of them); undefined where only the time tells. */
  readonly bytes?: number;
  /** Uncompressed bytes of records in them, where that differs. */
  readonly heldBytes?: number;
  /** What is told of: a run of so many things says what one of them takes. */
  readonly count?: number;
}

/** Tasks that belong together; `npm run bench:micro -- --only NAME`. */
export interface Subject {
  readonly name: string;
  tasks(): readonly Task[];
}
