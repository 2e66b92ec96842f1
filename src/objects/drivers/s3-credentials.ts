import { isIP } from 'node:net';
import type { S3Client } from '@aws-sdk/client-s3';
import type { S3BucketUrl } from '../../config/bucket-url.js';
import type { World } from '../../world/world.js';
import { inTime } from './in-time.js';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** The token of temporary credentials and the header that carries it. */
  readonly session: { readonly header: string; readonly token: string } | undefined;
}

/** Where a bucket is and who we are to it, as far as the AWS environment had to say. */
export interface S3Access {
  readonly region: string;
  /** What requests are signed for: 's3', or 's3express' for directory buckets. */
  readonly service: 's3' | 's3express';
  /** Scheme, host, port. */
  readonly origin: string;
  /** What comes before the key in a path: '' or '/bucket'. */
  readonly base: string;
  /** What a person types to make the bucket. */
  readonly createCommand: string;
  readonly credentials: () => Promise<S3Credentials>;
  /** Forgets credentials that the store called expired. */
  readonly renew: () => void;
  /** The AWS SDK's client, made at its first use: importing it costs 20 MB a thread. */
  readonly client: () => Promise<S3Client>;
  readonly close: () => Promise<void>;
}

/** Directory buckets hand out sessions of 5 minutes; a new one is asked for this long before the end. */
const sessionMarginMs = 60_000;

/**
 * Keys from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY when set, else from the AWS SDK's default chain (profiles, SSO, web
 * identity, container and instance roles). Region and endpoint from the URL, else from the environment, else the profile.
 */
export async function openAccess(
  url: S3BucketUrl,
  environment: Readonly<Record<string, string | undefined>>,
  world: Pick<World, 'clock' | 'timers'>,
  /** For one session to come. */
  sessionMsMax: number,
): Promise<S3Access> {
  // Who cannot unset a variable (in a Compose file, say) leaves it empty.
  const said = (name: string): string | undefined => environment[name] || undefined;
  const endpoint = url.endpoint ?? said('AWS_ENDPOINT_URL_S3') ?? said('AWS_ENDPOINT_URL');
  const keys = keysOf(environment);
  let region = url.region ?? said('AWS_REGION') ?? said('AWS_DEFAULT_REGION');
  if (region === undefined && endpoint !== undefined) region = 'us-east-1';
  let made: Promise<S3Client> | undefined;
  const client = (): Promise<S3Client> => {
    made ??= makeClient(url, endpoint, region, keys);
    return made;
  };
  region ??= await (await client()).config.region();
  let stale = false;
  const longLived = async (): Promise<S3Credentials> => {
    if (keys !== undefined) return keys;
    const renewed = stale;
    stale = false;
    const found = await (await client()).config.credentials({ forceRefresh: renewed });
    return toCredentials(found.accessKeyId, found.secretAccessKey, found.sessionToken);
  };
  const sessions = url.express ? new ExpressSessions(url.bucket, client, world, sessionMsMax) : undefined;
  return {
    region,
    service: url.express ? 's3express' : 's3',
    ...placeOf(url, endpoint, region),
    createCommand: createCommandOf(url, endpoint, region),
    credentials: sessions === undefined ? longLived : () => sessions.credentials(),
    renew() {
      stale = true;
      sessions?.renew();
    },
    client,
    close: async () => (await made)?.destroy(),
  };
}

function keysOf(environment: Readonly<Record<string, string | undefined>>): S3Credentials | undefined {
  const id = environment['AWS_ACCESS_KEY_ID'];
  const secret = environment['AWS_SECRET_ACCESS_KEY'];
  return id && secret ? toCredentials(id, secret, environment['AWS_SESSION_TOKEN']) : undefined;
}

function toCredentials(accessKeyId: string, secretAccessKey: string, token: string | undefined): S3Credentials {
  const session = token ? { header: 'x-amz-security-token', token } : undefined;
  return { accessKeyId, secretAccessKey, session };
}

async function makeClient(
  url: S3BucketUrl,
  endpoint: string | undefined,
  region: string | undefined,
  keys: S3Credentials | undefined,
): Promise<S3Client> {
  const { S3Client } = await import('@aws-sdk/client-s3');
  return new S3Client({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(keys === undefined
      ? {}
      : { credentials: { ...keys, ...(keys.session && { sessionToken: keys.session.token }) } }),
    forcePathStyle: isInPath(url, endpoint),
    // Only reads go this way: the pages of a listing (which no decorator can retry one by one) and sessions.
    maxAttempts: 3,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}

/** Path style, asked for or not: there are no names below an address, and no certificate covers a bucket with a dot. */
function isInPath(url: S3BucketUrl, endpoint: string | undefined): boolean {
  if (url.pathStyle) return true;
  const { protocol, hostname } = new URL(endpoint ?? 'https://amazonaws.com');
  return isIP(hostname.replace(/^\[|\]$/g, '')) !== 0 || (protocol === 'https:' && url.bucket.includes('.'));
}

function createCommandOf(url: S3BucketUrl, endpoint: string | undefined, region: string): string {
  const where = endpoint === undefined ? `--region ${region}` : `--endpoint-url ${endpoint}`;
  if (!url.express) return `aws s3 mb s3://${url.bucket} ${where}`;
  const place = `Location={Type=AvailabilityZone,Name=${zoneOf(url.bucket)}}`;
  const configuration = `${place},Bucket={DataRedundancy=SingleAvailabilityZone,Type=Directory}`;
  return `aws s3api create-bucket --bucket ${url.bucket} ${where} --create-bucket-configuration '${configuration}'`;
}

/** Virtual-host style puts the bucket into the host's name, path style into the path. */
function placeOf(url: S3BucketUrl, endpoint: string | undefined, region: string): Pick<S3Access, 'origin' | 'base'> {
  const origin = endpoint ?? `https://${url.express ? expressHost(url.bucket) : 's3'}.${region}.${domainOf(region)}`;
  if (isInPath(url, endpoint)) return { origin, base: `/${url.bucket}` };
  return { origin: origin.replace('://', `://${url.bucket}.`), base: '' };
}

/** `NAME--ZONE--x-s3` lies in a zone of the region, which has a host of its own. */
function expressHost(bucket: string): string {
  return `s3express-${zoneOf(bucket)}`;
}

/** The regions in China are a partition of AWS with a domain of its own. */
function domainOf(region: string): string {
  return region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
}

function zoneOf(directoryBucket: string): string {
  return directoryBucket.split('--').at(-2) ?? '';
}

interface Session {
  readonly credentials: S3Credentials;
  readonly untilMs: number;
}

/** The sessions of a directory bucket, which authorise without a look-up per request. */
class ExpressSessions {
  readonly #bucket: string;
  readonly #client: () => Promise<S3Client>;
  readonly #world: Pick<World, 'clock' | 'timers'>;
  readonly #msMax: number;
  #present: Session | undefined;
  #next: Promise<Session> | undefined;

  constructor(
    bucket: string,
    client: () => Promise<S3Client>,
    world: Pick<World, 'clock' | 'timers'>,
    /** For one session to come. */
    msMax: number,
  ) {
    this.#bucket = bucket;
    this.#client = client;
    this.#world = world;
    this.#msMax = msMax;
  }

  renew(): void {
    this.#present = undefined;
  }

  /** Of the present session to its end, though the next one is on its way by then. */
  async credentials(): Promise<S3Credentials> {
    const leftMs = this.#present === undefined ? 0 : this.#present.untilMs - this.#world.clock.wallMs();
    if (leftMs <= sessionMarginMs) this.#next ??= this.#begin();
    if (this.#present !== undefined && leftMs > 0) return this.#present.credentials;
    // A new one is used whatever time it has.
    return (await this.#next!).credentials;
  }

  #begin(): Promise<Session> {
    const givenUp = new AbortController();
    const asked = inTime(this.#create(givenUp.signal), this.#world.timers, this.#msMax);
    asked.then(
      (session) => {
        this.#present = session;
        this.#next = undefined;
      },
      () => {
        // Who waits for it is told; who comes later begins another.
        this.#next = undefined;
        givenUp.abort();
      },
    );
    return asked;
  }

  async #create(abortSignal: AbortSignal): Promise<Session> {
    const { CreateSessionCommand } = await import('@aws-sdk/client-s3');
    const command = new CreateSessionCommand({ Bucket: this.#bucket });
    const answer = await (await this.#client()).send(command, { abortSignal });
    const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '', Expiration } = answer.Credentials ?? {};
    const session = { header: 'x-amz-s3session-token', token: SessionToken };
    return {
      credentials: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, session },
      untilMs: Expiration?.getTime() ?? 0,
    };
  }
}
