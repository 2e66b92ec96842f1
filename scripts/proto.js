// Compiles proto/*.proto to TypeScript beside the code that owns each format. Its output is committed.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const owners = {
  'journal.proto': 'src/metadata/journal.wire.ts',
  'snapshot.proto': 'src/metadata/snapshot.wire.ts',
  'boundary.proto': 'src/journal/boundary.wire.ts',
  'segment.proto': 'src/segments/segment.wire.ts',
};
const options = [
  'esModuleInterop=true',
  'importSuffix=.js',
  'forceLong=number',
  'useOptionals=none',
  'oneof=unions-value',
  'outputJsonMethods=false',
  'outputPartialMethods=false',
  'exportCommonSymbols=false',
  'outputServices=none',
  'useExactTypes=false',
];
const folder = mkdtempSync('.proto-');
try {
  const template = JSON.stringify({
    version: 'v2',
    plugins: [{ local: 'protoc-gen-ts_proto', out: folder, opt: options }],
  });
  execFileSync('buf', ['generate', 'proto', '--template', template], { stdio: 'inherit' });
  for (const [proto, owner] of Object.entries(owners)) {
    const code = readFileSync(join(folder, proto.replace('.proto', '.ts')), 'utf8');
    const body = withNumbers(
      code
        .split('\n')
        .filter((line) => !line.startsWith('//   protoc'))
        .join('\n'),
    );
    writeFileSync(owner, `// @ts-nocheck\n// From proto/${proto} by \`npm run proto\`. Do not edit.\n${body}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** 64-bit integers are read and written as numbers (src/bytes/wire-numbers.ts). */
function withNumbers(code) {
  return code
    .replace(
      'import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";',
      'import { NumberReader as BinaryReader, NumberWriter as BinaryWriter } from "../bytes/wire-numbers.js";',
    )
    .replaceAll(/longToNumber\(reader\.(u?int64|sint64)\(\)\)/g, 'reader.$1Number()')
    .replace(/\nfunction longToNumber\([\s\S]*?\n\}\n/, '');
}
