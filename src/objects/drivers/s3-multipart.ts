import { type PutOptions, StoreError } from '../store.js';
import { elementOf, type S3Action } from './s3-faults.js';
import { checksumText, crc32cOf, headerOf, type S3Requests } from './s3-requests.js';

/** Parts of one upload that are under way at once. */
const partsAtOnce = 4;

/**
 * A body too long for one PUT. Nothing of it can be seen before the last request completes it, which carries the condition;
 * so whatever fails before that has certainly not been written, and the parts are thrown away, for which nobody waits.
 * Returns the version.
 */
export async function putInParts(
  requests: S3Requests,
  key: string,
  body: readonly Uint8Array[],
  partBytes: number,
  how: { readonly action: S3Action; readonly condition: Readonly<Record<string, string>> } & Pick<PutOptions, 'signal'>,
): Promise<string> {
  const { signal } = how;
  const begun = await requests.call({
    action: 'prepare',
    method: 'POST',
    key,
    query: { uploads: '' },
    headers: { 'x-amz-checksum-algorithm': 'CRC32C' },
    signal,
  });
  const uploadId = elementOf(begun, 'UploadId');
  if (uploadId === undefined) throw new StoreError('unavailable', key, `${key}: the store began no multipart upload`);
  try {
    const parts = cut(body, partBytes);
    const rows: string[] = [];
    let next = 0;
    let failed = false;
    const upload = async (): Promise<void> => {
      for (let index = next++; index < parts.length && !failed; index = next++) {
        const slices = parts[index]!;
        const checksum = checksumText(crc32cOf(slices));
        const answer = await requests.call({
          action: 'prepare',
          method: 'PUT',
          key,
          query: { partNumber: String(index + 1), uploadId },
          headers: { 'x-amz-checksum-crc32c': checksum },
          body: { slices, length: lengthOf(slices) },
          signal,
        });
        rows[index] = partRow(index + 1, headerOf(answer, 'etag'), checksum);
      }
    };
    const uploads = Array.from({ length: partsAtOnce }, () =>
      upload().catch((error: unknown) => {
        failed = true;
        throw error;
      }),
    );
    // All of them, for the body is the caller's again once this settles.
    const outcomes = await Promise.allSettled(uploads);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    return await complete(requests, key, uploadId, rows.join(''), how);
  } catch (error) {
    // Not awaited: the body is the caller's again, whose other attempt may have succeeded.
    void abort(requests, key, uploadId);
    throw error;
  }
}

async function complete(
  requests: S3Requests,
  key: string,
  uploadId: string,
  rows: string,
  { action, condition, signal }: Parameters<typeof putInParts>[4],
): Promise<string> {
  const xml = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${rows}</CompleteMultipartUpload>`;
  const slices = [new Uint8Array(Buffer.from(xml))];
  const answer = await requests.call({
    action,
    method: 'POST',
    key,
    query: { uploadId },
    headers: { ...condition, 'content-type': 'application/xml' },
    body: { slices, length: slices[0]!.length },
    signal,
  });
  // S3 sends the 200 before it is done: what counts is the body.
  const version = elementOf(answer, 'ETag');
  if (version === undefined) {
    throw new StoreError(
      'unknown',
      key,
      `${key}: completing the upload failed: ${elementOf(answer, 'Code') ?? 'no answer'}`,
    );
  }
  return version.replaceAll(/&(quot|#34);/g, '"');
}

/** Parts that stay cost storage until the bucket's own rules remove them; the failure that led here matters more. */
async function abort(requests: S3Requests, key: string, uploadId: string): Promise<void> {
  try {
    await requests.call({ action: 'delete', method: 'DELETE', key, query: { uploadId } });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
  }
}

/** The same bytes in runs of `partBytes`, the last one shorter. */
function cut(body: readonly Uint8Array[], partBytes: number): Uint8Array[][] {
  const parts: Uint8Array[][] = [];
  let part: Uint8Array[] = [];
  let room = 0;
  for (const slice of body) {
    for (let position = 0; position < slice.length; ) {
      if (room === 0) {
        part = [];
        parts.push(part);
        room = partBytes;
      }
      const piece = slice.subarray(position, position + room);
      part.push(piece);
      position += piece.length;
      room -= piece.length;
    }
  }
  return parts;
}

function partRow(number: number, etag: string, checksum: string): string {
  const tag = etag.replaceAll('"', '&quot;');
  return `<Part><PartNumber>${number}</PartNumber><ETag>${tag}</ETag><ChecksumCRC32C>${checksum}</ChecksumCRC32C></Part>`;
}

function lengthOf(slices: readonly Uint8Array[]): number {
  return slices.reduce((sum, slice) => sum + slice.length, 0);
}
