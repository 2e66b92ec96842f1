import { expect, test } from 'vitest';
import { kafkaListener } from '../../src/config/addresses.js';
import { greeting } from '../../src/greeting.js';

function greet(listeners: readonly string[], tlsCa?: string): string {
  const kafka = listeners.map(kafkaListener.parse);
  return greeting({ kafka, http: { host: '::1', port: 8080 }, bucket: 'file:/data' }, { kafka, tlsCa });
}

test('one plaintext listener', () => {
  expect(greet(['127.0.0.1:9092'])).toBe(`Kafka  127.0.0.1:9092
HTTP   [::1]:8080   a page for people, /metrics, /healthz, /readyz
Data   file:/data
Ready. Try: echo hello | kcat -P -b 127.0.0.1:9092 -t greetings; kcat -C -e -b 127.0.0.1:9092 -t greetings
`);
});

test('the line to try is for the first plaintext listener, wherever it stands', () => {
  const text = greet(['safe=tls://127.0.0.1:9093', 'first=tcp://127.0.0.1:9094', 'second=tcp://127.0.0.1:9095']);
  expect(text).toContain('Kafka  safe=127.0.0.1:9093\nKafka  first=127.0.0.1:9094\n');
  expect(text).toContain('kcat -P -b 127.0.0.1:9094 -t greetings; kcat -C -e -b 127.0.0.1:9094 -t greetings\n');
});

test('where all are TLS it names the options that kcat needs', () => {
  const tls = '-X security.protocol=ssl -X ssl.ca.location=CA.pem';
  expect(greet(['safe=tls://127.0.0.1:9093'])).toContain(`kcat -C -e -b 127.0.0.1:9093 ${tls} -t greetings\n`);
  expect(greet(['safe=tls://127.0.0.1:9093'], '/ca.pem')).toContain(
    `kcat -P -b 127.0.0.1:9093 ${tls} -X ssl.certificate.location=CERTIFICATE.pem -X ssl.key.location=KEY.pem -t`,
  );
});
