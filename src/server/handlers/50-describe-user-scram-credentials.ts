/**
 * DescribeUserScramCredentials, v0: nobody has any, since nobody is authenticated. Whoever is asked for by name is
 * RESOURCE_NOT_FOUND (91), and DUPLICATE_RESOURCE (92) when named twice. It is here because kafka-configs asks for credentials
 * whenever it describes the quotas of a user, and fails without an answer.
 */
import { apis } from '../../protocol/apis.js';
import { errors } from '../../protocol/errors.js';
import { handler } from '../handler.js';

export const describeUserScramCredentials = () =>
  handler(apis.describeUserScramCredentials, ({ users }) => {
    const times = new Map<string, number>();
    for (const { name } of users ?? []) times.set(name, (times.get(name) ?? 0) + 1);
    const results = Array.from(times, ([user, count]) => ({
      user,
      errorCode: (count > 1 ? errors.DUPLICATE_RESOURCE : errors.RESOURCE_NOT_FOUND).code,
      errorMessage:
        count > 1 ? 'A user is named twice in one request.' : 'This user has no credentials: nobody is authenticated.',
      credentialInfos: [],
    }));
    return { throttleTimeMs: 0, errorCode: errors.NONE.code, errorMessage: null, results };
  });
