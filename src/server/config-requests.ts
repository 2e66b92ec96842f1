import { errors } from '../protocol/errors.js';
import type { Judged } from './config-changes.js';
import { BROKER, isBrokerId } from './config-resources.js';
import type { Call, Services } from './handler.js';
import { turnsOf } from './turns.js';

interface Named {
  readonly resourceType: number;
  readonly resourceName: string;
}

/** A broker's id may be written in thousands of ways, and changes of one resource at once undo one another's work. */
function keyOf({ resourceType, resourceName }: Named): string {
  const isId = resourceType === BROKER && isBrokerId(resourceName);
  return `${resourceType}/${isId ? Number(resourceName) : resourceName}`;
}

/** The answer to a request that changes configs: every resource is judged by itself, one that is given twice not at all. */
export async function eachResource<R extends Named>(
  { world }: Services,
  call: Call,
  resources: readonly R[],
  change: (resource: R) => Promise<Judged>,
) {
  const inTurn = turnsOf(world.timers, call);
  const times = new Map<string, number>();
  for (const resource of resources) {
    times.set(keyOf(resource), (times.get(keyOf(resource)) ?? 0) + 1);
  }
  const responses = await Promise.all(
    resources.map(async (resource) => {
      const { error, message } =
        times.get(keyOf(resource))! > 1
          ? { error: errors.INVALID_REQUEST.code, message: 'Each resource must appear at most once.' }
          : await inTurn(() => change(resource));
      const { resourceType, resourceName } = resource;
      return { errorCode: error, errorMessage: message, resourceType, resourceName };
    }),
  );
  return { throttleTimeMs: 0, responses };
}
