/** Of a claim to bytes of a budget. */
export interface Ordered {
  /** Place in the order of service; of equal ones the first that came is first. */
  readonly tag: number;
  /** Place in the order of arrival. */
  readonly arrival: number;
}

/** The one that is served first. */
export function firstOf<T extends Ordered>(one: T | undefined, other: T | undefined): T | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return isBefore(other, one) ? other : one;
}

function isBefore(one: Ordered, other: Ordered): boolean {
  return one.tag < other.tag || (one.tag === other.tag && one.arrival < other.arrival);
}

/**
 * Claims in the order of service. A sorted array, since there is one for each waiting connection at the most: to move ten
 * thousand references takes less than what follows from a grant. Mostly none waits, and nothing is moved.
 */
export class ClaimQueue<T extends Ordered> {
  readonly #claims: T[] = [];

  get size(): number {
    return this.#claims.length;
  }

  get first(): T | undefined {
    return this.#claims[0];
  }

  push(claim: T): void {
    const place = this.#placeOf(claim);
    if (place === this.#claims.length) this.#claims.push(claim);
    else this.#claims.splice(place, 0, claim);
  }

  remove(claim: T): void {
    const place = this.#placeOf(claim);
    if (this.#claims[place] !== claim) return;
    if (place === this.#claims.length - 1) this.#claims.pop();
    else this.#claims.splice(place, 1);
  }

  /** How many claims are served before it. */
  #placeOf(claim: Ordered): number {
    let low = 0;
    let high = this.#claims.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.#claims[middle]!, claim)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
