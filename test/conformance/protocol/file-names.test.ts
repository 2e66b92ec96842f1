import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { apiList } from '../../../src/protocol/apis.js';

test('every definition file is called by its key and in the registry', () => {
  const kebab = (name: string) => name.replaceAll(/(?<!^)([A-Z])/g, '-$1').toLowerCase();
  const expected = apiList.map(({ key, name }) => `${String(key).padStart(2, '0')}-${kebab(name)}.ts`);
  const files = readdirSync('src/protocol/schema').sort();
  expect(files).toEqual(expected);
});
