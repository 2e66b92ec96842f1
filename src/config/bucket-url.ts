import { type Kind, Mistake } from './kinds.js';

/** Where everything is kept. */
export type BucketUrl =
  | { readonly kind: 'file' /** Relative to the working directory, or absolute. */; readonly folder: string }
  | S3BucketUrl
  | { readonly kind: 'memory' };

export interface S3BucketUrl {
  readonly kind: 's3';
  readonly bucket: string;
  /** Without slashes at its ends; '' for none. */
  readonly prefix: string;
  /** undefined: as the AWS environment says. */
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
  readonly pathStyle: boolean;
  /** A directory bucket (S3 Express One Zone): its name ends in `--x-s3`. */
  readonly express: boolean;
}

const s3Options = new Set(['region', 'endpoint', 'path-style']);

function parseS3(text: string): S3BucketUrl {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Mistake(`'${text}' is not a URL`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new Mistake('keys do not belong in the URL; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or a profile');
  }
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(url.hostname) || url.port !== '') {
    throw new Mistake(`'${url.host}' is not a bucket name`);
  }
  const prefix = url.pathname.replace(/^\/+|\/+$/g, '');
  if (!/^[A-Za-z0-9._/-]*$/.test(prefix) || prefix.includes('//')) {
    throw new Mistake(`'${prefix}' is not a prefix; use letters, digits, '.', '_', '-' and single '/'`);
  }
  for (const option of url.searchParams.keys()) {
    if (!s3Options.has(option)) throw new Mistake(`'${option}' is unknown; known are ${[...s3Options].join(', ')}`);
    if (url.searchParams.getAll(option).length > 1) throw new Mistake(`${option} is given twice`);
  }
  const endpoint = url.searchParams.get('endpoint') ?? undefined;
  if (endpoint !== undefined && !/^https?:\/\/[^/?#]+\/?$/.test(endpoint)) {
    throw new Mistake(`endpoint '${endpoint}' is not http://HOST[:PORT] or https://HOST[:PORT]`);
  }
  const pathStyle = url.searchParams.get('path-style') ?? 'false';
  if (pathStyle !== 'true' && pathStyle !== 'false')
    throw new Mistake(`path-style '${pathStyle}' is neither true nor false`);
  return {
    kind: 's3',
    bucket: url.hostname,
    prefix,
    region: url.searchParams.get('region') ?? undefined,
    endpoint: endpoint?.replace(/\/$/, ''),
    pathStyle: pathStyle === 'true',
    express: url.hostname.endsWith('--x-s3'),
  };
}

function showS3(url: S3BucketUrl): string {
  const options = [
    ...(url.region === undefined ? [] : [`region=${encodeURIComponent(url.region)}`]),
    ...(url.endpoint === undefined ? [] : [`endpoint=${encodeURIComponent(url.endpoint)}`]),
    ...(url.pathStyle ? ['path-style=true'] : []),
  ];
  return `s3://${url.bucket}${url.prefix === '' ? '' : `/${url.prefix}`}${options.length === 0 ? '' : `?${options.join('&')}`}`;
}

/** `file:FOLDER`, `s3://BUCKET[/PREFIX][?region=…&endpoint=…&path-style=true]` or `memory:` */
export const bucketUrl: Kind<BucketUrl> = {
  placeholder: 'URL',
  parse(text) {
    if (text === 'memory:') return { kind: 'memory' };
    if (text.startsWith('s3://')) return parseS3(text);
    if (text.startsWith('file:')) {
      const folder = text.slice('file:'.length).replace(/^\/\/(?=\/)/, '');
      if (folder === '' || folder.includes('\0') || folder.startsWith('//')) {
        throw new Mistake(`'${text}' names no folder; write file:./FOLDER or file:/FOLDER`);
      }
      return { kind: 'file', folder };
    }
    throw new Mistake(`'${text}' is not file:FOLDER, s3://BUCKET[/PREFIX][?OPTIONS] or memory:`);
  },
  show: (url) => (url.kind === 'file' ? `file:${url.folder}` : url.kind === 's3' ? showS3(url) : 'memory:'),
};
