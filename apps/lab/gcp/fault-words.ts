/** Google's own words for what a fault makes it refuse. */
import type { Entry } from '../fault/passage.ts';
import { GoogleError } from './wire/errors.ts';

type Refusal = Extract<Entry, { go: 'refuse' }>['as'];

/** Compute and Cloud DNS answer throttling with 403, the newer APIs with 429. */
const OLDER = ['compute', 'dns'];

export function refusalOf(service: string, as: Refusal): GoogleError {
  if (as === 'throttle')
    return OLDER.includes(service)
      ? new GoogleError(403, 'rateLimitExceeded', 'Rate Limit Exceeded', { domain: 'usageLimits' })
      : new GoogleError(429, 'rateLimitExceeded', 'Quota exceeded for quota metric of requests per minute.', {
          front: true,
        });
  if (as === 'error')
    return new GoogleError(
      500,
      'backendError',
      'Internal error. Please try again or contact Google Support.',
    );
  return new GoogleError(503, 'backendError', 'The service is currently unavailable.', { front: true });
}

export const isMissing = (error: unknown): boolean => error instanceof GoogleError && error.code === 404;
