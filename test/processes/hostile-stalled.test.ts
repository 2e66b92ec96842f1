import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { type AgentProcess, scratchFolder, startAgent } from './agent.js';
import { Neighbour } from './neighbour.js';
import { WireClient } from './wire.js';

const MiB = 2 ** 20;
const CONNECTIONS = 1_000;
const DECLARED_BYTES = 99 * MiB;
const SENT_BYTES = 64 * 1024;
const COST_BYTES_MAX = 96 * MiB;

function residentBytes(agent: AgentProcess): number {
  const status = readFileSync(`/proc/${agent.process.pid!}/status`, 'latin1');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

/** A Produce request's beginning: all that ever comes of it. */
function beginning(): Buffer {
  const start = Buffer.alloc(SENT_BYTES);
  start.writeInt32BE(DECLARED_BYTES);
  start.writeInt16BE(apis.produce.key, 4);
  start.writeInt16BE(9, 6);
  return start;
}

test.each([
  { memory: '512MiB', what: 'refused, since a request may have 32 MiB', admitted: false },
  { memory: '2GiB', what: 'admitted, one after the other', admitted: true },
])(
  '1,000 connections that declare 99 MiB, send 64 KiB and stall, beside --memory $memory: $what, at little cost',
  {
    timeout: 120_000,
  },
  async ({ memory, admitted }) => {
    const folder = scratchFolder('stalled');
    const agent = await startAgent(['--bucket', `file:${folder.path}`, '--memory', memory, '--workers', '1']);
    const neighbour = await Neighbour.start(agent, 'neighbour');
    await neighbour.served(20);
    const before = process.platform === 'linux' ? residentBytes(agent) : 0;
    const bytes = beginning();
    const clients = await Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        const client = await WireClient.connect(agent.kafka);
        client.socket.write(bytes);
        return client;
      }),
    );
    await neighbour.served(100);
    if (admitted) {
      // Of those, the first has the memory that all wait for: it is closed when it does not fill it.
      await Promise.race(clients.map(({ closed }) => closed));
      expect(clients.filter(({ isClosed }) => isClosed).length).toBeLessThan(CONNECTIONS / 10);
    } else {
      await Promise.all(clients.map(({ closed }) => closed));
    }
    await neighbour.served(20);
    if (process.platform === 'linux') expect(residentBytes(agent) - before).toBeLessThan(COST_BYTES_MAX);
    for (const client of clients) client.reset();
    await Promise.all(clients.map(({ closed }) => closed));
    await neighbour.served();
    expect(await neighbour.stop()).toEqual([]);
    expect(await agent.stop()).toBe(0);
    folder.remove();
  },
);
