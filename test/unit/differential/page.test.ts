import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { allowed, pending } from '../../differential/allowed.js';
import type { Allowed } from '../../differential/allowance.js';

const PAGE = 'docs/DIFFERENCES.md';

function page(): string {
  const rows = [...allowed, ...pending].map((entry) => `| ${nameOf(entry)} | ${entry.what} | ${entry.reason} |\n`);
  return `# Where Weft answers otherwise than Kafka

The suite \`differential\` sends the same few thousand requests (valid, odd and wrong ones, every API and version that Weft serves) to
Weft and to Apache Kafka 4.3.1 and compares the answers field by field. Not compared is what no client can rely on: ids and times
that a system gives out (but for which of them comes where), addresses, the words of messages, sizes on disk. Everything else that
differs stands here with its reason, or fails the suite; so does a row that no request meets any more.

This page is made from [\`test/differential/allowed.ts\`](../test/differential/allowed.ts): \`WEFT_TEST_REWRITE_PAGES=1\` with
\`test/unit/differential/page.test.ts\` rewrites it.

| API | What differs | Why it stays |
|---|---|---|
${rows.join('')}
Three requests are left out because Kafka never answers them: a Produce whose records are null (Weft: INVALID_RECORD), a JoinGroup
that names a protocol twice (Weft takes the first) and an AlterConfigs that names a resource twice (Weft answers each).
A Produce that waits for less than a few milliseconds is left out, too: with one
replica Kafka has nothing to wait for; Weft may answer REQUEST_TIMED_OUT.
`;
}

function nameOf({ api, versions }: Allowed): string {
  const name = api === 'every' ? 'every API' : api;
  return versions === undefined ? name : `${name} v${versions[0]}–${versions[1]}`;
}

test('the page lists the differences that stay (else run this test with WEFT_TEST_REWRITE_PAGES=1)', () => {
  if (process.env['WEFT_TEST_REWRITE_PAGES'] === '1') writeFileSync(PAGE, page());
  expect(readFileSync(PAGE, 'utf8')).toBe(page());
});
