/** The world as it is: Node's clock, timers, randomness, sockets and HTTP. Files are given (real-files.ts). */
import { randomBytes, randomFillSync } from 'node:crypto';
import { listenTcp, type SocketReads, type TuneListener } from './real-sockets.js';
import type { Clock, Files, Random, Timers, World } from './world.js';

export interface RealWorldOptions {
  readonly files: Files;
  /** 'auto' reads directly where that is tested: Linux and macOS. */
  readonly socketReads?: SocketReads | 'auto';
  /** Of sockets that listen for Kafka clients. */
  readonly tuneListener?: TuneListener | undefined;
}

export function realWorld(options: RealWorldOptions): World {
  const wanted = options.socketReads ?? 'auto';
  const direct = process.platform === 'linux' || process.platform === 'darwin';
  const reads = wanted === 'auto' ? (direct ? 'direct' : 'copied') : wanted;
  return {
    clock: realClock,
    timers: realTimers,
    random: realRandom,
    net: {
      listen: (address, accept) => listenTcp(address, reads, accept, options.tuneListener),
      listenTls: async (address, credentials, accept) =>
        (await tls()).listenTls(address, credentials, reads, accept, options.tuneListener),
      checkTls: async (credentials) => (await tls()).checkCredentials(credentials),
      serveHttp: async (address, handle) => (await http()).serveHttp(address, handle),
    },
    files: options.files,
  };
}

/** Most threads never need them. */
const tls = () => import('./real-tls.js');
const http = () => import('./real-http.js');

export const realClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};

/** The longest delay that Node's timers take; a longer one fires at once. */
const delayMsMax = 2 ** 31 - 1;

export const realTimers: Timers = {
  /** Node's own timers count whole milliseconds and may run a fraction of one early: a deadline looked at then is not due. */
  after(delayMs, run) {
    const dueMs = performance.now() + delayMs;
    let timeout: NodeJS.Timeout;
    const arm = (leftMs: number) => {
      // Cut to whole milliseconds by Node, a fraction would only bring one look more.
      timeout = setTimeout(look, Math.min(Math.ceil(leftMs), delayMsMax));
      timeout.unref();
    };
    const look = () => {
      const leftMs = dueMs - performance.now();
      if (leftMs > 0) arm(leftMs);
      else run();
    };
    arm(delayMs);
    return { cancel: () => clearTimeout(timeout) };
  },
  soon: (run) => {
    setImmediate(run);
  },
};

/** Drawn many at once: a call for a few bytes takes 20 µs. None is given out twice. */
const drawn = new Uint8Array(4096);
let drawnLeft = 0;

function draw(count: number): Uint8Array {
  if (count > drawn.length) return new Uint8Array(randomBytes(count));
  if (count > drawnLeft) {
    randomFillSync(drawn);
    drawnLeft = drawn.length;
  }
  const bytes = drawn.slice(drawnLeft - count, drawnLeft);
  drawn.fill(0, drawnLeft - count, drawnLeft);
  drawnLeft -= count;
  return bytes;
}

export const realRandom: Random = {
  bytes: draw,
  uint32: () => new Uint32Array(draw(4).buffer)[0]!,
};
