/** An agent of default settings, on a folder and on S3 as fast as it comes. */
import type { StartStore } from '../systems/store.js';
import type { System } from '../systems/system.js';
import { startVersitygw } from '../systems/versitygw.js';
import { type WeftOptions, weftOnDisk, weftOnS3 } from '../systems/weft.js';

export const DEFAULTS: WeftOptions = { nodeFlags: [], flags: [] };

export function plainStore(versitygw: string): StartStore {
  return (base) => startVersitygw(versitygw, base, 'http');
}

export function plainSystems(versitygw: string, folder: string): System[] {
  return [
    weftOnDisk({ name: 'weft-disk', setup: '' }, folder, DEFAULTS),
    weftOnS3({ name: 'weft-s3', setup: '' }, plainStore(versitygw), folder, DEFAULTS),
  ];
}
