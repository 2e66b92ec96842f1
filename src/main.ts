#!/usr/bin/env node
/** The command line: `weft agent`, `weft settings-page`, `weft --version`. Runs under Node 20 just far enough to find Node 24. */
import { handOverToNewerNode } from './world/real-runtime.js';

if (!handOverToNewerNode()) {
  const { commandLine } = await import('./command-line.js');
  await commandLine(process.argv.slice(2));
}
