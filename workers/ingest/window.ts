import type { Batch, Request } from './requests.js';

/** What is gathered until the next seal. Nothing is copied yet: batches lie where their frames do. */
export class OpenSegment {
  readonly requests: Request[] = [];
  /** Ids of the requests whose bytes still lie in chunks. */
  readonly inPlace: number[] = [];
  readonly openedMs: number;
  /** What it keeps until the seal: frames of which anything was accepted, whole, or batches where those are larger. */
  bytes = 0;
  /** Of all its requests. */
  batchCount = 0;

  constructor(openedMs: number) {
    this.openedMs = openedMs;
  }

  /** `frameBytes` of the request's frame are kept: 0 when all its batches lie elsewhere. */
  add(request: Request, inPlace: boolean, frameBytes: number): void {
    this.requests.push(request);
    if (inPlace) {
      this.inPlace.push(request.id);
    }
    let batchBytes = 0;
    for (const batch of request.batches) {
      batchBytes += batch.bytes;
    }
    this.bytes += Math.max(batchBytes, frameBytes);
    this.batchCount += request.batches.length;
  }

  /** Batches of requests that have not failed meanwhile, in the order of arrival. */
  batches(): Batch[] {
    return this.requests.filter((request) => request.state === 'open').flatMap((request) => request.batches);
  }
}
