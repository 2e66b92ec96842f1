/**
 * Bodies longer than this go to S3 as multipart uploads. Each part is billed as a PUT, so what is to save requests goes in one
 * (docs/decisions/006-segments-go-in-one-put.md); how much, the time that a request may take on a slow link decides.
 */
export const singleBytesMax = 64 * 1024 * 1024;
/** The length of their parts; S3 asks for 5 MiB at least. */
export const partBytes = 8 * 1024 * 1024;
