import type { RunningAgent } from './agent.js';
import { type KafkaListener, showHostPort } from './config/addresses.js';
import type { Settings } from './config/settings.js';

/** What a started agent tells the person who started it, and a line to try it with. */
export function greeting(
  { kafka, http, bucket }: Pick<RunningAgent, 'kafka' | 'http'> & { readonly bucket: string },
  settings: Pick<Settings, 'tlsCa'> & { readonly kafka: readonly KafkaListener[] },
): string {
  const isTls = (name: string): boolean => settings.kafka.some((listener) => listener.name === name && listener.tls);
  const listeners = kafka.map(({ name, host, port }) => {
    return `Kafka  ${kafka.length > 1 ? `${name}=` : ''}${showHostPort({ host, port })}`;
  });
  const plain = kafka.find(({ name }) => !isTls(name));
  const broker = plain ?? kafka[0];
  const options = plain === undefined ? tlsOptions(settings.tlsCa !== undefined) : '';
  const tool = `-b ${broker === undefined ? '' : showHostPort(broker)}${options} -t greetings`;
  return `${listeners.join('\n')}
HTTP   ${showHostPort(http)}   a page for people, /metrics, /healthz, /readyz
Data   ${bucket}
Ready. Try: echo hello | kcat -P ${tool}; kcat -C -e ${tool}
`;
}

/** Of kcat, with names for files that only the person knows: the agent's certificate may come from anywhere. */
function tlsOptions(needsCertificate: boolean): string {
  const own = needsCertificate ? ' -X ssl.certificate.location=CERTIFICATE.pem -X ssl.key.location=KEY.pem' : '';
  return ` -X security.protocol=ssl -X ssl.ca.location=CA.pem${own}`;
}
