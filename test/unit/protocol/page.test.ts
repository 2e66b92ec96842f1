import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { apiList } from '../../../src/protocol/apis.js';

const PAGE = 'docs/PROTOCOL.md';
const SECTION = /(?<=<!-- served: begin [^\n]*-->\n)[\s\S]*?(?=<!-- served: end -->)/;

function servedTable(): string {
  const rows = apiList.map(
    ({ key, name, min, max, advertisedMin, flexibleFrom }) =>
      `| ${key} | ${name} | ${min}–${max} | ${advertisedMin}–${max} | ${flexibleFrom ?? 'never'} |\n`,
  );
  return `| Key | API | Versions served | Advertised | Flexible from |\n|---|---|---|---|---|\n${rows.join('')}`;
}

test('the page lists what is served (else run this test with WEFT_TEST_REWRITE_PAGES=1)', () => {
  const page = readFileSync(PAGE, 'utf8');
  if (process.env['WEFT_TEST_REWRITE_PAGES'] === '1') {
    writeFileSync(PAGE, page.replace(SECTION, servedTable()));
  }
  expect(SECTION.exec(readFileSync(PAGE, 'utf8'))?.[0]).toBe(servedTable());
});

test('what the page says is not served is not served', () => {
  const [, notServed = ''] = readFileSync(PAGE, 'utf8').split('## Not served, why');
  const keys = [...notServed.matchAll(/^\| ([\d–, ]+) \|/gm)].flatMap(([, cell = '']) =>
    cell.split(', ').flatMap((range) => {
      const [first = Number.NaN, last = first] = range.split('–').map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    }),
  );
  const all = [...keys, ...apiList.map(({ key }) => key)].sort((left, right) => left - right);
  // Every key of Kafka 4.3 is on the page once, served or not.
  expect(all).toEqual(Array.from({ length: 93 }, (_, key) => key));
});
