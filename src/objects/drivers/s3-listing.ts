import type { World } from '../../world/world.js';
import { type ListedObject, StoreError } from '../store.js';
import type { HttpAnswer } from './s3-http.js';
import { elementIn, textOf } from './s3-faults.js';
import type { S3Requests } from './s3-requests.js';

/** No decorator can try a page again: what came before it was given out. */
const pageTriesMax = 3;
const pauseMs = 100;

/**
 * Every object below `prefix`, page by page (ListObjectsV2); keys are whole, the bucket's prefix included. Not by the AWS
 * SDK, whose import takes 12 MB and a quarter of a second of every start. Rejects with StoreError.
 */
export async function* listObjects(
  requests: S3Requests,
  prefix: string,
  timers: World['timers'],
): AsyncIterable<ListedObject> {
  let token: string | undefined;
  do {
    const page = await readPage(requests, prefix, token, timers);
    for (const [, row] of page.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
      yield { key: unescaped(elementIn(row!, 'Key') ?? ''), bytes: Number(elementIn(row!, 'Size') ?? 0) };
    }
    const next = elementIn(page, 'NextContinuationToken');
    token = next === undefined ? undefined : unescaped(next);
  } while (token !== undefined);
}

async function readPage(
  requests: S3Requests,
  prefix: string,
  token: string | undefined,
  timers: World['timers'],
): Promise<string> {
  const query = { 'list-type': '2', prefix, ...(token === undefined ? {} : { 'continuation-token': token }) };
  for (let tries = 1; ; tries += 1) {
    try {
      return listingIn(await requests.call({ action: 'read', method: 'GET', key: undefined, query }), prefix);
    } catch (error) {
      const mendable = error instanceof StoreError && error.fault === 'unavailable';
      if (!mendable || tries === pageTriesMax) throw error;
      await new Promise<void>((resolve) => void timers.after(pauseMs * tries, resolve));
    }
  }
}

/** A page of something between us and the store is no empty listing. */
function listingIn(answer: HttpAnswer, prefix: string): string {
  const text = textOf(answer);
  if (/<ListBucketResult[ >]/.test(text) && text.trimEnd().endsWith('</ListBucketResult>')) return text;
  throw new StoreError('unavailable', prefix, `list ${prefix}: the answer is no listing`);
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** XML's five names, and characters by their number. */
function unescaped(text: string): string {
  return text.replaceAll(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g, (whole, decimal?: string, hex?: string, name = '') => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return hex === undefined ? (entities[name] ?? whole) : String.fromCodePoint(Number.parseInt(hex, 16));
  });
}
