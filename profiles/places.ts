import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CallFrame } from './cpu-profile.js';

/** Says where functions are in the sources, by the source maps beside what ran: `src/fetch/reader.ts:12`. */
export function sourcePlaces(root: string): (frame: CallFrame) => string {
  const maps = new Map<string, SourceMap | undefined>();
  const mapOf = (file: string): SourceMap | undefined => {
    if (!maps.has(file)) {
      const path = `${file}.map`;
      maps.set(file, existsSync(path) ? new SourceMap(JSON.parse(readFileSync(path, 'utf8'))) : undefined);
    }
    return maps.get(file);
  };
  return ({ url, lineNumber, columnNumber }) => {
    if (!url.startsWith('file:')) return `${url}:${lineNumber + 1}`;
    const file = fileURLToPath(url);
    const entry = file.includes('node_modules') ? undefined : mapOf(file)?.findEntry(lineNumber, columnNumber);
    const place = relative(root, file).replace(/^dist\//, '');
    if (entry === undefined || !('originalLine' in entry) || typeof entry.originalLine !== 'number')
      return `${place}:${lineNumber + 1}`;
    return `${place.replace(/\.js$/, '.ts')}:${entry.originalLine + 1}`;
  };
}
