import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { classOf, fails, type LatencyModel, latencyMs, type RequestClass, type Slowness, slownessAt } from './model.js';

export interface ProxyOptions {
  readonly model: LatencyModel;
  readonly seed: number;
  /** HOST:PORT of the store. */
  readonly store: string;
  readonly slowness?: Slowness;
  /** Bytes per second of each request, in either direction. */
  readonly bytesPerSecond?: number;
  /** Requests of a thousand that are answered with 503. */
  readonly errorsPerMille?: number;
  /** Instead of the real one. */
  readonly clock?: ProxyClock;
  /** Told of each request that was answered: what the model says it takes, and what it took from its last byte to its answer. */
  readonly onServed?: (of: RequestClass, modelMs: number, tookMs: number) => void;
}

export interface ProxyClock {
  nowMs(): number;
  sleep(ms: number): Promise<unknown>;
}

const realClock: ProxyClock = { nowMs: () => performance.now(), sleep: (ms) => sleep(ms) };

/**
 * Of an upload. It takes effect half its latency after its last byte came: a request has a way there and a way back. Sooner
 * where the store, by what it took lately, would answer too late otherwise.
 */
const BEFORE_EFFECT = 0.5;

/** Of lateness, how much the pieces that follow may make up for. */
const MADE_UP_MS_MAX = 200;

/** The weight of the latest answer in what the store usually takes. */
const LATEST = 0.1;

const SLOW_DOWN =
  '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>';

/**
 * An HTTP server in front of an S3 server, which makes it as slow as a model. What passes is not touched, the Host header,
 * which is signed, included. The latency of a request counts from the last byte of its body; what the store itself takes is
 * part of it, unless it takes longer.
 */
export function latencyProxy(options: ProxyOptions): Server {
  const { model, seed, slowness, errorsPerMille = 0, clock = realClock } = options;
  const agent = new Agent({ keepAlive: true });
  const counts: Record<RequestClass, number> = { put: 0, smallPut: 0, get: 0 };
  const storeMs: Record<RequestClass, number> = { put: 0, smallPut: 0, get: 0 };
  const startedMs = clock.nowMs();
  let requests = 0;

  const serve = (asked: IncomingMessage, answer: ServerResponse): void => {
    const of = classOf(asked.method!, Number(asked.headers['content-length'] ?? 0));
    const factor = slowness === undefined ? 1 : slownessAt(slowness, clock.nowMs() - startedMs);
    const latency = factor * latencyMs(model, of, seed, counts[of]++);
    const failing = fails(errorsPerMille, seed, requests++);
    const served = failing
      ? refuse(clock, asked, answer, latency)
      : pass(options, clock, agent, asked, answer, { of, latency, storeMs });
    served.catch((error: unknown) => answer.destroy(error instanceof Error ? error : undefined));
  };
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, serve);
  // The store is asked whether a body may come as it is: it says yes by answering.
  server.on('checkContinue', (asked: IncomingMessage, answer: ServerResponse) => {
    answer.writeContinue();
    serve(asked, answer);
  });
  server.on('close', () => agent.destroy());
  return server;
}

async function refuse(
  clock: ProxyClock,
  asked: IncomingMessage,
  answer: ServerResponse,
  latency: number,
): Promise<void> {
  asked.resume();
  await finished(asked);
  await clock.sleep(latency);
  answer.writeHead(503, { 'content-type': 'application/xml', 'content-length': SLOW_DOWN.length });
  answer.end(SLOW_DOWN);
}

interface Times {
  readonly of: RequestClass;
  /** Of this request. */
  readonly latency: number;
  /** What the store itself usually takes. */
  readonly storeMs: Record<RequestClass, number>;
}

async function pass(
  { store, bytesPerSecond, onServed }: ProxyOptions,
  clock: ProxyClock,
  agent: Agent,
  asked: IncomingMessage,
  answer: ServerResponse,
  { of, latency, storeMs }: Times,
): Promise<void> {
  const [host, port] = store.split(':');
  const { method, url } = asked;
  const pace = pacer(clock, bytesPerSecond);
  const headers = withoutHop(asked.rawHeaders);
  const passed = request({ host, port, agent, method, path: url, headers, setHost: false });
  // Whoever asked may go away, as hedges do; then so does what was asked for.
  answer.once('close', () => passed.destroy());
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    passed.once('response', resolve);
    passed.on('error', reject);
  });
  // A store that refuses, or fails, before it has read the whole body reads no more: the rest goes nowhere.
  let taking = true;
  const cease = (): void => {
    taking = false;
  };
  const ceased = answered.then(cease, cease);
  let last: Buffer | undefined;
  for await (const piece of asked as AsyncIterable<Buffer>) {
    await pace(piece);
    if (taking && last !== undefined) await Promise.race([write(passed, last), ceased]);
    last = piece;
  }
  const endedMs = clock.nowMs();
  const untilMs = (ms: number): Promise<unknown> => clock.sleep(Math.max(0, endedMs + ms - clock.nowMs()));
  await untilMs(Math.min(latency * BEFORE_EFFECT, latency - storeMs[of]));
  if (answer.destroyed) return;
  const sentMs = clock.nowMs();
  const whole = taking;
  if (whole) passed.end(last);
  const found = await answered;
  // What was refused before its end took no time from there.
  if (whole) storeMs[of] += LATEST * (clock.nowMs() - sentMs - storeMs[of]);
  await untilMs(latency);
  onServed?.(of, latency, clock.nowMs() - endedMs);
  answer.writeHead(found.statusCode!, found.statusMessage!, withoutHop(found.rawHeaders));
  for await (const piece of found as AsyncIterable<Buffer>) {
    await pace(piece);
    await write(answer, piece);
  }
  answer.end();
}

/**
 * Holds pieces back so that no more than `bytesPerSecond` pass. A pause that lasts longer than it was to, as all do on a busy
 * machine, is made up for by the next ones: or the store would be the slower, the more the agent before it has to do.
 */
function pacer(clock: ProxyClock, bytesPerSecond: number | undefined): (piece: Buffer) => Promise<void> {
  let dueMs: number | undefined;
  return async ({ length }) => {
    if (bytesPerSecond === undefined) return;
    const nowMs = clock.nowMs();
    dueMs = Math.max(dueMs ?? nowMs, nowMs - MADE_UP_MS_MAX) + (1000 * length) / bytesPerSecond;
    if (dueMs > nowMs) await clock.sleep(dueMs - nowMs);
  };
}

/** Resolves when more may be written, or nothing more can be. */
async function write(to: Writable, piece: Buffer): Promise<void> {
  if (to.destroyed || to.write(piece)) return;
  await new Promise<void>((resolve) => {
    const on = (): void => {
      to.off('drain', on).off('close', on);
      resolve();
    };
    to.on('drain', on).on('close', on);
  });
}

/** Headers that are about one connection. `Expect` has been answered here. */
const hopHeaders = new Set(['connection', 'keep-alive', 'expect']);

function withoutHop(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    if (!hopHeaders.has(raw[i]!.toLowerCase())) kept.push(raw[i]!, raw[i + 1]!);
  }
  return kept;
}
