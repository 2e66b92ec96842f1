import { expect, test } from 'vitest';
import { kafkaListener } from '../../../src/config/addresses.js';
import { listenerText } from '../../../src/config/broker-settings.js';

test.each([
  ['127.0.0.1:9092', 'PLAINTEXT://127.0.0.1:9092'],
  ['inside=tcp://agent.test:9093', 'inside://agent.test:9093'],
  ['[::1]:9092', 'PLAINTEXT://[::1]:9092'],
])('the listener %s is described as %s', (given, shown) => {
  expect(listenerText(kafkaListener.parse(given))).toBe(shown);
});
