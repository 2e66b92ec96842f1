#!/usr/bin/env node
// The program `weft`. Everything is behind a dynamic import, so that an old Node loads nothing that it cannot run.
import { boundHeaps, handOverToNewerNode } from './world/real-runtime.js';

if (!handOverToNewerNode()) {
  if (process.argv[2] === 'agent') boundHeaps();
  const { runCommand } = await import('./command-line.js');
  process.exitCode = await runCommand(process.argv.slice(2));
}
