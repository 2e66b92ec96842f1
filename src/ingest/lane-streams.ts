/** An ordered stream of commands in the journal: of one lane at a time. */
export interface LaneStream {
  /** 1…: 0 is the agent's control stream. */
  readonly id: number;
  /** The number of the last command that was sent on it; 0 before the first. */
  lastNumber: number;
}

/**
 * The streams of the lanes. An agent epoch has a limited number of them, and the outcome of a stream's last command is kept
 * until the next one confirms it: so a lane that ends leaves its stream to one that starts, which goes on with its numbers.
 */
export class LaneStreams {
  #lastId = 0;
  readonly #left: LaneStream[] = [];

  take(): LaneStream {
    const left = this.#left.pop();
    if (left !== undefined) return left;
    this.#lastId += 1;
    return { id: this.#lastId, lastNumber: 0 };
  }

  /** By a lane that sends nothing more, once every command that it sent has an outcome. */
  leave(stream: LaneStream): void {
    this.#left.push(stream);
  }
}
