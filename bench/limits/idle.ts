import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { API_VERSIONS } from '../../test/servers/processes.js';
import { memoryOf } from '../measure.js';
import type { RunningSystem, System } from '../systems/system.js';
import { plainSystems } from './plain-systems.js';

const CONNECTIONS = 5_000;
/** Made at once. */
const TOGETHER = 100;
const IDLE_BYTES_MAX = 160e6;
const CONNECTIONS_BYTES_MAX = 100e6;
const CALM_MS = 5_000;

/**
 * What an agent of default settings holds in memory that nobody uses, and what connections add that have sent one request.
 * Returns whether both bounds hold, on a folder and on S3.
 */
export async function idle(versitygw: string, folder: string, say: (line: string) => void): Promise<boolean> {
  let held = true;
  for (const system of plainSystems(versitygw, folder)) held = (await look(system, say)) && held;
  return held;
}

async function look(system: System, say: (line: string) => void): Promise<boolean> {
  const running = await system.start();
  const sockets: Socket[] = [];
  try {
    await sleep(CALM_MS);
    const { residentBytes: idleBytes } = memoryOf(running.pid);
    while (sockets.length < CONNECTIONS) {
      sockets.push(...(await Promise.all(Array.from({ length: TOGETHER }, () => asked(running)))));
    }
    await sleep(CALM_MS);
    const lost = sockets.filter(({ readyState }) => readyState !== 'open').length;
    if (lost > 0) throw new Error(`${system.name} closed ${lost} connections`);
    const addedBytes = memoryOf(running.pid).residentBytes - idleBytes;
    say(
      `${system.name}: ${MB(idleBytes)} MB resident idle (at most ${MB(IDLE_BYTES_MAX)}), ${CONNECTIONS} connections add ${MB(addedBytes)} (at most ${MB(CONNECTIONS_BYTES_MAX)})`,
    );
    return idleBytes <= IDLE_BYTES_MAX && addedBytes <= CONNECTIONS_BYTES_MAX;
  } finally {
    for (const socket of sockets) socket.destroy();
    await running.stop();
  }
}

/** A connection whose first request has been answered. */
function asked({ kafka }: RunningSystem): Promise<Socket> {
  const [host, port] = kafka.split(':');
  return new Promise((resolve, reject) => {
    const socket = connect({ host: host!, port: Number(port) }, () => socket.write(API_VERSIONS));
    socket.once('data', () => resolve(socket));
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('a connection was closed before it was answered')));
  });
}

function MB(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
