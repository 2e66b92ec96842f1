import type { Batch, Request } from './requests.js';

/** What is gathered until the next seal. Nothing is copied yet: batches lie where their frames do. */
export class OpenSegment {
  readonly requests: Request[] = [];
  /** Ids of the requests whose bytes still lie in chunks. */
  readonly inPlace: number[] = [];
  readonly openedMs: number;
  /** Bytes of batches. */
  bytes = 0;

  constructor(openedMs: number) {
    this.openedMs = openedMs;
  }

  add(request: Request, inPlace: boolean): void {
    this.requests.push(request);
    if (inPlace) {
      this.inPlace.push(request.id);
    }
    for (const batch of request.batches) {
      this.bytes += batch.bytes;
    }
  }

  /** Batches of requests that have not failed meanwhile, in the order of arrival. */
  batches(): Batch[] {
    return this.requests.filter((request) => request.state === 'open').flatMap((request) => request.batches);
  }
}
