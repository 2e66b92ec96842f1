import { errors } from '../protocol/errors.js';
import type { Judged } from './config-changes.js';

interface Named {
  readonly resourceType: number;
  readonly resourceName: string;
}

/** The answer to a request that changes configs: every resource is judged by itself, one that is given twice not at all. */
export async function eachResource<R extends Named>(resources: readonly R[], change: (resource: R) => Promise<Judged>) {
  const times = new Map<string, number>();
  const keyOf = ({ resourceType, resourceName }: Named): string => `${resourceType}/${resourceName}`;
  for (const resource of resources) {
    times.set(keyOf(resource), (times.get(keyOf(resource)) ?? 0) + 1);
  }
  const responses = await Promise.all(
    resources.map(async (resource) => {
      const { error, message } =
        times.get(keyOf(resource))! > 1
          ? { error: errors.INVALID_REQUEST.code, message: 'Each resource must appear at most once.' }
          : await change(resource);
      const { resourceType, resourceName } = resource;
      return { errorCode: error, errorMessage: message, resourceType, resourceName };
    }),
  );
  return { throttleTimeMs: 0, responses };
}
