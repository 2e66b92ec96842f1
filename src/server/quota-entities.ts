import type { QuotaEntity } from '../metadata/view.js';

/** Kafka's names of what a quota may bind. */
export const entityTypes = [
  { type: 'user', part: 'user' },
  { type: 'client-id', part: 'clientId' },
  { type: 'ip', part: 'ip' },
] as const satisfies readonly { readonly type: string; readonly part: keyof QuotaEntity }[];

export function isEntityType(type: string): boolean {
  return entityTypes.some((known) => known.type === type);
}
