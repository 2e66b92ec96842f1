import { StoreError, type StoreFault } from '../store.js';
import { type HttpAnswer, Unanswered } from './s3-http.js';

/** What was asked, as far as a failure's meaning hangs on it. */
export type S3Action =
  | 'read'
  /** Changes nothing that anyone sees: a part of a multipart upload. */
  | 'prepare'
  | 'write'
  /** With If-Match. */
  | 'replace'
  | 'delete';

/** Answers that say: not done, because the server has too much to do. */
const throttled = new Set([
  'SlowDown',
  'ServiceUnavailable',
  'Throttling',
  'ThrottlingException',
  'TooManyRequests',
  'RequestLimitExceeded',
  'XMinioServerNotInitialized',
]);

/** Not done, by the server's word, and the same request may succeed at another time. */
const passing = new Set([
  'BadDigest',
  'XAmzContentChecksumMismatch',
  'InvalidDigest',
  'IncompleteBody',
  'RequestTimeout',
  'ExpiredToken',
  'TokenRefreshRequired',
]);

const full = new Set(['QuotaExceeded', 'XMinioStorageFull', 'InsufficientCapacity', 'StorageFull']);

/** The error code of an S3 answer, '' when it has none (a proxy's page). */
export function errorCodeOf(answer: HttpAnswer): string {
  return /<Code>([A-Za-z0-9.]{1,100})<\/Code>/.exec(textOf(answer))?.[1] ?? '';
}

/** Who was asked, and for what. */
export interface Asked {
  /** The store's name. */
  readonly store: string;
  /** What a person types to make its bucket. */
  readonly createCommand: string;
  readonly key: string;
  readonly action: S3Action;
}

/** An answer that is not a success, told as a store's fault. */
export function refusal(asked: Asked, answer: HttpAnswer): StoreError {
  const code = errorCodeOf(answer);
  const fault = faultOf(asked.action, answer.status, code);
  return new StoreError(fault, asked.key, sentenceOf(asked, answer, code));
}

function faultOf(action: S3Action, status: number, code: string): StoreFault {
  if (code === 'NoSuchBucket') return 'denied';
  if (full.has(code) || status === 507) return 'full';
  if (passing.has(code)) return 'unavailable';
  if (status === 412) return 'precondition-failed';
  if (status === 404) return faultOfAbsence(action, code);
  if (status === 416) return 'not-found';
  // Another conditional write of the same key was under way: ConditionalRequestConflict, OperationAborted.
  if (status === 409) return 'unavailable';
  if (status === 429) return 'unavailable';
  if (status === 408) return 'unavailable';
  if (status === 503 && throttled.has(code)) return 'unavailable';
  if (status === 501) return 'denied';
  if (status >= 500) return action === 'read' || action === 'prepare' ? 'unavailable' : 'unknown';
  return 'denied';
}

/**
 * Only the store's own code says that an object is not there: a proxy that has lost its way answers 404, too, and who
 * believed that would take a full journal slot for an absent one.
 */
function faultOfAbsence(action: S3Action, code: string): StoreFault {
  if (action === 'prepare') return 'unavailable';
  if (action === 'read') return code === 'NoSuchKey' ? 'not-found' : 'unavailable';
  // If-Match on an object that is not there.
  if (action === 'replace' && code === 'NoSuchKey') return 'precondition-failed';
  // An upload that is gone, among others: an earlier try may have completed it.
  return 'unknown';
}

/** Whether the answer to a delete says that there was nothing to delete. */
export function isGone(answer: HttpAnswer): boolean {
  return answer.status === 404 && ['NoSuchKey', 'NoSuchUpload'].includes(errorCodeOf(answer));
}

/** A request without a whole answer. */
export function silence(store: string, key: string, action: S3Action, error: unknown): Error {
  if (!(error instanceof Unanswered)) return error as Error;
  const maybeDone = error.sent && action !== 'read' && action !== 'prepare';
  return new StoreError(maybeDone ? 'unknown' : 'unavailable', key, `${store}: ${key}: ${error.message}`, {
    cause: error.cause,
  });
}

function sentenceOf({ store, createCommand, key }: Asked, answer: HttpAnswer, code: string): string {
  const { status } = answer;
  const region = answer.headers['x-amz-bucket-region'];
  if (code === 'NoSuchBucket')
    return `${store}: there is no such bucket; create it (${createCommand}), or correct --bucket`;
  if (code === 'RequestTimeTooSkewed')
    return `${store}: this machine's clock is too far from the store's; set it right`;
  if (code === 'InvalidAccessKeyId' || code === 'SignatureDoesNotMatch') {
    return `${store}: the access key was refused (${code}); check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`;
  }
  if (status >= 300 && status < 400) {
    return `${store}: the bucket is in another region${region === undefined ? '' : `, ${String(region)}`}; set ?region= in --bucket`;
  }
  const message = /<Message>([^<]{1,300})<\/Message>/.exec(textOf(answer))?.[1];
  return [`${store}: ${key}: HTTP ${status}`, code, message].filter(Boolean).join(' ');
}

/** The text of an answer's first element of that name. */
export function elementOf(answer: HttpAnswer, name: string): string | undefined {
  return elementIn(textOf(answer), name);
}

export function elementIn(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml)?.[1];
}

export function textOf({ bytes }: HttpAnswer): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
