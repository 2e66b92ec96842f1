/** Bodies longer than this go to S3 as multipart uploads. */
export const singleBytesMax = 16 * 1024 * 1024;
/** The length of their parts; S3 asks for 5 MiB at least. */
export const partBytes = 8 * 1024 * 1024;
