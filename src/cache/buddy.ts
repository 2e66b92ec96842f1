/**
 * A buddy allocator over positions 0 … arenaBytes: pieces of power-of-two sizes, split and joined again. It knows nothing
 * of the memory itself. Rounding wastes less than half of a piece; joining keeps large pieces possible.
 */
export class BuddyAllocator {
  readonly #orderMax: number;
  readonly #pieceBytesMin: number;
  /** Free positions by order; order k pieces are `pieceBytesMin << k` long. */
  readonly #free: Set<number>[] = [];
  readonly #orderOf = new Map<number, number>();

  /** `arenaBytes` is `pieceBytesMin` times a power of two. */
  constructor(arenaBytes: number, pieceBytesMin: number) {
    const orderMax = Math.log2(arenaBytes / pieceBytesMin);
    if (!Number.isInteger(orderMax) || orderMax < 0) throw new RangeError('arena must be a power of two of pieces');
    this.#orderMax = orderMax;
    this.#pieceBytesMin = pieceBytesMin;
    for (let order = 0; order <= orderMax; order += 1) this.#free.push(new Set());
    this.#free[orderMax]!.add(0);
  }

  /** Position of a free piece of at least `bytes`, or undefined when none is left. */
  allocate(bytes: number): number | undefined {
    const wanted = this.#orderFor(bytes);
    let order = wanted;
    while (order <= this.#orderMax && this.#free[order]!.size === 0) order += 1;
    if (order > this.#orderMax) return undefined;
    const position: number = this.#free[order]!.values().next().value!;
    this.#free[order]!.delete(position);
    while (order > wanted) {
      order -= 1;
      this.#free[order]!.add(position + this.#bytesOf(order));
    }
    this.#orderOf.set(position, wanted);
    return position;
  }

  release(position: number): void {
    let order = this.#orderOf.get(position);
    if (order === undefined) throw new Error(`position ${position} is not allocated`);
    this.#orderOf.delete(position);
    let joined = position;
    while (order < this.#orderMax) {
      const size = this.#bytesOf(order);
      const buddy = Math.floor(joined / size) % 2 === 0 ? joined + size : joined - size;
      if (!this.#free[order]!.delete(buddy)) break;
      joined = Math.min(joined, buddy);
      order += 1;
    }
    this.#free[order]!.add(joined);
  }

  /** Bytes that an allocation of `bytes` really takes. */
  rounded(bytes: number): number {
    return this.#bytesOf(this.#orderFor(bytes));
  }

  #orderFor(bytes: number): number {
    let order = 0;
    while (this.#bytesOf(order) < bytes) order += 1;
    return order;
  }

  #bytesOf(order: number): number {
    return this.#pieceBytesMin * 2 ** order;
  }
}
