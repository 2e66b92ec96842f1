import { expect, test } from 'vitest';
import { canonicalIp } from '../../../src/bytes/ip-address.js';

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['010.0.0.001', '10.0.0.1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['::FFFF:a00:1', '10.0.0.1'],
  ['::1', '0:0:0:0:0:0:0:1'],
  ['::', '0:0:0:0:0:0:0:0'],
  ['2001:DB8::a:0', '2001:db8:0:0:0:0:a:0'],
  ['2001:db8:0:0:0:0:a:0', '2001:db8:0:0:0:0:a:0'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['64:ff9b::1.2.3.4', '64:ff9b:0:0:0:0:102:304'],
  ['fe80::1%eth0', 'fe80:0:0:0:0:0:0:1'],
])('%s is %s', (text, canonical) => {
  expect(canonicalIp(text)).toBe(canonical);
  expect(canonicalIp(canonical)).toBe(canonical);
});

test.each([
  '',
  'localhost',
  '10.0.0',
  '10.0.0.256',
  '10.0.0.1.2',
  '10.0.0.-1',
  '10.0.0.1 ',
  ':',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '12345::',
  'g::',
  '::1.2.3',
  '::1.2.3.4:5',
])('%j is no address', (text) => {
  expect(canonicalIp(text)).toBeUndefined();
});
