import { join } from 'node:path';
import { root } from '../parts.js';
import { startServer, stopServer } from '../../test/servers/processes.js';
import type { RunningStore, StartStore } from './store.js';

/** Arguments of bench/models/main.js. */
export type ProxyArguments = readonly string[];

/** The store, seen through the latency proxy. The proxy's processor time counts for nobody. */
export async function startSlowly(
  start: StartStore,
  proxyArguments: ProxyArguments,
  folder: string,
): Promise<RunningStore> {
  const store = await start(folder);
  const program = join(root, 'dist/bench/models/main.js');
  const to = new URL(store.endpoint).host;
  const proxy = startServer(process.execPath, [program, '--store', to, ...proxyArguments]);
  const address = await new Promise<string>((resolve, reject) => {
    proxy.process.stdout?.once('data', (line: Buffer) => resolve(line.toString().trim()));
    proxy.process.once('exit', () => reject(new Error(`the latency proxy ended:\n${proxy.output()}`)));
  });
  return {
    ...store,
    endpoint: `http://${address}`,
    async stop() {
      await stopServer(proxy);
      await store.stop();
    },
  };
}
