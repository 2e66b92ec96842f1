/** The latency proxy, a process of its own: `node dist/bench/models/main.js --help`. */
import { parseArgs } from 'node:util';
import { type RequestClass, slowness } from './model.js';
import { models } from './models.js';
import { latencyProxy } from './proxy.js';

const usage = `node dist/bench/models/main.js --store HOST:PORT [options]: makes an S3 server as slow as a model
  --listen HOST:PORT   (127.0.0.1:0); the address is printed
  --model NAME         ${Object.keys(models).join(' or ')} (standard)
  --seed N             of the latencies (1)
  --slow               2 s in every 60 all requests take three times as long
  --mb-per-second N    bandwidth of each request, 1e6 bytes
  --errors N           requests of a thousand that are answered with 503
When it is told to end, it prints what requests took beside what the model says: more, where store or machine are slower.
`;

const { values } = parseArgs({
  options: {
    store: { type: 'string' },
    listen: { type: 'string', default: '127.0.0.1:0' },
    model: { type: 'string', default: 'standard' },
    seed: { type: 'string', default: '1' },
    slow: { type: 'boolean', default: false },
    'mb-per-second': { type: 'string' },
    errors: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const model = models[values.model];
if (values.help || values.store === undefined || model === undefined) {
  process.stdout.write(usage);
  process.exit(values.help ? 0 : 2);
}
const { 'mb-per-second': megabytes, errors } = values;
const served = new Map<RequestClass, { modelMs: number; tookMs: number }[]>();
const server = latencyProxy({
  model,
  seed: Number(values.seed),
  store: values.store,
  ...(values.slow && { slowness }),
  ...(megabytes !== undefined && { bytesPerSecond: Number(megabytes) * 1e6 }),
  ...(errors !== undefined && { errorsPerMille: Number(errors) }),
  onServed(of, modelMs, tookMs) {
    const requests = served.get(of) ?? [];
    requests.push({ modelMs, tookMs });
    served.set(of, requests);
  },
});
process.once('SIGTERM', () => {
  for (const [of, requests] of served) {
    const [model, took] = (['modelMs', 'tookMs'] as const).map((key) => {
      const sorted = Float64Array.from(requests, (request) => request[key]).sort();
      const at = (share: number): string => sorted[Math.floor(share * sorted.length)]!.toFixed(1);
      return `${at(0.5)}/${at(0.99)}`;
    });
    process.stdout.write(`${of}: ${requests.length} requests, p50/p99 ms: ${model} by the model, ${took} taken\n`);
  }
  process.exit();
});
const [host, port] = values.listen.split(':');
server.listen(Number(port), host, () => {
  const address = server.address();
  const listening = typeof address === 'object' && address !== null ? address.port : 0;
  process.stdout.write(`${host}:${listening}\n`);
});
