/** AWS's own words for what a fault makes it refuse. */
import type { Entry } from '../fault/passage.ts';
import { JSON_SERVICES, type Service } from './authenticate.ts';
import { AwsError } from './wire/error.ts';

type Refusal = Extract<Entry, { go: 'refuse' }>['as'];

const EC2: Record<Refusal, () => AwsError> = {
  throttle: () => new AwsError('RequestLimitExceeded', 'Request limit exceeded.', 503),
  error: () => new AwsError('InternalError', 'An internal error has occurred', 500),
  unavailable: () =>
    new AwsError('Unavailable', 'The service is unavailable. Please try again shortly.', 503),
};

const OTHERS: Record<Refusal, () => AwsError> = {
  throttle: () => new AwsError('Throttling', 'Rate exceeded', 400),
  error: () =>
    new AwsError('InternalFailure', 'The request processing has failed because of an unknown error.', 500),
  unavailable: () => new AwsError('ServiceUnavailable', 'Service Unavailable', 503),
};

export function refusalOf(service: Service, as: Refusal): AwsError {
  if (service === 'ec2') return EC2[as]();
  if (as === 'throttle' && JSON_SERVICES.includes(service))
    return new AwsError('ThrottlingException', 'Rate exceeded', 400);
  return OTHERS[as]();
}

/** Whether AWS says with it that something does not exist. */
export const isMissing = (error: unknown): boolean =>
  error instanceof AwsError && (error.code.endsWith('.NotFound') || error.code.startsWith('NoSuch'));
