import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { platform } from 'node:process';
import { expect, test } from 'vitest';
import { processesOfThisBoot, realProcesses } from '../../src/world/process-identity.js';

test('this process lives', () => {
  const processes = realProcesses();
  expect(processes.isProvablyDead(processes.self)).toBe(false);
});

test('a process that has ended is dead; one on another host may live', async () => {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  const processes = realProcesses();
  const gone = { ...processes.self, processId: child.pid! };
  expect(processes.isProvablyDead(gone)).toBe(true);
  expect(processes.isProvablyDead({ ...gone, host: 'elsewhere' })).toBe(false);
});

// Elsewhere neither the boot id nor a process's start can be read without a native part.
test.skipIf(platform !== 'linux')(
  'a number that another process got, and every process before a restart of the machine, is dead',
  () => {
    const processes = realProcesses();
    const { self } = processes;
    expect(self.bootId).not.toBe('');
    expect(self.processStart).toBeGreaterThan(0);
    expect(processes.isProvablyDead({ ...self, processStart: self.processStart + 1 })).toBe(true);
    expect(processes.isProvablyDead({ ...self, bootId: 'another' })).toBe(true);
    expect(processes.isProvablyDead({ ...self, bootId: '' })).toBe(false);
  },
);

// Elsewhere neither the boot id nor a process's start can be read: nothing is known there.
test.skipIf(platform !== 'linux')(
  'where machines share a bucket, only of a process of this boot can it be known',
  async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    const processes = processesOfThisBoot();
    const gone = { ...processes.self, processId: child.pid! };
    expect(processes.isProvablyDead(processes.self)).toBe(false);
    expect(processes.isProvablyDead(gone)).toBe(true);
    expect(processes.isProvablyDead({ ...gone, host: 'elsewhere' })).toBe(false);
    expect(processes.isProvablyDead({ ...gone, bootId: 'another' })).toBe(false);
    expect(processes.isProvablyDead({ ...gone, bootId: '' })).toBe(false);
  },
);
